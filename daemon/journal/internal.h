/* What the journal's files share. In reading order: format.h, disk.c, record.c, segment.c, scan.c, checkpoint.c,
 * node.c, survey.c, recover.c, inspect.c, marks.c, room.c, group.c, writer.c, reader.c, journal.c. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/uio.h>

#include "daemon/journal/format.h"
#include "daemon/journal/inspect.h"
#include "daemon/journal/journal.h"

/* ---- disk.c: files, whole or not at all. TP_EIO leaves the reason in errno. ---- */
int tp_disk_read(int fd, void *to, size_t len, uint64_t at, size_t *ret_len); /* less only at the end of the file */
int tp_disk_write(int fd, struct iovec *parts, size_t n, uint64_t at);        /* uses up `parts` */
int tp_disk_load(int dir, const char *name, void *to, size_t len, size_t *ret_len); /* TP_ENOTFOUND */
int tp_disk_sync_dir(int dir);
/* Written beside, synced, renamed over `name`, and the directory synced. */
int tp_disk_replace(int dir, const char *name, const void *bytes, size_t len);
/* The head at the beginning and the checksum at the end of `len` bytes. */
void tp_disk_seal(void *bytes, size_t len, const char *magic);
/* TP_ECORRUPT, or TP_ECONFIG when it is sound but of another version. */
int tp_disk_check(const void *bytes, size_t len, const char *magic);
/* One line "what: reason" from errno for the person who starts the daemon; gives TP_EIO. */
int tp_disk_say(struct tp_buf *said, const char *what);
int tp_disk_say_version(struct tp_buf *said, const char *what); /* that `what` is of another one; TP_ECONFIG */

/* ---- record.c ---- */
uint64_t tp_record_seed(const char *node, uint64_t segment);
size_t tp_record_size(size_t payload); /* on disk */
void tp_record_add(struct tp_buf *out, enum tp_record_type type, struct tp_str payload);
/* Completes what add began; gives the record's size on disk. `left`: bytes of its batch from here on. */
size_t tp_record_seal(char *at, size_t left, uint64_t seed, uint64_t number, uint64_t synced, int64_t received_ms);
/* Whether the head can be one at all: a cheap look before the checksum. `left`: bytes up to the end. */
bool tp_record_plausible(const struct tp_disk_record *head, uint64_t expect, uint64_t left);
bool tp_record_sound(const char *at, size_t payload, uint64_t seed);

/* ---- segment.c ---- */
struct tp_segment {
    struct tp_segment *next; /* the one with the next higher number */
    uint64_t number;
    uint64_t first, last; /* numbers of its records; 0: not known yet */
    int64_t received_ms;  /* of its first record; 0: not known */
    uint64_t size;        /* bytes that it takes on disk */
    uint64_t end;         /* bytes that may be read: all below is synced */
    int fd;
    enum tp_segment_state state;
    bool headed;   /* its header is sound */
    bool orphaned; /* removed while it was being read: it keeps its room until the reader frees it */
};
/* The segment number in a file's name, or 0. */
uint64_t tp_segment_parse(const char *name);
void tp_segment_node(int dir, uint64_t number, char ret[TP_UUID_TEXT]); /* whose it is; untouched if unknown */
/* Preallocated and synced. TP_EFULL when there is no room (or no file descriptor) for it at the moment. */
int tp_segment_make(int dir, uint64_t number, uint64_t size, struct tp_segment **ret);
/* Opens it, O_RDONLY or O_RDWR, and looks at its header. TP_ECONFIG when it is another node's or of another version,
 * with a line said. */
int tp_segment_open(int dir, uint64_t number, int access, const char *node, struct tp_buf *said,
                    struct tp_segment **ret);
void tp_segment_header(const struct tp_segment *segment, const char *node, struct tp_disk_segment *ret);
int tp_segment_unlink(int dir, const struct tp_segment *segment); /* the directory is not synced yet */
void tp_segment_free(struct tp_segment *segment);                 /* closes the file; NULL is fine */

