/* The journal as its users see it: what is written is read back in order, also by the next process; what is released is
 * forgotten; and where there is no room, nobody is told that there is. */
#include "story.h"

#include <signal.h>
#include <sys/resource.h>

/* ---- the way of a record ---- */

static void what_is_written_is_read_in_order(void **state) {
    struct story *story = *state;
    open_journal(story);
    assert_int_equal(tp_journal_frontier(story->journal), 1);
    assert_int_equal(write_one(story, "a call"), 1);
    assert_int_equal(write_batch(story, (const char *[]){"a page", "", "a mention"}, 3), 2);
    await_readable(story, 2);
    next_is(story, 1, "a call");
    next_is(story, 2, "a page");
    next_is(story, 3, "");
    next_is(story, 4, "a mention");
    nothing_left(story);
}

static void a_record_keeps_its_type_and_time(void **state) {
    struct story *story = *state;
    open_journal(story);
    struct letter letter = {.story = story, .batch = {.received_ms = 1767323045678, .on_durable = on_durable}};
    tp_journal_batch_add(&letter.batch, TP_RECORD_REJECTION, TP_STR("no"));
    tp_journal_batch_add(&letter.batch, TP_RECORD_INTERACTION, TP_STR("yes"));
    assert_int_equal(tp_journal_append(story->journal, &letter.batch), 0);
    await(story, &letter);
    struct tp_journal_record record;
    next_record(story, &record);
    assert_int_equal(record.type, TP_RECORD_REJECTION);
    assert_int_equal(record.received_ms, 1767323045678);
    next_record(story, &record);
    assert_int_equal(record.type, TP_RECORD_INTERACTION);
}

static void the_next_process_goes_on_where_delivery_was(void **state) {
    struct story *story = *state;
    open_journal(story);
    char node[TP_UUID_TEXT];
    strcpy(node, tp_journal_node(story->journal));
    for (int i = 0; i < 5; i++)
        write_one(story, "abcde" + i);
    await_readable(story, 5);
    next_is(story, 1, "abcde");
    next_is(story, 2, "bcde");
    tp_journal_release(story->journal, 3);
    reopen(story);
    assert_string_equal(tp_journal_node(story->journal), node);
    assert_int_equal(tp_journal_frontier(story->journal), 3);
    next_is(story, 3, "cde");
    assert_int_equal(write_one(story, "new"), 6);
    next_is(story, 4, "de");
    next_is(story, 5, "e");
    struct tp_journal_record record;
    next_record(story, &record);
    assert_int_equal(record.number, 6);
}

static void numbers_go_on_when_everything_was_released(void **state) {
    struct story *story = *state;
    open_journal(story);
    for (int i = 0; i < 7; i++)
        write_one(story, "x");
    await_readable(story, 7);
    tp_journal_release(story->journal, 8);
    reopen(story);
    assert_int_equal(tp_journal_frontier(story->journal), 8);
    nothing_left(story);
    reopen(story);
    assert_int_equal(write_one(story, "y"), 8);
}

static void release_may_run_ahead_of_reading(void **state) {
    struct story *story = *state;
    open_journal(story);
    for (int i = 0; i < 5; i++)
        write_one(story, "abcde" + i);
    await_readable(story, 5);
    next_is(story, 1, "abcde");
    tp_journal_release(story->journal, 4);
    tp_journal_release(story->journal, 2); /* never goes back */
    next_is(story, 4, "de");
}

static void a_record_larger_than_the_window_is_read_whole(void **state) {
    struct story *story = *state;
    story->options.segment_size = 2 << 20;
    story->options.max_size = 16 << 20;
    story->options.queue_size = 2 << 20;
    open_journal(story);
    char *large = malloc(1 << 20);
    memset(large, 'L', 1 << 20);
    large[(1 << 20) - 1] = '\0';
    write_one(story, "small");
    write_one(story, large);
    write_one(story, "small again");
    await_readable(story, 3);
    next_is(story, 1, "small");
    next_is(story, 2, large);
    next_is(story, 3, "small again");
    free(large);
}

/* ---- senders ---- */

struct nosy {
    struct letter letter; /* first */
    uint64_t pending;
};

static void look_around(struct tp_journal_batch *batch, int status, uint64_t first) {
    struct nosy *nosy = (struct nosy *)batch;
    struct tp_journal_stats stats;
    tp_journal_stats(nosy->letter.story->journal, &stats);
    nosy->pending = stats.pending;
    on_durable(batch, status, first);
}

