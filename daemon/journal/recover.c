/* Recovery: which segments there are, where the last one ends, from where on is to be delivered.
 *
 * survey.c says up to which number all was synced. From there the newest segments are gone through to the first damage
 * above that number: there the journal is cut. Damage below it, here and in all older segments, is met by the reader
 * when it gets there, and put aside. */
#include "daemon/journal/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/error.h"
#include "common/fault.h"
#include "daemon/metrics/metrics.h"

struct found {
    size_t n;
    uint64_t *numbers; /* ascending */
    struct tp_segment **segments;
    uint64_t synced; /* the highest number that somebody names as synced */
    uint64_t last;   /* the highest number of a record that stays */
    bool new_node, no_checkpoint;
};

/* ---- what is there ---- */

static int identify(struct tp_journal *journal, struct found *found, struct tp_buf *said) {
    char inherited[TP_UUID_TEXT] = "";
    for (size_t i = 0; i < found->n && !inherited[0]; i++)
        tp_segment_node(journal->dir, found->numbers[i], inherited);
    int r = tp_node_load(journal->dir, journal->options.machine_id, inherited, said, journal->node);
    found->new_node = r > 0;
    return r < 0 ? r : 0;
}

static int open_all(struct tp_journal *journal, struct found *found, struct tp_buf *said) {
    found->segments = calloc(found->n + 1, sizeof(struct tp_segment *));
    if (!found->segments)
        return TP_ENOMEM;
    int r = 0;
    for (size_t i = 0; r == 0 && i < found->n; i++)
        r = tp_segment_open(journal->dir, found->numbers[i], O_RDWR, journal->node, said, &found->segments[i]);
    return r;
}

/* ---- where it ends ---- */

static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* Back to the newest segment that is sure to tell where it stands. */
static int look_back(struct tp_journal *journal, struct found *found, size_t *ret_from) {
    size_t i = found->n;
    for (bool sure = false; i > 0 && !sure;) {
        int r = tp_survey_back(&journal->scan, found->segments[--i], journal->node, &found->synced, &sure);
        if (r < 0)
            return r;
    }
    *ret_from = i;
    return 0;
}

static int drop(struct tp_journal *journal, struct found *found, size_t from) {
    while (found->n > from) {
        struct tp_segment *segment = found->segments[found->n - 1];
        if (tp_segment_unlink(journal->dir, segment) < 0)
            return TP_EIO;
        tp_segment_free(segment);
        found->segments[--found->n] = NULL;
    }
    return tp_disk_sync_dir(journal->dir);
}

/* What is left of the segment is made durable: it may have been written and never synced. */
static int settle(struct tp_segment *segment, const struct tp_survey *kept) {
    if (TP_FAULT("journal.settle") || ftruncate(segment->fd, (off_t)kept->end) < 0 || fsync(segment->fd) < 0)
        return TP_EIO;
    segment->size = segment->end = kept->end;
    segment->last = kept->last;
    return 0;
}

/* The least number that the segment can begin with. Those that the checkpoint does not know were begun after it. */
static uint64_t expected(const struct tp_journal *journal, const struct found *found, size_t i) {
    const struct tp_checkpoint *checkpoint = &journal->checkpoint;
    return most(found->last, found->numbers[i] > checkpoint->segment ? checkpoint->last : 0) + 1;
}

static int find_end(struct tp_journal *journal, struct found *found, struct tp_buf *said) {
    size_t i;
    int r = look_back(journal, found, &i);
    if (r == 0 && i < found->n && found->segments[i]->headed)
        found->last = found->segments[i]->first - 1; /* the header proves all before it */
    for (bool cut = false; r == 0 && i < found->n && !cut; i++) {
        struct tp_survey kept;
        r = tp_survey(&journal->scan, found->segments[i], journal->node, expected(journal, found, i), found->synced,
                      &kept);
        if (r < 0)
            break;
        bool begun = kept.end > 0 || found->last < found->synced; /* a begun one may have been emptied */
        cut = kept.cut || !begun;
        if (kept.cut)
            tp_buf_addf(
                said, "the torn end of segment %" PRIu64 " was cut off at byte %" PRIu64 ": what nobody was told of\n",
                found->segments[i]->number, kept.end);
        found->last = most(found->last, kept.last);
        if (kept.end > 0)
            r = settle(found->segments[i], &kept);
        if (r == 0 && cut)
            r = drop(journal, found, kept.end > 0 ? i + 1 : i);
    }
    return r == TP_EIO ? tp_disk_say(said, "recovering the journal's end") : r;
}

/* ---- from where on it is delivered ---- */

static int load_checkpoint(struct tp_journal *journal, struct found *found, struct tp_buf *said) {
    struct tp_checkpoint *checkpoint = &journal->checkpoint;
    int r = tp_checkpoint_load(journal->dir, said, checkpoint);
    if (r != TP_ENOTFOUND)
        return r;
    found->no_checkpoint = true;
    checkpoint->frontier = found->n > 0 && found->segments[0]->headed ? found->segments[0]->first : 1;
    if (found->n > 0)
        tp_buf_adds(said, "the file checkpoint was absent: everything that the journal holds is delivered again\n");
    return 0;
}

