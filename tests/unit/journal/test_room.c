/* Where there is no room, nobody is told that there is; and where the disk fails, everybody hears of it. */
#include "story.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

/* ---- no room ---- */

static void what_can_never_fit_is_too_large(void **state) {
    struct story *story = *state;
    open_journal(story);
    char text[4097];
    memset(text, 't', sizeof text);
    text[4096] = '\0';
    struct letter letter;
    assert_int_equal(try_post(story, &letter, (const char *[]){text}, 1), TP_ETOOLARGE);
    text[4096 - 88 - 40] = '\0'; /* a segment less its header and the record's */
    assert_int_equal(write_one(story, text), 1);
    text[4096 - 88 - 40] = 't';
    text[4096 - 88 - 40 + 1] = '\0';
    assert_int_equal(try_post(story, &letter, (const char *[]){text}, 1), TP_ETOOLARGE);
}

static void a_full_queue_refuses(void **state) {
    struct story *story = *state;
    open_journal(story);
    char text[1001];
    memset(text, 't', 1000);
    text[1000] = '\0';
    struct letter first, letters[8];
    hold_writer(story, &first);
    int taken = 0;
    while (try_post(story, &letters[taken], (const char *[]){text}, 1) == 0)
        taken++;
    assert_int_equal(taken, 3);
    struct tp_journal_stats stats;
    tp_journal_stats(story->journal, &stats);
    assert_false(stats.full); /* the disk has room */
    assert_true(stats.queue_bytes > 3 * 1000);
    let_writer_go(story);
    for (int i = 0; i < taken; i++)
        await(story, &letters[i]);
}

/* Room comes back on the writer's thread. */
static uint64_t write_when_there_is_room(struct story *story, const char *text) {
    struct letter letter;
    int r;
    while ((r = try_post(story, &letter, &text, 1)) == TP_EFULL)
        usleep(1000);
    assert_int_equal(r, 0);
    await(story, &letter);
    return letter.first;
}

static void a_full_journal_refuses_until_delivery_releases(void **state) {
    struct story *story = *state;
    story->options.max_size = 2 * 4096;
    open_journal(story);
    char text[1001];
    memset(text, 't', 1000);
    text[1000] = '\0';
    int64_t refused = tp_metrics_get(TP_M_JOURNAL_FULL);
    struct tp_journal_stats stats;
    struct letter letter;
    unsigned written = 0;
    for (; try_post(story, &letter, (const char *[]){text}, 1) == 0; written++)
        await(story, &letter);
    assert_int_equal(written, 6); /* three in each segment */
    assert_int_equal(tp_metrics_get(TP_M_JOURNAL_FULL) - refused, 1);
    tp_journal_stats(story->journal, &stats);
    assert_true(stats.full);
    assert_int_equal(stats.bytes, 2 * 4096);
    assert_true(exists(story, segment_name(1)));
    await_readable(story, written);
    for (uint64_t i = 1; i <= 4; i++)
        next_is(story, i, text);
    tp_journal_release(story->journal, 5);
    assert_int_equal(write_when_there_is_room(story, "again"), 7);
    assert_false(exists(story, segment_name(1)));
    tp_journal_stats(story->journal, &stats);
    assert_false(stats.full);
    assert_int_equal(stats.bytes, 2 * 4096);
    next_is(story, 5, text);
    next_is(story, 6, text);
}

static void a_full_disk_is_no_failure(void **state) {
    struct story *story = *state;
    story->options.segment_size = 16384;
    story->options.max_size = 1 << 20;
    struct rlimit before, small = {12288, 0};
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    open_journal(story);
    assert_true(was_said(story, "no room"));
    struct letter letter;
    assert_int_equal(try_post(story, &letter, (const char *[]){"x"}, 1), TP_EFULL);
    struct tp_journal_stats stats;
    tp_journal_stats(story->journal, &stats);
    assert_true(stats.full);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(write_when_there_is_room(story, "x"), 1);
    tp_journal_stats(story->journal, &stats);
    assert_false(stats.full || stats.failed);
    assert_int_equal(story->failures, 0);
}

