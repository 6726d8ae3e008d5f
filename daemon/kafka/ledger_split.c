/* Splits in the ledger. */
#include "daemon/kafka/ledger_internal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/interaction.h"
#include "common/time.h"

void tp_ledger_split_free(struct tp_ledger_split *split) {
    tp_buf_free(&split->state);
    tp_buf_free(&split->type);
    tp_buf_free(&split->value);
}

/* ---- writing ---- */

static void write_merge(const struct tp_ledger_split *split, struct tp_buf *key, struct tp_buf *value) {
    tp_buf_addf(key, " %" PRIu64, split->merge);
    tp_buf_addf(value, "\"merge\":%" PRIu64 ",\"sequence\":%" PRIu64 ",\"state\":", split->merge, split->sequence);
    tp_json_write_string(tp_buf_str(&split->state), value);
}

static void write_identifier(const struct tp_ledger_split *split, struct tp_buf *value) {
    tp_buf_adds(value, "\"identifier\":");
    tp_interaction_write_identifier((struct tp_identifier){tp_buf_str(&split->type), tp_buf_str(&split->value)}, value);
    tp_buf_addf(value, "},\"claimant\":\"%s\",\"command\":\"%s\"", split->claimant, split->command);
}

void tp_ledger_split_write(const struct tp_ledger_split *split, struct tp_buf *key, struct tp_buf *value) {
    char time[TP_TIME_TEXT];
    tp_time_format(split->time_ms, time);
    tp_buf_addf(key, "split %s", split->member);
    tp_buf_addf(value, "{\"member\":\"%s\",\"customer\":\"%s\",", split->member, split->customer);
    if (tp_ledger_takes_identifier(split))
        write_identifier(split, value);
    else
        write_merge(split, key, value);
    tp_buf_addf(value, ",\"time\":\"%s\"}", time);
}

/* ---- reading ---- */

static bool read_merge(const json_t *root, struct tp_ledger_split *ret) {
    struct tp_str state = tp_ledger_text(root, "state");
    tp_buf_addstr(&ret->state, state);
    return tp_ledger_number(root, "merge", &ret->merge) && tp_ledger_number(root, "sequence", &ret->sequence) &&
           state.at;
}

static bool read_identifier(const json_t *root, struct tp_ledger_split *ret) {
    const json_t *identifier = json_object_get(root, "identifier");
    tp_buf_addstr(&ret->type, tp_ledger_text(identifier, "type"));
    tp_buf_addstr(&ret->value, tp_ledger_text(identifier, "value"));
    return ret->type.len > 0 && ret->type.len <= TP_MAX_IDENTIFIER_BYTES && ret->value.len > 0 &&
           ret->value.len <= TP_MAX_IDENTIFIER_BYTES && tp_ledger_uuid(root, "claimant", ret->claimant) &&
           tp_ledger_uuid(root, "command", ret->command);
}

static bool read_split(const json_t *root, struct tp_ledger_split *ret) {
    if (!tp_ledger_uuid(root, "member", ret->member) || !tp_ledger_uuid(root, "customer", ret->customer) ||
        tp_time_parse(tp_ledger_text(root, "time"), &ret->time_ms) < 0)
        return false;
    return json_object_get(root, "identifier") ? read_identifier(root, ret) : read_merge(root, ret);
}

static bool is_same(const struct tp_ledger_split *one, const struct tp_ledger_split *other) {
    return one->merge == other->merge && strcmp(one->member, other->member) == 0;
}

/* The last word of each counts. */
static int put(struct tp_ledger *ledger, struct tp_ledger_split *split) {
    for (size_t i = 0; i < ledger->n_splits; i++)
        if (is_same(&ledger->splits[i], split)) {
            tp_ledger_split_free(&ledger->splits[i]);
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
    bool sound = read_split(root, &split), failed = split.state.failed || split.type.failed || split.value.failed;
    int error = failed ? TP_ENOMEM : sound ? put(ledger, &split) : 0;
    if (error || !sound)
        tp_ledger_split_free(&split);
    return error;
}
