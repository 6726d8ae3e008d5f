/* What happens when all connections are taken, or all that one peer may have. */
#include "tests/unit/http/server.h"

#include <pthread.h>

#define HOST    "Host: a\r\n"
#define GET     "GET /echo HTTP/1.1\r\n" HOST "\r\n"
#define LATER   "GET /later HTTP/1.1\r\n" HOST "\r\n"
#define FROM(x) "GET /who HTTP/1.1\r\n" HOST "X-Forwarded-For: " x "\r\n\r\n"

static unsigned threads;

/* One thread, which takes things up in the order in which they come. A grace of 0 is over at once. */
static void start(unsigned most, unsigned most_of_peer, unsigned grace) {
    server.settings.http.max_connections = most;
    server.settings.http.max_connections_per_peer = most_of_peer;
    server.settings.http.grace = grace;
    server.settings.http.threads = threads;
    server_start();
}

static int64_t before[TP_METRIC_COUNT];

static int64_t more_of(enum tp_metric metric) { return tp_metrics_get(metric) - before[metric]; }

/* A connection that was served once, and is kept. */
static int kept(void) {
    int fd = dial();
    send_text(fd, GET);
    must_reply(fd, 200, "");
    return fd;
}

static void must_be_turned_away(int fd) {
    struct reply reply = read_reply(fd);
    assert_int_equal(reply.status, 503);
    assert_in_range(strtol(header_of(&reply, "Retry-After"), NULL, 10), 1, 60);
    assert_string_equal(header_of(&reply, "Connection"), "close");
    free(reply.body);
    must_be_closed(fd);
}

static void must_be_kept(int fd) {
    send_text(fd, GET);
    must_reply(fd, 200, "");
    close(fd);
}

/* --- for another one --- */

static void test_the_longest_idle_goes(void **state) {
    (void)state;
    start(3, 0, 20000);
    int first = kept(), second = kept(), third = kept();
    send_text(first, GET); /* and is now the last that was idle */
    must_reply(first, 200, "");
    int newcomer = kept();
    must_be_closed(second);
    assert_int_equal(more_of(TP_M_HTTP_SHED_IDLE), 1);
    must_be_kept(first);
    must_be_kept(third);
    must_be_kept(newcomer);
}

static void test_one_that_never_asked_has_its_grace(void **state) {
    (void)state;
    start(1, 0, 20000);
    int silent = dial();
    must_be_turned_away(dial());
    must_be_kept(silent);
}

static void test_and_goes_after_it(void **state) {
    (void)state;
    start(1, 0, 0);
    int silent = dial();
    int newcomer = kept();
    must_be_closed(silent);
    must_be_kept(newcomer);
}

static void must_shed_a_slow_sender(const char *beginning) {
    int slow = kept();
    send_text(slow, beginning);
    int newcomer = kept();
    must_be_turned_away(slow);
    must_be_kept(newcomer);
}

static void test_a_slow_sender_goes_and_is_told(void **state) {
    (void)state;
    start(1, 0, 0);
    must_shed_a_slow_sender("GET /echo HTT");
    must_shed_a_slow_sender("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nabc");
    assert_int_equal(more_of(TP_M_HTTP_SHED_SENDING), 2);
}

