/* Private to pipeline/: the window, all records that were read from the journal and are not yet released, in order of
 * record. One thread. */
#pragma once

#include <stddef.h>

#include "daemon/pipeline/held.h"
#include "daemon/pipeline/item.h"

struct tp_window {
    struct tp_item *oldest, **newest;
    struct tp_item *cursor; /* nothing before it is at its start; NULL: nothing is */
    size_t n_items, n_bytes, n_at_start, n_aside;
    struct tp_held held; /* whose items are aside */
};

void tp_window_init(struct tp_window *window);
void tp_window_free(struct tp_window *window); /* its items with it, not itself */
/* Takes the item, whose record is newer than all others. */
void tp_window_add(struct tp_window *window, struct tp_item *item);
/* The next that is at its start, which it leaves: it is at the timeline now. NULL when there is none. */
struct tp_item *tp_window_next(struct tp_window *window);
/* Aside: it failed by itself, or waits behind one of its customer that did, and is to be tried again in a while; at its
 * start again, when that while is over. */
void tp_window_put_aside(struct tp_window *window, struct tp_item *item);
void tp_window_take_up(struct tp_window *window);
/* At its start again, at once. */
void tp_window_return(struct tp_window *window, struct tp_item *item);
/* Whether one of its customer is aside, which it must not overtake. */
bool tp_window_holds(const struct tp_window *window, const struct tp_item *item);
/* What was at the timeline and got no answer is at its start again. */
void tp_window_begin_again(struct tp_window *window);
/* Whether an interaction has its place on the timeline and the broker does not have it yet. */
bool tp_window_on_its_way(const struct tp_window *window);
/* Whether all that are older have their places. */
bool tp_window_is_first(const struct tp_window *window, const struct tp_item *item);
/* The oldest, when it is at its end: no longer the window's. NULL otherwise. */
struct tp_item *tp_window_leave(struct tp_window *window);
