/* What is too large, too many or too slow. */
#include "tests/unit/http/server.h"

#define HOST "Host: a\r\n"
#define GET  "GET /echo HTTP/1.1\r\n" HOST "\r\n"

static struct tp_buf filled(const char *before, size_t filler, const char *after) {
    struct tp_buf buf = TP_BUF_INIT;
    tp_buf_adds(&buf, before);
    for (size_t i = 0; i < filler; i++)
        tp_buf_addc(&buf, 'a');
    tp_buf_adds(&buf, after);
    return buf;
}

static void must_be_refused(struct tp_buf request, int status) {
    int fd = dial();
    send_bytes(fd, request.at, request.len);
    must_reply(fd, status, NULL);
    must_be_closed(fd);
    tp_buf_free(&request);
}

static void must_be_taken(struct tp_buf request, int status) {
    int fd = dial();
    send_bytes(fd, request.at, request.len);
    must_reply(fd, status, NULL);
    send_text(fd, GET);
    must_reply(fd, 200, "");
    tp_buf_free(&request);
    close(fd);
}

static void test_heads_are_bounded(void **state) {
    (void)state;
    size_t rest = strlen("GET /echo HTTP/1.1\r\n" HOST "X: \r\n\r\n");
    must_be_taken(filled("GET /echo HTTP/1.1\r\n" HOST "X: ", 4096 - rest, "\r\n\r\n"), 200);
    must_be_refused(filled("GET /echo HTTP/1.1\r\n" HOST "X: ", 4096 - rest + 1, "\r\n\r\n"), 431);
    must_be_refused(filled("GET /", 5000, " HTTP/1.1\r\n" HOST "\r\n"), 431);
    must_be_refused(filled("", 5000, ""), 431);
}

static void test_fields_are_counted(void **state) {
    (void)state;
    struct tp_buf request = TP_BUF_INIT;
    tp_buf_adds(&request, "GET /echo HTTP/1.1\r\n" HOST);
    for (int i = 0; i < 100; i++)
        tp_buf_addf(&request, "X%d: y\r\n", i);
    tp_buf_adds(&request, "\r\n");
    must_be_refused(request, 431);
}

static void test_bodies_are_bounded(void **state) {
    (void)state;
    must_be_taken(filled("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 65536\r\n\r\n", 65536, ""), 200);
    must_be_refused(filled("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n", 0, ""), 413);
    must_be_refused(filled("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1844674407370955160\r\n\r\n", 9, ""), 413);
    must_be_taken(
        filled("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n10000\r\n", 65536, "\r\n0\r\n\r\n"),
        200);
    must_be_refused(filled("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n10001\r\n", 65537, ""),
                    413);
    assert_int_equal(server.handled, 4);
}

/* A client that sends all of a large body before it reads still gets to read why it was refused. */
static void test_the_refusal_of_a_large_body_can_be_read(void **state) {
    (void)state;
    must_be_refused(filled("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4000000\r\n\r\n", 4000000, ""), 413);
}

/* As many bytes of a body of 65,000 as are given. */
static int begun(const char *path, size_t len) {
    int fd = dial();
    char head[128];
    snprintf(head, sizeof head, "POST %s HTTP/1.1\r\n" HOST "Content-Length: 65000\r\n\r\n", path);
    struct tp_buf request = filled(head, len, "");
    send_bytes(fd, request.at, request.len);
    tp_buf_free(&request);
    return fd;
}

static void must_be_echoed(void) {
    int fd = begun("/echo", 65000);
    must_reply(fd, 200, NULL);
    close(fd);
}

