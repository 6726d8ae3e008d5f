/* A connection to Redis for a thread that waits: calls are sent in a row, and their answers taken in the same order.
 * Whatever fails, the connection is of no more use, and the reason is a line in `fault`: as for a call of redis.h, or
 * TP_ECORRUPT for an error that is not named there. One thread at a time. */
#pragma once

#include "daemon/redis/redis.h"

struct tp_redis_blocking;

/* Connected and greeted as `settings` say, within redis.timeout; no answer may take longer either. */
int tp_redis_blocking_open(const struct tp_settings *settings, struct tp_buf *fault, struct tp_redis_blocking **ret);
void tp_redis_blocking_close(struct tp_redis_blocking *redis);
/* Makes a script known to the server: its SHA-1. Nothing may be under way. */
int tp_redis_blocking_load(struct tp_redis_blocking *redis, const struct tp_redis_script *script, char ret_sha[41]);
/* `words`: the command; or, with `sha`, n_keys keys and then the arguments. It is on its way when it returns. */
int tp_redis_blocking_send(struct tp_redis_blocking *redis, const char *sha, size_t n_keys,
                           struct tp_redis_words *words);
/* The answer to the oldest call that is under way, to be freed by freeReplyObject. */
int tp_redis_blocking_answer(struct tp_redis_blocking *redis, redisReply **ret);
