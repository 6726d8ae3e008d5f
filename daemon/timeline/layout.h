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
/* Big endian, as struct.pack('>I6') and '>I4' in the script. */
uint64_t tp_timeline_read_number(struct tp_reader *reader, size_t bytes);
/* TP_ECORRUPT when it is not what append.lua wrote. */
int tp_timeline_entry_read(struct tp_str bytes, struct tp_entry *ret);
