/* The journal as its users see it: what is written is read back in order, also by the next process, and what is
 * released is forgotten. */
#include "story.h"

static const char *const five[] = {"abcde", "bcde", "cde", "de", "e"};

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
        write_one(story, five[i]);
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
        write_one(story, five[i]);
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
    int64_t oldest_ms;
    int read;
};

static void look_around(struct tp_journal_batch *batch, int status, uint64_t first) {
    struct nosy *nosy = (struct nosy *)batch;
    struct tp_journal_stats stats;
    struct tp_journal_record record;
    tp_journal_stats(nosy->letter.story->journal, &stats);
    nosy->pending = stats.pending;
    nosy->oldest_ms = stats.oldest_ms;
    nosy->read = tp_journal_read(nosy->letter.story->journal, &record);
    on_durable(batch, status, first);
}

/* And when he hears, it counts as pending already. */
static void the_sender_hears_before_delivery_sees(void **state) {
    struct story *story = *state;
    open_journal(story);
    struct nosy nosy = {.letter = {.story = story, .batch = {.received_ms = 1000, .on_durable = look_around}}};
    tp_journal_batch_add(&nosy.letter.batch, TP_RECORD_INTERACTION, TP_STR("x"));
    assert_int_equal(tp_journal_append(story->journal, &nosy.letter.batch), 0);
    await(story, &nosy.letter);
    assert_int_equal(nosy.read, 0);
    assert_int_equal(nosy.pending, 1);
    assert_int_equal(nosy.oldest_ms, 1000);
    await_readable(story, 1);
    next_is(story, 1, "x");
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
        STORY(stop_writes_what_was_taken_and_refuses_the_rest),
        STORY(one_process_at_a_time),
        STORY(files_are_for_their_owner_alone),
        STORY(a_size_without_room_for_two_segments_is_refused),
        STORY(stats_know_the_age_of_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
