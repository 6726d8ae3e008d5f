/* A context taken apart: what the state was before, from what was said of it. */
#include "daemon/context/context.h"

#include "common/error.h"
#include "common/interaction.h"
#include "common/time.h"
#include "common/uuid.h"

static struct tp_str text_of(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return (struct tp_str){json_string_value(value), json_string_length(value)};
}

/* {"id", "channel", "type", "time"}, or null before the first. */
static int read_previous(const json_t *previous, struct tp_buf *last) {
    if (json_is_null(previous))
        return 0;
    struct tp_context_event event = {
        .id = text_of(previous, "id"), .channel = text_of(previous, "channel"), .type = text_of(previous, "type")};
    if (!event.id.at || !event.channel.at || !event.type.at ||
        tp_time_parse(text_of(previous, "time"), &event.time_ms) < 0)
        return TP_ECORRUPT;
    tp_buf_adds(last, "\n" TP_STATE_LAST "\t");
    tp_context_last(&event, last);
    return 0;
}

/* "\n", the relation, TAB, "VERSION SEQUENCE" or "VERSION SEQUENCE CUSTOMER" */
static int read_other(const char *relation, const json_t *other, struct tp_buf *versions) {
    json_int_t version = json_integer_value(json_object_get(other, "version"));
    json_int_t sequence = json_integer_value(json_object_get(other, "sequence"));
    const json_t *customer = json_object_get(other, "customer");
    if (!other)
        return 0;
    if (version < 0 || version > TP_MAX_VERSION || sequence < 1 ||
        (customer && !tp_uuid_valid(text_of(other, "customer"))))
        return TP_ECORRUPT;
    tp_buf_addf(versions, "\n%s\t%" JSON_INTEGER_FORMAT " %" JSON_INTEGER_FORMAT, relation, version, sequence);
    if (customer)
        tp_buf_addf(versions, " %.*s", TP_FMT(text_of(other, "customer")));
    return 0;
}

static int read_versions(const json_t *context, struct tp_buf *versions) {
    int error = read_other(TP_STATE_SUPERSEDES, json_object_get(context, TP_STATE_SUPERSEDES), versions);
    if (!error && versions->len == 0)
        error = read_other(TP_STATE_SUPERSEDED_BY, json_object_get(context, TP_STATE_SUPERSEDED_BY), versions);
    return error;
}

/* They were sorted when they were written, and contain this one, unless another version of it was counted. */
static int read_counts(const json_t *object, struct tp_str channel, struct tp_buf *counts) {
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return TP_ECORRUPT;
    json_object_foreach((json_t *)(uintptr_t)object, name, value) {
        json_int_t before = json_integer_value(value) - (channel.at && tp_str_is(channel, name));
        if (!json_is_integer(value) || before < 0)
            return TP_ECORRUPT;
        if (before > 0)
            tp_buf_addf(counts, "\n" TP_STATE_COUNT "%s\t%" JSON_INTEGER_FORMAT, name, before);
    }
    return 0;
}

int tp_context_read(const json_t *context, const struct tp_context_event *event, uint64_t *ret_sequence,
                    struct tp_buf *last, struct tp_buf *counts, struct tp_buf *versions) {
    struct tp_str counted = event->channel;
    json_int_t sequence = json_integer_value(json_object_get(context, "sequence"));
    if (sequence < 1)
        return TP_ECORRUPT;
    int error = read_previous(json_object_get(context, "previous"), last);
    if (!error)
        error = read_versions(context, versions);
    if (versions->len > 0)
        counted = (struct tp_str){0};
    if (!error)
        error = read_counts(json_object_get(context, "counts"), counted, counts);
    if (!error)
        *ret_sequence = (uint64_t)sequence;
    return error ? error : last->failed || counts->failed || versions->failed ? TP_ENOMEM : 0;
}
