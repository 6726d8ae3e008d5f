/* The keys of customers, as scripts want them: home, released, and of each customer c:ID, r:ID, t:ID, m:ID and v:ID,
 * all in the lane's hash tag. Pure. */
#pragma once

#include "common/str.h"
#include "daemon/redis/home.h"
#include "daemon/redis/redis.h"

/* "tp:{L12}:" */
static inline struct tp_str tp_customer_prefix(const struct tp_settings *settings, unsigned lane,
                                               char room[TP_HOME_PREFIX_BYTES]) {
    return (struct tp_str){room, tp_home_prefix(settings, TP_HOME_LANE, lane, room)};
}
static inline unsigned tp_customer_lane(const struct tp_settings *settings, struct tp_str customer_id) {
    return tp_home_of(customer_id, settings->redis.lanes);
}

/* "PREFIX", the kind ("c:", "r:", "t:", "m:" or "v:") and the id. */
void tp_customer_key(struct tp_redis_words *words, struct tp_str prefix, const char *kind, struct tp_str customer_id);
/* home and released, which come first. */
void tp_customer_lane_keys(struct tp_redis_words *words, struct tp_str prefix);
/* The five of a customer. */
void tp_customer_keys(struct tp_redis_words *words, struct tp_str prefix, struct tp_str customer_id);
