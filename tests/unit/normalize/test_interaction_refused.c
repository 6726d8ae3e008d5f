/* How a refusal is said. What is refused, and where, is the table in tests/cases/interaction.json. */
#include <stdio.h>

#include "tests/unit/normalize/sending.h"

static void must_refuse(const char *json, int error, const char *path, const char *message) {
    assert_int_equal(send((struct tp_normalize_input){.data = tp_str(json)}), error);
    assert_int_equal(refusal.error, error);
    assert_string_equal(refusal.path, path);
    assert_string_equal(refusal.message, message);
}

static void a_refusal_says_where_and_what_was_expected(void **state) {
    (void)state;
    must_refuse("{\"channel\":\"web\",\"type\":7," ANN "}", TP_ETYPE, "type", "a string was expected, not a number");
    must_refuse("{\"channel\":\"web\",\"type\":\"a\",\"direction\":\"in\"," ANN "}", TP_EFORM, "direction",
                "one of inbound, outbound, internal was expected");
    must_refuse("{\"channel\":\"web\",\"type\":\"a\",\"wait_s\":-1," ANN "}", TP_ERANGE, "wait_s",
                "a number from 0 to 315360000 was expected");
    must_refuse("{\"channel\":\"web\",\"type\":\"a\",\"version\":-1," ANN "}", TP_ERANGE, "version",
                "a number from 0 to 9007199254740991 was expected");
    must_refuse("{\"channel\":\"\",\"type\":\"a\"," ANN "}", TP_ERANGE, "channel", "1 to 32 characters were expected");
    must_refuse("{\"channel\":\"web\"," ANN "}", TP_EREQUIRED, "type", "this member is required");
    must_refuse("{\"channel\":\"web\",\"type\":\"a\",\"feedback\":{\"scale\":5}," ANN "}", TP_EREQUIRED, "feedback",
                "exactly one of csat, nps, ces was expected");
    must_refuse("{\"channel\":\"web\",\"type\":\"a\",\"customer\":{\"customer_id\":4711}}", TP_ETYPE,
                "customer.customer_id", "a string was expected, not a number: put it into quotes");
    must_refuse("{\"channel\":\"web\",\"type\":\"a\",\"customer\":{\"fax\":\"1\"}}", TP_EUNKNOWN, "customer.fax",
                "not known here");
    must_refuse("{\"channel\":\"web\",\"type\":\"a\",\"traits\":{}," ANN "}", TP_EUNKNOWN, "traits",
                "known of an event of type identify only; free data goes into attributes");
    must_refuse("{\"channel\":\"web\",\"type\":\"identify\",\"attributes\":{}," ANN "}", TP_EUNKNOWN, "attributes",
                "not known of an event of type identify");
    must_refuse("{\"chanel\":\"web\"}", TP_EUNKNOWN, "chanel", "not known here; free data goes into attributes");
}

static void a_refusal_tells_the_id_that_was_sent(void **state) {
    (void)state;
    send((struct tp_normalize_input){.data = TP_STR("{\"foo\":1,\"id\":\"CA1\"}")});
    assert_int_equal(refusal.error, TP_EUNKNOWN);
    expect_text(refusal.id, "CA1");
    send((struct tp_normalize_input){.data = TP_STR("{\"foo\":1}"), .id = TP_STR("ce-1")});
    expect_text(refusal.id, "ce-1");
    send((struct tp_normalize_input){.data = TP_STR("{\"foo\":1,\"id\":\"\"}")});
    assert_int_equal(refusal.id.len, 0);
    send((struct tp_normalize_input){.data = TP_STR("{\"foo\":1,\"id\":1}")});
    assert_int_equal(refusal.id.len, 0);
    send((struct tp_normalize_input){.data = TP_STR("{\"foo\":1}")});
    assert_int_equal(refusal.id.len, 0);
    send((struct tp_normalize_input){.data = TP_STR("{\"id\":\"CA1\"")});
    assert_int_equal(refusal.error, TP_EJSON);
    assert_int_equal(refusal.id.len, 0);
}

