/* A page of a timeline: what a root and its members have (union.h), composed as it was forwarded, each under its own
 * customer's id. The filters are applied here, until the page is full, the timeline ends, or enough was looked at for
 * one request.
 *
 * A cursor names the last entry that was looked at: its time and sequence, and whose it is. The next page begins behind
 * that place in the order, so that neither entries nor merges that come meanwhile move anything. Without a name it is
 * an entry of the one that is asked for; that is said only of a root, so that a cursor serves under the root's id too.
 */
#include "daemon/view/internal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/uuid.h"
#include "daemon/context/context.h"
#include "daemon/timeline/timeline.h"
#include "daemon/view/union.h"

enum { MOST_LOOKED_AT = 5000 };

struct page {
    const struct tp_settings *settings;
    struct tp_redis *redis;
    tp_view_done *done;
    void *arg;
    char requested[TP_UUID_TEXT], root[TP_UUID_TEXT];
    struct tp_buf wanted; /* channel and type, kept */
    struct tp_view_query query;
    struct tp_union *line;

    bool has_last;
    struct tp_union_place last; /* the last entry that was looked at */
    char last_id[TP_UUID_TEXT]; /* its customer */
    size_t looked_at, found;
    struct tp_buf json;
};

static void free_page(struct page *page) {
    tp_union_free(page->line);
    tp_buf_free(&page->wanted);
    tp_buf_free(&page->json);
    free(page);
}

static void set_last(struct page *page, const struct tp_union_place *place) {
    page->has_last = true;
    page->last = *place;
    memcpy(page->last_id, place->customer_id.at, place->customer_id.len);
    page->last.customer_id = tp_str(page->last_id);
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

static int write_entry(struct page *page, const struct tp_union_entry *found, const struct tp_context_event *event) {
    struct tp_buf context = TP_BUF_INIT;
    const struct tp_entry *entry = &found->entry;
    const struct tp_resolved resolved = tp_entry_resolved(entry, found->place.customer_id);
    int status = tp_context_write(event, entry->sequence, entry->before, &context);
    if (status == 0) {
        if (page->found++ > 0)
            tp_buf_addc(&page->json, ',');
        tp_interaction_compose(entry->json, entry->customer_at, &resolved, tp_buf_str(&context), &page->json);
    }
    tp_buf_free(&context);
    return status;
}

static int look_at(struct page *page, const struct tp_union_entry *found) {
    struct tp_str json = found->entry.json;
    json_t *root = json_loadb(json.at, json.len, 0, NULL);
    const struct tp_context_event event = {member(root, "id"), member(root, "channel"), member(root, "type"),
                                           found->place.time_ms};
    int status = !root ? TP_ECORRUPT : wanted(page, &event) ? write_entry(page, found, &event) : 0;
    json_decref(root);
    set_last(page, &found->place);
    page->looked_at++;
    return status;
}

/* ---- the page ---- */

static void write_cursor(struct page *page) {
    const struct tp_union_place *last = &page->last;
    tp_buf_addf(&page->json, "\"%" PRIx64 "-%" PRIx64, (uint64_t)last->time_ms, last->sequence);
    if (strcmp(page->last_id, page->root) != 0 || strcmp(page->root, page->requested) != 0)
        tp_buf_addf(&page->json, "-%s", page->last_id);
    tp_buf_addc(&page->json, '"');
}

static void finish(struct page *page, int status, bool ended) {
    if (status == 0) {
        tp_buf_adds(&page->json, "],\"next\":");
        if (ended)
            tp_buf_adds(&page->json, "null");
        else
            write_cursor(page);
        tp_buf_addc(&page->json, '}');
        status = page->json.failed ? TP_ENOMEM : 0;
    }
    page->done(page->arg, status, status == 0 ? tp_buf_str(&page->json) : (struct tp_str){0});
    free_page(page);
}

static bool is_full(const struct page *page) {
    return page->found == page->query.limit || page->looked_at >= MOST_LOOKED_AT;
}

static void on_read(void *arg, int status);

static void go_on(struct page *page) {
    struct tp_union_entry found;
    enum tp_union_next next = tp_union_look(page->line, &found);
    int status = 0;
    while (status == 0 && next == TP_UNION_ENTRY && !is_full(page)) {
        status = look_at(page, &found);
        tp_union_pass(page->line);
        next = tp_union_look(page->line, &found);
    }
    if (status == 0 && next == TP_UNION_UNREAD && !is_full(page))
        tp_union_read(page->line, on_read, page);
    else
        finish(page, status, next == TP_UNION_END);
}

static void on_read(void *arg, int status) {
    if (status < 0)
        finish(arg, status, false);
    else
        go_on(arg);
}

static void on_root(void *arg, int status, struct tp_str id, const struct tp_customer *root) {
    struct page *page = arg;
    const struct tp_view_query *query = &page->query;
    const struct tp_union_span span = {query->ascending, query->since_ms, query->until_ms,
                                       page->has_last ? &page->last : NULL};
    if (status == 0)
        status = tp_union_new(page->settings, page->redis, id, root, &span, &page->line);
    if (status < 0) {
        finish(page, status, false);
        return;
    }
    memcpy(page->root, id.at, id.len);
    tp_buf_addf(&page->json, "{\"customer\":\"%s\"", page->root);
    tp_view_write_requested(tp_str(page->requested), id, &page->json);
    tp_buf_adds(&page->json, ",\"events\":[");
    go_on(page);
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

/* "MS-SEQUENCE" or "MS-SEQUENCE-ID" */
static int read_cursor(struct page *page, struct tp_str cursor) {
    uint64_t ms = 0;
    struct tp_union_place place = {.customer_id = tp_str(page->requested)};
    if (cursor.len == 0)
        return 0;
    if (!read_hex(&cursor, &ms) || ms > INT64_MAX || cursor.len == 0 || cursor.at[0] != '-')
        return TP_EFORM;
    cursor = (struct tp_str){cursor.at + 1, cursor.len - 1};
    if (!read_hex(&cursor, &place.sequence))
        return TP_EFORM;
    if (cursor.len > 0 && cursor.at[0] == '-')
        place.customer_id = (struct tp_str){cursor.at + 1, cursor.len - 1};
    else if (cursor.len > 0)
        return TP_EFORM;
    if (!tp_uuid_valid(place.customer_id))
        return TP_EFORM;
    place.time_ms = (int64_t)ms;
    set_last(page, &place);
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
    memcpy(page->requested, customer_id.at, customer_id.len);
    keep_words(page, query);
    int status = read_cursor(page, query->cursor);
    if (status == 0 && page->wanted.failed)
        status = TP_ENOMEM;
    if (status == 0)
        status = tp_view_root(settings, redis, customer_id, tp_customer_read_spans, on_root, page);
    if (status < 0)
        free_page(page);
    return status;
}
