#include "daemon/customer/steps.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/customer/keys.h"

#include "absorb.lua.h"
#include "confirm.lua.h"
#include "redirect.lua.h"

struct tp_redis_script tp_customer_redirect_script = {.name = "redirect", .text = tp_script_redirect};
struct tp_redis_script tp_customer_absorb_script = {.name = "absorb", .text = tp_script_absorb};
struct tp_redis_script tp_customer_confirm_script = {.name = "confirm", .text = tp_script_confirm};

/* In the answer of step 1. */
enum { TOLD_PENDING = 0, TOLD_TO = 1, TOLD_NUMBER = 2, TOLD_LEAST = 21 };

struct tp_str tp_step_text(const redisReply *answer, size_t i) {
    const redisReply *element = answer->element[i];
    return (struct tp_str){element->str, element->len};
}

size_t tp_step_open(const struct tp_step_place *place, struct tp_str customer_id, struct tp_redis_words *words) {
    char room[TP_HOME_PREFIX_BYTES];
    struct tp_str prefix = tp_customer_prefix(place->settings, tp_customer_lane(place->settings, customer_id), room);
    tp_redis_words_clear(words);
    tp_customer_lane_keys(words, prefix);
    tp_customer_keys(words, prefix, customer_id);
    size_t n_keys = words->n;
    tp_redis_number(words, (int64_t)place->repair);
    tp_redis_word(words, tp_str(place->home));
    return n_keys;
}

/* ---- step 1 ---- */

size_t tp_step_redirect(const struct tp_step_place *place, struct tp_str loser, const struct tp_customer_merge *merge,
                        struct tp_redis_words *words) {
    size_t n_keys = tp_step_open(place, loser, words);
    bool whatever = place->home[0] == 'c';
    char at[2 * TP_DECIMAL];
    if (!merge) {
        tp_redis_word(words, TP_STR(""));
        return n_keys;
    }
    snprintf(at, sizeof at, "%" PRIu64 " %zu", merge->survivor_version.generation,
             merge->survivor_version.n_identifiers);
    if (whatever)
        tp_redis_word(words, TP_STR("*"));
    else
        tp_redis_number(words, (int64_t)merge->loser_version.generation);
    tp_redis_number(words, (int64_t)merge->loser_version.n_identifiers);
    tp_redis_word(words, tp_str(merge->survivor));
    tp_redis_word(words, tp_str(whatever ? "" : at));
    tp_redis_word(words, merge->evidence);
    return n_keys;
}

bool tp_step_is_text(const redisReply *answer) {
    if (answer->type != REDIS_REPLY_ARRAY || answer->elements == 0)
        return false;
    for (size_t i = 0; i < answer->elements; i++)
        if (answer->element[i]->type != REDIS_REPLY_STRING)
            return false;
    return true;
}

int tp_step_redirected(const redisReply *answer, bool *ret_pending, char number[TP_DECIMAL]) {
    if (!tp_step_is_text(answer))
        return TP_ECORRUPT;
    *ret_pending = tp_str_is(tp_step_text(answer, TOLD_PENDING), "pending");
    if (!*ret_pending)
        return 0;
    if (answer->elements < TOLD_LEAST || !tp_uuid_valid(tp_step_text(answer, TOLD_TO)) ||
        tp_step_text(answer, TOLD_NUMBER).len >= TP_DECIMAL)
        return TP_ECORRUPT;
    snprintf(number, TP_DECIMAL, "%s", answer->element[TOLD_NUMBER]->str);
    return 0;
}

bool tp_step_is_leaving(const redisReply *answer) {
    return tp_step_is_text(answer) && tp_str_is(tp_step_text(answer, TOLD_PENDING), "leaving");
}

/* ---- step 2 ---- */

size_t tp_step_absorb(const struct tp_step_place *place, struct tp_str loser, const redisReply *redirected,
                      bool counted, struct tp_redis_words *words) {
    size_t n_keys = tp_step_open(place, tp_step_text(redirected, TOLD_TO), words);
    tp_redis_number(words, place->settings->timeline.recent_events);
    tp_redis_number(words, tp_time_now_ms() / 60000);
    tp_redis_word(words, loser);
    tp_redis_word(words, tp_str(counted ? "1" : "0"));
    for (size_t i = TOLD_TO; i < redirected->elements; i++)
        tp_redis_word(words, tp_step_text(redirected, i));
    return n_keys;
}

int tp_step_absorbed(const redisReply *answer, bool *ret_merged) {
    struct tp_str word = {answer->str, answer->len};
    if (answer->type != REDIS_REPLY_STRING)
        return TP_ECORRUPT;
    *ret_merged = tp_str_is(word, "in");
    return 0;
}

/* ---- step 3 ---- */

size_t tp_step_confirm(const struct tp_step_place *place, struct tp_str loser, struct tp_str number, bool merged,
                       struct tp_redis_words *words) {
    size_t n_keys = tp_step_open(place, loser, words);
    tp_redis_word(words, number);
    tp_redis_word(words, tp_str(merged ? "in" : "moved"));
    return n_keys;
}
