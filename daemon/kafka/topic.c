/* A topic's records in the order they came, and the point up to which the producer has them.
 *
 * A topic is held from the start until it is known, and whenever something failed. It is tried again when nothing of
 * it is out, its pause is over and the producer is sound: from the first record of the list, which holds exactly those
 * not acknowledged. Records may have parts for other topics, too; then these are waited for as well. While one of
 * them is suspect, each is sent alone, so that a refusal hits the one it means; alone in its transaction, too, since
 * that fails as a whole. */
#include "daemon/kafka/internal.h"

#include "common/error.h"
#include "common/fault.h"

static const struct timeval one_second = {1, 0};

static void on_pause_over(evutil_socket_t fd, short what, void *arg) {
    struct tp_kafka_topic *topic = arg;
    (void)fd, (void)what;
    tp_kafka_make_topics(topic->kafka);
    tp_kafka_transaction_go_on(topic->kafka);
    tp_kafka_topics_send(topic->kafka); /* records of others may have a part for it */
}

static const char *name_of(const struct tp_settings *settings, enum tp_topic id) {
    switch (id) {
    case TP_TOPIC_INTERACTIONS:
        return settings->kafka.topic_interactions;
    case TP_TOPIC_REJECTED:
        return settings->kafka.topic_rejected;
    case TP_TOPIC_CUSTOMERS:
        return settings->kafka.topic_customers;
    default:
        return settings->kafka.topic_checkpoints;
    }
}

int tp_kafka_topic_init(struct tp_kafka_topic *topic, struct tp_kafka *kafka, enum tp_topic id) {
    topic->kafka = kafka;
    topic->id = id;
    topic->name = name_of(kafka->options.settings, id);
    topic->held = true;
    tp_kafka_topic_unknown(topic);
    TAILQ_INIT(&topic->records);
    topic->pause = evtimer_new(kafka->options.base, on_pause_over, topic);
    return topic->pause ? 0 : TP_ENOMEM;
}

void tp_kafka_topic_close(struct tp_kafka_topic *topic) {
    struct tp_kafka_record *record;
    while ((record = TAILQ_FIRST(&topic->records))) {
        TAILQ_REMOVE(&topic->records, record, link);
        tp_kafka_record_free(record);
    }
    if (topic->pause)
        event_free(topic->pause);
}

void tp_kafka_topic_add(struct tp_kafka_topic *topic, struct tp_kafka_record *record) {
    TAILQ_INSERT_TAIL(&topic->records, record, link);
    if (!topic->next)
        topic->next = record;
    tp_kafka_topic_want(record, 1);
}

/* Also where none of its parts goes to the topic whose order it has. */
void tp_kafka_topic_want(const struct tp_kafka_record *record, int more) {
    record->topic->wanted += (size_t)more;
    for (size_t i = 0; i < record->n_parts; i++)
        record->parts[i].topic->wanted += (size_t)more;
}

void tp_kafka_topic_pause(struct tp_kafka_topic *topic) {
    topic->held = true;
    evtimer_add(topic->pause, &one_second);
}

void tp_kafka_topic_unknown(struct tp_kafka_topic *topic) {
    topic->known = topic->kafka->options.settings->kafka.partitions == 0;
    topic->there = !topic->kafka->transaction;
}

static bool is_ready(const struct tp_kafka_topic *topic) {
    return topic->known && topic->there && !evtimer_pending(topic->pause, NULL);
}

/* While one of its topics is not, the record waits, and with it those behind it. */
static bool all_ready(const struct tp_kafka_record *record) {
    for (size_t i = 0; i < record->n_parts; i++)
        if (!is_ready(record->parts[i].topic))
            return false;
    return true;
}

static bool may_go_on(struct tp_kafka_topic *topic) {
    if (!topic->kafka->producer || topic->kafka->failed || !tp_kafka_transaction_open(topic->kafka))
        return false;
    if (topic->held && topic->out == 0 && is_ready(topic)) {
        topic->held = false;
        topic->next = TAILQ_FIRST(&topic->records);
    }
    return !topic->held && topic->next && (topic->suspects == 0 || topic->out == 0) && all_ready(topic->next);
}

void tp_kafka_topic_send(struct tp_kafka_topic *topic) {
    while (may_go_on(topic)) {
        struct tp_kafka_record *record = topic->next;
        record->alone = topic->suspects > 0;
        rd_kafka_resp_err_t error = tp_kafka_record_give(record);
        if (error && record->n_out == 0)
            return; /* what fills it will be reported, and then we are called again */
        topic->next = TAILQ_NEXT(record, link);
        topic->out++;
        if (record->given)
            tp_metrics_add(TP_M_KAFKA_RETRIED, 1);
        record->given = true;
        (void)TP_FAULT("kafka.after_produce");
        if (error)
            tp_kafka_report(&record->parts[record->n_out % record->n_parts], error);
        else
            tp_kafka_transaction_add(record);
    }
}

void tp_kafka_topics_send(struct tp_kafka *kafka) {
    for (int i = 0; i < TP_TOPIC_COUNT; i++)
        tp_kafka_topic_send(&kafka->topics[i]);
}
