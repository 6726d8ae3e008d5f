/* A topic read from its beginning to the end that it has now, for those who look and do not follow. No consumer group
 * is used, so nothing of it is left behind at the brokers. Blocks; the caller's thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/str.h"
#include "daemon/settings/settings.h"

struct tp_kafka_message {
    int32_t partition;
    int64_t offset;
    struct tp_str value; /* until the callback returns */
};

/* Partition by partition, each in order of its offsets; `on_message` answers whether to go on. Brokers, credentials and
 * properties are those that the daemon has. TP_ECONFIG: a property that librdkafka refuses; TP_ENOTFOUND: there is no
 * such topic; TP_EUNAVAILABLE: no broker answers, or it refuses. Each with the reason in `fault`. */
int tp_kafka_read(const struct tp_settings *settings, const char *topic,
                  bool (*on_message)(void *arg, const struct tp_kafka_message *message), void *arg,
                  struct tp_buf *fault);
