/* Private to timeline/: the keys of a customer and the bytes of an entry, as append.lua writes them. */
#pragma once

#include "common/buf.h"
#include "daemon/redis/home.h"
#include "daemon/timeline/timeline.h"

static inline struct tp_str lane_prefix(const struct tp_settings *settings, unsigned lane,
                                        char room[TP_HOME_PREFIX_BYTES]) {
    return (struct tp_str){room, tp_home_prefix(settings, TP_HOME_LANE, lane, room)};
}

/* The words "PREFIXc:ID", "PREFIXr:ID" and "PREFIXt:ID". */
void tp_timeline_state_key(struct tp_redis_words *words, struct tp_str prefix, struct tp_str customer_id);
void tp_timeline_recents_key(struct tp_redis_words *words, struct tp_str prefix, struct tp_str customer_id);
void tp_timeline_line_key(struct tp_redis_words *words, struct tp_str prefix, struct tp_str customer_id);

/* What the daemon gives of an entry: >I4 customer_at, then the interaction's JSON. */
void tp_timeline_entry_tail(const struct tp_interaction *interaction, struct tp_buf *out);
/* So many identifiers, and the bytes of their lines and of those of their origins. */
struct tp_mapping tp_timeline_mapping_read(struct tp_reader *reader, size_t n, size_t identifiers_len,
                                           size_t origins_len);
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
