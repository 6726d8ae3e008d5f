/* Reading by librdkafka's simple consumer, which knows no groups. Where each partition begins and ends is asked first:
 * the end is the last stable offset, behind which there may be transactions under way. Then one is read after the
 * other. What librdkafka says by itself is kept for the one line that is said when it fails. */
#include "daemon/kafka/read.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/kafka/internal.h"

enum { ANSWER_MS = 15000, TURN_MS = 1000, PAUSE_MS = 50 };

struct stretch {
    int32_t partition;
    int64_t begin, end;
};

struct reader {
    const struct tp_kafka_reading *reading;
    rd_kafka_t *consumer;
    rd_kafka_topic_t *topic;
    struct tp_buf *fault;
    char said[256]; /* librdkafka's last word, which tells more than the error that follows from it */
    int64_t until_ms;
    bool enough;
    size_t n_stretches;
    struct stretch *stretches;
};

static void on_error(rd_kafka_t *consumer, int error, const char *reason, void *reader) {
    (void)consumer, (void)error;
    struct reader *about = reader;
    snprintf(about->said, sizeof about->said, "%s", reason);
}

static void on_log(const rd_kafka_t *consumer, int level, const char *facility, const char *text) {
    (void)consumer, (void)level, (void)facility, (void)text;
}

/* ---- patience: what takes long is asked again and again, so that a stop is heard in between ---- */

static bool is_stopped(const struct reader *reader) {
    return reader->reading->stop && atomic_load(reader->reading->stop);
}

static void be_patient(struct reader *reader) { reader->until_ms = tp_time_monotonic_ms() + ANSWER_MS; }

/* A broker that is silent, or has just been given what it does not know of yet. */
static bool ask_again(struct reader *reader, rd_kafka_resp_err_t error) {
    bool passes = error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__TRANSPORT ||
                  error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
                  error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    if (!passes || is_stopped(reader) || tp_time_monotonic_ms() >= reader->until_ms)
        return false;
    rd_kafka_poll(reader->consumer, PAUSE_MS);
    return true;
}

static int fail(struct reader *reader, rd_kafka_resp_err_t error) {
    bool unknown = error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                   error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    if (is_stopped(reader))
        return TP_ESTOPPING;
    rd_kafka_poll(reader->consumer, 0); /* what was to be said */
    tp_buf_addf(reader->fault, "kafka: %s: %s\n", reader->reading->topic,
                unknown || !*reader->said ? rd_kafka_err2str(error) : reader->said);
    return unknown ? TP_ENOTFOUND : TP_EUNAVAILABLE;
}

/* ---- a client ---- */

static int open_consumer(struct reader *reader, const struct tp_settings *settings) {
    char reason[256];
    rd_kafka_conf_t *conf = NULL;
    int error = tp_kafka_conf_reader(settings, reader->fault, &conf);
    if (error)
        return error;
    rd_kafka_conf_set(conf, "isolation.level", "read_committed", NULL, 0);
    rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", NULL, 0); /* nothing more is waited for at an end */
    rd_kafka_conf_set_opaque(conf, reader);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    reader->consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    if (reader->consumer)
        return 0;
    rd_kafka_conf_destroy(conf);
    tp_buf_addf(reader->fault, "kafka: %s\n", reason);
    return TP_ECONFIG;
}

/* What retention takes away while it is read is passed over: the next that there is follows, not the end. */
static int open_topic(struct reader *reader) {
    rd_kafka_topic_conf_t *conf = rd_kafka_topic_conf_new();
    rd_kafka_topic_conf_set(conf, "auto.offset.reset", "earliest", NULL, 0);
    reader->topic = rd_kafka_topic_new(reader->consumer, reader->reading->topic, conf);
    if (reader->topic)
        return 0;
    rd_kafka_topic_conf_destroy(conf);
    return fail(reader, rd_kafka_last_error());
}

/* ---- from where, and how far ---- */

static int find_partitions(struct reader *reader) {
    const struct rd_kafka_metadata *known = NULL;
    rd_kafka_resp_err_t failed;
    be_patient(reader);
    do
        failed = rd_kafka_metadata(reader->consumer, 0, reader->topic, &known, TURN_MS);
    while (ask_again(reader, failed));
    if (!failed)
        failed = known->topics[0].err;
    int error = failed ? fail(reader, failed) : 0;
    size_t n = error ? 0 : (size_t)known->topics[0].partition_cnt;
    reader->stretches = calloc(n ? n : 1, sizeof *reader->stretches);
    if (!error && !reader->stretches)
        error = TP_ENOMEM;
    for (; !error && reader->n_stretches < n; reader->n_stretches++)
        reader->stretches[reader->n_stretches].partition = known->topics[0].partitions[reader->n_stretches].id;
    if (known)
        rd_kafka_metadata_destroy(known);
    return error;
}

static int find_ends(struct reader *reader, struct stretch *stretch) {
    rd_kafka_resp_err_t failed;
    be_patient(reader);
    do
        failed = rd_kafka_query_watermark_offsets(reader->consumer, reader->reading->topic, stretch->partition,
                                                  &stretch->begin, &stretch->end, TURN_MS);
    while (ask_again(reader, failed));
    return failed ? fail(reader, failed) : 0;
}

