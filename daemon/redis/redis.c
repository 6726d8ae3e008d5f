/* The connection: find the address, connect, greet (AUTH, SELECT, SCRIPT LOAD, PING), then carry calls; on any trouble
 * drop the hiredis context, which cannot be used again, and make a new one after a growing, jittered pause.
 *
 * Replies come in the order of calls, so the oldest call's deadline is the only one to watch. hiredis 0.14 has no
 * timeouts of its own: a slow tick looks at that deadline. What a context still owed when it was dropped is told NULL
 * by hiredis, and so TP_EUNAVAILABLE by us, before on_down. */
#include "daemon/redis/redis.h"

#include <arpa/inet.h>
#include <assert.h>
#include <hiredis/async.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/log/log.h"
#include "daemon/redis/attach.h"
#include "daemon/redis/resolve.h"
#include "daemon/redis/url.h"
#include "daemon/redis/words.h"

enum { TICK_US = 100000, PAUSE_MIN_MS = 50, PAUSE_MAX_MS = 2000 };

struct call {
    struct tp_redis *redis;
    struct call *next;
    int64_t deadline_ms;
    tp_redis_done *done;
    void *arg;
};

struct tp_redis {
    struct tp_redis_options options;
    struct tp_redis_url url;
    struct tp_resolve *resolve; /* under way, or NULL */
    redisAsyncContext *context; /* NULL between two connections */
    struct event *tick, *retry;
    struct call *oldest, **newest;
    int64_t greeting_until_ms, up_since_ms;
    unsigned pause_ms;
    bool up, closing;
    struct tp_log_limit said_away, said_error;
};

static void say_away(struct tp_redis *redis, const char *why) {
    tp_log_limited(&redis->said_away, 5, TP_LOG_WARNING, "redis_away", "connection=%s error=%s", redis->options.name,
                   tp_log_quote(why));
}

/* ---- connecting ---- */

static void retry_later(struct tp_redis *redis) {
    if (redis->closing)
        return;
    unsigned ms = redis->pause_ms / 2 + arc4random_uniform(redis->pause_ms / 2 + 1);
    redis->pause_ms = redis->pause_ms * 2 < PAUSE_MAX_MS ? redis->pause_ms * 2 : PAUSE_MAX_MS;
    const struct timeval pause = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
    event_add(redis->retry, &pause);
}

/* The end of a context that was connected; all its calls were told. The status says nothing: it is REDIS_OK also after
 * an error, when one of those calls answered it by a reset. */
static void on_disconnect(const redisAsyncContext *context, int status) {
    struct tp_redis *redis = context->data;
    bool was_up = redis->up;
    (void)status;
    if (context->err != 0)
        say_away(redis, context->errstr);
    redis->context = NULL;
    redis->up = false;
    if (was_up && tp_time_monotonic_ms() - redis->up_since_ms > PAUSE_MAX_MS)
        redis->pause_ms = PAUSE_MIN_MS; /* it worked for a while: not a server that drops us each time */
    if (was_up && redis->options.on_down && !redis->closing)
        redis->options.on_down(redis->options.arg);
    retry_later(redis);
}

static void drop(struct tp_redis *redis, const char *why) {
    redisAsyncContext *context = redis->context;
    if (why)
        say_away(redis, why);
    if (!context)
        return;
    bool connected = context->c.flags & REDIS_CONNECTED;
    redisAsyncFree(context); /* tells the calls, then on_disconnect; within a callback, both happen when that returns */
    if (!connected) {
        redis->context = NULL;
        retry_later(redis);
    }
}

static const char too_much[] = "it answers what was not asked";

static void on_unasked(redisAsyncContext *context) { drop(context->data, too_much); }

static void on_greeted(redisAsyncContext *context, void *reply_, void *last) {
    struct tp_redis *redis = context->data;
    const redisReply *reply = reply_;
    if (!reply)
        return;
    if (reply->type == REDIS_REPLY_ERROR) {
        drop(redis, reply->str);
    } else if (last && redis->context == context) {
        redis->up = true;
        redis->up_since_ms = tp_time_monotonic_ms();
        tp_log(TP_LOG_INFO, "redis_up", "connection=%s", redis->options.name);
        if (redis->options.on_up)
            redis->options.on_up(redis->options.arg);
        if (redis->context == context && tp_redis_has_more(context))
            drop(redis, too_much);
    }
}

