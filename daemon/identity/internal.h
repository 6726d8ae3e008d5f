/* Private to identity/: the identifiers of a batch (claims.c), whom they would tie (ties.c), the customers that
 * they lead to (people.c), the choice (choose.c and what choosing.h names), and the order of it all (identity.c). */
#pragma once

#include <uthash.h>

#include "daemon/identity/identity.h"
#include "daemon/identity/rules.h"

/* One distinct identifier of the batch. */
struct tp_claim {
    UT_hash_handle hh;
    struct tp_claim *next_in_bucket;
    unsigned bucket;
    size_t strength;             /* of its type; 0 is the strongest */
    size_t first;                /* request that names it */
    bool shared;                 /* so is its type, or it is demoted */
    bool demoted;                /* it turned out to be shared, whatever its type */
    bool shared_choice;          /* stands beside other identifiers: what to claim it for is not known yet */
    bool broken;                 /* its key holds something else */
    bool wanted;                 /* free; to be claimed for `owner`, which is a guess until it is */
    char owner[TP_UUID_TEXT];    /* "" while nobody's */
    char promised[TP_UUID_TEXT]; /* the customer that lists it since a turn that was begun again; "": none */
    char lost[TP_UUID_TEXT];     /* the customer that lists it, and that it is not claimed for; "": none */
    struct tp_buf ties;          /* ids of customers that it would have tied, to be counted */
    int64_t tied_ms;             /* when the latest event that said so was received */
    unsigned key_len;
    char key[]; /* "type:value" */
};

/* What is remembered of a customer from batch to batch: only where there is something to say of it. */
struct tp_person {
    UT_hash_handle hh;
    char customer_id[TP_UUID_TEXT];
    char root[TP_UUID_TEXT]; /* of a member: where it leads; "": it is a root, as far as is known */
    uint64_t bound;          /* 1 more than that one's generation, when it listed this one */
    uint64_t seen;           /* the batch in which that was looked at */
    bool ask;                /* it is not so any more */
};

/* A root as it was looked at in this batch, or as it will be: with what the batch lists with it. */
struct tp_view {
    UT_hash_handle hh;
    bool made; /* by this batch: a new customer */
    struct tp_customer_look look;
    uint32_t gained;                   /* by the request that is chosen for: bit i: identifier i */
    struct tp_customer_version before; /* what it was without these */
};

struct tp_identity {
    const struct tp_settings *settings;
    struct tp_redis *redis;
    struct tp_rules rules;
    struct tp_customer_calls calls; /* with the repair number of the batch */

    struct tp_identity_request *requests;
    size_t n_requests, at, cut; /* those before `at` are resolved; before `cut`, when what was chosen is in Redis */
    tp_identity_done *done;
    void *arg;
    bool quiet, careful;
    unsigned turns; /* that did not bring `at` forward */
    int status;

    struct tp_claim *claims; /* of the batch, by key */
    struct tp_claim **links; /* of each request, an identifier each, from first_claim on */
    size_t n_links, most_links;
    struct tp_claim **buckets;   /* heads of chains */
    struct tp_redis_words words; /* of the call that is being made */
    unsigned waiting, round;
    bool tied;                                              /* some have ties to be counted */
    void (*then)(struct tp_identity *identity, int status); /* when ties are counted */
    bool outrun;                                            /* what was wanted is another's, or broken */

    uint64_t batch;
    struct tp_person *people;
    struct tp_view *views;
    struct tp_customer_look *looks; /* to be made, or under way */
    size_t n_looks, most_looks, n_asked;
    size_t n_made;                        /* customers, since the last that were committed */
    struct tp_customer_listing *listings; /* to be made, or under way */
    size_t n_listings, most_listings;
    char pending[TP_UUID_TEXT];  /* one that was met, to be finished */
    struct tp_claim *given_up;   /* likewise: one whose claimant's customer has a note that it is another's, */
    char given_to[TP_UUID_TEXT]; /* that one's */
    struct {
        struct tp_customer_merge merge; /* the next to be made */
        struct tp_buf evidence;
    } next;
};

