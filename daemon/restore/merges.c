/* Merges: gathered while records are read, and made when all else is in Redis. Losers come in descending order: who was
 * merged into a loser has a larger id than it, and its survivor has a smaller one. So a loser has its own members by
 * then, and leads nowhere yet. */
#include "daemon/restore/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/mapping.h"
#include "daemon/customer/steps.h"

enum { ID_TEXT = TP_UUID_TEXT - 1, ID_BYTES = 16 };

/* An interaction of the survivor; the loser's redirect, which was told with one; or the survivor's members alone: an
 * event that identifies has brought it about, and no interaction has told it yet. */
enum told_by { BY_INTERACTION, BY_REDIRECT, BY_MEMBERS };

/* There may be millions. */
struct pair {
    uint8_t loser[ID_BYTES], survivor[ID_BYTES];
    size_t evidence_at; /* in the texts, each with its NUL */
    enum told_by told_by;
};

struct tp_restore_merges {
    const struct tp_restore_splits *splits;
    struct pair *pairs;
    size_t n, room, taken;
    struct tp_buf texts;
    bool sorted;
};

/* ---- ids ---- */

static unsigned digit_of(char letter) { return (unsigned)(letter <= '9' ? letter - '0' : letter - 'a' + 10); }

/* Of one that is valid: so the order is that of the texts. */
static void pack_id(const char *text, uint8_t out[ID_BYTES]) {
    for (size_t i = 0; i < ID_BYTES; i++) {
        text += *text == '-';
        out[i] = (uint8_t)(digit_of(text[0]) << 4 | digit_of(text[1]));
        text += 2;
    }
}

static void write_id(const uint8_t id[ID_BYTES], char out[TP_UUID_TEXT]) {
    for (size_t i = 0; i < ID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = "0123456789abcdef"[id[i] >> 4];
        *out++ = "0123456789abcdef"[id[i] & 15];
    }
    *out = '\0';
}

/* ---- gathering ---- */

/* When and by what; a record does not say which of its identifiers led to whom. */
static void write_evidence(const struct tp_interaction *interaction, struct tp_buf *out) {
    tp_buf_addi(out, interaction->received_ms);
    tp_buf_addc(out, '\t');
    tp_mapping_origin(interaction->source, interaction->id, out);
    tp_buf_addc(out, '\0');
}

static int make_room(struct tp_restore_merges *merges) {
    if (merges->n < merges->room)
        return 0;
    size_t room = merges->room ? 2 * merges->room : 64;
    struct pair *pairs = reallocarray(merges->pairs, room, sizeof *pairs);
    if (!pairs)
        return TP_ENOMEM;
    merges->pairs = pairs;
    merges->room = room;
    return 0;
}

static int add_pair(struct tp_restore_merges *merges, const char *loser, const char *survivor, size_t evidence_at,
                    enum told_by told_by) {
    if (make_room(merges) < 0)
        return TP_ENOMEM;
    struct pair *pair = &merges->pairs[merges->n++];
    pack_id(loser, pair->loser);
    pack_id(survivor, pair->survivor);
    pair->evidence_at = evidence_at;
    pair->told_by = told_by;
    return 0;
}

int tp_restore_merges_add(struct tp_restore_merges *merges, const struct tp_restore_record *record) {
    const struct tp_restored *entry = &record->entry;
    size_t evidence_at = merges->texts.len;
    if (entry->merged.len > 0)
        write_evidence(entry->append.interaction, &merges->texts);
    for (size_t at = 0; at + ID_TEXT <= entry->merged.len; at += ID_TEXT) {
        const struct tp_str loser = {entry->merged.at + at, ID_TEXT};
        if (tp_restore_was_split(merges->splits, loser, entry->append.interaction->received_ms))
            continue;
        if (add_pair(merges, loser.at, entry->append.customer_id.at, evidence_at, BY_INTERACTION) < 0)
            return TP_ENOMEM;
    }
    return merges->texts.failed ? TP_ENOMEM : 0;
}

int tp_restore_merges_add_mapping(struct tp_restore_merges *merges, const struct tp_restore_mapping *mapping) {
    size_t evidence_at = merges->texts.len;
    int error = 0;
    if (mapping->redirect[0] || mapping->members.len > 0) {
        tp_buf_addstr(&merges->texts, tp_buf_str(&mapping->evidence)); /* of members: not known */
        tp_buf_addc(&merges->texts, '\0');
    }
    if (mapping->redirect[0])
        error = add_pair(merges, mapping->customer_id, mapping->redirect, evidence_at, BY_REDIRECT);
    for (size_t at = 0; !error && at + ID_TEXT <= mapping->members.len; at += ID_TEXT)
        error = add_pair(merges, mapping->members.at + at, mapping->customer_id, evidence_at, BY_MEMBERS);
    return merges->texts.failed ? TP_ENOMEM : error;
}

/* ---- the order ---- */

/* Of several that are told of one loser that which is told best comes first; of members alone that into the youngest,
 * since a root lists the members of its members too; of one pair the first read. */
