/* The order: connect, learn how far each node had delivered and what was split, take out what there is, read the
 * interactions and put back what they say, keep apart who was split, put back what only the customers' topic tells, and
 * at last make the merges that both tell. Nothing is kept between two attempts: what was put back is found there. */
#include "daemon/restore/restore.h"

#include <inttypes.h>

#include "common/error.h"
#include "common/fault.h"
#include "common/time.h"
#include "daemon/kafka/ledger.h"
#include "daemon/log/log.h"
#include "daemon/restore/internal.h"

enum { TELL_MS = 1000, REPEATS = 4096 };

struct restore {
    const struct tp_restore_options *options;
    struct tp_buf *fault;
    struct tp_restore_progress progress;
    struct tp_redis_blocking *redis;
    struct tp_restore_feed *feed;
    struct tp_ledger ledger;
    struct tp_restore_splits *splits;
    struct tp_restore_merges *merges;
    struct tp_buf released;
    int64_t told_ms;
    int error; /* of the feed */
    struct tp_log_limit said_unreadable;
};

static void tell(struct restore *restore) {
    restore->told_ms = tp_time_monotonic_ms();
    if (restore->options->on_progress)
        restore->options->on_progress(restore->options->arg, &restore->progress);
}

static void tell_now_and_then(void *arg) {
    struct restore *restore = arg;
    if (tp_time_monotonic_ms() >= restore->told_ms + TELL_MS)
        tell(restore);
}

/* ---- what Kafka has ---- */

static void on_total(void *arg, uint64_t total) {
    struct restore *restore = arg;
    restore->progress.total = total;
    tell(restore);
}

static int take(struct restore *restore, struct tp_restore_record *record) {
    record->entry.gave_up = tp_restore_gave_up(restore->splits, record->entry.append.customer_id);
    int error = tp_restore_merges_add(restore->merges, record);
    int fed = tp_restore_feed_add(restore->feed, record);
    return error ? error : fed;
}

static bool on_message(void *arg, const struct tp_kafka_message *message) {
    struct restore *restore = arg;
    struct tp_restore_record *record = NULL;
    int error = tp_restore_record_new(message, &record);
    restore->progress.records++;
    if (error == TP_ECORRUPT) {
        restore->progress.unreadable++;
        tp_log_limited(&restore->said_unreadable, 1, TP_LOG_WARNING, "restore_unreadable",
                       "partition=%" PRId32 " offset=%" PRId64 " what=%s", message->partition, message->offset,
                       tp_log_quote("a record of the interactions topic that this version cannot put back"));
        error = 0;
    } else if (!error) {
        error = take(restore, record);
    }
    tell_now_and_then(restore);
    restore->error = error;
    return error == 0;
}

/* A topic that is absent has nothing. */
static int read_kafka(struct restore *restore) {
    const struct tp_restore_options *options = restore->options;
    const struct tp_kafka_reading reading = {.topic = options->settings->kafka.topic_interactions,
                                             .since_ms = options->all ? 0 : options->since_ms,
                                             .on_total = on_total,
                                             .on_message = on_message,
                                             .arg = restore,
                                             .stop = options->stop};
    int error = tp_kafka_read(options->settings, &reading, restore->fault);
    if (error == TP_ENOTFOUND)
        error = 0;
    return error ? error : restore->error;
}

/* ---- what the nodes have said ---- */

/* What was delivered need not be remembered beyond the newest, since no node delivers it again. But what brought the
 * same once more may stand behind it in the journal, and is not in Kafka to be remembered for itself: for a quick
 * sender's sake, some stay. */
static int note_released(struct restore *restore) {
    const struct tp_ledger *ledger = &restore->ledger;
    for (size_t i = 0; i < ledger->n_nodes; i++) {
        uint64_t frontier = ledger->nodes[i].frontier;
        tp_timeline_released(tp_str(ledger->nodes[i].node), frontier > REPEATS ? frontier - REPEATS : 0,
                             &restore->released);
    }
    return restore->released.failed ? TP_ENOMEM : 0;
}

static int read_ledger(struct restore *restore) {
    const struct tp_restore_options *options = restore->options;
    int error = tp_ledger_read(options->settings, options->stop, restore->fault, &restore->ledger);
    if (!error)
        error = note_released(restore);
    return error ? error : tp_restore_splits_new(&restore->ledger, &restore->splits);
}

/* ---- the order ---- */

static int run(struct restore *restore) {
    const struct tp_restore_options *options = restore->options;
    int error = tp_redis_blocking_open(options->settings, restore->fault, &restore->redis);
    if (!error)
        error = read_ledger(restore);
    if (!error && options->all)
        error = tp_restore_clear(options, restore->redis, tell_now_and_then, restore);
    if (error)
        return error;
    (void)TP_FAULT("restore.after_clear");
    error = tp_restore_feed_new(options, restore->redis, tp_buf_str(&restore->released), &restore->progress,
                                &restore->feed);
    if (!error)
        error = tp_restore_merges_new(restore->splits, &restore->merges);
    if (!error)
        error = read_kafka(restore);
    if (!error)
        error = tp_restore_feed_finish(restore->feed);
    if (!error)
        error = tp_restore_splits_make(restore->splits, options, restore->redis);
    if (!error)
        error = tp_restore_customers(options, restore->feed, restore->merges, &restore->progress, restore->fault,
                                     tell_now_and_then, restore);
    if (!error)
        error = tp_restore_merges_make(restore->merges, options, restore->redis, &restore->progress, tell_now_and_then,
                                       restore);
    return error;
}

int tp_restore(const struct tp_restore_options *options, struct tp_buf *fault, struct tp_restore_progress *ret) {
    struct restore restore = {.options = options, .fault = fault};
    size_t said = fault->len;
    int error = run(&restore);
    if (error && fault->len == said)
        tp_buf_addf(fault, "%s\n", tp_error_text(error));
    if (restore.progress.lacking == 0)
        restore.progress.customers = 0; /* what seemed to be lacking came later */
    tp_restore_feed_free(restore.feed);
    tp_restore_merges_free(restore.merges);
    tp_restore_splits_free(restore.splits);
    tp_ledger_free(&restore.ledger);
    tp_redis_blocking_close(restore.redis);
    tp_buf_free(&restore.released);
    *ret = restore.progress;
    return error;
}
