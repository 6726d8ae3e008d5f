/* A record of the rejected topic, as common/rejection.c writes it, read back. Others may write to that topic as well:
 * what is not of that form is told as such, and harms nothing. */
#include "ctl/rejected.h"

#include <inttypes.h>

#include "common/base64.h"
#include "common/error.h"

enum { MOST_DEPTH = 8 };

static const char *read_payload(const json_t *root, struct tp_ctl_rejection *ret) {
    struct tp_str plain = tp_ctl_member(root, "payload"), base64 = tp_ctl_member(root, "payload_base64");
    if (base64.len > 0 && tp_base64_decode(base64, &ret->payload) < 0)
        return "its payload_base64 is not base64";
    tp_buf_addstr(&ret->payload, plain);
    ret->has_payload = ret->payload.len > 0;
    return ret->payload.failed ? tp_error_text(TP_ENOMEM) : NULL;
}

void tp_ctl_rejection_read(const struct tp_kafka_message *message, struct tp_ctl_rejection *ret) {
    struct tp_json_error error;
    *ret = (struct tp_ctl_rejection){.partition = message->partition, .offset = message->offset};
    if (tp_json_parse(message->value, MOST_DEPTH, &ret->json, &error) < 0) {
        ret->unreadable = "it is not JSON";
        return;
    }
    const json_t *root = ret->json.root, *reason = json_object_get(root, "reason");
    ret->source = tp_ctl_member(root, "source");
    ret->id = tp_ctl_member(root, "id");
    ret->received_at = tp_ctl_member(root, "received_at");
    ret->code = tp_ctl_member(reason, "code");
    ret->path = tp_ctl_member(reason, "path");
    ret->message = tp_ctl_member(reason, "message");
    if (ret->source.len == 0 || ret->received_at.len == 0 || ret->code.len == 0)
        ret->unreadable = "it is not of touchpointd's form";
    else
        ret->unreadable = read_payload(root, ret);
}

void tp_ctl_rejection_free(struct tp_ctl_rejection *rejection) {
    tp_json_free(&rejection->json);
    tp_buf_free(&rejection->payload);
}

static void add_member(struct tp_buf *out, const char *before, const char *name, struct tp_str value) {
    tp_buf_addf(out, "%s\"%s\":", before, name);
    tp_json_write_string(value, out);
}

void tp_ctl_rejection_write(const struct tp_ctl_rejection *rejection, struct tp_buf *out) {
    tp_buf_addf(out, "\"partition\":%" PRId32 ",\"offset\":%" PRId64, rejection->partition, rejection->offset);
    if (rejection->unreadable) {
        add_member(out, ",", "unreadable", tp_str(rejection->unreadable));
        return;
    }
    add_member(out, ",", "received_at", rejection->received_at);
    add_member(out, ",", "source", rejection->source);
    if (rejection->id.len > 0)
        add_member(out, ",", "id", rejection->id);
    add_member(out, ",\"reason\":{", "code", rejection->code);
    add_member(out, ",", "path", rejection->path);
    add_member(out, ",", "message", rejection->message);
    tp_buf_addc(out, '}');
}
