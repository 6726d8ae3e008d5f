/* Which handler, with which parameters, query and headers. */
#include "tests/unit/http/server.h"

static void must_get(const char *target, int status, const char *body) {
    char request[8192];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target);
    must_answer(request, status, body);
}

static void test_parameters_of_the_path(void **state) {
    (void)state;
    must_get("/v1/customers/42", 200, "id=42");
    must_get("/v1/customers/42/timeline", 200, "id=42");
    must_get("/v1/customers/a%2Fb%20c%c3%A9", 200, "id=a/b c\xc3\xa9");
    must_get("/v1/customers/a+b", 200, "id=a+b");
    must_get("/v1/custom%65rs/1", 200, "id=1");
    must_get("/v1/customers/1?", 200, "id=1");
    must_get("HTTP://example.com/v1/customers/1", 200, "id=1");
}

static void test_members_of_the_query(void **state) {
    (void)state;
    must_get("/v1/customers/1?email=ann%40example.com&q=a+b%2bc", 200, "id=1;email=ann@example.com;q=a b+c");
    must_get("/v1/customers/1?a=1&a=2&&b&=c&d==&e%3d=f", 200, "id=1;a=1;a=2;b=;=c;d==;e==f");
    must_get("/v1/customers/1?a=b/c?d", 200, "id=1;a=b/c?d");
}

static void test_broken_escapes(void **state) {
    (void)state;
    static const char *const targets[] = {
        "/v1/customers/%",      "/v1/customers/%4",      "/v1/customers/%g0",
        "/v1/customers/%0g",    "/v1/customers/%00",     "/v1/customers/1?a=%",
        "/v1/customers/1?%zz=", "/v1/customers/1?a=%00", "/v1/customers/%4/x",
    };
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        must_get(targets[i], 400, NULL);
}

static void test_too_many_members(void **state) {
    (void)state;
    char target[1024];
    size_t len = (size_t)snprintf(target, sizeof target, "/v1/customers/1?");
    for (int i = 0; i < 65; i++)
        len += (size_t)snprintf(target + len, sizeof target - len, "a=1&");
    must_get(target, 400, NULL);
}

static void test_what_is_not_there(void **state) {
    (void)state;
    static const char *const targets[] = {"/",
                                          "/v1",
                                          "/v1/customers",
                                          "/v1/customers/",
                                          "/v1/customers/1/",
                                          "/v1/customers//timeline",
                                          "/v1/customers/1/timeline/2",
                                          "/V1/customers/1",
                                          "//echo",
                                          "/echo/",
                                          "/v1%2fcustomers/1",
                                          "/a/b/c/d/e/f/g/h/i/j/k/l/m",
                                          "http://a",
                                          "http://a?x"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        must_get(targets[i], 404, "{\"error\":{\"code\":\"not_found\",\"message\":\"there is nothing at this path\"}}");
}

static void test_methods(void **state) {
    (void)state;
    static const struct {
        const char *request, *allow;
    } rows[] = {
        {"POST /who HTTP/1.1\r\nHost: a\r\n\r\n", "GET, HEAD"},
        {"DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n", "GET, HEAD, POST"},
        {"OPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\n", "GET, HEAD, POST"},
        {"GET /write HTTP/1.1\r\nHost: a\r\n\r\n", "POST"},
        {"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS"},
    };
    int fd = dial();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        send_text(fd, rows[i].request);
        struct reply reply = read_reply(fd);
        assert_int_equal(reply.status, 405);
        assert_string_equal(header_of(&reply, "Allow"), rows[i].allow);
        free(reply.body);
    }
    close(fd);
}

/* A body behind a request that is refused is not taken for the next request. */
static void test_a_body_that_nobody_wants(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 38\r\n\r\n"
                  "GET /echo HTTP/1.1\r\nHost: a\r\nX: yyyy\r\n\r\n");
    must_reply(fd, 404, NULL);
    must_be_closed(fd);
    assert_int_equal(server.handled, 0);
}

static void test_headers(void **state) {
    (void)state;
    must_answer("GET /headers HTTP/1.1\r\nHOST: a\r\nX-One:  two words \t\r\nx-one: again\r\nEmpty:\r\n\r\n", 200,
                "host=a\nx-one=two words\nx-one=again\nempty=\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_setup_running, server_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_parameters_of_the_path),   TEST(test_members_of_the_query),
        TEST(test_broken_escapes),           TEST(test_too_many_members),
        TEST(test_what_is_not_there),        TEST(test_methods),
        TEST(test_a_body_that_nobody_wants), TEST(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
