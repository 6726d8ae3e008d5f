#include "daemon/context/context.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"

static struct tp_str text_of(const json_t *state, const char *name) {
    const json_t *value = json_object_get(state, name);
    return (struct tp_str){json_string_value(value), json_string_length(value)};
}

static void write_member(const char *name, struct tp_str text, struct tp_buf *out) {
    tp_buf_addf(out, "\"%s\":", name);
    tp_json_write_string(text, out);
}

static void write_previous(const json_t *state, int64_t time_ms, struct tp_buf *out) {
    char time[TP_TIME_TEXT];
    tp_time_format(time_ms, time);
    tp_buf_adds(out, "{");
    write_member("id", text_of(state, TP_STATE_ID), out);
    tp_buf_addc(out, ',');
    write_member("channel", text_of(state, TP_STATE_CHANNEL), out);
    tp_buf_addc(out, ',');
    write_member("type", text_of(state, TP_STATE_TYPE), out);
    tp_buf_addc(out, ',');
    write_member("time", tp_str(time), out);
    tp_buf_adds(out, "}");
}

/* Seconds with as many of their three decimals as there are. */
static void write_seconds(int64_t ms, struct tp_buf *out) {
    int64_t size = llabs(ms);
    tp_buf_addf(out, "%s%" PRId64, ms < 0 ? "-" : "", size / 1000);
    if (size % 1000 == 0)
        return;
    tp_buf_addf(out, ".%03" PRId64, size % 1000);
    while (out->len > 0 && out->at[out->len - 1] == '0')
        out->len--;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum { MOST_CHANNELS = 128 }; /* append.lua keeps fewer */

/* Sorted by name, so that the bytes do not depend on the order in which Redis kept the state. */
static size_t channels_of(json_t *state, const char *names[MOST_CHANNELS]) {
    size_t n = 0;
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(state, name, value) {
        if (strncmp(name, TP_STATE_COUNT, strlen(TP_STATE_COUNT)) == 0 && n < MOST_CHANNELS)
            names[n++] = name + strlen(TP_STATE_COUNT);
    }
    qsort(names, n, sizeof names[0], compare_names);
    return n;
}

static json_int_t count_before(const json_t *state, const char *channel) {
    char name[128];
    snprintf(name, sizeof name, TP_STATE_COUNT "%s", channel);
    return json_integer_value(json_object_get(state, name));
}

static void write_count(const char *channel, json_int_t count, struct tp_buf *out) {
    if (out->len > 0 && out->at[out->len - 1] != '{')
        tp_buf_addc(out, ',');
    tp_json_write_string(tp_str(channel), out);
    tp_buf_addf(out, ":%" JSON_INTEGER_FORMAT, count);
}

static void write_counts(json_t *state, struct tp_str channel, struct tp_buf *out) {
    const char *names[MOST_CHANNELS];
    size_t n = channels_of(state, names);
    char own[64];
    bool written = false;
    snprintf(own, sizeof own, "%.*s", TP_FMT(channel));
    tp_buf_adds(out, "{");
    for (size_t i = 0; i < n; i++) {
        int order = strcmp(names[i], own);
        if (order > 0 && !written)
            write_count(own, 1, out);
        written = written || order >= 0;
        write_count(names[i], count_before(state, names[i]) + (order == 0), out);
    }
    if (!written)
        write_count(own, 1, out);
    tp_buf_adds(out, "}");
}

static void write_context(const struct tp_context_event *event, uint64_t sequence, json_t *state, struct tp_buf *out) {
    const json_t *time = json_object_get(state, TP_STATE_TIME);
    int64_t time_ms = json_integer_value(time);
    tp_buf_addf(out, "{\"sequence\":%" PRIu64 ",\"previous\":", sequence);
    if (time)
        write_previous(state, time_ms, out);
    else
        tp_buf_adds(out, "null");
    tp_buf_adds(out, ",\"gap_s\":");
    if (time)
        write_seconds(event->time_ms - time_ms, out);
    else
        tp_buf_adds(out, "null");
    bool switched = time && !tp_str_equal(text_of(state, TP_STATE_CHANNEL), event->channel);
    tp_buf_addf(out, ",\"channel_switch\":%s,\"counts\":", switched ? "true" : "false");
    write_counts(state, event->channel, out);
    tp_buf_adds(out, "}");
}

int tp_context_write(const struct tp_context_event *event, uint64_t sequence, struct tp_str before,
                     struct tp_buf *out) {
    json_t *state = before.len > 0 ? json_loadb(before.at, before.len, 0, NULL) : json_object();
    if (!json_is_object(state)) {
        json_decref(state);
        return TP_ECORRUPT;
    }
    write_context(event, sequence, state, out);
    json_decref(state);
    return out->failed ? TP_ENOMEM : 0;
}
