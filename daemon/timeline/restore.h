/* Entries put back as Kafka has them: the words of one call of restore.lua, for a lane that is closed. The caller sends
 * them and reads the answers. Each is put back once, however often it is given. Pure. */
#pragma once

#include "daemon/timeline/timeline.h"

extern struct tp_redis_script tp_timeline_restore_script;

struct tp_restored {
    struct tp_append append; /* as it was appended */
    struct tp_str node;      /* whose record it was: a UUID */
    uint64_t sequence;
    uint32_t attached;
    bool gave_up;               /* its customer has given a member up, before or behind this */
    struct tp_str merged;       /* as in struct tp_resolved */
    struct tp_str last, counts; /* the state before, for where the entry before it is lacking */
    struct tp_str versions;     /* what it tells of another version, a line of the state before; mostly "" */
};

/* The answer for an entry: how many before it are lacking, or one of these. Those put back later fill a gap. */
enum { TP_RESTORED_THERE = -1, TP_RESTORED_FILLED = -2, TP_RESTORED_BROKEN = -3 };

struct tp_restore_call {
    const struct tp_settings *settings;
    unsigned lane;
    uint64_t repair;
    struct tp_str released; /* of tp_timeline_released */
    struct tp_restored *const *entries;
    size_t n; /* up to TP_TIMELINE_MOST_EVENTS */
};
/* Returns how many of the words are keys. */
size_t tp_timeline_restore(const struct tp_restore_call *call, struct tp_redis_words *words);
/* Adds that a node has released its records below `frontier`: the call wants it of all that are known. */
void tp_timeline_released(struct tp_str node, uint64_t frontier, struct tp_buf *out);
