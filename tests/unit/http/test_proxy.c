/* Where a request comes from, and whose word is taken for it. */
#include "tests/unit/http/server.h"

static void must_come_from(const char *forwarded, const char *peer) {
    char request[512], expected[128];
    snprintf(request, sizeof request, "GET /who HTTP/1.1\r\nHost: a\r\n%s\r\n", forwarded);
    snprintf(expected, sizeof expected, "%s -", peer);
    must_answer(request, 200, expected);
}

static void trust(const char *list) {
    tp_http_free(server.http);
    server.http = NULL;
    server.settings.http.trusted_proxies = (char *)list;
    server_start();
}

#define FROM "X-Forwarded-For: "

static void test_nobody_is_trusted_by_default(void **state) {
    (void)state;
    trust("");
    must_come_from("", "127.0.0.1");
    must_come_from(FROM "192.0.2.7\r\n", "127.0.0.1");
    trust("10.0.0.0/8, unix");
    must_come_from(FROM "192.0.2.7\r\n", "127.0.0.1");
}

static void test_the_rightmost_address_that_is_no_proxys(void **state) {
    (void)state;
    trust("127.0.0.0/8, 10.0.0.0/8,2001:db8::/33");
    must_come_from("", "127.0.0.1");
    must_come_from(FROM "192.0.2.7\r\n", "192.0.2.7");
    must_come_from(FROM "1.1.1.1, 192.0.2.7\r\n", "192.0.2.7");
    must_come_from(FROM "1.1.1.1, 192.0.2.7, 10.1.2.3,10.255.0.1\r\n", "192.0.2.7");
    must_come_from(FROM "1.1.1.1, 192.0.2.7\r\n" FROM "10.1.2.3\r\n", "192.0.2.7");
    must_come_from(FROM "10.0.0.1, 10.0.0.2\r\n", "10.0.0.1");
    must_come_from(FROM "2001:db8:8000::1\r\n", "2001:db8:8000::1");
    must_come_from(FROM "192.0.2.7, 2001:db8:7fff::1\r\n", "192.0.2.7");
}

static void test_ports_and_brackets(void **state) {
    (void)state;
    trust("127.0.0.1");
    must_come_from(FROM "192.0.2.7:4711\r\n", "192.0.2.7");
    must_come_from(FROM "[2001:db8::1]:4711\r\n", "2001:db8::1");
    must_come_from(FROM "[2001:db8::1]\r\n", "2001:db8::1");
}

static void test_what_is_no_address_ends_the_walk(void **state) {
    (void)state;
    trust("127.0.0.1,10.0.0.0/8");
    must_come_from(FROM "unknown\r\n", "127.0.0.1");
    must_come_from(FROM "\r\n", "127.0.0.1");
    must_come_from(FROM "192.0.2.7, unknown, 10.0.0.9\r\n", "10.0.0.9");
    must_come_from(FROM "192.0.2.7,\r\n", "127.0.0.1");
    must_come_from(FROM "192.0.2.7\r\n" FROM "oops\r\n", "127.0.0.1");
    must_come_from(FROM "[::1\r\n", "127.0.0.1");
}

static void test_networks(void **state) {
    (void)state;
    trust("127.0.0.1, 192.0.2.128/25, 198.51.100.7/32");
    must_come_from(FROM "1.1.1.1, 192.0.2.129\r\n", "1.1.1.1");
    must_come_from(FROM "1.1.1.1, 192.0.2.127\r\n", "192.0.2.127");
    must_come_from(FROM "1.1.1.1, 198.51.100.7\r\n", "1.1.1.1");
    must_come_from(FROM "1.1.1.1, 198.51.100.6\r\n", "198.51.100.6");
    trust("0.0.0.0/0");
    must_come_from(FROM "1.1.1.1, 2.2.2.2\r\n", "1.1.1.1");
}

static void test_faulty_networks(void **state) {
    (void)state;
    static const char *const rows[] = {"oops",           "10.0.0.0/33", "10.0.0.0/",  "10.0.0.0/-1", "10.0.0/8",
                                       "2001:db8::/129", "10.0.0.0/8x", "1.2.3.4:80", "/8",          "10.0.0.1,Unix"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tp_buf fault = TP_BUF_INIT;
        server.settings.http.trusted_proxies = (char *)rows[i];
        assert_int_equal(tp_http_start(&server.settings, server_routes, NULL, &fault, &server.http), TP_ECONFIG);
        assert_memory_equal(fault.at, "http.trusted_proxies: ", 22);
        tp_buf_free(&fault);
    }
}

static void must_come_from_unix(const char *path, const char *expected) {
    int fd = dial_unix(path);
    send_text(fd, "GET /who HTTP/1.1\r\nHost: a\r\n" FROM "192.0.2.7\r\n\r\n");
    must_reply(fd, 200, expected);
    close(fd);
}

static void test_a_proxy_at_the_unix_socket(void **state) {
    (void)state;
    char directory[] = "/tmp/tp-proxy-XXXXXX", listen[64];
    assert_non_null(mkdtemp(directory));
    snprintf(listen, sizeof listen, "unix:%s/s", directory);
    server.settings.http.listen = listen;
    trust("192.0.2.0/24");
    must_come_from_unix(listen + 5, "unix -");
    trust("unix");
    must_come_from_unix(listen + 5, "192.0.2.7 -");
    tp_http_stop(server.http, 1000);
    rmdir(directory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_setup, server_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_nobody_is_trusted_by_default),
        TEST(test_the_rightmost_address_that_is_no_proxys),
        TEST(test_ports_and_brackets),
        TEST(test_what_is_no_address_ends_the_walk),
        TEST(test_networks),
        TEST(test_faulty_networks),
        TEST(test_a_proxy_at_the_unix_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
