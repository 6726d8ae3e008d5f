/* An operator's word that two customers who were made one are two after all, or that an identifier is not a customer's
 * after all. The api makes it, the journal keeps it packed, delivery carries it out. Strings are borrowed: from who
 * made it, or from the packed bytes. Pure; any thread. */
#pragma once

#include <stdint.h>

#include "common/buf.h"
#include "common/interaction.h"
#include "common/str.h"

#define TP_MAX_REASON_BYTES 1000
#define TP_SOURCE_OPERATOR  TP_STR("operator") /* as it is told: no sender's name */

struct tp_split {
    struct tp_str id;       /* of this command, a UUID as the next two */
    struct tp_str customer; /* the root, as it was found */
    struct tp_str member;   /* that is to be a customer of its own again; or the new one, which gets the identifier */
    uint64_t merge;         /* the number of the merge that is taken back; 0 where it is an identifier */
    struct tp_identifier identifier; /* canonical; nothing where it is a merge */
    struct tp_str claimant;          /* whose it was, the customer or a member; nothing where it is a merge */
    int64_t received_ms;
    struct tp_str reason; /* UTF-8; may be empty */
};

void tp_split_pack(const struct tp_split *split, struct tp_buf *out);
/* TP_ECORRUPT when it is not what pack wrote. */
int tp_split_unpack(struct tp_str packed, struct tp_split *ret);
static inline bool tp_split_takes_identifier(const struct tp_split *split) { return split->identifier.type.len > 0; }
/* {"id", "customer", "member", "merge" or "identifier" {"type", "value"}, "received_at", "reason"}; no "reason" where
 * there is none. */
void tp_split_json(const struct tp_split *split, struct tp_buf *out);