/* The first that was produced at that time or later; the end when there is none. */
static int find_since(struct reader *reader, struct stretch *stretch) {
    rd_kafka_topic_partition_list_t *asked = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *answer =
        rd_kafka_topic_partition_list_add(asked, reader->reading->topic, stretch->partition);
    rd_kafka_resp_err_t failed;
    be_patient(reader);
    do {
        answer->offset = reader->reading->since_ms;
        failed = rd_kafka_offsets_for_times(reader->consumer, asked, TURN_MS);
        failed = failed ? failed : answer->err;
    } while (ask_again(reader, failed));
    if (!failed && (answer->offset < 0 || answer->offset > stretch->end))
        stretch->begin = stretch->end;
    else if (!failed && answer->offset > stretch->begin)
        stretch->begin = answer->offset;
    rd_kafka_topic_partition_list_destroy(asked);
    return failed ? fail(reader, failed) : 0;
}

static int find_stretches(struct reader *reader) {
    uint64_t total = 0;
    int error = find_partitions(reader);
    for (size_t i = 0; !error && i < reader->n_stretches; i++) {
        struct stretch *stretch = &reader->stretches[i];
        error = find_ends(reader, stretch);
        if (!error && reader->reading->since_ms > 0)
            error = find_since(reader, stretch);
        total += (uint64_t)(stretch->end - stretch->begin);
    }
    if (!error && reader->reading->on_total)
        reader->reading->on_total(reader->reading->arg, total);
    return error;
}

/* ---- reading ---- */

/* True when the message is the last one that counts. */
static bool take(struct reader *reader, const rd_kafka_message_t *message, int64_t end) {
    rd_kafka_headers_t *headers = NULL;
    if (message->offset >= end)
        return true;
    rd_kafka_message_headers(message, &headers); /* fails when there are none */
    const struct tp_kafka_message seen = {message->partition,
                                          message->offset,
                                          {message->key ? message->key : "", message->key_len},
                                          {message->payload ? message->payload : "", message->len},
                                          headers};
    reader->enough = !reader->reading->on_message(reader->reading->arg, &seen);
    return message->offset + 1 == end;
}

/* librdkafka says that all that is stable was read. What was there behind it at the first time may become stable. */
static bool is_end(struct reader *reader, const struct stretch *stretch, int64_t offset, int64_t *tail) {
    int64_t begin;
    if (!reader->reading->all)
        return true;
    if (*tail < 0)
        rd_kafka_get_watermark_offsets(reader->consumer, reader->reading->topic, stretch->partition, &begin, tail);
    return offset >= *tail;
}

/* What stands last may be nothing that is given out, a transaction's marker: then the end is told. */
static int read_up_to(struct reader *reader, const struct stretch *stretch) {
    int64_t end = reader->reading->all ? INT64_MAX : stretch->end, tail = -1;
    int error = 0, silent_ms = 0;
    for (bool done = false; !done && !error && !reader->enough;) {
        rd_kafka_message_t *message = rd_kafka_consume(reader->topic, stretch->partition, TURN_MS);
        rd_kafka_poll(reader->consumer, 0);
        silent_ms = message ? 0 : silent_ms + TURN_MS;
        if (message && !message->err)
            done = take(reader, message, end) || (tail >= 0 && message->offset + 1 >= tail);
        else if (message && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            done = is_end(reader, stretch, message->offset, &tail);
        else if (message || silent_ms >= ANSWER_MS)
            error = fail(reader, message ? message->err : RD_KAFKA_RESP_ERR__TIMED_OUT);
        if (message)
            rd_kafka_message_destroy(message);
        if (!done && !error && is_stopped(reader))
            error = TP_ESTOPPING;
    }
    return error;
}

static int read_stretch(struct reader *reader, const struct stretch *stretch) {
    if (stretch->begin >= stretch->end && !reader->reading->all)
        return 0;
    if (rd_kafka_consume_start(reader->topic, stretch->partition, stretch->begin) < 0)
        return fail(reader, rd_kafka_last_error());
    int error = read_up_to(reader, stretch);
    rd_kafka_consume_stop(reader->topic, stretch->partition);
    return error;
}

/* ---- the public face ---- */

struct tp_str tp_kafka_message_header(const struct tp_kafka_message *message, const char *name) {
    const void *value = NULL;
    size_t len = 0;
    if (!message->headers || rd_kafka_header_get_last(message->headers, name, &value, &len))
        return (struct tp_str){0};
    return (struct tp_str){value, len};
}

int tp_kafka_read(const struct tp_settings *settings, const struct tp_kafka_reading *reading, struct tp_buf *fault) {
    struct reader reader = {.reading = reading, .fault = fault};
    int error = open_consumer(&reader, settings);
    if (!error)
        error = open_topic(&reader);
    if (!error)
        error = find_stretches(&reader);
    for (size_t i = 0; !error && !reader.enough && i < reader.n_stretches; i++)
        error = read_stretch(&reader, &reader.stretches[i]);
    free(reader.stretches);
    if (reader.topic)
        rd_kafka_topic_destroy(reader.topic);
    if (reader.consumer)
        rd_kafka_destroy(reader.consumer);
    return error;
}
