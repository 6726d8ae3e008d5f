/* The thread for those calls of librdkafka that block: init_transactions, commit, abort, and what is asked of brokers
 * at a start. The loop goes on meanwhile, which they need: a commit ends when the loop has taken all reports.
 *
 * Each call has a short time, after which it is made again, as librdkafka means it: an outage of hours is waited out
 * like any other, and a stop waits for no broker. */
#include "daemon/kafka/internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/fault.h"
#include "daemon/kafka/ledger.h"

enum { CALL_MS = 250, BREATH_MS = 20, LOOK_MS = 1000, LOOK_TRIES = 5 };

struct tp_kafka_worker {
    struct tp_kafka *kafka;
    struct tp_kafka_found found;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum tp_kafka_job job; /* to be done, being done or done */
    bool done;
    enum tp_kafka_outcome outcome;
    atomic_bool stopping;
};

static void breathe(void) { nanosleep(&(struct timespec){.tv_nsec = BREATH_MS * 1000000L}, NULL); }

/* ---- librdkafka's calls; each answers NULL or what it failed of for good ---- */

static rd_kafka_error_t *make(struct tp_kafka_worker *worker, rd_kafka_error_t *(*call)(rd_kafka_t *, int)) {
    rd_kafka_error_t *error;
    while ((error = call(worker->kafka->producer, CALL_MS)) && rd_kafka_error_is_retriable(error) &&
           !worker->stopping) {
        rd_kafka_error_destroy(error);
        breathe();
    }
    return error;
}

static enum tp_kafka_outcome fail(struct tp_kafka_worker *worker, const char *what, rd_kafka_error_t *error) {
    if (!worker->stopping)
        tp_log_limited(&worker->kafka->transaction_failure, 30, TP_LOG_WARNING, "kafka_transaction_failed",
                       "stage=kafka what=%s error=%s reason=%s", what, rd_kafka_error_name(error),
                       tp_log_quote(rd_kafka_error_string(error)));
    rd_kafka_error_destroy(error);
    return TP_OUTCOME_FAILED;
}

/* Costs the broker nothing until a record comes. */
static enum tp_kafka_outcome begin(struct tp_kafka_worker *worker, enum tp_kafka_outcome outcome) {
    rd_kafka_error_t *error = rd_kafka_begin_transaction(worker->kafka->producer);
    if (!error)
        return outcome;
    enum tp_kafka_outcome failed = fail(worker, "begin", error);
    return outcome == TP_OUTCOME_DONE ? outcome : failed; /* what is committed is: the next will tell of the failure */
}

static enum tp_kafka_outcome abort_it(struct tp_kafka_worker *worker) {
    (void)TP_FAULT("kafka.before_abort");
    rd_kafka_error_t *error = make(worker, rd_kafka_abort_transaction);
    return error ? fail(worker, "abort", error) : begin(worker, TP_OUTCOME_ABORTED);
}

/* Where librdkafka asks for an abort, the broker has not committed, or it would refuse that. */
static enum tp_kafka_outcome commit(struct tp_kafka_worker *worker) {
    (void)TP_FAULT("kafka.before_commit");
    rd_kafka_error_t *error = make(worker, rd_kafka_commit_transaction);
    (void)TP_FAULT("kafka.after_commit");
    if (!error)
        return begin(worker, TP_OUTCOME_DONE);
    bool abortable = rd_kafka_error_txn_requires_abort(error);
    fail(worker, "commit", error);
    return abortable ? abort_it(worker) : TP_OUTCOME_FAILED;
}

/* ---- what is asked at a start ---- */

/* What the last committed transaction left; read after init_transactions, which has ended the one before. */
static int read_position(struct tp_kafka_worker *worker) {
    struct tp_ledger ledger = {0};
    struct tp_buf fault = TP_BUF_INIT;
    int status;
    while ((status = tp_ledger_read(worker->kafka->options.settings, &worker->stopping, &fault, &ledger)) ==
               TP_EUNAVAILABLE &&
           !worker->stopping) {
        tp_buf_clear(&fault);
        breathe();
    }
    tp_buf_clear(&worker->found.position);
    worker->found.repair = ledger.repair;
    for (size_t i = 0; i < ledger.n_nodes; i++)
        if (strcmp(ledger.nodes[i].node, worker->kafka->options.node) == 0)
            tp_buf_addstr(&worker->found.position, tp_buf_str(&ledger.nodes[i].position));
    if (status < 0 && !worker->stopping) {
        tp_buf_addc(&fault, '\0');
        tp_log_limited(&worker->kafka->transaction_failure, 30, TP_LOG_WARNING, "kafka_position_unread",
                       "stage=kafka reason=%s", tp_log_quote(fault.at));
    }
    tp_buf_free(&fault);
    tp_ledger_free(&ledger);
    return status;
}

