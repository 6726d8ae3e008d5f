/* The one thread that writes. It sleeps until there is something to write, to prepare or to release, and does each in
 * turn. What fails on the disk fails for good: after a failed write or sync nobody can say what is on the disk, so all
 * who wait are told, nothing more is taken, and the daemon hears of it once. */
#include "daemon/journal/internal.h"

#include <errno.h>

#include "common/error.h"
#include "common/time.h"

int tp_writer_broken(struct tp_journal *journal, const char *what) {
    journal->broken = what;
    journal->broken_errno = errno;
    return TP_EIO;
}

void tp_writer_wake(struct tp_journal *journal) {
    pthread_mutex_lock(&journal->lock);
    pthread_cond_signal(&journal->wake);
    pthread_mutex_unlock(&journal->lock);
}

static void sleep_until(struct tp_journal *journal, int64_t when_ms) {
    if (when_ms == INT64_MAX) {
        pthread_cond_wait(&journal->wake, &journal->lock);
        return;
    }
    struct timespec when = {.tv_sec = when_ms / 1000, .tv_nsec = when_ms % 1000 * 1000000};
    pthread_cond_timedwait(&journal->wake, &journal->lock, &when);
}

/* When the writer has to look again though nobody wakes it. */
static int64_t next_look(const struct tp_journal *journal) {
    int64_t when_ms = INT64_MAX, due_ms;
    if (tp_room_due(journal, &due_ms))
        when_ms = due_ms;
    if (tp_room_wanted(journal, INT64_MAX) && journal->retry_ms < when_ms)
        when_ms = journal->retry_ms;
    return when_ms;
}

/* False when all is written and nothing will come. */
static bool wait_for_work(struct tp_journal *journal, bool *ret_release_due) {
    int64_t due_ms;
    pthread_mutex_lock(&journal->lock);
    while (!journal->queue && !journal->stopping && next_look(journal) > tp_time_monotonic_ms())
        sleep_until(journal, next_look(journal));
    bool more = journal->queue || !journal->stopping;
    *ret_release_due = tp_room_due(journal, &due_ms) && due_ms <= tp_time_monotonic_ms();
    pthread_mutex_unlock(&journal->lock);
    return more;
}

static void fail(struct tp_journal *journal) {
    pthread_mutex_lock(&journal->lock);
    journal->failed = true;
    struct tp_journal_batch *waiting = journal->queue;
    journal->queue = NULL;
    journal->queue_end = &journal->queue;
    journal->queue_bytes = 0;
    pthread_mutex_unlock(&journal->lock);
    tp_group_hand_back(waiting, TP_EIO, 0);
    if (journal->options.on_failure)
        journal->options.on_failure(journal->options.arg, journal->broken, journal->broken_errno);
}

static void *work(void *arg) {
    struct tp_journal *journal = arg;
    bool release_due;
    int r = 0;
    while (r == 0 && wait_for_work(journal, &release_due)) {
        if (release_due)
            r = tp_room_release(journal);
        if (r == 0)
            r = tp_room_prepare(journal);
        if (r == 0)
            r = tp_group_write(journal);
    }
    if (r < 0)
        fail(journal);
    return NULL;
}

int tp_writer_start(struct tp_journal *journal) {
    if (pthread_create(&journal->thread, NULL, work, journal) != 0)
        return TP_ENOMEM;
    journal->running = true;
    return 0;
}
