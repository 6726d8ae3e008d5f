/* For the tests of daemon/kafka: librdkafka's mock cluster of one broker, the module on an event base, what its
 * callbacks said, and a consumer that reads back what the broker has. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/error.h"
#include "daemon/kafka/internal.h"

#include <librdkafka/rdkafka_mock.h> /* after rdkafka.h, which internal.h brings */

#define PARTITIONS   3
#define MAX_RECORDS  4096
#define BROKER       1
#define INTERACTIONS "touchpoint.interactions"
#define REJECTED     "touchpoint.rejected"
#define CUSTOMERS    "touchpoint.customers"

struct cluster {
    rd_kafka_t *handle;
    rd_kafka_mock_cluster_t *mock;
    struct event_base *base;
    struct tp_settings settings;
    struct tp_property properties[4];
    struct tp_kafka_options transactions; /* what a caller of transactions adds to the options */
    struct tp_kafka *kafka;
    int status[MAX_RECORDS]; /* what on_done said of a record; 1: nothing yet */
    size_t n_done, n_room;
};

struct consumed {
    char key[16], value[32], header[32];
};

static inline void on_done(void *arg, void *record, int status) {
    struct cluster *cluster = arg;
    size_t number = (size_t)(uintptr_t)record;
    assert_int_equal(cluster->status[number], 1); /* once and no more */
    cluster->status[number] = status;
    cluster->n_done++;
}

static inline void on_room(void *arg) { ((struct cluster *)arg)->n_room++; }

static inline void cluster_settings(struct cluster *cluster) {
    cluster->settings.delivery.window = 1000;
    cluster->settings.delivery.tries = 3;
    cluster->settings.kafka.brokers = (char *)rd_kafka_mock_cluster_bootstraps(cluster->mock);
    cluster->settings.kafka.topic_interactions = (char *)INTERACTIONS;
    cluster->settings.kafka.topic_customers = (char *)CUSTOMERS;
    cluster->settings.kafka.topic_rejected = (char *)REJECTED;
    cluster->settings.kafka.topic_checkpoints = (char *)"touchpoint.checkpoints";
    cluster->settings.kafka.partitions = 0; /* the mock knows no request to make topics */
    cluster->settings.kafka.replication = 1;
    cluster->settings.kafka.retention = 86400;
    cluster->settings.kafka.username = (char *)"";
    cluster->settings.kafka.password = (char *)"";
    cluster->settings.kafka.properties = cluster->properties;
}

static inline void cluster_property(struct cluster *cluster, const char *name, const char *value) {
    cluster->properties[cluster->settings.kafka.n_properties++] =
        (struct tp_property){(char *)(uintptr_t)name, (char *)(uintptr_t)value};
}

/* So many brokers of the mock run, each with all partitions, and the module is not opened yet. */
static inline int cluster_setup_of(void **state, int brokers) {
    struct cluster *cluster = test_calloc(1, sizeof *cluster);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[128];
    alarm(120); /* a test that waits in vain is ended */
    rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
    cluster->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    assert_non_null(cluster->handle);
    cluster->mock = rd_kafka_mock_cluster_new(cluster->handle, brokers);
    assert_int_equal(rd_kafka_mock_topic_create(cluster->mock, INTERACTIONS, PARTITIONS, brokers), 0);
    assert_int_equal(rd_kafka_mock_topic_create(cluster->mock, REJECTED, PARTITIONS, brokers), 0);
    assert_int_equal(rd_kafka_mock_topic_create(cluster->mock, CUSTOMERS, PARTITIONS, brokers), 0);
    cluster->base = event_base_new();
    cluster_settings(cluster);
    for (size_t i = 0; i < MAX_RECORDS; i++)
        cluster->status[i] = 1;
    *state = cluster;
    return 0;
}

static inline int cluster_setup(void **state) { return cluster_setup_of(state, 1); }

static inline int cluster_teardown(void **state) {
    struct cluster *cluster = *state;
    tp_kafka_close(cluster->kafka);
    event_base_free(cluster->base);
    rd_kafka_mock_cluster_destroy(cluster->mock);
    rd_kafka_destroy(cluster->handle);
    test_free(cluster);
    return 0;
}

static inline int cluster_try_open(struct cluster *cluster, struct tp_buf *fault) {
    struct tp_kafka_options options = cluster->transactions;
    options.settings = &cluster->settings;
    options.base = cluster->base;
    options.on_done = on_done;
    options.on_room = on_room;
    options.arg = cluster;
    return tp_kafka_open(&options, fault, &cluster->kafka);
}

static inline void cluster_open(struct cluster *cluster) {
    struct tp_buf fault = TP_BUF_INIT;
    assert_int_equal(cluster_try_open(cluster, &fault), 0);
    assert_int_equal(fault.len, 0);
}

