/* Topics are made when absent, by the Admin API: asked for all that are not known yet, at the start and whenever the
 * broker says that one is unknown; with kafka.partitions = 0, never. The answer arrives as one more event. A broker
 * that refuses is heard; then the records go to the topic as it is, and wait if it is not there. They do not go before,
 * since a broker that makes topics by itself would give them a number of partitions of its own. */
#include "daemon/kafka/internal.h"

#include <inttypes.h>
#include <stdio.h>

#define REQUEST_TIMEOUT_MS 5000

rd_kafka_NewTopic_t *tp_kafka_describe_topic(const struct tp_settings *settings, enum tp_topic id, const char *name) {
    char reason[128], milliseconds[24];
    rd_kafka_NewTopic_t *new = rd_kafka_NewTopic_new(name, (int)settings->kafka.partitions, settings->kafka.replication,
                                                     reason, sizeof reason);
    if (!new) {
        tp_log(TP_LOG_WARNING, "kafka_topic_refused", "stage=kafka topic=%s error=%s", name, tp_log_quote(reason));
        return NULL;
    }
    if (id == TP_TOPIC_CUSTOMERS || id == TP_TOPIC_CHECKPOINTS) {
        rd_kafka_NewTopic_set_config(new, "cleanup.policy", "compact");
        if (id == TP_TOPIC_CHECKPOINTS) /* read whole at each start, and written with each transaction */
            rd_kafka_NewTopic_set_config(new, "segment.bytes", "16777216");
    } else if (settings->kafka.retention >= 0) {
        snprintf(milliseconds, sizeof milliseconds, "%" PRId64, settings->kafka.retention * 1000);
        rd_kafka_NewTopic_set_config(new, "cleanup.policy", "delete");
        rd_kafka_NewTopic_set_config(new, "retention.ms", milliseconds);
    }
    return new;
}

static void request(struct tp_kafka *kafka, rd_kafka_NewTopic_t **topics, size_t count) {
    char reason[128];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(kafka->producer, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, REQUEST_TIMEOUT_MS, reason, sizeof reason);
    rd_kafka_CreateTopics(kafka->producer, topics, count, options, kafka->queue);
    rd_kafka_AdminOptions_destroy(options);
}

void tp_kafka_make_topics(struct tp_kafka *kafka) {
    rd_kafka_NewTopic_t *topics[TP_TOPIC_COUNT];
    size_t count = 0;
    if (kafka->making || !kafka->producer)
        return;
    for (int i = 0; i < TP_TOPIC_COUNT; i++) {
        struct tp_kafka_topic *topic = &kafka->topics[i];
        if (topic->known || evtimer_pending(topic->pause, NULL))
            continue;
        topics[count] = tp_kafka_describe_topic(kafka->options.settings, topic->id, topic->name);
        topic->known = !topics[count]; /* cannot be asked for: used as it is */
        count += topics[count] != NULL;
    }
    if (count == 0)
        return;
    request(kafka, topics, count);
    kafka->making = true;
    rd_kafka_NewTopic_destroy_array(topics, count);
}

static struct tp_kafka_topic *find(struct tp_kafka *kafka, const char *name) {
    for (int i = 0; i < TP_TOPIC_COUNT; i++)
        if (strcmp(kafka->topics[i].name, name) == 0)
            return &kafka->topics[i];
    return NULL;
}

static void note(struct tp_kafka_topic *topic, const rd_kafka_topic_result_t *result) {
    rd_kafka_resp_err_t error = rd_kafka_topic_result_error(result);
    topic->known = true;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        tp_log(TP_LOG_NOTICE, "kafka_topic_made", "topic=%s", topic->name);
    else if (error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        tp_log_limited(&topic->refusal, 60, TP_LOG_WARNING, "kafka_topic_refused", "stage=kafka topic=%s error=%s",
                       topic->name, rd_kafka_err2name(error));
}

/* No answer for any of them. A broker that is there and cannot make topics is taken as it is. */
static void not_made(struct tp_kafka *kafka, rd_kafka_resp_err_t error) {
    bool hopeless = error == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE || atomic_load(&kafka->up);
    if (hopeless)
        tp_log_limited(&kafka->refusal, 60, TP_LOG_NOTICE, "kafka_topics_not_made", "stage=kafka error=%s",
                       rd_kafka_err2name(error));
    for (int i = 0; i < TP_TOPIC_COUNT; i++) {
        struct tp_kafka_topic *topic = &kafka->topics[i];
        if (hopeless)
            topic->known = true;
        else if (!topic->known)
            tp_kafka_topic_pause(topic);
    }
}

void tp_kafka_make_topics_done(struct tp_kafka *kafka, rd_kafka_event_t *event) {
    const rd_kafka_CreateTopics_result_t *answer = rd_kafka_event_CreateTopics_result(event);
    size_t count = 0;
    kafka->making = false;
    if (rd_kafka_event_error(event)) {
        not_made(kafka, rd_kafka_event_error(event));
        return;
    }
    const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(answer, &count);
    for (size_t i = 0; i < count; i++) {
        struct tp_kafka_topic *topic = find(kafka, rd_kafka_topic_result_name(results[i]));
        if (topic)
            note(topic, results[i]);
    }
    tp_kafka_make_topics(kafka); /* those that came to be unknown in the meantime */
}
