#include "common/mapping.h"

#include "common/error.h"
#include "common/json.h"
#include "common/json_scan.h"
#include "common/time.h"
#include "common/uuid.h"

enum { SEEN_BYTES = 6 };
#define UNTOLD (INT64_C(1) << 47)

/* Whatever the bytes are, what is left without the mark can be written as a time. */
static bool next_seen(struct tp_mapping *rest, int64_t *ret_ms) {
    static_assert(UNTOLD - 1 <= TP_TIME_LAST_MS, "");
    struct tp_reader reader = {.left = rest->first_seen};
    *ret_ms = (int64_t)tp_read_big(&reader, SEEN_BYTES) & (UNTOLD - 1);
    rest->first_seen = reader.left;
    return !reader.failed;
}

/* One without its LF was cut. */
static bool next_line(struct tp_str *rest, struct tp_str *ret_line) {
    const char *before = rest->at;
    *ret_line = tp_str_cut(rest, '\n');
    return before && rest->at > before + ret_line->len;
}

static bool next_origin(struct tp_mapping *rest, struct tp_attachment *attachment) {
    struct tp_str line;
    if (!next_line(&rest->origins, &line))
        return false;
    if (line.len == 0)
        return attachment->source.len > 0;
    attachment->source = tp_str_cut(&line, '\t');
    attachment->event = tp_str_cut(&line, '\t');
    attachment->holder = line;
    struct tp_str event = attachment->event;
    return attachment->source.len > 0 && event.len > 0 && event.at[0] == '"' &&
           tp_json_string_len(event) == event.len && (line.len == 0 || tp_uuid_valid(line));
}

static bool next_identifier(struct tp_mapping *rest, struct tp_attachment *attachment) {
    if (rest->identifiers.len > 0 && rest->identifiers.at[0] == '\n')
        tp_str_cut(&rest->identifiers, '\n');
    struct tp_str line;
    if (!next_line(&rest->identifiers, &line))
        return false;
    attachment->identifier.type = tp_str_cut(&line, '\t');
    attachment->identifier.value = line;
    return attachment->identifier.type.len > 0 && line.len > 0;
}

bool tp_mapping_next(struct tp_mapping *rest, struct tp_attachment *attachment) {
    if (rest->n == 0 || !next_seen(rest, &attachment->first_seen_ms) || !next_identifier(rest, attachment) ||
        !next_origin(rest, attachment))
        return false;
    rest->n--;
    return true;
}

struct tp_mapping tp_mapping_read(struct tp_reader *reader, size_t n, size_t identifiers_len, size_t origins_len) {
    struct tp_mapping mapping = {.n = n};
    mapping.first_seen = tp_read_bytes(reader, SEEN_BYTES * n);
    mapping.identifiers = tp_read_bytes(reader, identifiers_len);
    mapping.origins = tp_read_bytes(reader, origins_len);
    return mapping;
}

void tp_mapping_origin(struct tp_str source, struct tp_str id, struct tp_buf *out) {
    tp_buf_addstr(out, source);
    tp_buf_addc(out, '\t');
    tp_json_write_string(id, out);
}

static void write_attachment(const struct tp_attachment *attachment, struct tp_buf *out) {
    char time[TP_TIME_TEXT];
    tp_time_format(attachment->first_seen_ms, time);
    tp_interaction_write_identifier(attachment->identifier, out);
    tp_buf_addf(out, ",\"first_seen\":\"%s\",\"source\":", time);
    tp_json_write_string(attachment->source, out);
    tp_buf_adds(out, ",\"event\":");
    tp_buf_addstr(out, attachment->event);
    if (attachment->holder.len > 0)
        tp_buf_addf(out, ",\"customer\":\"%.*s\"", TP_FMT(attachment->holder));
    tp_buf_addc(out, '}');
}

int tp_mapping_write(struct tp_mapping mapping, struct tp_buf *out) {
    struct tp_attachment attachment = {0};
    tp_buf_addc(out, '[');
    for (bool first = true; tp_mapping_next(&mapping, &attachment); first = false) {
        if (!first)
            tp_buf_addc(out, ',');
        write_attachment(&attachment, out);
    }
    tp_buf_addc(out, ']');
    return mapping.n > 0 ? TP_ECORRUPT : out->failed ? TP_ENOMEM : 0;
}
