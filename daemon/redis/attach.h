/* Private to redis/: a hiredis context on a loop. In place of hiredis' own adapter for libevent, because hiredis ends
 * the process at an answer that nobody asked for: a connection that has one is given up instead, since no answer behind
 * it can be trusted to belong to its call. */
#pragma once

#include <stdbool.h>

#include <event2/event.h>
#include <hiredis/async.h>

/* `unasked` is told of such an answer when it comes between calls, and frees the context. 0 or TP_ENOMEM. */
int tp_redis_attach(redisAsyncContext *context, struct event_base *base, void (*unasked)(redisAsyncContext *context));
/* Within an answer: whether it was the last that is owed, and yet more has come. */
bool tp_redis_has_more(const redisAsyncContext *context);
