#include "daemon/timeline/layout.h"

#include <endian.h>

#include "common/error.h"
#include "common/uuid.h"

enum { ENCODING_PLAIN = 0, ENCODING_WITH_VERSION = 1 };

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
    size_t merged_n = tp_read_big(&reader, 2), before_len = tp_read_big(&reader, 4);
    entry.has_version = encoding == ENCODING_WITH_VERSION;
    if (entry.has_version) {
        entry.bare_key = tp_read_big(&reader, 8);
        entry.version = tp_read_big(&reader, 8);
    }
    entry.merged = tp_read_bytes(&reader, (TP_UUID_TEXT - 1) * merged_n);
    entry.before = tp_read_bytes(&reader, before_len);
    entry.customer_at = tp_read_big(&reader, 4);
    entry.json = reader.left;
    if (reader.failed || encoding > ENCODING_WITH_VERSION || entry.customer_at > entry.json.len)
        return TP_ECORRUPT;
    *ret = entry;
    return 0;
}
