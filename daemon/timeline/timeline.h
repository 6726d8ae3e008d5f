/* Timeline: each customer's interactions in Redis, appended once, in order of time.
 *
 * A customer lives in the lane of its id; a lane's keys share one hash tag. One call a lane is under way at a time and
 * carries what has gathered, so the order of appends to a customer is the order of tp_timeline_append. What the script
 * does, atomically for each event: know it again by its key (source and id) or give it the next sequence, apply its
 * changes to the customer's state, keep the state before with the entry, trim what is beyond the caps, oldest by time
 * first. append.lua has the layout of the keys.
 *
 * Once only: the newest `timeline.recent_events` of a customer are remembered, for a while up to a quarter more, and
 * beyond them all whose node has not released them. A retry that comes later than that is a new event. What is
 * remembered is not trimmed, and takes no room from what is within the caps. One thread: that of the connection.
 *
 * One that has a version is an event of its own by that (interaction.h), and has its entry, which tells how it stands
 * to the newest that was known before. Nobody reads those that have a newer one: they stay while they are remembered.
 * As many versions as there are, they change the customer's state once. customer/versions.lua knows them.
 *
 * One that only says who somebody is goes the same way, in its place among the others, and changes what is known of the
 * customer alone. It is not remembered: to say it once more changes nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/interaction.h"
#include "common/mapping.h"
#include "common/uuid.h"
#include "daemon/redis/redis.h"
#include "daemon/settings/settings.h"

struct tp_timeline;

extern struct tp_redis_script tp_timeline_append_script; /* to be named to tp_redis_open */

/* A change of the customer's state: the value of `name` becomes `value`, or, as a decimal number, grows by it. No LF in
 * either, no TAB in the name. */
struct tp_state_change {
    enum { TP_STATE_SET = 's', TP_STATE_ADD = 'a' } kind;
    struct tp_str name, value;
};

enum { TP_MAX_STATE_CHANGES = 16 };

enum { TP_TIMELINE_MOST_EVENTS = 128, TP_TIMELINE_MOST_BYTES = 1 << 20 }; /* of one call, which keeps it short */

enum tp_append_result {
    TP_APPENDED,   /* now */
    TP_REPLAYED,   /* by the same record, earlier: the stored answer */
    TP_DUPLICATE,  /* by another record with the same key and content: the stored answer */
    TP_REUSED,     /* the key is known with other content: nothing done */
    TP_MOVED,      /* the customer is not as it was resolved to: not done; to be resolved anew */
    TP_ELSEWHERE,  /* known, and the answer is with another customer, `owner`: not done; to be given to that one */
    TP_IDENTIFIED, /* it only says who somebody is, and that is known now; on no timeline */
    TP_DEFERRED,   /* its place is with another customer, `owner`, or whom that one leads to: not done here */
    TP_BROKEN,     /* a key of this customer holds something else, or the script failed: not done */
    TP_HELD        /* not tried: tp_timeline_hold */
};

enum { TP_TIMELINE_MOST_TOLD = 4 }; /* merged of one entry, as in append.lua; more are told with the next */

/* A stored interaction and what the state was before it; borrowed from the reply. */
struct tp_entry {
    uint64_t sequence;
    bool has_version;           /* where one reads: it has these, */
    uint64_t version, bare_key; /* as in struct tp_interaction */
    uint32_t attached;          /* as in struct tp_resolved, */
    struct tp_str merged;       /* and this */
    struct tp_mapping mapping;  /* of its customer, now; nothing where nothing changed, or where one reads */
    uint64_t last_sequence;     /* likewise: its last by now */
    struct tp_str members;      /* likewise: ids, as in `merged` */
    struct tp_str redirect;     /* likewise: whom it leads to by now; "" mostly */
    struct tp_str traits;       /* likewise, as common/traits.h has them */
    struct tp_str before;       /* the state, "LF NAME TAB VALUE" each; "" before the first */
    struct tp_str json;         /* as in struct tp_interaction */
    size_t customer_at;
};

static inline struct tp_resolved tp_entry_resolved(const struct tp_entry *entry, struct tp_str customer_id) {
    return (struct tp_resolved){customer_id, entry->sequence == 1, entry->attached, entry->merged};
}

#define TP_BOUND_NEVER UINT32_MAX          /* nothing is appended: only what is known is answered */
#define TP_BOUND_DEFER (UINT32_C(1) << 31) /* the script's: added to the bound of what is deferred */

/* What is to be appended. The caller's, untouched until its callback. */
struct tp_append {
    struct tp_append *next; /* the timeline's while it has it */
    const struct tp_interaction *interaction;
    struct tp_str customer_id;
    uint64_t record; /* number in the journal */
    uint32_t others; /* bit i: identifier i is another customer's, and is not noted as one of this */
    uint64_t bound;  /* 0: the customer must be no member; else 1 more than what its generation must be, or never */
    char defer_to[TP_UUID_TEXT]; /* mostly ""; else whose it is to be: not appended, but remembered at the customer, who
                                    answers TP_DEFERRED and whom it named first, or as for what is known */
    char owner[TP_UUID_TEXT];    /* answered for TP_ELSEWHERE and TP_DEFERRED */
    bool alone;                  /* in a call of its own: it was in one that failed as a whole */
    struct tp_str last;          /* "NAME TAB VALUE": the part of the state that is put there whole by each append */
    struct tp_state_change changes[TP_MAX_STATE_CHANGES];
    size_t n_changes;
};

struct tp_timeline_options {
    const struct tp_settings *settings;
    struct tp_redis *redis;
    const char *node; /* UUID of the journal */
    /* For each append in turn. `entry` is NULL unless it is appended, replayed, a duplicate or identified. */
    void (*on_appended)(void *arg, struct tp_append *append, enum tp_append_result result,
                        const struct tp_entry *entry);
    /* A lane's call failed (TP_EUNAVAILABLE, TP_ELOST, TP_ECLOSED, TP_ENOMEM); its appends are forgotten and may be
     * given again, after tp_timeline_begin, in their order. */
    void (*on_failed)(void *arg, int status);
    void *arg;
};
int tp_timeline_new(const struct tp_timeline_options *options, struct tp_timeline **ret);
void tp_timeline_free(struct tp_timeline *timeline);

void tp_timeline_append(struct tp_timeline *timeline, struct tp_append *append);
/* Sends what has gathered in the lanes that are idle: call after a run of appends. `released`: this node's frontier. */
void tp_timeline_send(struct tp_timeline *timeline, uint64_t released);
/* Hands back, as TP_HELD, what has gathered of this customer and is not on its way: one before them has failed and is
 * to be tried again first. */
void tp_timeline_hold(struct tp_timeline *timeline, struct tp_str customer_id);
/* Forgets everything that waits; answers of calls under way are ignored. From now on calls carry this repair number
 * (home.h). */
void tp_timeline_begin(struct tp_timeline *timeline, uint64_t repair);

/* ---- reading ---- */

/* A stretch of a timeline, by time: from `from_ms` on, forward or back, not beyond `until_ms`, leaving out the first
 * `skip` entries. `n` below `count` at its end. */
struct tp_stretch {
    bool forward;
    int64_t from_ms, until_ms;
    size_t skip, count;
};
typedef void tp_timeline_stretch_read(void *arg, int status, const struct tp_entry *entries, const int64_t *times,
                                      size_t n);
int tp_timeline_read_stretch(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                             const struct tp_stretch *stretch, tp_timeline_stretch_read *done, void *arg);
