/* One record: made in the sender's batch, completed by the writer, who alone knows its number, and checked when it is
 * read. */
#include "daemon/journal/internal.h"

#include <endian.h>
#include <stddef.h>
#include <xxhash.h>

#define HEAD   sizeof(struct tp_disk_record)
#define SUMMED offsetof(struct tp_disk_record, length) /* from here on */

uint64_t tp_record_seed(const char *node, uint64_t segment) {
    return XXH3_64bits_withSeed(node, strlen(node), segment);
}

size_t tp_record_size(size_t payload) { return (HEAD + payload + TP_DISK_ALIGN - 1) / TP_DISK_ALIGN * TP_DISK_ALIGN; }

void tp_record_add(struct tp_buf *out, enum tp_record_type type, struct tp_str payload) {
    static const char zeros[TP_DISK_ALIGN];
    struct tp_disk_record head = {.length = htole32((uint32_t)payload.len), .type = htole16((uint16_t)type)};
    tp_buf_add(out, &head, HEAD);
    tp_buf_addstr(out, payload);
    tp_buf_add(out, zeros, tp_record_size(payload.len) - HEAD - payload.len);
}

static uint64_t sum(const char *at, size_t payload, uint64_t seed) {
    return htole64(XXH3_64bits_withSeed(at + SUMMED, HEAD - SUMMED + payload, seed));
}

size_t tp_record_seal(char *at, size_t left, uint64_t seed, uint64_t number, uint64_t synced, int64_t received_ms) {
    struct tp_disk_record head;
    memcpy(&head, at, HEAD);
    size_t payload = le32toh(head.length), size = tp_record_size(payload);
    head.more = htole16(size < left);
    head.number = htole64(number);
    head.synced = htole64(synced);
    head.received_ms = (int64_t)htole64((uint64_t)received_ms);
    memcpy(at, &head, HEAD);
    head.checksum = sum(at, payload, seed);
    memcpy(at, &head, HEAD);
    return size;
}

bool tp_record_plausible(const struct tp_disk_record *head, uint64_t expect, uint64_t left) {
    uint64_t number = le64toh(head->number);
    return le16toh(head->more) <= 1 && number >= expect && number <= TP_DISK_MOST && le64toh(head->synced) < number &&
           le32toh(head->length) <= left - HEAD;
}

bool tp_record_sound(const char *at, size_t payload, uint64_t seed) {
    uint64_t checksum = sum(at, payload, seed);
    return memcmp(at, &checksum, sizeof checksum) == 0;
}
