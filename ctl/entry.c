/* An interaction in one line, the way a colleague would tell it: when, how long after the one before, where, which way,
 * what it was, and what was said. A day is named once, in its first row. */
#include "ctl/internal.h"

#include <string.h>

#include "common/error.h"

#define SWITCHED  "\xE2\x86\xAA " /* U+21AA: an arrow with a hook */
#define BETWEEN   " \xC2\xB7 "
#define ELLIPSIS  "\xE2\x80\xA6"
#define MOST_TEXT 160 /* columns of what somebody wrote */

bool tp_ctl_entries_new(struct tp_ctl_entries *ret, bool utc) {
    struct tp_ctl_clock clock = tp_ctl_clock(utc);
    const char *titles[] = {clock.utc ? "TIME (UTC)" : "TIME (local)", ">GAP", "  CHANNEL", "WAY", "TYPE", "ABOUT"};
    *ret = (struct tp_ctl_entries){.table = tp_ctl_table_new(titles, sizeof titles / sizeof titles[0]), .clock = clock};
    return ret->table != NULL;
}

static void move(struct tp_buf *text, struct tp_ctl_table *table) {
    tp_ctl_table_add(table, tp_buf_str(text));
    tp_buf_clear(text);
}

/* ---- the cells ---- */

/* "Mon 2026-11-02 09:30:00"; in the rows below of the same day, blanks and the time. */
static void write_time(struct tp_ctl_entries *entries, struct tp_str time, struct tp_buf *out) {
    tp_ctl_add_time(out, entries->clock, "%a %Y-%m-%d", time);
    size_t len = out->len;
    char day[sizeof entries->day] = "";
    if (len < sizeof day)
        memcpy(day, out->at, len);
    if (*day && strcmp(day, entries->day) == 0)
        memset(out->at, ' ', len);
    memcpy(entries->day, day, sizeof day);
    tp_ctl_add_time(out, entries->clock, " %H:%M:%S", time);
}

static unsigned hue_of(struct tp_str channel) {
    static const char *const usual[] = {"web", "email", "call_centre", "social", "chat", "sms"};
    unsigned n = sizeof usual / sizeof usual[0], hash = 0;
    for (unsigned i = 0; i < n; i++)
        if (tp_str_is(channel, usual[i]))
            return TP_CTL_HUES + i;
    for (size_t i = 0; i < channel.len; i++)
        hash = hash * 31 + (unsigned char)channel.at[i];
    return TP_CTL_HUES + hash % n;
}

static const char *way_of(struct tp_str direction) {
    return tp_str_is(direction, "inbound")    ? "in"
           : tp_str_is(direction, "outbound") ? "out"
           : tp_str_is(direction, "internal") ? "own"
                                              : "";
}

/* ---- what it was about ---- */

static void between(struct tp_buf *out) {
    if (out->len > 0)
        tp_buf_adds(out, BETWEEN);
}

static void add_words(struct tp_buf *out, const char *before, struct tp_str words) {
    if (words.len == 0)
        return;
    between(out);
    tp_buf_adds(out, before);
    tp_buf_addstr(out, words);
}

static void add_text(struct tp_buf *out, struct tp_str text) {
    size_t fits = tp_ctl_fitting(text, MOST_TEXT);
    if (text.len == 0)
        return;
    between(out);
    tp_buf_add(out, text.at, fits);
    tp_buf_adds(out, fits < text.len ? ELLIPSIS : "");
}

static void add_seconds(struct tp_buf *out, const char *before, const json_t *seconds) {
    if (!json_is_number(seconds))
        return;
    between(out);
    tp_buf_adds(out, before);
    tp_ctl_add_gap(out, json_number_value(seconds));
}

/* "delivery: resolved, a new parcel on its way" */
static void add_issue(struct tp_buf *out, const json_t *issue) {
    struct tp_str topic = tp_ctl_member(issue, "topic"), status = tp_ctl_member(issue, "status");
    struct tp_str resolution = tp_ctl_member(issue, "resolution");
    if (topic.len == 0 && status.len == 0 && resolution.len == 0)
        return;
    add_words(out, "", topic.len ? topic : TP_STR("issue"));
    tp_buf_addf(out, "%s%.*s", status.len ? ": " : "", TP_FMT(status));
    tp_buf_addf(out, "%s%.*s", resolution.len ? ", " : "", TP_FMT(resolution));
}

/* A text as it is, all else as JSON. */
static void add_value(struct tp_buf *out, struct tp_json *json, const json_t *value) {
    if (json_is_string(value))
        tp_buf_add(out, json_string_value(value), json_string_length(value));
    else
        tp_json_write(json, value, out);
}

/* "csat 4 of 5" */
static void add_feedback(struct tp_buf *out, struct tp_json *json, json_t *feedback) {
    const char *name = NULL;
    json_t *value = NULL;
    const json_t *scale = json_object_get(feedback, "scale");
    json_object_foreach(feedback, name, value) {
        if (value == scale)
            continue;
        add_words(out, "", tp_str(name));
        tp_buf_addc(out, ' ');
        add_value(out, json, value);
        if (scale) {
            tp_buf_adds(out, " of ");
            add_value(out, json, scale);
        }
    }
}

static void add_attributes(struct tp_buf *out, struct tp_json *json, json_t *attributes) {
    const char *name = NULL;
    json_t *value = NULL;
    size_t n = 0;
    json_object_foreach(attributes, name, value) {
        if (n++ == 0)
            between(out);
        tp_buf_addf(out, "%s%s=", n > 1 ? " " : "", name);
        add_value(out, json, value);
    }
}

static void write_about(struct tp_json *json, const json_t *event, struct tp_buf *out) {
    add_words(out, "", tp_ctl_member(event, "subject"));
    add_text(out, tp_ctl_member(event, "text"));
    add_words(out, "", tp_ctl_member(event, "outcome"));
    add_issue(out, json_object_get(event, "issue"));
    add_feedback(out, json, json_object_get(event, "feedback"));
    add_words(out, "agent ", tp_ctl_member(event, "agent"));
    add_seconds(out, "waited ", json_object_get(event, "wait_s"));
    add_seconds(out, "took ", json_object_get(event, "duration_s"));
    add_attributes(out, json, json_object_get(event, "attributes"));
}

/* ---- the row ---- */

void tp_ctl_entries_add(struct tp_ctl_entries *entries, struct tp_json *json, const json_t *event) {
    struct tp_ctl_table *table = entries->table;
    const json_t *context = json_object_get(event, "context"), *gap = json_object_get(context, "gap_s");
    bool switched = json_is_true(json_object_get(context, "channel_switch"));
    struct tp_str channel = tp_ctl_member(event, "channel");
    struct tp_buf text = TP_BUF_INIT;
    write_time(entries, tp_ctl_member(event, "time"), &text);
    move(&text, table);
    if (json_is_number(gap))
        tp_ctl_add_gap(&text, json_number_value(gap));
    move(&text, table);
    tp_ctl_table_colour(table, TP_CTL_DIM);
    tp_ctl_table_addf(table, "%s%.*s", switched ? SWITCHED : "  ", TP_FMT(channel));
    tp_ctl_table_colour(table, hue_of(channel));
    tp_ctl_table_add(table, tp_str(way_of(tp_ctl_member(event, "direction"))));
    tp_ctl_table_colour(table, TP_CTL_DIM);
    tp_ctl_table_add(table, tp_ctl_member(event, "type"));
    write_about(json, event, &text);
    move(&text, table);
    tp_buf_free(&text);
}
