/* Private to identity/: the identifiers of a batch, and what is known of each. */
#pragma once

#include <uthash.h>

#include "daemon/identity/identity.h"

enum { TP_MAX_TYPES = 64 };

/* One distinct identifier of the batch. */
struct tp_claim {
    UT_hash_handle hh;
    struct tp_claim *next_in_bucket;
    unsigned bucket;
    size_t strength;          /* of its type; 0 is the strongest */
    bool shared;              /* so is its type */
    bool shared_choice;       /* stands beside other identifiers: what to claim it for is not known yet */
    bool broken;              /* its key holds something else */
    bool wanted;              /* free; to be claimed for `owner` in this round */
    char owner[TP_UUID_TEXT]; /* "" while nobody's */
    unsigned key_len;
    char key[]; /* "type:value" */
};

struct tp_identity {
    const struct tp_settings *settings;
    struct tp_redis *redis;
    size_t n_types;
    struct tp_str types[TP_MAX_TYPES]; /* strongest first; point into the settings */
    bool shared[TP_MAX_TYPES];

    uint64_t repair; /* of the batch */
    struct tp_identity_request *requests;
    size_t n_requests;
    tp_identity_done *done;
    void *arg;
    struct tp_claim *claims; /* of the batch, by key */
    struct tp_claim **links; /* of each request, an identifier each, from first_claim on */
    size_t n_links, most_links;
    struct tp_claim **buckets;   /* heads of chains */
    struct tp_redis_words words; /* of the call that is being made */
    unsigned waiting, round;
    int status;
};

/* ---- claims.c ---- */
/* The batch's distinct identifiers; those that cannot lead elsewhere are wanted from the start. */
int tp_claims_gather(struct tp_identity *identity);
void tp_claims_clear(struct tp_identity *identity);
/* Those of a request's identifiers, in their order. */
static inline struct tp_claim **tp_claims_of(const struct tp_identity *identity,
                                             const struct tp_identity_request *request) {
    return identity->links + request->first_claim;
}
/* Asks Redis: in the first round for all, later for what is wanted only. tp_identity_answered comes once. */
void tp_claims_ask(struct tp_identity *identity);

/* ---- identity.c ---- */
void tp_identity_answered(struct tp_identity *identity, int status);
