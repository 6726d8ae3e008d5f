/* Requests of which two servers could disagree where they end. Each is followed by one that must not be seen: the
 * first is refused, its connection closed, and nothing behind it is ever handled. */
#include "tests/unit/http/server.h"

#define POST   "POST /echo HTTP/1.1\r\nHost: a\r\n"
#define HIDDEN "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"
#define CHUNKS "Transfer-Encoding: chunked\r\n\r\n"

struct row {
    int status;
    const char *at;
    size_t len;
};
#define R(status, text)                                                                                                \
    { status, text HIDDEN, sizeof(text HIDDEN) - 1 }

static const struct row rows[] = {
    /* the length said twice, or in another form */
    R(400, POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    R(400, POST "Content-Length: 3\r\nContent-Length: 30\r\n\r\nabc"),
    R(400, POST "Content-Length: 3, 3\r\n\r\nabc"),
    R(400, POST "Content-Length: +3\r\n\r\nabc"),
    R(400, POST "Content-Length: -3\r\n\r\nabc"),
    R(400, POST "Content-Length: 0x3\r\n\r\nabc"),
    R(400, POST "Content-Length: 3 3\r\n\r\nabc"),
    R(400, POST "Content-Length: 3a\r\n\r\nabc"),
    R(400, POST "Content-Length:\r\n\r\nabc"),
    R(400, POST "Content-Length: 18446744073709551616\r\n\r\nabc"),
    R(400, POST "Content-Length : 3\r\n\r\nabc"),
    R(400, POST "Content-Length: 3\0\r\n\r\nabc"),
    /* both framings, and codings */
    R(400, POST "Content-Length: 3\r\n" CHUNKS "0\r\n\r\n"),
    R(400, POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
    R(501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    R(501, POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    R(501, POST "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n"),
    R(501, POST "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    R(501, POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    R(501, POST "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n"),
    R(400, POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    R(400, POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    R(400, POST "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"),
    R(400, POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n"),
    R(400, POST "Transfer-Encoding: chunked\r\n" CHUNKS "0\r\n\r\n"),
    R(400, POST "Transfer-Encoding: gzip\r\n" CHUNKS "0\r\n\r\n"),
    R(400, POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    R(400, POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    R(400, POST "Transfer-Encoding: \x0b"
                "chunked\r\n\r\n0\r\n\r\n"),
    R(400, POST "X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    R(400, POST "X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    R(400, "POST /echo HTTP/1.0\r\nHost: a\r\n" CHUNKS "0\r\n\r\n"),
    /* the framing of chunks */
    R(400, POST CHUNKS "0x3\r\nabc\r\n0\r\n\r\n"),
    R(400, POST CHUNKS "-3\r\nabc\r\n0\r\n\r\n"),
    R(400, POST CHUNKS "3 \r\nabc\r\n0\r\n\r\n"),
    R(400, POST CHUNKS "3\nabc\r\n0\r\n\r\n"),
    R(400, POST CHUNKS "3;\nabc\r\n0\r\n\r\n"),
    R(400, POST CHUNKS "3;a\nb\r\nabc\r\n0\r\n\r\n"),
    R(400, POST CHUNKS "3\rxabc\r\n0\r\n\r\n"),
    R(400, POST CHUNKS "3\r\nabc\n0\r\n\r\n"),
    R(400, POST CHUNKS "3\r\nabcd\r\n0\r\n\r\n"),
    R(400, POST CHUNKS "3\r\nabcxx0\r\n\r\n"),
    R(400, POST CHUNKS "3\r\nabc\r\n0\n\r\n"),
    R(400, POST CHUNKS "3\r\nabc\r\n0\r\n\n"),
    R(400, POST CHUNKS "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
    R(400, POST CHUNKS "3\r\nabc\r\n0\r\nA : b\r\n\r\n"),
    R(400, POST CHUNKS "3\r\nabc\r\n0\r\nA: b\nC: d\r\n\r\n"),
    R(400, POST CHUNKS "3\r\nabc\r\n0\r\nA: b\r\n c\r\n\r\n"),
    /* for whom it is */
    R(400, "GET /echo HTTP/1.1\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    R(400, "GET /echo HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost:\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a,b\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a:b\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: [::1\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: []x\r\n\r\n"),
    /* versions, other protocols */
    R(400, "GET /echo HTTP/3.7\r\nHost: a\r\n\r\n"),
    R(400, "GET /echo HTTP/1.2\r\nHost: a\r\n\r\n"),
    R(400, "GET /echo HTTP/0.9\r\nHost: a\r\n\r\n"),
    R(400, "GET /echo HTTP/1.10\r\nHost: a\r\n\r\n"),
    R(400, "GET /echo http/1.1\r\nHost: a\r\n\r\n"),
    R(400, "GET /echo HTTP,1.1\r\nHost: a\r\n\r\n"),
    R(400, "GET /echo H\r\n\r\n1.1\r\nHost: a\r\n\r\n"), /* a head to the guard, and half a line to http-parser */
    R(400, "GET /echo\r\n\r\n"),
    R(400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    R(400, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n"),
    R(400, POST "Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\nabc"),
    /* raw bytes */
    R(400, "GET /echo HTTP/1.1\nHost: a\n\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a\r\n\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\n Host: a\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n"),
    R(400, "GET /echo HTTP/1.1\r\nHost: a\r\n\xc3\xa9: b\r\n\r\n"),
    R(400, "G\0T /echo HTTP/1.1\r\nHost: a\r\n\r\n"),
    R(400, "BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n"),
    R(400, "\r\n \r\nGET /echo HTTP/1.1\r\nHost: a\r\n\r\n"),
    /* two keys */
    R(400, "GET /echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n"),
};

static void check_refused(int fd, size_t row) {
    struct reply reply = read_reply(fd);
    if (reply.status != rows[row].status || server.handled > 0)
        fail_msg("row %zu: %d instead of %d, %d handled\n%s", row, reply.status, rows[row].status, server.handled,
                 rows[row].at);
    assert_string_equal(header_of(&reply, "Content-Type"), "application/json");
    assert_string_equal(header_of(&reply, "Connection"), "close");
    assert_memory_equal(reply.body, "{\"error\":{\"code\":\"", 18);
    free(reply.body);
    must_be_closed(fd);
}

static void test_nothing_is_smuggled(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = dial();
        send_bytes(fd, rows[i].at, rows[i].len);
        check_refused(fd, i);
    }
}

/* The same when each byte comes alone. What is sent after the refusal is not of interest. */
static void test_nothing_is_smuggled_in_drops(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = dial(), on = 1;
        setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
        for (size_t at = 0; at < rows[i].len && send(fd, rows[i].at + at, 1, MSG_NOSIGNAL) == 1; at++)
            ;
        check_refused(fd, i);
    }
}

static void test_what_is_unusual_and_allowed(void **state) {
    (void)state;
    static const char *const requests[] = {
        "GET /echo HTTP/1.1\r\nhost: [::1]:8080\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: example.com:\r\n\r\n",
        "GET http://a/echo HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\nGET /echo HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /echo HTTP/1.0\r\n\r\n",
        POST "Transfer-Encoding: Chunked\r\n\r\n0;a=b\r\nContent-Length: 50\r\n\r\n",
        POST "Content-Length: 0\r\n\r\n",
        POST "Content-Length: 00\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        must_answer(requests[i], 200, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_is_smuggled, server_setup_running, server_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_smuggled_in_drops, server_setup_running, server_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_unusual_and_allowed, server_setup_running, server_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
