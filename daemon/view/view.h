/* The view: what is known of a customer, as JSON, read from Redis. Knows nothing of HTTP.
 * One thread: that of the connection. Answers come later, once; the body is borrowed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/interaction.h"
#include "daemon/redis/redis.h"
#include "daemon/settings/settings.h"

/* 0 and the JSON; TP_ENOTFOUND: no such customer; TP_EUNAVAILABLE, TP_ECORRUPT. */
typedef void tp_view_done(void *arg, int status, struct tp_str json);

/* {"customers": [{"id"}]}: whose identifier this is. The identifier is canonical. */
int tp_view_find(const struct tp_settings *settings, struct tp_redis *redis, struct tp_identifier identifier,
                 tp_view_done *done, void *arg);
/* {"id", "identifiers" [{type, value, first_seen, source, event}], "interactions", "counts" {channel: n}, "first_seen",
 * "last_seen", "last" {id, channel, type, time}}. */
int tp_view_customer(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     tp_view_done *done, void *arg);

/* {"id", "identifiers"}, as above: why they are the customer's. */
int tp_view_identity(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     tp_view_done *done, void *arg);

#define TP_VIEW_LIMIT 500
struct tp_view_query {
    struct tp_str channel, type; /* empty: any */
    int64_t since_ms, until_ms;  /* both inclusive */
    bool ascending;
    unsigned limit;       /* 1 to TP_VIEW_LIMIT */
    struct tp_str cursor; /* empty: from the beginning */
};
/* {"customer", "events": [...], "next"}: in order of time, then sequence. TP_EFORM at once: a cursor that is not ours.
 * A page may hold fewer than `limit` while `next` is not null: a filter that matches little is read on by the caller.
 */
int tp_view_timeline(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     const struct tp_view_query *query, tp_view_done *done, void *arg);
