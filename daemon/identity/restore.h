/* Claims put back as Kafka has them: the words of one call of restore.lua, for a bucket that is closed. The caller
 * sends them; the answer is how many identifiers had no owner. And of move.lua, for one that was taken back. Pure. */
#pragma once

#include <stdbool.h>

#include "common/interaction.h"
#include "common/uuid.h"
#include "daemon/redis/redis.h"
#include "daemon/settings/settings.h"

extern struct tp_redis_script tp_identity_restore_script;

/* An identifier as it is claimed: "type:value". One that is demoted is to be given behind all claims of it. */
struct tp_claim_restored {
    char customer_id[TP_UUID_TEXT];
    bool demoted; /* whosever it is; the customer's where it is nobody's */
    unsigned key_len;
    char key[TP_MAX_IDENTIFIER_BYTES * 2 + 1];
};
/* Returns the bucket that it belongs in. */
unsigned tp_identity_restored(const struct tp_settings *settings, const struct tp_identifier *identifier,
                              struct tp_str customer_id, struct tp_claim_restored *ret);
/* Returns how many of the words are keys. */
size_t tp_identity_restore(const struct tp_settings *settings, unsigned bucket, uint64_t repair,
                           const struct tp_claim_restored *claims, size_t n, struct tp_redis_words *words);

/* `home`: "open" or "closed"; `from` empty: it is only asked whose it is. The answer is whose it is then, "" when
 * nobody's. Returns how many of the words are keys. */
struct tp_identity_move {
    struct tp_identifier identifier;
    struct tp_str from, to;
};
size_t tp_identity_move(const struct tp_settings *settings, uint64_t repair, const char *home,
                        const struct tp_identity_move *move, struct tp_redis_words *words);
