/* The journal from outside: opening and closing, the sender's side of the queue, and what is known about it. */
#include "daemon/journal/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/journal/internal.h"
#include "daemon/metrics/metrics.h"

#define LEAST_SEGMENT ((size_t)4096)
#define MOST_SEGMENT  ((size_t)1 << 30)

/* ---- the directory ---- */

/* The directory must itself survive a power loss. Who made it may have been killed before this, so it is done each
 * time; it must succeed only for the one who made it, since another parent may be read-only or forbidden. */
static int sync_parent(int dir) {
    int parent = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return TP_EIO;
    int r = fsync(parent) < 0 ? TP_EIO : 0;
    close(parent);
    return r;
}

static int lock_dir(const char *path, bool make, struct tp_buf *said, int *ret_dir, int *ret_lock) {
    bool made = make && mkdir(path, 0700) == 0;
    int lock = -1, dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return tp_disk_say(said, path);
    int r = sync_parent(dir) < 0 && made ? tp_disk_say(said, path) : 0;
    if (r == 0 && (lock = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
        r = tp_disk_say(said, "making the file lock");
    if (r == 0 && flock(lock, LOCK_EX | LOCK_NB) < 0) {
        r = errno == EWOULDBLOCK ? TP_ELOCKED : TP_EIO;
        tp_buf_addf(said, "%s: %s\n", path,
                    r == TP_ELOCKED ? "another process has this journal open" : strerror(errno));
    }
    if (r == 0) {
        *ret_dir = dir;
        *ret_lock = lock;
        return 0;
    }
    if (lock >= 0)
        close(lock);
    close(dir);
    return r;
}

int tp_journal_adopt(const char *path, struct tp_buf *said, char ret_node[TP_UUID_TEXT]) {
    int dir = -1, lock = -1, r = lock_dir(path, false, said, &dir, &lock);
    if (r < 0)
        return r;
    r = tp_node_adopt(dir, said, ret_node);
    close(lock);
    close(dir);
    return r;
}

int tp_journal_reset_checkpoint(const char *path, struct tp_buf *said) {
    int dir = -1, lock = -1, r = lock_dir(path, false, said, &dir, &lock);
    if (r < 0)
        return r;
    r = tp_checkpoint_reset(dir, said);
    close(lock);
    close(dir);
    return r;
}

/* ---- life ---- */

static int check_options(const struct tp_journal_options *options, struct tp_buf *said) {
    if (options->segment_size < LEAST_SEGMENT || options->segment_size > MOST_SEGMENT ||
        options->segment_size % TP_DISK_ALIGN != 0) {
        tp_buf_addf(said, "the journal's segment size must be a multiple of %d from %zu to %zu\n", TP_DISK_ALIGN,
                    LEAST_SEGMENT, MOST_SEGMENT);
        return TP_ECONFIG;
    }
    if (options->max_size / 2 < options->segment_size) {
        tp_buf_adds(said, "the journal's size must have room for two segments at least\n");
        return TP_ECONFIG;
    }
    return 0;
}

static struct tp_journal *new_journal(const struct tp_journal_options *options) {
    struct tp_journal *journal = calloc(1, sizeof *journal);
    if (!journal)
        return NULL;
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&journal->wake, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&journal->lock, NULL);
    journal->options = *options;
    journal->dir = journal->lock_file = journal->checkpoint.fd = -1;
    journal->queue_end = &journal->queue;
    return journal;
}

/* The first spare segments, so that the first batch finds room. */
static int prepare(struct tp_journal *journal, struct tp_buf *said) {
    size_t before;
    int r;
    do {
        before = journal->spares;
        r = tp_room_prepare(journal);
    } while (r == 0 && journal->spares > before);
    if (r < 0) {
        errno = journal->broken_errno;
        return tp_disk_say(said, journal->broken);
    }
    journal->full = journal->spares == 0;
    if (journal->full)
        tp_buf_adds(said, "there is no room for a segment: nothing is accepted until there is\n");
    return 0;
}

int tp_journal_open(const struct tp_journal_options *options, struct tp_buf *said, struct tp_journal **ret) {
    int r = check_options(options, said);
    if (r < 0)
        return r;
    struct tp_journal *journal = new_journal(options);
    if (!journal)
        return TP_ENOMEM;
    r = lock_dir(options->dir, true, said, &journal->dir, &journal->lock_file);
    if (r == 0)
        r = tp_recover(journal, said);
    if (r == 0)
        r = prepare(journal, said);
    if (r < 0)
        goto fail;
    tp_room_sealed(journal);
    tp_scan_stop(&journal->scan);
    journal->options.dir = journal->options.machine_id = NULL; /* the caller's */
    r = tp_writer_start(journal);
    if (r < 0)
        goto fail;
    *ret = journal;
    return 0;
fail:
    tp_journal_close(journal);
    return r;
}

void tp_journal_stop(struct tp_journal *journal) {
    pthread_mutex_lock(&journal->lock);
    journal->stopping = true;
    pthread_cond_signal(&journal->wake);
    pthread_mutex_unlock(&journal->lock);
    if (!journal->running)
        return;
    pthread_join(journal->thread, NULL);
    journal->running = false;
}

static void close_file(int fd) {
    if (fd >= 0)
        close(fd);
}

void tp_journal_close(struct tp_journal *journal) {
    if (!journal)
        return;
    bool opened = journal->running || journal->stopping;
    tp_journal_stop(journal);
    int64_t due_ms;
    if (opened && !journal->failed && tp_room_due(journal, &due_ms))
        tp_room_release(journal); /* if that fails, some records are delivered again */
    if (journal->reading && journal->reading->orphaned)
        tp_segment_free(journal->reading);
    for (struct tp_segment *segment = journal->segments, *next; segment; segment = next) {
        next = segment->next;
        tp_segment_free(segment);
    }
    tp_buf_free(&journal->scan.window);
    close_file(journal->checkpoint.fd);
    close_file(journal->lock_file);
    close_file(journal->dir);
    pthread_cond_destroy(&journal->wake);
    pthread_mutex_destroy(&journal->lock);
    free(journal);
}

/* ---- writing ---- */

void tp_journal_batch_add(struct tp_journal_batch *batch, enum tp_record_type type, struct tp_str payload) {
    tp_record_add(&batch->records, type, payload);
    batch->n_records++;
}

/* Locked. */
static int take(struct tp_journal *journal, struct tp_journal_batch *batch) {
    size_t bytes = batch->records.len;
    if (journal->failed)
        return TP_EIO;
    if (journal->stopping)
        return TP_ESTOPPING;
    if (journal->queue_bytes + bytes > journal->options.queue_size)
        return TP_EFULL;
    if (tp_room_take(journal, bytes) < 0) {
        journal->full = true;
        return TP_EFULL;
    }
    journal->queue_bytes += bytes;
    batch->next = NULL;
    *journal->queue_end = batch;
    journal->queue_end = &batch->next;
    pthread_cond_signal(&journal->wake);
    return 0;
}

int tp_journal_append(struct tp_journal *journal, struct tp_journal_batch *batch) {
    if (batch->records.failed)
        return TP_ENOMEM;
    assert(batch->n_records > 0 && batch->on_durable);
    size_t most = journal->options.segment_size - sizeof(struct tp_disk_segment);
    if (batch->records.len > most || batch->records.len > journal->options.queue_size)
        return TP_ETOOLARGE;
    pthread_mutex_lock(&journal->lock);
    int r = take(journal, batch);
    pthread_mutex_unlock(&journal->lock);
    if (r == TP_EFULL)
        tp_metrics_add(TP_M_JOURNAL_FULL, 1);
    return r;
}

/* ---- delivery's and everybody's ---- */

void tp_journal_release(struct tp_journal *journal, uint64_t frontier) {
    if (frontier <= atomic_load(&journal->frontier))
        return;
    atomic_store(&journal->frontier, frontier);
    bool first = !atomic_exchange(&journal->released, true);
    if (first || frontier > atomic_load(&journal->free_above))
        tp_writer_wake(journal);
}

uint64_t tp_journal_checkpointed(const struct tp_journal *journal) { return atomic_load(&journal->checkpointed); }

const char *tp_journal_node(const struct tp_journal *journal) { return journal->node; }

uint64_t tp_journal_frontier(const struct tp_journal *journal) { return journal->opened_at; }

void tp_journal_stats(struct tp_journal *journal, struct tp_journal_stats *ret) {
    pthread_mutex_lock(&journal->lock);
    uint64_t frontier = atomic_load(&journal->frontier);
    *ret = (struct tp_journal_stats){.bytes = journal->bytes,
                                     .pending = journal->synced + 1 - frontier,
                                     .queue_bytes = journal->queue_bytes,
                                     .full = journal->full,
                                     .failed = journal->failed};
    if (ret->pending > 0)
        ret->oldest_ms = tp_marks_find(&journal->marks, frontier);
    pthread_mutex_unlock(&journal->lock);
}