/* The last number of each: one below the next one that is known. */
static void fill_last(const struct found *found) {
    uint64_t next = most(found->last, found->synced) + 1;
    for (size_t i = found->n; i-- > 0;) {
        struct tp_segment *segment = found->segments[i];
        if (segment->last == 0)
            segment->last = next - 1;
        if (segment->first > 0)
            next = segment->first;
    }
}

/* Where the journal ends now. The slot that was just read may never have been synced, as a kill can leave it, and the
 * other one be older: so this comes before anything is removed.
 *
 * Without a checkpoint and without a record nobody knows which numbers were given. So they begin anew under a new node,
 * since what Kafka has under a node's number is not produced again. */
static int note_end(struct tp_journal *journal, const struct found *found, struct tp_buf *said) {
    struct tp_checkpoint *checkpoint = &journal->checkpoint;
    checkpoint->last = most(most(found->last, found->synced), checkpoint->frontier - 1);
    if (found->n > 0)
        checkpoint->segment = most(checkpoint->segment, found->numbers[found->n - 1]);
    if (found->no_checkpoint && checkpoint->last == 0 && !found->new_node &&
        tp_node_renew(journal->dir, journal->options.machine_id, said, journal->node) < 0)
        return TP_EIO;
    int r = found->no_checkpoint ? tp_checkpoint_make(journal->dir, checkpoint) : tp_checkpoint_write(checkpoint);
    return r < 0 ? tp_disk_say(said, "writing the file checkpoint") : 0;
}

static int drop_released(struct tp_journal *journal, struct found *found, struct tp_buf *said) {
    uint64_t frontier = journal->checkpoint.frontier;
    size_t gone = 0;
    while (gone < found->n && found->segments[gone]->last < frontier) {
        if (tp_segment_unlink(journal->dir, found->segments[gone]) < 0)
            return tp_disk_say(said, "removing released segments");
        tp_segment_free(found->segments[gone++]);
    }
    if (gone == 0)
        return 0;
    memmove(found->segments, found->segments + gone, (found->n + 1 - gone) * sizeof(struct tp_segment *));
    found->n -= gone;
    return tp_disk_sync_dir(journal->dir) < 0 ? tp_disk_say(said, "removing released segments") : 0;
}

static void say_missing(const struct tp_journal *journal, const struct found *found, struct tp_buf *said) {
    const struct tp_checkpoint *checkpoint = &journal->checkpoint;
    for (size_t i = 0; i + 1 < found->n; i++) {
        uint64_t here = found->segments[i]->number, next = found->segments[i + 1]->number;
        if (next == here + 1)
            continue;
        tp_buf_addf(said, "segments %" PRIu64 " to %" PRIu64 " are missing, and the records in them\n", here + 1,
                    next - 1);
        tp_metrics_add(TP_M_JOURNAL_CORRUPT, (int64_t)((next - here - 1) * journal->options.segment_size));
    }
    if (found->n > 0 && found->segments[0]->first > checkpoint->frontier && !checkpoint->older)
        tp_buf_addf(said, "records %" PRIu64 " to %" PRIu64 " are missing\n", checkpoint->frontier,
                    found->segments[0]->first - 1);
    if (found->synced > found->last && found->synced >= checkpoint->frontier)
        tp_buf_addf(said, "records %" PRIu64 " to %" PRIu64 ", the last ones, are missing\n",
                    most(found->last + 1, checkpoint->frontier), found->synced);
}

static void adopt(struct tp_journal *journal, struct found *found) {
    const struct tp_checkpoint *checkpoint = &journal->checkpoint;
    struct tp_segment **end = &journal->segments;
    for (size_t i = 0; i < found->n; i++) {
        struct tp_segment *segment = found->segments[i];
        *end = segment;
        end = &segment->next;
        journal->bytes += segment->size;
        if (segment->received_ms != 0)
            tp_marks_add(&journal->marks, segment->first, segment->received_ms);
    }
    found->n = 0; /* they are the journal's now */
    journal->durable = journal->synced = checkpoint->last;
    journal->next_number = checkpoint->last + 1;
    journal->next_segment = checkpoint->segment + 1;
    journal->opened_at = checkpoint->frontier;
    atomic_store(&journal->frontier, checkpoint->frontier);
}

int tp_recover(struct tp_journal *journal, struct tp_buf *said) {
    struct found found = {0};
    int r = tp_survey_list(journal->dir, &found.numbers, &found.n);
    if (r == TP_EIO)
        tp_disk_say(said, "listing the journal's directory");
    if (r == 0)
        r = identify(journal, &found, said);
    if (r == 0)
        r = open_all(journal, &found, said);
    if (r == 0)
        r = load_checkpoint(journal, &found, said);
    if (r != 0)
        goto out;
    found.synced = journal->checkpoint.last;
    r = find_end(journal, &found, said);
    if (r == 0)
        r = note_end(journal, &found, said);
    if (r != 0)
        goto out;
    fill_last(&found);
    r = drop_released(journal, &found, said);
    if (r != 0)
        goto out;
    say_missing(journal, &found, said);
    adopt(journal, &found);
out:
    for (size_t i = 0; found.segments && i < found.n; i++)
        tp_segment_free(found.segments[i]);
    free(found.segments);
    free(found.numbers);
    return r;
}
