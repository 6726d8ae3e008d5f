/* Histograms: a counter for each stretch between two bounds, added up when they are written, since Prometheus wants
 * each bucket to hold those below it too. */
#include "daemon/metrics/internal.h"

#include <inttypes.h>
#include <stdatomic.h>

#define US(n)      INT64_C(n)
#define MS(n)      (INT64_C(n) * 1000)
#define SECONDS(n) (INT64_C(n) * 1000000)

/* Upper bounds; 0 ends them. */
static const int64_t accept[] = {US(100), US(250), US(500), MS(1),   MS(2),      MS(5),      MS(10),      MS(25),
                                 MS(50),  MS(100), MS(250), MS(500), SECONDS(1), SECONDS(5), SECONDS(30), 0};
static const int64_t delivery[] = {MS(1),       MS(2),       MS(5),        MS(10),        MS(25),         MS(50),
                                   MS(100),     MS(250),     MS(500),      SECONDS(1),    SECONDS(2),     SECONDS(5),
                                   SECONDS(10), SECONDS(60), SECONDS(600), SECONDS(3600), SECONDS(21600), 0};

enum { MOST_BUCKETS = 18 };
_Static_assert(sizeof accept <= MOST_BUCKETS * sizeof(int64_t) && sizeof delivery <= MOST_BUCKETS * sizeof(int64_t),
               "a bucket for each bound, and one for what lies above");

static const struct {
    const char *name, *help;
    const int64_t *bounds;
} rows[TP_HISTOGRAM_COUNT] = {
#define X(id, name, bounds, help) [id] = {name, help, bounds},
    TP_HISTOGRAMS(X)
#undef X
};

static struct {
    _Atomic int64_t buckets[MOST_BUCKETS]; /* the last one used is for what lies above all bounds */
    _Atomic int64_t sum_us;
} values[TP_HISTOGRAM_COUNT];

void tp_metrics_observe(enum tp_histogram histogram, int64_t us) {
    const int64_t *bounds = rows[histogram].bounds;
    size_t i = 0;
    us = us > 0 ? us : 0;
    while (bounds[i] != 0 && us > bounds[i])
        i++;
    atomic_fetch_add_explicit(&values[histogram].buckets[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&values[histogram].sum_us, us, memory_order_relaxed);
}

static void write_seconds(int64_t us, struct tp_buf *out) {
    tp_buf_addf(out, "%" PRId64 ".%06" PRId64, us / 1000000, us % 1000000);
    while (out->len > 0 && out->at[out->len - 1] == '0')
        out->len--;
    if (out->len > 0 && out->at[out->len - 1] == '.')
        out->len--;
}

static void write_bucket(const char *name, int64_t bound, int64_t count, struct tp_buf *out) {
    tp_buf_addf(out, "%s_bucket{le=\"", name);
    if (bound != 0)
        write_seconds(bound, out);
    else
        tp_buf_adds(out, "+Inf");
    tp_buf_addf(out, "\"} %" PRId64 "\n", count);
}

static void write(enum tp_histogram histogram, struct tp_buf *out) {
    const char *name = rows[histogram].name;
    int64_t count = 0;
    size_t i = 0;
    tp_buf_addf(out, "# HELP %s %s\n# TYPE %s histogram\n", name, rows[histogram].help, name);
    do {
        count += atomic_load_explicit(&values[histogram].buckets[i], memory_order_relaxed);
        write_bucket(name, rows[histogram].bounds[i], count, out);
    } while (rows[histogram].bounds[i++] != 0);
    tp_buf_addf(out, "%s_sum ", name);
    write_seconds(atomic_load_explicit(&values[histogram].sum_us, memory_order_relaxed), out);
    tp_buf_addf(out, "\n%s_count %" PRId64 "\n", name, count);
}

void tp_histograms_write(struct tp_buf *out) {
    for (enum tp_histogram histogram = 0; histogram < TP_HISTOGRAM_COUNT; histogram++)
        write(histogram, out);
}
