/* Splits in the ledger. */
#include "daemon/kafka/ledger_internal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/time.h"

void tp_ledger_split_write(const struct tp_ledger_split *split, struct tp_buf *key, struct tp_buf *value) {
    char time[TP_TIME_TEXT];
    tp_time_format(split->time_ms, time);
    tp_buf_addf(key, "split %s %" PRIu64, split->member, split->merge);
    tp_buf_addf(value,
                "{\"member\":\"%s\",\"merge\":%" PRIu64 ",\"customer\":\"%s\",\"sequence\":%" PRIu64 ",\"state\":",
                split->member, split->merge, split->customer, split->sequence);
    tp_json_write_string(tp_buf_str(&split->state), value);
    tp_buf_addf(value, ",\"time\":\"%s\"}", time);
}

static bool read_split(const json_t *root, struct tp_ledger_split *ret) {
    struct tp_str state = tp_ledger_text(root, "state");
    if (!tp_ledger_uuid(root, "member", ret->member) || !tp_ledger_uuid(root, "customer", ret->customer) ||
        !tp_ledger_number(root, "merge", &ret->merge) || !tp_ledger_number(root, "sequence", &ret->sequence) ||
        !state.at || tp_time_parse(tp_ledger_text(root, "time"), &ret->time_ms) < 0)
        return false;
    tp_buf_addstr(&ret->state, state);
    return true;
}

static bool is_same(const struct tp_ledger_split *one, const struct tp_ledger_split *other) {
    return one->merge == other->merge && strcmp(one->member, other->member) == 0;
}

/* The last word of each counts. */
static int put(struct tp_ledger *ledger, struct tp_ledger_split *split) {
    for (size_t i = 0; i < ledger->n_splits; i++)
        if (is_same(&ledger->splits[i], split)) {
            tp_buf_free(&ledger->splits[i].state);
            ledger->splits[i] = *split;
            return 0;
        }
    struct tp_ledger_split *splits = reallocarray(ledger->splits, ledger->n_splits + 1, sizeof *splits);
    if (!splits)
        return TP_ENOMEM;
    ledger->splits = splits;
    ledger->splits[ledger->n_splits++] = *split;
    return 0;
}

int tp_ledger_note_split(struct tp_ledger *ledger, const json_t *root) {
    struct tp_ledger_split split = {0};
    if (!read_split(root, &split))
        return 0;
    int error = split.state.failed ? TP_ENOMEM : put(ledger, &split);
    if (error)
        tp_buf_free(&split.state);
    return error;
}
