/* One record told, and waited for until the brokers have it, by a producer of its own that lives no longer: for what
 * must be known to all before anything else is done, and is told seldom. */
#include "daemon/kafka/internal.h"

#include <stdio.h>

#include "common/error.h"

enum { ANSWER_MS = 15000, WAKE_MS = 1000 };

struct telling {
    rd_kafka_t *producer;
    struct tp_buf *fault;
    char said[256]; /* librdkafka's last word, which tells more than the error that follows from it */
    bool reported;
    rd_kafka_resp_err_t error;
};

static void on_error(rd_kafka_t *producer, int error, const char *reason, void *telling) {
    (void)producer, (void)error;
    struct telling *about = telling;
    snprintf(about->said, sizeof about->said, "%s", reason);
}

static void on_log(const rd_kafka_t *producer, int level, const char *facility, const char *text) {
    (void)producer, (void)level, (void)facility, (void)text;
}

static void on_report(rd_kafka_t *producer, const rd_kafka_message_t *message, void *telling) {
    (void)producer;
    struct telling *about = telling;
    about->reported = true;
    about->error = message->err;
}

static int fail(struct telling *telling, const char *reason) {
    tp_buf_addf(telling->fault, "kafka: %s\n", *telling->said ? telling->said : reason);
    return TP_EUNAVAILABLE;
}

/* As the daemon's producer, but that it gives up, and has nothing to gather. */
static int open_producer(struct telling *telling, const struct tp_settings *settings, const char *transactional_id) {
    char reason[256];
    rd_kafka_conf_t *conf = NULL;
    int error = tp_kafka_conf(settings, telling->fault, &conf);
    if (error)
        return error;
    rd_kafka_conf_set(conf, "message.timeout.ms", "14000", NULL, 0);
    rd_kafka_conf_set(conf, "linger.ms", "0", NULL, 0);
    rd_kafka_conf_set(conf, "statistics.interval.ms", "0", NULL, 0);
    rd_kafka_conf_set(conf, "log.queue", "false", NULL, 0);
    if (transactional_id) {
        rd_kafka_conf_set(conf, "transactional.id", transactional_id, NULL, 0);
    } else { /* a word told twice is told; and it needs no number from the brokers first, which takes a second */
        rd_kafka_conf_set(conf, "enable.gapless.guarantee", "false", NULL, 0);
        rd_kafka_conf_set(conf, "enable.idempotence", "false", NULL, 0);
    }
    rd_kafka_conf_set_opaque(conf, telling);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    telling->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (telling->producer)
        return 0;
    rd_kafka_conf_destroy(conf);
    tp_buf_addf(telling->fault, "kafka: %s\n", reason);
    return TP_ECONFIG;
}

/* The topic may be absent, and must not become what a broker makes by itself. That it is there, or that the broker does
 * not make topics for us, shows when the record is told. */
static void make_topic(struct telling *telling, const struct tp_settings *settings) {
    const char *name = settings->kafka.topic_checkpoints;
    rd_kafka_NewTopic_t *topic = tp_kafka_describe_topic(settings, TP_TOPIC_CHECKPOINTS, name);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(telling->producer);
    if (topic) {
        rd_kafka_CreateTopics(telling->producer, &topic, 1, NULL, queue);
        rd_kafka_event_destroy(rd_kafka_queue_poll(queue, ANSWER_MS));
        rd_kafka_NewTopic_destroy(topic);
    }
    rd_kafka_queue_destroy(queue);
}

/* A broker is connected to when it is asked something; a record by itself waits until librdkafka looks again, a second
 * later. */
static void wake(struct telling *telling, const char *topic) {
    int64_t first, end;
    rd_kafka_query_watermark_offsets(telling->producer, topic, 0, &first, &end, WAKE_MS);
}

static int produce(struct telling *telling, const char *topic, int32_t partition, struct tp_str key,
                   struct tp_str value) {
    wake(telling, topic);
    rd_kafka_resp_err_t refused =
        rd_kafka_producev(telling->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.at, key.len),
                          RD_KAFKA_V_VALUE((void *)(uintptr_t)value.at, value.len), RD_KAFKA_V_END);
    if (refused)
        return fail(telling, rd_kafka_err2str(refused));
    rd_kafka_flush(telling->producer, ANSWER_MS);
    if (!telling->reported)
        return fail(telling, "no answer in time");
    return telling->error ? fail(telling, rd_kafka_err2str(telling->error)) : 0;
}

int tp_kafka_tell(const struct tp_settings *settings, int32_t partition, struct tp_str key, struct tp_str value,
                  struct tp_buf *fault) {
    struct telling telling = {.fault = fault};
    int error = open_producer(&telling, settings, NULL);
    if (error)
        return error;
    if (settings->kafka.partitions != 0)
        make_topic(&telling, settings);
    error = produce(&telling, settings->kafka.topic_checkpoints, partition, key, value);
    rd_kafka_destroy(telling.producer);
    return error;
}

/* Who begins with a transactional.id ends whoever had it. */
int tp_kafka_fence(const struct tp_settings *settings, const char *transactional_id, struct tp_buf *fault) {
    struct telling telling = {.fault = fault};
    int error = open_producer(&telling, settings, transactional_id);
    if (error)
        return error;
    rd_kafka_error_t *failed = rd_kafka_init_transactions(telling.producer, ANSWER_MS);
    if (failed)
        error = fail(&telling, rd_kafka_error_string(failed));
    if (failed)
        rd_kafka_error_destroy(failed);
    rd_kafka_destroy(telling.producer);
    return error;
}
