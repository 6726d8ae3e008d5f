/* hiredis as it is without an event loop: a timeout on each read and write, and nothing to keep beside its context. */
#include "daemon/redis/blocking.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "daemon/redis/url.h"
#include "daemon/redis/words.h"

struct tp_redis_blocking {
    redisContext *context;
    struct tp_buf *fault;
};

static int fail(struct tp_redis_blocking *redis, int error, const char *reason) {
    assert(error < 0);
    tp_buf_addf(redis->fault, "redis: %s\n", reason);
    return error;
}

/* ---- calls ---- */

int tp_redis_blocking_send(struct tp_redis_blocking *redis, const char *sha, size_t n_keys,
                           struct tp_redis_words *words) {
    struct tp_str wire;
    int error = tp_redis_words_finish(words, sha, n_keys, &wire);
    if (error)
        return fail(redis, error, tp_error_text(error));
    int failed = redisAppendFormattedCommand(redis->context, wire.at, wire.len);
    for (int done = 0; failed == REDIS_OK && !done;)
        failed = redisBufferWrite(redis->context, &done);
    return failed == REDIS_OK ? 0 : fail(redis, TP_EUNAVAILABLE, redis->context->errstr);
}

int tp_redis_blocking_answer(struct tp_redis_blocking *redis, redisReply **ret) {
    void *answer = NULL;
    if (redisGetReply(redis->context, &answer) != REDIS_OK)
        return fail(redis, TP_EUNAVAILABLE, redis->context->errstr);
    redisReply *reply = answer;
    if (reply->type != REDIS_REPLY_ERROR) {
        *ret = reply;
        return 0;
    }
    int error = fail(redis, tp_redis_error_of(reply->str), reply->str);
    freeReplyObject(reply);
    return error;
}

/* A command whose answer says no more than that it went well. */
static int command(struct tp_redis_blocking *redis, const char *const *texts, size_t n) {
    struct tp_redis_words words = {0};
    redisReply *reply = NULL;
    for (size_t i = 0; i < n; i++)
        tp_redis_word(&words, tp_str(texts[i]));
    int error = tp_redis_blocking_send(redis, NULL, 0, &words);
    tp_redis_words_free(&words);
    if (!error)
        error = tp_redis_blocking_answer(redis, &reply);
    if (!error)
        freeReplyObject(reply);
    return error;
}

int tp_redis_blocking_load(struct tp_redis_blocking *redis, const struct tp_redis_script *script, char ret_sha[41]) {
    struct tp_redis_words words = {0};
    redisReply *reply = NULL;
    tp_redis_word(&words, TP_STR("SCRIPT"));
    tp_redis_word(&words, TP_STR("LOAD"));
    tp_redis_word(&words, tp_str(script->text));
    int error = tp_redis_blocking_send(redis, NULL, 0, &words);
    tp_redis_words_free(&words);
    if (!error)
        error = tp_redis_blocking_answer(redis, &reply);
    if (error)
        return error;
    if (reply->type == REDIS_REPLY_STRING && reply->len == 40)
        memcpy(ret_sha, reply->str, 41);
    else
        error = fail(redis, TP_EUNAVAILABLE, "no SHA-1 for a script");
    freeReplyObject(reply);
    return error;
}

/* ---- life ---- */

static int greet(struct tp_redis_blocking *redis, const struct tp_settings *settings, const struct tp_redis_url *url) {
    const char *auth[] = {"AUTH", url->user, settings->redis.password}, *only[] = {"AUTH", settings->redis.password};
    char db[16];
    snprintf(db, sizeof db, "%d", url->db);
    int error = 0;
    if (settings->redis.password[0] != '\0')
        error = url->user[0] != '\0' ? command(redis, auth, 3) : command(redis, only, 2);
    if (!error && url->db != 0)
        error = command(redis, (const char *const[]){"SELECT", db}, 2);
    return error;
}

static int connect_to(struct tp_redis_blocking *redis, const struct tp_settings *settings) {
    struct tp_redis_url url;
    if (tp_redis_url_parse(settings->redis.url, &url) < 0)
        return fail(redis, TP_ECONFIG, "redis.url is none");
    const struct timeval timeout = {settings->redis.timeout / 1000,
                                    (suseconds_t)(settings->redis.timeout % 1000) * 1000};
    redis->context = url.is_unix ? redisConnectUnixWithTimeout(url.host, timeout)
                                 : redisConnectWithTimeout(url.host, url.port, timeout);
    if (!redis->context)
        return TP_ENOMEM;
    if (redis->context->err || redisSetTimeout(redis->context, timeout) != REDIS_OK)
        return fail(redis, TP_EUNAVAILABLE, redis->context->errstr);
    return greet(redis, settings, &url);
}

int tp_redis_blocking_open(const struct tp_settings *settings, struct tp_buf *fault, struct tp_redis_blocking **ret) {
    struct tp_redis_blocking *redis = calloc(1, sizeof *redis);
    if (!redis)
        return TP_ENOMEM;
    redis->fault = fault;
    int error = connect_to(redis, settings);
    if (error)
        tp_redis_blocking_close(redis);
    else
        *ret = redis;
    return error;
}

void tp_redis_blocking_close(struct tp_redis_blocking *redis) {
    if (!redis)
        return;
    if (redis->context)
        redisFree(redis->context);
    free(redis);
}
