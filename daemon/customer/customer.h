/* A customer in Redis: its keys, in the lane of its id, and what is done with them other than appending (timeline/).
 * customer.lua has their layout.
 *
 * Several customers that turn out to be one stay several, of which one, the smallest id, is the root: the others are
 * its members. A member leads to whom it was merged into, and is frozen; its entries stay where they are. A root lists
 * its members, and has taken over their identifiers, counts and recents. tests/model/identity.py is the protocol, and
 * why.
 *
 * What may be merged, and which identifiers a customer may have, others decide (identity/rules.h), by what they have
 * looked at. So each change here is made only if the customer is still as it was looked at: it is compared by version.
 *
 * One thread: that of the connection. Each call carries the repair number (home.h). `done` is called once: 0, or
 * TP_EUNAVAILABLE, TP_ELOST, TP_ECLOSED, TP_ENOMEM, TP_ECORRUPT (a key of a customer holds something else). An error
 * returned at once: `done` is not called. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/mapping.h"
#include "common/uuid.h"
#include "daemon/redis/home.h"
#include "daemon/redis/redis.h"
#include "daemon/settings/settings.h"

/* To be named to tp_redis_open, by those who call what follows. */
extern struct tp_redis_script tp_customer_look_script, tp_customer_list_script, tp_customer_redirect_script,
    tp_customer_absorb_script, tp_customer_confirm_script, tp_customer_leave_script, tp_customer_give_up_script,
    tp_customer_free_script, tp_customer_give_script, tp_customer_apart_script;

typedef void tp_customer_done(void *arg, int status);

struct tp_customer_calls {
    const struct tp_settings *settings;
    struct tp_redis *redis;
    uint64_t repair;
};

/* ---- look ---- */

/* Changes whenever what is decided by changes. */
struct tp_customer_version {
    uint64_t generation;  /* grows when it leads elsewhere, and when it gives a member up */
    size_t n_identifiers; /* its own and its members' */
};

struct tp_customer_look {
    char customer_id[TP_UUID_TEXT];
    char member[TP_UUID_TEXT]; /* is this one its member? "": not asked */
    /* answered: */
    bool broken; /* a key of it holds something else; nothing else is answered */
    bool is_member;
    enum {
        TP_CUSTOMER_ROOT,    /* or nobody yet */
        TP_CUSTOMER_MEMBER,  /* leads to `to` */
        TP_CUSTOMER_HALF_WAY /* so, but nobody knows whether that one has taken it in, or has given it up:
                                tp_customer_finish */
    } standing;
    char to[TP_UUID_TEXT];
    struct tp_customer_version version;
    unsigned merges;           /* into it, in this minute */
    struct tp_buf identifiers; /* LF, then "TYPE TAB VALUE LF" each: its own and its members' */
    struct tp_buf notes;       /* of splits, its own and its members': "HOLDER TAB MEMBER TAB MERGE TAB SIDE TAB
                                  GENERATION LF" each; two that have the two sides, 'm' and 's', of one do not merge */
};
void tp_customer_look_free(struct tp_customer_look *look); /* its buffers */
/* All of them, a call a lane. The looks must stay where they are until then; their buffers are the caller's. */
int tp_customer_look(const struct tp_customer_calls *calls, struct tp_customer_look *looks, size_t n,
                     tp_customer_done *done, void *arg);

/* ---- list ---- */

/* Identifiers that a customer is to have before anybody claims them for it, so that one slot decides. The event that
 * brings them tells of them when it is appended (`attached`). Or such as it was to have, and somebody else was quicker
 * to claim: it lists them no more, and its generation grows. */
struct tp_customer_listing {
    char customer_id[TP_UUID_TEXT];
    struct tp_customer_version version; /* of several for one customer each counts what those before bring */
    int64_t received_ms;
    struct tp_buf lines; /* "ORIGIN LF", then "TYPE TAB VALUE LF" each, of which it has none */
    struct tp_buf lost;  /* instead of these: "CLAIMANT TAB TYPE TAB VALUE LF" each, of which it has all */
    bool as_it_is;       /* of these, whatever its version */
    bool listed; /* answered: false: it is not as it was looked at, or a claimant is its member: nothing was done */
};
int tp_customer_list(const struct tp_customer_calls *calls, struct tp_customer_listing *listings, size_t n,
                     tp_customer_done *done, void *arg);

