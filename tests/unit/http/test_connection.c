/* One connection through its life: kept, pipelined, chunked, asked to continue, left by its peer, drained. */
#include "tests/unit/http/server.h"

#include <poll.h>
#include <pthread.h>

#define HOST      "Host: a\r\n"
#define GET       "GET /echo HTTP/1.1\r\n" HOST "\r\n"
#define POST(len) "POST /echo HTTP/1.1\r\n" HOST "Content-Length: " #len "\r\n\r\n"
#define CHUNKED   "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static void test_a_connection_is_kept(void **state) {
    (void)state;
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        send_text(fd, POST(5) "hello");
        struct reply reply = read_reply(fd);
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply.body, "hello");
        assert_string_equal(header_of(&reply, "Content-Type"), "text/plain");
        assert_non_null(header_of(&reply, "Date"));
        assert_null(header_of(&reply, "Connection"));
        free(reply.body);
    }
    assert_int_equal(tp_metrics_get(TP_M_HTTP_CONNECTIONS), 1);
    send_text(fd, "GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    struct reply reply = read_reply(fd);
    assert_string_equal(header_of(&reply, "Connection"), "close");
    free(reply.body);
    must_be_closed(fd);
}

static void test_http_1_0_is_closed_unless_it_asks(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    struct reply reply = read_reply(fd);
    assert_string_equal(header_of(&reply, "Connection"), "keep-alive");
    free(reply.body);
    send_text(fd, "GET /echo HTTP/1.0\r\n\r\n");
    must_reply(fd, 200, "");
    must_be_closed(fd);
}

static void test_pipelined_requests_are_answered_in_order(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, POST(3) "one\r\n" CHUNKED "3\r\ntwo\r\n0\r\n\r\n" POST(5) "three" GET);
    must_reply(fd, 200, "one");
    must_reply(fd, 200, "two");
    must_reply(fd, 200, "three");
    must_reply(fd, 200, "");
    close(fd);
}

static void test_a_pipelined_request_waits_for_the_reply_before(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, "GET /later HTTP/1.1\r\n" HOST "\r\n" POST(4) "next");
    sem_wait(&server.arrived);
    assert_int_equal(server.handled, 0);
    server_answer();
    must_reply(fd, 200, "at last");
    must_reply(fd, 200, "next");
    close(fd);
}

static void test_a_thousand_pipelined_requests(void **state) {
    (void)state;
    int fd = dial();
    struct tp_buf all = TP_BUF_INIT;
    for (int i = 0; i < 1000; i++)
        tp_buf_adds(&all, POST(3) "abc");
    send_bytes(fd, all.at, all.len);
    for (int i = 0; i < 1000; i++)
        must_reply(fd, 200, "abc");
    tp_buf_free(&all);
    close(fd);
}

static void test_a_body_in_chunks_and_in_drops(void **state) {
    (void)state;
    static const char text[] = CHUNKED "4;x=y\r\nWiki\r\n6\r\npedia \r\nA\r\nin\r\n\r\nchun\r\n0\r\nX: y\r\n\r\n" GET;
    int fd = dial();
    for (size_t i = 0; i < sizeof text - 1; i++)
        send_bytes(fd, text + i, 1);
    must_reply(fd, 200, "Wikipedia in\r\n\r\nchun");
    must_reply(fd, 200, "");
    close(fd);
}

static void test_expect_100_continue(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n");
    must_reply(fd, 100, NULL);
    send_text(fd, "hello");
    must_reply(fd, 200, "hello");
    send_text(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
    must_reply(fd, 200, "hello"); /* did not wait to be asked */
    send_text(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 9999999\r\n\r\n");
    must_reply(fd, 413, NULL); /* and not asked to send it */
    must_be_closed(fd);
}

static void test_another_expectation_fails(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: 200-ok\r\nContent-Length: 5\r\n\r\n");
    must_reply(fd, 417, NULL);
    must_be_closed(fd);
    must_answer("POST /echo HTTP/1.0\r\nExpect: 200-ok\r\nContent-Length: 2\r\n\r\nok", 200, "ok");
}

static void test_head_has_no_body(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, "HEAD /who HTTP/1.1\r\n" HOST "\r\n"
                  "HEAD /nowhere HTTP/1.1\r\n" HOST "\r\n" GET);
    struct reply reply = read_reply_to(fd, true);
    assert_int_equal(reply.status, 200);
    assert_string_equal(header_of(&reply, "Content-Length"), "11"); /* "127.0.0.1 -" */
    free(reply.body);
    reply = read_reply_to(fd, true);
    assert_int_equal(reply.status, 404);
    free(reply.body);
    must_reply(fd, 200, "");
    close(fd);
}

static void test_a_peer_that_has_finished_sending_gets_its_replies(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, "GET /later HTTP/1.1\r\n" HOST "\r\n" GET);
    shutdown(fd, SHUT_WR);
    sem_wait(&server.arrived);
    server_answer();
    must_reply(fd, 200, "at last");
    must_reply(fd, 200, "");
    must_be_closed(fd);
}

static void reset(int fd) {
    struct linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
}

static void wait_for_connections(int64_t n) {
    while (tp_metrics_get(TP_M_HTTP_CONNECTIONS) != n)
        poll(NULL, 0, 1);
}

