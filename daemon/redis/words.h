/* Private to redis/: the words of a call made ready to send, and what the answer means. */
#pragma once

#include "daemon/redis/redis.h"

/* The whole call, as bytes within `words`. `sha` NULL: the words are the command. */
int tp_redis_words_finish(struct tp_redis_words *words, const char *sha, size_t n_keys, struct tp_str *ret);
/* Of an error reply: TP_EUNAVAILABLE, TP_ELOST, TP_ECLOSED; TP_ECORRUPT for all else. */
int tp_redis_error_of(const char *text);
