/* A Redis of the test's own in place of daemon/redis/redis.c. It hears each call as its words, and answers when the
 * test says so, never within the call: `struct fake_call *call = fake_hear(); fake_answer(call, 0, reply);`. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/error.h"
#include "daemon/redis/redis.h"
#include "daemon/redis/words.h"

#define FAKE_WORDS 4096

struct fake_call {
    struct fake_call *next;
    const struct tp_redis_script *script; /* NULL: a command */
    size_t n, n_keys;
    struct tp_str words[FAKE_WORDS];
    char *bytes; /* that the words point into */
    tp_redis_done *done;
    void *arg;
};

static struct fake_call *fake_calls, **fake_last = &fake_calls;
static size_t fake_heard; /* calls so far */
static bool fake_away;    /* no connection: calls are refused at once */

/* "*N\r\n", then "$LENGTH\r\nBYTES\r\n" N times. */
static inline void fake_read(struct fake_call *call, struct tp_str wire) {
    char *at = call->bytes = test_malloc(wire.len + 1);
    memcpy(at, wire.at, wire.len);
    at[wire.len] = '\0';
    call->n = strtoul(at + 1, &at, 10);
    assert_true(call->n <= FAKE_WORDS);
    for (size_t i = 0; i < call->n; i++) {
        size_t len = strtoul(at + 3, &at, 10);
        call->words[i] = (struct tp_str){at + 2, len};
        at += 2 + len;
    }
    assert_int_equal(at + 2 - call->bytes, wire.len);
}

static inline int fake_take(const struct tp_redis_script *script, size_t n_keys, struct tp_redis_words *words,
                            tp_redis_done *done, void *arg) {
    struct tp_str wire;
    assert_int_equal(tp_redis_words_finish(words, NULL, 0, &wire), 0);
    if (fake_away)
        return TP_EUNAVAILABLE;
    struct fake_call *call = test_calloc(1, sizeof *call);
    call->script = script;
    call->n_keys = n_keys;
    call->done = done;
    call->arg = arg;
    fake_read(call, wire);
    *fake_last = call;
    fake_last = &call->next;
    fake_heard++;
    return 0;
}

int tp_redis_call(struct tp_redis *redis, struct tp_redis_words *words, tp_redis_done *done, void *arg) {
    (void)redis;
    return fake_take(NULL, 0, words, done, arg);
}

int tp_redis_eval(struct tp_redis *redis, const struct tp_redis_script *script, size_t n_keys,
                  struct tp_redis_words *words, tp_redis_done *done, void *arg) {
    (void)redis;
    return fake_take(script, n_keys, words, done, arg);
}

/* The oldest call that is not answered, to be answered; NULL when there is none. */
static inline struct fake_call *fake_hear(void) {
    struct fake_call *call = fake_calls;
    if (call && !(fake_calls = call->next))
        fake_last = &fake_calls;
    return call;
}

static inline redisReply *fake_text(struct tp_str text) {
    redisReply *reply = test_calloc(1, sizeof *reply);
    reply->type = REDIS_REPLY_STRING;
    reply->str = test_malloc(text.len + 1);
    if (text.len > 0)
        memcpy(reply->str, text.at, text.len);
    reply->str[text.len] = '\0';
    reply->len = text.len;
    return reply;
}

static inline redisReply *fake_nil(void) {
    redisReply *reply = test_calloc(1, sizeof *reply);
    reply->type = REDIS_REPLY_NIL;
    return reply;
}

static inline redisReply *fake_integer(long long value) {
    redisReply *reply = test_calloc(1, sizeof *reply);
    reply->type = REDIS_REPLY_INTEGER;
    reply->integer = value;
    return reply;
}

/* To be filled, element by element. */
static inline redisReply *fake_array(size_t n) {
    redisReply *reply = test_calloc(1, sizeof *reply);
    reply->type = REDIS_REPLY_ARRAY;
    reply->elements = n;
    reply->element = test_calloc(n ? n : 1, sizeof reply->element[0]);
    return reply;
}

static inline void fake_free(redisReply *reply) {
    for (size_t i = 0; i < reply->elements; i++)
        fake_free(reply->element[i]);
    if (reply->element)
        test_free(reply->element);
    if (reply->str)
        test_free(reply->str);
    test_free(reply);
}

/* Ends the call: with `reply`, which it takes, or with an error and NULL. */
static inline void fake_answer(struct fake_call *call, int status, redisReply *reply) {
    call->done(call->arg, status, reply);
    if (reply)
        fake_free(reply);
    test_free(call->bytes);
    test_free(call);
}
