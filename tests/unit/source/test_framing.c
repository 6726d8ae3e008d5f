/* Bodies taken apart: what is one event, what is many, what is refused whole, and what of it one by one. */
#include "tests/unit/source/receive.h"

static void an_object_is_one_event(void **state) {
    (void)state;
    assert_int_equal(receive("application/json", " {\"a\":\n \"}\\\"\"} \r\n"), 0);
    must_give("{\"a\":\n \"}\\\"\"}");
    expect_text(element.raw, "{\"a\":\n \"}\\\"\"}");
    assert_int_equal(element.defaults.id.len, 0);
    must_end();
}

static void an_array_is_as_many_as_it_has_elements(void **state) {
    (void)state;
    assert_int_equal(receive("application/json", "[{\"a\":1}, {\"b\":[2]} ]"), 0);
    must_give("{\"a\":1}");
    must_give("{\"b\":[2]}");
    must_end();
}

static void one_is_told_from_many(void **state) {
    (void)state;
    receive("application/json", "{}");
    assert_true(tp_source_single(reader));
    receive("application/json", "[{}]");
    assert_true(tp_source_single(reader));
    must_give("{}");
    assert_true(tp_source_single(reader));
    receive("application/x-ndjson", "{}\n{}");
    assert_false(tp_source_single(reader));
}

static void one_bad_element_leaves_the_others_whole(void **state) {
    (void)state;
    assert_int_equal(receive("application/json", "[{\"a\":1},{\"b\":nonsense},7]"), 0);
    must_give("{\"a\":1}");
    must_give("{\"b\":nonsense}");
    must_give("7");
    must_end();
}

static void lines_are_an_event_each(void **state) {
    (void)state;
    assert_int_equal(receive("application/x-ndjson", "{\"a\":1}\r\n\r\n  \n{not json\n{\"c\":3}"), 0);
    must_give("{\"a\":1}");
    must_give("{not json");
    must_give("{\"c\":3}");
    must_end();
}

static void lines_have_several_names(void **state) {
    static const char *const names[] = {"application/ndjson", "application/jsonl", "application/x-jsonlines",
                                        "Application/X-NDJSON ; Charset=UTF-8"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(receive(names[i], "{}\n{}"), 0);
        must_give("{}");
        must_give("{}");
        must_end();
    }
}

static void without_a_type_the_bytes_tell(void **state) {
    (void)state;
    static const char *const types[] = {"", "text/plain", "text/plain;charset=UTF-8"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        assert_int_equal(receive(types[i], "[{\"a\":1},{\"b\":2}]"), 0);
        must_give("{\"a\":1}");
        must_give("{\"b\":2}");
        must_end();
        assert_int_equal(receive(types[i], "{\"a\":1}\n{\"b\":2}\n"), 0);
        must_give("{\"a\":1}");
        must_give("{\"b\":2}");
        must_end();
        assert_int_equal(receive(types[i], "{\n  \"a\": 1\n}\n"), 0);
        must_give("{\n  \"a\": 1\n}");
        must_end();
        assert_int_equal(receive(types[i], "{} {}"), TP_EJSON);
        assert_int_equal(receive(types[i], "a=1&b=2"), TP_EJSON);
    }
}

static void a_byte_order_mark_is_stepped_over(void **state) {
    (void)state;
    assert_int_equal(receive("application/json", "\xef\xbb\xbf{\"a\":1}"), 0);
    must_give("{\"a\":1}");
    assert_int_equal(receive("application/json", "\xef\xbb\xbf"), TP_EINVALID);
}

static void what_is_empty_is_said_to_be(void **state) {
    (void)state;
    assert_int_equal(receive("application/json", ""), TP_EINVALID);
    assert_int_equal(receive("application/json", " \r\n\t"), TP_EINVALID);
    assert_int_equal(receive("application/x-ndjson", "\n\n"), TP_EINVALID);
    assert_int_equal(receive("application/json", "[ ]"), TP_EINVALID);
    assert_int_equal(receive_with("application/json", NULL, (struct tp_str){0}), TP_EINVALID);
}

static void a_broken_frame_is_refused_whole(void **state) {
    static const char *const broken[] = {
        "{\"a\":1",
        "{\"a\":\"}",
        "{\"a\":1}{\"b\":2}",
        "{\"a\":1}\n{\"b\":2}",
        "{\"a\":1},",
        "[{\"a\":1}",
        "[{} {}]",
        "[{},]",
        "[{}]]",
        "null",
        "\"{}\"",
        "{\"a\":\"\\",
    };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_int_equal(receive("application/json", broken[i]), TP_EJSON);
    assert_null(reader);
}

static void events_are_counted(void **state) {
    (void)state;
    assert_int_equal(receive("application/json", "[1,2,3,4]"), 0);
    assert_int_equal(receive("application/json", "[1,2,3,4,5]"), TP_ETOOMANY);
    assert_int_equal(receive("application/x-ndjson", "1\n2\n3\n4\n\n"), 0);
    assert_int_equal(receive("application/x-ndjson", "1\n2\n3\n4\n5"), TP_ETOOMANY);
}

static void other_types_are_not_taken(void **state) {
    static const char *const others[] = {
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "application/xml",
        "application/json; charset=iso-8859-1",
        "application/json; version=2",
        "application/json; charset",
        "application/jsonp",
        "application/cloudevents+avro",
        "multipart/form-data; boundary=x",
    };
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(receive(others[i], "{}"), TP_EMEDIATYPE);
    assert_int_equal(receive("APPLICATION/JSON;charset=\"utf-8\";", "{}"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_object_is_one_event, leave),
        cmocka_unit_test_teardown(an_array_is_as_many_as_it_has_elements, leave),
        cmocka_unit_test_teardown(one_is_told_from_many, leave),
        cmocka_unit_test_teardown(one_bad_element_leaves_the_others_whole, leave),
        cmocka_unit_test_teardown(lines_are_an_event_each, leave),
        cmocka_unit_test_teardown(lines_have_several_names, leave),
        cmocka_unit_test_teardown(without_a_type_the_bytes_tell, leave),
        cmocka_unit_test_teardown(a_byte_order_mark_is_stepped_over, leave),
        cmocka_unit_test_teardown(what_is_empty_is_said_to_be, leave),
        cmocka_unit_test_teardown(a_broken_frame_is_refused_whole, leave),
        cmocka_unit_test_teardown(events_are_counted, leave),
        cmocka_unit_test_teardown(other_types_are_not_taken, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
