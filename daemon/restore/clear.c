/* Taking out what there is. The keys are found by SCAN, and taken out by a script of their own lane or bucket, which
 * compares its home first: so many at a time, gathered by hash tag. */
#include "daemon/restore/internal.h"

#include <stdlib.h>

#include "common/error.h"
#include "daemon/redis/home.h"

#include "clear.lua.h"

enum { MOST_KEYS = 500, SCANNED = 1000 };

static struct tp_redis_script clear_script = {.name = "clear", .text = tp_script_clear};

struct clearing {
    const struct tp_restore_options *options;
    struct tp_redis_blocking *redis;
    char sha[41];
    /* What was found of each lane, then of each bucket: its keys, its home in front. */
    struct tp_redis_words *found;
};

/* ---- whose key it is ---- */

static bool read_tag(struct tp_str *rest, char *ret_kind, unsigned long *ret_number) {
    char *end;
    if (rest->len < 5 || rest->at[0] != '{')
        return false;
    *ret_kind = rest->at[1];
    *ret_number = strtoul(rest->at + 2, &end, 10); /* what redis answers ends with a NUL */
    if (end == rest->at + 2 || end[0] != '}' || end[1] != ':')
        return false;
    end += 2;
    *rest = (struct tp_str){end, rest->len - (size_t)(end - rest->at)};
    return true;
}

/* NULL: it is a home, or none of ours. */
static struct tp_redis_words *found_of(const struct clearing *clearing, struct tp_str key) {
    const struct tp_settings *settings = clearing->options->settings;
    size_t prefix = strlen(settings->redis.prefix);
    unsigned long number;
    char kind;
    if (!tp_str_begins(key, settings->redis.prefix))
        return NULL;
    key = (struct tp_str){key.at + prefix, key.len - prefix};
    if (!read_tag(&key, &kind, &number) || tp_str_is(key, "home"))
        return NULL;
    if (kind == 'L' && number < settings->redis.lanes)
        return &clearing->found[number];
    if (kind == 'I' && number < settings->redis.buckets)
        return &clearing->found[settings->redis.lanes + number];
    return NULL;
}

/* ---- taking out ---- */

static int take_out(struct clearing *clearing, struct tp_redis_words *found) {
    redisReply *reply = NULL;
    size_t n_keys = found->n;
    if (n_keys == 0)
        return 0;
    tp_redis_number(found, (int64_t)clearing->options->repair);
    int error = tp_redis_blocking_send(clearing->redis, clearing->sha, n_keys, found);
    tp_redis_words_clear(found);
    if (!error)
        error = tp_redis_blocking_answer(clearing->redis, &reply);
    if (!error)
        freeReplyObject(reply);
    return error;
}

static void add_home(const struct clearing *clearing, struct tp_redis_words *found) {
    const struct tp_settings *settings = clearing->options->settings;
    char room[TP_HOME_PREFIX_BYTES];
    unsigned number = (unsigned)(found - clearing->found);
    bool lane = number < settings->redis.lanes;
    size_t len = tp_home_prefix(settings, lane ? TP_HOME_LANE : TP_HOME_BUCKET,
                                lane ? number : number - settings->redis.lanes, room);
    tp_redis_key(found, (struct tp_str){room, len}, TP_STR("home"));
}

static int add_key(struct clearing *clearing, struct tp_str key) {
    struct tp_redis_words *found = found_of(clearing, key);
    if (!found)
        return 0;
    if (found->n == 0)
        add_home(clearing, found);
    tp_redis_word(found, key);
    return found->n >= MOST_KEYS ? take_out(clearing, found) : 0;
}

/* ---- finding ---- */

/* The prefix's own characters stand for themselves. */
static void write_pattern(const char *prefix, struct tp_buf *out) {
    for (; *prefix; prefix++) {
        if (strchr("*?[]\\^", *prefix))
            tp_buf_addc(out, '\\');
        tp_buf_addc(out, *prefix);
    }
    tp_buf_adds(out, "{*");
}

static int ask(struct clearing *clearing, struct tp_str cursor, struct tp_str pattern, redisReply **ret) {
    struct tp_redis_words words = {0};
    tp_redis_word(&words, TP_STR("SCAN"));
    tp_redis_word(&words, cursor);
    tp_redis_word(&words, TP_STR("MATCH"));
    tp_redis_word(&words, pattern);
    tp_redis_word(&words, TP_STR("COUNT"));
    tp_redis_number(&words, SCANNED);
    int error = tp_redis_blocking_send(clearing->redis, NULL, 0, &words);
    tp_redis_words_free(&words);
    return error ? error : tp_redis_blocking_answer(clearing->redis, ret);
}

/* Some keys, and where the next begin: "0" at the end. */
static int take_answer(struct clearing *clearing, const redisReply *reply, struct tp_buf *cursor) {
    int error = 0;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_STRING)
        return TP_EUNAVAILABLE;
    tp_buf_clear(cursor);
    tp_buf_add(cursor, reply->element[0]->str, reply->element[0]->len);
    for (size_t i = 0; !error && i < reply->element[1]->elements; i++) {
        const redisReply *key = reply->element[1]->element[i];
        error = add_key(clearing, (struct tp_str){key->str, key->len});
    }
    return error;
}

static int scan(struct clearing *clearing, void (*on_turn)(void *arg), void *arg) {
    const struct tp_restore_options *options = clearing->options;
    struct tp_buf cursor = TP_BUF_INIT, pattern = TP_BUF_INIT;
    int error = 0;
    write_pattern(options->settings->redis.prefix, &pattern);
    tp_buf_addc(&cursor, '0');
    do {
        redisReply *reply = NULL;
        error = options->stop && atomic_load(options->stop)
                    ? TP_ESTOPPING
                    : ask(clearing, tp_buf_str(&cursor), tp_buf_str(&pattern), &reply);
        if (!error)
            error = take_answer(clearing, reply, &cursor);
        if (reply)
            freeReplyObject(reply);
        on_turn(arg);
    } while (!error && !tp_str_is(tp_buf_str(&cursor), "0"));
    tp_buf_free(&cursor);
    tp_buf_free(&pattern);
    return error;
}

int tp_restore_clear(const struct tp_restore_options *options, struct tp_redis_blocking *redis,
                     void (*on_turn)(void *arg), void *arg) {
    size_t n = (size_t)options->settings->redis.lanes + options->settings->redis.buckets;
    struct clearing clearing = {options, redis, "", calloc(n, sizeof(struct tp_redis_words))};
    int error = clearing.found ? tp_redis_blocking_load(redis, &clear_script, clearing.sha) : TP_ENOMEM;
    if (!error)
        error = scan(&clearing, on_turn, arg);
    for (size_t i = 0; clearing.found && i < n; i++) {
        if (!error)
            error = take_out(&clearing, &clearing.found[i]);
        tp_redis_words_free(&clearing.found[i]);
    }
    free(clearing.found);
    return error;
}
