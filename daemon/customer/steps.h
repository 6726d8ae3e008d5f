/* The three steps of a merge as words of calls, and what their answers say; for those who wait for an answer and for
 * those who do not. Pure. */
#pragma once

#include <hiredis/hiredis.h>

#include "common/str.h"
#include "daemon/customer/customer.h"

struct tp_step_place {
    const struct tp_settings *settings;
    uint64_t repair;
    const char *home; /* "open", or "closed": by a repair, which is told that it was so before */
};

/* What all calls of steps begin with: the keys of one customer, and what scripts check first. Returns how many are
 * keys. */
size_t tp_step_open(const struct tp_step_place *place, struct tp_str customer_id, struct tp_redis_words *words);
/* Whether an answer is words, at least one; and these. */
bool tp_step_is_text(const redisReply *answer);
struct tp_str tp_step_text(const redisReply *answer, size_t i);

/* Each returns how many of the words are keys. */

/* Step 1. `merge` NULL: of one that is pending, that merge. Closed: versions are not compared. */
size_t tp_step_redirect(const struct tp_step_place *place, struct tp_str loser, const struct tp_customer_merge *merge,
                        struct tp_redis_words *words);
/* Not `pending`: the loser is not as it was looked at, or a key of it holds something else. `number`: of the merge. */
int tp_step_redirected(const redisReply *answer, bool *ret_pending, char number[TP_DECIMAL]);
/* In that answer: it is a split that is half-way (tp_customer_split). */
bool tp_step_is_leaving(const redisReply *answer);

/* Step 2, with the answer of step 1. `counted`: entries of the survivor tell of the merge already. */
size_t tp_step_absorb(const struct tp_step_place *place, struct tp_str loser, const redisReply *redirected,
                      bool counted, struct tp_redis_words *words);
int tp_step_absorbed(const redisReply *answer, bool *ret_merged);

/* Step 3. */
size_t tp_step_confirm(const struct tp_step_place *place, struct tp_str loser, struct tp_str number, bool merged,
                       struct tp_redis_words *words);
