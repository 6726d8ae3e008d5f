/* What is one JSON value, and what is refused in which words. */
#include "common/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/json_read.h"

#define MAX_DEPTH 8

static struct tp_json parsed(const char *text) {
    struct tp_json json;
    struct tp_json_error why;
    if (tp_json_parse(tp_str(text), MAX_DEPTH, &json, &why))
        fail_msg("%s was refused: %s", text, why.message);
    return json;
}

static void expect_refused(struct tp_str text, int expected, const char *message) {
    struct tp_json json;
    struct tp_json_error why;
    int error = tp_json_parse(text, MAX_DEPTH, &json, &why);
    if (error != expected)
        fail_msg("%.*s: %d instead of %d", TP_FMT(text), error, expected);
    assert_string_equal(why.message, message);
    assert_null(json.root);
    tp_json_free(&json); /* harmless */
}

static void any_value_with_white_space_around_it(void **state) {
    (void)state;
    static const char *const good[] = {"{}", "[]", "null", "true", "\"\"", "0", " \t\r\n{ \"a\" : [ 1 , 2 ] } \n"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct tp_json json = parsed(good[i]);
        assert_non_null(json.root);
        tp_json_free(&json);
    }
}

#define SYNTAX "not JSON: an unexpected character, a bad escape or half a surrogate pair, at byte "
#define EARLY  "not JSON: it ends too early, at byte "

static void what_is_not_json_is_told_with_its_byte(void **state) {
    (void)state;
    expect_refused(TP_STR(""), TP_EJSON, EARLY "0");
    expect_refused(TP_STR("{\"a\":1"), TP_EJSON, EARLY "6");
    expect_refused(TP_STR("{\"a"), TP_EJSON, EARLY "3");
    expect_refused(TP_STR("{\"a\":tru}"), TP_EJSON, SYNTAX "8");
    expect_refused(TP_STR("{\"a\":1,}"), TP_EJSON, SYNTAX "8");
    expect_refused(TP_STR("{'a':1}"), TP_EJSON, SYNTAX "2");
    expect_refused(TP_STR("[01]"), TP_EJSON, SYNTAX "2");
    expect_refused(TP_STR("\"\\ud83d\""), TP_EJSON, SYNTAX "8");
    expect_refused(TP_STR("{} {}"), TP_EJSON, "not JSON: something follows the value, at byte 4");
    expect_refused(TP_STR("{\"a\":\"\0\"}"), TP_EJSON, "a NUL byte, at byte 7");
    expect_refused(TP_STR("{}\0"), TP_EJSON, "a NUL byte, at byte 3");
}

static void what_jansson_will_not_take_has_its_own_words(void **state) {
    (void)state;
    const char *number = "a number too large for a double or, without a fraction, for 64 bits, at byte ";
    char message[160];
    snprintf(message, sizeof message, "%s26", number);
    expect_refused(TP_STR("{\"a\":123456789012345678901}"), TP_ERANGE, message);
    snprintf(message, sizeof message, "%s6", number);
    expect_refused(TP_STR("[1e999]"), TP_ERANGE, message);
    expect_refused(TP_STR("[\"\xc3(\"]"), TP_EUTF8, "not UTF-8, at byte 3");
    expect_refused(TP_STR("{\"a\":1,\"a\":2}"), TP_EDUPLICATE, "a member stands twice in one object, at byte 10");
    expect_refused(TP_STR("{\"a\":\"\\u0000\"}"), TP_EFORM, "an escaped NUL (\\u0000), which is not taken, at byte 13");
    expect_refused(TP_STR("{\"\\u0000\":1}"), TP_EFORM, "an escaped NUL (\\u0000), which is not taken, at byte 9");
}

static void no_message_quotes_the_input(void **state) {
    (void)state;
    static const char *const bad[] = {
        "secret",           "{secret:1}",        "{\"secret\":secret}", "{\"secret\":1,\"secret\":2}",
        "\"secret",         "\"secret\\u0000\"", "\"secret\\x\"",       "{\"secret\":1e999}",
        "[\"secret\"] one", "\"secret\\ud800\"", "[\"secret\xff\"]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tp_json json;
        struct tp_json_error why;
        assert_int_not_equal(tp_json_parse(tp_str(bad[i]), MAX_DEPTH, &json, &why), 0);
        assert_null(strstr(why.message, "secret"));
    }
}

