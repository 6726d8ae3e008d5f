/* What was refused, into the journal, out again, and as a record that any consumer can read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/interaction.h"
#include "common/json.h"

static struct tp_rejection a_rejection(struct tp_str payload) {
    return (struct tp_rejection){
        .source = TP_STR("shop"),
        .id = TP_STR("e-1"),
        .code = TP_STR("unknown_member"),
        .path = TP_STR("chanel"),
        .message = TP_STR("a member that is not known here"),
        .payload = payload,
        .received_ms = 1767323045678,
    };
}

static void assert_text(struct tp_str is, struct tp_str expected) {
    assert_int_equal(is.len, expected.len);
    if (is.len > 0)
        assert_memory_equal(is.at, expected.at, is.len);
}

static void assert_json(const struct tp_rejection *rejection, const char *expected) {
    struct tp_buf out = TP_BUF_INIT;
    tp_rejection_json(rejection, &out);
    assert_text(tp_buf_str(&out), tp_str(expected));
    tp_buf_free(&out);
}

static void it_comes_back_as_it_went(void **state) {
    (void)state;
    struct tp_rejection before = a_rejection(TP_STR("\xff\0{")), after;
    struct tp_buf packed = TP_BUF_INIT;
    tp_rejection_pack(&before, &packed);
    assert_int_equal(tp_rejection_unpack(tp_buf_str(&packed), &after), 0);
    assert_text(after.source, before.source);
    assert_text(after.id, before.id);
    assert_text(after.code, before.code);
    assert_text(after.path, before.path);
    assert_text(after.message, before.message);
    assert_text(after.payload, before.payload);
    assert_int_equal(after.received_ms, before.received_ms);
    tp_buf_free(&packed);
}

static void cut_or_flipped_it_never_leads_outside(void **state) {
    (void)state;
    struct tp_rejection before = a_rejection(TP_STR("{}")), after;
    struct tp_buf packed = TP_BUF_INIT;
    tp_rejection_pack(&before, &packed);
    for (size_t len = 0; len < packed.len; len++) {
        char *cut = malloc(len + 1);
        memcpy(cut, packed.at, len);
        assert_int_equal(tp_rejection_unpack((struct tp_str){cut, len}, &after), TP_ECORRUPT);
        free(cut);
    }
    for (size_t i = 0; i < packed.len; i++) {
        packed.at[i] = (char)~packed.at[i];
        if (tp_rejection_unpack(tp_buf_str(&packed), &after) == 0) {
            assert_true(after.payload.at + after.payload.len == packed.at + packed.len);
            struct tp_buf out = TP_BUF_INIT;
            tp_rejection_json(&after, &out);
            tp_buf_free(&out);
        }
        packed.at[i] = (char)~packed.at[i];
    }
    tp_buf_free(&packed);
}

static void the_record_has_the_payload_as_received(void **state) {
    (void)state;
    struct tp_rejection rejection = a_rejection(TP_STR("{\"chanel\": \"w\xc3\xa9"
                                                       "b\"}\n"));
    assert_json(&rejection, "{\"source\":\"shop\",\"id\":\"e-1\",\"received_at\":\"2026-01-02T03:04:05.678Z\","
                            "\"reason\":{\"code\":\"unknown_member\",\"path\":\"chanel\","
                            "\"message\":\"a member that is not known here\"},"
                            "\"payload\":\"{\\\"chanel\\\": \\\"w\xc3\xa9"
                            "b\\\"}\\n\"}");
}

static void without_an_id_there_is_no_member(void **state) {
    (void)state;
    const char *expected = "{\"source\":\"shop\",\"received_at\":\"2026-01-02T03:04:05.678Z\","
                           "\"reason\":{\"code\":\"unknown_member\",\"path\":\"chanel\","
                           "\"message\":\"a member that is not known here\"},\"payload\":\"\"}";
    struct tp_rejection rejection = a_rejection((struct tp_str){0});
    rejection.id = (struct tp_str){0};
    assert_json(&rejection, expected);
    rejection.id = TP_STR("\xff"); /* nor is there one that would make the record unreadable */
    assert_json(&rejection, expected);
}

static void what_a_string_cannot_carry_is_base64(void **state) {
    (void)state;
    struct tp_rejection rejection = a_rejection(TP_STR("\xff\xfe"));
    const char *expected = "{\"source\":\"shop\",\"id\":\"e-1\",\"received_at\":\"2026-01-02T03:04:05.678Z\","
                           "\"reason\":{\"code\":\"unknown_member\",\"path\":\"chanel\","
                           "\"message\":\"a member that is not known here\"},\"payload_base64\":\"//4=\"}";
    assert_json(&rejection, expected);
}

static void a_large_payload_is_base64_in_one_piece(void **state) {
    (void)state;
    size_t len = 200000;
    char *zeros = calloc(1, len);
    struct tp_rejection rejection = a_rejection((struct tp_str){zeros, len});
    struct tp_buf out = TP_BUF_INIT;
    struct tp_json json;
    struct tp_json_error why;
    tp_rejection_json(&rejection, &out);
    assert_int_equal(tp_json_parse(tp_buf_str(&out), 8, &json, &why), 0);
    json_t *payload = json_object_get(json.root, "payload_base64");
    assert_int_equal(json_string_length(payload), (len + 2) / 3 * 4);
    assert_int_equal(strspn(json_string_value(payload), "A"), len * 4 / 3 + 1); /* padding only at its end */
    tp_json_free(&json);
    tp_buf_free(&out);
    free(zeros);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back_as_it_went),
        cmocka_unit_test(cut_or_flipped_it_never_leads_outside),
        cmocka_unit_test(the_record_has_the_payload_as_received),
        cmocka_unit_test(without_an_id_there_is_no_member),
        cmocka_unit_test(what_a_string_cannot_carry_is_base64),
        cmocka_unit_test(a_large_payload_is_base64_in_one_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
