/* gzip bodies: whole, in pieces, several members, damaged, bombs. */
#include "tests/unit/http/server.h"

#include <zlib.h>

static struct tp_buf packed(const char *text, size_t len) {
    struct tp_buf out = TP_BUF_INIT;
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&stream, len);
    stream.next_in = (unsigned char *)text;
    stream.avail_in = (unsigned)len;
    stream.next_out = (unsigned char *)tp_buf_room(&out, bound);
    stream.avail_out = (unsigned)bound;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.len = bound - stream.avail_out;
    deflateEnd(&stream);
    return out;
}

static struct tp_buf packed_text(const char *text) { return packed(text, strlen(text)); }

static int post(const char *coding, struct tp_buf body) {
    int fd = dial();
    struct tp_buf request = TP_BUF_INIT;
    tp_buf_addf(&request, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n%s\r\n", body.len, coding);
    tp_buf_add(&request, body.at, body.len);
    send_bytes(fd, request.at, request.len);
    tp_buf_free(&request);
    tp_buf_free(&body);
    return fd;
}

static void must_become(const char *coding, struct tp_buf body, int status, const char *text) {
    int fd = post(coding, body);
    must_reply(fd, status, text);
    close(fd);
}

#define GZIP "Content-Encoding: gzip\r\n"

static void test_gzip_is_unpacked(void **state) {
    (void)state;
    must_become(GZIP, packed_text("hello"), 200, "hello");
    must_become("content-encoding: X-GZIP\r\n", packed_text("hello"), 200, "hello");
    must_become(GZIP, packed_text(""), 200, "");
}

static void test_identity_is_what_it_is(void **state) {
    (void)state;
    struct tp_buf body = TP_BUF_INIT;
    tp_buf_adds(&body, "hello");
    must_become("Content-Encoding: identity\r\n", body, 200, "hello");
}

static void test_gzip_in_chunks_of_one_byte(void **state) {
    (void)state;
    struct tp_buf body = packed_text("hello, hello, hello");
    int fd = dial();
    send_text(fd, "POST /echo HTTP/1.1\r\nHost: a\r\n" GZIP "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < body.len; i++) {
        send_text(fd, "1\r\n");
        send_bytes(fd, body.at + i, 1);
        send_text(fd, "\r\n");
    }
    send_text(fd, "0\r\n\r\n");
    must_reply(fd, 200, "hello, hello, hello");
    close(fd);
    tp_buf_free(&body);
}

static void test_members_one_after_the_other_are_one_body(void **state) {
    (void)state;
    struct tp_buf body = packed_text("hel"), more = packed_text("lo");
    tp_buf_add(&body, more.at, more.len);
    tp_buf_free(&more);
    must_become(GZIP, body, 200, "hello");
}

static void test_damage_is_refused(void **state) {
    (void)state;
    struct tp_buf body = packed_text("hello");
    body.len -= 1;
    must_become(GZIP, body, 400, NULL);
    body = packed_text("hello");
    body.at[body.len - 6] ^= 1; /* the checksum */
    must_become(GZIP, body, 400, NULL);
    body = packed_text("hello");
    tp_buf_adds(&body, "garbage");
    must_become(GZIP, body, 400, NULL);
    body = packed_text("hello");
    tp_buf_addc(&body, 'g');
    must_become(GZIP, body, 400, NULL);
    must_become(GZIP, TP_BUF_INIT, 400, NULL);
    body = TP_BUF_INIT;
    tp_buf_adds(&body, "not gzip at all");
    must_become(GZIP, body, 400, NULL);
    assert_int_equal(server.handled, 0);
}

static void test_other_codings_are_refused(void **state) {
    (void)state;
    static const char *const codings[] = {
        "Content-Encoding: deflate\r\n",
        "Content-Encoding: br\r\n",
        "Content-Encoding: gzip, gzip\r\n",
        "Content-Encoding:\r\n",
        GZIP GZIP,
        GZIP "Content-Encoding: identity\r\n",
    };
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
        int fd = post(codings[i], packed_text("hello"));
        struct reply reply = read_reply(fd);
        assert_int_equal(reply.status, 415);
        assert_string_equal(header_of(&reply, "Accept-Encoding"), "gzip");
        free(reply.body);
        close(fd);
    }
    assert_int_equal(server.handled, 0);
}

static void test_a_bomb_is_refused(void **state) {
    (void)state;
    size_t most = server.settings.http.max_unpacked;
    char *zeros = calloc(1, 40 * most);
    struct reply reply;
    int fd = post(GZIP, packed(zeros, most));
    reply = read_reply(fd);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.len, most);
    free(reply.body);
    close(fd);
    must_become(GZIP, packed(zeros, most + 1), 413, NULL);
    must_become(GZIP, packed(zeros, 40 * most), 413, NULL);
    free(zeros);
    assert_int_equal(server.handled, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_setup_running, server_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_gzip_is_unpacked),           TEST(test_identity_is_what_it_is),
        TEST(test_gzip_in_chunks_of_one_byte), TEST(test_members_one_after_the_other_are_one_body),
        TEST(test_damage_is_refused),          TEST(test_other_codings_are_refused),
        TEST(test_a_bomb_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
