/* One record: its bytes are here from produce until the report, whatever becomes of the producers in between.
 * librdkafka copies the key and the headers each time that it is given the record, and borrows the value. */
#include "daemon/kafka/internal.h"

#include <stdlib.h>

/* The most that a record of message format 2 takes beside its bytes, and a header beside its; and the batch's head. */
#define RECORD_OVERHEAD 36
#define HEADER_OVERHEAD 10
#define BATCH_OVERHEAD  61

static size_t borrowed_size(struct tp_str key, const struct tp_kafka_header *headers, size_t n_headers) {
    size_t size = key.len;
    for (size_t i = 0; i < n_headers; i++)
        size += strlen(headers[i].name) + 1 + headers[i].value.len;
    return size;
}

size_t tp_kafka_record_size(struct tp_str key, struct tp_str value, const struct tp_kafka_header *headers,
                            size_t n_headers) {
    return BATCH_OVERHEAD + RECORD_OVERHEAD + value.len + borrowed_size(key, headers, n_headers) +
           n_headers * HEADER_OVERHEAD;
}

static struct tp_str copy(char **at, struct tp_str bytes) {
    struct tp_str there = {*at, bytes.len};
    if (bytes.len)
        memcpy(*at, bytes.at, bytes.len);
    *at += bytes.len;
    return there;
}

struct tp_kafka_record *tp_kafka_record_new(struct tp_kafka_topic *topic, struct tp_str key, struct tp_buf *value,
                                            const struct tp_kafka_header *headers, size_t n_headers, void *owners) {
    size_t fixed = sizeof(struct tp_kafka_record) + n_headers * sizeof *headers;
    struct tp_kafka_record *record = malloc(fixed + borrowed_size(key, headers, n_headers));
    if (!record)
        return NULL;
    *record = (struct tp_kafka_record){.topic = topic, .owners = owners, .n_headers = n_headers};
    record->size = tp_kafka_record_size(key, tp_buf_str(value), headers, n_headers);
    char *at = (char *)record + fixed;
    record->key = copy(&at, key);
    for (size_t i = 0; i < n_headers; i++) {
        record->headers[i].name = copy(&at, (struct tp_str){headers[i].name, strlen(headers[i].name) + 1}).at;
        record->headers[i].value = copy(&at, headers[i].value);
    }
    record->value = *value;
    *value = TP_BUF_INIT;
    return record;
}

void tp_kafka_record_free(struct tp_kafka_record *record) {
    if (!record)
        return;
    tp_buf_free(&record->value);
    free(record);
}

rd_kafka_resp_err_t tp_kafka_record_give(struct tp_kafka_record *record) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->n_headers);
    for (size_t i = 0; i < record->n_headers; i++) {
        const struct tp_kafka_header *header = &record->headers[i];
        rd_kafka_header_add(headers, header->name, -1, header->value.at, (ssize_t)header->value.len);
    }
    rd_kafka_resp_err_t error = rd_kafka_producev(
        record->topic->kafka->producer, RD_KAFKA_V_TOPIC(record->topic->name), RD_KAFKA_V_MSGFLAGS(0),
        RD_KAFKA_V_KEY(record->key.at, record->key.len), RD_KAFKA_V_VALUE(record->value.at, record->value.len),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(record), RD_KAFKA_V_END);
    if (error)
        rd_kafka_headers_destroy(headers); /* theirs only when it went well */
    return error;
}
