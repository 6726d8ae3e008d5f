#include "daemon/customer/split_steps.h"

#include <stdio.h>

#include "common/error.h"
#include "daemon/customer/internal.h"

#include "apart.lua.h"
#include "free.lua.h"
#include "give_up.lua.h"
#include "leave.lua.h"

struct tp_redis_script tp_customer_leave_script = {.name = "leave", .text = tp_script_leave};
struct tp_redis_script tp_customer_give_up_script = {.name = "give_up", .text = tp_script_give_up};
struct tp_redis_script tp_customer_apart_script = {.name = "apart", .text = tp_script_apart};
struct tp_redis_script tp_customer_free_script = {.name = "free", .text = tp_script_free};

void tp_leaving_free(struct tp_leaving *leaving) {
    struct tp_buf *const all[] = {&leaving->members, &leaving->identifiers, &leaving->state,  &leaving->last,
                                  &leaving->notes,   &leaving->owners,      &leaving->recents};
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
        keep_short(tp_step_text(answer, 2), leaving->merge, sizeof leaving->merge) < 0 ||
        keep_short(tp_step_text(answer, 3), leaving->at, sizeof leaving->at) < 0)
        return TP_ECORRUPT;
    keep(tp_step_text(answer, 4), &leaving->members);
    keep(tp_step_text(answer, 5), &leaving->identifiers);
    keep(tp_step_text(answer, 6), &leaving->state);
    keep(tp_step_text(answer, 7), &leaving->last);
    bool failed = leaving->members.failed || leaving->identifiers.failed || leaving->state.failed;
    return failed || leaving->last.failed ? TP_ENOMEM : TP_SPLIT_MORE;
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
    tp_redis_word(words, tp_str(leaving->merge));
    tp_redis_word(words, tp_str(leaving->at));
    tp_redis_word(words, tp_buf_str(&leaving->members));
    tp_redis_word(words, tp_buf_str(&leaving->identifiers));
    tp_redis_word(words, tp_buf_str(&leaving->state));
    tp_redis_word(words, tp_buf_str(&leaving->last));
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
    bool is_root = tp_str_is(word, "root");
    if ((!is_root && !tp_str_is(word, "member")) || answer->elements != 6)
        return TP_ECORRUPT;
    tp_buf_addstr(&leaving->notes, tp_step_text(answer, 3));
    keep(tp_step_text(answer, 4), &leaving->owners);
    keep(tp_step_text(answer, 5), &leaving->recents);
    if (leaving->notes.failed || leaving->owners.failed || leaving->recents.failed)
        return TP_ENOMEM;
    return is_root ? TP_SPLIT_ROOT : go_up(answer, leaving);
}

/* ---- step 3 ---- */

size_t tp_step_free(const struct tp_step_place *place, const struct tp_leaving *leaving, struct tp_redis_words *words) {
    size_t n_keys = tp_step_open(place, tp_str(leaving->member), words);
    tp_redis_number(words, place->settings->timeline.recent_events);
    tp_redis_word(words, tp_str(leaving->merge));
    tp_redis_word(words, tp_str(leaving->at_whom));
    tp_redis_word(words, tp_buf_str(&leaving->owners));
    tp_redis_word(words, tp_buf_str(&leaving->recents));
    tp_redis_word(words, tp_buf_str(&leaving->notes));
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
