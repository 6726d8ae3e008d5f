/* Transactions, one at a time:
 *
 * - starting: the worker initialises the producer, which ends what an earlier one left open and fences it, and reads
 * the node's position. Only then is it known what is in Kafka; nothing is given before.
 * - open: records are given. It is closed kafka.transaction_interval after the one before, so that what comes after a
 *   pause is committed at once, and commits under load are few.
 * - closing: nothing is given; the node's position goes along as the last record, and the worker commits, or aborts
 * what had a record fail. Committed: the records are done. Aborted: they are given again, in their order.
 * - fenced: another producer has this node's name and has worked since. The end.
 *
 * What a commit came to is not always learned: the broker answers late, or has ended the transaction meanwhile, as it
 * does with one that is open for longer than transaction.timeout.ms (an outage, a process that was stopped). librdkafka
 * calls that fenced too. Then all begins again with a new producer, and the position that it reads tells: records in it
 * are done, the others are given again; and if it was written by another than us, we are the one who was fenced.
 *
 * A topic that is not there would hold up the transaction and all other topics with it, so each is looked for before
 * the first record goes there. A record under suspicion gets a transaction of its own. */
#include "daemon/kafka/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/time.h"

struct tp_kafka_transaction {
    struct tp_kafka_worker *worker;
    enum { STARTING, OPEN, CLOSING, FENCED } state;
    bool due;    /* to be closed as soon as it can be */
    bool broken; /* a record of it failed */
    size_t n_records, n_bytes;
    struct event *timer;
    struct tp_kafka_record *position; /* goes along with what is closing */
    int64_t closed_us;                /* when the last was, monotonic */
};

/* ---- while it is open ---- */

bool tp_kafka_transaction_open(const struct tp_kafka *kafka) {
    const struct tp_kafka_transaction *transaction = kafka->transaction;
    return !transaction || (transaction->state == OPEN && !transaction->due && !transaction->broken &&
                            kafka->topics[TP_TOPIC_CHECKPOINTS].there);
}

bool tp_kafka_transaction_busy(const struct tp_kafka *kafka) {
    return kafka->transaction && tp_kafka_worker_busy(kafka->transaction->worker);
}

static void close_in(struct tp_kafka_transaction *transaction, unsigned ms) {
    const struct timeval wait = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
    evtimer_add(transaction->timer, &wait);
}

static void close_in_turn(const struct tp_kafka *kafka) {
    int64_t since_ms = (tp_time_monotonic_us() - kafka->transaction->closed_us) / 1000;
    int64_t left_ms = kafka->options.settings->kafka.transaction_interval - since_ms;
    close_in(kafka->transaction, left_ms > 0 ? (unsigned)left_ms : 0);
}