static void greet(struct tp_redis *redis) {
    const struct tp_settings *settings = redis->options.settings;
    redisAsyncContext *context = redis->context;
    if (settings->redis.password[0] != '\0' && redis->url.user[0] != '\0')
        redisAsyncCommand(context, on_greeted, NULL, "AUTH %s %s", redis->url.user, settings->redis.password);
    else if (settings->redis.password[0] != '\0')
        redisAsyncCommand(context, on_greeted, NULL, "AUTH %s", settings->redis.password);
    if (redis->url.db != 0)
        redisAsyncCommand(context, on_greeted, NULL, "SELECT %d", redis->url.db);
    for (struct tp_redis_script *const *s = redis->options.scripts; s && *s; s++)
        redisAsyncCommand(context, on_greeted, NULL, "SCRIPT LOAD %s", (*s)->text);
    redisAsyncCommand(context, on_greeted, redis, "PING");
}

static void on_connect(const redisAsyncContext *context, int status) {
    struct tp_redis *redis = context->data;
    if (status == REDIS_OK) {
        greet(redis);
        return;
    }
    say_away(redis, context->errstr);
    redis->context = NULL; /* hiredis frees it */
    retry_later(redis);
}

static void connect_to(struct tp_redis *redis, const char *place) {
    const struct tp_redis_url *url = &redis->url;
    redisAsyncContext *context = url->is_unix ? redisAsyncConnectUnix(place) : redisAsyncConnect(place, url->port);
    if (!context || context->err || tp_redis_attach(context, redis->options.base, on_unasked) < 0) {
        say_away(redis, context && context->err ? context->errstr : "out of memory");
        if (context)
            redisAsyncFree(context);
        retry_later(redis);
        return;
    }
    context->data = redis;
    redis->context = context;
    redis->greeting_until_ms = tp_time_monotonic_ms() + redis->options.settings->redis.timeout;
    redisAsyncSetConnectCallback(context, on_connect);
    redisAsyncSetDisconnectCallback(context, on_disconnect);
}

static void on_resolved(void *arg, const char *address, const char *why) {
    struct tp_redis *redis = arg;
    redis->resolve = NULL;
    if (address) {
        connect_to(redis, address);
        return;
    }
    say_away(redis, why);
    retry_later(redis);
}

static bool is_address(const char *host) {
    struct in6_addr room;
    return inet_pton(AF_INET, host, &room) == 1 || inet_pton(AF_INET6, host, &room) == 1;
}

/* hiredis would look a name up by itself, and block. */
static void connect_now(struct tp_redis *redis) {
    const struct tp_redis_url *url = &redis->url;
    assert(!redis->context && !redis->resolve);
    if (url->is_unix || is_address(url->host)) {
        connect_to(redis, url->host);
        return;
    }
    redis->resolve = tp_resolve_start(redis->options.base, url->host, on_resolved, redis);
    if (!redis->resolve)
        on_resolved(redis, NULL, "no thread to look its name up");
}

static void on_retry(evutil_socket_t fd, short what, void *arg) {
    (void)fd, (void)what;
    connect_now(arg);
}

/* ---- calls ---- */

static void on_reply(redisAsyncContext *context, void *reply_, void *arg) {
    struct call *call = arg;
    struct tp_redis *redis = call->redis;
    const redisReply *reply = reply_;
    int status = reply ? 0 : TP_EUNAVAILABLE;
    assert(redis->oldest == call);
    redis->oldest = call->next;
    if (!redis->oldest)
        redis->newest = &redis->oldest;
    if (reply && reply->type == REDIS_REPLY_ERROR) {
        status = tp_redis_error_of(reply->str);
        if (status == TP_EUNAVAILABLE && redis->context == context)
            drop(redis, reply->str);
        else if (status == TP_ECORRUPT)
            tp_log_limited(&redis->said_error, 5, TP_LOG_WARNING, "redis_error", "connection=%s error=%s",
                           redis->options.name, tp_log_quote(reply->str));
    }
    call->done(call->arg, status, status == 0 ? reply : NULL);
    free(call);
    if (reply && redis->context == context && tp_redis_has_more(context))
        drop(redis, too_much);
}

