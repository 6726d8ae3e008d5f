/* The table that senders' programs read: each error with a code of its own. */
#include "common/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void each_has_a_code_of_its_own(void **state) {
    (void)state;
    for (int error = -1; error >= -TP_ERROR_COUNT; error--) {
        for (int other = error + 1; other < 0; other++)
            assert_string_not_equal(tp_error_code(error), tp_error_code(other));
        assert_in_range(tp_error_http(error), 400, 599);
        assert_true(strlen(tp_error_text(error)) > 0);
    }
    assert_string_equal(tp_error_code(TP_ETOODEEP), "too_deep");
    assert_int_equal(tp_error_http(TP_EFULL), 503);
}

static void what_is_no_error_of_ours_is_internal(void **state) {
    (void)state;
    assert_string_equal(tp_error_code(0), "internal");
    assert_string_equal(tp_error_code(7), "internal");
    assert_string_equal(tp_error_code(-TP_ERROR_COUNT - 1), "internal");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_a_code_of_its_own),
        cmocka_unit_test(what_is_no_error_of_ours_is_internal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
