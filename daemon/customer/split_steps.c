#include "daemon/customer/split_steps.h"

#include <stdio.h>

#include "common/error.h"
#include "daemon/customer/internal.h"

#include "apart.lua.h"
#include "free.lua.h"
#include "give.lua.h"
#include "give_up.lua.h"
#include "leave.lua.h"

struct tp_redis_script tp_customer_leave_script = {.name = "leave", .text = tp_script_leave};
struct tp_redis_script tp_customer_give_up_script = {.name = "give_up", .text = tp_script_give_up};
struct tp_redis_script tp_customer_apart_script = {.name = "apart", .text = tp_script_apart};
struct tp_redis_script tp_customer_free_script = {.name = "free", .text = tp_script_free};

struct tp_redis_script tp_customer_give_script = {.name = "give", .text = tp_script_give};

void tp_leaving_free(struct tp_leaving *leaving) {
    struct tp_buf *const all[] = {&leaving->merge, &leaving->members, &leaving->identifiers,
                                  &leaving->state, &leaving->last,    &leaving->why,
                                  &leaving->notes, &leaving->owners,  &leaving->recents};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        tp_buf_free(all[i]);
}

static void keep(struct tp_str text, struct tp_buf *out) {
    tp_buf_clear(out);
    tp_buf_addstr(out, text);
}

static int keep_short(struct tp_str text, char *out, size_t size) {
    if (text.len >= size)
        return TP_ECORRUPT;
    snprintf(out, size, "%.*s", TP_FMT(text));
    return 0;
}

/* ---- step 1 ---- */

size_t tp_step_leave(const struct tp_step_place *place, struct tp_str member, uint64_t merge,
                     struct tp_redis_words *words) {
    size_t n_keys = tp_step_open(place, member, words);
    if (merge == 0)
        tp_redis_word(words, TP_STR(""));
    else
        tp_redis_number(words, (int64_t)merge);
    return n_keys;
}

static int keep_left(const redisReply *answer, struct tp_leaving *leaving) {
    if (answer->elements != 8 || !tp_uuid_valid(tp_step_text(answer, 1)) ||
        keep_short(tp_step_text(answer, 1), leaving->at_whom, sizeof leaving->at_whom) < 0 ||
        keep_short(tp_step_text(answer, 3), leaving->at, sizeof leaving->at) < 0)
        return TP_ECORRUPT;
    keep(tp_step_text(answer, 2), &leaving->merge);
    keep(tp_step_text(answer, 4), &leaving->members);
    keep(tp_step_text(answer, 5), &leaving->identifiers);
    keep(tp_step_text(answer, 6), &leaving->state);
    keep(tp_step_text(answer, 7), &leaving->last);
    bool failed = leaving->merge.failed || leaving->members.failed || leaving->identifiers.failed;
    return failed || leaving->state.failed || leaving->last.failed ? TP_ENOMEM : TP_SPLIT_MORE;
}

int tp_step_left(const redisReply *answer, struct tp_leaving *leaving) {
    if (!tp_step_is_text(answer))
        return TP_ECORRUPT;
    struct tp_str word = tp_step_text(answer, 0);
    if (tp_str_is(word, "leaving"))
        return keep_left(answer, leaving);
    return tp_str_is(word, "gone") ? TP_SPLIT_GONE : tp_str_is(word, "pending") ? TP_SPLIT_PENDING : TP_ECORRUPT;
}

/* ---- step 2 ---- */

size_t tp_step_give_up(const struct tp_step_place *place, const struct tp_leaving *leaving,
                       struct tp_redis_words *words) {
    size_t n_keys = tp_step_open(place, tp_str(leaving->at_whom), words);
    tp_redis_word(words, tp_str(leaving->member));
    tp_redis_word(words, tp_buf_str(&leaving->merge));
    tp_redis_word(words, tp_str(leaving->at));
    tp_redis_word(words, tp_buf_str(&leaving->members));
    tp_redis_word(words, tp_buf_str(&leaving->identifiers));
    tp_redis_word(words, tp_buf_str(&leaving->state));
    tp_redis_word(words, tp_buf_str(&leaving->last));
    tp_redis_word(words, tp_buf_str(&leaving->why));
    return n_keys;
}

static int go_up(const redisReply *answer, struct tp_leaving *leaving) {
    if (!tp_uuid_valid(tp_step_text(answer, 1)) ||
        keep_short(tp_step_text(answer, 1), leaving->at_whom, sizeof leaving->at_whom) < 0 ||
        keep_short(tp_step_text(answer, 2), leaving->at, sizeof leaving->at) < 0)
        return TP_ECORRUPT;
    return TP_SPLIT_MORE;
}

