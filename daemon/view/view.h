/* The view: what is known of a customer, as JSON, read from Redis. Knows nothing of HTTP. Of one that was merged into
 * another, what is known of that one, the root: "id" (or "customer") is the root's, and "requested" behind it is who
 * was asked for. One thread: that of the connection. Answers come later, once; the body is borrowed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/interaction.h"
#include "daemon/redis/redis.h"
#include "daemon/settings/settings.h"

/* 0 and the JSON; TP_ENOTFOUND: no such customer; TP_EUNAVAILABLE, TP_ECORRUPT. */
typedef void tp_view_done(void *arg, int status, struct tp_str json);

/* {"customers": [{"id"}]}: whose identifier this is, a root. The identifier is canonical. */
int tp_view_find(const struct tp_settings *settings, struct tp_redis *redis, struct tp_identifier identifier,
                 tp_view_done *done, void *arg);
/* {"id", "identifiers" [{type, value, first_seen, source, event}], "members" [id], "traits" {name: value},
 * "interactions", "counts" {channel: n}, "first_seen", "last_seen", "last" {id, channel, type, time}}: its own and its
 * members'. No "members" and "traits" where there are none; no "first_seen" and "last_seen" where no interaction has
 * come; "last" is null there, and where all came with members. */
int tp_view_customer(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     tp_view_done *done, void *arg);

/* {"id", "identifiers", "members" [{id, into, time, source, event, identifiers [{type, value}]}], "conflicts" [{type,
 * value, reason, customer, time, source, event}]}: why they are the customer's, as above, why these are the same: the
 * event, and the two identifiers that it named; and what spoke against others (conflicts.h). */
int tp_view_identity(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     tp_view_done *done, void *arg);

/* By which merge `member` is one of this customer's: `root` is who that is by now, and `merge` the merge's number. For
 * who wants to take it back. TP_EFORM: it is none of its members; TP_ENOTFOUND: there is no such customer;
 * TP_EUNAVAILABLE also while it is being merged. */
typedef void tp_view_merge_done(void *arg, int status, struct tp_str root, uint64_t merge);
int tp_view_merge(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                  struct tp_str member, tp_view_merge_done *done, void *arg);

/* Who has claimed this one of the customer's identifiers: it or a member of it; `root` as above. TP_EFORM: it is none
 * of its identifiers, or nobody's. The identifier is canonical. */
typedef void tp_view_claimant_done(void *arg, int status, struct tp_str root, struct tp_str claimant);
int tp_view_claimant(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     struct tp_identifier identifier, tp_view_claimant_done *done, void *arg);

#define TP_VIEW_LIMIT 500
struct tp_view_query {
    struct tp_str channel, type; /* empty: any */
    int64_t since_ms, until_ms;  /* both inclusive */
    bool ascending;
    unsigned limit;       /* 1 to TP_VIEW_LIMIT */
    struct tp_str cursor; /* empty: from the beginning */
};
/* {"customer", "events": [...], "next"}: its own and its members', in order of time, then customer, then sequence, each
 * with the customer's id under which it was forwarded; of an interaction that has versions, the newest of all. TP_EFORM
 * at once: a cursor that is not ours. A page may hold fewer than `limit` while `next` is not null: a filter that
 * matches little is read on by the caller.
 */
int tp_view_timeline(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     const struct tp_view_query *query, tp_view_done *done, void *arg);
