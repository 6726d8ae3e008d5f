/* The record of the rejected topic. Whatever was received must come out as a JSON that every consumer can read, so a
 * payload that a JSON string cannot carry as it is goes as base64 instead. NUL is such a byte although JSON has an
 * escape for it: jansson, for one, refuses it. */
#include "common/interaction.h"

#include "common/base64.h"
#include "common/json.h"
#include "common/time.h"
#include "common/utf8.h"

static bool fits_json_string(struct tp_str text) {
    return tp_utf8_valid(text) && (text.len == 0 || !memchr(text.at, 0, text.len));
}

static void add_member(struct tp_buf *out, const char *name, struct tp_str value) {
    tp_buf_addf(out, "\"%s\":", name);
    tp_json_write_string(value, out);
}

static void add_payload(struct tp_buf *out, struct tp_str payload) {
    if (fits_json_string(payload)) {
        add_member(out, "payload", payload);
        return;
    }
    tp_buf_adds(out, "\"payload_base64\":\"");
    tp_base64_encode(payload, out);
    tp_buf_addc(out, '"');
}

void tp_rejection_json(const struct tp_rejection *rejection, struct tp_buf *out) {
    char received_at[TP_TIME_TEXT];
    tp_time_format(rejection->received_ms, received_at);
    tp_buf_addc(out, '{');
    add_member(out, "source", rejection->source);
    if (rejection->id.len > 0 && fits_json_string(rejection->id)) {
        tp_buf_addc(out, ',');
        add_member(out, "id", rejection->id);
    }
    tp_buf_addc(out, ',');
    add_member(out, "received_at", tp_str(received_at));
    tp_buf_adds(out, ",\"reason\":{");
    add_member(out, "code", rejection->code);
    tp_buf_addc(out, ',');
    add_member(out, "path", rejection->path);
    tp_buf_addc(out, ',');
    add_member(out, "message", rejection->message);
    tp_buf_adds(out, "},");
    add_payload(out, rejection->payload);
    tp_buf_addc(out, '}');
}