static void test_large_bodies_are_bounded_together(void **state) {
    (void)state;
    server.settings.http.max_bodies = 65536;
    server_start();
    int first = begun("/later", 65000);
    sem_wait(&server.arrived); /* until then either of the two could be the one too many */
    int second = begun("/echo", 64000);
    struct reply reply = read_reply(second);
    assert_int_equal(reply.status, 503);
    assert_non_null(header_of(&reply, "Retry-After"));
    free(reply.body);
    must_be_closed(second);
    must_answer("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nsmall", 200, "small");
    server_answer();
    must_reply(first, 200, NULL);
    must_be_echoed();
    must_be_echoed(); /* nothing is still held by those before */
    close(first);
}

/* Sends a byte now and then until the server has had enough. */
static void drip(int fd, const char *text) {
    send_text(fd, text);
    for (char byte;;) {
        if (send(fd, "a", 1, MSG_NOSIGNAL) != 1)
            break;
        if (recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0 || errno != EAGAIN)
            break;
        usleep(2000);
    }
}

static void must_be_cut(const char *text, int status) {
    int64_t timeouts = tp_metrics_get(TP_M_HTTP_TIMEOUTS);
    int fd = dial();
    drip(fd, text);
    must_reply(fd, status, NULL);
    must_be_closed(fd);
    assert_int_equal(tp_metrics_get(TP_M_HTTP_TIMEOUTS), timeouts + 1);
}

static void test_a_drip_is_cut_at_its_deadline(void **state) {
    (void)state;
    server.settings.http.header_timeout = server.settings.http.body_timeout = 50;
    server.settings.http.max_header = 1000000;
    server.settings.http.max_body = 10000000;
    server_start();
    must_be_cut("G", 408);
    must_be_cut("GET /echo HTTP/1.1\r\nX: ", 408);
    must_be_cut("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9999999\r\n\r\n", 408);
    must_be_cut("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfffff\r\n", 408);
    assert_int_equal(server.handled, 0);
}

static void test_an_idle_connection_is_closed_without_a_word(void **state) {
    (void)state;
    server.settings.http.idle_timeout = 50;
    server_start();
    must_be_closed(dial());
    int fd = dial();
    send_text(fd, GET);
    must_reply(fd, 200, "");
    send_text(fd, "\r\n"); /* begins nothing */
    must_be_closed(fd);
}

static void test_a_reply_may_take_longer_than_any_deadline_of_reading(void **state) {
    (void)state;
    server.settings.http.idle_timeout = server.settings.http.header_timeout = server.settings.http.body_timeout = 20;
    server_start();
    int fd = dial(), other = dial();
    send_text(fd, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    sem_wait(&server.arrived);
    must_be_closed(other); /* the other's deadline has passed, and so has the first one's */
    server_answer();
    must_reply(fd, 200, "at last");
    close(fd);
}

static void test_a_peer_that_does_not_read_is_cut(void **state) {
    (void)state;
    server.settings.http.write_timeout = 50;
    server_start();
    int64_t timeouts = tp_metrics_get(TP_M_HTTP_TIMEOUTS);
    int fd = dial();
    send_text(fd, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    while (tp_metrics_get(TP_M_HTTP_TIMEOUTS) == timeouts)
        usleep(1000);
    size_t got = 0;
    static char some[65536];
    for (ssize_t n; (n = recv(fd, some, sizeof some, 0)) > 0;)
        got += (size_t)n;
    assert_true(got < BIG);
    close(fd);
}

#define TEST(name)    cmocka_unit_test_setup_teardown(name, server_setup, server_teardown)
#define RUNNING(name) cmocka_unit_test_setup_teardown(name, server_setup_running, server_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        RUNNING(test_heads_are_bounded),
        RUNNING(test_fields_are_counted),
        RUNNING(test_bodies_are_bounded),
        RUNNING(test_the_refusal_of_a_large_body_can_be_read),
        TEST(test_large_bodies_are_bounded_together),
        TEST(test_a_drip_is_cut_at_its_deadline),
        TEST(test_an_idle_connection_is_closed_without_a_word),
        TEST(test_a_reply_may_take_longer_than_any_deadline_of_reading),
        TEST(test_a_peer_that_does_not_read_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
