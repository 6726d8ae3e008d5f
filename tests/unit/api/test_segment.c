/* Segment's API before anything is taken: whose key it is, what a body may hold, what a page is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "common/error.h"
#include "daemon/api/segment.h"

/* ---- write keys ---- */

static char *shop[] = {"shop-new", "shop-old"}, *app[] = {"app", "shop-old"}, *twilio[] = {"not-a-write-key"};
static struct tp_source_settings sources[] = {
    {.name = "calls", .kind = "twilio", .secrets = twilio, .n_secrets = 1},
    {.name = "shop", .kind = "segment", .secrets = shop, .n_secrets = 2},
    {.name = "app", .kind = "segment", .secrets = app, .n_secrets = 2},
};
static const struct tp_settings settings = {.source_list = sources, .n_sources = 3};

static size_t whose(struct tp_str key) {
    struct tp_segment_keys *keys;
    assert_int_equal(tp_segment_keys_new(&settings, &keys), 0);
    size_t source = tp_segment_keys_find(keys, key);
    tp_segment_keys_free(keys);
    return source;
}

static void a_key_names_its_source(void **state) {
    (void)state;
    assert_int_equal(whose(TP_STR("shop-new")), 1);
    assert_int_equal(whose(TP_STR("shop-old")), 1);
    assert_int_equal(whose(TP_STR("app")), 2);
}

static void what_is_no_write_key_names_none(void **state) {
    (void)state;
    const struct tp_str none[] = {TP_STR("not-a-write-key"), TP_STR("shop-ne"),   TP_STR("shop-new "),
                                  TP_STR("SHOP-NEW"),        TP_STR("shop-new2"), TP_STR("")};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(whose(none[i]), 3);
    assert_int_equal(whose((struct tp_str){0}), 3);
}

static void expect_shown(const char *authorization, const char *expected) {
    struct tp_buf room = TP_BUF_INIT;
    struct tp_str key = tp_segment_key_shown(tp_str(authorization), &room);
    if (expected)
        assert_true(tp_str_is(key, expected));
    else
        assert_null(key.at);
    tp_buf_free(&room);
}

static void a_key_is_the_user_of_basic_or_a_bearers_token(void **state) {
    (void)state;
    expect_shown("Basic c2hvcC1uZXc6", "shop-new"); /* shop-new: */
    expect_shown("basic c2hvcC1uZXc6", "shop-new");
    expect_shown("Basic c2hvcC1uZXc=", "shop-new"); /* shop-new */
    expect_shown("Bearer  shop-new", "shop-new");
    expect_shown("Basic ???", NULL);
    expect_shown("Digest c2hvcC1uZXc6", NULL);
    expect_shown("Basic", NULL);
    expect_shown("", NULL);
}

/* ---- bodies ---- */

static int read_body(struct tp_str text, struct tp_segment_body *body) {
    char message[160] = "";
    int error = tp_segment_body_read(text, 32, body, message);
    assert_true((error < 0) == (message[0] != '\0'));
    return error;
}

static int verdict(struct tp_str text) {
    struct tp_segment_body body;
    int error = read_body(text, &body);
    if (error == 0)
        tp_segment_body_free(&body);
    return error;
}

static void add_event(size_t bytes, struct tp_buf *out) { /* {"x":"aaa"} */
    tp_buf_adds(out, "{\"x\":\"");
    for (size_t i = 8; i < bytes; i++)
        tp_buf_addc(out, 'a');
    tp_buf_adds(out, "\"}");
}

static int verdict_of_batch(size_t n, size_t bytes, const char *between) {
    struct tp_buf text = TP_BUF_INIT;
    tp_buf_adds(&text, "{\"batch\":[");
    for (size_t i = 0; i < n; i++) {
        tp_buf_adds(&text, i > 0 ? between : "");
        add_event(bytes, &text);
    }
    tp_buf_adds(&text, "]}");
    int error = verdict(tp_buf_str(&text));
    tp_buf_free(&text);
    return error;
}

static int verdict_of_event(size_t bytes) {
    struct tp_buf text = TP_BUF_INIT;
    add_event(bytes, &text);
    int error = verdict(tp_buf_str(&text));
    tp_buf_free(&text);
    return error;
}

static void an_event_has_up_to_32_kilobytes(void **state) {
    (void)state;
    assert_int_equal(verdict_of_event(TP_SEGMENT_EVENT_BYTES), 0);
    assert_int_equal(verdict_of_event(TP_SEGMENT_EVENT_BYTES + 1), TP_EINVALID);
    assert_int_equal(verdict_of_batch(3, TP_SEGMENT_EVENT_BYTES, ","), 0);
    assert_int_equal(verdict_of_batch(3, TP_SEGMENT_EVENT_BYTES, ", \r\n"), 0);
    assert_int_equal(verdict_of_batch(1, TP_SEGMENT_EVENT_BYTES + 1, ","), TP_EINVALID);
}

static void a_batch_has_up_to_500_kilobytes(void **state) {
    (void)state;
    assert_int_equal(verdict_of_batch(500, 1022, ","), 0);
    assert_int_equal(verdict_of_batch(500, 1024, ","), TP_EINVALID);
}

static void a_batch_has_up_to_2500_events(void **state) {
    (void)state;
    assert_int_equal(verdict_of_batch(TP_SEGMENT_BATCH_EVENTS, 8, ","), 0);
    assert_int_equal(verdict_of_batch(TP_SEGMENT_BATCH_EVENTS + 1, 8, ","), TP_EINVALID);
}