/* ---- owner.c ---- */
/* What a claim's key says: the id of whose it is, and whether the value is demoted: "OWNER" or "OWNER shared". Without
 * a place where it is no string, or `reply` is NULL. */
struct tp_str tp_identity_owner_read(const redisReply *reply, bool *ret_demoted);

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
bool tp_claims_wanted(const struct tp_identity *identity);
/* One whose claimant was told, as far as is known, that it is another's, which `ret_to` is. NULL: there is none. */
struct tp_claim *tp_claims_given_up(const struct tp_identity *identity, char ret_to[TP_UUID_TEXT]);
/* What is wanted is nobody's again, or the owner's for good. */
void tp_claims_settle(struct tp_identity *identity, bool owned);

/* ---- ties.c ---- */
/* An event would have tied two customers by this value: both count for it. Nothing of a shared one. */
void tp_ties_note(struct tp_identity *identity, struct tp_claim *claim, const char *one, const char *other,
                  int64_t received_ms);
void tp_ties_clear(struct tp_identity *identity);
/* What was noted is counted, and values that tie too many are demoted. False when there is nothing to be counted; else
 * `then` comes once, with 0, or what is wrong with the batch. */
bool tp_ties_count(struct tp_identity *identity, void (*then)(struct tp_identity *identity, int status));

/* ---- people.c ---- */
struct tp_person *tp_people_find(const struct tp_identity *identity, const char *customer_id);
/* Where a claimant leads, as far as is known. */
const char *tp_people_root(const struct tp_identity *identity, const char *claimant);
/* NULL when it has not been looked at in this batch. */
struct tp_view *tp_people_view(const struct tp_identity *identity, const char *customer_id);
/* A customer that this batch makes. NULL when out of memory. */
struct tp_view *tp_people_make(struct tp_identity *identity);
/* To be looked at again, whatever is known of it or of those that lead to it. */
void tp_people_forget(struct tp_identity *identity, const char *customer_id);
/* Wants to know where a claimant leads, and with `closely` what is there. False when that is known. TP_ENOMEM is told
 * by identity->status. */
bool tp_people_want(struct tp_identity *identity, const char *claimant, bool closely);
/* What is wanted, or one that is pending: a call is under way, and tp_identity_go_on comes. */
void tp_people_ask(struct tp_identity *identity);
void tp_people_clear(struct tp_identity *identity, bool all); /* the views of the batch; or everything */

/* ---- choose.c ---- */
enum tp_choice {
    TP_CHOSEN,
    TP_CHOSEN_LATER, /* what was chosen before is to be in Redis first, or what this one lists */
    TP_CHOSEN_MERGE  /* identity->next is to be made first */
};
/* Wants what has to be known of the request's customers. True when something is not known yet. */
bool tp_choose_survey(struct tp_identity *identity, const struct tp_identity_request *request);
/* All that is known is looked at: whose it is, what it lists and what it claims. */
enum tp_choice tp_choose(struct tp_identity *identity, struct tp_identity_request *request);
/* ---- listing.c, beside choosing.h ---- */
/* One more, empty. NULL, and the identity's status, when memory is short. */
struct tp_customer_listing *tp_listing_new(struct tp_identity *identity);
void tp_listing_write_line(struct tp_identifier identifier, struct tp_buf *out); /* "TYPE TAB VALUE LF" */

/* ---- promised.c ---- */
/* The turn is begun again, and some of its listings were made. */
void tp_promised_note(struct tp_identity *identity);
/* Whether any of these is another's by now: that one is lost. */
bool tp_promised_broken(struct tp_identity *identity);
/* Listings that take back what is lost. */
void tp_promised_take_back(struct tp_identity *identity);

/* ---- identity.c ---- */
void tp_identity_answered(struct tp_identity *identity, int status); /* by tp_claims_ask */
void tp_identity_go_on(struct tp_identity *identity, int status);    /* by tp_people_ask */
