/* An event gets what it lacks, and every byte that it has stays as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/send.h"

static void inserted(const char *object, const char *expected) {
    struct tp_buf out = TP_BUF_INIT;
    tp_ctl_event_insert(tp_str(object), "id", TP_STR("a \"b\""), &out);
    assert_int_equal(out.len, strlen(expected));
    assert_memory_equal(out.at, expected, out.len);
    tp_buf_free(&out);
}

static void a_member_is_put_in_front(void **state) {
    (void)state;
    inserted("{\"price\":19.90}", "{\"id\":\"a \\\"b\\\"\",\"price\":19.90}");
    inserted(" { \"a\" : 1 } ", " {\"id\":\"a \\\"b\\\"\", \"a\" : 1 } ");
    inserted("{}", "{\"id\":\"a \\\"b\\\"\"}");
    inserted("{ \n}", "{\"id\":\"a \\\"b\\\"\" \n}");
}

static struct tp_str identified(const char *line, uint64_t number, struct tp_buf *out) {
    tp_buf_clear(out);
    tp_ctl_event_identify(tp_str(line), number, out);
    return tp_buf_str(out);
}

static void what_has_an_id_or_is_no_object_stays_as_it_is(void **state) {
    (void)state;
    static const char *const lines[] = {
        "{\"id\":\"mine\",\"a\":1}", "{\"id\":7}",         "{\"id\":null}", "[1]", "42", "{\"a\":1",
        "{\"a\":1,\"a\":2}",         "{\"a\":\"\\u0000\"}"};
    struct tp_buf out = TP_BUF_INIT;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_true(tp_str_is(identified(lines[i], 1, &out), lines[i]));
    tp_buf_free(&out);
}

static void an_id_is_made_of_the_lines_bytes_and_its_number(void **state) {
    (void)state;
    struct tp_buf one = TP_BUF_INIT, other = TP_BUF_INIT;
    static const char line[] = "{\"attributes\":{\"id\":1}}";
    assert_true(tp_str_equal(identified(line, 12, &one), identified(line, 12, &other)));
    assert_true(one.len > strlen(line));
    assert_memory_equal(one.at, "{\"id\":\"line-12-", 15);
    assert_memory_equal(one.at + one.len - strlen(line) + 1, line + 1, strlen(line) - 1);
    assert_false(tp_str_equal(tp_buf_str(&one), identified(line, 13, &other)));
    identified("{\"attributes\":{\"id\":2}}", 12, &other);
    assert_memory_not_equal(one.at, other.at, 50);
    tp_buf_free(&one);
    tp_buf_free(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_is_put_in_front),
        cmocka_unit_test(what_has_an_id_or_is_no_object_stays_as_it_is),
        cmocka_unit_test(an_id_is_made_of_the_lines_bytes_and_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
