/* Room on disk. What was taken from a sender must be written, so room is dealt out when a batch is appended, from
 * segments that are preallocated, by the rule by which the writer fills them: into the segment where the last batch
 * lies, or else into the next one. The writer keeps room for several queues ahead, so that senders meet the end of it
 * only when the disk or the journal's limit does; and it takes room back when delivery has released a whole segment. */
#include "daemon/journal/internal.h"

#include <assert.h>
#include <unistd.h>

#include "common/error.h"
#include "common/fault.h"
#include "common/time.h"

#define QUEUES_AHEAD       4 /* made when there is nothing else to do */
#define QUEUES_AT_LEAST    3 /* made even while batches wait; two can come in before the next look */
#define CHECKPOINT_EACH_MS 200
#define RETRY_MS           1000 /* for a full disk, when nobody releases anything */

static uint64_t usable(const struct tp_journal *journal) {
    return journal->options.segment_size - sizeof(struct tp_disk_segment);
}

int tp_room_take(struct tp_journal *journal, size_t bytes) {
    if (bytes > journal->left && journal->spares > 0) {
        journal->spares--;
        journal->left = usable(journal);
    }
    if (bytes > journal->left)
        return TP_EFULL;
    journal->left -= bytes;
    return 0;
}

bool tp_room_wanted(const struct tp_journal *journal, int64_t now_ms) {
    uint64_t ahead = journal->left + journal->spares * usable(journal);
    uint64_t enough = (journal->queue ? QUEUES_AT_LEAST : QUEUES_AHEAD) * journal->options.queue_size;
    return ahead < enough && journal->bytes + journal->options.segment_size <= journal->options.max_size &&
           now_ms >= journal->retry_ms;
}

static void add_spare(struct tp_journal *journal, struct tp_segment *segment) {
    struct tp_segment **end = &journal->segments;
    while (*end)
        end = &(*end)->next;
    *end = segment;
    journal->bytes += segment->size;
    journal->spares++;
    journal->full = false;
    journal->next_segment++;
}

int tp_room_prepare(struct tp_journal *journal) {
    int64_t now_ms = tp_time_monotonic_ms();
    pthread_mutex_lock(&journal->lock);
    bool wanted = tp_room_wanted(journal, now_ms);
    pthread_mutex_unlock(&journal->lock);
    if (!wanted)
        return 0;
    struct tp_segment *segment;
    int r = tp_segment_make(journal->dir, journal->next_segment, journal->options.segment_size, &segment);
    if (r == TP_EIO)
        return tp_writer_broken(journal, "making a segment");
    pthread_mutex_lock(&journal->lock);
    if (r == 0)
        add_spare(journal, segment);
    else
        journal->retry_ms = now_ms + RETRY_MS;
    pthread_mutex_unlock(&journal->lock);
    return 0;
}

void tp_room_sealed(struct tp_journal *journal) {
    const struct tp_segment *oldest = journal->segments;
    bool sealed = oldest && oldest->state == TP_SEGMENT_SEALED;
    atomic_store(&journal->free_above, sealed ? oldest->last : UINT64_MAX);
}

bool tp_room_due(const struct tp_journal *journal, int64_t *ret_when_ms) {
    uint64_t frontier = atomic_load(&journal->frontier);
    if (frontier == journal->checkpoint.frontier && journal->durable == journal->checkpoint.last)
        return false;
    *ret_when_ms = frontier > atomic_load(&journal->free_above) ? 0 : journal->checkpoint_due_ms;
    return true;
}

/* Takes the segments below the checkpoint's frontier from the list; those after `end` stay. */
static struct tp_segment *take_released(struct tp_journal *journal, struct tp_segment **ret_end) {
    pthread_mutex_lock(&journal->lock);
    struct tp_segment *released = journal->segments, *at = released;
    while (at && at->state == TP_SEGMENT_SEALED && at->last < journal->checkpoint.frontier)
        at = at->next;
    *ret_end = journal->segments = at;
    tp_room_sealed(journal);
    pthread_mutex_unlock(&journal->lock);
    return released;
}

void tp_room_free(struct tp_journal *journal, struct tp_segment *segment) {
    uint64_t size = segment->size;
    tp_segment_free(segment);
    pthread_mutex_lock(&journal->lock);
    journal->bytes -= size;
    journal->retry_ms = 0;
    pthread_cond_signal(&journal->wake);
    pthread_mutex_unlock(&journal->lock);
}

static void forget(struct tp_journal *journal, struct tp_segment *segment) {
    pthread_mutex_lock(&journal->lock);
    segment->orphaned = journal->reading == segment;
    bool orphaned = segment->orphaned;
    pthread_mutex_unlock(&journal->lock);
    if (!orphaned)
        tp_room_free(journal, segment);
}

static int remove_released(struct tp_journal *journal) {
    struct tp_segment *end, *next, *released = take_released(journal, &end);
    int r = 0;
    bool any = released != end;
    for (; released != end; released = next) {
        next = released->next;
        if (tp_segment_unlink(journal->dir, released) < 0 && r == 0)
            r = tp_writer_broken(journal, "removing a segment");
        forget(journal, released);
    }
    if (any)
        (void)TP_FAULT("journal.after_unlink");
    if (r == 0 && any && tp_disk_sync_dir(journal->dir) < 0)
        r = tp_writer_broken(journal, "syncing the journal's directory");
    return r;
}

int tp_room_release(struct tp_journal *journal) {
    struct tp_checkpoint *checkpoint = &journal->checkpoint;
    atomic_store(&journal->released, false);
    pthread_mutex_lock(&journal->lock);
    checkpoint->frontier = atomic_load(&journal->frontier);
    checkpoint->last = journal->durable;
    assert(checkpoint->frontier <= checkpoint->last + 1);
    if (journal->active)
        checkpoint->segment = journal->active->number;
    pthread_mutex_unlock(&journal->lock);
    if (tp_checkpoint_write(checkpoint) < 0)
        return tp_writer_broken(journal, "writing the checkpoint");
    (void)TP_FAULT("journal.between_slots");
    atomic_store(&journal->checkpointed, journal->slot_before); /* either slot may be the one that is read */
    journal->slot_before = checkpoint->frontier;
    journal->checkpoint_due_ms = tp_time_monotonic_ms() + CHECKPOINT_EACH_MS;
    return remove_released(journal);
}
