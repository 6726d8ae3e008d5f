/* The table keeps Prometheus' rules, and what is counted is what is written. */
#include "daemon/metrics/metrics.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *name, *type, *help;
} rows[] = {
#define X(id, name, type, help) {name, type, help},
    TP_METRICS(X)
#undef X
};

static struct tp_str family(size_t row) { return (struct tp_str){rows[row].name, strcspn(rows[row].name, "{")}; }

static bool ends_in_total(struct tp_str name) {
    return name.len > 6 && memcmp(name.at + name.len - 6, "_total", 6) == 0;
}

static void names_are_unique_and_ours(void **state) {
    (void)state;
    for (size_t i = 0; i < TP_METRIC_COUNT; i++) {
        assert_memory_equal(rows[i].name, "touchpoint_", 11);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(rows[i].name, rows[j].name);
    }
}

static void a_family_stands_together_and_is_described_once(void **state) {
    (void)state;
    for (size_t i = 0; i < TP_METRIC_COUNT; i++) {
        bool goes_on = i > 0 && tp_str_equal(family(i), family(i - 1));
        if (goes_on == (rows[i].help != NULL))
            fail_msg("%s: help belongs to the first row of a family, and there only", rows[i].name);
        if (goes_on)
            assert_string_equal(rows[i].type, rows[i - 1].type);
        for (size_t j = 0; !goes_on && j < i; j++)
            if (tp_str_equal(family(i), family(j)))
                fail_msg("%s: its family stands further up", rows[i].name);
    }
}

static void counters_and_only_counters_end_in_total(void **state) {
    (void)state;
    for (size_t i = 0; i < TP_METRIC_COUNT; i++) {
        bool counter = strcmp(rows[i].type, "counter") == 0;
        assert_true(counter || strcmp(rows[i].type, "gauge") == 0);
        if (counter != ends_in_total(family(i)))
            fail_msg("%s: only a counter ends in _total", rows[i].name);
    }
}

static void what_is_set_and_added_is_written(void **state) {
    (void)state;
    struct tp_buf out = TP_BUF_INIT;
    tp_metrics_set(TP_M_HTTP_CONNECTIONS, 7);
    tp_metrics_add(TP_M_HTTP_CONNECTIONS, -2);
    tp_metrics_add(TP_M_HTTP_2XX, 3);
    tp_metrics_add(TP_M_HTTP_2XX, 1);
    assert_int_equal(tp_metrics_get(TP_M_HTTP_2XX), 4);
    tp_metrics_write(&out);
    tp_buf_addc(&out, '\0');
    assert_non_null(strstr(out.at, "# HELP touchpoint_http_connections connections open now\n"
                                   "# TYPE touchpoint_http_connections gauge\n"
                                   "touchpoint_http_connections 5\n"));
    assert_non_null(strstr(out.at, "# HELP touchpoint_http_responses_total replies by class of status\n"
                                   "# TYPE touchpoint_http_responses_total counter\n"
                                   "touchpoint_http_responses_total{class=\"2xx\"} 4\n"
                                   "touchpoint_http_responses_total{class=\"3xx\"} 0\n"));
    tp_buf_free(&out);
}

static const char *written(void) {
    static char text[32768];
    struct tp_buf out = TP_BUF_INIT;
    tp_metrics_write(&out);
    assert_true(out.len < sizeof text);
    memcpy(text, out.at, out.len);
    text[out.len] = '\0';
    tp_buf_free(&out);
    return text;
}

static void every_metric_is_written_once_also_at_zero(void **state) {
    (void)state;
    size_t lines = 0, described = 0;
    for (size_t i = 0; i < TP_METRIC_COUNT; i++)
        described += rows[i].help != NULL;
    const char *text = written(), *histograms = strstr(text, "# HELP touchpoint_accept_seconds ");
    assert_non_null(histograms);
    for (const char *at = text; at < histograms; at = strchr(at, '\n') + 1)
        lines++;
    assert_int_equal(lines, TP_METRIC_COUNT + 2 * described);
}

#define THREADS 4
#define TIMES   10000

static void *count(void *arg) {
    for (int i = 0; i < TIMES; i++)
        tp_metrics_add(TP_M_EVENTS_ACCEPTED, 1);
    return arg;
}

static void nothing_is_lost_between_threads(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, count, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(tp_metrics_get(TP_M_EVENTS_ACCEPTED), THREADS * TIMES);
}

/* A bound belongs to its own bucket, and each bucket holds those below it. */
static void a_histogram_adds_up(void **state) {
    (void)state;
    static const int64_t times_us[] = {-5, 0, 100, 101, 1000, 2600000, 31000000};
    for (size_t i = 0; i < sizeof times_us / sizeof times_us[0]; i++)
        tp_metrics_observe(TP_H_ACCEPT, times_us[i]);
    static const char *const lines[] = {"# TYPE touchpoint_accept_seconds histogram\n",
                                        "_bucket{le=\"0.0001\"} 3\n",
                                        "_bucket{le=\"0.00025\"} 4\n",
                                        "_bucket{le=\"0.001\"} 5\n",
                                        "_bucket{le=\"1\"} 5\n",
                                        "_bucket{le=\"5\"} 6\n",
                                        "_bucket{le=\"30\"} 6\n",
                                        "_bucket{le=\"+Inf\"} 7\n",
                                        "touchpoint_accept_seconds_sum 33.601201\n",
                                        "touchpoint_accept_seconds_count 7\n"};
    const char *at = strstr(written(), "# HELP touchpoint_accept_seconds ");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        at = at ? strstr(at, lines[i]) : NULL;
        if (!at)
            fail_msg("missing, or not in its place: %s", lines[i]);
    }
    assert_non_null(strstr(written(), "touchpoint_delivery_seconds_count 0\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_histogram_adds_up),
        cmocka_unit_test(names_are_unique_and_ours),
        cmocka_unit_test(a_family_stands_together_and_is_described_once),
        cmocka_unit_test(counters_and_only_counters_end_in_total),
        cmocka_unit_test(what_is_set_and_added_is_written),
        cmocka_unit_test(every_metric_is_written_once_also_at_zero),
        cmocka_unit_test(nothing_is_lost_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
