#include "daemon/context/context.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "daemon/context/internal.h"

enum { MOST_CHANNELS = 128 }; /* append.lua keeps fewer */

struct count {
    struct tp_str channel;
    uint64_t number;
};

/* What there is to say of the state before. */
struct before {
    bool any;
    struct tp_last last;
    size_t n_counts;
    struct count counts[MOST_CHANNELS + 1]; /* with this one's, where its channel is new */
    struct tp_str relation, other;          /* to the version that is known, and that; without bytes: none is */
};

/* ---- reading the state ---- */

static uint64_t number_of(struct tp_str digits) {
    uint64_t number = 0;
    for (size_t i = 0; i < digits.len && digits.at[i] >= '0' && digits.at[i] <= '9'; i++)
        number = number * 10 + (uint64_t)(digits.at[i] - '0');
    return number;
}

static int read_before(struct tp_str state, struct before *before) {
    const struct tp_str count = TP_STR(TP_STATE_COUNT);
    struct tp_str name, value;
    while (tp_context_state_next(&state, &name, &value)) {
        if (tp_str_is(name, TP_STATE_LAST)) {
            before->any = true;
            if (tp_last_read(value, &before->last) < 0)
                return TP_ECORRUPT;
        } else if (tp_str_is(name, TP_STATE_SUPERSEDES) || tp_str_is(name, TP_STATE_SUPERSEDED_BY)) {
            before->relation = name;
            before->other = value;
        } else if (name.len > count.len && tp_str_begins(name, TP_STATE_COUNT) && before->n_counts < MOST_CHANNELS) {
            before->counts[before->n_counts++] =
                (struct count){{name.at + count.len, name.len - count.len}, number_of(value)};
        }
    }
    return state.len > 0 ? TP_ECORRUPT : 0;
}

/* This interaction's own. */
static void count_in(struct before *before, struct tp_str channel) {
    for (size_t i = 0; i < before->n_counts; i++)
        if (tp_str_equal(before->counts[i].channel, channel)) {
            before->counts[i].number++;
            return;
        }
    before->counts[before->n_counts++] = (struct count){channel, 1};
}

static int compare_counts(const void *a, const void *b) {
    struct tp_str left = ((const struct count *)a)->channel, right = ((const struct count *)b)->channel;
    int order = memcmp(left.at, right.at, left.len < right.len ? left.len : right.len);
    return order != 0 ? order : (left.len > right.len) - (left.len < right.len);
}

/* ---- writing ---- */

/* Seconds with as many of their three decimals as there are. */
static void write_seconds(int64_t ms, struct tp_buf *out) {
    int64_t size = llabs(ms);
    if (ms < 0)
        tp_buf_addc(out, '-');
    tp_buf_addi(out, size / 1000);
    if (size % 1000 == 0)
        return;
    const char decimals[] = {'.', (char)('0' + size / 100 % 10), (char)('0' + size / 10 % 10), (char)('0' + size % 10)};
    size_t len = sizeof decimals;
    while (decimals[len - 1] == '0')
        len--;
    tp_buf_add(out, decimals, len);
}

/* Sorted by name, so that the bytes do not depend on the order in which the state is kept. */
static void write_counts(struct before *before, struct tp_buf *out) {
    qsort(before->counts, before->n_counts, sizeof before->counts[0], compare_counts);
    tp_buf_adds(out, "{");
    for (size_t i = 0; i < before->n_counts; i++) {
        if (i > 0)
            tp_buf_addc(out, ',');
        tp_json_write_string(before->counts[i].channel, out);
        tp_buf_addc(out, ':');
        tp_buf_addi(out, (int64_t)before->counts[i].number);
    }
    tp_buf_adds(out, "}");
}

/* "VERSION SEQUENCE" or "VERSION SEQUENCE CUSTOMER" */
static int write_other(const struct before *before, struct tp_buf *out) {
    struct tp_str customer = before->other;
    uint64_t version = number_of(tp_str_cut(&customer, ' ')), sequence = number_of(tp_str_cut(&customer, ' '));
    if (sequence == 0)
        return TP_ECORRUPT;
    tp_buf_addf(out, ",\"%.*s\":{\"version\":%" PRIu64 ",\"sequence\":%" PRIu64, TP_FMT(before->relation), version,
                sequence);
    if (customer.len > 0) {
        tp_buf_adds(out, ",\"customer\":");
        tp_json_write_string(customer, out);
    }
    tp_buf_addc(out, '}');
    return 0;
}

int tp_context_write(const struct tp_context_event *event, uint64_t sequence, struct tp_str state, struct tp_buf *out) {
    struct before before;
    before.any = false;
    before.n_counts = 0;
    before.relation = (struct tp_str){0};
    if (read_before(state, &before) < 0)
        return TP_ECORRUPT;
    if (!before.relation.at)
        count_in(&before, event->channel);
    tp_buf_adds(out, "{\"sequence\":");
    tp_buf_addi(out, (int64_t)sequence);
    tp_buf_adds(out, ",\"previous\":");
    if (before.any)
        tp_last_write(&before.last, out);
    else
        tp_buf_adds(out, "null");
    tp_buf_adds(out, ",\"gap_s\":");
    if (before.any)
        write_seconds(event->time_ms - before.last.time_ms, out);
    else
        tp_buf_adds(out, "null");
    bool switched = before.any && !tp_str_equal(before.last.channel, event->channel);
    tp_buf_adds(out, switched ? ",\"channel_switch\":true" : ",\"channel_switch\":false");
    tp_buf_adds(out, ",\"counts\":");
    write_counts(&before, out);
    if (before.relation.at && write_other(&before, out) < 0)
        return TP_ECORRUPT;
    tp_buf_adds(out, "}");
    return out->failed ? TP_ENOMEM : 0;
}
