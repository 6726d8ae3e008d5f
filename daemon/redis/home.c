/* An order to all homes is as many calls, whose answers are summed up: each answers how its home is now. */
#include "daemon/redis/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "close.lua.h"
#include "common/error.h"
#include "daemon/redis/blocking.h"
#include "look.lua.h"
#include "open.lua.h"

struct tp_redis_script tp_home_look_script = {.name = "look", .text = tp_script_look};
static struct tp_redis_script close_script = {.name = "close", .text = tp_script_close};
static struct tp_redis_script open_script = {.name = "open", .text = tp_script_open};

size_t tp_home_prefix(const struct tp_settings *settings, enum tp_home_kind kind, unsigned number,
                      char out[TP_HOME_PREFIX_BYTES]) {
    return (size_t)snprintf(out, TP_HOME_PREFIX_BYTES, "%s{%c%u}:", settings->redis.prefix,
                            kind == TP_HOME_LANE ? 'L' : 'I', number);
}

unsigned tp_home_of(struct tp_str name, unsigned count) { return (unsigned)(XXH3_64bits(name.at, name.len) % count); }

/* ---- a home, read ---- */

struct home {
    bool open;
    struct tp_str server, origin;
    uint64_t number, count, beat;
};

static uint64_t read_number(struct tp_str text) {
    uint64_t number = 0;
    for (size_t i = 0; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++)
        number = number * 10 + (uint64_t)(text.at[i] - '0');
    return number;
}

static struct home read_home(struct tp_str text) {
    struct home home = {.open = tp_str_is(tp_str_cut(&text, ' '), "open")};
    home.server = tp_str_cut(&text, ' ');
    home.number = read_number(tp_str_cut(&text, ' '));
    home.count = read_number(tp_str_cut(&text, ' '));
    home.origin = tp_str_cut(&text, ' ');
    home.beat = read_number(text);
    return home;
}

static struct tp_str text_of(const redisReply *reply) {
    return reply->type == REDIS_REPLY_STRING ? (struct tp_str){reply->str, reply->len} : TP_STR("");
}

/* ---- the answers, summed up ---- */

static void note_origin(struct tp_home_findings *findings, struct tp_str origin) {
    if (findings->closed == 1)
        snprintf(findings->origin, sizeof findings->origin, "%.*s", TP_FMT(origin));
    else if (!tp_str_is(origin, findings->origin))
        strcpy(findings->origin, "-");
}

static void note_home(struct tp_home_findings *findings, const struct home *home, struct tp_str server) {
    findings->least = home->number < findings->least ? home->number : findings->least;
    findings->number = home->number > findings->number ? home->number : findings->number;
    findings->beats += home->beat;
    if (!tp_str_equal(home->server, server)) {
        findings->elsewhere++;
    } else if (home->open) {
        findings->open++;
    } else {
        findings->closed++;
        note_origin(findings, home->origin);
    }
}

/* `count`: how many there are of its kind, as the settings have it. */
static int take_answer(struct tp_home_findings *findings, unsigned count, const redisReply *reply) {
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
        return TP_ECORRUPT;
    struct tp_str text = text_of(reply->element[0]);
    struct home home = read_home(text);
    int64_t latest_ms = (int64_t)read_number(text_of(reply->element[2]));
    if (latest_ms > findings->latest_ms)
        findings->latest_ms = latest_ms;
    if (text.len == 0)
        findings->absent++;
    else if (home.count != count)
        return TP_ECONFIG;
    else
        note_home(findings, &home, text_of(reply->element[1]));
    return 0;
}

/* ---- the calls ---- */

struct stretch {
    unsigned first, end; /* of the homes: lanes, then buckets */
};

static struct stretch stretch_of(const struct tp_settings *settings, const struct tp_home_order *order) {
    unsigned all = settings->redis.lanes + settings->redis.buckets;
    unsigned first = order->one ? order->which % all : 0;
    return (struct stretch){first, order->one ? first + 1 : all};
}

static struct tp_home_findings nothing_found(struct stretch stretch) {
    return (struct tp_home_findings){.homes = stretch.end - stretch.first, .least = UINT64_MAX, .origin = "-"};
}

static unsigned count_of(const struct tp_settings *settings, unsigned which) {
    return which < settings->redis.lanes ? settings->redis.lanes : settings->redis.buckets;
}

static struct tp_redis_script *script_of(const struct tp_home_order *order) {
    return order->what == TP_HOME_LOOK   ? &tp_home_look_script
           : order->what == TP_HOME_OPEN ? &open_script
                                         : &close_script;
}