/* Runs the loop until something holds. */
#define UNTIL(cluster, condition)                                                                                      \
    do {                                                                                                               \
        while (!(condition))                                                                                           \
            assert_int_equal(event_base_loop((cluster)->base, EVLOOP_ONCE), 0);                                        \
    } while (0)

/* Record `number`: its key is one of five, its value says the number, and so does a header. */
static inline int produce_to(struct cluster *cluster, enum tp_topic topic, size_t number) {
    struct tp_buf value = TP_BUF_INIT;
    char key[16], id[32];
    snprintf(key, sizeof key, "customer-%zu", number % 5);
    snprintf(id, sizeof id, "id-%zu", number);
    tp_buf_addf(&value, "{\"n\":%zu}", number);
    struct tp_kafka_header headers[] = {{"ce_id", tp_str(id)}, {"ce_type", TP_STR("test")}};
    const struct tp_kafka_piece piece = {topic, tp_str(key), &value, headers, 2};
    int error = tp_kafka_produce(cluster->kafka, &piece, 1, (void *)(uintptr_t)number);
    assert_int_equal(value.len > 0, error != 0); /* taken, or left alone */
    tp_buf_free(&value);
    return error;
}

static inline void produce(struct cluster *cluster, size_t from, size_t to) {
    for (size_t number = from; number < to; number++)
        assert_int_equal(produce_to(cluster, TP_TOPIC_INTERACTIONS, number), 0);
}

static inline void note_message(const rd_kafka_message_t *message, struct consumed *ret) {
    rd_kafka_headers_t *headers;
    const void *id;
    size_t size;
    snprintf(ret->key, sizeof ret->key, "%.*s", (int)message->key_len, (const char *)message->key);
    snprintf(ret->value, sizeof ret->value, "%.*s", (int)message->len, (const char *)message->payload);
    assert_int_equal(rd_kafka_message_headers(message, &headers), 0);
    assert_int_equal(rd_kafka_header_get_last(headers, "ce_id", &id, &size), 0);
    snprintf(ret->header, sizeof ret->header, "%.*s", (int)size, (const char *)id);
}

static inline rd_kafka_t *consumer_new(struct cluster *cluster, const char *topic) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[128];
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster->mock), NULL, 0);
    rd_kafka_conf_set(conf, "group.id", "test", NULL, 0);
    rd_kafka_conf_set(conf, "enable.partition.eof", "true", NULL, 0);
    rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", NULL, 0); /* the mock waits for as long as it may */
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    assert_non_null(consumer);
    rd_kafka_poll_set_consumer(consumer);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(PARTITIONS);
    for (int partition = 0; partition < PARTITIONS; partition++)
        rd_kafka_topic_partition_list_add(all, topic, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
    assert_int_equal(rd_kafka_assign(consumer, all), 0);
    rd_kafka_topic_partition_list_destroy(all);
    return consumer;
}

/* Everything that the broker has of a topic, each partition in its order. */
static inline size_t consume(struct cluster *cluster, const char *topic, struct consumed *ret, size_t max) {
    rd_kafka_t *consumer = consumer_new(cluster, topic);
    size_t count = 0;
    for (int ends = 0; ends < PARTITIONS;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 1000);
        if (!message)
            continue;
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            ends++;
        } else if (!message->err) {
            assert_true(count < max);
            note_message(message, &ret[count++]);
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return count;
}

static inline size_t first_that(bool (*belongs)(size_t number), size_t number) {
    while (!belongs(number))
        number += 5;
    return number;
}

/* Those of the records 0 to n-1 that belong there are all there, and those of one key stand in the order they were
 * produced. One may stand there again (it was sent by a producer that failed before it heard of it), but not before it
 * stood there first. Answers how many stand there. */
static inline size_t assert_in_order(struct cluster *cluster, const char *topic, size_t n, bool (*belongs)(size_t)) {
    static struct consumed records[2 * MAX_RECORDS];
    size_t count = consume(cluster, topic, records, 2 * MAX_RECORDS), next[5];
    for (size_t key = 0; key < 5; key++)
        next[key] = first_that(belongs, key);
    for (size_t i = 0; i < count; i++) {
        size_t number = MAX_RECORDS;
        assert_int_equal(sscanf(records[i].value, "{\"n\":%zu}", &number), 1);
        assert_true(belongs(number) && number <= next[number % 5]);
        if (number == next[number % 5])
            next[number % 5] = first_that(belongs, number + 5);
    }
    for (size_t key = 0; key < 5; key++)
        assert_true(next[key] >= n);
    return count;
}

static inline bool any_number(size_t number) {
    (void)number;
    return true;
}

static inline void assert_all_in_order(struct cluster *cluster, const char *topic, size_t n) {
    assert_in_order(cluster, topic, n, any_number);
}
