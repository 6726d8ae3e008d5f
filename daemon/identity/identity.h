/* Identity: which customer an interaction belongs to. Each identifier claims a customer id in its bucket, and the first
 * claim stays, whoever makes it. The strongest identifier of an interaction, by the configured order, is its anchor:
 * where the redirects of that one's claimant lead is its customer. What else it names is attached to that one, or joins
 * another with it, or is a conflict, as the rules have it (docs/identity.md); none known makes a customer (UUIDv7). One
 * of a shared type counts only where there is no other.
 *
 * A value that ties more customers than identity.shared_after within identity.shared_within turns out to be shared: it
 * is demoted, for good, and is from then on as one of a shared type. What it led to until then, and what another daemon
 * that has not seen it may still take there, is asked for at its customer first, the `arbiter` (customer/deferred.lua):
 * of each event that is the customer of the strongest identifier whose type is not shared, if that one is demoted. The
 * order of types is configuration, so that all daemons and all times ask the same one: where it is not demoted yet, it
 * is the anchor, and the event is appended right there.
 *
 * What a customer gets it lists before it is claimed for it, and two are merged in three steps (customer.h), so that
 * several daemons, killed at any point, come to the same. tests/model/identity.py is the protocol.
 *
 * One thread: that of the connection. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/interaction.h"
#include "common/uuid.h"
#include "daemon/customer/customer.h"
#include "daemon/redis/redis.h"
#include "daemon/settings/settings.h"

struct tp_identity;

/* To be named to tp_redis_open, with those of customer.h. */
extern struct tp_redis_script tp_identity_claim_script, tp_identity_move_script, tp_identity_ties_script;

/* `settings` and `redis` must outlive it. */
int tp_identity_new(const struct tp_settings *settings, struct tp_redis *redis, struct tp_identity **ret);
void tp_identity_free(struct tp_identity *identity); /* not while a batch is under way, unless redis is closed first */

/* Not while what was resolved before is on its way to the timeline: two are to be merged, and it would come there
 * behind what is resolved now. To be resolved again when it has arrived. */
enum { TP_IDENTITY_LATER = 1 };

struct tp_identity_request {
    const struct tp_interaction *interaction;
    int status; /* 0, or TP_ECORRUPT: the key of an identifier or of its customer holds something else, or others were
                   quicker again and again */
    char customer_id[TP_UUID_TEXT];
    uint64_t bound;             /* as in struct tp_append */
    char led_by[TP_UUID_TEXT];  /* given: mostly ""; else the customer at whose root it has its place, as was remembered
                                 */
    char arbiter[TP_UUID_TEXT]; /* mostly ""; else another customer, where that is to be remembered first */
    uint64_t arbiter_bound;
    size_t arbiter_for;  /* the identifier that leads there */
    uint32_t others;     /* bit i: identifier i is not this customer's, and does not become so */
    uint32_t of_members; /* bit i: it was claimed by a member of this customer */
    size_t first_claim;  /* from here on identity's own */
    unsigned char against[TP_MAX_IDENTIFIERS];
};

struct tp_identity_batch {
    uint64_t repair;                      /* its number (home.h) */
    struct tp_identity_request *requests; /* which must stay where they are until they are resolved */
    size_t n;
    bool quiet;   /* nothing is on its way to the timeline */
    bool careful; /* nobody is taken for a root whom this life has not looked at, so that what an earlier life has
                     placed is found in its order */
};
/* Resolves the requests, in order, and calls `done` once: 0, TP_IDENTITY_LATER, or TP_EUNAVAILABLE, TP_ELOST,
 * TP_ECLOSED or TP_ENOMEM for the batch as a whole. One batch at a time. An error returned at once: `done` is not
 * called. */
typedef void tp_identity_done(void *arg, int status);
int tp_identity_resolve(struct tp_identity *identity, const struct tp_identity_batch *batch, tp_identity_done *done,
                        void *arg);
/* Until the next batch: whether identifier `i` of the request is one of `others` that is to be told, and of what
 * customer (empty: of nobody), and which rule spoke against it. One of a shared type is not told; one that
 * was demoted is, for `shared`. */
struct tp_identity_conflict {
    struct tp_str customer_id;
    const char *reason;
};
bool tp_identity_conflict(const struct tp_identity *identity, const struct tp_identity_request *request, size_t i,
                          struct tp_identity_conflict *ret);
/* The customer was not as it was resolved to: it is looked at before anything is resolved to it again. */
void tp_identity_moved(struct tp_identity *identity, struct tp_str customer_id);

/* An operator has said that this identifier is not whose it is: it becomes that of `to`, a new customer, who is kept
 * apart from them. What is borrowed stays until `done`, which comes once: `now` false: it was done before; `owner`:
 * whose it is by then. Safe to repeat; a batch that meets it half-way finishes it. */
struct tp_identity_taking {
    struct tp_identifier identifier;
    struct tp_str from, to; /* who has claimed it, as far as is known: if it is another's by now, nothing is done */
    struct tp_str why;      /* as in struct tp_customer_taking */
};
typedef void tp_identity_taken(void *arg, int status, bool now, struct tp_str owner);
int tp_identity_take_back(const struct tp_customer_calls *calls, const struct tp_identity_taking *asked,
                          tp_identity_taken *done, void *arg);

/* For reading: whose is this identifier? "" when nobody's. TP_EUNAVAILABLE in `status`. */
typedef void tp_identity_found(void *arg, int status, struct tp_str customer_id);
int tp_identity_find(const struct tp_settings *settings, struct tp_redis *redis, struct tp_identifier identifier,
                     tp_identity_found *found, void *arg);
/* Likewise: which of these are demoted? `lines`, LF, then "TYPE TAB VALUE LF" each, as a customer has them
 * (customer.h); those that are come back as "TYPE TAB VALUE LF" each. A call for each, all under way together. */
typedef void tp_identity_demoted_found(void *arg, int status, struct tp_str lines);
int tp_identity_find_demoted(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str lines,
                             tp_identity_demoted_found *found, void *arg);
