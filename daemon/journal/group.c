/* Group commit: what waits is numbered, written with one call, and synced with one; then its senders are told, and only
 * then can delivery see it. The next group forms meanwhile. A group lies in one segment. */
#include "daemon/journal/internal.h"

#include <assert.h>
#include <limits.h>
#include <unistd.h>

#include "common/error.h"
#include "common/fault.h"
#include "daemon/metrics/metrics.h"

struct group {
    struct tp_journal_batch *batches;
    size_t bytes;
    uint64_t first, records;
};

/* Where the next group begins in the active segment: behind its header, even while that is not written. */
static uint64_t place(const struct tp_segment *segment) {
    return segment->end > 0 ? segment->end : sizeof(struct tp_disk_segment);
}

/* The next spare segment becomes the active one. There is one: tp_room_take saw to it. */
static void roll(struct tp_journal *journal, int64_t received_ms) {
    struct tp_segment *next = journal->active ? journal->active->next : journal->segments;
    while (next && next->state != TP_SEGMENT_SPARE)
        next = next->next;
    assert(next);
    if (journal->active) {
        journal->active->state = TP_SEGMENT_SEALED;
        journal->active->last = journal->durable;
    }
    next->state = TP_SEGMENT_ACTIVE;
    next->headed = true;
    next->first = journal->next_number;
    next->received_ms = received_ms;
    journal->active = next;
    tp_room_sealed(journal);
}

/* As many batches as the active segment has room for, or as many as the next one has. */
static void take(struct tp_journal *journal, struct group *ret) {
    pthread_mutex_lock(&journal->lock);
    struct tp_journal_batch *first = journal->queue, **end = &journal->queue;
    *ret = (struct group){.batches = first, .first = journal->next_number};
    if (first && (!journal->active || first->records.len > journal->active->size - place(journal->active)))
        roll(journal, first->received_ms);
    while (*end && ret->bytes + (*end)->records.len <= journal->active->size - place(journal->active)) {
        ret->bytes += (*end)->records.len;
        ret->records += (*end)->n_records;
        end = &(*end)->next;
    }
    journal->queue = *end;
    *end = NULL;
    if (!journal->queue)
        journal->queue_end = &journal->queue;
    pthread_mutex_unlock(&journal->lock);
}

static void seal(struct tp_journal *journal, const struct group *group) {
    uint64_t seed = tp_record_seed(journal->node, journal->active->number);
    for (struct tp_journal_batch *batch = group->batches; batch; batch = batch->next)
        for (size_t at = 0; at < batch->records.len;)
            at += tp_record_seal(batch->records.at + at, batch->records.len - at, seed, journal->next_number++,
                                 journal->durable, batch->received_ms);
}

static int put(struct tp_journal *journal, const struct group *group) {
    const struct tp_segment *segment = journal->active;
    struct tp_disk_segment header;
    struct iovec parts[IOV_MAX];
    size_t n = 0;
    uint64_t at = segment->end, len = 0;
    if (at == 0) {
        tp_segment_header(segment, journal->node, &header);
        parts[n++] = (struct iovec){&header, len = sizeof header};
    }
    for (struct tp_journal_batch *batch = group->batches; batch; batch = batch->next) {
        parts[n++] = (struct iovec){batch->records.at, batch->records.len};
        len += batch->records.len;
        if (n < IOV_MAX && batch->next)
            continue;
        if (tp_disk_write(segment->fd, parts, n, at) < 0)
            return tp_writer_broken(journal, "writing to a segment");
        at += len;
        n = len = 0;
    }
    if (TP_FAULT("journal.sync") || fdatasync(segment->fd) < 0)
        return tp_writer_broken(journal, "syncing a segment");
    return 0;
}

void tp_group_hand_back(struct tp_journal_batch *batches, int status, uint64_t first) {
    for (struct tp_journal_batch *batch = batches, *next; batch; batch = next) {
        next = batch->next;
        size_t n_records = batch->n_records;
        batch->next = NULL;
        batch->on_durable(batch, status, status == 0 ? first : 0);
        first += n_records;
    }
}

/* Before the senders are told, so that who sends again at once finds the room that he gave back, and who looks at once
 * finds his records among the pending ones. */
static void count(struct tp_journal *journal, const struct group *group) {
    pthread_mutex_lock(&journal->lock);
    journal->queue_bytes -= group->bytes;
    journal->synced = journal->next_number - 1;
    tp_marks_find(&journal->marks, atomic_load(&journal->frontier));
    tp_marks_add(&journal->marks, group->first, group->batches->received_ms);
    pthread_mutex_unlock(&journal->lock);
    tp_metrics_add(TP_M_JOURNAL_SYNCS, 1);
    tp_metrics_add(TP_M_JOURNAL_RECORDS, (int64_t)group->records);
}

static void publish(struct tp_journal *journal, const struct group *group) {
    pthread_mutex_lock(&journal->lock);
    journal->active->end = place(journal->active) + group->bytes;
    journal->durable = journal->synced;
    pthread_mutex_unlock(&journal->lock);
    if (journal->options.on_readable)
        journal->options.on_readable(journal->options.arg);
}

int tp_group_write(struct tp_journal *journal) {
    struct group group;
    take(journal, &group);
    if (!group.batches)
        return 0;
    seal(journal, &group);
    (void)TP_FAULT("journal.before_write");
    int r = put(journal, &group);
    if (r < 0) {
        tp_group_hand_back(group.batches, r, 0);
        return r;
    }
    (void)TP_FAULT("journal.after_sync");
    count(journal, &group);
    tp_group_hand_back(group.batches, 0, group.first);
    publish(journal, &group);
    return 0;
}
