/* A reader of Prometheus' text format: lines "SERIES VALUE", and comments. Read from the front for each series that is
 * asked for, which is nothing for the hundred lines there are. */
#include "ctl/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The next line; false at the end. */
static bool next_line(struct tp_str *rest, struct tp_str *ret_line) {
    bool any = rest->len > 0;
    *ret_line = tp_str_cut(rest, '\n');
    return any;
}

/* "+Inf" too. */
static bool read_number(struct tp_str text, double *ret) {
    char copy[64], *end = NULL;
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    *ret = strtod(copy, &end);
    return *end == '\0' && !isnan(*ret);
}

static struct tp_str behind(struct tp_str text, size_t len) { return (struct tp_str){text.at + len, text.len - len}; }

bool tp_ctl_metric(struct tp_str metrics, const char *series, double *ret) {
    size_t len = strlen(series);
    struct tp_str line;
    while (next_line(&metrics, &line))
        if (tp_str_begins(line, series) && line.len > len && line.at[len] == ' ')
            return read_number(behind(line, len + 1), ret);
    return false;
}

/* ---- histograms ---- */

struct bucket {
    double le, count; /* count: of all up to `le` */
};

/* NAME_bucket{le="0.005"} 17, in the order of the text, which is that of their bounds. */
static bool next_bucket(struct tp_str *rest, const char *name, struct bucket *ret) {
    static const char middle[] = "_bucket{le=\"", end[] = "\"} ";
    struct tp_str line;
    while (next_line(rest, &line)) {
        if (!tp_str_begins(line, name) || !tp_str_begins(behind(line, strlen(name)), middle))
            continue;
        struct tp_str bound = behind(line, strlen(name) + sizeof middle - 1);
        const char *stop = memmem(bound.at, bound.len, end, sizeof end - 1);
        size_t len = stop ? (size_t)(stop - bound.at) : 0;
        if (stop && read_number((struct tp_str){bound.at, len}, &ret->le) &&
            read_number(behind(bound, len + sizeof end - 1), &ret->count))
            return true;
    }
    return false;
}

/* How many there were up to `le`, and in all (le: INFINITY), between the two looks. */
static double count_between(struct tp_str metrics, struct tp_str before, const char *name, double le) {
    struct bucket bucket;
    double count = 0;
    while (next_bucket(&metrics, name, &bucket))
        if (bucket.le == le)
            count += bucket.count;
    while (next_bucket(&before, name, &bucket))
        if (bucket.le == le)
            count -= bucket.count;
    return count;
}

bool tp_ctl_quantile(struct tp_str metrics, struct tp_str before, const char *name, double q, double *ret) {
    double rank = q * count_between(metrics, before, name, INFINITY), below = 0, from = 0;
    struct tp_str rest = metrics;
    struct bucket bucket;
    if (rank <= 0)
        return false;
    while (next_bucket(&rest, name, &bucket)) {
        double count = count_between(metrics, before, name, bucket.le);
        if (count >= rank) {
            *ret = isinf(bucket.le) ? from : from + (bucket.le - from) * (rank - below) / (count - below);
            return true;
        }
        below = count;
        from = bucket.le;
    }
    return false;
}