static void nesting_is_counted_before_anything_else(void **state) {
    (void)state;
    struct tp_json json = parsed("[[[[[[[[1]]]]]]]]");
    tp_json_free(&json);
    json = parsed("[\"[[[[[[[[[\", \"\\\"[[[[[[[[[\", {}, {}, {}, {}, {}, {}, {}, {}, {}]");
    tp_json_free(&json);
    expect_refused(TP_STR("[[[[{\"a\":[[[[1]]]]}]]]]"), TP_ETOODEEP, "nested too deeply, at byte 13");
    struct tp_buf deep = TP_BUF_INIT;
    for (int i = 0; i < 10000; i++)
        tp_buf_addc(&deep, '[');
    expect_refused(tp_buf_str(&deep), TP_ETOODEEP, "nested too deeply, at byte 9");
    struct tp_json_error why; /* and where no one counts before, jansson does */
    assert_int_equal(tp_json_parse(tp_buf_str(&deep), 20000, &json, &why), TP_ETOODEEP);
    tp_buf_free(&deep);
}

static void assert_number(struct tp_json *json, const char *member, const char *text) {
    struct tp_str is = tp_json_number(json, json_object_get(json->root, member));
    assert_int_equal(is.len, strlen(text));
    assert_memory_equal(is.at, text, is.len);
}

static void a_number_keeps_its_text_in_any_order(void **state) {
    (void)state;
    struct tp_json json =
        parsed("{\"a\":19.99,\"b\":1.10,\"s\":\"7 \\\" 8\",\"c\":1E5,\"d\":-0,\"e\":9223372036854775807,"
               "\"9\":0.1e-2,\"f\":100000000000000000000.0}");
    assert_int_equal(json.n_numbers, 7);
    static const char *const expected[][2] = {{"a", "19.99"},
                                              {"b", "1.10"},
                                              {"c", "1E5"},
                                              {"d", "-0"},
                                              {"e", "9223372036854775807"},
                                              {"9", "0.1e-2"},
                                              {"f", "100000000000000000000.0"}};
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < 7; i++)
            assert_number(&json, expected[i][0], expected[i][1]);
    for (size_t i = 0; i < 7; i++) {
        assert_number(&json, expected[6 - i][0], expected[6 - i][1]);
        assert_number(&json, expected[6 - i][0], expected[6 - i][1]);
    }
    tp_json_free(&json);
}

/* A number that only rounds to zero is among what the quick reader leaves to jansson. */
static void also_where_the_quick_reader_gave_up(void **state) {
    (void)state;
    struct tp_json json = parsed("{\"a\":1e-400,\"s\":\"7 \\\" 8\",\"l\":[2,{\"m\":3}],\"b\":1.10}");
    assert_false(tp_json_read(TP_STR("1e-400"), MAX_DEPTH, &(struct tp_json){0}));
    assert_int_equal(json.n_numbers, 4);
    assert_number(&json, "a", "1e-400");
    assert_number(&json, "b", "1.10");
    tp_json_free(&json);
}

static void equal_numbers_are_told_apart(void **state) {
    (void)state;
    struct tp_json json = parsed("{\"a\":[1, 1.0, 1.00, 1e0], \"b\":1.000}");
    const json_t *list = json_object_get(json.root, "a");
    assert_number(&json, "b", "1.000");
    struct tp_str text = tp_json_number(&json, json_array_get(list, 2));
    assert_memory_equal(text.at, "1.00", text.len);
    assert_int_equal(text.len, 4);
    tp_json_free(&json);
}

static void a_number_of_our_own_is_as_short_as_can_be(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{19.99, "19.99"}, {0.1 + 0.2, "0.30000000000000004"}, {5, "5.0"}, {1e300, "1e300"}, {-0.5, "-0.5"}};
    struct tp_json json = parsed("{\"a\":1}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *value = json_real(cases[i].value);
        struct tp_str text = tp_json_number(&json, value);
        assert_int_equal(text.len, strlen(cases[i].text));
        assert_memory_equal(text.at, cases[i].text, text.len);
        json_decref(value);
    }
    json_t *least = json_integer(INT64_MIN);
    struct tp_str text = tp_json_number(&json, least);
    assert_memory_equal(text.at, "-9223372036854775808", text.len);
    json_decref(least);
    tp_json_free(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_value_with_white_space_around_it),
        cmocka_unit_test(what_is_not_json_is_told_with_its_byte),
        cmocka_unit_test(what_jansson_will_not_take_has_its_own_words),
        cmocka_unit_test(no_message_quotes_the_input),
        cmocka_unit_test(nesting_is_counted_before_anything_else),
        cmocka_unit_test(a_number_keeps_its_text_in_any_order),
        cmocka_unit_test(also_where_the_quick_reader_gave_up),
        cmocka_unit_test(equal_numbers_are_told_apart),
        cmocka_unit_test(a_number_of_our_own_is_as_short_as_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