/* Returns how many of the words are keys. */
static size_t write_call(const struct tp_settings *settings, const struct tp_home_order *order, unsigned which,
                         struct tp_redis_words *words) {
    bool is_lane = which < settings->redis.lanes;
    unsigned number = is_lane ? which : which - settings->redis.lanes;
    char room[TP_HOME_PREFIX_BYTES];
    struct tp_str prefix = {room, tp_home_prefix(settings, is_lane ? TP_HOME_LANE : TP_HOME_BUCKET, number, room)};
    tp_redis_words_clear(words);
    tp_redis_key(words, prefix, TP_STR("home"));
    if (is_lane)
        tp_redis_key(words, prefix, TP_STR("released"));
    tp_redis_number(words, (int64_t)order->number);
    tp_redis_number(words, count_of(settings, which));
    tp_redis_word(words, order->what == TP_HOME_CLOSE_ALL ? TP_STR("all")
                         : order->what == TP_HOME_BEAT    ? TP_STR("beat")
                                                          : TP_STR("since"));
    tp_redis_number(words, (int64_t)order->beat);
    return is_lane ? 2 : 1;
}

/* ---- on a loop: all under way together ---- */

struct asking {
    struct tp_home_findings findings;
    unsigned waiting;
    int status;
    tp_home_done *done;
    void *arg;
};

struct question {
    struct asking *asking;
    unsigned count;
};

/* The layout is what the others cannot be judged without. */
static void settle(struct asking *asking, int status) {
    if (status < 0 && asking->status != TP_ECONFIG)
        asking->status = status;
    if (--asking->waiting > 0)
        return;
    asking->done(asking->arg, asking->status, &asking->findings);
    free(asking);
}

static void on_answer(void *arg, int status, const redisReply *reply) {
    struct question *question = arg;
    struct asking *asking = question->asking;
    if (status == 0)
        status = take_answer(&asking->findings, question->count, reply);
    free(question);
    settle(asking, status);
}

static int ask_one(struct tp_redis *redis, const struct tp_settings *settings, const struct tp_home_order *order,
                   unsigned which, struct asking *asking) {
    struct tp_redis_words words = {0};
    struct question *question = malloc(sizeof *question);
    if (!question)
        return TP_ENOMEM;
    *question = (struct question){asking, count_of(settings, which)};
    size_t n_keys = write_call(settings, order, which, &words);
    int status = tp_redis_eval(redis, script_of(order), n_keys, &words, on_answer, question);
    if (status < 0)
        free(question);
    tp_redis_words_free(&words);
    return status;
}

int tp_home_ask(struct tp_redis *redis, const struct tp_settings *settings, const struct tp_home_order *order,
                tp_home_done *done, void *arg) {
    struct stretch stretch = stretch_of(settings, order);
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking)
        return TP_ENOMEM;
    *asking = (struct asking){.findings = nothing_found(stretch), .done = done, .arg = arg};
    asking->waiting = asking->findings.homes + 1; /* one more, so that it cannot end meanwhile */
    for (unsigned i = stretch.first; i < stretch.end; i++) {
        int status = ask_one(redis, settings, order, i, asking);
        if (status < 0)
            settle(asking, status);
    }
    settle(asking, 0);
    return 0;
}

/* ---- on a thread that waits ---- */

static int take_blocking(struct tp_redis_blocking *redis, struct tp_home_findings *findings, unsigned count) {
    redisReply *reply = NULL;
    int status = tp_redis_blocking_answer(redis, &reply);
    if (status == 0)
        status = take_answer(findings, count, reply);
    freeReplyObject(reply);
    return status;
}

int tp_home_order(const struct tp_settings *settings, const struct tp_home_order *order, struct tp_buf *fault,
                  struct tp_home_findings *ret) {
    struct stretch stretch = stretch_of(settings, order);
    struct tp_home_findings findings = nothing_found(stretch);
    struct tp_redis_blocking *redis = NULL;
    struct tp_redis_words words = {0};
    char sha[41];
    int status = tp_redis_blocking_open(settings, fault, &redis);
    if (status == 0)
        status = tp_redis_blocking_load(redis, script_of(order), sha);
    for (unsigned i = stretch.first; status == 0 && i < stretch.end; i++) {
        size_t n_keys = write_call(settings, order, i, &words);
        status = tp_redis_blocking_send(redis, sha, n_keys, &words);
    }
    for (unsigned i = stretch.first; status == 0 && i < stretch.end; i++)
        status = take_blocking(redis, &findings, count_of(settings, i));
    tp_redis_words_free(&words);
    tp_redis_blocking_close(redis);
    if (status == 0)
        *ret = findings;
    return status;
}
