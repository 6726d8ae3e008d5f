/* What was parsed is written as it was, but for white space and needless escapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/json.h"

static void assert_written(const char *text, const char *expected) {
    struct tp_json json;
    struct tp_json_error why;
    struct tp_buf out = TP_BUF_INIT;
    assert_int_equal(tp_json_parse(tp_str(text), 16, &json, &why), 0);
    tp_json_write(&json, json.root, &out);
    tp_buf_addc(&out, 0);
    assert_string_equal(out.at, expected);
    tp_buf_free(&out);
    tp_json_free(&json);
}

static void compactly_and_in_the_same_order(void **state) {
    (void)state;
    assert_written(" { \"z\" : [ ] , \"a\" : { } , \"m\" : [ null , true , false ] }",
                   "{\"z\":[],\"a\":{},\"m\":[null,true,false]}");
    assert_written("[[1],[2,[3]],{\"a\":{\"b\":4}}]", "[[1],[2,[3]],{\"a\":{\"b\":4}}]");
    assert_written("\"alone\"", "\"alone\"");
}

static void numbers_as_they_were_sent(void **state) {
    (void)state;
    const char *numbers = "[19.99,1.10,1E5,-0,0.0,1e-7,12345678901234567,[1.0,{\"a\":1.00}],1.000]";
    assert_written(numbers, numbers);
}

static void only_what_must_be_is_escaped(void **state) {
    (void)state;
    assert_written("\"\\\" \\\\ \\/ \\b\\f\\n\\r\\t \\u0001\\u001f \\u007f\"",
                   "\"\\\" \\\\ / \\b\\f\\n\\r\\t \\u0001\\u001f \x7f\"");
    assert_written("\"Zo\\u00eb \\ud83d\\ude00 \\u2028\"", "\"Zo\xc3\xab \xf0\x9f\x98\x80 \xe2\x80\xa8\"");
    assert_written("{\"a\\\"b\":1}", "{\"a\\\"b\":1}");
}

static void a_string_of_bytes(void **state) {
    (void)state;
    struct tp_buf out = TP_BUF_INIT;
    tp_json_write_string((struct tp_str){0}, &out);
    tp_json_write_string(TP_STR("a\0b\n"), &out);
    tp_buf_addc(&out, 0);
    assert_string_equal(out.at, "\"\"\"a\\u0000b\\n\"");
    tp_buf_free(&out);
}

static void a_part_alone_and_a_value_made_here(void **state) {
    (void)state;
    struct tp_json json;
    struct tp_json_error why;
    struct tp_buf out = TP_BUF_INIT;
    assert_int_equal(tp_json_parse(TP_STR("{\"a\":1.0,\"b\":{\"c\":2.50}}"), 16, &json, &why), 0);
    tp_json_write(&json, json_object_get(json.root, "b"), &out);
    json_t *made = json_pack("{s:i,s:f}", "i", -7, "f", 19.99);
    tp_json_write(NULL, made, &out);
    tp_json_write(&json, made, &out);
    tp_buf_addc(&out, 0);
    assert_string_equal(out.at, "{\"c\":2.50}{\"i\":-7,\"f\":19.99}{\"i\":-7,\"f\":19.99}");
    json_decref(made);
    tp_buf_free(&out);
    tp_json_free(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compactly_and_in_the_same_order),    cmocka_unit_test(numbers_as_they_were_sent),
        cmocka_unit_test(only_what_must_be_is_escaped),       cmocka_unit_test(a_string_of_bytes),
        cmocka_unit_test(a_part_alone_and_a_value_made_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