/* ---- scan.c: through a segment, record by record, over damage ---- */
enum tp_scan_event { TP_SCAN_END, TP_SCAN_RECORD, TP_SCAN_DAMAGE };
struct tp_scan {
    int fd;
    uint64_t seed, at, end;
    uint64_t expect;   /* the least number that the next record may have */
    uint64_t from, to; /* the damage, after TP_SCAN_DAMAGE */
    bool more;         /* after TP_SCAN_RECORD: the next one is of the same batch */
    struct tp_buf window;
    uint64_t window_at;
};
void tp_scan_start(struct tp_scan *scan, const struct tp_segment *segment, const char *node, uint64_t expect);
void tp_scan_stop(struct tp_scan *scan); /* at no segment, with nothing to come; keeps the window's memory */
/* An enum tp_scan_event, TP_EIO or TP_ENOMEM; the scan then stands where it stood. After TP_SCAN_RECORD the payload
 * points into the window until the next call. */
int tp_scan_next(struct tp_scan *scan, struct tp_journal_record *ret, uint64_t *ret_synced);

/* ---- survey.c ---- */
struct tp_survey {
    uint64_t records, last, synced; /* of sound records */
    uint64_t end;                   /* behind the last byte that counts: the end of a batch */
    bool cut;                       /* there is more behind `end`, and it is torn */
};
/* The numbers of the segments that there are, ascending; the caller's to free. */
int tp_survey_list(int dir, uint64_t **ret, size_t *ret_n);
/* Through the segment up to its end or to what is torn: damage, or a batch without its end, above `synced`. */
int tp_survey(struct tp_scan *scan, const struct tp_segment *segment, const char *node, uint64_t expect,
              uint64_t synced, struct tp_survey *ret);
/* Whether the damage that the scan met was promised to nobody. */
bool tp_survey_torn(const struct tp_scan *scan, uint64_t synced);
/* From the newest segment back, one a call: raises `synced` to what the segment names. Once it is sure, having a header
 * and sound records, older ones have nothing more to tell of the end. */
int tp_survey_back(struct tp_scan *scan, const struct tp_segment *segment, const char *node, uint64_t *synced,
                   bool *ret_sure);

/* ---- checkpoint.c ---- */
struct tp_checkpoint {
    int fd; /* -1 before load or make */
    uint64_t generation, frontier, last, segment;
    bool older; /* the newer slot was damaged: this may be the one before */
};
#define TP_CHECKPOINT_SIZE ((size_t)2 * TP_DISK_SLOT)
int tp_checkpoint_read(int dir, char ret_file[TP_CHECKPOINT_SIZE]); /* TP_ENOTFOUND, TP_EIO */
/* One of its two slots: TP_ECORRUPT, or TP_ECONFIG when it is of another version. */
int tp_checkpoint_slot(const char file[TP_CHECKPOINT_SIZE], unsigned index, struct tp_checkpoint *ret);
/* Takes a file whose slots are both damaged out of the way: TP_ENOTFOUND, or TP_ECONFIG when one is sound, or of
 * another version; said. */
int tp_checkpoint_reset(int dir, struct tp_buf *said);
/* The newer of the two, and the file opened. */
int tp_checkpoint_load(int dir, struct tp_buf *said, struct tp_checkpoint *ret); /* TP_ENOTFOUND, TP_ECORRUPT */
int tp_checkpoint_make(int dir, struct tp_checkpoint *checkpoint);
int tp_checkpoint_write(struct tp_checkpoint *checkpoint); /* as the next generation, synced */

/* ---- node.c ---- */
/* What the node file says; `ret_machine` 0: on which machine it was made is not known. TP_ENOTFOUND, TP_ECORRUPT,
 * TP_ECONFIG when it is of another version. */
int tp_node_read(int dir, char ret_node[TP_UUID_TEXT], uint64_t *ret_machine);
/* Reads the node file, or makes it, and then answers 1: `inherited` is the node of the segments that exist, or "".
 * `machine_id`: NULL for this machine's. */
