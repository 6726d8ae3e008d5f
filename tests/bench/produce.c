/* The floor under delivery: librdkafka alone, with the daemon's own settings, produces the records of one topic to
 * another. All are read first, into memory; the clock runs from the first that is given to librdkafka until the broker
 * has acknowledged the last.
 *
 *   produce BROKERS FROM TO COUNT
 *
 * Prints {"records": ..., "bytes": ..., "seconds": ..., "cpu_seconds": ...}. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/kafka/internal.h"
#include "daemon/settings/settings.h"

struct work {
    const char *from, *to;
    size_t count;
    rd_kafka_message_t **messages;
    size_t read, bytes;
    rd_kafka_t *producer;
    rd_kafka_queue_t *queue;
    size_t acknowledged;
};

static _Noreturn void die(const char *what, const char *why) {
    fprintf(stderr, "produce: %s: %s\n", what, why);
    exit(1);
}

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- reading ---- */

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char reason[256];
    if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK)
        die(name, reason);
}

static rd_kafka_t *new_consumer(const char *brokers) {
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    set(conf, "group.id", "bench-produce");
    set(conf, "enable.auto.commit", "false");
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    if (!consumer)
        die("consumer", reason);
    rd_kafka_poll_set_consumer(consumer);
    return consumer;
}

static void assign_all(rd_kafka_t *consumer, const char *name) {
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(consumer, name, NULL);
    rd_kafka_resp_err_t error = rd_kafka_metadata(consumer, 0, topic, &metadata, 10000);
    if (error)
        die(name, rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (int i = 0; i < metadata->topics[0].partition_cnt; i++)
        rd_kafka_topic_partition_list_add(list, name, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
}

static void read_all(rd_kafka_t *consumer, struct work *work) {
    double deadline = now(CLOCK_MONOTONIC) + 120;
    assign_all(consumer, work->from);
    while (work->read < work->count) {
        if (now(CLOCK_MONOTONIC) > deadline)
            die(work->from, "has fewer records than were asked for");
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 100);
        if (!message)
            continue;
        if (message->err)
            die(work->from, rd_kafka_message_errstr(message));
        work->messages[work->read++] = message;
        work->bytes += message->len;
    }
}

/* ---- producing ---- */

static void open_producer(struct work *work, const char *brokers) {
    char setting[256], reason[256];
    struct tp_buf fault = TP_BUF_INIT;
    struct tp_settings *settings;
    rd_kafka_conf_t *conf;
    snprintf(setting, sizeof setting, "kafka.brokers=%s", brokers);
    if (tp_settings_load(NULL, (const char *[]){setting}, 1, &fault, &settings) < 0 ||
        tp_kafka_conf(settings, &fault, &conf) < 0) {
        tp_buf_addc(&fault, '\0');
        die("settings", fault.at);
    }
    work->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (!work->producer)
        die("producer", reason);
    work->queue = rd_kafka_queue_get_main(work->producer);
    tp_settings_free(settings);
    tp_buf_free(&fault);
}

static void take_event(struct work *work, int timeout_ms) {
    rd_kafka_event_t *event = rd_kafka_queue_poll(work->queue, timeout_ms);
    const rd_kafka_message_t *message;
    while (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR && (message = rd_kafka_event_message_next(event))) {
        if (message->err)
            die(work->to, rd_kafka_message_errstr(message));
        work->acknowledged++;
    }
    rd_kafka_event_destroy(event);
}

static void give(struct work *work, const rd_kafka_message_t *message) {
    rd_kafka_headers_t *headers, *own;
    rd_kafka_resp_err_t error;
    do {
        own = rd_kafka_message_headers(message, &headers) ? NULL : rd_kafka_headers_copy(headers);
        error = rd_kafka_producev(work->producer, RD_KAFKA_V_TOPIC(work->to), RD_KAFKA_V_MSGFLAGS(0),
                                  RD_KAFKA_V_KEY(message->key, message->key_len),
                                  RD_KAFKA_V_VALUE(message->payload, message->len), RD_KAFKA_V_HEADERS(own),
                                  RD_KAFKA_V_END);
        if (!error)
            break;
        rd_kafka_headers_destroy(own);
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            die(work->to, rd_kafka_err2str(error));
        take_event(work, 10);
    } while (true);
    take_event(work, 0);
}

static void produce_all(struct work *work) {
    double began = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < work->count; i++)
        give(work, work->messages[i]);
    while (work->acknowledged < work->count)
        take_event(work, 100);
    printf("{\"records\": %zu, \"bytes\": %zu, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n", work->count, work->bytes,
           now(CLOCK_MONOTONIC) - began, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fputs("produce BROKERS FROM TO COUNT\n", stderr);
        return 2;
    }
    struct work work = {.from = argv[2], .to = argv[3], .count = strtoul(argv[4], NULL, 10)};
    work.messages = calloc(work.count, sizeof *work.messages);
    if (!work.messages)
        die("messages", "out of memory");
    rd_kafka_t *consumer = new_consumer(argv[1]);
    read_all(consumer, &work);
    open_producer(&work, argv[1]);
    produce_all(&work);
    for (size_t i = 0; i < work.read; i++)
        rd_kafka_message_destroy(work.messages[i]);
    free(work.messages);
    rd_kafka_queue_destroy(work.queue);
    rd_kafka_destroy(work.producer);
    rd_kafka_destroy(consumer);
    return 0;
}
