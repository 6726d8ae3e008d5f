/* The customers' topic: what no interaction tells, since events of type identify are on that topic alone. It is read
 * twice: of each customer the last record counts, and what stood in one before it may have been taken back. */
#include "daemon/restore/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "daemon/log/log.h"

/* Where the last record of a customer stands; there may be millions. The key is in one partition, so offsets tell which
 * is the last. */
struct last {
    char customer_id[TP_UUID_TEXT - 1];
    int64_t offset;
};

struct reading {
    const struct tp_restore_options *options;
    struct tp_restore_feed *feed;
    struct tp_restore_merges *merges;
    struct tp_restore_progress *progress;
    struct last *lasts;
    size_t n, room, sorted; /* the first of them are sorted, each customer once */
    int error;
    struct tp_log_limit said_unreadable;
    void (*on_turn)(void *arg);
    void *arg;
};

/* ---- which is the last ---- */

static int by_customer(const void *one, const void *other) {
    return memcmp(((const struct last *)one)->customer_id, ((const struct last *)other)->customer_id, TP_UUID_TEXT - 1);
}

static int by_offset(const void *one, const void *other) {
    const struct last *first = one, *second = other;
    int order = by_customer(first, second);
    return order ? order : (first->offset > second->offset) - (first->offset < second->offset);
}

static void sort(struct reading *reading) {
    size_t kept = 0;
    if (reading->n > 0)
        qsort(reading->lasts, reading->n, sizeof reading->lasts[0], by_offset);
    for (size_t i = 0; i < reading->n; i++)
        if (i + 1 == reading->n || by_customer(&reading->lasts[i], &reading->lasts[i + 1]) != 0)
            reading->lasts[kept++] = reading->lasts[i];
    reading->n = reading->sorted = kept;
}

/* What was compacted away here may make room enough. */
static int make_room(struct reading *reading) {
    sort(reading);
    if (reading->n < reading->room / 2)
        return 0;
    size_t room = reading->room ? 2 * reading->room : 1024;
    struct last *lasts = reallocarray(reading->lasts, room, sizeof *lasts);
    if (!lasts)
        return TP_ENOMEM;
    reading->lasts = lasts;
    reading->room = room;
    return 0;
}

static bool on_key(void *arg, const struct tp_kafka_message *message) {
    struct reading *reading = arg;
    reading->on_turn(reading->arg);
    if (message->key.len != TP_UUID_TEXT - 1)
        return true;
    if (reading->n == reading->room && make_room(reading) < 0) {
        reading->error = TP_ENOMEM;
        return false;
    }
    struct last *last = &reading->lasts[reading->n++];
    memcpy(last->customer_id, message->key.at, message->key.len);
    last->offset = message->offset;
    return true;
}

static bool is_last(const struct reading *reading, const struct tp_kafka_message *message) {
    struct last wanted;
    if (message->key.len != TP_UUID_TEXT - 1)
        return true;
    memcpy(wanted.customer_id, message->key.at, message->key.len);
    const struct last *found =
        reading->sorted == 0 ? NULL
                             : bsearch(&wanted, reading->lasts, reading->sorted, sizeof reading->lasts[0], by_customer);
    return !found || message->offset >= found->offset;
}

/* ---- what it says ---- */

static int take(struct reading *reading, const struct tp_kafka_message *message) {
    struct tp_restore_mapping mapping;
    int error = tp_restore_mapping_read(message, &mapping);
    if (error == TP_ECORRUPT) {
        reading->progress->unreadable++;
        tp_log_limited(&reading->said_unreadable, 1, TP_LOG_WARNING, "restore_unreadable",
                       "partition=%" PRId32 " offset=%" PRId64 " what=%s", message->partition, message->offset,
                       tp_log_quote("a record of the customers topic that this version cannot put back"));
        return 0;
    }
    if (error)
        return error;
    error = tp_restore_told(reading->feed, &mapping);
    if (!error)
        error = tp_restore_merges_add_mapping(reading->merges, &mapping);
    tp_restore_mapping_free(&mapping);
    return error;
}

static bool on_message(void *arg, const struct tp_kafka_message *message) {
    struct reading *reading = arg;
    reading->on_turn(reading->arg);
    if (is_last(reading, message))
        reading->error = take(reading, message);
    return reading->error == 0;
}

/* ---- reading ---- */

/* A topic that is absent has nothing. */
static int read_topic(struct reading *reading, struct tp_buf *fault,
                      bool (*each)(void *arg, const struct tp_kafka_message *message)) {
    const struct tp_restore_options *options = reading->options;
    const struct tp_kafka_reading topic = {.topic = options->settings->kafka.topic_customers,
                                           .since_ms = options->all ? 0 : options->since_ms,
                                           .on_message = each,
                                           .arg = reading,
                                           .stop = options->stop};
    int error = tp_kafka_read(options->settings, &topic, fault);
    if (error == TP_ENOTFOUND)
        error = 0;
    return error ? error : reading->error;
}

int tp_restore_customers(const struct tp_restore_options *options, struct tp_restore_feed *feed,
                         struct tp_restore_merges *merges, struct tp_restore_progress *progress, struct tp_buf *fault,
                         void (*on_turn)(void *arg), void *arg) {
    struct reading reading = {
        .options = options, .feed = feed, .merges = merges, .progress = progress, .on_turn = on_turn, .arg = arg};
    int error = read_topic(&reading, fault, on_key);
    if (!error) {
        sort(&reading);
        error = read_topic(&reading, fault, on_message);
    }
    if (!error)
        error = tp_restore_feed_finish(feed);
    free(reading.lasts);
    return error;
}