static int compare(const void *left, const void *right) {
    const struct pair *one = left, *other = right;
    int order = memcmp(other->loser, one->loser, ID_BYTES);
    if (order == 0)
        order = (int)one->told_by - (int)other->told_by;
    if (order == 0)
        order = memcmp(other->survivor, one->survivor, ID_BYTES);
    return order ? order : (one->evidence_at > other->evidence_at) - (one->evidence_at < other->evidence_at);
}

/* Whether nothing new comes of it behind the one before. */
static bool is_same(const struct pair *before, const struct pair *pair) {
    return memcmp(before->loser, pair->loser, ID_BYTES) == 0 &&
           (pair->told_by != BY_INTERACTION || memcmp(before->survivor, pair->survivor, ID_BYTES) == 0);
}

bool tp_restore_merges_next(struct tp_restore_merges *merges, struct tp_customer_merge *ret, bool *ret_counted) {
    if (!merges->sorted && merges->n > 0)
        qsort(merges->pairs, merges->n, sizeof *merges->pairs, compare);
    merges->sorted = true;
    while (merges->taken < merges->n) {
        const struct pair *pair = &merges->pairs[merges->taken++];
        if (merges->taken > 1 && is_same(pair - 1, pair))
            continue;
        *ret = (struct tp_customer_merge){.evidence = tp_str(merges->texts.at + pair->evidence_at)};
        write_id(pair->loser, ret->loser);
        write_id(pair->survivor, ret->survivor);
        *ret_counted = pair->told_by != BY_MEMBERS;
        return true;
    }
    return false;
}

/* ---- making them ---- */

struct making {
    struct tp_redis_blocking *redis;
    struct tp_restore_progress *progress;
    char redirect_sha[41], absorb_sha[41], confirm_sha[41];
    struct tp_step_place place;
    struct tp_redis_words words; /* of the call that is being made */
};

static int call(struct making *making, const char *sha, size_t n_keys, redisReply **ret) {
    int error = tp_redis_blocking_send(making->redis, sha, n_keys, &making->words);
    return error ? error : tp_redis_blocking_answer(making->redis, ret);
}

static int confirm(struct making *making, struct tp_str loser, const char *number, bool merged) {
    redisReply *reply = NULL;
    size_t n_keys = tp_step_confirm(&making->place, loser, tp_str(number), merged, &making->words);
    int error = call(making, making->confirm_sha, n_keys, &reply);
    if (error)
        return error;
    making->progress->merges += merged && reply->integer == 1;
    freeReplyObject(reply);
    return 0;
}

/* `counted`: the survivor's entries have come back with counts that have the loser's in them. */
static int absorb(struct making *making, struct tp_str loser, const redisReply *redirected, bool counted,
                  bool *ret_merged) {
    redisReply *reply = NULL;
    size_t n_keys = tp_step_absorb(&making->place, loser, redirected, counted, &making->words);
    int error = call(making, making->absorb_sha, n_keys, &reply);
    if (error)
        return error;
    error = tp_step_absorbed(reply, ret_merged);
    freeReplyObject(reply);
    return error;
}

static int make(struct making *making, const struct tp_customer_merge *merge, bool counted) {
    struct tp_str loser = tp_str(merge->loser);
    char number[TP_DECIMAL];
    bool pending = false, merged = false;
    redisReply *reply = NULL;
    size_t n_keys = tp_step_redirect(&making->place, loser, merge, &making->words);
    int error = call(making, making->redirect_sha, n_keys, &reply);
    if (error)
        return error;
    error = tp_step_redirected(reply, &pending, number);
    if (!error && pending)
        error = absorb(making, loser, reply, counted, &merged);
    freeReplyObject(reply);
    return error || !pending ? error : confirm(making, loser, number, merged);
}

static int load(struct making *making) {
    int error = tp_redis_blocking_load(making->redis, &tp_customer_redirect_script, making->redirect_sha);
    if (!error)
        error = tp_redis_blocking_load(making->redis, &tp_customer_absorb_script, making->absorb_sha);
    if (!error)
        error = tp_redis_blocking_load(making->redis, &tp_customer_confirm_script, making->confirm_sha);
    return error;
}

int tp_restore_merges_make(struct tp_restore_merges *merges, const struct tp_restore_options *options,
                           struct tp_redis_blocking *redis, struct tp_restore_progress *progress,
                           void (*on_turn)(void *arg), void *arg) {
    struct making making = {
        .redis = redis, .progress = progress, .place = {options->settings, options->repair, "closed"}};
    struct tp_customer_merge merge;
    bool counted;
    int error = merges->n > 0 ? load(&making) : 0;
    while (!error && tp_restore_merges_next(merges, &merge, &counted)) {
        error = options->stop && atomic_load(options->stop) ? TP_ESTOPPING : make(&making, &merge, counted);
        on_turn(arg);
    }
    tp_redis_words_free(&making.words);
    return error;
}

/* ---- life ---- */

int tp_restore_merges_new(const struct tp_restore_splits *splits, struct tp_restore_merges **ret) {
    *ret = calloc(1, sizeof **ret);
    if (!*ret)
        return TP_ENOMEM;
    (*ret)->splits = splits;
    return 0;
}

void tp_restore_merges_free(struct tp_restore_merges *merges) {
    if (!merges)
        return;
    free(merges->pairs);
    tp_buf_free(&merges->texts);
    free(merges);
}
