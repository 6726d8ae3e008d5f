/* A page of a timeline. Redis gives stretches in order of time; the filters are applied here, and stretches are read on
 * until the page is full, the timeline ends, or enough was looked at for one request.
 *
 * A cursor names the last entry that was looked at: its time and sequence. The next page begins at that time and passes
 * over what lies up to that sequence, so that entries which arrive meanwhile move nothing. */
#include "daemon/view/view.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/uuid.h"
#include "daemon/context/context.h"
#include "daemon/timeline/timeline.h"

enum { STRETCH = 100, MOST_LOOKED_AT = 5000 };

struct page {
    const struct tp_settings *settings;
    struct tp_redis *redis;
    tp_view_done *done;
    void *arg;
    char customer_id[TP_UUID_TEXT];
    struct tp_buf wanted; /* channel and type, kept */
    struct tp_view_query query;

    bool has_last;
    int64_t last_ms; /* the last entry that was looked at */
    uint64_t last_sequence;
    size_t skip, looked_at, found;
    struct tp_buf json;
};

static void free_page(struct page *page) {
    tp_buf_free(&page->wanted);
    tp_buf_free(&page->json);
    free(page);
}

/* ---- one entry ---- */

static struct tp_str member(const json_t *root, const char *name) {
    const json_t *value = json_object_get(root, name);
    return (struct tp_str){json_string_value(value), json_string_length(value)};
}

static bool wanted(const struct page *page, const struct tp_context_event *event) {
    const struct tp_view_query *query = &page->query;
    return (query->channel.len == 0 || tp_str_equal(query->channel, event->channel)) &&
           (query->type.len == 0 || tp_str_equal(query->type, event->type));
}

static int write_entry(struct page *page, const struct tp_entry *entry, const struct tp_context_event *event) {
    struct tp_buf context = TP_BUF_INIT;
    const struct tp_resolved resolved = tp_entry_resolved(entry, tp_str(page->customer_id));
    int status = tp_context_write(event, entry->sequence, entry->before, &context);
    if (status == 0) {
        if (page->found++ > 0)
            tp_buf_addc(&page->json, ',');
        tp_interaction_compose(entry->json, entry->customer_at, &resolved, tp_buf_str(&context), &page->json);
    }
    tp_buf_free(&context);
    return status;
}

static int look_at(struct page *page, const struct tp_entry *entry, int64_t time_ms) {
    json_t *root = json_loadb(entry->json.at, entry->json.len, 0, NULL);
    const struct tp_context_event event = {member(root, "id"), member(root, "channel"), member(root, "type"), time_ms};
    int status = !root ? TP_ECORRUPT : wanted(page, &event) ? write_entry(page, entry, &event) : 0;
    json_decref(root);
    page->has_last = true;
    page->last_ms = time_ms;
    page->last_sequence = entry->sequence;
    page->looked_at++;
    return status;
}

/* ---- stretches ---- */

static void finish(struct page *page, int status, bool ended) {
    if (status == 0) {
        tp_buf_adds(&page->json, "],\"next\":");
        if (ended)
            tp_buf_adds(&page->json, "null}");
        else
            tp_buf_addf(&page->json, "\"%" PRIx64 "-%" PRIx64 "\"}", (uint64_t)page->last_ms, page->last_sequence);
        status = page->json.failed ? TP_ENOMEM : 0;
    }
    page->done(page->arg, status, status == 0 ? tp_buf_str(&page->json) : (struct tp_str){0});
    free_page(page);
}

static bool is_behind(const struct page *page, const struct tp_entry *entry, int64_t time_ms) {
    if (!page->has_last || time_ms != page->last_ms)
        return false;
    return page->query.ascending ? entry->sequence <= page->last_sequence : entry->sequence >= page->last_sequence;
}

static int ask(struct page *page);

static void on_customer(void *arg, int status, const struct tp_customer *customer) {
    (void)customer;
    finish(arg, status, true);
}

/* Nothing on the timeline: because the query leaves all out, or because there is no such customer? */
static void finish_empty(struct page *page) {
    int status = tp_timeline_read_customer(page->settings, page->redis, tp_str(page->customer_id), on_customer, page);
    if (status < 0)
        finish(page, status, true);
}