static void the_sender_hears_before_delivery_sees(void **state) {
    struct story *story = *state;
    open_journal(story);
    struct nosy nosy = {.letter = {.story = story, .batch = {.on_durable = look_around}}, .pending = 99};
    tp_journal_batch_add(&nosy.letter.batch, TP_RECORD_INTERACTION, TP_STR("x"));
    assert_int_equal(tp_journal_append(story->journal, &nosy.letter.batch), 0);
    await(story, &nosy.letter);
    assert_int_equal(nosy.pending, 0);
    await_readable(story, 1);
    struct tp_journal_stats stats;
    tp_journal_stats(story->journal, &stats);
    assert_int_equal(stats.pending, 1);
}

/* Holds the writer in its callback until it is let go: a slow sync, so to say. */
static void hold(struct tp_journal_batch *batch, int status, uint64_t first) {
    struct story *story = ((struct letter *)batch)->story;
    on_durable(batch, status, first);
    pthread_mutex_lock(&story->lock);
    while (!story->let_go)
        pthread_cond_wait(&story->changed, &story->lock);
    pthread_mutex_unlock(&story->lock);
}

static void hold_writer(struct story *story, struct letter *letter) {
    *letter = (struct letter){.story = story, .batch = {.on_durable = hold}};
    tp_journal_batch_add(&letter->batch, TP_RECORD_INTERACTION, TP_STR("first"));
    assert_int_equal(tp_journal_append(story->journal, &letter->batch), 0);
    await(story, letter);
}

static void let_writer_go(struct story *story) {
    pthread_mutex_lock(&story->lock);
    story->let_go = true;
    pthread_cond_broadcast(&story->changed);
    pthread_mutex_unlock(&story->lock);
}

static void who_comes_during_a_sync_shares_the_next_one(void **state) {
    struct story *story = *state;
    story->options.segment_size = 1 << 20;
    story->options.max_size = 16 << 20;
    story->options.queue_size = 1 << 20;
    open_journal(story);
    int64_t syncs = tp_metrics_get(TP_M_JOURNAL_SYNCS), records = tp_metrics_get(TP_M_JOURNAL_RECORDS);
    enum { N = 3000 }; /* more than one pwritev takes */
    struct letter first, *letters = calloc(N, sizeof *letters);
    hold_writer(story, &first);
    for (int i = 0; i < N; i++)
        assert_int_equal(try_post(story, &letters[i], (const char *[]){"later"}, 1), 0);
    let_writer_go(story);
    for (int i = 0; i < N; i++) {
        await(story, &letters[i]);
        assert_int_equal(letters[i].first, 2 + i);
    }
    assert_int_equal(tp_metrics_get(TP_M_JOURNAL_SYNCS) - syncs, 2);
    assert_int_equal(tp_metrics_get(TP_M_JOURNAL_RECORDS) - records, 1 + N);
    free(letters);
    reopen(story);
    next_is(story, 1, "first");
    for (uint64_t i = 2; i < 2 + N; i++)
        next_is(story, i, "later");
}

enum { SENDERS = 4, BATCHES = 150 };

struct sender {
    struct story *story;
    int name;
};

static void *send_all(void *arg) {
    struct sender *sender = arg;
    for (int i = 0; i < BATCHES; i++) {
        char one[32], two[32];
        snprintf(one, sizeof one, "%d:%d", sender->name, 2 * i);
        snprintf(two, sizeof two, "%d:%d", sender->name, 2 * i + 1);
        struct letter letter;
        while (try_post(sender->story, &letter, (const char *[]){one, two}, 2) == TP_EFULL)
            sched_yield();
        await(sender->story, &letter);
    }
    return NULL;
}

static void many_senders_write_while_one_reads_and_releases(void **state) {
    struct story *story = *state;
    story->options.max_size = 6 * 4096;
    open_journal(story);
    pthread_t threads[SENDERS];
    struct sender senders[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){story, i};
        pthread_create(&threads[i], NULL, send_all, &senders[i]);
    }
    int seen[SENDERS] = {0};
    for (uint64_t number = 1; number <= SENDERS * BATCHES * 2; number++) {
        struct tp_journal_record record;
        next_record(story, &record);
        assert_int_equal(record.number, number);
        char text[32] = "";
        memcpy(text, record.payload.at, record.payload.len);
        int name, turn;
        assert_int_equal(sscanf(text, "%d:%d", &name, &turn), 2);
        assert_int_equal(turn, seen[name]++);
        tp_journal_release(story->journal, number + 1);
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    nothing_left(story);
}

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

