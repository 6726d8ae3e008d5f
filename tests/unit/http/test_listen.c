/* Addresses: what is listened on, what is refused, and sockets in the file system. */
#include "tests/unit/http/server.h"

#include <sys/stat.h>

static struct tp_key key = {(char *)"all", (char *)"secret", TP_SCOPE_READ | TP_SCOPE_WRITE};
static char directory[32], path[64], unix_listen[80];

static int setup(void **state) {
    server_setup(state);
    snprintf(directory, sizeof directory, "/tmp/tp-listen-XXXXXX");
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/http.sock", directory);
    snprintf(unix_listen, sizeof unix_listen, "unix:%s", path);
    return 0;
}

static int teardown(void **state) {
    server_teardown(state);
    unlink(path);
    rmdir(directory);
    return 0;
}

static void start_on(const char *listen) {
    server.settings.http.listen = (char *)listen;
    server_start();
}

static void must_not_start(const char *listen, int error, const char *said) {
    struct tp_buf fault = TP_BUF_INIT;
    server.settings.http.listen = (char *)listen;
    assert_int_equal(tp_http_start(&server.settings, server_routes, NULL, &fault, &server.http), error);
    tp_buf_addc(&fault, '\0');
    if (!strstr(fault.at, said))
        fail_msg("%s: said \"%s\", expected \"%s\"", listen, fault.at, said);
    tp_buf_free(&fault);
    assert_null(server.http);
}

static void must_serve_unix(void) {
    int fd = dial_unix(path);
    send_text(fd, "GET /who HTTP/1.1\r\nHost: a\r\n\r\n");
    must_reply(fd, 200, "unix -");
    close(fd);
}

static void test_several_addresses(void **state) {
    (void)state;
    char list[160];
    snprintf(list, sizeof list, "%s, 127.0.0.2:0 ,127.0.0.1:0", unix_listen);
    start_on(list);
    char start[160];
    snprintf(start, sizeof start, "%s,http://127.0.0.2:", unix_listen);
    assert_memory_equal(tp_http_addresses(server.http), start, strlen(start));
    assert_null(strstr(tp_http_addresses(server.http), ":0"));
    must_serve_unix();
    must_answer("GET /who HTTP/1.1\r\nHost: a\r\n\r\n", 200, "127.0.0.1 -");
}

static bool ipv6_is_here(void) {
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    if (probe < 0)
        return false;
    bool here = bind(probe, (struct sockaddr *)&to, sizeof to) == 0;
    close(probe);
    return here;
}

static void test_ipv6(void **state) {
    (void)state;
    if (!ipv6_is_here())
        skip();
    start_on("[::1]:0");
    assert_memory_equal(tp_http_addresses(server.http), "http://[::1]:", 13);
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT, .sin6_port = port()};
    int fd = dial_at(&to, sizeof to);
    send_text(fd, "GET /who HTTP/1.1\r\nHost: [::1]\r\n\r\n");
    must_reply(fd, 200, "::1 -");
    close(fd);
}

static void test_what_is_no_address(void **state) {
    (void)state;
    static const char *const rows[] = {
        "",
        "127.0.0.1",
        "127.0.0.1:",
        ":8080",
        "localhost:8080",
        "127.0.0.1:65536",
        "127.0.0.1:80a",
        "::1:80",
        "[::1]",
        "[::1:80",
        "[127.0.0.1]:80",
        "unix:",
        "127.0.0.1:0,",
        "*:80",
        "127.0.0.1:0,oops",
        "256.0.0.1:80",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        must_not_start(rows[i], TP_ECONFIG, "expected ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH");
}

static void test_a_taken_port_is_said(void **state) {
    (void)state;
    start_on("127.0.0.1:0");
    struct tp_http *first = server.http;
    char taken[64];
    snprintf(taken, sizeof taken, "%s", tp_http_addresses(first) + strlen("http://"));
    server.http = NULL;
    must_not_start(taken, TP_ELOCKED, taken);
    server.http = first;
}

static void test_beyond_loopback_needs_a_key_or_a_word(void **state) {
    (void)state;
    static const char *const rows[] = {"0.0.0.0:0",    "[::]:0",       "127.0.0.1:0,0.0.0.0:0",
                                       "192.0.2.1:80", "128.0.0.1:80", "[::ffff:127.0.0.1]:80"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        must_not_start(rows[i], TP_ECONFIG, "http.open = yes");
        must_not_start(rows[i], TP_ECONFIG, "Configure a key");
    }
    must_not_start("127.0.0.1:0,0.0.0.0:0", TP_ECONFIG, "http.listen: 0.0.0.0:0 is beyond loopback");
    server.settings.http.open = true;
    start_on("0.0.0.0:0");
    tp_http_free(server.http);
    server.settings.http.open = false;
    server.settings.keys = &key;
    server.settings.n_keys = 1;
    start_on("0.0.0.0:0");
}

static void test_a_unix_socket_is_for_owner_and_group(void **state) {
    (void)state;
    mode_t before = umask(077);
    start_on(unix_listen);
    umask(before);
    struct stat stat;
    assert_int_equal(lstat(path, &stat), 0);
    assert_true(S_ISSOCK(stat.st_mode));
    assert_int_equal(stat.st_mode & 0777, 0660);
    must_serve_unix();
    tp_http_stop(server.http, 1000);
    assert_int_not_equal(lstat(path, &stat), 0);
}

/* As a daemon that was killed does. */
static void leave_a_stale_socket(void) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0)
        fail_msg("cannot bind: %s", strerror(errno));
    close(fd);
}

static void test_a_stale_socket_is_replaced_and_a_live_one_is_not(void **state) {
    (void)state;
    leave_a_stale_socket();
    start_on(unix_listen);
    must_serve_unix();
    struct tp_http *first = server.http;
    server.http = NULL;
    must_not_start(unix_listen, TP_ELOCKED, path);
    server.http = first;
    must_serve_unix();
}

static void test_a_file_in_the_way_is_left_alone(void **state) {
    (void)state;
    FILE *file = fopen(path, "w");
    assert_true(file && fclose(file) == 0);
    must_not_start(unix_listen, TP_ELOCKED, path);
    struct stat stat;
    assert_int_equal(lstat(path, &stat), 0);
    assert_true(S_ISREG(stat.st_mode));
}

static void test_a_path_that_is_too_long(void **state) {
    (void)state;
    char listen[200] = "unix:/tmp/";
    memset(listen + strlen(listen), 'x', 150);
    must_not_start(listen, TP_ECONFIG, "expected ADDRESS:PORT");
}

static void test_threads_and_loops(void **state) {
    (void)state;
    server.settings.http.threads = 3;
    start_on("127.0.0.1:0");
    assert_int_equal(tp_http_threads(server.http), 3);
    for (size_t i = 0; i < 3; i++)
        assert_non_null(tp_loop_base(tp_http_loop(server.http, i)));
}

static void test_threads_by_default(void **state) {
    (void)state;
    server.settings.http.threads = 0;
    start_on("127.0.0.1:0");
    assert_in_range(tp_http_threads(server.http), 1, 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_several_addresses),
        TEST(test_ipv6),
        TEST(test_what_is_no_address),
        TEST(test_a_taken_port_is_said),
        TEST(test_beyond_loopback_needs_a_key_or_a_word),
        TEST(test_a_unix_socket_is_for_owner_and_group),
        TEST(test_a_stale_socket_is_replaced_and_a_live_one_is_not),
        TEST(test_a_file_in_the_way_is_left_alone),
        TEST(test_a_path_that_is_too_long),
        TEST(test_threads_and_loops),
        TEST(test_threads_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
