/* Private to timeline/: the bytes of an entry, as append.lua writes them, and the words of its call. */
#pragma once

#include "common/buf.h"
#include "daemon/customer/keys.h"
#include "daemon/timeline/timeline.h"

/* What the daemon gives of an entry: >I4 customer_at, then the interaction's JSON. */
void tp_timeline_entry_tail(const struct tp_interaction *interaction, struct tp_buf *out);
/* TP_ECORRUPT when it is not what append.lua wrote. */
int tp_timeline_entry_read(struct tp_str bytes, struct tp_entry *ret);

/* ---- events.c: the events of a call, as customer.lua reads them ---- */

/* A node as the scripts see it: the eight bytes of this number. */
uint64_t tp_timeline_node(struct tp_str uuid);
/* Big endian, as struct.pack('>I6'). */
void tp_timeline_add_u48(struct tp_buf *out, uint64_t number);
/* home, released, and the keys of each customer, by first appearance; ret_indexes: whose an append is, from 1 on. */
void tp_timeline_keys(struct tp_append *const *appends, size_t n, struct tp_str prefix, struct tp_redis_words *words,
                      size_t *ret_indexes);
/* When the newest of them was received. */
int64_t tp_timeline_newest(struct tp_append *const *appends, size_t n);
/* The oldest time that is kept, since these are there. */
int64_t tp_timeline_oldest(const struct tp_settings *settings, struct tp_append *const *appends, size_t n);
/* The six words of an event. `scratch` is the caller's, so that its memory serves for all. */
void tp_timeline_event(const struct tp_append *append, uint64_t node, size_t customer, struct tp_redis_words *words,
                       struct tp_buf *scratch);
/* One word, which `scratch` has; it is empty again. */
void tp_timeline_word(struct tp_redis_words *words, struct tp_buf *scratch);