static void test_a_peer_that_left_is_noticed_and_the_reply_goes_nowhere(void **state) {
    (void)state;
    int64_t before = tp_metrics_get(TP_M_HTTP_CONNECTIONS);
    int fd = dial();
    send_text(fd, "GET /later HTTP/1.1\r\n" HOST "\r\n" POST(5) "he");
    sem_wait(&server.arrived);
    reset(fd);
    wait_for_connections(before); /* while the reply is still owed */
    assert_true(tp_http_method(server.waiting) == TP_HTTP_GET);
    server_answer();
    must_answer(GET, 200, "");
}

static void test_a_body_cut_short_is_never_handled(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, POST(5) "hell");
    shutdown(fd, SHUT_WR);
    must_be_closed(fd);
    assert_int_equal(server.handled, 0);
}

static void test_a_large_reply_comes_whole(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, "GET /big HTTP/1.1\r\n" HOST "\r\n" GET);
    struct reply reply = read_reply(fd);
    assert_int_equal(reply.len, BIG);
    free(reply.body);
    must_reply(fd, 200, "");
    close(fd);
}

static void test_replies_of_the_table_of_errors(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, "GET /full HTTP/1.1\r\n" HOST "\r\n");
    struct reply reply = read_reply(fd);
    assert_int_equal(reply.status, 503);
    assert_non_null(header_of(&reply, "Retry-After"));
    assert_string_equal(reply.body,
                        "{\"error\":{\"code\":\"no_room\",\"message\":\"say \\\"when\\\"\",\"path\":\"some.path\"}}");
    free(reply.body);
    send_text(fd, "OPTIONS /nothing HTTP/1.1\r\n" HOST "\r\n");
    reply = read_reply(fd);
    assert_int_equal(reply.status, 204);
    assert_string_equal(header_of(&reply, "X-More"), "yes");
    assert_null(header_of(&reply, "Content-Length"));
    free(reply.body);
    close(fd);
}

static void test_counters(void **state) {
    (void)state;
    int64_t requests = tp_metrics_get(TP_M_HTTP_REQUESTS), ok = tp_metrics_get(TP_M_HTTP_2XX);
    int64_t bad = tp_metrics_get(TP_M_HTTP_4XX), total = tp_metrics_get(TP_M_HTTP_CONNECTIONS_TOTAL);
    must_answer(GET, 200, "");
    must_answer("GET /nowhere HTTP/1.1\r\n" HOST "\r\n", 404, NULL);
    assert_int_equal(tp_metrics_get(TP_M_HTTP_REQUESTS), requests + 1);
    assert_int_equal(tp_metrics_get(TP_M_HTTP_2XX), ok + 1);
    assert_int_equal(tp_metrics_get(TP_M_HTTP_4XX), bad + 1);
    assert_int_equal(tp_metrics_get(TP_M_HTTP_CONNECTIONS_TOTAL), total + 2);
}

static void test_draining_takes_nothing_new(void **state) {
    (void)state;
    int owed = dial(), open = dial();
    send_text(open, GET);
    must_reply(open, 200, "");
    send_text(owed, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    sem_wait(&server.arrived);
    tp_http_drain(server.http);
    assert_true(tp_http_draining(server.http));
    server_answer(); /* by the way that the news of the drain took, to this one's thread */
    struct reply reply = read_reply(owed);
    assert_string_equal(reply.body, "at last");
    assert_string_equal(header_of(&reply, "Connection"), "close");
    free(reply.body);
    must_be_closed(owed);
    for (int status = 200; status == 200;) { /* until the other thread has heard of it too */
        send_text(open, GET);
        reply = read_reply(open);
        status = reply.status;
        free(reply.body);
    }
    assert_int_equal(reply.status, 503);
    must_be_closed(open);
}

static void *stop_server(void *arg) {
    tp_http_stop(server.http, *(unsigned *)arg);
    return NULL;
}

static void test_stop_waits_for_what_was_begun(void **state) {
    (void)state;
    int fd = dial();
    unsigned patience = 60000;
    pthread_t stopper;
    send_text(fd, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    sem_wait(&server.arrived);
    pthread_create(&stopper, NULL, stop_server, &patience);
    while (!tp_http_draining(server.http))
        poll(NULL, 0, 1);
    server_answer();
    pthread_join(stopper, NULL);
    must_reply(fd, 200, "at last");
    must_be_closed(fd);
}

static void test_stop_gives_up_and_a_late_reply_goes_nowhere(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    sem_wait(&server.arrived);
    tp_http_stop(server.http, 10);
    server_answer(); /* delivered by tp_http_free */
    must_be_closed(fd);
}

static void test_free_without_any_reply(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    sem_wait(&server.arrived);
    tp_http_free(server.http);
    server.http = NULL;
    must_be_closed(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_setup_running, server_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_connection_is_kept),
        TEST(test_http_1_0_is_closed_unless_it_asks),
        TEST(test_pipelined_requests_are_answered_in_order),
        TEST(test_a_pipelined_request_waits_for_the_reply_before),
        TEST(test_a_thousand_pipelined_requests),
        TEST(test_a_body_in_chunks_and_in_drops),
        TEST(test_expect_100_continue),
        TEST(test_another_expectation_fails),
        TEST(test_head_has_no_body),
        TEST(test_a_peer_that_has_finished_sending_gets_its_replies),
        TEST(test_a_peer_that_left_is_noticed_and_the_reply_goes_nowhere),
        TEST(test_a_body_cut_short_is_never_handled),
        TEST(test_a_large_reply_comes_whole),
        TEST(test_replies_of_the_table_of_errors),
        TEST(test_counters),
        TEST(test_draining_takes_nothing_new),
        TEST(test_stop_waits_for_what_was_begun),
        TEST(test_stop_gives_up_and_a_late_reply_goes_nowhere),
        TEST(test_free_without_any_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
