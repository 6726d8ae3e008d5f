/* A memory of fixed size: what it says is right, what it forgets is worked out again. */
#include "common/recent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int setup(void **state) { return !(*state = tp_recent_new()); }

static int teardown(void **state) {
    tp_recent_free(*state);
    return 0;
}

static void what_was_kept_is_found(void **state) {
    assert_int_equal(tp_recent_find(*state, TP_STR("a")).len, 0);
    tp_recent_keep(*state, TP_STR("a"), TP_STR("made of a"));
    assert_true(tp_str_is(tp_recent_find(*state, TP_STR("a")), "made of a"));
    assert_int_equal(tp_recent_find(*state, TP_STR("b")).len, 0);
    assert_int_equal(tp_recent_find(*state, TP_STR("")).len, 0);
}

static void what_is_too_long_is_not_kept(void **state) {
    struct tp_str longer = TP_STR("a text that is longer than forty bytes, as no number is");
    tp_recent_keep(*state, longer, TP_STR("made"));
    tp_recent_keep(*state, TP_STR("a"), longer);
    assert_int_equal(tp_recent_find(*state, longer).len, 0);
    assert_int_equal(tp_recent_find(*state, TP_STR("a")).len, 0);
}

/* Many more than there are places: each is forgotten or right, and the last is there. */
static void none_is_taken_for_another(void **state) {
    char text[16], made[16];
    for (int i = 0; i < 50000; i++) {
        snprintf(text, sizeof text, "text %d", i);
        snprintf(made, sizeof made, "made %d", i);
        tp_recent_keep(*state, tp_str(text), tp_str(made));
    }
    assert_true(tp_str_is(tp_recent_find(*state, tp_str(text)), made));
    int found = 0;
    for (int i = 0; i < 50000; i++) {
        snprintf(text, sizeof text, "text %d", i);
        snprintf(made, sizeof made, "made %d", i);
        struct tp_str got = tp_recent_find(*state, tp_str(text));
        if (got.len > 0)
            assert_true(tp_str_is(got, made));
        found += got.len > 0;
    }
    assert_in_range(found, 10000, 32768);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_kept_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_too_long_is_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(none_is_taken_for_another, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
