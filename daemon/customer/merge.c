/* The three steps of a merge, one call each. What the survivor takes over goes from the first answer to the second call
 * as it is. Whoever is killed between two leaves a pending loser, which the next who meets it finishes. */
#include "daemon/customer/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/fault.h"
#include "common/time.h"
#include "daemon/customer/steps.h"

struct merging {
    struct tp_customer_calls calls;
    char loser[TP_UUID_TEXT];
    char number[TP_DECIMAL]; /* of the merge */
    bool merged;
    tp_customer_merge_done *done;
    void *arg;
};

static void end(struct merging *merging, int status) {
    merging->done(merging->arg, status, status == 0 && merging->merged);
    free(merging);
}

static int call(struct merging *merging, struct tp_redis_script *script, size_t n_keys, struct tp_redis_words *words,
                tp_redis_done *done) {
    int status = tp_redis_eval(merging->calls.redis, script, n_keys, words, done, merging);
    tp_redis_words_free(words);
    return status;
}

static void on_confirmed(void *arg, int status, const redisReply *reply) {
    (void)reply;
    (void)TP_FAULT("customer.after_confirm");
    end(arg, status);
}

static int confirm(struct merging *merging) {
    struct tp_redis_words words = {0};
    const struct tp_step_place place = {merging->calls.settings, merging->calls.repair, "open"};
    size_t n_keys = tp_step_confirm(&place, tp_str(merging->loser), tp_str(merging->number), merging->merged, &words);
    return call(merging, &tp_customer_confirm_script, n_keys, &words, on_confirmed);
}

static void on_absorbed(void *arg, int status, const redisReply *reply) {
    struct merging *merging = arg;
    (void)TP_FAULT("customer.after_absorb");
    if (status == 0)
        status = tp_step_absorbed(reply, &merging->merged);
    if (status == 0)
        status = confirm(merging);
    if (status < 0)
        end(merging, status);
}

static int absorb(struct merging *merging, const redisReply *told) {
    struct tp_redis_words words = {0};
    const struct tp_step_place place = {merging->calls.settings, merging->calls.repair, "open"};
    size_t n_keys = tp_step_absorb(&place, tp_str(merging->loser), told, false, &words);
    return call(merging, &tp_customer_absorb_script, n_keys, &words, on_absorbed);
}

/* It was met half-way out of a merge. */
static void on_split(void *arg, int status, bool split) {
    (void)split;
    end(arg, status);
}

static int finish_split(struct merging *merging) {
    return tp_customer_split(&merging->calls, tp_str(merging->loser), 0, on_split, merging);
}

static void on_redirected(void *arg, int status, const redisReply *reply) {
    struct merging *merging = arg;
    bool pending = false, leaving = status == 0 && tp_step_is_leaving(reply);
    (void)TP_FAULT("customer.after_redirect");
    if (status == 0)
        status = tp_step_redirected(reply, &pending, merging->number);
    if (status == 0 && (pending || leaving))
        status = pending ? absorb(merging, reply) : finish_split(merging);
    if (status < 0 || (!pending && !leaving))
        end(merging, status);
}

static int begin(const struct tp_customer_calls *calls, struct tp_str loser, const struct tp_customer_merge *merge,
                 tp_customer_merge_done *done, void *arg) {
    struct merging *merging = calloc(1, sizeof *merging);
    struct tp_redis_words words = {0};
    if (!merging)
        return TP_ENOMEM;
    *merging = (struct merging){.calls = *calls, .done = done, .arg = arg};
    memcpy(merging->loser, loser.at, loser.len < TP_UUID_TEXT ? loser.len : TP_UUID_TEXT - 1);
    const struct tp_step_place place = {calls->settings, calls->repair, "open"};
    size_t n_keys = tp_step_redirect(&place, loser, merge, &words);
    int status = call(merging, &tp_customer_redirect_script, n_keys, &words, on_redirected);
    if (status < 0)
        free(merging);
    return status;
}

int tp_customer_merge(const struct tp_customer_calls *calls, const struct tp_customer_merge *merge,
                      tp_customer_merge_done *done, void *arg) {
    return begin(calls, tp_str(merge->loser), merge, done, arg);
}

int tp_customer_finish(const struct tp_customer_calls *calls, struct tp_str customer_id, tp_customer_merge_done *done,
                       void *arg) {
    return begin(calls, customer_id, NULL, done, arg);
}
