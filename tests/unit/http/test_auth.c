/* Keys: whose, for what, and where they are not asked for. */
#include "tests/unit/http/server.h"

static struct tp_key keys[] = {
    {(char *)"sender", (char *)"secret-1", TP_SCOPE_WRITE},
    {(char *)"desk", (char *)"secret-2", TP_SCOPE_READ},
    {(char *)"all", (char *)"secret-3", TP_SCOPE_READ | TP_SCOPE_WRITE},
};

static int setup(void **state) {
    server_setup(state);
    server.settings.keys = keys;
    server.settings.n_keys = sizeof keys / sizeof *keys;
    server_start();
    return 0;
}

static struct reply ask(const char *what, const char *authorization) {
    char request[512];
    int fd = dial();
    snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: a\r\n%s\r\n", what, authorization);
    send_text(fd, request);
    struct reply reply = read_reply(fd);
    close(fd);
    return reply;
}

static void must_be(const char *what, const char *authorization, int status, const char *body) {
    struct reply reply = ask(what, authorization);
    assert_int_equal(reply.status, status);
    if (body)
        assert_string_equal(reply.body, body);
    free(reply.body);
}

static void test_a_key_opens_its_scope(void **state) {
    (void)state;
    must_be("POST /write", "Authorization: Bearer secret-1\r\n", 200, "127.0.0.1 sender");
    must_be("GET /read", "authorization: bearer   secret-2 \r\n", 200, "127.0.0.1 desk");
    must_be("GET /read", "Authorization: Bearer secret-3\r\n", 200, "127.0.0.1 all");
    must_be("POST /write", "Authorization: Bearer secret-3\r\n", 200, "127.0.0.1 all");
}

static void test_and_no_other(void **state) {
    (void)state;
    must_be("GET /read", "Authorization: Bearer secret-1\r\n", 403,
            "{\"error\":{\"code\":\"forbidden\",\"message\":\"the key has not this scope\"}}");
    must_be("POST /write", "Authorization: Bearer secret-2\r\n", 403, NULL);
}

static void test_what_is_not_a_key(void **state) {
    (void)state;
    static const char *const rows[] = {
        "",
        "Authorization:\r\n",
        "Authorization: Bearer\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Bearer secret\r\n",
        "Authorization: Bearer secret-11\r\n",
        "Authorization: Bearer secret-1 x\r\n",
        "Authorization: Bearer SECRET-1\r\n",
        "Authorization: Bearersecret-1\r\n",
        "Authorization: Basic secret-1\r\n",
        "Authorization: secret-1\r\n",
        "X-Authorization: Bearer secret-1\r\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reply reply = ask("POST /write", rows[i]);
        assert_int_equal(reply.status, 401);
        assert_string_equal(header_of(&reply, "WWW-Authenticate"), "Bearer");
        assert_null(strstr(reply.body, "secret"));
        free(reply.body);
    }
}

static void test_routes_without_scope_ask_for_none(void **state) {
    (void)state;
    must_be("GET /who", "", 200, "127.0.0.1 -");
    must_be("GET /who", "Authorization: Basic something else\r\n", 200, "127.0.0.1 -");
}

static void test_without_keys_nobody_is_asked(void **state) {
    (void)state;
    must_be("GET /read", "", 200, "127.0.0.1 -");
    must_be("POST /write", "Authorization: Bearer whatever\r\n", 200, "127.0.0.1 -");
}

/* Nothing of a body is read before the key is seen. */
static void test_a_stranger_cannot_fill_memory(void **state) {
    (void)state;
    int fd = dial();
    send_text(fd, "POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
    must_reply(fd, 401, NULL);
    must_be_closed(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, server_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_key_opens_its_scope),
        TEST(test_and_no_other),
        TEST(test_what_is_not_a_key),
        TEST(test_routes_without_scope_ask_for_none),
        cmocka_unit_test_setup_teardown(test_without_keys_nobody_is_asked, server_setup_running, server_teardown),
        TEST(test_a_stranger_cannot_fill_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