static enum tp_kafka_outcome start(struct tp_kafka_worker *worker) {
    rd_kafka_error_t *error = make(worker, rd_kafka_init_transactions);
    if (error)
        return fail(worker, "init", error);
    return read_position(worker) < 0 ? TP_OUTCOME_FAILED : begin(worker, TP_OUTCOME_ABORTED);
}

/* Once asked for, a topic's partitions are known to the producer, which would otherwise learn of them a second later.
 */
static rd_kafka_resp_err_t ask_for(struct tp_kafka *kafka, const char *name) {
    const struct rd_kafka_metadata *known = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(kafka->producer, name, NULL);
    rd_kafka_resp_err_t error =
        topic ? rd_kafka_metadata(kafka->producer, 0, topic, &known, LOOK_MS) : rd_kafka_last_error();
    if (known) {
        error = known->topics[0].err;
        rd_kafka_metadata_destroy(known);
    }
    if (topic)
        rd_kafka_topic_destroy(topic);
    return error;
}

/* One that was made just now is there in a moment. */
static enum tp_kafka_outcome look(struct tp_kafka_worker *worker) {
    for (int i = 0; i < TP_TOPIC_COUNT; i++) {
        rd_kafka_resp_err_t *missing = &worker->found.missing[i];
        for (int tries = 0; *missing && tries < LOOK_TRIES && !worker->stopping; tries++) {
            if (tries > 0)
                breathe();
            *missing = ask_for(worker->kafka, worker->kafka->topics[i].name);
        }
    }
    return TP_OUTCOME_DONE;
}

/* ---- the thread ---- */

static enum tp_kafka_outcome carry_out(struct tp_kafka_worker *worker, enum tp_kafka_job job) {
    switch (job) {
    case TP_JOB_START:
        return start(worker);
    case TP_JOB_LOOK:
        return look(worker);
    case TP_JOB_COMMIT:
        return commit(worker);
    default:
        return abort_it(worker);
    }
}

static void *run(void *arg) {
    struct tp_kafka_worker *worker = arg;
    static const uint64_t one = 1;
    pthread_mutex_lock(&worker->lock);
    for (;;) {
        while (!worker->stopping && (worker->job == TP_JOB_NONE || worker->done))
            pthread_cond_wait(&worker->changed, &worker->lock);
        if (worker->stopping)
            break;
        enum tp_kafka_job job = worker->job;
        pthread_mutex_unlock(&worker->lock);
        enum tp_kafka_outcome outcome = carry_out(worker, job);
        pthread_mutex_lock(&worker->lock);
        worker->outcome = outcome;
        worker->done = true;
        if (write(event_get_fd(worker->kafka->wake), &one, sizeof one) < 0)
            continue; /* its counter is full: it is being woken already */
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

int tp_kafka_worker_start(struct tp_kafka *kafka, struct tp_kafka_worker **ret) {
    struct tp_kafka_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return TP_ENOMEM;
    worker->kafka = kafka;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->changed, NULL);
    if (pthread_create(&worker->thread, NULL, run, worker) != 0) {
        free(worker);
        return TP_ENOMEM;
    }
    pthread_setname_np(worker->thread, "transactions");
    *ret = worker;
    return 0;
}

void tp_kafka_worker_stop(struct tp_kafka_worker *worker) {
    if (!worker)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->stopping = true;
    pthread_cond_signal(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    pthread_cond_destroy(&worker->changed);
    pthread_mutex_destroy(&worker->lock);
    tp_buf_free(&worker->found.position);
    free(worker);
}

void tp_kafka_worker_do(struct tp_kafka_worker *worker, enum tp_kafka_job job) {
    pthread_mutex_lock(&worker->lock);
    worker->job = job;
    worker->done = false;
    pthread_cond_signal(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

void tp_kafka_worker_look(struct tp_kafka_worker *worker, const bool wanted[TP_TOPIC_COUNT]) {
    for (int i = 0; i < TP_TOPIC_COUNT; i++) {
        worker->found.looked[i] = wanted[i];
        worker->found.missing[i] = wanted[i] ? RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC : RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    tp_kafka_worker_do(worker, TP_JOB_LOOK);
}

bool tp_kafka_worker_busy(struct tp_kafka_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    bool busy = worker->job != TP_JOB_NONE;
    pthread_mutex_unlock(&worker->lock);
    return busy;
}

enum tp_kafka_job tp_kafka_worker_done(struct tp_kafka_worker *worker, enum tp_kafka_outcome *ret_outcome) {
    enum tp_kafka_job job = TP_JOB_NONE;
    pthread_mutex_lock(&worker->lock);
    if (worker->done) {
        job = worker->job;
        *ret_outcome = worker->outcome;
        worker->job = TP_JOB_NONE;
        worker->done = false;
    }
    pthread_mutex_unlock(&worker->lock);
    return job;
}

const struct tp_kafka_found *tp_kafka_worker_found(const struct tp_kafka_worker *worker) { return &worker->found; }
