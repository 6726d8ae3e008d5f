/* Kafka: records out, each told when the broker has it. librdkafka underneath: idempotent, acks=all, lz4, partitioner
 * murmur2_random (Java's), message.timeout.ms=0, so that an outage is waited out.
 *
 * One thread: that of `base`. A record's bytes are the module's from produce until its report, and are not copied again
 * by librdkafka. After a fatal error the module makes a new producer and gives it everything not yet acknowledged, in
 * the order it came. An unknown topic pauses, is said, and is tried again; nothing is dropped.
 *
 * With kafka.transactions records go in transactions, one at a time, and with each the node's position, which the
 * caller writes: what is in Kafka when this transaction is. So whoever begins anew, after a kill or a lost answer,
 * learns from the position what consumers of committed records have, and gives the rest. Without, a record is given
 * again whenever its report was missed. */
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

/* One message of a record. */
struct tp_kafka_piece {
    enum tp_topic topic;
    struct tp_str key;
    struct tp_buf *value;                  /* taken (emptied) when 0 is answered */
    const struct tp_kafka_header *headers; /* copied, as the key is */
    size_t n_headers;
};
enum { TP_KAFKA_MOST_PIECES = 6 };

struct tp_kafka_options {
    const struct tp_settings *settings;
    struct event_base *base;
    /* The fate of a record: 0: the broker has all its pieces, committed; TP_ETOOLARGE: it never will;
     * TP_EUNDELIVERABLE: refused by the broker in `delivery.tries` attempts. In no particular order. */
    void (*on_done)(void *arg, void *record, int status);
    void (*on_room)(void *arg); /* after TP_EFULL: there is room again */

    /* Of transactions; none is called without them, and then all may be NULL. */
    const char *node; /* UUID of the journal, whose records these are: at most one producer has it */
    /* Nothing is given before this was called and answered 0: `position` is what the last committed transaction of the
     * node had, empty when there is none, and `repair` the number of the last repair that was called. Called again
     * whenever the outcome of a transaction was not learned. An error: the node is another's by now, or cannot go on
     * from there; on_fenced follows. */
    int (*on_ready)(void *arg, struct tp_str position, uint64_t repair);
    bool (*is_committed)(void *arg, void *record);      /* by the position that on_ready brought */
    void (*on_given)(void *arg, void *record, bool in); /* it is in the open transaction; no longer, as that failed */
    void (*on_closing)(void *arg,
                       struct tp_buf *ret_position); /* as of what is in the open transaction, once committed */
    void (*on_fenced)(void *arg);                    /* no more is given, ever */
    void *arg;
};

/* Whether librdkafka takes the settings, without a producer: TP_ECONFIG with the reason in `fault`. */
int tp_kafka_check(const struct tp_settings *settings, struct tp_buf *fault);
/* Starts; a broker that is away is no fault. Topics absent are made where the broker allows it; with kafka.partitions 0
 * they are not ours to make. TP_ECONFIG with the reason in `fault`: a property that librdkafka refuses, or one that
 * touchpointd's promises stand on. */
int tp_kafka_open(const struct tp_kafka_options *options, struct tp_buf *fault, struct tp_kafka **ret);
/* `pieces` are one record: given one behind the other, in the same transaction, and done together. The first is what
 * the record is known by: its topic's order is the order of the calls, and the others go in that order too, each before
 * the first of its record. One that is known by customers has the order of interactions, whose records bring customers.
 * While one of their topics cannot take them, the record waits, and those behind it with it; a record of which a piece
 * failed is given again as a whole. TP_EFULL: wait for on_room. TP_ETOOLARGE: a piece is larger than the client's
 * limit, or there will never be room for all of them. Unless 0, nothing is taken. `record` is handed to on_done as it
 * is. */
int tp_kafka_produce(struct tp_kafka *kafka, const struct tp_kafka_piece *pieces, size_t n, void *record);
/* Closes the open transaction now, with the position, also when it has no record. Nothing without transactions. */
void tp_kafka_flush(struct tp_kafka *kafka);
bool tp_kafka_up(const struct tp_kafka *kafka);       /* a broker answers; any thread */
size_t tp_kafka_queued(const struct tp_kafka *kafka); /* records not yet reported; any thread */
/* Closes without waiting for what is under way: no more callbacks. */
void tp_kafka_close(struct tp_kafka *kafka);