int tp_node_load(int dir, const char *machine_id, const char *inherited, struct tp_buf *said, char ret[TP_UUID_TEXT]);
/* From now on another node. */
int tp_node_renew(int dir, const char *machine_id, struct tp_buf *said, char ret[TP_UUID_TEXT]);
/* Writes it anew with this machine's id. */
int tp_node_adopt(int dir, struct tp_buf *said, char ret[TP_UUID_TEXT]);

/* ---- marks.c: when records were received, roughly, in little memory ---- */
#define TP_MARKS 512
struct tp_marks {
    size_t n;
    int64_t spacing_ms;
    struct tp_mark {
        uint64_t number;
        int64_t received_ms;
    } at[TP_MARKS];
};
void tp_marks_add(struct tp_marks *marks, uint64_t number, int64_t received_ms);
int64_t tp_marks_find(struct tp_marks *marks, uint64_t number); /* forgets what lies below `number`; 0: not known */

struct tp_journal {
    struct tp_journal_options options; /* its strings only while it is opened */
    int dir, lock_file;
    char node[TP_UUID_TEXT];
    uint64_t opened_at; /* the frontier */
    pthread_t thread;
    bool running; /* the thread; of the one who opens, stops and closes */

    pthread_mutex_t lock; /* of the following */
    pthread_cond_t wake;
    struct tp_journal_batch *queue, **queue_end;
    size_t queue_bytes;          /* with those being written */
    struct tp_segment *segments; /* sealed ones, the active one, spare ones */
    struct tp_segment *active;   /* NULL until the first record is written */
    struct tp_segment *reading;  /* the reader's */
    uint64_t bytes;              /* of all segments */
    uint64_t left;               /* room in the segment that the queue's end will come to lie in */
    size_t spares;               /* segments behind that one */
    uint64_t synced;             /* the highest number that is; its senders are told */
    uint64_t durable;            /* the highest number that may be read: they were told */
    struct tp_marks marks;
    bool full, stopping, failed;

    _Atomic uint64_t frontier;
    _Atomic uint64_t free_above; /* a frontier above this frees a segment */
    _Atomic bool released;       /* since the writer last looked */
    _Atomic uint64_t checkpointed;

    /* The writer's alone. */
    uint64_t next_number, next_segment;
    uint64_t slot_before; /* the frontier in the slot that is written next */
    struct tp_checkpoint checkpoint;
    int64_t checkpoint_due_ms, retry_ms; /* monotonic */
    const char *broken;                  /* what failed, and why */
    int broken_errno;

    /* The reader's alone. */
    struct tp_scan scan;
    uint64_t next_to_read;
};

/* ---- recover.c ---- */
/* Brings the directory to order: segments, checkpoint, node, next numbers. All that is left is synced. */
int tp_recover(struct tp_journal *journal, struct tp_buf *said);

/* ---- room.c: the lock is held where it says so ---- */
/* Gives a batch its place, by the same rule and in the same order by which the writer fills segments. Locked. */
int tp_room_take(struct tp_journal *journal, size_t bytes);
/* Whether a spare segment should be made now, and may be. Locked. */
bool tp_room_wanted(const struct tp_journal *journal, int64_t now_ms);
int tp_room_prepare(struct tp_journal *journal);                          /* makes a spare one if wanted */
bool tp_room_due(const struct tp_journal *journal, int64_t *ret_when_ms); /* a checkpoint, and when. Locked. */
int tp_room_release(struct tp_journal *journal);                          /* checkpoint, then free segments */
void tp_room_sealed(struct tp_journal *journal); /* the oldest segment may be another one now. Locked. */
/* Of a segment that has no name any more; any thread. */
void tp_room_free(struct tp_journal *journal, struct tp_segment *segment);

/* ---- group.c ---- */
int tp_group_write(struct tp_journal *journal); /* what waits and fits the active segment, if anything waits */
void tp_group_hand_back(struct tp_journal_batch *batches, int status, uint64_t first);

/* ---- writer.c ---- */
int tp_writer_start(struct tp_journal *journal);
void tp_writer_wake(struct tp_journal *journal);
/* Notes errno and what failed; gives TP_EIO. */
int tp_writer_broken(struct tp_journal *journal, const char *what);
