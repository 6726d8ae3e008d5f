/* A customer's state, and the interaction that arrived last, which is kept there in one line. */
#include "daemon/context/context.h"

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"
#include "daemon/context/internal.h"

bool tp_context_state_next(struct tp_str *rest, struct tp_str *ret_name, struct tp_str *ret_value) {
    if (rest->len == 0 || rest->at[0] != '\n')
        return false;
    struct tp_str left = {rest->at + 1, rest->len - 1};
    const char *end = left.len > 0 ? memchr(left.at, '\n', left.len) : NULL;
    struct tp_str line = {left.at, end ? (size_t)(end - left.at) : left.len};
    struct tp_str name = tp_str_cut(&line, '\t');
    if (name.len == 0 || line.at == name.at + name.len) /* no TAB behind it */
        return false;
    *ret_name = name;
    *ret_value = line;
    *rest = (struct tp_str){line.at + line.len, (size_t)(left.at + left.len - line.at) - line.len};
    return true;
}

struct tp_str tp_context_state_get(struct tp_str state, const char *name) {
    struct tp_str found = {0}, value = {0};
    while (tp_context_state_next(&state, &found, &value))
        if (tp_str_is(found, name))
            return value;
    return (struct tp_str){0};
}

/* ---- the last interaction ---- */

void tp_context_last(const struct tp_context_event *event, struct tp_buf *out) {
    tp_buf_addi(out, event->time_ms);
    tp_buf_addc(out, '\t');
    tp_buf_addstr(out, event->channel);
    tp_buf_addc(out, '\t');
    tp_buf_addstr(out, event->type);
    tp_buf_addc(out, '\t');
    tp_json_write_string(event->id, out);
}

size_t tp_context_bring(const struct tp_context_event *event, struct tp_buf *out) {
    size_t begin = out->len;
    tp_buf_adds(out, TP_STATE_LAST "\t");
    tp_context_last(event, out);
    size_t len = out->len - begin;
    tp_buf_adds(out, TP_STATE_COUNT);
    tp_buf_addstr(out, event->channel);
    return len;
}

static bool read_ms(struct tp_str text, int64_t *ret) {
    int64_t ms = 0;
    if (text.len == 0 || text.len > 15)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        ms = ms * 10 + (text.at[i] - '0');
    }
    *ret = ms;
    return true;
}

int tp_last_read(struct tp_str value, struct tp_last *ret) {
    struct tp_last last = {0};
    bool sound = read_ms(tp_str_cut(&value, '\t'), &last.time_ms);
    last.channel = tp_str_cut(&value, '\t');
    last.type = tp_str_cut(&value, '\t');
    last.id = value;
    if (!sound || last.id.len < 2 || last.id.at[0] != '"' || last.id.at[last.id.len - 1] != '"')
        return TP_ECORRUPT;
    *ret = last;
    return 0;
}

void tp_last_write(const struct tp_last *last, struct tp_buf *out) {
    char time[TP_TIME_TEXT];
    tp_time_format(last->time_ms, time);
    tp_buf_adds(out, "{\"id\":");
    tp_buf_addstr(out, last->id);
    tp_buf_adds(out, ",\"channel\":");
    tp_json_write_string(last->channel, out);
    tp_buf_adds(out, ",\"type\":");
    tp_json_write_string(last->type, out);
    tp_buf_adds(out, ",\"time\":\"");
    tp_buf_adds(out, time);
    tp_buf_adds(out, "\"}");
}

int tp_context_last_write(struct tp_str value, struct tp_buf *out) {
    struct tp_last last;
    int status = tp_last_read(value, &last);
    if (status == 0)
        tp_last_write(&last, out);
    return status;
}
