/* What is read of Prometheus' text. */
#include "ctl/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct tp_str text = TP_STR("# HELP a_total things\n"
                                         "# TYPE a_total counter\n"
                                         "a_total{kind=\"x\"} 3\n"
                                         "a_total{kind=\"xy\"} 4\n"
                                         "b 1.5e3\n"
                                         "took_seconds_bucket{le=\"0.001\"} 10\n"
                                         "took_seconds_bucket{le=\"0.01\"} 90\n"
                                         "took_seconds_bucket{le=\"0.1\"} 100\n"
                                         "took_seconds_bucket{le=\"+Inf\"} 100\n"
                                         "took_seconds_sum 0.7\n"
                                         "took_seconds_count 100\n");
static const struct tp_str later = TP_STR("took_seconds_bucket{le=\"0.001\"} 10\n"
                                          "took_seconds_bucket{le=\"0.01\"} 90\n"
                                          "took_seconds_bucket{le=\"0.1\"} 110\n"
                                          "took_seconds_bucket{le=\"+Inf\"} 110\n");

static void expect_quantile(struct tp_str metrics, struct tp_str before, double q, double expected) {
    double value = -1;
    assert_true(tp_ctl_quantile(metrics, before, "took_seconds", q, &value));
    assert_float_equal(value, expected, 1e-9);
}

static void a_series_is_found_by_its_whole_name(void **state) {
    (void)state;
    double value = -1;
    assert_true(tp_ctl_metric(text, "a_total{kind=\"x\"}", &value));
    assert_float_equal(value, 3, 0);
    assert_true(tp_ctl_metric(text, "b", &value));
    assert_float_equal(value, 1500, 0);
    assert_false(tp_ctl_metric(text, "a_total", &value));
    assert_false(tp_ctl_metric(text, "c", &value));
    assert_float_equal(value, 1500, 0);
}

static void a_quantile_lies_within_its_bucket_by_its_share(void **state) {
    (void)state;
    expect_quantile(text, TP_STR(""), 0.10, 0.001);
    expect_quantile(text, TP_STR(""), 0.50, 0.001 + 0.009 * 40 / 80);
    expect_quantile(text, TP_STR(""), 0.99, 0.01 + 0.09 * 9 / 10);
}

static void what_is_above_all_bounds_is_at_the_last(void **state) {
    (void)state;
    struct tp_str slow = TP_STR("took_seconds_bucket{le=\"0.1\"} 1\n"
                                "took_seconds_bucket{le=\"+Inf\"} 100\n");
    expect_quantile(slow, TP_STR(""), 0.99, 0.1);
}

static void between_two_looks_only_what_came_between_counts(void **state) {
    (void)state;
    double value = -1;
    expect_quantile(later, text, 0.50, 0.01 + 0.09 * 5 / 10);
    assert_false(tp_ctl_quantile(text, text, "took_seconds", 0.5, &value));
}

static void no_histogram_has_no_quantile(void **state) {
    (void)state;
    double value = -1;
    assert_false(tp_ctl_quantile(text, TP_STR(""), "took", 0.5, &value));
    assert_false(
        tp_ctl_quantile(TP_STR("took_seconds_bucket{le=\"oops\"} 1\n"), TP_STR(""), "took_seconds", 0.5, &value));
    assert_float_equal(value, -1, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_is_found_by_its_whole_name),
        cmocka_unit_test(a_quantile_lies_within_its_bucket_by_its_share),
        cmocka_unit_test(what_is_above_all_bounds_is_at_the_last),
        cmocka_unit_test(between_two_looks_only_what_came_between_counts),
        cmocka_unit_test(no_histogram_has_no_quantile),
    };
    return cmocka_run_group_tests_name("ctl/metrics", tests, NULL, NULL);
}
