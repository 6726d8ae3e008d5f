#include "daemon/timeline/layout.h"

#include <endian.h>

#include "common/error.h"
#include "common/uuid.h"

enum { ENCODING_PLAIN = 0 };

static void key(struct tp_redis_words *words, struct tp_str prefix, const char *kind, struct tp_str customer_id) {
    char rest[TP_UUID_TEXT + 8];
    size_t len = strlen(kind);
    size_t id_len = customer_id.len < TP_UUID_TEXT ? customer_id.len : TP_UUID_TEXT;
    memcpy(rest, kind, len);
    memcpy(rest + len, customer_id.at, id_len);
    tp_redis_key(words, prefix, (struct tp_str){rest, len + id_len});
}

void tp_timeline_state_key(struct tp_redis_words *words, struct tp_str prefix, struct tp_str customer_id) {
    key(words, prefix, "c:", customer_id);
}

void tp_timeline_recents_key(struct tp_redis_words *words, struct tp_str prefix, struct tp_str customer_id) {
    key(words, prefix, "r:", customer_id);
}

void tp_timeline_line_key(struct tp_redis_words *words, struct tp_str prefix, struct tp_str customer_id) {
    key(words, prefix, "t:", customer_id);
}

void tp_timeline_entry_tail(const struct tp_interaction *interaction, struct tp_buf *out) {
    uint32_t at = htobe32((uint32_t)interaction->customer_at);
    tp_buf_add(out, &at, sizeof at);
    tp_buf_addstr(out, interaction->json);
}

int tp_timeline_entry_read(struct tp_str bytes, struct tp_entry *ret) {
    struct tp_reader reader = {.left = bytes};
    struct tp_entry entry = {.sequence = tp_read_big(&reader, 6)};
    tp_read_bytes(&reader, 8); /* the key */
    uint8_t encoding = tp_read_u8(&reader);
    entry.attached = (uint32_t)tp_read_big(&reader, 4);
    entry.before = tp_read_bytes(&reader, tp_read_big(&reader, 4));
    entry.customer_at = tp_read_big(&reader, 4);
    entry.json = reader.left;
    if (reader.failed || encoding != ENCODING_PLAIN || entry.customer_at > entry.json.len)
        return TP_ECORRUPT;
    *ret = entry;
    return 0;
}

struct tp_mapping tp_timeline_mapping_read(struct tp_reader *reader, size_t n, size_t identifiers_len,
                                           size_t origins_len) {
    struct tp_mapping mapping = {.n = n};
    mapping.first_seen = tp_read_bytes(reader, 6 * n);
    mapping.identifiers = tp_read_bytes(reader, identifiers_len);
    mapping.origins = tp_read_bytes(reader, origins_len);
    return mapping;
}
