/* Private to customer/: many customers asked in one call a lane. */
#pragma once

#include "daemon/customer/customer.h"
#include "daemon/customer/keys.h"

struct tp_spread_kind {
    struct tp_redis_script *script;
    struct tp_str (*customer_id)(const void *items, size_t i);
    void (*write_common)(struct tp_redis_words *words); /* behind the repair number; or NULL */
    void (*write)(const void *items, size_t i, size_t customer, struct tp_redis_words *words);
    int (*take)(void *items, size_t i, const redisReply *answer);
};
/* Each of the `n` items is of a customer, whose number in the call `write` is given, from 1 on; items of one customer
 * are in one call, in their order. `done` as customer.h says. */
int tp_spread(const struct tp_customer_calls *calls, const struct tp_spread_kind *kind, void *items, size_t n,
              tp_customer_done *done, void *arg);
