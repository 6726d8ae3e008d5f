/* What becomes of a record by the report on it.
 *
 * A broker refuses whole batches, so a refusal makes a record suspect and no more; it counts when the record was alone.
 * Too large is said once and for all, other refusals after delivery.tries of them. Everything else is no record's
 * fault: the topic waits, or the producer is replaced, and the record is given again.
 *
 * In a transaction a record is done when that is committed, and any that fails makes it abort. */
#include "daemon/kafka/internal.h"

#include "common/error.h"

static void count(struct tp_kafka_topic *topic, int status) {
    if (status == 0 && topic->id == TP_TOPIC_INTERACTIONS)
        tp_metrics_add(TP_M_KAFKA_PRODUCED, 1);
    if (status == 0 && topic->id == TP_TOPIC_REJECTED)
        tp_metrics_add(TP_M_KAFKA_REJECTED, 1);
}

void tp_kafka_finish(struct tp_kafka_record *record, int status) {
    struct tp_kafka_topic *topic = record->topic;
    struct tp_kafka *kafka = topic->kafka;
    TAILQ_REMOVE(&topic->records, record, link);
    topic->suspects -= record->suspect;
    kafka->bytes -= record->size;
    tp_metrics_set(TP_M_KAFKA_QUEUE, (int64_t)atomic_fetch_sub(&kafka->queued, 1) - 1);
    count(topic, status);
    kafka->options.on_done(kafka->options.arg, record->owners, status);
    tp_kafka_record_free(record);
}

static void refuse(struct tp_kafka_record *record, int status, unsigned tries) {
    record->topic->held = true;
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
           error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

static bool unknown(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
           error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

static void trouble(struct tp_kafka_topic *topic, rd_kafka_resp_err_t error) {
    topic->held = true;
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

void tp_kafka_report(struct tp_kafka_record *record, rd_kafka_resp_err_t error) {
    struct tp_kafka_topic *topic = record->topic;
    topic->out--;
    if (error)
        tp_kafka_transaction_break(topic->kafka);
    switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        topic->kafka->judged = true;
        tp_kafka_set_up(topic->kafka, true);
        if (!topic->kafka->transaction)
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
        refuse(record, TP_EUNDELIVERABLE, topic->kafka->options.settings->delivery.tries);
        break;
    default:
        trouble(topic, error);
    }
}
