/* A context taken apart: what the state was before, from what was said of it. */
#include "daemon/context/context.h"

#include "common/error.h"
#include "common/time.h"

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

/* They were sorted when they were written, and contain this one. */
static int read_counts(const json_t *object, struct tp_str channel, struct tp_buf *counts) {
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return TP_ECORRUPT;
    json_object_foreach((json_t *)(uintptr_t)object, name, value) {
        json_int_t before = json_integer_value(value) - tp_str_is(channel, name);
        if (!json_is_integer(value) || before < 0)
            return TP_ECORRUPT;
        if (before > 0)
            tp_buf_addf(counts, "\n" TP_STATE_COUNT "%s\t%" JSON_INTEGER_FORMAT, name, before);
    }
    return 0;
}

int tp_context_read(const json_t *context, const struct tp_context_event *event, uint64_t *ret_sequence,
                    struct tp_buf *last, struct tp_buf *counts) {
    json_int_t sequence = json_integer_value(json_object_get(context, "sequence"));
    if (sequence < 1)
        return TP_ECORRUPT;
    int error = read_previous(json_object_get(context, "previous"), last);
    if (!error)
        error = read_counts(json_object_get(context, "counts"), event->channel, counts);
    if (!error)
        *ret_sequence = (uint64_t)sequence;
    return error ? error : last->failed || counts->failed ? TP_ENOMEM : 0;
}
