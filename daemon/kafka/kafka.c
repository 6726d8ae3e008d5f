/* The public face: opened, given records within a bound, closed. The bound is the one that librdkafka's own queue is
 * told (conf.c), counted here over everything not yet reported, since after a failure all of that is given again. */
#include "daemon/kafka/kafka.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/kafka/internal.h"

static void read_bounds(struct tp_kafka *kafka) {
    kafka->max_record = tp_kafka_conf_number(kafka->conf, "message.max.bytes");
    kafka->max_records = tp_kafka_conf_number(kafka->conf, "queue.buffering.max.messages");
    kafka->max_bytes = tp_kafka_conf_number(kafka->conf, "queue.buffering.max.kbytes") * 1024;
    if (kafka->max_record > kafka->max_bytes)
        kafka->max_record = kafka->max_bytes;
}

int tp_kafka_open(const struct tp_kafka_options *options, struct tp_buf *fault, struct tp_kafka **ret) {
    char reason[256] = "";
    struct tp_kafka *kafka = calloc(1, sizeof *kafka);
    if (!kafka)
        return TP_ENOMEM;
    kafka->options = *options;
    int error = tp_kafka_conf(options->settings, fault, &kafka->conf);
    if (!error && options->settings->kafka.transactions)
        error = tp_kafka_conf_transactional(kafka->conf, options->node, fault);
    if (error)
        goto out;
    read_bounds(kafka);
    tp_kafka_conf_widen(kafka->conf);
    error = tp_kafka_transaction_init(kafka);
    for (int i = 0; !error && i < TP_TOPIC_COUNT; i++)
        error = tp_kafka_topic_init(&kafka->topics[i], kafka, (enum tp_topic)i);
    if (!error)
        error = tp_kafka_producer_init(kafka);
    if (error)
        goto out;
    error = tp_kafka_producer_new(kafka, reason, sizeof reason);
    if (error) {
        tp_buf_addf(fault, "kafka: %s\n", reason);
        goto out;
    }
    *ret = kafka;
    return 0;
out:
    tp_kafka_close(kafka);
    return error;
}

/* The bytes of all of them; SIZE_MAX: one is larger than any may be. */
static size_t size_of(const struct tp_kafka *kafka, const struct tp_kafka_piece *pieces, size_t n) {
    size_t all = 0;
    for (size_t i = 0; i < n; i++) {
        size_t size = tp_kafka_piece_size(&pieces[i]);
        if (size > kafka->max_record)
            return SIZE_MAX;
        all += size;
    }
    return all;
}

int tp_kafka_produce(struct tp_kafka *kafka, const struct tp_kafka_piece *pieces, size_t n, void *record) {
    assert(n > 0 && n <= TP_KAFKA_MOST_PIECES);
    size_t size = size_of(kafka, pieces, n);
    if (size > kafka->max_bytes)
        return TP_ETOOLARGE;
    if (atomic_load(&kafka->queued) >= kafka->max_records || kafka->bytes + size > kafka->max_bytes) {
        kafka->refused = true;
        return TP_EFULL;
    }
    struct tp_kafka_record *taken = tp_kafka_record_new(kafka, pieces, n, record);
    if (!taken)
        return TP_ENOMEM;
    kafka->bytes += size;
    tp_metrics_set(TP_M_KAFKA_QUEUE, (int64_t)atomic_fetch_add(&kafka->queued, 1) + 1);
    tp_kafka_topic_add(taken->topic, taken);
    tp_kafka_topic_send(taken->topic);
    return 0;
}

bool tp_kafka_up(const struct tp_kafka *kafka) { return atomic_load(&kafka->up) && !atomic_load(&kafka->fenced); }

size_t tp_kafka_queued(const struct tp_kafka *kafka) { return atomic_load(&kafka->queued); }

void tp_kafka_close(struct tp_kafka *kafka) {
    if (!kafka)
        return;
    tp_kafka_transaction_stop(kafka);
    tp_kafka_producer_free(kafka); /* before the records, whose values it borrows */
    tp_kafka_transaction_exit(kafka);
    for (int i = 0; i < TP_TOPIC_COUNT; i++)
        tp_kafka_topic_close(&kafka->topics[i]);
    tp_kafka_producer_exit(kafka);
    if (kafka->conf)
        rd_kafka_conf_destroy(kafka->conf);
    free(kafka);
}