/* Entries of the cursor's own time that are behind it come again, and are passed over. When a whole stretch of them
 * comes, or of one time, the next one skips them. */
static void on_stretch(void *arg, int status, const struct tp_entry *entries, const int64_t *times, size_t n) {
    struct page *page = arg;
    size_t i = 0;
    while (status == 0 && i < n && is_behind(page, &entries[i], times[i]))
        i++;
    bool all_behind = i == n, had_last = page->has_last;
    int64_t before_ms = page->last_ms;
    for (; status == 0 && i < n && page->found < page->query.limit; i++)
        status = look_at(page, &entries[i], times[i]);
    bool ended = n < STRETCH && i == n;
    if (status == 0 && ended && !page->has_last) {
        finish_empty(page);
        return;
    }
    if (status < 0 || ended || page->found == page->query.limit || page->looked_at >= MOST_LOOKED_AT) {
        finish(page, status, ended);
        return;
    }
    page->skip = all_behind || (had_last && page->last_ms == before_ms) ? page->skip + n : 0;
    status = ask(page);
    if (status < 0)
        finish(page, status, false);
}

static int ask(struct page *page) {
    const struct tp_view_query *query = &page->query;
    bool forward = query->ascending;
    struct tp_stretch stretch = {
        .forward = forward,
        .from_ms = page->has_last ? page->last_ms
                   : forward      ? query->since_ms
                                  : query->until_ms,
        .until_ms = forward ? query->until_ms : query->since_ms,
        .skip = page->skip,
        .count = STRETCH,
    };
    return tp_timeline_read_stretch(page->settings, page->redis, tp_str(page->customer_id), &stretch, on_stretch, page);
}

/* ---- the query ---- */

/* 1 to 16 small hexadecimal digits at the front of `text`, which is moved on. */
static bool read_hex(struct tp_str *text, uint64_t *ret) {
    static const char digits[] = "0123456789abcdef";
    size_t len = 0;
    *ret = 0;
    for (; len < text->len && len <= 16; len++) {
        const char *digit = memchr(digits, text->at[len], 16);
        if (!digit)
            break;
        *ret = *ret << 4 | (uint64_t)(digit - digits);
    }
    *text = (struct tp_str){text->at + len, text->len - len};
    return len >= 1 && len <= 16;
}

static int read_cursor(struct page *page, struct tp_str cursor) {
    uint64_t ms = 0;
    if (cursor.len == 0)
        return 0;
    if (!read_hex(&cursor, &ms) || ms > INT64_MAX || cursor.len == 0 || cursor.at[0] != '-')
        return TP_EFORM;
    cursor = (struct tp_str){cursor.at + 1, cursor.len - 1};
    if (!read_hex(&cursor, &page->last_sequence) || cursor.len > 0)
        return TP_EFORM;
    page->last_ms = (int64_t)ms;
    page->has_last = true;
    return 0;
}

static void keep_words(struct page *page, const struct tp_view_query *query) {
    tp_buf_addstr(&page->wanted, query->channel);
    tp_buf_addstr(&page->wanted, query->type);
    if (page->wanted.len == 0)
        return;
    page->query.channel.at = page->wanted.at;
    page->query.type.at = page->wanted.at + query->channel.len;
}

int tp_view_timeline(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     const struct tp_view_query *query, tp_view_done *done, void *arg) {
    if (!tp_uuid_valid(customer_id))
        return TP_ENOTFOUND;
    struct page *page = calloc(1, sizeof *page);
    if (!page)
        return TP_ENOMEM;
    *page = (struct page){.settings = settings, .redis = redis, .done = done, .arg = arg, .query = *query};
    memcpy(page->customer_id, customer_id.at, customer_id.len);
    keep_words(page, query);
    tp_buf_addf(&page->json, "{\"customer\":\"%s\",\"events\":[", page->customer_id);
    int status = read_cursor(page, query->cursor);
    if (status == 0 && page->wanted.failed)
        status = TP_ENOMEM;
    if (status == 0)
        status = ask(page);
    if (status < 0)
        free_page(page);
    return status;
}