static void a_refusal_leaves_the_next_one_alone(void **state) {
    (void)state;
    const char *bad = "{\"channel\":\"web\",\"type\":\"a\",\"customer\":{\"customer_id\":\"1\",\"email\":\"ann\"}}";
    assert_int_equal(send((struct tp_normalize_input){.data = tp_str(bad)}), TP_EFORM);
    must_take("{\"channel\":\"web\",\"type\":\"a\"," ANN "}");
    assert_int_equal(interaction.n_identifiers, 1);
    assert_int_equal(refusal.error, 0);
    assert_string_equal(refusal.path, "");
}

static void size_and_depth_are_bounded(void **state) {
    (void)state;
    char json[4098];
    int len = snprintf(json, sizeof json, "{\"channel\":\"web\",\"type\":\"a\"," ANN ",\"text\":\"");
    memset(json + len, 'x', sizeof json - (size_t)len);
    memcpy(json + 4094, "\"}", 2);
    assert_int_equal(send((struct tp_normalize_input){.data = {json, 4096}}), 0);
    assert_int_equal(send((struct tp_normalize_input){.data = {json, 4097}}), TP_ETOOLARGE);
    assert_string_equal(refusal.path, "");
    must_take("{\"channel\":\"web\",\"type\":\"a\"," ANN ",\"attributes\":{\"a\":[[[[[[]]]]]]}}");
    assert_int_equal(send((struct tp_normalize_input){
                         .data = TP_STR("{\"channel\":\"web\",\"attributes\":{\"a\":[[[[[[[]]]]]]]}}")}),
                     TP_ETOODEEP);
    assert_int_equal(send((struct tp_normalize_input){.data = {0}}), TP_EJSON);
}

static void bytes_that_are_no_text_are_refused(void **state) {
    (void)state;
    assert_int_equal(send((struct tp_normalize_input){.data = TP_STR("{\"id\":\"\xc3\x28\"}")}), TP_EUTF8);
    assert_int_equal(send((struct tp_normalize_input){.data = TP_STR("{\"id\":\"a\0b\"}")}), TP_EJSON);
    assert_int_equal(refusal.path[0], 0);
}

static void look_ups_are_made_canonical_alike(void **state) {
    (void)state;
    struct tp_buf out = TP_BUF_INIT;
    assert_int_equal(tp_normalize_identifier(normalizer, TP_STR("email"), TP_STR(" ANN@example.com"), &out, &refusal),
                     0);
    expect_text(tp_buf_str(&out), "ann@example.com");
    assert_int_equal(tp_normalize_identifier(normalizer, TP_STR("fax"), TP_STR("1"), &out, &refusal), TP_ENOTFOUND);
    assert_int_equal(tp_normalize_identifier(normalizer, TP_STR("email"), TP_STR("ann"), &out, &refusal), TP_EFORM);
    assert_string_equal(refusal.path, "email");
    assert_int_equal(tp_normalize_identifier(normalizer, TP_STR("email"), TP_STR("\xc2"), &out, &refusal), TP_EUTF8);
    assert_int_equal(tp_normalize_identifier(normalizer, TP_STR("customer_id"), TP_STR("a\nb"), &out, &refusal),
                     TP_EFORM);
    expect_text(tp_buf_str(&out), "ann@example.com");
    tp_buf_free(&out);
}

static void a_normalizer_without_types_is_refused(void **state) {
    (void)state;
    struct tp_normalizer *other = NULL;
    struct tp_normalize_options none = options;
    none.types = " , ";
    assert_int_equal(tp_normalizer_new(&none, &other), TP_ECONFIG);
    assert_null(other);
    tp_normalizer_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_says_where_and_what_was_expected),
        cmocka_unit_test(a_refusal_tells_the_id_that_was_sent),
        cmocka_unit_test(a_refusal_leaves_the_next_one_alone),
        cmocka_unit_test(size_and_depth_are_bounded),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(look_ups_are_made_canonical_alike),
        cmocka_unit_test(a_normalizer_without_types_is_refused),
    };
    return cmocka_run_group_tests(tests, open_normalizer, close_normalizer);
}
