/* Identifiers that were taken back, before merges are made: so what a merge carries along lacks them already. */
#include "daemon/restore/internal.h"

#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "common/mapping.h"
#include "common/split.h"
#include "daemon/customer/split_steps.h"
#include "daemon/identity/identity.h"

struct taking {
    struct tp_redis_blocking *redis;
    struct tp_step_place place;
    struct tp_leaving leaving;
    struct tp_redis_words words; /* of the call that is being made */
};

/* Scripts are loaded each time, since it is done seldom. */
static int call(struct taking *taking, struct tp_redis_script *script, size_t n_keys, redisReply **ret) {
    struct tp_redis_words words = taking->words;
    char sha[41];
    taking->words = (struct tp_redis_words){0};
    int error = tp_redis_blocking_load(taking->redis, script, sha);
    if (!error)
        error = tp_redis_blocking_send(taking->redis, sha, n_keys, &words);
    if (!error)
        error = tp_redis_blocking_answer(taking->redis, ret);
    tp_redis_words_free(&words);
    return error;
}

static int give_up(struct taking *taking) {
    redisReply *reply = NULL;
    size_t n_keys = tp_step_give_up(&taking->place, &taking->leaving, &taking->words);
    int error = call(taking, &tp_customer_give_up_script, n_keys, &reply);
    int answer = error ? error : tp_step_given_up(reply, &taking->leaving);
    freeReplyObject(reply);
    return answer < 0 ? answer : 0;
}

static int give(struct taking *taking) {
    redisReply *reply = NULL;
    size_t n_keys = tp_step_give(&taking->place, &taking->leaving, &taking->words);
    int error = call(taking, &tp_customer_give_script, n_keys, &reply);
    freeReplyObject(reply);
    return error;
}

/* From one customer alone: whom that one leads to is none of this. */
static int take_from(struct taking *taking, const char *customer_id) {
    snprintf(taking->leaving.at_whom, TP_UUID_TEXT, "%s", customer_id);
    int error = give_up(taking);
    snprintf(taking->leaving.at_whom, TP_UUID_TEXT, "%s", customer_id);
    return error ? error : give(taking);
}

static int move_claim(struct taking *taking, const struct tp_identity_move *move) {
    redisReply *reply = NULL;
    size_t n_keys =
        tp_identity_move(taking->place.settings, taking->place.repair, taking->place.home, move, &taking->words);
    int error = call(taking, &tp_identity_move_script, n_keys, &reply);
    freeReplyObject(reply);
    return error;
}

static void write_why(const struct tp_ledger_split *taken, struct tp_buf *out) {
    tp_buf_addi(out, taken->time_ms);
    tp_buf_addc(out, '\t');
    tp_mapping_origin(TP_SOURCE_OPERATOR, tp_str(taken->command), out);
}

static int take(struct taking *taking, const struct tp_ledger_split *taken, const struct tp_customer_taking *asked) {
    const struct tp_identity_move move = {asked->identifier, asked->from, asked->to};
    int error = tp_leaving_identifier(asked, &taking->leaving);
    if (!error)
        error = take_from(taking, taken->claimant);
    if (!error && strcmp(taken->claimant, taken->customer) != 0)
        error = take_from(taking, taken->customer);
    return error ? error : move_claim(taking, &move);
}

int tp_restore_taken(const struct tp_ledger_split *taken, const struct tp_restore_options *options,
                     struct tp_redis_blocking *redis) {
    struct taking taking = {.redis = redis, .place = {options->settings, options->repair, "closed"}};
    struct tp_buf why = TP_BUF_INIT;
    write_why(taken, &why);
    const struct tp_customer_taking asked = {tp_str(taken->claimant),
                                             tp_str(taken->member),
                                             {tp_buf_str(&taken->type), tp_buf_str(&taken->value)},
                                             tp_buf_str(&why)};
    int error = why.failed ? TP_ENOMEM : take(&taking, taken, &asked);
    tp_leaving_free(&taking.leaving);
    tp_redis_words_free(&taking.words);
    tp_buf_free(&why);
    return error;
}
