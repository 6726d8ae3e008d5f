/* The journal: what was accepted, on disk, until Kafka has it. Format, recovery and their reasons: format.h.
 *
 * Threads: append from any; durable callbacks on the writer's thread; read and release from one thread (delivery's).
 * Errors are final where the disk is concerned: after a failed write or fdatasync every waiter is told TP_EIO, nothing
 * is accepted any more, and on_failure is called once, so that the daemon can leave with status 1. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/str.h"
#include "common/uuid.h"

struct tp_journal;

enum tp_record_type { TP_RECORD_INTERACTION = 1, TP_RECORD_REJECTION = 2, TP_RECORD_SPLIT = 3 };

struct tp_journal_options {
    const char *dir;
    const char *machine_id;                    /* NULL: read from /etc/machine-id, which may be absent */
    size_t segment_size, max_size, queue_size; /* bytes */
    void (*on_readable)(void *arg);            /* the writer's thread: records were made durable */
    void (*on_failure)(void *arg, const char *what, int error_number); /* the writer's thread, once */
    void *arg;
};

/* Locks the directory (TP_ELOCKED), makes it if absent, recovers. `said` gets one line for each thing that a person
 * should know (a torn tail cut, bytes put aside, a new node id), also when it fails. */
int tp_journal_open(const struct tp_journal_options *options, struct tp_buf *said, struct tp_journal **ret);
/* For a person, while no process has it open (TP_ELOCKED); `said` gets a line for what stands in the way.
 * adopt: takes over the journal in `dir`, which was made on another machine and is gone from there for good. */
int tp_journal_adopt(const char *dir, struct tp_buf *said, char ret_node[TP_UUID_TEXT]);
/* Moves a checkpoint of which both slots are damaged out of the way, so that the next start delivers all that the
 * journal holds again. TP_ECONFIG when it is sound; TP_ENOTFOUND. */
int tp_journal_reset_checkpoint(const char *dir, struct tp_buf *said);
/* Writes and syncs what was taken, then stops the writer. Later appends are refused. */
void tp_journal_stop(struct tp_journal *journal);
void tp_journal_close(struct tp_journal *journal); /* stops first if need be; NULL is fine */

/* UUID of this journal: the node. */
const char *tp_journal_node(const struct tp_journal *journal);

/* ---- writing ---- */
/* A batch is durable as a whole or not at all in the eyes of its sender; its records have consecutive numbers. */
struct tp_journal_batch {
    struct tp_journal_batch *next; /* the journal's while it has it */
    struct tp_buf records;         /* made by tp_journal_batch_add */
    size_t n_records;
    int64_t received_ms;
    /* On the writer's thread, before delivery can see the records: status 0 and the first record's number, or TP_EIO.
     * The batch is the callee's again. Must not block. */
    void (*on_durable)(struct tp_journal_batch *batch, int status, uint64_t first);
};
void tp_journal_batch_add(struct tp_journal_batch *batch, enum tp_record_type type, struct tp_str payload);
/* Takes the batch when 0. TP_EFULL: no room on disk or in the queue; TP_ETOOLARGE: larger than a segment or than the
 * queue, so it would never fit; TP_ESTOPPING; TP_EIO; TP_ENOMEM: then it stays the caller's. Never blocks on the disk.
 */
int tp_journal_append(struct tp_journal *journal, struct tp_journal_batch *batch);

/* ---- reading, in order of number ---- */
struct tp_journal_record {
    uint64_t number; /* from 1, without gaps but for what was damaged */
    enum tp_record_type type;
    int64_t received_ms;
    struct tp_str payload; /* valid until the next read */
};
/* 1 and the next durable record, 0 when there is none at the moment. Damaged bytes are put aside, counted, logged and
 * passed over. TP_EIO (errno says why) and TP_ENOMEM: nothing was passed over, the same record may be asked for again.
 */
int tp_journal_read(struct tp_journal *journal, struct tp_journal_record *ret);
/* All below `frontier` is done with: checkpointed in batches by the writer (and by close), then their segments are
 * deleted. It may run ahead of what was read, which is then passed over, but not of what is durable. Cheap. */
void tp_journal_release(struct tp_journal *journal, uint64_t frontier);
/* Below this number all is released, and both slots of the checkpoint say so: reading will never begin below it again,
 * whatever is killed or damaged. 0 at first. Any thread. */
uint64_t tp_journal_checkpointed(const struct tp_journal *journal);
/* The number below which all was released when the journal was opened: where reading began. */
uint64_t tp_journal_frontier(const struct tp_journal *journal);

struct tp_journal_stats {
    uint64_t bytes, pending, queue_bytes;
    int64_t oldest_ms; /* receive time of the oldest unreleased record, about; 0 when there is none */
    bool full;         /* an append found no room on disk, and none was made since */
    bool failed;
};
void tp_journal_stats(struct tp_journal *journal, struct tp_journal_stats *ret); /* any thread */
