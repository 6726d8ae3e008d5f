/* The three steps of a split as words of calls, and what their answers say; as steps.h has those of a merge. And those
 * of an identifier that is taken back: step 2 at who has claimed it and at each above, then one at who gets it. Pure.
 */
#pragma once

#include <hiredis/hiredis.h>

#include "common/buf.h"
#include "common/uuid.h"
#include "daemon/customer/steps.h"

/* What one step tells the next. */
struct tp_leaving {
    char member[TP_UUID_TEXT];          /* or who gets the identifier */
    char at_whom[TP_UUID_TEXT];         /* whose step is next: those above the member, one after the other */
    struct tp_buf merge;                /* its number; or "TYPE:VALUE" */
    char at[TP_DECIMAL];                /* generation of that one when it was merged into it */
    struct tp_buf members, identifiers; /* what is given up; of an identifier, instead of members: its claimant */
    struct tp_buf state, last;
    struct tp_buf why;                    /* an identifier is taken back: "MS TAB ORIGIN" */
    struct tp_buf notes, owners, recents; /* what it has from those above, and from the root */
};
/* Of an identifier that is taken back. */
int tp_leaving_identifier(const struct tp_customer_taking *taking, struct tp_leaving *ret);
void tp_leaving_free(struct tp_leaving *leaving); /* what it holds, not itself */

enum tp_split_answer {
    TP_SPLIT_GONE,    /* it is not in that merge (any more) */
    TP_SPLIT_PENDING, /* `at_whom`, or the member in step 1, is to be finished first (tp_customer_finish) */
    TP_SPLIT_APART, /* of an identifier: its claimant was split from `at_whom` meanwhile: begin anew at the claimant */
    TP_SPLIT_MORE,  /* step 2 is next, at `at_whom` */
    TP_SPLIT_ROOT   /* step 3 is next; `at_whom` is the root */
};

/* Each returns how many of the words are keys. */

/* Step 1, at the member. `merge` 0: whichever it is leaving. */
size_t tp_step_leave(const struct tp_step_place *place, struct tp_str member, uint64_t merge,
                     struct tp_redis_words *words);
/* TP_SPLIT_GONE, _PENDING or _MORE; TP_ECORRUPT: a key of it holds something else; TP_ENOMEM. */
int tp_step_left(const redisReply *answer, struct tp_leaving *leaving);

/* Step 2. */
size_t tp_step_give_up(const struct tp_step_place *place, const struct tp_leaving *leaving,
                       struct tp_redis_words *words);
/* TP_SPLIT_PENDING, _APART, _MORE or _ROOT, or as above. */
int tp_step_given_up(const redisReply *answer, struct tp_leaving *leaving);

/* Step 3, at the member. */
size_t tp_step_free(const struct tp_step_place *place, const struct tp_leaving *leaving, struct tp_redis_words *words);
/* Of an identifier, at who gets it. */
size_t tp_step_give(const struct tp_step_place *place, const struct tp_leaving *leaving, struct tp_redis_words *words);

/* ---- by a repair, on closed homes: a split that was made before ---- */

struct tp_split_told {
    struct tp_str member, customer; /* the root that gave it up */
    uint64_t merge, sequence;       /* its last, by then */
    struct tp_str state;            /* the member's */
};
/* At the root, then with its answer at the member. */
size_t tp_step_apart_root(const struct tp_step_place *place, const struct tp_split_told *split,
                          struct tp_redis_words *words);
size_t tp_step_apart_member(const struct tp_step_place *place, const struct tp_split_told *split,
                            const redisReply *answer, struct tp_redis_words *words);
/* TP_ECORRUPT when it is no answer of these. */
int tp_step_apart(const redisReply *answer);