/* What the journal's segments take of the disk, also those that have no name any more: it has all of them open. */
static uint64_t taken(struct story *story) {
    uint64_t sum = 0;
    const char *own = path_in(story->dir, "journal-");
    DIR *fds = opendir("/proc/self/fd");
    assert_non_null(fds);
    for (struct dirent *entry; (entry = readdir(fds));) {
        char target[256];
        struct stat status;
        ssize_t len = readlinkat(dirfd(fds), entry->d_name, target, sizeof target - 1);
        target[len > 0 ? len : 0] = '\0';
        if (strncmp(target, own, strlen(own)) == 0 && fstatat(dirfd(fds), entry->d_name, &status, 0) == 0)
            sum += (uint64_t)status.st_size;
    }
    closedir(fds);
    return sum;
}

/* The files are looked at one after the other, so one may be counted that gave way to another: then again. */
static void at_most_the_limit_is_taken(struct story *story) {
    for (int looks = 0; taken(story) > story->options.max_size; looks++)
        assert_true(looks < 1000);
    struct tp_journal_stats stats;
    tp_journal_stats(story->journal, &stats);
    assert_true(stats.bytes <= story->options.max_size);
}

/* However it is filled and emptied: with a reader that stays where all is released, and over restarts. */
static void never_more_than_the_limit_is_taken(void **state) {
    struct story *story = *state;
    unsigned seed = (unsigned)time(NULL);
    struct tp_journal_record record;
    struct letter letter;
    char text[1201];
    uint64_t read = 0, written = 0;
    print_message("seed %u\n", seed);
    srandom(seed);
    memset(text, 't', sizeof text);
    text[1200] = '\0';
    story->options.max_size = 5 * 4096;
    open_journal(story);
    while (written < 800) {
        const char *some = text + random() % 1200;
        if (try_post(story, &letter, &some, 1) == 0) {
            await(story, &letter);
            written++;
        }
        for (long n = random() % 4; n > 0 && tp_journal_read(story->journal, &record) == 1; n--)
            read = record.number;
        if (random() % 2)
            tp_journal_release(story->journal, read + 1);
        at_most_the_limit_is_taken(story);
        if (random() % 100 == 0)
            reopen(story);
    }
}

/* ---- a broken disk ---- */

/* The journal's open segment becomes another file, behind its back. */
static void exchange_segment(struct story *story, const char *other) {
    char link[64], target[256];
    for (int fd = 0; fd < 256; fd++) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t len = readlink(link, target, sizeof target - 1);
        if (len < 0)
            continue;
        target[len] = '\0';
        if (strcmp(target, path_in(story->dir, segment_name(1))) != 0)
            continue;
        int device = open(other, O_RDWR);
        assert_true(device >= 0);
        assert_true(dup2(device, fd) == fd);
        close(device);
        return;
    }
    fail_msg("segment 1 is not open");
}

static void a_failure_is_told_to_all_and_final(struct story *story, const char *device, const char *what) {
    open_journal(story);
    assert_int_equal(write_one(story, "safe"), 1);
    exchange_segment(story, device);
    struct letter one, two;
    assert_int_equal(try_post(story, &one, (const char *[]){"lost"}, 1), 0);
    bool second = try_post(story, &two, (const char *[]){"lost too"}, 1) == 0;
    await(story, &one);
    assert_int_equal(one.status, TP_EIO);
    if (second) {
        await(story, &two);
        assert_int_equal(two.status, TP_EIO);
    }
    tp_journal_stop(story->journal);
    assert_int_equal(story->failures, 1);
    assert_string_equal(story->failed_at, what);
    assert_int_equal(try_post(story, &one, (const char *[]){"later"}, 1), TP_EIO);
    struct tp_journal_stats stats;
    tp_journal_stats(story->journal, &stats);
    assert_true(stats.failed);
    reopen(story);
    next_is(story, 1, "safe");
    nothing_left(story);
    assert_int_equal(write_one(story, "new"), 2);
}

static void a_failed_write_is_final(void **state) {
    a_failure_is_told_to_all_and_final(*state, "/dev/full", "writing to a segment");
}

static void a_failed_sync_is_final(void **state) {
    a_failure_is_told_to_all_and_final(*state, "/dev/null", "syncing a segment");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(what_can_never_fit_is_too_large),
        STORY(a_full_queue_refuses),
        STORY(a_full_journal_refuses_until_delivery_releases),
        STORY(a_full_disk_is_no_failure),
        STORY(never_more_than_the_limit_is_taken),
        STORY(a_failed_write_is_final),
        STORY(a_failed_sync_is_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
