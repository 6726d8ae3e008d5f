/* The steps of a split, one call each: the member leaves, those above it give it up, from the one that it was merged
 * into up to the root, and it is free. Whoever is killed between two leaves a leaving member, which the next who meets
 * it finishes. An identifier that is taken back goes the same way up, and then to who gets it. */
#include "daemon/customer/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/fault.h"
#include "daemon/customer/split_steps.h"

struct splitting {
    struct tp_customer_calls calls;
    uint64_t merge; /* as asked for; 0: whichever it is leaving */
    bool of_identifier;
    struct tp_leaving leaving;
    bool split;
    tp_customer_split_done *done;
    void *arg;
};

static void end(struct splitting *splitting, int status) {
    splitting->done(splitting->arg, status, status == 0 && splitting->split);
    tp_leaving_free(&splitting->leaving);
    free(splitting);
}

static struct tp_step_place place_of(const struct splitting *splitting) {
    return (struct tp_step_place){splitting->calls.settings, splitting->calls.repair, "open"};
}

static int call(struct splitting *splitting, struct tp_redis_script *script, size_t n_keys,
                struct tp_redis_words *words, tp_redis_done *done) {
    int status = tp_redis_eval(splitting->calls.redis, script, n_keys, words, done, splitting);
    tp_redis_words_free(words);
    return status;
}

static int leave(struct splitting *splitting);
static int give_up(struct splitting *splitting);

static void on_freed(void *arg, int status, const redisReply *reply) {
    struct splitting *splitting = arg;
    (void)TP_FAULT("customer.after_free");
    splitting->split = status == 0 && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    end(splitting, status);
}

static int set_free(struct splitting *splitting) {
    struct tp_redis_words words = {0};
    const struct tp_step_place place = place_of(splitting);
    if (splitting->of_identifier)
        return call(splitting, &tp_customer_give_script, tp_step_give(&place, &splitting->leaving, &words), &words,
                    on_freed);
    size_t n_keys = tp_step_free(&place, &splitting->leaving, &words);
    return call(splitting, &tp_customer_free_script, n_keys, &words, on_freed);
}

static void on_finished_above(void *arg, int status, bool merged) {
    struct splitting *splitting = arg;
    (void)merged;
    if (status == 0)
        status = give_up(splitting);
    if (status < 0)
        end(splitting, status);
}

/* A split has come between. */
static void begin_at_claimant(struct tp_leaving *leaving) {
    memcpy(leaving->at_whom, leaving->members.at, leaving->members.len);
    strcpy(leaving->at, "0");
}

static void on_given_up(void *arg, int status, const redisReply *reply) {
    struct splitting *splitting = arg;
    (void)TP_FAULT("customer.after_give_up");
    if (status == 0)
        status = tp_step_given_up(reply, &splitting->leaving);
    if (status == TP_SPLIT_APART)
        begin_at_claimant(&splitting->leaving);
    if (status == TP_SPLIT_PENDING)
        status =
            tp_customer_finish(&splitting->calls, tp_str(splitting->leaving.at_whom), on_finished_above, splitting);
    else if (status >= 0)
        status = status == TP_SPLIT_ROOT ? set_free(splitting) : give_up(splitting);
    if (status < 0)
        end(splitting, status);
}

static int give_up(struct splitting *splitting) {
    struct tp_redis_words words = {0};
    const struct tp_step_place place = place_of(splitting);
    size_t n_keys = tp_step_give_up(&place, &splitting->leaving, &words);
    return call(splitting, &tp_customer_give_up_script, n_keys, &words, on_given_up);
}

static void on_finished(void *arg, int status, bool merged) {
    struct splitting *splitting = arg;
    (void)merged;
    if (status == 0)
        status = leave(splitting);
    if (status < 0)
        end(splitting, status);
}

static void on_left(void *arg, int status, const redisReply *reply) {
    struct splitting *splitting = arg;
    (void)TP_FAULT("customer.after_leave");
    if (status == 0)
        status = tp_step_left(reply, &splitting->leaving);
    bool gone = status == TP_SPLIT_GONE;
    if (status == TP_SPLIT_PENDING)
        status = tp_customer_finish(&splitting->calls, tp_str(splitting->leaving.member), on_finished, splitting);
    else if (status == TP_SPLIT_MORE)
        status = give_up(splitting);
    if (status < 0 || gone)
        end(splitting, status);
}

static int leave(struct splitting *splitting) {
    struct tp_redis_words words = {0};
    const struct tp_step_place place = place_of(splitting);
    size_t n_keys = tp_step_leave(&place, tp_str(splitting->leaving.member), splitting->merge, &words);
    return call(splitting, &tp_customer_leave_script, n_keys, &words, on_left);
}

/* NULL when out of memory. */
static struct splitting *new_splitting(const struct tp_customer_calls *calls, tp_customer_split_done *done, void *arg) {
    struct splitting *splitting = calloc(1, sizeof *splitting);
    if (splitting)
        *splitting = (struct splitting){.calls = *calls, .done = done, .arg = arg};
    return splitting;
}

/* An error: it does not come to `done`. */
static int begun(struct splitting *splitting, int status) {
    if (status >= 0)
        return 0;
    tp_leaving_free(&splitting->leaving);
    free(splitting);
    return status;
}

int tp_customer_split(const struct tp_customer_calls *calls, struct tp_str member, uint64_t merge,
                      tp_customer_split_done *done, void *arg) {
    struct splitting *splitting = new_splitting(calls, done, arg);
    if (!splitting)
        return TP_ENOMEM;
    splitting->merge = merge;
    snprintf(splitting->leaving.member, sizeof splitting->leaving.member, "%.*s", TP_FMT(member));
    return begun(splitting, leave(splitting));
}

int tp_customer_take_back(const struct tp_customer_calls *calls, const struct tp_customer_taking *taking,
                          tp_customer_split_done *done, void *arg) {
    struct splitting *splitting = new_splitting(calls, done, arg);
    if (!splitting)
        return TP_ENOMEM;
    splitting->of_identifier = true;
    int status = tp_leaving_identifier(taking, &splitting->leaving);
    tp_buf_addstr(&splitting->leaving.members, taking->from);
    if (splitting->leaving.members.failed)
        status = TP_ENOMEM;
    return begun(splitting, status == 0 ? give_up(splitting) : status);
}
