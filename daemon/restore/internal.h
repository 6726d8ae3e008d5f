/* Between the files of this folder: a record of Kafka becomes what is put back (record.c), that goes to Redis in
 * batches (feed.c), what was split is kept apart (splits.c), and what was taken back is another's (taken.c), merges
 * that it tells are made behind that (merges.c), what was there before is taken out (clear.c), and restore.c says in
 * which order. */
#pragma once

#include "daemon/customer/customer.h"
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
};
/* TP_ECORRUPT when it is none of ours, or of a version that is not known here. */
int tp_restore_record_new(const struct tp_kafka_message *message, struct tp_restore_record **ret);
void tp_restore_record_free(struct tp_restore_record *record);

/* ---- feed.c ---- */

struct tp_restore_feed;

/* `released`: of tp_timeline_released. `progress` is counted up. */
int tp_restore_feed_new(const struct tp_restore_options *options, struct tp_redis_blocking *redis,
                        struct tp_str released, struct tp_restore_progress *progress, struct tp_restore_feed **ret);
void tp_restore_feed_free(struct tp_restore_feed *feed);
/* Takes the record. What it says is in Redis at the latest when tp_restore_feed_finish is 0. */
int tp_restore_feed_add(struct tp_restore_feed *feed, struct tp_restore_record *record);
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
/* The next to be made, each once; versions are not said. False at the end. None may be added any more. */
bool tp_restore_merges_next(struct tp_restore_merges *merges, struct tp_customer_merge *ret);
/* Makes them all, when all else that Kafka has is in Redis. `on_turn` is called often in between. */
int tp_restore_merges_make(struct tp_restore_merges *merges, const struct tp_restore_options *options,
                           struct tp_redis_blocking *redis, struct tp_restore_progress *progress,
                           void (*on_turn)(void *arg), void *arg);

/* ---- clear.c ---- */

/* Takes out all that lanes and buckets have, but for their homes. `on_turn` is called often in between. */
int tp_restore_clear(const struct tp_restore_options *options, struct tp_redis_blocking *redis,
                     void (*on_turn)(void *arg), void *arg);
