#include "daemon/redis/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/error.h"
#include "open.lua.h"

struct tp_redis_script tp_home_open_script = {.name = "open", .text = tp_script_open};

size_t tp_home_prefix(const struct tp_settings *settings, enum tp_home_kind kind, unsigned number,
                      char out[TP_HOME_PREFIX_BYTES]) {
    return (size_t)snprintf(out, TP_HOME_PREFIX_BYTES, "%s{%c%u}:", settings->redis.prefix,
                            kind == TP_HOME_LANE ? 'L' : 'I', number);
}

unsigned tp_home_of(struct tp_str name, unsigned count) { return (unsigned)(XXH3_64bits(name.at, name.len) % count); }

/* ---- opening: one call a lane and bucket, all under way together ---- */

struct opening {
    struct tp_home_findings findings;
    unsigned waiting;
    int status;
    tp_home_opened *opened;
    void *arg;
};

static void settle(struct opening *opening) {
    if (--opening->waiting > 0)
        return;
    opening->opened(opening->arg, opening->status, &opening->findings);
    free(opening);
}

static void on_opened(void *arg, int status, const redisReply *reply) {
    struct opening *opening = arg;
    if (status == 0 && reply->type != REDIS_REPLY_STRING)
        status = TP_ECORRUPT;
    if (status < 0)
        opening->status = status;
    else if (strcmp(reply->str, "absent") == 0)
        opening->findings.absent++;
    else if (strcmp(reply->str, "elsewhere") == 0)
        opening->findings.elsewhere++;
    settle(opening);
}

static void open_one(struct tp_redis *redis, const struct tp_settings *settings, enum tp_home_kind kind,
                     unsigned number, struct opening *opening) {
    char prefix[TP_HOME_PREFIX_BYTES];
    size_t len = tp_home_prefix(settings, kind, number, prefix);
    struct tp_redis_words words = {0};
    tp_redis_key(&words, (struct tp_str){prefix, len}, TP_STR("home"));
    tp_redis_word(&words, TP_STR(TP_HOME_REPAIR));
    tp_redis_number(&words, kind == TP_HOME_LANE ? settings->redis.lanes : settings->redis.buckets);
    opening->waiting++;
    int status = tp_redis_eval(redis, &tp_home_open_script, 1, &words, on_opened, opening);
    if (status < 0)
        on_opened(opening, status, NULL);
    tp_redis_words_free(&words);
}

int tp_home_open(struct tp_redis *redis, const struct tp_settings *settings, tp_home_opened *opened, void *arg) {
    struct opening *opening = calloc(1, sizeof *opening);
    if (!opening)
        return TP_ENOMEM;
    *opening = (struct opening){.waiting = 1, .opened = opened, .arg = arg};
    for (unsigned i = 0; i < settings->redis.lanes; i++)
        open_one(redis, settings, TP_HOME_LANE, i, opening);
    for (unsigned i = 0; i < settings->redis.buckets; i++)
        open_one(redis, settings, TP_HOME_BUCKET, i, opening);
    settle(opening);
    return 0;
}
