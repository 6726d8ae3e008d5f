/* The ledger: what the nodes of one deployment tell each other for repairs, in the compacted topic
 * `kafka.topic_checkpoints`, since it must not stand in the Redis that is being repaired. Records, by key:
 *
 * - "node UUID": {"node", "repair", "frontier", "done", "time"}, the position of a node and the last repair that it has
 *   answered. With kafka.transactions on it is written in the transaction of what it covers.
 * - "repair NUMBER UUID": {"number", "by", "state": "called" | "done", "time"}. All of these stand in partition 0: of
 *   two that call the same number, the first there has it. Each has a key of its own, so that compaction, which drops
 *   an older record of a key, cannot make the second the first.
 * - "split MEMBER MERGE": {"member", "merge", "customer", "sequence", "state", "time"}: that merge of the member was
 *   taken back. Interactions go on telling of the merge, and the customers' topic only of what is so by now.
 * - "split MEMBER": {"member", "identifier" {"type", "value"}, "claimant", "customer", "command", "time"}: so was that
 *   identifier, and the member, a new customer, got it.
 *
 * Blocking, for the threads of those who repair and of those who start; nothing is kept between calls. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/uuid.h"
#include "daemon/settings/settings.h"

struct tp_ledger_node {
    char node[TP_UUID_TEXT];
    uint64_t repair; /* the last that it has answered */
    int64_t time_ms; /* when it wrote that */
    /* {"frontier": the first record that it has not delivered, "done": [[FIRST, LAST], ...] of those above that it
     * has}, compact; and the first of the two by itself. */
    struct tp_buf position;
    uint64_t frontier;
};

struct tp_ledger_split {
    char member[TP_UUID_TEXT], customer[TP_UUID_TEXT]; /* the root that gave it up */
    uint64_t merge;                                    /* its number */
    uint64_t sequence;                                 /* the root's last, by then */
    struct tp_buf state;                               /* the member's: what the root's lost with it */
    int64_t time_ms;                                   /* when it was asked for */
    /* Of an identifier, instead of merge, sequence and state: */
    char claimant[TP_UUID_TEXT], command[TP_UUID_TEXT]; /* whose it was; by which it was asked for */
    struct tp_buf type, value;                          /* empty where it was a merge */
};
static inline bool tp_ledger_takes_identifier(const struct tp_ledger_split *split) { return split->type.len > 0; }
void tp_ledger_split_free(struct tp_ledger_split *split); /* what it holds, not itself */

struct tp_ledger {
    uint64_t repair; /* the last that was called; 0: none ever was */
    bool done;       /* and it came to its end */
    char by[TP_UUID_TEXT];
    int64_t called_ms;
    size_t n_nodes;
    struct tp_ledger_node *nodes;
    size_t n_splits;
    struct tp_ledger_split *splits;
};

/* Read to the end, committed records only. A topic that is absent is an empty ledger. TP_EUNAVAILABLE, TP_ECONFIG with
 * the reason in `fault`; TP_ESTOPPING, soon after `stop` (which may be NULL) was set. */
int tp_ledger_read(const struct tp_settings *settings, const atomic_bool *stop, struct tp_buf *fault,
                   struct tp_ledger *ret);
void tp_ledger_free(struct tp_ledger *ledger); /* what it holds, not itself */
/* The record "node UUID", for those who write it in a transaction. `position` as in struct tp_ledger_node. */
void tp_ledger_node_write(const char *node, uint64_t repair, struct tp_str position, struct tp_buf *out);
/* The record "split MEMBER MERGE" or "split MEMBER", likewise. */
void tp_ledger_split_write(const struct tp_ledger_split *split, struct tp_buf *key, struct tp_buf *value);
/* The node's answer: it works under `repair` from now on. */
int tp_ledger_answer(const struct tp_settings *settings, const char *node, uint64_t repair, struct tp_str position,
                     struct tp_buf *fault);
/* Calls repair `number`; ret_ours: whether it is this node's to do, since nobody called it before. */
int tp_ledger_call(const struct tp_settings *settings, const char *node, uint64_t number, struct tp_buf *fault,
                   bool *ret_ours);
int tp_ledger_done(const struct tp_settings *settings, const char *node, uint64_t number, struct tp_buf *fault);
/* Ends what a silent node may still be producing: its transaction is aborted, and all that it produces later refused.
 */
int tp_ledger_fence(const struct tp_settings *settings, const char *node, struct tp_buf *fault);
