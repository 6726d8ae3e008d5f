/* Delivery's side: the records in order, from the files, up to what is synced. While delivery keeps up the bytes come
 * from the page cache. Damage that is met here is corruption, since all that can be read was synced once: its bytes are
 * put aside in a file of their own, and reading goes on behind them. */
#include "daemon/journal/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/log/log.h"
#include "daemon/metrics/metrics.h"

#define COPY 65536

/* ---- damage ---- */

static int copy(int from, uint64_t at, uint64_t len, int to) {
    char bytes[COPY];
    for (uint64_t done = 0; done < len;) {
        size_t want = len - done < COPY ? (size_t)(len - done) : COPY, got;
        int r = tp_disk_read(from, bytes, want, at + done, &got);
        struct iovec part = {bytes, got};
        if (r == 0)
            r = tp_disk_write(to, &part, 1, done);
        if (r < 0 || got < want)
            return TP_EIO;
        done += got;
    }
    return fsync(to) < 0 ? TP_EIO : 0;
}

/* Whole or not at all; it may be there already, from before a restart. Best effort: when it fails, delivery goes on all
 * the same. */
static bool put_aside(int dir, const char *name, const struct tp_scan *scan) {
    static const char beside[] = "corrupt.new";
    int fd = openat(dir, beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    int r = copy(scan->fd, scan->from, scan->to - scan->from, fd);
    close(fd);
    if (r < 0)
        unlinkat(dir, beside, 0);
    return r == 0 && renameat(dir, beside, dir, name) == 0 && tp_disk_sync_dir(dir) == 0;
}

static void meet_damage(struct tp_journal *journal) {
    const struct tp_scan *scan = &journal->scan;
    uint64_t segment = journal->reading->number, bytes = scan->to - scan->from;
    char name[64];
    snprintf(name, sizeof name, "corrupt-%020" PRIu64 "-%" PRIu64, segment, scan->from);
    bool kept = put_aside(journal->dir, name, scan);
    tp_metrics_add(TP_M_JOURNAL_CORRUPT, (int64_t)bytes);
    tp_log(TP_LOG_ERROR, "journal_corrupt", "segment=%" PRIu64 " offset=%" PRIu64 " bytes=%" PRIu64 " %s=%s", segment,
           scan->from, bytes, kept ? "put_aside_as" : "not_put_aside_as", name);
}

/* Records may be missing without any damaged bytes: with a whole segment, or zeroed. */
static void note_gap(struct tp_journal *journal, uint64_t number, uint64_t frontier) {
    uint64_t expected = journal->next_to_read > frontier ? journal->next_to_read : frontier;
    if (number > expected)
        tp_log(TP_LOG_ERROR, "journal_records_missing", "first=%" PRIu64 " last=%" PRIu64, expected, number - 1);
    journal->next_to_read = number + 1;
}

/* ---- order ---- */

/* The segment after the one being read, if it was begun. Locked. */
static struct tp_segment *following(const struct tp_journal *journal) {
    const struct tp_segment *here = journal->reading;
    if (here && here->state != TP_SEGMENT_SEALED)
        return NULL;
    struct tp_segment *next = !here || here->orphaned ? journal->segments : here->next;
    bool begun = next && (next->state == TP_SEGMENT_SEALED || next->end > 0);
    return begun ? next : NULL;
}

/* On to what was synced since, or to the next segment. False when there is nothing new. */
static bool advance(struct tp_journal *journal) {
    struct tp_segment *done = NULL;
    pthread_mutex_lock(&journal->lock);
    bool grown = journal->reading && journal->reading->end > journal->scan.end;
    struct tp_segment *next = grown ? NULL : following(journal);
    if (grown)
        journal->scan.end = journal->reading->end;
    if (next) {
        if (journal->reading && journal->reading->orphaned)
            done = journal->reading;
        journal->reading = next;
        tp_scan_start(&journal->scan, next, journal->node, journal->scan.expect);
    }
    pthread_mutex_unlock(&journal->lock);
    if (done)
        tp_room_free(journal, done);
    return grown || next;
}

int tp_journal_read(struct tp_journal *journal, struct tp_journal_record *ret) {
    uint64_t synced;
    for (;;) {
        int r = tp_scan_next(&journal->scan, ret, &synced);
        if (r < 0)
            return r;
        if (r == TP_SCAN_END && !advance(journal))
            return 0;
        if (r == TP_SCAN_DAMAGE)
            meet_damage(journal);
        if (r != TP_SCAN_RECORD)
            continue;
        uint64_t frontier = atomic_load(&journal->frontier);
        note_gap(journal, ret->number, frontier);
        if (ret->number >= frontier)
            return 1;
    }
}