static void what_is_no_object_is_refused(void **state) {
    (void)state;
    const struct tp_str none[] = {TP_STR(""),      TP_STR("[]"),         TP_STR("\"x\""), TP_STR("{\"batch\":[}"),
                                  TP_STR("{} {}"), TP_STR("data=%7B%7D")};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_true(verdict(none[i]) < 0);
}

static void a_body_may_name_its_key(void **state) {
    (void)state;
    struct tp_segment_body body;
    assert_int_equal(read_body(TP_STR("{\"writeKey\":\"sh\\u006fp-new\",\"batch\":[]}"), &body), 0);
    assert_true(tp_str_is(body.write_key, "shop-new"));
    tp_segment_body_free(&body);
    assert_int_equal(read_body(TP_STR("{\"writeKey\":7}"), &body), 0);
    assert_null(body.write_key.at);
    tp_segment_body_free(&body);
}

static void expect_mended(struct tp_str text, const char *expected) {
    struct tp_buf room = TP_BUF_INIT;
    struct tp_str mended = tp_segment_body_mend(text, &room);
    assert_int_equal(mended.len, strlen(expected));
    assert_memory_equal(mended.at, expected, mended.len);
    assert_true(!room.at == tp_str_is(text, expected));
    tp_buf_free(&room);
}

static void half_of_a_character_is_put_right(void **state) {
    (void)state;
    expect_mended(TP_STR("\"\\ud83d\""), "\"\\ufffd\"");
    expect_mended(TP_STR("\"\\uDE00x\\ud83d\""), "\"\\ufffdx\\ufffd\"");
    expect_mended(TP_STR("\"\\ud83d\\ud83d\\ude00\""), "\"\\ufffd\\ud83d\\ude00\"");
}

static void whole_characters_stay(void **state) {
    (void)state;
    const char *const whole[] = {
        "\"\\ud83d\\ude00\"", "\"\\\\ud83d\"", "\"\\\\\\\\ud83d\"", "\"\\u00e9\\n\"", "\"\\ud83\"", "\\", "", "\\ud83"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        expect_mended(tp_str(whole[i]), whole[i]);
}

/* ---- pages ---- */

static void an_origin_is_welcome_where_it_is_named(void **state) {
    (void)state;
    const char *origins = "https://shop.example, https://shop.example:8443";
    assert_true(tp_segment_is_welcome(origins, TP_STR("https://shop.example")));
    assert_true(tp_segment_is_welcome(origins, TP_STR("https://shop.example:8443")));
    assert_true(tp_segment_is_welcome("*", TP_STR("null")));
    assert_false(tp_segment_is_welcome(origins, TP_STR("http://shop.example")));
    assert_false(tp_segment_is_welcome(origins, TP_STR("https://shop.example.evil.example")));
    assert_false(tp_segment_is_welcome("", TP_STR("https://shop.example")));
    assert_false(tp_segment_is_welcome("*", TP_STR("")));
}

#define LEAVE                                                                                                          \
    "Vary: Origin\r\nAccess-Control-Allow-Origin: https://shop.example\r\nAccess-Control-Allow-Credentials: true\r\n"

static void expect_leave(const struct tp_str *asked, const char *expected) {
    struct tp_buf headers = TP_BUF_INIT;
    tp_segment_write_leave(TP_STR("https://shop.example"), asked, &headers);
    tp_buf_addc(&headers, '\0');
    assert_string_equal(headers.at, expected);
    tp_buf_free(&headers);
}

static void a_page_gets_leave_for_what_it_asks(void **state) {
    (void)state;
    const struct tp_str asked = TP_STR("authorization,x-retry-count"), odd = TP_STR("a\nb");
    expect_leave(NULL, LEAVE);
    expect_leave(&asked, LEAVE "Access-Control-Allow-Methods: GET, POST\r\n"
                               "Access-Control-Allow-Headers: authorization,x-retry-count\r\n"
                               "Access-Control-Max-Age: 7200\r\n");
    expect_leave(&odd, LEAVE "Access-Control-Allow-Methods: GET, POST\r\n"
                             "Access-Control-Allow-Headers: Authorization, Content-Type\r\n"
                             "Access-Control-Max-Age: 7200\r\n");
}

static void expect_settings(const char *address, const char *expected) {
    struct tp_buf json = TP_BUF_INIT;
    tp_segment_write_settings(TP_STR("k\"1"), tp_str(address), &json);
    tp_buf_addc(&json, '\0');
    assert_non_null(strstr(json.at, expected));
    assert_non_null(strstr(json.at, "\"apiKey\":\"k\\\"1\""));
    tp_buf_free(&json);
}

static void a_page_is_told_where_to_send(void **state) {
    (void)state;
    expect_settings("https://touch.example", "\"apiHost\":\"touch.example/v1\",\"protocol\":\"https\"");
    expect_settings("https://touch.example/in/", "\"apiHost\":\"touch.example/in/v1\",\"protocol\":\"https\"");
    expect_settings("http://127.0.0.1:8080", "\"apiHost\":\"127.0.0.1:8080/v1\",\"protocol\":\"http\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_names_its_source),
        cmocka_unit_test(what_is_no_write_key_names_none),
        cmocka_unit_test(a_key_is_the_user_of_basic_or_a_bearers_token),
        cmocka_unit_test(an_event_has_up_to_32_kilobytes),
        cmocka_unit_test(a_batch_has_up_to_500_kilobytes),
        cmocka_unit_test(a_batch_has_up_to_2500_events),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(a_body_may_name_its_key),
        cmocka_unit_test(half_of_a_character_is_put_right),
        cmocka_unit_test(whole_characters_stay),
        cmocka_unit_test(an_origin_is_welcome_where_it_is_named),
        cmocka_unit_test(a_page_gets_leave_for_what_it_asks),
        cmocka_unit_test(a_page_is_told_where_to_send),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
