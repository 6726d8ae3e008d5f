/* A list in order of record. The cursor spares those who look for work the way over what is under way already; it is
 * moved back whenever an item returns to its start. */
#include "daemon/pipeline/window.h"

#include <assert.h>

void tp_window_init(struct tp_window *window) {
    *window = (struct tp_window){.oldest = NULL};
    window->newest = &window->oldest;
}

void tp_window_free(struct tp_window *window) {
    while (window->oldest) {
        struct tp_item *item = window->oldest;
        window->oldest = item->next;
        tp_item_free(item);
    }
    tp_held_clear(&window->held);
    tp_window_init(window);
}

void tp_window_add(struct tp_window *window, struct tp_item *item) {
    item->next = NULL;
    *window->newest = item;
    window->newest = &item->next;
    window->n_items++;
    window->n_bytes += item->packed.len;
    window->n_at_start += item->stage == TP_AT_START;
    if (!window->cursor)
        window->cursor = item;
}

struct tp_item *tp_window_next(struct tp_window *window) {
    struct tp_item *item = window->cursor;
    while (item && item->stage != TP_AT_START)
        item = item->next;
    window->cursor = item ? item->next : NULL;
    if (!item)
        return NULL;
    item->stage = TP_AT_TIMELINE;
    window->n_at_start--;
    return item;
}

void tp_window_put_aside(struct tp_window *window, struct tp_item *item) {
    assert(item->stage == TP_AT_TIMELINE);
    item->stage = TP_ASIDE;
    window->n_aside++;
    tp_held_add(&window->held, item);
}

/* The cursor may be behind it, or at the end. */
void tp_window_return(struct tp_window *window, struct tp_item *item) {
    assert(item->stage == TP_AT_TIMELINE);
    item->stage = TP_AT_START;
    window->n_at_start++;
    if (!window->cursor || item->record < window->cursor->record)
        window->cursor = item;
}

static void restart(struct tp_window *window, enum tp_stage stage) {
    for (struct tp_item *item = window->oldest; item; item = item->next)
        if (item->stage == stage) {
            item->stage = TP_AT_START;
            window->n_at_start++;
        }
    window->cursor = window->oldest;
}

void tp_window_take_up(struct tp_window *window) {
    if (window->n_aside == 0)
        return;
    window->n_aside = 0;
    tp_held_clear(&window->held);
    restart(window, TP_ASIDE);
}

bool tp_window_holds(const struct tp_window *window, const struct tp_item *item) {
    return tp_held_has(&window->held, item);
}

void tp_window_begin_again(struct tp_window *window) { restart(window, TP_AT_TIMELINE); }

bool tp_window_on_its_way(const struct tp_window *window) {
    const struct tp_item *item = window->oldest;
    while (item && (item->stage != TP_AT_KAFKA || item->is_rejection))
        item = item->next;
    return item != NULL;
}

bool tp_window_is_first(const struct tp_window *window, const struct tp_item *item) {
    const struct tp_item *older = window->oldest;
    while (older != item && older->stage >= TP_AT_KAFKA)
        older = older->next;
    return older == item;
}

struct tp_item *tp_window_leave(struct tp_window *window) {
    struct tp_item *item = window->oldest;
    if (!item || item->stage != TP_AT_END)
        return NULL;
    window->oldest = item->next;
    if (!window->oldest)
        window->newest = &window->oldest;
    if (window->cursor == item)
        window->cursor = item->next;
    window->n_items--;
    window->n_bytes -= item->packed.len;
    return item;
}
