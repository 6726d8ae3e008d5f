/* What Kafka tells of a customer as a whole, put back: the words of one call of told.lua, for a lane that is closed.
 * The caller sends them; the answer is whether something was lacking, 1 or 0. Pure. */
#pragma once

#include "common/buf.h"
#include "daemon/redis/redis.h"
#include "daemon/settings/settings.h"

extern struct tp_redis_script tp_customer_told_script;

struct tp_customer_told {
    struct tp_str customer_id;
    struct tp_str identifiers, origins, first_seen; /* as struct tp_mapping has them */
    struct tp_str traits;                           /* as common/traits.h has them; of its own */
};
/* Returns how many of the words are keys. */
size_t tp_customer_told(const struct tp_settings *settings, uint64_t repair, const struct tp_customer_told *told,
                        struct tp_redis_words *words);
