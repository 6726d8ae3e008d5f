/* Reading by librdkafka's simple consumer, which knows no groups: where each partition ends is asked first, and it is
 * read until that is reached. What librdkafka says by itself is kept for the one line that is said when it fails. */
#include "daemon/kafka/read.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/error.h"
#include "daemon/kafka/internal.h"

enum { ANSWER_MS = 15000, TURN_MS = 1000 };

struct reading {
    rd_kafka_t *consumer;
    rd_kafka_topic_t *topic;
    const char *name;
    bool (*on_message)(void *arg, const struct tp_kafka_message *message);
    void *arg;
    struct tp_buf *fault;
    char said[256]; /* librdkafka's last word, which tells more than the error that follows from it */
    bool enough;
};

static void on_error(rd_kafka_t *consumer, int error, const char *reason, void *reading) {
    (void)consumer, (void)error;
    struct reading *about = reading;
    snprintf(about->said, sizeof about->said, "%s", reason);
}

static void on_log(const rd_kafka_t *consumer, int level, const char *facility, const char *text) {
    (void)consumer, (void)level, (void)facility, (void)text;
}

static int fail(struct reading *reading, rd_kafka_resp_err_t error) {
    bool unknown = error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                   error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    rd_kafka_poll(reading->consumer, 0); /* what was to be said */
    tp_buf_addf(reading->fault, "kafka: %s: %s\n", reading->name,
                unknown || !*reading->said ? rd_kafka_err2str(error) : reading->said);
    return unknown ? TP_ENOTFOUND : TP_EUNAVAILABLE;
}

static int open_consumer(struct reading *reading, const struct tp_settings *settings) {
    char reason[256];
    rd_kafka_conf_t *conf = NULL;
    int error = tp_kafka_conf_reader(settings, reading->fault, &conf);
    if (error)
        return error;
    rd_kafka_conf_set_opaque(conf, reading);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    reading->consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    if (!reading->consumer) {
        rd_kafka_conf_destroy(conf);
        tp_buf_addf(reading->fault, "kafka: %s\n", reason);
        return TP_ECONFIG;
    }
    reading->topic = rd_kafka_topic_new(reading->consumer, reading->name, NULL);
    return reading->topic ? 0 : fail(reading, rd_kafka_last_error());
}

/* True when the message is the last one that counts. */
static bool take(struct reading *reading, const rd_kafka_message_t *message, int64_t end) {
    const struct tp_kafka_message seen = {
        message->partition, message->offset, {message->payload ? message->payload : "", message->len}};
    if (message->offset >= end)
        return true;
    reading->enough = !reading->on_message(reading->arg, &seen);
    return message->offset + 1 == end;
}

/* From where the partition begins up to `end`; what cannot be had there (markers of transactions) ends with its EOF. */
static int read_up_to(struct reading *reading, int32_t partition, int64_t end) {
    int error = 0, silent_ms = 0;
    for (bool done = false; !done && !error && !reading->enough;) {
        rd_kafka_message_t *message = rd_kafka_consume(reading->topic, partition, TURN_MS);
        rd_kafka_poll(reading->consumer, 0);
        silent_ms = message ? 0 : silent_ms + TURN_MS;
        if (message && !message->err)
            done = take(reading, message, end);
        else if (message && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            done = true;
        else if (message || silent_ms >= ANSWER_MS)
            error = fail(reading, message ? message->err : RD_KAFKA_RESP_ERR__TIMED_OUT);
        if (message)
            rd_kafka_message_destroy(message);
    }
    return error;
}

static int read_partition(struct reading *reading, int32_t partition) {
    int64_t begin, end;
    rd_kafka_resp_err_t failed =
        rd_kafka_query_watermark_offsets(reading->consumer, reading->name, partition, &begin, &end, ANSWER_MS);
    if (failed)
        return fail(reading, failed);
    if (begin == end)
        return 0;
    if (rd_kafka_consume_start(reading->topic, partition, begin) < 0)
        return fail(reading, rd_kafka_last_error());
    int error = read_up_to(reading, partition, end);
    rd_kafka_consume_stop(reading->topic, partition);
    return error;
}

static int read_topic(struct reading *reading) {
    const struct rd_kafka_metadata *known = NULL;
    rd_kafka_resp_err_t failed = rd_kafka_metadata(reading->consumer, 0, reading->topic, &known, ANSWER_MS);
    if (!failed)
        failed = known->topics[0].err;
    int error = failed ? fail(reading, failed) : 0;
    for (int i = 0; !error && !reading->enough && i < known->topics[0].partition_cnt; i++)
        error = read_partition(reading, known->topics[0].partitions[i].id);
    if (known)
        rd_kafka_metadata_destroy(known);
    return error;
}

int tp_kafka_read(const struct tp_settings *settings, const char *topic,
                  bool (*on_message)(void *arg, const struct tp_kafka_message *message), void *arg,
                  struct tp_buf *fault) {
    struct reading reading = {.name = topic, .on_message = on_message, .arg = arg, .fault = fault};
    int error = open_consumer(&reading, settings);
    if (!error)
        error = read_topic(&reading);
    if (reading.topic)
        rd_kafka_topic_destroy(reading.topic);
    if (reading.consumer)
        rd_kafka_destroy(reading.consumer);
    return error;
}
