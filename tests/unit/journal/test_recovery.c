/* What a crash, a bad disk or a person leaves behind, and what the journal makes of it: nothing that was synced and is
 * whole is lost, what is damaged is put aside once, what was never promised is cut off, and nothing is guessed. */
#include "story.h"

#include "daemon/journal/format.h"

#define HEADER ((off_t)sizeof(struct tp_disk_segment))
#define RECORD ((off_t)sizeof(struct tp_disk_record))

/* The directory as a crash right now would leave it, with a checkpoint that knows nothing of the last records. The
 * story goes on in that image. */
static void crash(struct story *story) {
    static char image[128];
    snprintf(image, sizeof image, "%s/image", story->root);
    copy_dir(story->dir, image);
    close_journal(story);
    copy_file(path_in(story->root, "early"), path_in(image, "checkpoint"));
    remove_dir(story->dir);
    assert_int_equal(rename(image, story->dir), 0);
}

/* From here on the crash image's checkpoint knows nothing. */
static void keep_checkpoint(struct story *story) {
    copy_file(path_in(story->dir, "checkpoint"), path_in(story->root, "early"));
}

static void damage(struct story *story, const char *text) {
    flip(story, segment_name(1), find_text(story, segment_name(1), text));
}

/* Three groups in segment 1: "alpha"; "bravo", "charlie", "delta"; "echo". The last may be left out. */
static void write_three_groups(struct story *story, bool last) {
    open_journal(story);
    keep_checkpoint(story);
    write_one(story, "alpha");
    write_batch(story, (const char *[]){"bravo", "charlie", "delta"}, 3);
    if (last)
        write_one(story, "echo");
}

/* ---- a torn end ---- */

static void what_was_written_and_not_yet_named_is_kept(void **state) {
    struct story *story = *state;
    write_three_groups(story, false);
    crash(story);
    open_journal(story);
    next_is(story, 1, "alpha");
    next_is(story, 2, "bravo");
    next_is(story, 3, "charlie");
    next_is(story, 4, "delta");
    assert_int_equal(write_one(story, "echo"), 5);
}

/* The whole group: it was one batch. */
static void a_group_torn_in_its_middle_is_cut_off(void **state) {
    struct story *story = *state;
    write_three_groups(story, false);
    crash(story);
    damage(story, "charlie");
    int64_t corrupt = tp_metrics_get(TP_M_JOURNAL_CORRUPT);
    open_journal(story);
    assert_true(was_said(story, "torn"));
    next_is(story, 1, "alpha");
    nothing_left(story);
    assert_int_equal(tp_metrics_get(TP_M_JOURNAL_CORRUPT), corrupt);
    assert_int_equal(count_files(story, "corrupt-"), 0);
    assert_int_equal(write_one(story, "new"), 2);
    reopen(story); /* and nothing of what was cut comes back */
    assert_false(was_said(story, "torn"));
    next_is(story, 1, "alpha");
    next_is(story, 2, "new");
    nothing_left(story);
}

/* The sectors with its end were not written at all. */
static void a_batch_whose_end_is_not_there_is_cut_off_whole(void **state) {
    struct story *story = *state;
    write_three_groups(story, false);
    crash(story);
    char zeros[RECORD + 8] = {0};
    overwrite(story, segment_name(1), HEADER + 3 * (RECORD + 8), zeros, sizeof zeros);
    open_journal(story);
    assert_true(was_said(story, "torn"));
    next_is(story, 1, "alpha");
    nothing_left(story);
    assert_int_equal(write_one(story, "new"), 2);
}

