/* A topic read up to the end that it has now, for those who look and do not follow: committed records only. No consumer
 * group is used, so nothing of it is left behind at the brokers. Blocks; the caller's thread. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/str.h"
#include "daemon/settings/settings.h"

/* What it points to stays until the callback returns. */
struct tp_kafka_message {
    int32_t partition;
    int64_t offset;
    struct tp_str key, value; /* "" where there is none */
    const void *headers;      /* for tp_kafka_message_header; NULL where there are none */
};
/* The last header of this name; without bytes (at == NULL) when there is none. */
struct tp_str tp_kafka_message_header(const struct tp_kafka_message *message, const char *name);

struct tp_kafka_reading {
    const char *topic;
    int64_t since_ms;                            /* what was produced before is passed over; 0: nothing is */
    void (*on_total)(void *arg, uint64_t total); /* once, and first: it will not be more than so many. May be NULL */
    bool (*on_message)(void *arg, const struct tp_kafka_message *message); /* whether to go on */
    void *arg;
    bool all;                /* also what is committed behind transactions still open: those are waited for */
    const atomic_bool *stop; /* within a second or so. May be NULL */
};

/* Partition by partition, each in order of its offsets. Brokers, credentials and properties are those that the daemon
 * has. TP_ECONFIG: a property that librdkafka refuses; TP_ENOTFOUND: there is no such topic; TP_EUNAVAILABLE: no broker
 * answers, or it refuses; TP_ESTOPPING. Each with the reason in `fault`. */
int tp_kafka_read(const struct tp_settings *settings, const struct tp_kafka_reading *reading, struct tp_buf *fault);
