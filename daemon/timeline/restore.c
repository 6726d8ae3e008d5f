/* The words of a call: those that an append has, and behind each event where it stands and what was before it. */
#include "daemon/timeline/restore.h"

#include <assert.h>
#include <endian.h>

#include "daemon/timeline/layout.h"

#include "restore.lua.h"

struct tp_redis_script tp_timeline_restore_script = {.name = "restore", .text = tp_script_restore};

static void add_text(struct tp_buf *out, struct tp_str text) {
    uint32_t len = htobe32((uint32_t)text.len);
    tp_buf_add(out, &len, sizeof len);
    tp_buf_addstr(out, text);
}

/* As restore.lua reads it. */
static void write_place(const struct tp_restored *entry, struct tp_buf *out) {
    uint32_t attached = htobe32(entry->attached);
    tp_timeline_add_u48(out, entry->sequence);
    tp_buf_add(out, &attached, sizeof attached);
    tp_buf_addc(out, entry->gave_up ? '\1' : '\0');
    add_text(out, entry->merged);
    add_text(out, entry->last);
    add_text(out, entry->versions);
    tp_buf_addstr(out, entry->counts);
}

size_t tp_timeline_restore(const struct tp_restore_call *call, struct tp_redis_words *words) {
    const struct tp_settings *settings = call->settings;
    char room[TP_HOME_PREFIX_BYTES];
    struct tp_append *appends[TP_TIMELINE_MOST_EVENTS];
    size_t customers[TP_TIMELINE_MOST_EVENTS];
    struct tp_buf scratch = TP_BUF_INIT;
    assert(call->n <= TP_TIMELINE_MOST_EVENTS);
    for (size_t i = 0; i < call->n; i++)
        appends[i] = &call->entries[i]->append;
    tp_redis_words_clear(words);
    tp_timeline_keys(appends, call->n, tp_customer_prefix(settings, call->lane, room), words, customers);
    size_t n_keys = words->n;
    tp_redis_number(words, (int64_t)call->repair);
    tp_redis_number(words, settings->timeline.max_events);
    tp_redis_number(words, settings->timeline.recent_events);
    tp_redis_number(words, tp_timeline_oldest(settings, appends, call->n));
    tp_redis_word(words, call->released);
    for (size_t i = 0; i < call->n; i++) {
        tp_timeline_event(appends[i], tp_timeline_node(call->entries[i]->node), customers[i], words, &scratch);
        write_place(call->entries[i], &scratch);
        tp_timeline_word(words, &scratch);
    }
    tp_buf_free(&scratch);
    return n_keys;
}

void tp_timeline_released(struct tp_str node, uint64_t frontier, struct tp_buf *out) {
    uint64_t number = tp_timeline_node(node);
    tp_buf_add(out, &number, sizeof number);
    tp_timeline_add_u48(out, frontier);
}
