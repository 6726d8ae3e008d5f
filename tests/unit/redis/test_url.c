/* redis.url taken apart. */
#include "daemon/redis/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/error.h"

static void assert_url(const char *text, const char *user, const char *host, int port, int db) {
    struct tp_redis_url url;
    assert_int_equal(tp_redis_url_parse(text, &url), 0);
    assert_string_equal(url.user, user);
    assert_string_equal(url.host, host);
    assert_int_equal(url.port, port);
    assert_int_equal(url.db, db);
    assert_int_equal(url.is_unix, 0);
}

static void what_is_left_out_has_a_default(void **state) {
    (void)state;
    assert_url("redis://localhost", "", "localhost", 6379, 0);
    assert_url("redis://localhost/", "", "localhost", 6379, 0);
    assert_url("redis://127.0.0.1:7000", "", "127.0.0.1", 7000, 0);
    assert_url("redis://touchpointd@redis.example.com:6380/5", "touchpointd", "redis.example.com", 6380, 5);
}

static void an_address_of_ipv6_stands_in_brackets(void **state) {
    (void)state;
    assert_url("redis://[::1]", "", "::1", 6379, 0);
    assert_url("redis://ann@[fe80::1]:7000/1", "ann", "fe80::1", 7000, 1);
}

static void a_unix_socket_is_a_path(void **state) {
    (void)state;
    struct tp_redis_url url;
    assert_int_equal(tp_redis_url_parse("unix:///run/redis/redis.sock", &url), 0);
    assert_int_equal(url.is_unix, 1);
    assert_string_equal(url.host, "/run/redis/redis.sock");
}

static void what_is_none_is_refused_and_leaves_the_result(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "localhost:6379",
        "http://localhost",
        "rediss://localhost",
        "redis://",
        "redis://:6379",
        "redis://host:",
        "redis://host:port",
        "redis://host:6379x",
        "redis://host:-1",
        "redis://host:65536",
        "redis://host/x",
        "redis://host/-1",
        "redis://host/1024",
        "redis://[::1",
        "redis://[::1]6379",
        "redis://[]",
        "unix://relative.sock",
        "unix://",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct tp_redis_url url = {.host = "untouched"};
        assert_int_equal(tp_redis_url_parse(wrong[i], &url), TP_EINVALID);
        assert_string_equal(url.host, "untouched");
    }
}

/* The longest that fits, and one byte more. */
static void assert_length_bounded(const char *before, size_t most, const char *behind) {
    char text[1024];
    struct tp_redis_url url;
    for (size_t more = 0; more < 2; more++) {
        size_t len = strlen(before);
        memcpy(text, before, len);
        memset(text + len, 'a', most + more);
        strcpy(text + len + most + more, behind);
        assert_int_equal(tp_redis_url_parse(text, &url), more ? TP_EINVALID : 0);
    }
}

static void lengths_are_bounded(void **state) {
    (void)state;
    assert_length_bounded("redis://", TP_REDIS_HOST - 1, "");
    assert_length_bounded("redis://[", TP_REDIS_HOST - 1, "]:6379");
    assert_length_bounded("redis://", 127, "@host");
    assert_length_bounded("unix:///", TP_REDIS_HOST - 2, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_has_a_default),
        cmocka_unit_test(an_address_of_ipv6_stands_in_brackets),
        cmocka_unit_test(a_unix_socket_is_a_path),
        cmocka_unit_test(what_is_none_is_refused_and_leaves_the_result),
        cmocka_unit_test(lengths_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
