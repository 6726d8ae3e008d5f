/* Kafka: records out, each told when the broker has it. librdkafka underneath: idempotent, acks=all, lz4, partitioner
 * murmur2_random (Java's), message.timeout.ms=0, so that an outage is waited out.
 *
 * One thread: that of `base`. A record's bytes are the module's from produce until its report, and are not copied again
 * by librdkafka. After a fatal error the module makes a new producer and gives it everything not yet acknowledged, in
 * the order it came. An unknown topic pauses, is said, and is tried again; nothing is dropped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>

#include "common/buf.h"
#include "common/str.h"
#include "daemon/settings/settings.h"

struct tp_kafka;

enum tp_topic { TP_TOPIC_INTERACTIONS, TP_TOPIC_REJECTED, TP_TOPIC_CUSTOMERS, TP_TOPIC_CHECKPOINTS, TP_TOPIC_COUNT };

struct tp_kafka_header {
    const char *name;
    struct tp_str value;
};

struct tp_kafka_options {
    const struct tp_settings *settings;
    struct event_base *base;
    /* The fate of a record: 0: the broker has it; TP_ETOOLARGE: it never will; TP_EUNDELIVERABLE: refused by the broker
     * in `delivery.tries` attempts. In no particular order. */
    void (*on_done)(void *arg, void *record, int status);
    void (*on_room)(void *arg); /* after TP_EFULL: there is room again */
    void *arg;
};

/* Whether librdkafka takes the settings, without a producer: TP_ECONFIG with the reason in `fault`. */
int tp_kafka_check(const struct tp_settings *settings, struct tp_buf *fault);
/* Starts; a broker that is away is no fault. Topics absent are made where the broker allows it; with kafka.partitions 0
 * they are not ours to make. TP_ECONFIG with the reason in `fault`: a property that librdkafka refuses, or one that
 * touchpointd's promises stand on. */
int tp_kafka_open(const struct tp_kafka_options *options, struct tp_buf *fault, struct tp_kafka **ret);
/* `value` is taken (emptied) when 0; key and headers are copied. TP_EFULL: wait for on_room. TP_ETOOLARGE: larger than
 * the client's limit; nothing taken. `record` is handed to on_done as it is. */
int tp_kafka_produce(struct tp_kafka *kafka, enum tp_topic topic, struct tp_str key, struct tp_buf *value,
                     const struct tp_kafka_header *headers, size_t n_headers, void *record);
bool tp_kafka_up(const struct tp_kafka *kafka);       /* a broker answers; any thread */
size_t tp_kafka_queued(const struct tp_kafka *kafka); /* records not yet reported; any thread */
/* Closes without waiting for what is under way: no more callbacks. */
void tp_kafka_close(struct tp_kafka *kafka);