/* ---- around it ---- */

static void stop_writes_what_was_taken_and_refuses_the_rest(void **state) {
    struct story *story = *state;
    open_journal(story);
    struct letter first, second;
    assert_int_equal(try_post(story, &first, (const char *[]){"1"}, 1), 0);
    assert_int_equal(try_post(story, &second, (const char *[]){"2"}, 1), 0);
    tp_journal_stop(story->journal);
    assert_true(first.done && second.done);
    assert_int_equal(second.status, 0);
    await(story, &first);
    await(story, &second);
    struct letter late;
    assert_int_equal(try_post(story, &late, (const char *[]){"3"}, 1), TP_ESTOPPING);
    next_is(story, 1, "1"); /* delivery goes on */
    tp_journal_release(story->journal, 2);
    reopen(story);
    assert_int_equal(tp_journal_frontier(story->journal), 2);
    next_is(story, 2, "2");
}

static void one_process_at_a_time(void **state) {
    struct story *story = *state;
    open_journal(story);
    struct tp_journal *second = NULL;
    tp_buf_clear(&story->said);
    assert_int_equal(tp_journal_open(&story->options, &story->said, &second), TP_ELOCKED);
    assert_null(second);
    assert_true(was_said(story, "another process"));
}

static void files_are_for_their_owner_alone(void **state) {
    struct story *story = *state;
    umask(0);
    open_journal(story);
    write_one(story, "private");
    struct stat status;
    assert_int_equal(stat(story->dir, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    const char *names[] = {"lock", "node", "checkpoint", "journal-00000000000000000001.tp"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(stat(path_in(story->dir, names[i]), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
}

static void a_size_without_room_for_two_segments_is_refused(void **state) {
    struct story *story = *state;
    story->options.max_size = 2 * 4096 - 1;
    assert_int_equal(try_open(story), TP_ECONFIG);
    story->options.max_size = 1 << 20;
    story->options.segment_size = 100;
    assert_int_equal(try_open(story), TP_ECONFIG);
    assert_true(story->said.len > 0);
}

static void stats_know_the_age_of_the_oldest(void **state) {
    struct story *story = *state;
    open_journal(story);
    struct tp_journal_stats stats;
    tp_journal_stats(story->journal, &stats);
    assert_int_equal(stats.oldest_ms, 0);
    for (int i = 1; i <= 3; i++) {
        struct letter letter = {.story = story, .batch = {.received_ms = 1000 * i, .on_durable = on_durable}};
        tp_journal_batch_add(&letter.batch, TP_RECORD_INTERACTION, TP_STR("x"));
        assert_int_equal(tp_journal_append(story->journal, &letter.batch), 0);
        await(story, &letter);
    }
    await_readable(story, 3);
    tp_journal_stats(story->journal, &stats);
    assert_int_equal(stats.oldest_ms, 1000);
    assert_int_equal(stats.pending, 3);
    tp_journal_release(story->journal, 3);
    tp_journal_stats(story->journal, &stats);
    assert_int_equal(stats.oldest_ms, 3000);
    tp_journal_release(story->journal, 4);
    tp_journal_stats(story->journal, &stats);
    assert_int_equal(stats.oldest_ms, 0);
    assert_int_equal(stats.pending, 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(what_is_written_is_read_in_order),
        STORY(a_record_keeps_its_type_and_time),
        STORY(the_next_process_goes_on_where_delivery_was),
        STORY(numbers_go_on_when_everything_was_released),
        STORY(release_may_run_ahead_of_reading),
        STORY(a_record_larger_than_the_window_is_read_whole),
        STORY(the_sender_hears_before_delivery_sees),
        STORY(who_comes_during_a_sync_shares_the_next_one),
        STORY(many_senders_write_while_one_reads_and_releases),
        STORY(what_can_never_fit_is_too_large),
        STORY(a_full_queue_refuses),
        STORY(a_full_journal_refuses_until_delivery_releases),
        STORY(a_full_disk_is_no_failure),
        STORY(a_failed_write_is_final),
        STORY(a_failed_sync_is_final),
        STORY(stop_writes_what_was_taken_and_refuses_the_rest),
        STORY(one_process_at_a_time),
        STORY(files_are_for_their_owner_alone),
        STORY(a_size_without_room_for_two_segments_is_refused),
        STORY(stats_know_the_age_of_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