static void test_a_sender_within_its_grace_stays(void **state) {
    (void)state;
    start(1, 0, 20000);
    int sender = dial();
    send_text(sender, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nab");
    must_be_turned_away(dial());
    send_text(sender, "cde");
    must_reply(sender, 200, "abcde");
    must_be_kept(sender);
}

static void test_one_that_does_not_read_goes(void **state) {
    (void)state;
    start(1, 0, 0);
    int deaf = dial();
    char first;
    send_text(deaf, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    recv(deaf, &first, 1, MSG_PEEK); /* the reply is on its way */
    int newcomer = kept();
    assert_int_equal(more_of(TP_M_HTTP_SHED_READING), 1);
    must_be_kept(newcomer);
    close(deaf);
}

/* Nothing makes room of one whose request is being handled, however long that takes. */
static void test_one_that_is_owed_its_reply_stays(void **state) {
    (void)state;
    start(1, 0, 0);
    int owed = dial();
    send_text(owed, LATER);
    sem_wait(&server.arrived);
    must_be_turned_away(dial());
    assert_int_equal(more_of(TP_M_HTTP_REFUSED_FULL), 1);
    server_answer();
    must_reply(owed, 200, "at last");
    must_be_kept(owed);
}

static void test_one_that_was_told_to_go_has_given_up_its_place(void **state) {
    (void)state;
    char byte;
    start(1, 0, 20000);
    int lingering = dial();
    send_text(lingering, "GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    must_reply(lingering, 200, "");
    assert_int_equal(recv(lingering, &byte, 1, 0), 0);
    must_be_kept(kept());
    close(lingering);
}

/* Nor do those who never had one, however many they are. */
static void test_those_who_linger_are_not_counted(void **state) {
    (void)state;
    enum { MANY = 400 };
    static int lingering[MANY];
    start(1, 0, 20000);
    int only = dial();
    for (int i = 0; i < MANY; i++) {
        lingering[i] = dial();
        must_reply(lingering[i], 503, NULL);
    }
    must_be_kept(only);
    must_be_kept(kept());
    assert_in_range(more_of(TP_M_HTTP_CONNECTIONS), 1, 260);
    for (int i = 0; i < MANY; i++)
        close(lingering[i]);
}

/* Those who come wait for the thread, and so does one who is here. He has his turn before they are all let in. */
static void test_a_rush_does_not_hold_up_who_is_here(void **state) {
    (void)state;
    enum { RUSH = 300 };
    static int rush[RUSH];
    start(1000, 0, 20000);
    int here = kept(), blocking = dial();
    send_text(blocking, "GET /block HTTP/1.1\r\n" HOST "\r\n");
    sem_wait(&server.arrived);
    for (int i = 0; i < RUSH; i++)
        rush[i] = dial();
    send_text(here, "GET /count HTTP/1.1\r\n" HOST "\r\n");
    sem_post(&server.go_on);
    struct reply reply = read_reply(here);
    assert_in_range(strtol(reply.body, NULL, 10), 2, RUSH / 2);
    free(reply.body);
    for (int i = 0; i < RUSH; i++)
        must_be_kept(rush[i]);
    close(here);
    close(blocking);
}

/* What a thread takes, another may have to let go: with several threads, and more who come than there is room for. */
static void *come_and_ask(void *arg) {
    _Atomic int *served = arg;
    for (int i = 0; i < 100; i++) {
        int fd = dial();
        if (send(fd, GET, sizeof GET - 1, MSG_NOSIGNAL) > 0) {
            char reply[13] = "";
            if (recv(fd, reply, 12, MSG_WAITALL) == 12 && strcmp(reply, "HTTP/1.1 200") == 0)
                ++*served;
        }
        if (i % 2)
            close(fd); /* the other half stays, idle */
    }
    return NULL;
}

static void test_a_crowd_over_several_threads(void **state) {
    (void)state;
    threads = 4;
    start(8, 6, 20);
    pthread_t callers[4];
    _Atomic int served = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&callers[i], NULL, come_and_ask, &served);
    for (int i = 0; i < 4; i++)
        pthread_join(callers[i], NULL);
    assert_true(served > 0);
    tp_http_free(server.http);
    server.http = NULL;
    assert_int_equal(more_of(TP_M_HTTP_CONNECTIONS), 0);
}

/* --- of one peer --- */

static void test_a_peer_has_so_many(void **state) {
    (void)state;
    start(10, 2, 20000);
    int first = kept(), second = kept();
    must_be_turned_away(dial());
    assert_int_equal(more_of(TP_M_HTTP_REFUSED_PEER), 1);
    assert_int_equal(more_of(TP_M_HTTP_SHED_IDLE), 0);
    send_text(first, "GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    must_reply(first, 200, "");
    must_be_closed(first);
    must_be_kept(kept());
    must_be_kept(second);
}

static void test_a_proxy_has_as_many_as_it_likes(void **state) {
    (void)state;
    server.settings.http.trusted_proxies = (char *)"127.0.0.0/8";
    start(10, 1, 20000);
    int first = kept(), second = kept();
    must_be_kept(first);
    must_be_kept(second);
}

static int forwarded_for(const char *request, const char *reply) {
    int fd = dial();
    send_text(fd, request);
    must_reply(fd, 200, reply);
    return fd;
}

static void test_its_connections_count_for_whom_they_last_carried(void **state) {
    (void)state;
    server.settings.http.trusted_proxies = (char *)"127.0.0.0/8";
    start(10, 1, 20000);
    int fd = forwarded_for(FROM("192.0.2.1"), "192.0.2.1 -");
    int other = forwarded_for(FROM("192.0.2.2"), "192.0.2.2 -");
    int third = dial();
    send_text(third, FROM("192.0.2.1"));
    must_be_turned_away(third);
    assert_int_equal(more_of(TP_M_HTTP_REFUSED_PEER), 1);
    send_text(fd, FROM("192.0.2.3"));
    must_reply(fd, 200, "192.0.2.3 -");
    must_be_kept(forwarded_for(FROM("192.0.2.1"), "192.0.2.1 -"));
    close(fd);
    close(other);
}

static void test_ipv6_peers_are_their_network(void **state) {
    (void)state;
    server.settings.http.trusted_proxies = (char *)"127.0.0.0/8";
    start(10, 1, 20000);
    int fd = forwarded_for(FROM("2001:db8::1"), "2001:db8::1 -");
    int neighbour = dial();
    send_text(neighbour, FROM("2001:db8::2"));
    must_be_turned_away(neighbour);
    must_be_kept(forwarded_for(FROM("2001:db8:0:1::1"), "2001:db8:0:1::1 -"));
    close(fd);
}

static int setup(void **state) {
    threads = 1;
    for (enum tp_metric metric = 0; metric < TP_METRIC_COUNT; metric++)
        before[metric] = tp_metrics_get(metric);
    return server_setup(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, server_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_longest_idle_goes),
        TEST(test_one_that_never_asked_has_its_grace),
        TEST(test_and_goes_after_it),
        TEST(test_a_slow_sender_goes_and_is_told),
        TEST(test_a_sender_within_its_grace_stays),
        TEST(test_one_that_does_not_read_goes),
        TEST(test_one_that_is_owed_its_reply_stays),
        TEST(test_one_that_was_told_to_go_has_given_up_its_place),
        TEST(test_those_who_linger_are_not_counted),
        TEST(test_a_rush_does_not_hold_up_who_is_here),
        TEST(test_a_crowd_over_several_threads),
        TEST(test_a_peer_has_so_many),
        TEST(test_a_proxy_has_as_many_as_it_likes),
        TEST(test_its_connections_count_for_whom_they_last_carried),
        TEST(test_ipv6_peers_are_their_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
