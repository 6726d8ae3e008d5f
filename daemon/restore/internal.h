/* Between the files of this folder: a record of Kafka becomes what is put back (record.c), that goes to Redis in
 * batches (feed.c), so does what the customers' topic tells (customers.c, mapping.c, told.c), what was split is kept
 * apart (splits.c), and what was taken back is another's (taken.c), merges that it tells are made behind that
 * (merges.c), what was there before is taken out (clear.c), and restore.c says in which order. */
#pragma once

#include "daemon/customer/customer.h"
#include "daemon/customer/restore.h"
#include "daemon/identity/restore.h"
#include "daemon/kafka/ledger.h"
#include "daemon/kafka/read.h"
#include "daemon/redis/blocking.h"
#include "daemon/restore/restore.h"
#include "daemon/timeline/restore.h"

/* ---- record.c ---- */

/* What a record says; it owns all that `entry` points to. */
struct tp_restore_record {
    struct tp_restored entry;
    struct tp_decomposed decomposed;
    char node[TP_UUID_TEXT];
    struct tp_buf brought;      /* what the entry brings to the state */
    struct tp_buf last, counts; /* the state before it */
    struct tp_buf versions;     /* and what it tells of another version */
};
/* TP_ECORRUPT when it is none of ours, or of a version that is not known here. */
int tp_restore_record_new(const struct tp_kafka_message *message, struct tp_restore_record **ret);
/* The next from `*i` on, 0 at first, of its values that it says are demoted, and whose that one was; false at the end.
 */
bool tp_restore_record_demoted(const struct tp_restore_record *record, size_t *i, struct tp_identifier *ret,
                               struct tp_str *ret_customer);
void tp_restore_record_free(struct tp_restore_record *record);

/* ---- mapping.c ---- */

/* What a record of the customers' topic says: a customer as a whole, as it was by then. */
struct tp_restore_mapping {
    char customer_id[TP_UUID_TEXT], redirect[TP_UUID_TEXT]; /* "": it leads nowhere */
    size_t n;
    struct tp_buf identifiers, origins, first_seen; /* as struct tp_mapping has them */
    struct tp_buf traits;                           /* as common/traits.h has them */
    struct tp_buf members;                          /* ids */
    struct tp_buf evidence;                         /* of the redirect: "MS TAB ORIGIN" */
};
/* TP_ECORRUPT when it is none of ours, or of a version that is not known here. To be freed when it is 0. */
int tp_restore_mapping_read(const struct tp_kafka_message *message, struct tp_restore_mapping *ret);
void tp_restore_mapping_free(struct tp_restore_mapping *mapping); /* what it holds, not itself */

/* ---- feed.c ---- */

struct tp_restore_feed;

/* `released`: of tp_timeline_released. `progress` is counted up. */
int tp_restore_feed_new(const struct tp_restore_options *options, struct tp_redis_blocking *redis,
                        struct tp_str released, struct tp_restore_progress *progress, struct tp_restore_feed **ret);
void tp_restore_feed_free(struct tp_restore_feed *feed);
/* Takes the record. What it says is in Redis at the latest when tp_restore_feed_finish is 0. */
int tp_restore_feed_add(struct tp_restore_feed *feed, struct tp_restore_record *record);
/* An identifier is this one's, if it is nobody's. */
int tp_restore_feed_claim(struct tp_restore_feed *feed, const struct tp_identifier *identifier,
                          struct tp_str customer_id);
/* What is told of one whose entries are in Redis. */
int tp_restore_feed_told(struct tp_restore_feed *feed, const struct tp_customer_told *told);
int tp_restore_feed_finish(struct tp_restore_feed *feed);

/* ---- splits.c ---- */

struct tp_restore_splits;

/* `ledger` must outlive it. */
int tp_restore_splits_new(const struct tp_ledger *ledger, struct tp_restore_splits **ret);
void tp_restore_splits_free(struct tp_restore_splits *splits);
/* Whether a merge of this one, which an interaction received then tells of, was taken back. */
bool tp_restore_was_split(const struct tp_restore_splits *splits, struct tp_str member, int64_t told_ms);
/* Whether this one gave a member up at any time. */
bool tp_restore_gave_up(const struct tp_restore_splits *splits, struct tp_str customer);
/* Puts back what the two sides must know of each, when all entries are in Redis, and before merges are made. */
int tp_restore_splits_make(const struct tp_restore_splits *splits, const struct tp_restore_options *options,
                           struct tp_redis_blocking *redis);

/* ---- taken.c ---- */

/* An identifier that was taken back, as interactions do not tell: who had claimed it, and who was that one's root, give
 * it up, and the new customer has it, with what they remember. What is so already stays. */
int tp_restore_taken(const struct tp_ledger_split *taken, const struct tp_restore_options *options,
                     struct tp_redis_blocking *redis);

/* ---- merges.c ---- */

struct tp_restore_merges;

/* `splits` must outlive it: what was taken back is not made. */
int tp_restore_merges_new(const struct tp_restore_splits *splits, struct tp_restore_merges **ret);
void tp_restore_merges_free(struct tp_restore_merges *merges);
/* What the record tells of merges; it is not kept. */
int tp_restore_merges_add(struct tp_restore_merges *merges, const struct tp_restore_record *record);
/* What a customer as a whole tells of them, where no interaction does. */
int tp_restore_merges_add_mapping(struct tp_restore_merges *merges, const struct tp_restore_mapping *mapping);
/* The next to be made, each once; versions are not said. `counted`: the survivor's entries count
 * it already. False at the end. None may be added any more. */
bool tp_restore_merges_next(struct tp_restore_merges *merges, struct tp_customer_merge *ret, bool *ret_counted);
/* Makes them all, when all else that Kafka has is in Redis. `on_turn` is called often in between. */
int tp_restore_merges_make(struct tp_restore_merges *merges, const struct tp_restore_options *options,
                           struct tp_redis_blocking *redis, struct tp_restore_progress *progress,
                           void (*on_turn)(void *arg), void *arg);

/* ---- told.c ---- */

/* Takes what the record says of the customer, and of its members: their entries are in Redis. */
int tp_restore_told(struct tp_restore_feed *feed, const struct tp_restore_mapping *mapping);

/* ---- customers.c ---- */

/* Reads the customers' topic, and gives what the last record of each customer says to the two; entries are in Redis by
 * then, and what was split is apart. `on_turn` is called often in between. */
int tp_restore_customers(const struct tp_restore_options *options, struct tp_restore_feed *feed,
                         struct tp_restore_merges *merges, struct tp_restore_progress *progress, struct tp_buf *fault,
                         void (*on_turn)(void *arg), void *arg);

/* ---- clear.c ---- */

/* Takes out all that lanes and buckets have, but for their homes. `on_turn` is called often in between. */
int tp_restore_clear(const struct tp_restore_options *options, struct tp_redis_blocking *redis,
                     void (*on_turn)(void *arg), void *arg);
