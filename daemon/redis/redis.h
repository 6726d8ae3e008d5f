/* One connection to Redis on one event base, that comes back by itself.
 *
 * Calls are pipelined and answered in order. A call ends in one of three ways: with its reply; with TP_EUNAVAILABLE,
 * when the connection was lost, the deadline passed or Redis said that it can do no writes now (LOADING, BUSY,
 * READONLY, OOM, MOVED ...), so that whether it was done is not known; or with TP_ELOST or TP_ECLOSED, when a script
 * met a server that is not the one it expected, or one that is under repair (home.h). The same call may always be sent
 * again: every script of ours does its work once only. One thread: that of `base`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>

#include "common/buf.h"
#include "common/str.h"
#include "daemon/settings/settings.h"

struct tp_redis;

struct tp_redis_options {
    const struct tp_settings *settings;
    struct event_base *base;
    const char *name;                       /* for the log: whose connection this is */
    struct tp_redis_script *const *scripts; /* loaded at each connect; ends with NULL. May be NULL */
    void (*on_up)(void *arg);               /* connected, authenticated, answering. May be NULL */
    void (*on_down)(void *arg);             /* was up; all calls under way were told. May be NULL */
    void *arg;
};

/* Starts to connect; a server that is away is no fault. TP_ECONFIG: an URL that is none. */
int tp_redis_open(const struct tp_redis_options *options, struct tp_redis **ret);
/* Calls under way end with TP_EUNAVAILABLE first. NULL is fine. */
void tp_redis_close(struct tp_redis *redis);
bool tp_redis_up(const struct tp_redis *redis);
/* Gives up all calls under way and connects anew: what was sent may still be done, by then or later. */
void tp_redis_reset(struct tp_redis *redis);

/* `reply` is borrowed, and NULL unless status is 0. An error reply that none of the above covers is TP_ECORRUPT. */
typedef void tp_redis_done(void *arg, int status, const redisReply *reply);

/* The words of one call, written as they go over the wire. What does not fit in memory is told by the call. */
struct tp_redis_words {
    struct tp_buf wire;
    size_t n;
};
void tp_redis_word(struct tp_redis_words *words, struct tp_str word);
void tp_redis_number(struct tp_redis_words *words, int64_t number);
/* One word of two parts: a key of a lane or bucket and its prefix. */
void tp_redis_key(struct tp_redis_words *words, struct tp_str prefix, struct tp_str rest);
void tp_redis_words_clear(struct tp_redis_words *words); /* for the next call, in the same memory */
void tp_redis_words_free(struct tp_redis_words *words);

/* A script, known to the server by its SHA-1. A server that has forgotten it (SCRIPT FLUSH) is connected to anew, which
 * loads it. Static storage; `sha` is written by the first tp_redis_open that names it. */
struct tp_redis_script {
    const char *name, *text;
    char sha[41];
};

/* `words`: the command. 0 when it is under way; TP_EUNAVAILABLE when there is no connection, TP_ENOMEM: then `done` is
 * not called. The words can be freed when it returns. */
int tp_redis_call(struct tp_redis *redis, struct tp_redis_words *words, tp_redis_done *done, void *arg);
/* `words`: n_keys keys, then the arguments. */
int tp_redis_eval(struct tp_redis *redis, const struct tp_redis_script *script, size_t n_keys,
                  struct tp_redis_words *words, tp_redis_done *done, void *arg);
