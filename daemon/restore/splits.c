/* Splits, as the ledger has them. Interactions go on telling of the merges that were taken back: these are not made
 * again, and what each side must know of it is put back before the others are. */
#include "daemon/restore/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "daemon/customer/split_steps.h"

enum { SLOT = sizeof(const struct tp_ledger_split *) }; /* of what is sorted */

struct tp_restore_splits {
    size_t n;
    const struct tp_ledger_split **by_member, **by_customer, **by_time; /* the ledger's */
};

static int by_member(const void *one, const void *other) {
    return strcmp((*(const struct tp_ledger_split *const *)one)->member,
                  (*(const struct tp_ledger_split *const *)other)->member);
}

static int by_customer(const void *one, const void *other) {
    return strcmp((*(const struct tp_ledger_split *const *)one)->customer,
                  (*(const struct tp_ledger_split *const *)other)->customer);
}

/* An identifier may have been taken back from who got it so. */
static int by_time(const void *one, const void *other) {
    int64_t first = (*(const struct tp_ledger_split *const *)one)->time_ms;
    int64_t second = (*(const struct tp_ledger_split *const *)other)->time_ms;
    return (first > second) - (first < second);
}

static const struct tp_ledger_split **sorted(const struct tp_ledger *ledger,
                                             int (*order)(const void *one, const void *other)) {
    const struct tp_ledger_split **splits = calloc(ledger->n_splits + 1, sizeof *splits);
    for (size_t i = 0; splits && i < ledger->n_splits; i++)
        splits[i] = &ledger->splits[i];
    if (splits)
        qsort(splits, ledger->n_splits, SLOT, order);
    return splits;
}

int tp_restore_splits_new(const struct tp_ledger *ledger, struct tp_restore_splits **ret) {
    struct tp_restore_splits *splits = calloc(1, sizeof *splits);
    if (!splits)
        return TP_ENOMEM;
    splits->n = ledger->n_splits;
    splits->by_member = sorted(ledger, by_member);
    splits->by_customer = sorted(ledger, by_customer);
    splits->by_time = sorted(ledger, by_time);
    if (splits->by_member && splits->by_customer && splits->by_time) {
        *ret = splits;
        return 0;
    }
    tp_restore_splits_free(splits);
    return TP_ENOMEM;
}

void tp_restore_splits_free(struct tp_restore_splits *splits) {
    if (!splits)
        return;
    free(splits->by_member);
    free(splits->by_customer);
    free(splits->by_time);
    free(splits);
}

static void set_id(char out[TP_UUID_TEXT], struct tp_str id) {
    size_t len = id.len < TP_UUID_TEXT ? id.len : TP_UUID_TEXT - 1;
    memcpy(out, id.at, len);
    out[len] = '\0';
}

bool tp_restore_was_split(const struct tp_restore_splits *splits, struct tp_str member, int64_t told_ms) {
    struct tp_ledger_split wanted;
    const struct tp_ledger_split *key = &wanted, **found = NULL;
    if (splits->n == 0)
        return false;
    set_id(wanted.member, member);
    found = bsearch(&key, splits->by_member, splits->n, SLOT, by_member);
    if (!found)
        return false;
    while (found > splits->by_member && by_member(found - 1, &key) == 0)
        found--;
    for (; found < splits->by_member + splits->n && by_member(found, &key) == 0; found++)
        if (!tp_ledger_takes_identifier(*found) && (*found)->time_ms >= told_ms)
            return true;
    return false;
}

bool tp_restore_gave_up(const struct tp_restore_splits *splits, struct tp_str customer) {
    struct tp_ledger_split wanted;
    const struct tp_ledger_split *key = &wanted;
    if (splits->n == 0)
        return false;
    set_id(wanted.customer, customer);
    return bsearch(&key, splits->by_customer, splits->n, SLOT, by_customer) != NULL;
}

/* ---- making them ---- */

struct making {
    struct tp_redis_blocking *redis;
    char sha[41];
    struct tp_step_place place;
    struct tp_redis_words words; /* of the call that is being made */
};

static int call(struct making *making, size_t n_keys, redisReply **ret) {
    int error = tp_redis_blocking_send(making->redis, making->sha, n_keys, &making->words);
    if (!error)
        error = tp_redis_blocking_answer(making->redis, ret);
    if (error)
        return error;
    error = tp_step_apart(*ret);
    if (error) {
        freeReplyObject(*ret);
        *ret = NULL;
    }
    return error;
}

static int make(struct making *making, const struct tp_ledger_split *split) {
    const struct tp_split_told told = {tp_str(split->member), tp_str(split->customer), split->merge, split->sequence,
                                       tp_buf_str(&split->state)};
    redisReply *root = NULL, *member = NULL;
    int error = call(making, tp_step_apart_root(&making->place, &told, &making->words), &root);
    if (!error)
        error = call(making, tp_step_apart_member(&making->place, &told, root, &making->words), &member);
    freeReplyObject(root);
    freeReplyObject(member);
    return error;
}

int tp_restore_splits_make(const struct tp_restore_splits *splits, const struct tp_restore_options *options,
                           struct tp_redis_blocking *redis) {
    struct making making = {.redis = redis, .place = {options->settings, options->repair, "closed"}};
    int error = splits->n > 0 ? tp_redis_blocking_load(redis, &tp_customer_apart_script, making.sha) : 0;
    for (size_t i = 0; !error && i < splits->n; i++) {
        const struct tp_ledger_split *split = splits->by_time[i];
        error = options->stop && atomic_load(options->stop) ? TP_ESTOPPING
                : tp_ledger_takes_identifier(split)         ? tp_restore_taken(split, options, redis)
                                                            : make(&making, split);
    }
    tp_redis_words_free(&making.words);
    return error;
}