static int send_call(struct tp_redis *redis, struct tp_str wire, tp_redis_done *done, void *arg) {
    struct call *call = redis->up ? malloc(sizeof *call) : NULL;
    if (!call)
        return redis->up ? TP_ENOMEM : TP_EUNAVAILABLE;
    *call = (struct call){.redis = redis, .done = done, .arg = arg};
    call->deadline_ms = tp_time_monotonic_ms() + redis->options.settings->redis.timeout;
    if (redisAsyncFormattedCommand(redis->context, on_reply, call, wire.at, wire.len) != REDIS_OK) {
        free(call);
        return TP_EUNAVAILABLE; /* it is being dropped */
    }
    *redis->newest = call;
    redis->newest = &call->next;
    return 0;
}

int tp_redis_call(struct tp_redis *redis, struct tp_redis_words *words, tp_redis_done *done, void *arg) {
    struct tp_str wire;
    int status = tp_redis_words_finish(words, NULL, 0, &wire);
    return status < 0 ? status : send_call(redis, wire, done, arg);
}

int tp_redis_eval(struct tp_redis *redis, const struct tp_redis_script *script, size_t n_keys,
                  struct tp_redis_words *words, tp_redis_done *done, void *arg) {
    struct tp_str wire;
    int status = tp_redis_words_finish(words, script->sha, n_keys, &wire);
    return status < 0 ? status : send_call(redis, wire, done, arg);
}

static void on_tick(evutil_socket_t fd, short what, void *arg) {
    struct tp_redis *redis = arg;
    (void)fd, (void)what;
    int64_t now = tp_time_monotonic_ms();
    if (!redis->context)
        return;
    if (!redis->up && now > redis->greeting_until_ms)
        drop(redis, "no answer to the greeting");
    else if (redis->oldest && now > redis->oldest->deadline_ms)
        drop(redis, "no answer in time");
}

/* ---- life ---- */

bool tp_redis_up(const struct tp_redis *redis) { return redis->up; }

void tp_redis_reset(struct tp_redis *redis) { drop(redis, NULL); }

static void hash_scripts(struct tp_redis_script *const *scripts) {
    for (; scripts && *scripts; scripts++) {
        unsigned char digest[SHA_DIGEST_LENGTH];
        SHA1((const unsigned char *)(*scripts)->text, strlen((*scripts)->text), digest);
        for (size_t i = 0; i < sizeof digest; i++)
            snprintf((*scripts)->sha + 2 * i, 3, "%02x", digest[i]);
    }
}

int tp_redis_open(const struct tp_redis_options *options, struct tp_redis **ret) {
    struct tp_redis_url url;
    if (tp_redis_url_parse(options->settings->redis.url, &url) < 0)
        return TP_ECONFIG;
    struct tp_redis *redis = calloc(1, sizeof *redis);
    if (!redis)
        return TP_ENOMEM;
    redis->options = *options;
    redis->url = url;
    redis->newest = &redis->oldest;
    redis->pause_ms = PAUSE_MIN_MS;
    redis->tick = event_new(options->base, -1, EV_PERSIST, on_tick, redis);
    redis->retry = evtimer_new(options->base, on_retry, redis);
    if (!redis->tick || !redis->retry) {
        tp_redis_close(redis);
        return TP_ENOMEM;
    }
    hash_scripts(options->scripts);
    const struct timeval tick = {0, TICK_US};
    event_add(redis->tick, &tick);
    connect_now(redis);
    *ret = redis;
    return 0;
}

void tp_redis_close(struct tp_redis *redis) {
    if (!redis)
        return;
    redis->closing = true;
    tp_resolve_cancel(redis->resolve);
    drop(redis, NULL);
    if (redis->tick)
        event_free(redis->tick);
    if (redis->retry)
        event_free(redis->retry);
    free(redis);
}
