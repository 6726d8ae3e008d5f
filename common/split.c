/* Packed: a version byte, the two numbers, the three ids, of the second version the claimant and the identifier, and
 * the reason up to the end. */
#include "common/split.h"

#include <assert.h>
#include <inttypes.h>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"
#include "common/utf8.h"
#include "common/uuid.h"

enum { OF_A_MERGE = 1, OF_AN_IDENTIFIER = 2 }; /* versions */

static void pack_identifier(struct tp_identifier identifier, struct tp_str claimant, struct tp_buf *out) {
    assert(tp_uuid_valid(claimant));
    tp_buf_addstr(out, claimant);
    tp_buf_addu16(out, (uint16_t)identifier.type.len);
    tp_buf_addu16(out, (uint16_t)identifier.value.len);
    tp_buf_addstr(out, identifier.type);
    tp_buf_addstr(out, identifier.value);
}

void tp_split_pack(const struct tp_split *split, struct tp_buf *out) {
    assert(tp_uuid_valid(split->id) && tp_uuid_valid(split->customer) && tp_uuid_valid(split->member));
    assert(split->reason.len <= TP_MAX_REASON_BYTES);
    tp_buf_addc(out, tp_split_takes_identifier(split) ? OF_AN_IDENTIFIER : OF_A_MERGE);
    tp_buf_addu64(out, (uint64_t)split->received_ms);
    tp_buf_addu64(out, split->merge);
    tp_buf_addstr(out, split->id);
    tp_buf_addstr(out, split->customer);
    tp_buf_addstr(out, split->member);
    if (tp_split_takes_identifier(split))
        pack_identifier(split->identifier, split->claimant, out);
    tp_buf_addstr(out, split->reason);
}

static struct tp_str read_id(struct tp_reader *reader) {
    struct tp_str id = tp_read_bytes(reader, TP_UUID_TEXT - 1);
    reader->failed = reader->failed || !tp_uuid_valid(id);
    return id;
}

static struct tp_identifier read_identifier(struct tp_reader *reader) {
    struct tp_identifier identifier;
    size_t type_len = tp_read_u16(reader), value_len = tp_read_u16(reader);
    identifier.type = tp_read_bytes(reader, type_len);
    identifier.value = tp_read_bytes(reader, value_len);
    reader->failed = reader->failed || type_len == 0 || value_len == 0 || type_len > TP_MAX_IDENTIFIER_BYTES ||
                     value_len > TP_MAX_IDENTIFIER_BYTES;
    return identifier;
}

int tp_split_unpack(struct tp_str packed, struct tp_split *ret) {
    struct tp_reader reader = {.left = packed};
    *ret = (struct tp_split){0};
    uint8_t version = tp_read_u8(&reader);
    uint64_t received_ms = tp_read_u64(&reader);
    ret->merge = tp_read_u64(&reader);
    ret->id = read_id(&reader);
    ret->customer = read_id(&reader);
    ret->member = read_id(&reader);
    if (version == OF_AN_IDENTIFIER) {
        ret->claimant = read_id(&reader);
        ret->identifier = read_identifier(&reader);
    }
    ret->received_ms = (int64_t)received_ms;
    ret->reason = reader.left;
    bool sound = !reader.failed && (version == OF_A_MERGE || version == OF_AN_IDENTIFIER) &&
                 received_ms <= TP_TIME_LAST_MS && ret->reason.len <= TP_MAX_REASON_BYTES && tp_utf8_valid(ret->reason);
    return sound ? 0 : TP_ECORRUPT;
}

void tp_split_json(const struct tp_split *split, struct tp_buf *out) {
    char received_at[TP_TIME_TEXT];
    tp_time_format(split->received_ms, received_at);
    tp_buf_addf(out, "{\"id\":\"%.*s\",\"customer\":\"%.*s\",\"member\":\"%.*s\"", TP_FMT(split->id),
                TP_FMT(split->customer), TP_FMT(split->member));
    if (tp_split_takes_identifier(split)) {
        tp_buf_adds(out, ",\"identifier\":");
        tp_interaction_write_identifier(split->identifier, out);
        tp_buf_addf(out, "},\"claimant\":\"%.*s\"", TP_FMT(split->claimant));
    } else {
        tp_buf_addf(out, ",\"merge\":%" PRIu64, split->merge);
    }
    tp_buf_addf(out, ",\"received_at\":\"%s\"", received_at);
    if (split->reason.len > 0) {
        tp_buf_adds(out, ",\"reason\":");
        tp_json_write_string(split->reason, out);
    }
    tp_buf_addc(out, '}');
}
