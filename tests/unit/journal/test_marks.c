/* The age of the oldest record, from few marks. */
#include "story.h"

#include "daemon/journal/internal.h"

static void the_newest_mark_at_or_below_a_number_tells_its_time(void **state) {
    (void)state;
    struct tp_marks marks = {0};
    assert_int_equal(tp_marks_find(&marks, 1), 0);
    tp_marks_add(&marks, 1, 1000);
    tp_marks_add(&marks, 10, 2000);
    tp_marks_add(&marks, 20, 2001); /* too near to be worth a mark */
    tp_marks_add(&marks, 30, 3000);
    assert_int_equal(tp_marks_find(&marks, 9), 1000);
    assert_int_equal(tp_marks_find(&marks, 29), 2000);
    assert_int_equal(tp_marks_find(&marks, 30), 3000);
}

static void two_hours_of_backlog_stay_right_within_a_percent(void **state) {
    (void)state;
    struct tp_marks marks = {0};
    const int64_t end = 2 * 3600 * 1000;
    for (int64_t ms = 1; ms <= end; ms += 5)
        tp_marks_add(&marks, (uint64_t)ms, ms);
    assert_true(marks.n <= TP_MARKS);
    for (int64_t ms = 1; ms <= end; ms += 60 * 1000) {
        int64_t found = tp_marks_find(&marks, (uint64_t)ms);
        assert_true(found <= ms && ms - found <= end / 100);
    }
}

static void a_clock_that_is_set_back_makes_a_mark(void **state) {
    (void)state;
    struct tp_marks marks = {0};
    tp_marks_add(&marks, 1, 100000);
    tp_marks_add(&marks, 2, 50000);
    assert_int_equal(tp_marks_find(&marks, 2), 50000);
}

static void after_a_backlog_is_gone_the_marks_lie_near_again(void **state) {
    (void)state;
    struct tp_marks marks = {0};
    for (int64_t ms = 1; ms <= 3600 * 1000; ms += 50)
        tp_marks_add(&marks, (uint64_t)ms, ms);
    tp_marks_find(&marks, 3600 * 1000);
    tp_marks_add(&marks, 4000000, 3600 * 1000 + 200);
    assert_int_equal(tp_marks_find(&marks, 4000000), 3600 * 1000 + 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_mark_at_or_below_a_number_tells_its_time),
        cmocka_unit_test(two_hours_of_backlog_stay_right_within_a_percent),
        cmocka_unit_test(a_clock_that_is_set_back_makes_a_mark),
        cmocka_unit_test(after_a_backlog_is_gone_the_marks_lie_near_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
