/* Percent-encoding, undone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/percent.h"

static void expect_decoded(const char *text, bool plus, struct tp_str expected) {
    char room[64];
    struct tp_str found = {room, 0};
    assert_int_equal(tp_percent_decode(tp_str(text), plus, room, &found.len), 0);
    assert_true(tp_str_equal(found, expected));
}

static void escapes_are_bytes(void **state) {
    (void)state;
    expect_decoded("", false, TP_STR(""));
    expect_decoded("a%20b%C3%a9%00c", false, TP_STR("a b\xc3\xa9\0c"));
    expect_decoded("%2520", false, TP_STR("%20"));
}

static void a_plus_is_a_blank_in_forms_alone(void **state) {
    (void)state;
    expect_decoded("a+b%2Bc", true, TP_STR("a b+c"));
    expect_decoded("a+b%2Bc", false, TP_STR("a+b+c"));
}

static void a_broken_escape_is_refused(void **state) {
    (void)state;
    static const char *const broken[] = {"%", "a%2", "%zz", "%2g", "%%41"};
    char room[64];
    size_t len;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_int_equal(tp_percent_decode(tp_str(broken[i]), false, room, &len), TP_EFORM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_are_bytes),
        cmocka_unit_test(a_plus_is_a_blank_in_forms_alone),
        cmocka_unit_test(a_broken_escape_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