/* Of two batches in one group. */
static void a_whole_batch_before_a_torn_one_is_kept(void **state) {
    struct story *story = *state;
    struct letter first, second, third;
    open_journal(story);
    keep_checkpoint(story);
    hold_writer(story, &first);
    assert_int_equal(try_post(story, &second, (const char *[]){"bravo", "charlie"}, 2), 0);
    assert_int_equal(try_post(story, &third, (const char *[]){"delta", "echo"}, 2), 0);
    let_writer_go(story);
    await(story, &second);
    await(story, &third);
    crash(story);
    damage(story, "echo");
    open_journal(story);
    next_is(story, 1, "first");
    next_is(story, 2, "bravo");
    next_is(story, 3, "charlie");
    nothing_left(story);
}

static void a_torn_first_group_leaves_an_empty_journal(void **state) {
    struct story *story = *state;
    open_journal(story);
    keep_checkpoint(story);
    write_one(story, "alpha");
    crash(story);
    damage(story, "alpha");
    flip(story, segment_name(1), 0);
    open_journal(story);
    assert_true(was_said(story, "torn"));
    nothing_left(story);
    assert_int_equal(write_one(story, "new"), 1);
    reopen(story);
    next_is(story, 1, "new");
}

static void a_torn_group_at_the_beginning_of_a_segment_leaves_the_one_before(void **state) {
    struct story *story = *state;
    char large[2501];
    memset(large, 'l', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    open_journal(story);
    write_one(story, large);
    keep_checkpoint(story);
    write_one(story, large);
    crash(story);
    for (off_t at = 0; at < 200; at += 8)
        flip(story, segment_name(2), at);
    open_journal(story);
    assert_true(was_said(story, "torn"));
    next_is(story, 1, large);
    nothing_left(story);
    assert_int_equal(write_one(story, "new"), 2);
    reopen(story);
    assert_false(was_said(story, "missing"));
    next_is(story, 1, large);
    next_is(story, 2, "new");
}

/* No segment is left that could tell with which number it begins; the checkpoint can. */
static void a_torn_group_behind_all_that_was_released_is_no_corruption(void **state) {
    struct story *story = *state;
    open_journal(story);
    write_one(story, "delivered");
    await_readable(story, 1);
    tp_journal_release(story->journal, 2);
    reopen(story);
    keep_checkpoint(story);
    write_batch(story, (const char *[]){"bravo", "charlie"}, 2);
    crash(story);
    flip(story, segment_name(2), 20); /* in the header */
    flip(story, segment_name(2), find_text(story, segment_name(2), "bravo"));
    int64_t corrupt = tp_metrics_get(TP_M_JOURNAL_CORRUPT);
    open_journal(story);
    assert_true(was_said(story, "torn"));
    assert_false(was_said(story, "missing"));
    nothing_left(story);
    assert_int_equal(tp_metrics_get(TP_M_JOURNAL_CORRUPT), corrupt);
    assert_int_equal(write_one(story, "new"), 2);
}

/* ---- corruption ---- */

static void damage_that_a_later_record_names_as_synced_is_put_aside(void **state) {
    struct story *story = *state;
    write_three_groups(story, true);
    crash(story);
    damage(story, "charlie");
    int64_t corrupt = tp_metrics_get(TP_M_JOURNAL_CORRUPT);
    open_journal(story);
    assert_false(was_said(story, "torn"));
    next_is(story, 1, "alpha");
    next_is(story, 2, "bravo");
    next_is(story, 4, "delta");
    next_is(story, 5, "echo");
    nothing_left(story);
    assert_int_equal(tp_metrics_get(TP_M_JOURNAL_CORRUPT) - corrupt, RECORD + 8);
    assert_int_equal(count_files(story, "corrupt-"), 1);
    char name[64];
    snprintf(name, sizeof name, "corrupt-%020u-%lld", 1, (long long)HEADER + 2 * (RECORD + 8));
    assert_int_equal(size_of(story, name), RECORD + 8);
    assert_int_equal(find_text(story, name, "harlie"), RECORD + 1);
}

static void damage_below_the_checkpoint_is_put_aside_even_at_the_end(void **state) {
    struct story *story = *state;
    write_three_groups(story, false);
    close_journal(story); /* the checkpoint names all of it */
    damage(story, "delta");
    open_journal(story);
    assert_true(was_said(story, "records 4 to 4, the last ones, are missing"));
    next_is(story, 1, "alpha");
    next_is(story, 2, "bravo");
    next_is(story, 3, "charlie");
    nothing_left(story);
    assert_int_equal(count_files(story, "corrupt-"), 1);
    assert_int_equal(write_one(story, "new"), 5); /* a number is never given twice */
    await_readable(story, 3);
    next_is(story, 5, "new");
}

static void damage_is_met_again_after_a_restart_and_put_aside_once(void **state) {
    struct story *story = *state;
    write_three_groups(story, true);
    close_journal(story);
    damage(story, "bravo");
    for (int i = 0; i < 3; i++) {
        reopen(story);
        next_is(story, 1, "alpha");
        next_is(story, 3, "charlie");
        assert_int_equal(count_files(story, "corrupt-"), 1);
    }
}

static void what_was_put_aside_by_half_is_put_aside_again(void **state) {
    struct story *story = *state;
    char name[64];
    write_three_groups(story, true);
    close_journal(story);
    damage(story, "alpha");
    snprintf(name, sizeof name, "corrupt-%020u-%lld", 1, (long long)HEADER);
    copy_file("/dev/null", path_in(story->dir, name)); /* the power was lost before its bytes were there */
    open_journal(story);
    next_is(story, 2, "bravo");
    assert_int_equal(size_of(story, name), RECORD + 8);
}

static void a_damaged_header_costs_no_record(void **state) {
    struct story *story = *state;
    write_thirty(story);
    close_journal(story);
    flip(story, segment_name(1), 20);
    flip(story, segment_name(4), 60);
    flip(story, segment_name(8), 30); /* the last one */
    open_journal(story);
    for (uint64_t i = 1; i <= 30; i++)
        next_of_thirty_is(story, i);
    nothing_left(story);
    assert_int_equal(count_files(story, "corrupt-"), 3);
}

static void corruption_in_a_sealed_segment_costs_what_is_damaged(void **state) {
    struct story *story = *state;
    write_thirty(story);
    close_journal(story);
    char zeros[512] = {0};
    overwrite(story, segment_name(3), HEADER + 840 + 100, zeros, sizeof zeros); /* a lost sector in its second record */
    open_journal(story);
    for (uint64_t i = 1; i <= 30; i++)
        if (i != 2 * 4 + 2)
            next_of_thirty_is(story, i);
    nothing_left(story);
    assert_int_equal(count_files(story, "corrupt-"), 1);
}

static void a_missing_segment_is_said_and_passed(void **state) {
    struct story *story = *state;
    write_thirty(story);
    close_journal(story);
    assert_int_equal(unlink(path_in(story->dir, segment_name(3))), 0);
    int64_t corrupt = tp_metrics_get(TP_M_JOURNAL_CORRUPT);
    open_journal(story);
    assert_true(was_said(story, "segments 3 to 3 are missing"));
    assert_int_equal(tp_metrics_get(TP_M_JOURNAL_CORRUPT) - corrupt, 4096);
    for (uint64_t i = 1; i <= 30; i++)
        if (i < 9 || i > 12)
            next_of_thirty_is(story, i);
    nothing_left(story);
}

static void an_emptied_segment_is_passed(void **state) {
    struct story *story = *state;
    write_thirty(story);
    close_journal(story);
    assert_int_equal(truncate(path_in(story->dir, segment_name(3)), 0), 0);
    open_journal(story);
    for (uint64_t i = 1; i <= 30; i++)
        if (i < 9 || i > 12)
            next_of_thirty_is(story, i);
    nothing_left(story);
}

static void an_emptied_segment_is_no_end(void **state) {
    struct story *story = *state;
    write_thirty(story);
    close_journal(story);
    assert_int_equal(truncate(path_in(story->dir, segment_name(7)), 0), 0); /* 25 to 28 */
    flip(story, segment_name(8), 3); /* in the header, which would have shown that the others were begun */
    open_journal(story);
    for (uint64_t i = 1; i <= 30; i++)
        if (i < 25 || i > 28)
            next_of_thirty_is(story, i);
    nothing_left(story);
    assert_int_equal(write_one(story, "new"), 31);
}

static void a_lost_end_is_said_and_its_numbers_are_not_given_again(void **state) {
    struct story *story = *state;
    write_thirty(story);
    close_journal(story);
    for (unsigned i = 7; i <= 8; i++) /* 25 to 30 */
        assert_int_equal(unlink(path_in(story->dir, segment_name(i))), 0);
    open_journal(story);
    assert_true(was_said(story, "records 25 to 30, the last ones, are missing"));
    for (uint64_t i = 1; i <= 24; i++)
        next_of_thirty_is(story, i);
    nothing_left(story);
    assert_int_equal(write_one(story, "new"), 31);
}

static void bytes_stand_in_segment_three(struct story *story, unsigned of) {
    write_thirty(story);
    close_journal(story);
    struct tp_buf other = TP_BUF_INIT;
    load_file(path_in(story->dir, segment_name(of)), &other);
    overwrite(story, segment_name(3), HEADER, other.at + HEADER, 2 * 840);
    tp_buf_free(&other);
    open_journal(story);
    for (uint64_t i = 1; i <= 30; i++)
        if (i != 9 && i != 10)
            next_of_thirty_is(story, i);
    nothing_left(story);
    assert_int_equal(count_files(story, "corrupt-"), 1);
}

static void bytes_of_an_older_segment_are_not_taken_for_this_ones(void **state) {
    bytes_stand_in_segment_three(*state, 2);
}

static void bytes_of_a_newer_segment_are_not_taken_for_this_ones(void **state) {
    bytes_stand_in_segment_three(*state, 4);
}

static void a_record_that_stands_twice_counts_once(void **state) {
    struct story *story = *state;
    write_thirty(story);
    close_journal(story);
    struct tp_buf same = TP_BUF_INIT;
    load_file(path_in(story->dir, segment_name(3)), &same);
    overwrite(story, segment_name(3), HEADER + 840, same.at + HEADER, 840);
    tp_buf_free(&same);
    open_journal(story);
    for (uint64_t i = 1; i <= 30; i++)
        if (i != 10)
            next_of_thirty_is(story, i);
    nothing_left(story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(what_was_written_and_not_yet_named_is_kept),
        STORY(a_group_torn_in_its_middle_is_cut_off),
        STORY(a_batch_whose_end_is_not_there_is_cut_off_whole),
        STORY(a_whole_batch_before_a_torn_one_is_kept),
        STORY(a_torn_first_group_leaves_an_empty_journal),
        STORY(a_torn_group_at_the_beginning_of_a_segment_leaves_the_one_before),
        STORY(a_torn_group_behind_all_that_was_released_is_no_corruption),
        STORY(damage_that_a_later_record_names_as_synced_is_put_aside),
        STORY(damage_below_the_checkpoint_is_put_aside_even_at_the_end),
        STORY(damage_is_met_again_after_a_restart_and_put_aside_once),
        STORY(what_was_put_aside_by_half_is_put_aside_again),
        STORY(a_damaged_header_costs_no_record),
        STORY(corruption_in_a_sealed_segment_costs_what_is_damaged),
        STORY(a_missing_segment_is_said_and_passed),
        STORY(an_emptied_segment_is_passed),
        STORY(an_emptied_segment_is_no_end),
        STORY(a_lost_end_is_said_and_its_numbers_are_not_given_again),
        STORY(bytes_of_an_older_segment_are_not_taken_for_this_ones),
        STORY(bytes_of_a_newer_segment_are_not_taken_for_this_ones),
        STORY(a_record_that_stands_twice_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