int tp_step_given_up(const redisReply *answer, struct tp_leaving *leaving) {
    if (!tp_step_is_text(answer))
        return TP_ECORRUPT;
    struct tp_str word = tp_step_text(answer, 0);
    if (tp_str_is(word, "pending"))
        return TP_SPLIT_PENDING;
    if (tp_str_is(word, "apart"))
        return TP_SPLIT_APART;
    bool is_root = tp_str_is(word, "root");
    if ((!is_root && !tp_str_is(word, "member")) || answer->elements != 7)
        return TP_ECORRUPT;
    tp_buf_addstr(&leaving->notes, tp_step_text(answer, 3));
    keep(tp_step_text(answer, 4), &leaving->owners);
    keep(tp_step_text(answer, 5), &leaving->recents);
    keep(tp_step_text(answer, 6), &leaving->why);
    if (leaving->why.failed || leaving->notes.failed || leaving->owners.failed || leaving->recents.failed)
        return TP_ENOMEM;
    return is_root ? TP_SPLIT_ROOT : go_up(answer, leaving);
}

/* ---- step 3 ---- */

/* By which, and what it has from those above. */
static void write_gained(const struct tp_leaving *leaving, struct tp_redis_words *words) {
    tp_redis_word(words, tp_buf_str(&leaving->merge));
    tp_redis_word(words, tp_str(leaving->at_whom));
    tp_redis_word(words, tp_buf_str(&leaving->owners));
    tp_redis_word(words, tp_buf_str(&leaving->recents));
    tp_redis_word(words, tp_buf_str(&leaving->notes));
}

size_t tp_step_free(const struct tp_step_place *place, const struct tp_leaving *leaving, struct tp_redis_words *words) {
    size_t n_keys = tp_step_open(place, tp_str(leaving->member), words);
    tp_redis_number(words, place->settings->timeline.recent_events);
    write_gained(leaving, words);
    return n_keys;
}

/* ---- an identifier ---- */

int tp_leaving_identifier(const struct tp_customer_taking *taking, struct tp_leaving *ret) {
    const struct tp_identifier identifier = taking->identifier;
    *ret = (struct tp_leaving){.at = "0"};
    snprintf(ret->member, sizeof ret->member, "%.*s", TP_FMT(taking->to));
    snprintf(ret->at_whom, sizeof ret->at_whom, "%.*s", TP_FMT(taking->from));
    tp_buf_addf(&ret->merge, "%.*s:%.*s", TP_FMT(identifier.type), TP_FMT(identifier.value));
    tp_buf_addf(&ret->identifiers, "\n%.*s\t%.*s\n", TP_FMT(identifier.type), TP_FMT(identifier.value));
    tp_buf_addstr(&ret->why, taking->why);
    return ret->merge.failed || ret->identifiers.failed || ret->why.failed ? TP_ENOMEM : 0;
}

size_t tp_step_give(const struct tp_step_place *place, const struct tp_leaving *leaving, struct tp_redis_words *words) {
    size_t n_keys = tp_step_open(place, tp_str(leaving->member), words);
    tp_redis_number(words, place->settings->timeline.recent_events);
    write_gained(leaving, words);
    tp_redis_word(words, tp_buf_str(&leaving->why));
    return n_keys;
}

/* ---- by a repair ---- */

static size_t open_apart(const struct tp_step_place *place, const struct tp_split_told *split, bool at_root,
                         struct tp_redis_words *words) {
    size_t n_keys = tp_step_open(place, at_root ? split->customer : split->member, words);
    tp_redis_number(words, place->settings->timeline.recent_events);
    tp_redis_word(words, split->member);
    tp_redis_number(words, (int64_t)split->merge);
    tp_redis_word(words, tp_str(at_root ? "s" : "m"));
    return n_keys;
}

size_t tp_step_apart_root(const struct tp_step_place *place, const struct tp_split_told *split,
                          struct tp_redis_words *words) {
    size_t n_keys = open_apart(place, split, true, words);
    tp_redis_number(words, (int64_t)split->sequence);
    tp_redis_word(words, split->state);
    return n_keys;
}

size_t tp_step_apart_member(const struct tp_step_place *place, const struct tp_split_told *split,
                            const redisReply *answer, struct tp_redis_words *words) {
    size_t n_keys = open_apart(place, split, false, words);
    tp_redis_word(words, split->customer);
    tp_redis_word(words, tp_step_text(answer, 0));
    tp_redis_word(words, tp_step_text(answer, 1));
    return n_keys;
}

int tp_step_apart(const redisReply *answer) {
    return tp_step_is_text(answer) && answer->elements == 2 ? 0 : TP_ECORRUPT;
}
