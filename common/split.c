/* Packed: a version byte, the two numbers, the three ids, and the reason up to the end. */
#include "common/split.h"

#include <assert.h>
#include <inttypes.h>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"
#include "common/utf8.h"
#include "common/uuid.h"

#define PACKED_VERSION 1

void tp_split_pack(const struct tp_split *split, struct tp_buf *out) {
    assert(tp_uuid_valid(split->id) && tp_uuid_valid(split->customer) && tp_uuid_valid(split->member));
    assert(split->reason.len <= TP_MAX_REASON_BYTES);
    tp_buf_addc(out, PACKED_VERSION);
    tp_buf_addu64(out, (uint64_t)split->received_ms);
    tp_buf_addu64(out, split->merge);
    tp_buf_addstr(out, split->id);
    tp_buf_addstr(out, split->customer);
    tp_buf_addstr(out, split->member);
    tp_buf_addstr(out, split->reason);
}

static struct tp_str read_id(struct tp_reader *reader) {
    struct tp_str id = tp_read_bytes(reader, TP_UUID_TEXT - 1);
    reader->failed = reader->failed || !tp_uuid_valid(id);
    return id;
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
    ret->received_ms = (int64_t)received_ms;
    ret->reason = reader.left;
    bool sound = !reader.failed && version == PACKED_VERSION && received_ms <= TP_TIME_LAST_MS &&
                 ret->reason.len <= TP_MAX_REASON_BYTES && tp_utf8_valid(ret->reason);
    return sound ? 0 : TP_ECORRUPT;
}

void tp_split_json(const struct tp_split *split, struct tp_buf *out) {
    char received_at[TP_TIME_TEXT];
    tp_time_format(split->received_ms, received_at);
    tp_buf_addf(
        out, "{\"id\":\"%.*s\",\"customer\":\"%.*s\",\"member\":\"%.*s\",\"merge\":%" PRIu64 ",\"received_at\":\"%s\"",
        TP_FMT(split->id), TP_FMT(split->customer), TP_FMT(split->member), split->merge, received_at);
    if (split->reason.len > 0) {
        tp_buf_adds(out, ",\"reason\":");
        tp_json_write_string(split->reason, out);
    }
    tp_buf_addc(out, '}');
}
