/* What becomes of a record by the reports on its parts: by the last of them, when all are known.
 *
 * A broker refuses whole batches, so a refusal makes a record suspect and no more; it counts when the record was alone.
 * Too large is said once and for all, other refusals after delivery.tries of them. Everything else is no record's
 * fault: the topic waits, or the producer is replaced, and the record is given again.
 *
 * In a transaction a record is done when that is committed, and any that fails makes it abort. */
#include "daemon/kafka/internal.h"

#include "common/error.h"

static void count(enum tp_topic id) {
    if (id == TP_TOPIC_INTERACTIONS)
        tp_metrics_add(TP_M_KAFKA_PRODUCED, 1);
    else if (id == TP_TOPIC_REJECTED)
        tp_metrics_add(TP_M_KAFKA_REJECTED, 1);
    else if (id == TP_TOPIC_CUSTOMERS)
        tp_metrics_add(TP_M_KAFKA_CUSTOMERS, 1);
}

void tp_kafka_finish(struct tp_kafka_record *record, int status) {
    struct tp_kafka_topic *topic = record->topic;
    struct tp_kafka *kafka = topic->kafka;
    TAILQ_REMOVE(&topic->records, record, link);
    topic->suspects -= record->suspect;
    kafka->bytes -= record->size;
    tp_metrics_set(TP_M_KAFKA_QUEUE, (int64_t)atomic_fetch_sub(&kafka->queued, 1) - 1);
    tp_kafka_topic_want(record, -1);
    for (size_t i = 0; status == 0 && i < record->n_parts; i++)
        count(record->parts[i].topic->id);
    kafka->options.on_done(kafka->options.arg, record->owners, status);
    tp_kafka_record_free(record);
}

static void refuse(struct tp_kafka_record *record, int status, unsigned tries) {
    record->topic->kafka->judged = true;
    if (!record->alone) {
        record->topic->suspects += !record->suspect;
        record->suspect = true;
    } else if (++record->tries >= tries) {
        tp_kafka_finish(record, status);
    }
}

/* What a producer gives back, or does not take, once it or its transaction has failed; not a word on the topic. */
static bool given_back(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR__FATAL || error == RD_KAFKA_RESP_ERR__STATE ||
           error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
           error == RD_KAFKA_RESP_ERR__QUEUE_FULL;
}

static bool unknown(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
           error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

static void trouble(struct tp_kafka_topic *topic, rd_kafka_resp_err_t error) {
    if (rd_kafka_fatal_error(topic->kafka->producer, NULL, 0))
        tp_kafka_producer_fail(topic->kafka);
    if (given_back(error))
        return;
    tp_log_limited(&topic->complaint, 30, TP_LOG_WARNING, "kafka_topic_waits", "stage=kafka topic=%s error=%s",
                   topic->name, rd_kafka_err2name(error));
    tp_kafka_topic_pause(topic);
    if (unknown(error))
        tp_kafka_topic_unknown(topic); /* deleted, perhaps: to be made again */
}

/* Nothing more of its topic is given at once, while others of the record's parts may still be out. What is said of a
 * part itself goes before what befell it along with others. */
static void note(struct tp_kafka_part *part, rd_kafka_resp_err_t error) {
    struct tp_kafka_record *record = part->record;
    record->topic->held = true;
    tp_kafka_transaction_break(record->topic->kafka);
    if (record->error && (!given_back(record->error) || given_back(error)))
        return;
    record->error = error;
    record->failed = part->topic;
}

/* All its parts are reported. */
static void conclude(struct tp_kafka_record *record) {
    const struct tp_kafka *kafka = record->topic->kafka;
    record->topic->out--;
    switch (record->error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        if (!kafka->transaction)
            tp_kafka_finish(record, 0);
        break;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        refuse(record, TP_ETOOLARGE, 1);
        break;
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
        refuse(record, TP_EUNDELIVERABLE, kafka->options.settings->delivery.tries);
        break;
    default:
        trouble(record->failed, record->error);
    }
}

void tp_kafka_report(struct tp_kafka_part *part, rd_kafka_resp_err_t error) {
    struct tp_kafka *kafka = part->topic->kafka;
    if (error) {
        note(part, error);
    } else {
        kafka->judged = true;
        tp_kafka_set_up(kafka, true);
    }
    if (--part->record->n_out == 0)
        conclude(part->record);
}
