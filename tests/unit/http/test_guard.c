/* The grammar, on tables of bytes: what has one reading passes, what has two does not; whole or byte by byte. */
#include "tests/unit/http/server.h"

#include "daemon/http/internal.h"

struct bytes {
    const char *at;
    size_t len;
};
#define B(text)                                                                                                        \
    { text, sizeof(text) - 1 }
#define START "GET / HTTP/1.1\r\n"

static bool passes(struct bytes bytes, bool chunks, bool one_by_one) {
    struct tp_http_guard guard;
    (chunks ? tp_http_guard_chunks : tp_http_guard_head)(&guard);
    size_t step = one_by_one ? 1 : bytes.len, seen = 0;
    for (size_t i = 0; i < bytes.len; i += step)
        seen += tp_http_guard_run(&guard, bytes.at + i, step);
    assert_true(!guard.fault || !tp_http_guard_done(&guard));
    return tp_http_guard_done(&guard) && seen == bytes.len;
}

static void must_be(bool good, const struct bytes *table, size_t n, bool chunks) {
    for (size_t i = 0; i < n; i++) {
        if (passes(table[i], chunks, false) != good || passes(table[i], chunks, true) != good)
            fail_msg("row %zu: %s", i, table[i].at);
    }
}

static void test_heads_that_pass(void **state) {
    (void)state;
    static const struct bytes table[] = {
        B(START "\r\n"),
        B(START "Host: a\r\n\r\n"),
        B(START "Host:a\r\nEmpty:\r\nTab:\t\tb \r\n\r\n"),
        B(START "Latin: caf\xe9\r\n\r\n"),
        B("POST /a?b=%20&c=~{} HTTP/1.0\r\n!#$%&'*+-.^_`|~9aZ: x\r\n\r\n"),
    };
    must_be(true, table, sizeof table / sizeof *table, false);
}

static void test_heads_that_do_not(void **state) {
    (void)state;
    static const struct bytes table[] = {
        B("GET / HTTP/1.1\nHost: a\n\n"), B(START "Host: a\nX: b\r\n\r\n"), B(START "Host: a\rX: b\r\n\r\n"),
        B(START "Host: a\r\r\n\r\n"),     B(START "Host : a\r\n\r\n"),      B(START "Host\t: a\r\n\r\n"),
        B(START " Host: a\r\n\r\n"),      B(START "Host: a\r\n b\r\n\r\n"), B(START "Host: a\r\n\tb\r\n\r\n"),
        B(START "X: a\0b\r\n\r\n"),       B(START "X: a\x7f\r\n\r\n"),      B(START "X: a\x0b\r\n\r\n"),
        B(START ": a\r\n\r\n"),           B(START "no colon\r\n\r\n"),      B(START "(X): a\r\n\r\n"),
        B(START "X\xe9: a\r\n\r\n"),      B("GET  / HTTP/1.1\r\n\r\n"),     B("GET /  HTTP/1.1\r\n\r\n"),
        B("GET\t/ HTTP/1.1\r\n\r\n"),     B("GET / HTTP/1.1 \r\n\r\n"),     B("GET /\r\n\r\n"),
        B("GET /a b HTTP/1.1\r\n\r\n"),   B("GET /#a HTTP/1.1\r\n\r\n"),    B("GET /caf\xe9 HTTP/1.1\r\n\r\n"),
        B(" GET / HTTP/1.1\r\n\r\n"),     B("\x16\x03\x01\x02\x00\x01"), /* TLS */
    };
    must_be(false, table, sizeof table / sizeof *table, false);
}

/* The framing of chunked bodies without their data, which the guard is not shown. */
static void test_chunks_that_pass(void **state) {
    (void)state;
    static const struct bytes table[] = {
        B("0\r\n\r\n"),
        B("3\r\n\r\n0\r\n\r\n"),
        B("00a\r\n\r\nFf\r\n\r\n000\r\n\r\n"),
        B("0;a=b\r\n\r\n"),
        B("3;a=\"b c\";d\r\n\r\n0\r\n\r\n"),
        B("0\r\nTrailer: x\r\nMore: y\r\n\r\n"),
    };
    must_be(true, table, sizeof table / sizeof *table, true);
}

static void test_chunks_that_do_not(void **state) {
    (void)state;
    static const struct bytes table[] = {
        B("0\n\r\n"),          B("0\r\n\n"),
        B("0\r\r\n"),          B("3\r\nx"),
        B("3\r\n\n0\r\n\r\n"), B("0x3\r\n"),
        B("+3\r\n"),           B("-1\r\n"),
        B(" 3\r\n"),           B("3 \r\n"),
        B("3 ;a\r\n"),         B("\r\n"),
        B(";a\r\n"),           B("3;a\nb\r\n"),
        B("3;a\rb\r\n"),       B("3;\0\r\n"),
        B("0\r\nA : b\r\n"),   B("0\r\nA: b\r\n c\r\n"),
        B("0\r\nA: b\n\r\n"),  B("0\r\nno colon\r\n"),
    };
    must_be(false, table, sizeof table / sizeof *table, true);
}

static bool passes_with_filler(const char *before, size_t filler, const char *after) {
    struct tp_buf buf = TP_BUF_INIT;
    tp_buf_adds(&buf, before);
    for (size_t i = 0; i < filler; i++)
        tp_buf_addc(&buf, 'a');
    tp_buf_adds(&buf, after);
    bool good = passes((struct bytes){buf.at, buf.len}, true, false);
    tp_buf_free(&buf);
    return good;
}

static void test_chunk_lines_and_trailers_are_bounded(void **state) {
    (void)state;
    assert_true(passes_with_filler("1;", 200, "\r\n\r\n0\r\n\r\n"));
    assert_false(passes_with_filler("1;", 300, "\r\n\r\n0\r\n\r\n"));
    assert_false(passes_with_filler("0;", 300, "\r\n\r\n"));
    assert_true(passes_with_filler("0\r\nX: ", 8000, "\r\n\r\n"));
    assert_false(passes_with_filler("0\r\nX: ", 9000, "\r\n\r\n"));
    assert_false(passes_with_filler("0\r\nX: a\r\nY: ", 8190, "\r\n\r\n"));
}

static void test_it_stops_where_the_head_ends(void **state) {
    (void)state;
    static const char two[] = START "\r\n" START "\r\n";
    struct tp_http_guard guard;
    tp_http_guard_head(&guard);
    assert_int_equal(tp_http_guard_run(&guard, two, sizeof two - 1), sizeof START "\r\n" - 1);
    assert_true(tp_http_guard_done(&guard));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_that_pass),
        cmocka_unit_test(test_heads_that_do_not),
        cmocka_unit_test(test_chunks_that_pass),
        cmocka_unit_test(test_chunks_that_do_not),
        cmocka_unit_test(test_chunk_lines_and_trailers_are_bounded),
        cmocka_unit_test(test_it_stops_where_the_head_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
