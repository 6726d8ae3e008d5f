/* One record: its bytes are here from produce until the report, whatever becomes of the producers in between.
 * librdkafka copies the key and the headers each time that it is given a part, and borrows the value. */
#include "daemon/kafka/internal.h"

#include <stdlib.h>

/* The most that a record of message format 2 takes beside its bytes, and a header beside its; and the batch's head. */
#define RECORD_OVERHEAD 36
#define HEADER_OVERHEAD 10
#define BATCH_OVERHEAD  61

static size_t borrowed_size(const struct tp_kafka_piece *piece) {
    size_t size = piece->key.len;
    for (size_t i = 0; i < piece->n_headers; i++)
        size += strlen(piece->headers[i].name) + 1 + piece->headers[i].value.len;
    return size;
}

size_t tp_kafka_piece_size(const struct tp_kafka_piece *piece) {
    return BATCH_OVERHEAD + RECORD_OVERHEAD + piece->value->len + borrowed_size(piece) +
           piece->n_headers * HEADER_OVERHEAD;
}

static struct tp_str copy(char **at, struct tp_str bytes) {
    struct tp_str there = {*at, bytes.len};
    if (bytes.len)
        memcpy(*at, bytes.at, bytes.len);
    *at += bytes.len;
    return there;
}

/* Where in the record's allocation the next headers and bytes go. */
struct room {
    struct tp_kafka_header *headers;
    char *bytes;
};

static void fill(struct tp_kafka_part *part, const struct tp_kafka_piece *piece, struct room *room) {
    part->key = copy(&room->bytes, piece->key);
    part->headers = room->headers;
    part->n_headers = piece->n_headers;
    room->headers += piece->n_headers;
    for (size_t i = 0; i < piece->n_headers; i++) {
        const struct tp_str name = {piece->headers[i].name, strlen(piece->headers[i].name) + 1};
        part->headers[i].name = copy(&room->bytes, name).at;
        part->headers[i].value = copy(&room->bytes, piece->headers[i].value);
    }
    part->value = *piece->value;
    *piece->value = TP_BUF_INIT;
}

/* Interactions bring customers along, and of a customer the last record counts: so what is told of customers alone
 * stands in one order with these. */
static enum tp_topic queue_of(enum tp_topic first) {
    return first == TP_TOPIC_CUSTOMERS ? TP_TOPIC_INTERACTIONS : first;
}

struct tp_kafka_record *tp_kafka_record_new(struct tp_kafka *kafka, const struct tp_kafka_piece *pieces, size_t n,
                                            void *owners) {
    size_t n_headers = 0, n_bytes = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        n_headers += pieces[i].n_headers;
        n_bytes += borrowed_size(&pieces[i]);
        size += tp_kafka_piece_size(&pieces[i]);
    }
    size_t fixed = sizeof(struct tp_kafka_record) + n * sizeof(struct tp_kafka_part);
    struct tp_kafka_record *record = malloc(fixed + n_headers * sizeof(struct tp_kafka_header) + n_bytes);
    if (!record)
        return NULL;
    *record = (struct tp_kafka_record){
        .topic = &kafka->topics[queue_of(pieces[0].topic)], .owners = owners, .size = size, .n_parts = n};
    struct tp_kafka_header *headers = (struct tp_kafka_header *)(void *)&record->parts[n];
    struct room room = {headers, (char *)(headers + n_headers)};
    for (size_t i = 0; i < n; i++) {
        record->parts[i] = (struct tp_kafka_part){.record = record, .topic = &kafka->topics[pieces[i].topic]};
        fill(&record->parts[i], &pieces[i], &room);
    }
    return record;
}

void tp_kafka_record_free(struct tp_kafka_record *record) {
    if (!record)
        return;
    for (size_t i = 0; i < record->n_parts; i++)
        tp_buf_free(&record->parts[i].value);
    free(record);
}

static rd_kafka_resp_err_t give(struct tp_kafka_part *part) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(part->n_headers);
    for (size_t i = 0; i < part->n_headers; i++) {
        const struct tp_kafka_header *header = &part->headers[i];
        rd_kafka_header_add(headers, header->name, -1, header->value.at, (ssize_t)header->value.len);
    }
    rd_kafka_resp_err_t error = rd_kafka_producev(part->topic->kafka->producer, RD_KAFKA_V_TOPIC(part->topic->name),
                                                  RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_KEY(part->key.at, part->key.len),
                                                  RD_KAFKA_V_VALUE(part->value.at, part->value.len),
                                                  RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(part), RD_KAFKA_V_END);
    if (error)
        rd_kafka_headers_destroy(headers); /* theirs only when it went well */
    return error;
}

/* The first part is the last to go: who reads it finds the others there, as far as topics have a common order. */
rd_kafka_resp_err_t tp_kafka_record_give(struct tp_kafka_record *record) {
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    record->n_out = 0;
    record->error = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 1; !error && i <= record->n_parts; i++) {
        error = give(&record->parts[i % record->n_parts]);
        record->n_out++;
    }
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && record->n_out == 1)
        record->n_out = 0;
    return error;
}