/* ---- merge ---- */

struct tp_customer_merge {
    char loser[TP_UUID_TEXT], survivor[TP_UUID_TEXT];
    struct tp_customer_version loser_version, survivor_version;
    struct tp_str
        evidence; /* why: "MS TAB SOURCE TAB EVENT TAB TYPE TAB VALUE TAB TYPE TAB VALUE": when, the event with
                     its id as JSON, the identifier that led to the survivor and the one that led to the loser */
};
/* `merged` false: one of them is not as it was looked at, and both are as they were. */
typedef void tp_customer_merge_done(void *arg, int status, bool merged);
int tp_customer_merge(const struct tp_customer_calls *calls, const struct tp_customer_merge *merge,
                      tp_customer_merge_done *done, void *arg);
/* Whoever meets one that is half-way ends what was begun, merge or split. `merged` false: it is no more half-way, or
 * free again. */
int tp_customer_finish(const struct tp_customer_calls *calls, struct tp_str customer_id, tp_customer_merge_done *done,
                       void *arg);

/* ---- split ---- */

/* Takes back the merge number `merge` of a member: all above it give it up, with the members that came with it, and it
 * is a root again. Both sides keep a note, so that nothing makes them one again. Safe to repeat, and whoever meets one
 * that is half-way finishes it. `split` false: it is not in that merge (any more). */
typedef void tp_customer_split_done(void *arg, int status, bool split);
int tp_customer_split(const struct tp_customer_calls *calls, struct tp_str member, uint64_t merge,
                      tp_customer_split_done *done, void *arg);

/* An identifier is another customer's, who is a new one: who has claimed it and all above give it up, and that one
 * lists it, and remembers what the root remembers. Both sides keep a note, with "TYPE:VALUE" in the place of the merge,
 * and who gave it up takes nothing any more that was resolved by it. The claim is the caller's to move, behind this.
 * Safe to repeat; whoever finds the note, and the claim as it was, finishes it. */
struct tp_customer_taking {
    struct tp_str from, to; /* who has claimed it; who gets it */
    struct tp_identifier identifier;
    struct tp_str why; /* "MS TAB SOURCE TAB EVENT", as evidence begins; "" by who finishes it */
};
int tp_customer_take_back(const struct tp_customer_calls *calls, const struct tp_customer_taking *taking,
                          tp_customer_split_done *done, void *arg);

/* ---- read: needs no script ---- */

/* Where it leads: "" for a root, also while it is half-way, and for who is not there. */
typedef void tp_customer_led(void *arg, int status, struct tp_str to);
int tp_customer_lead(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     tp_customer_led *done, void *arg);

/* One whom a root lists. */
struct tp_customer_member {
    struct tp_str id, into;    /* whom it was merged into: the root or another member */
    int64_t first_ms, last_ms; /* by time, of what is on its timeline; 0 without */
    struct tp_str evidence;    /* as above */
};
struct tp_customer {
    struct tp_str to;  /* whom it leads to, and then only that merge is said; "" for a root, and while it is half-way */
    uint64_t merge;    /* of a member: the number of the merge that made it one */
    int64_t merged_ms; /* and when what brought that about was received; 0: not known */
    bool is_known;     /* not only listed: an interaction has come, or one that says who it is; or it was merged with
                          others before that, and split again, or all that led to it was taken back */
    uint64_t sequence; /* the last */
    struct tp_str state; /* "LF NAME TAB VALUE" each */
    struct tp_mapping mapping;
    struct tp_str traits;      /* as common/traits.h has them */
    int64_t first_ms, last_ms; /* by time, of what is on its own timeline now; 0 without */
    size_t n_members;
    const struct tp_customer_member *members; /* sorted by id */
};
typedef void tp_customer_read_done(void *arg, int status, const struct tp_customer *customer);
/* TP_ENOTFOUND when there is no such customer. */
int tp_customer_read(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     tp_customer_read_done *done, void *arg);
/* The same without state, mapping and traits, and of members without `into` and `evidence`: what a timeline needs to
 * know of one with a thousand members. */
int tp_customer_read_spans(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                           tp_customer_read_done *done, void *arg);
