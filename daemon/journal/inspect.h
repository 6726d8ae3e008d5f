/* A look at a journal's directory, as it lies there: a copy, one that no daemon has open, or one beside a running
 * daemon. No byte of it is changed and its lock is not taken. Records and damage are found by the code that recovery
 * and delivery use, and a torn end is told from corruption by the same rule (format.h). */
#pragma once

#include "daemon/journal/journal.h"

enum tp_segment_state {
    TP_SEGMENT_SPARE,  /* made and not begun */
    TP_SEGMENT_ACTIVE, /* the last that was begun */
    TP_SEGMENT_SEALED, /* nothing is written to it any more */
};

/* A slot of the checkpoint. */
struct tp_inspect_slot {
    int status; /* 0; TP_ECORRUPT; TP_ECONFIG: of another version; TP_ENOTFOUND: there is no such file */
    uint64_t generation, frontier, last, segment;
};

struct tp_inspect_segment {
    uint64_t number;
    enum tp_segment_state state;
    int status;           /* 0, or TP_ECONFIG: another node's or version's; not looked into */
    uint64_t bytes;       /* of the file */
    uint64_t first, last; /* numbers of its sound records; 0: it has none */
    uint64_t interactions, rejections, splits, unknown; /* how many of each type */
    int64_t received_from_ms, received_to_ms;           /* the least and the greatest of its records */
};

enum tp_damage_kind {
    TP_DAMAGE_CORRUPT,    /* bytes that were synced once and are not what was written */
    TP_DAMAGE_MISSING,    /* records that were synced once, and no bytes of them */
    TP_DAMAGE_TORN,       /* the end of a group that nobody was told of: cut off at the next start */
    TP_DAMAGE_UNFINISHED, /* the same while a daemon has the journal open: it is being written */
};
struct tp_inspect_damage {
    enum tp_damage_kind kind;
    uint64_t segment, from, to; /* bytes of its file, `to` not among them */
    uint64_t first, last;       /* numbers of the records that are lost by it; 0: not known, or none */
};

struct tp_inspection {
    char node[TP_UUID_TEXT]; /* "" when not known */
    int node_status;         /* 0; TP_ENOTFOUND, TP_ECORRUPT: taken from the segments; TP_ECONFIG: of another version */
    bool in_use;             /* a process on this machine holds the journal's lock */
    struct tp_inspect_slot slots[2];
    uint64_t frontier; /* by the newer slot: all below is released; 0 when neither is sound */
    size_t n_segments, n_damage;
    struct tp_inspect_segment *segments;        /* by number */
    struct tp_inspect_damage *damage;           /* in the journal's order */
    uint64_t bytes, records, released, pending; /* of all segments */
};

struct tp_inspect_record {
    const struct tp_journal_record *record; /* until the callback returns */
    uint64_t segment, at, size;             /* its segment, its place there, and its bytes with its head */
};

/* TP_ENOTFOUND: no such directory. TP_EIO, TP_ENOMEM. `said` gets a line for what stands in the way of looking.
 * `on_record` (NULL: none) sees each sound record in order, and answers whether to go on; if not, the result is that of
 * the part that was seen. */
int tp_journal_inspect(const char *dir, bool (*on_record)(void *arg, const struct tp_inspect_record *record), void *arg,
                       struct tp_buf *said, struct tp_inspection **ret);
void tp_inspection_free(struct tp_inspection *inspection);
/* The name of a segment's file. */
#define TP_SEGMENT_NAME 48
void tp_segment_name(uint64_t number, char ret[TP_SEGMENT_NAME]);
