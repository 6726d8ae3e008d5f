#include "daemon/customer/restore.h"

#include "daemon/customer/steps.h"

#include "told.lua.h"

struct tp_redis_script tp_customer_told_script = {.name = "told", .text = tp_script_told};

size_t tp_customer_told(const struct tp_settings *settings, uint64_t repair, const struct tp_customer_told *told,
                        struct tp_redis_words *words) {
    const struct tp_step_place place = {settings, repair, "closed"};
    size_t n_keys = tp_step_open(&place, told->customer_id, words);
    tp_redis_word(words, told->identifiers);
    tp_redis_word(words, told->origins);
    tp_redis_word(words, told->first_seen);
    tp_redis_word(words, told->traits);
    return n_keys;
}
