#include "daemon/identity/restore.h"

#include <assert.h>
#include <string.h>

#include "daemon/identity/identity.h"
#include "daemon/redis/home.h"

#include "move.lua.h"
#include "restore.lua.h"

struct tp_redis_script tp_identity_restore_script = {.name = "restore_claims", .text = tp_script_restore};
struct tp_redis_script tp_identity_move_script = {.name = "move", .text = tp_script_move};

unsigned tp_identity_restored(const struct tp_settings *settings, const struct tp_identifier *identifier,
                              struct tp_str customer_id, struct tp_claim_restored *ret) {
    struct tp_str type = identifier->type, value = identifier->value;
    assert(type.len + 1 + value.len <= sizeof ret->key && customer_id.len < TP_UUID_TEXT);
    ret->demoted = false;
    memcpy(ret->customer_id, customer_id.at, customer_id.len);
    ret->customer_id[customer_id.len] = '\0';
    memcpy(ret->key, type.at, type.len);
    ret->key[type.len] = ':';
    memcpy(ret->key + type.len + 1, value.at, value.len);
    ret->key_len = (unsigned)(type.len + 1 + value.len);
    return tp_home_of((struct tp_str){ret->key, ret->key_len}, settings->redis.buckets);
}

size_t tp_identity_restore(const struct tp_settings *settings, unsigned bucket, uint64_t repair,
                           const struct tp_claim_restored *claims, size_t n, struct tp_redis_words *words) {
    char room[TP_HOME_PREFIX_BYTES];
    struct tp_str prefix = {room, tp_home_prefix(settings, TP_HOME_BUCKET, bucket, room)};
    tp_redis_words_clear(words);
    tp_redis_key(words, prefix, TP_STR("home"));
    for (size_t i = 0; i < n; i++)
        tp_redis_key(words, prefix, (struct tp_str){claims[i].key, claims[i].key_len});
    size_t n_keys = words->n;
    tp_redis_number(words, (int64_t)repair);
    for (size_t i = 0; i < n; i++)
        tp_redis_key(words, tp_str(claims[i].customer_id), tp_str(claims[i].demoted ? " shared" : ""));
    return n_keys;
}

size_t tp_identity_move(const struct tp_settings *settings, uint64_t repair, const char *home,
                        const struct tp_identity_move *move, struct tp_redis_words *words) {
    struct tp_claim_restored claim;
    char room[TP_HOME_PREFIX_BYTES];
    unsigned bucket = tp_identity_restored(settings, &move->identifier, move->to, &claim);
    struct tp_str prefix = {room, tp_home_prefix(settings, TP_HOME_BUCKET, bucket, room)};
    tp_redis_words_clear(words);
    tp_redis_key(words, prefix, TP_STR("home"));
    tp_redis_key(words, prefix, (struct tp_str){claim.key, claim.key_len});
    size_t n_keys = words->n;
    tp_redis_number(words, (int64_t)repair);
    tp_redis_word(words, tp_str(home));
    tp_redis_word(words, move->from);
    tp_redis_word(words, move->to);
    return n_keys;
}
