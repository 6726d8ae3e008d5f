/* CloudEvents: an envelope, a batch of them, or an event whose attributes are headers. */
#include <stdio.h>

#include "tests/unit/source/receive.h"

#define ENVELOPE "\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"/shop\",\"type\":\"order.created\""

static void a_cloudevent_is_unwrapped(void **state) {
    (void)state;
    const char *event = "{" ENVELOPE ",\"time\":\"2026-01-02T03:04:05Z\",\"subject\":\"x\",\"myextension\":1,"
                        "\"datacontenttype\":\"application/json\",\"data\":{\"price\": 19.99, \"n\": 1.50}}";
    assert_int_equal(receive("application/cloudevents+json; charset=utf-8", event), 0);
    must_give("{\"price\":19.99,\"n\":1.50}");
    expect_text(element.raw, event);
    expect_text(element.defaults.id, "7");
    expect_text(element.defaults.source, "/shop");
    expect_text(element.defaults.type, "order.created");
    expect_text(element.defaults.time, "2026-01-02T03:04:05Z");
    must_end();
}

static void null_is_as_good_as_absent(void **state) {
    (void)state;
    assert_int_equal(
        receive("application/cloudevents+json", "{" ENVELOPE ",\"time\":null,\"data_base64\":null,\"data\":{}}"), 0);
    must_give("{}");
    assert_int_equal(element.defaults.time.len, 0);
}

static void its_data_may_be_base64(void **state) {
    (void)state;
    assert_int_equal(receive("application/cloudevents-batch+json",
                             "[{" ENVELOPE ",\"data_base64\":\"e30=\"},"            /* {} */
                             "{" ENVELOPE ",\"data_base64\":\"eyJhIjp0cnVlfQ==\"}," /* {"a":true} */
                             "{" ENVELOPE ",\"data_base64\":\"eyJhIjoxMX0K\"}]"),   /* {"a":11} and a line end */
                     0);
    must_give("{}");
    must_give("{\"a\":true}");
    must_give("{\"a\":11}\n");
    must_end();
}

static void base64_is_taken_strictly(void **state) {
    static const char *const wrong[] = {"e30", "e3 =", "=30=", "e3==e30=", "e30=====", "e\\n0=", "e3\\u00fc="};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char event[256];
        snprintf(event, sizeof event, "{" ENVELOPE ",\"data_base64\":\"%s\"}", wrong[i]);
        assert_int_equal(receive("application/cloudevents+json", event), 0);
        must_refuse(TP_EFORM, "data_base64");
    }
}

static void a_batch_is_refused_one_by_one(void **state) {
    (void)state;
    assert_int_equal(receive("application/cloudevents-batch+json",
                             "[{" ENVELOPE ",\"data\":{\"a\":1}}, {\"specversion\":\"0.3\",\"id\":\"8\",\"source\":"
                             "\"/shop\",\"type\":\"t\",\"data\":{}}, {broken}, 7]"),
                     0);
    must_give("{\"a\":1}");
    must_refuse(TP_EFORM, "specversion");
    expect_text(element.defaults.id, "8");
    must_refuse(TP_EJSON, "");
    must_refuse(TP_ETYPE, "");
    must_end();
}

