/* Identity: which customer an interaction belongs to. Each identifier claims a customer id in its bucket, and the first
 * claim stays, whoever makes it. An interaction goes to the customer of its strongest known identifier, by the
 * configured order, and its new identifiers are claimed for that customer; none known makes a customer (UUIDv7). One of
 * a shared type counts only where there is no other. Two known customers in one interaction stay two: joining them has
 * its place between the look-up and the choice.
 *
 * The same interaction resolved again gives the same customer, since claims never change. One thread: that of the
 * connection. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/interaction.h"
#include "common/uuid.h"
#include "daemon/redis/redis.h"
#include "daemon/settings/settings.h"

struct tp_identity;

extern struct tp_redis_script tp_identity_claim_script; /* to be named to tp_redis_open */

/* `settings` and `redis` must outlive it. */
int tp_identity_new(const struct tp_settings *settings, struct tp_redis *redis, struct tp_identity **ret);
void tp_identity_free(struct tp_identity *identity); /* not while a batch is under way, unless redis is closed first */

struct tp_identity_request {
    const struct tp_interaction *interaction;
    int status; /* 0, or TP_ECORRUPT: an identifier's key holds something else */
    char customer_id[TP_UUID_TEXT];
    uint32_t others;    /* bit i: identifier i is another customer's, and stays so */
    size_t first_claim; /* identity's own */
};

/* Resolves `requests`, in order, under this repair number (home.h), and calls `done` once: 0, or TP_EUNAVAILABLE,
 * TP_ELOST or TP_ECLOSED for the batch as a whole. The requests must stay where they are until then. One batch at a
 * time. An error returned at once: `done` is not called. */
typedef void tp_identity_done(void *arg, int status);
int tp_identity_resolve(struct tp_identity *identity, uint64_t repair, struct tp_identity_request *requests, size_t n,
                        tp_identity_done *done, void *arg);
/* Until the next batch: the customer that identifier `i` of the request leads to, where that is another than the
 * request's; empty where it is not, or is of a shared type. */
struct tp_str tp_identity_conflict(const struct tp_identity *identity, const struct tp_identity_request *request,
                                   size_t i);

/* For reading: whose is this identifier? "" when nobody's. TP_EUNAVAILABLE in `status`. */
typedef void tp_identity_found(void *arg, int status, struct tp_str customer_id);
int tp_identity_find(const struct tp_settings *settings, struct tp_redis *redis, struct tp_identifier identifier,
                     tp_identity_found *found, void *arg);
