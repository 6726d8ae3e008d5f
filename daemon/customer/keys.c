#include "daemon/customer/keys.h"

#include <string.h>

#include "common/uuid.h"

void tp_customer_key(struct tp_redis_words *words, struct tp_str prefix, const char *kind, struct tp_str customer_id) {
    char rest[TP_UUID_TEXT + 8];
    size_t len = strlen(kind);
    size_t id_len = customer_id.len < TP_UUID_TEXT ? customer_id.len : TP_UUID_TEXT;
    memcpy(rest, kind, len);
    memcpy(rest + len, customer_id.at, id_len);
    tp_redis_key(words, prefix, (struct tp_str){rest, len + id_len});
}

void tp_customer_lane_keys(struct tp_redis_words *words, struct tp_str prefix) {
    tp_redis_key(words, prefix, TP_STR("home"));
    tp_redis_key(words, prefix, TP_STR("released"));
}

void tp_customer_keys(struct tp_redis_words *words, struct tp_str prefix, struct tp_str customer_id) {
    static const char *const kinds[] = {"c:", "r:", "t:", "m:", "v:"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        tp_customer_key(words, prefix, kinds[i], customer_id);
}
