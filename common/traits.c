#include "common/traits.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"

struct trait {
    struct tp_str name, holder, json;
    int64_t time_ms;
};

static bool read_time(struct tp_str digits, int64_t *ret_ms) {
    *ret_ms = 0;
    for (size_t i = 0; i < digits.len && *ret_ms <= TP_TIME_LAST_MS; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return false;
        *ret_ms = *ret_ms * 10 + (digits.at[i] - '0');
    }
    return digits.len > 0 && *ret_ms <= TP_TIME_LAST_MS;
}

static bool read_trait(struct tp_str line, struct trait *ret) {
    ret->name = tp_str_cut(&line, '\t');
    struct tp_str time = tp_str_cut(&line, '\t');
    ret->holder = tp_str_cut(&line, '\t');
    ret->json = line;
    return ret->name.len > 0 && line.len > 0 && read_time(time, &ret->time_ms);
}

static size_t count_lines(struct tp_str kept) {
    size_t n = 0;
    for (size_t i = 0; i < kept.len; i++)
        n += kept.at[i] == '\n';
    return n;
}

/* Each line ends with LF; their number is known. */
static int read_all(struct tp_str kept, struct trait *traits) {
    if (kept.len > 0 && kept.at[kept.len - 1] != '\n')
        return TP_ECORRUPT;
    for (size_t i = 0; kept.len > 0; i++)
        if (!read_trait(tp_str_cut(&kept, '\n'), &traits[i]))
            return TP_ECORRUPT;
    return 0;
}

/* By name, and of one name that which is shown last. */
static int compare(const void *left, const void *right) {
    const struct trait *one = left, *other = right;
    size_t len = one->name.len < other->name.len ? one->name.len : other->name.len;
    int order = memcmp(one->name.at, other->name.at, len);
    if (order == 0)
        order = (one->name.len > other->name.len) - (one->name.len < other->name.len);
    if (order == 0)
        order = (one->time_ms > other->time_ms) - (one->time_ms < other->time_ms);
    return order ? order : (one->name.at > other->name.at) - (one->name.at < other->name.at);
}

/* `customer_id` empty: of the value alone. */
static void write_trait(const struct trait *trait, struct tp_str customer_id, struct tp_buf *out) {
    char time[TP_TIME_TEXT];
    tp_json_write_string(trait->name, out);
    tp_buf_adds(out, customer_id.len == 0 ? ":" : ":{\"value\":");
    tp_buf_addstr(out, trait->json);
    if (customer_id.len == 0)
        return;
    tp_time_format(trait->time_ms, time);
    tp_buf_addf(out, ",\"time\":\"%s\"", time);
    if (!tp_str_equal(trait->holder, customer_id))
        tp_buf_addf(out, ",\"customer\":\"%.*s\"", TP_FMT(trait->holder));
    tp_buf_addc(out, '}');
}

static void write_shown(const struct trait *traits, size_t n, struct tp_str customer_id, struct tp_buf *out) {
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        bool last = i + 1 == n || !tp_str_equal(traits[i].name, traits[i + 1].name);
        if (!last || (customer_id.len == 0 && tp_str_is(traits[i].json, "null")))
            continue;
        tp_buf_adds(out, any ? "," : ",\"traits\":{");
        write_trait(&traits[i], customer_id, out);
        any = true;
    }
    if (any)
        tp_buf_addc(out, '}');
}

static int write_traits(struct tp_str kept, struct tp_str customer_id, struct tp_buf *out) {
    if (kept.len == 0)
        return 0;
    size_t n = count_lines(kept);
    struct trait *traits = calloc(n + 1, sizeof *traits);
    if (!traits)
        return TP_ENOMEM;
    int status = read_all(kept, traits);
    if (status == 0) {
        qsort(traits, n, sizeof *traits, compare);
        write_shown(traits, n, customer_id, out);
    }
    free(traits);
    return status;
}

int tp_traits_write(struct tp_str kept, struct tp_buf *out) { return write_traits(kept, TP_STR(""), out); }

int tp_traits_write_whole(struct tp_str kept, struct tp_str customer_id, struct tp_buf *out) {
    return write_traits(kept, customer_id, out);
}

void tp_traits_write_names(struct tp_str said, struct tp_buf *out) {
    tp_buf_addc(out, '[');
    for (bool first = true; said.len > 0; first = false) {
        struct tp_str line = tp_str_cut(&said, '\n');
        if (!first)
            tp_buf_addc(out, ',');
        tp_json_write_string(tp_str_cut(&line, '\t'), out);
    }
    tp_buf_addc(out, ']');
}