static void close_soon(struct tp_kafka_transaction *transaction) {
    transaction->due = true;
    close_in(transaction, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
    struct tp_kafka *kafka = arg;
    (void)fd, (void)what;
    kafka->transaction->due = kafka->transaction->due || !kafka->transaction->broken;
    tp_kafka_transaction_go_on(kafka);
}

/* Half of what may wait at all is enough for one, so that the next can gather meanwhile. */
static bool is_full(const struct tp_kafka *kafka) {
    const struct tp_kafka_transaction *transaction = kafka->transaction;
    return transaction->n_records >= (kafka->max_records + 1) / 2 || transaction->n_bytes >= kafka->max_bytes / 2;
}

void tp_kafka_transaction_add(struct tp_kafka_record *record) {
    struct tp_kafka_topic *topic = record->topic;
    struct tp_kafka *kafka = topic->kafka;
    struct tp_kafka_transaction *transaction = kafka->transaction;
    if (!transaction)
        return;
    record->in = true;
    transaction->n_bytes += record->size;
    kafka->options.on_given(kafka->options.arg, record->owners, true);
    if (transaction->n_records++ == 0)
        close_in_turn(kafka);
    if (topic->suspects > 0 || is_full(kafka))
        close_soon(transaction);
}

void tp_kafka_transaction_break(struct tp_kafka *kafka) {
    if (!kafka->transaction || kafka->transaction->broken)
        return;
    kafka->transaction->broken = true;
    if (kafka->transaction->state == OPEN) /* else the worker learns of it */
        close_in(kafka->transaction, 0);
}

void tp_kafka_flush(struct tp_kafka *kafka) {
    if (kafka->transaction)
        close_soon(kafka->transaction);
}

/* ---- its end ---- */

static void begin_anew(struct tp_kafka_transaction *transaction) {
    tp_kafka_record_free(transaction->position);
    transaction->position = NULL;
    transaction->n_records = transaction->n_bytes = 0;
    transaction->broken = false;
    transaction->state = OPEN;
}

/* Those in it are the first of their list. */
static void settle(struct tp_kafka *kafka, bool (*is_done)(struct tp_kafka *kafka, struct tp_kafka_record *record)) {
    for (int i = 0; i < TP_TOPIC_COUNT; i++) {
        struct tp_kafka_topic *topic = &kafka->topics[i];
        struct tp_kafka_record *record = TAILQ_FIRST(&topic->records), *next;
        for (; record && record->in; record = next) {
            next = TAILQ_NEXT(record, link);
            if (is_done(kafka, record)) {
                tp_kafka_finish(record, 0);
                continue;
            }
            record->in = false;
            kafka->options.on_given(kafka->options.arg, record->owners, false);
        }
        topic->next = TAILQ_FIRST(&topic->records);
    }
    begin_anew(kafka->transaction);
}

static bool all(struct tp_kafka *kafka, struct tp_kafka_record *record) {
    (void)kafka, (void)record;
    return true;
}

static bool none(struct tp_kafka *kafka, struct tp_kafka_record *record) { return !all(kafka, record); }

static bool those_in_position(struct tp_kafka *kafka, struct tp_kafka_record *record) {
    return kafka->options.is_committed(kafka->options.arg, record->owners);
}

static void on_committed(struct tp_kafka *kafka) {
    tp_metrics_add(TP_M_KAFKA_COMMITTED, 1);
    tp_metrics_observe(TP_H_COMMIT, tp_time_monotonic_us() - kafka->transaction->closed_us);
    settle(kafka, all);
}

static void on_aborted(struct tp_kafka *kafka) {
    tp_metrics_add(TP_M_KAFKA_ABORTED, 1);
    settle(kafka, none);
}

static void fence(struct tp_kafka *kafka) {
    kafka->transaction->state = FENCED;
    kafka->fenced = true;
    tp_kafka_set_up(kafka, false);
    kafka->options.on_fenced(kafka->options.arg);
}

/* The first transaction says at once who is at work, in its position. */
static void on_started(struct tp_kafka *kafka) {
    const struct tp_kafka_found *found = tp_kafka_worker_found(kafka->transaction->worker);
    if (kafka->options.on_ready(kafka->options.arg, tp_buf_str(&found->position), found->repair) < 0) {
        fence(kafka);
        return;
    }
    settle(kafka, those_in_position);
    kafka->transaction->due = true;
}

/* It may be there, as far as is known, and was not seen yet. */
static bool is_to_be_looked_for(const struct tp_kafka_topic *topic) {
    return topic->known && !topic->there && !evtimer_pending(topic->pause, NULL) &&
           (topic->id == TP_TOPIC_CHECKPOINTS || topic->wanted > 0);
}

static bool look(struct tp_kafka *kafka) {
    bool wanted[TP_TOPIC_COUNT], any = false;
    for (int i = 0; i < TP_TOPIC_COUNT; i++) {
        wanted[i] = is_to_be_looked_for(&kafka->topics[i]);
        any = any || wanted[i];
    }
    if (any)
        tp_kafka_worker_look(kafka->transaction->worker, wanted);
    return any;
}

static void on_looked(struct tp_kafka *kafka) {
    const struct tp_kafka_found *found = tp_kafka_worker_found(kafka->transaction->worker);
    for (int i = 0; i < TP_TOPIC_COUNT; i++) {
        struct tp_kafka_topic *topic = &kafka->topics[i];
        if (!found->looked[i])
            continue;
        topic->there = !found->missing[i];
        if (topic->there)
            continue;
        tp_log_limited(&topic->complaint, 30, TP_LOG_WARNING, "kafka_topic_waits", "stage=kafka topic=%s error=%s",
                       topic->name, rd_kafka_err2name(found->missing[i]));
        tp_kafka_topic_pause(topic);
        if (found->missing[i] == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            tp_kafka_topic_unknown(topic); /* deleted, perhaps: to be made again */
    }
}

static void take_outcome(struct tp_kafka *kafka) {
    enum tp_kafka_outcome outcome = TP_OUTCOME_FAILED;
    enum tp_kafka_job job = tp_kafka_worker_done(kafka->transaction->worker, &outcome);
    if (job == TP_JOB_NONE)
        return;
    if (outcome == TP_OUTCOME_FAILED)
        tp_kafka_producer_fail(kafka);
    else if (job == TP_JOB_START)
        on_started(kafka);
    else if (job == TP_JOB_LOOK)
        on_looked(kafka);
    else if (outcome == TP_OUTCOME_DONE)
        on_committed(kafka);
    else
        on_aborted(kafka);
}

/* ---- what is due ---- */

/* The position becomes the last record of the transaction. False: not now, librdkafka's queue is full. */
static bool give_position(struct tp_kafka *kafka) {
    struct tp_kafka_topic *topic = &kafka->topics[TP_TOPIC_CHECKPOINTS];
    struct tp_buf value = TP_BUF_INIT;
    char key[64];
    snprintf(key, sizeof key, "node %s", kafka->options.node);
    kafka->options.on_closing(kafka->options.arg, &value);
    const struct tp_kafka_piece piece = {.topic = topic->id, .key = tp_str(key), .value = &value};
    struct tp_kafka_record *record = tp_kafka_record_new(kafka, &piece, 1, NULL);
    rd_kafka_resp_err_t error = record ? tp_kafka_record_give(record) : RD_KAFKA_RESP_ERR__QUEUE_FULL;
    tp_buf_free(&value);
    if (error) {
        tp_kafka_record_free(record);
        kafka->transaction->broken = error != RD_KAFKA_RESP_ERR__QUEUE_FULL;
        return false;
    }
    topic->out++;
    kafka->transaction->position = record;
    return true;
}

static void close_with(struct tp_kafka_transaction *transaction, enum tp_kafka_job job) {
    evtimer_del(transaction->timer);
    transaction->due = false;
    transaction->state = CLOSING;
    transaction->closed_us = tp_time_monotonic_us();
    tp_kafka_worker_do(transaction->worker, job);
}

void tp_kafka_transaction_go_on(struct tp_kafka *kafka) {
    struct tp_kafka_transaction *transaction = kafka->transaction;
    if (!transaction)
        return;
    take_outcome(kafka);
    if (transaction->state != OPEN || kafka->failed || tp_kafka_worker_busy(transaction->worker))
        return;
    if (transaction->broken)
        close_with(transaction, TP_JOB_ABORT);
    else if (!look(kafka) && transaction->due && kafka->topics[TP_TOPIC_CHECKPOINTS].there && give_position(kafka))
        close_with(transaction, TP_JOB_COMMIT);
}

/* ---- life ---- */

int tp_kafka_transaction_init(struct tp_kafka *kafka) {
    if (!kafka->options.settings->kafka.transactions)
        return 0;
    kafka->transaction = calloc(1, sizeof *kafka->transaction);
    if (!kafka->transaction)
        return TP_ENOMEM;
    kafka->transaction->timer = evtimer_new(kafka->options.base, on_timer, kafka);
    return kafka->transaction->timer ? tp_kafka_worker_start(kafka, &kafka->transaction->worker) : TP_ENOMEM;
}

void tp_kafka_transaction_start(struct tp_kafka *kafka) {
    if (!kafka->transaction)
        return;
    for (int i = 0; i < TP_TOPIC_COUNT; i++)
        kafka->topics[i].there = false;
    kafka->transaction->state = STARTING;
    tp_kafka_worker_do(kafka->transaction->worker, TP_JOB_START);
}

void tp_kafka_transaction_stop(struct tp_kafka *kafka) {
    if (!kafka->transaction)
        return;
    tp_kafka_worker_stop(kafka->transaction->worker);
    kafka->transaction->worker = NULL;
}

void tp_kafka_transaction_exit(struct tp_kafka *kafka) {
    if (!kafka->transaction)
        return;
    if (kafka->transaction->timer)
        event_free(kafka->transaction->timer);
    tp_kafka_record_free(kafka->transaction->position);
    free(kafka->transaction);
}