static void an_envelope_must_be_one(void **state) {
    static const struct {
        const char *event;
        int error;
        const char *path;
    } cases[] = {
        {"{\"id\":\"7\",\"source\":\"s\",\"type\":\"t\",\"data\":{}}", TP_EREQUIRED, "specversion"},
        {"{\"specversion\":\"1.0\",\"source\":\"s\",\"type\":\"t\",\"data\":{}}", TP_EREQUIRED, "id"},
        {"{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"\",\"type\":\"t\",\"data\":{}}", TP_EREQUIRED, "source"},
        {"{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"s\",\"data\":{}}", TP_EREQUIRED, "type"},
        {"{\"specversion\":\"1.0\",\"id\":7,\"source\":\"s\",\"type\":\"t\",\"data\":{}}", TP_ETYPE, "id"},
        {"{\"specversion\":1.0,\"id\":\"7\",\"source\":\"s\",\"type\":\"t\",\"data\":{}}", TP_ETYPE, "specversion"},
        {"{" ENVELOPE ",\"time\":1,\"data\":{}}", TP_ETYPE, "time"},
        {"{" ENVELOPE "}", TP_EREQUIRED, "data"},
        {"{" ENVELOPE ",\"data\":null}", TP_EREQUIRED, "data"},
        {"{" ENVELOPE ",\"data\":{},\"data_base64\":\"e30=\"}", TP_EFORM, "data_base64"},
        {"{" ENVELOPE ",\"data_base64\":{}}", TP_ETYPE, "data_base64"},
        {"{" ENVELOPE ",\"datacontenttype\":\"text/xml\",\"data\":\"<a/>\"}", TP_EMEDIATYPE, "datacontenttype"},
        {"{" ENVELOPE ",\"id\":\"8\",\"data\":{}}", TP_EDUPLICATE, ""},
        {"{" ENVELOPE ",\"data\":{\"2\":{\"3\":{\"4\":{\"5\":{}}}}}}", TP_ETOODEEP, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(receive("application/cloudevents+json", cases[i].event), 0);
        must_refuse(cases[i].error, cases[i].path);
        must_end();
    }
}

static void the_envelope_costs_its_data_no_depth(void **state) {
    (void)state;
    assert_int_equal(receive("application/cloudevents+json", "{" ENVELOPE ",\"data\":{\"2\":{\"3\":{\"4\":{}}}}}"), 0);
    must_give("{\"2\":{\"3\":{\"4\":{}}}}");
}

static void one_cloudevent_is_no_batch(void **state) {
    (void)state;
    assert_int_equal(receive("application/cloudevents+json", "[{" ENVELOPE ",\"data\":{}}]"), TP_EJSON);
    assert_int_equal(receive("application/cloudevents-batch+json", "{" ENVELOPE ",\"data\":{}}"), TP_EJSON);
}

static void attributes_may_come_as_headers(void **state) {
    (void)state;
    const struct header headers[] = {{"host", "x"},
                                     {"ce-specversion", "1.0"},
                                     {"ce-id", "\"a \\\"b\\\"\""},
                                     {"ce-source", "/b%C3%BCro%20%"},
                                     {"ce-type", "order.created"},
                                     {"ce-time", "2026-01-02T03:04:05Z"},
                                     {"ce-myextension", "1"},
                                     {"ce-", ""},
                                     {0}};
    assert_int_equal(receive_with("application/json", headers, TP_STR(" {\"a\": 1.0} ")), 0);
    must_give("{\"a\": 1.0}");
    expect_text(element.defaults.id, "a \"b\"");
    expect_text(element.defaults.source, "/b\xc3\xbcro %");
    expect_text(element.defaults.type, "order.created");
    expect_text(element.defaults.time, "2026-01-02T03:04:05Z");
    must_end();
}

static void headers_make_no_event_without_a_version(void **state) {
    (void)state;
    const struct header headers[] = {{"ce-id", "7"}, {"ce-type", "t"}, {0}};
    assert_int_equal(receive_with("application/json", headers, TP_STR("[{},{}]")), 0);
    must_give("{}");
    assert_int_equal(element.defaults.id.len, 0);
    must_give("{}");
    must_end();
}

static void headers_must_be_right(void **state) {
    static const struct {
        struct header headers[6];
        int error;
        const char *path;
    } cases[] = {
        {{{"ce-specversion", "0.3"}, {"ce-id", "7"}, {"ce-source", "s"}, {"ce-type", "t"}}, TP_EFORM, "ce-specversion"},
        {{{"ce-specversion", ""}, {"ce-id", "7"}, {"ce-source", "s"}, {"ce-type", "t"}},
         TP_EREQUIRED,
         "ce-specversion"},
        {{{"ce-specversion", "1.0"}, {"ce-source", "s"}, {"ce-type", "t"}}, TP_EREQUIRED, "ce-id"},
        {{{"ce-specversion", "1.0"}, {"ce-id", "7"}, {"ce-source", "s"}, {"ce-type", "t"}, {"ce-id", "8"}},
         TP_EDUPLICATE,
         "ce-id"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(receive_with("application/json", cases[i].headers, TP_STR("{}")), 0);
        must_refuse(cases[i].error, cases[i].path);
        must_end();
    }
}

static void binary_data_is_json(void **state) {
    (void)state;
    const struct header headers[] = {
        {"ce-specversion", "1.0"}, {"ce-id", "7"}, {"ce-source", "s"}, {"ce-type", "t"}, {0}};
    assert_int_equal(receive_with("application/vnd.example+json; charset=utf-8", headers, TP_STR("{}")), 0);
    must_give("{}");
    assert_int_equal(receive_with("", headers, TP_STR("{}")), 0);
    must_give("{}");
    assert_int_equal(receive_with("text/xml", headers, TP_STR("{}")), TP_EMEDIATYPE);
    assert_int_equal(receive_with("application/x-ndjson", headers, TP_STR("{}")), TP_EMEDIATYPE);
    assert_int_equal(receive_with("application/json", headers, TP_STR("[{}]")), TP_EJSON);
}

static void an_envelope_says_more_than_headers(void **state) {
    (void)state;
    const struct header headers[] = {{"ce-specversion", "1.0"}, {"ce-id", "of the headers"}, {0}};
    assert_int_equal(receive_with("application/cloudevents+json", headers, TP_STR("{" ENVELOPE ",\"data\":{\"a\":1}}")),
                     0);
    must_give("{\"a\":1}");
    expect_text(element.defaults.id, "7");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_cloudevent_is_unwrapped, leave),
        cmocka_unit_test_teardown(null_is_as_good_as_absent, leave),
        cmocka_unit_test_teardown(its_data_may_be_base64, leave),
        cmocka_unit_test_teardown(base64_is_taken_strictly, leave),
        cmocka_unit_test_teardown(a_batch_is_refused_one_by_one, leave),
        cmocka_unit_test_teardown(an_envelope_must_be_one, leave),
        cmocka_unit_test_teardown(the_envelope_costs_its_data_no_depth, leave),
        cmocka_unit_test_teardown(one_cloudevent_is_no_batch, leave),
        cmocka_unit_test_teardown(attributes_may_come_as_headers, leave),
        cmocka_unit_test_teardown(headers_make_no_event_without_a_version, leave),
        cmocka_unit_test_teardown(headers_must_be_right, leave),
        cmocka_unit_test_teardown(binary_data_is_json, leave),
        cmocka_unit_test_teardown(an_envelope_says_more_than_headers, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
