/* The table of metrics.h twice over: once as names, once as numbers. Rows of one family stand together, as Prometheus
 * wants them; the first carries the help text, and so begins the family. Histograms: histogram.c. */
#include "daemon/metrics/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "daemon/metrics/internal.h"

static const struct row {
    const char *name, *type, *help;
} rows[TP_METRIC_COUNT] = {
#define X(id, name, type, help) [id] = {name, type, help},
    TP_METRICS(X)
#undef X
};

static _Atomic int64_t values[TP_METRIC_COUNT];

void tp_metrics_add(enum tp_metric metric, int64_t more) {
    atomic_fetch_add_explicit(&values[metric], more, memory_order_relaxed);
}

void tp_metrics_set(enum tp_metric metric, int64_t value) {
    atomic_store_explicit(&values[metric], value, memory_order_relaxed);
}

int64_t tp_metrics_get(enum tp_metric metric) { return atomic_load_explicit(&values[metric], memory_order_relaxed); }

static void write_head(const struct row *row, struct tp_buf *out) {
    int len = (int)strcspn(row->name, "{");
    tp_buf_addf(out, "# HELP %.*s %s\n", len, row->name, row->help);
    tp_buf_addf(out, "# TYPE %.*s %s\n", len, row->name, row->type);
}

void tp_metrics_write(struct tp_buf *out) {
    for (enum tp_metric metric = 0; metric < TP_METRIC_COUNT; metric++) {
        if (rows[metric].help)
            write_head(&rows[metric], out);
        tp_buf_addf(out, "%s %" PRId64 "\n", rows[metric].name, tp_metrics_get(metric));
    }
    tp_histograms_write(out);
}
