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

static void a_group_torn_in_its_middle_is_cut_off(void **state) {
    struct story *story = *state;
    write_three_groups(story, false);
    crash(story);
    damage(story, "charlie");
    int64_t corrupt = tp_metrics_get(TP_M_JOURNAL_CORRUPT);
    open_journal(story);
    assert_true(was_said(story, "torn"));
    next_is(story, 1, "alpha");
    next_is(story, 2, "bravo");
    nothing_left(story);
    assert_int_equal(tp_metrics_get(TP_M_JOURNAL_CORRUPT), corrupt);
    assert_int_equal(count_files(story, "corrupt-"), 0);
    assert_int_equal(write_one(story, "new"), 3);
    reopen(story); /* and nothing of what was cut comes back */
    assert_false(was_said(story, "torn"));
    next_is(story, 1, "alpha");
    next_is(story, 2, "bravo");
    next_is(story, 3, "new");
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

/* ---- every byte ---- */

/* Damage to the last record may cost that record and never another one; a read always comes to its end. */
static void read_after_damage_to_the_last(struct story *story) {
    open_journal(story);
    next_is(story, 1, "alpha");
    next_is(story, 2, "bravo");
    next_is(story, 3, "charlie");
    next_is(story, 4, "delta");
    struct tp_journal_record record;
    int r = tp_journal_read(story->journal, &record);
    if (r == 1) { /* the flipped byte was padding */
        assert_int_equal(record.number, 5);
        assert_memory_equal(record.payload.at, "echo", 4);
    }
    nothing_left(story);
    assert_true(write_one(story, "new") >= 5);
    reopen(story);
    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(tp_journal_read(story->journal, &record), 1);
    close_journal(story);
}

static void spoil_the_last_record(struct story *story, bool cut) {
    char original[128];
    snprintf(original, sizeof original, "%s/original", story->root);
    off_t from = HEADER + 4 * (RECORD + 8);
    copy_dir(story->dir, original);
    for (off_t at = from; at < from + RECORD + 8; at++) {
        copy_dir(original, story->dir);
        if (cut)
            assert_int_equal(truncate(path_in(story->dir, segment_name(1)), at), 0);
        else
            flip(story, segment_name(1), at);
        read_after_damage_to_the_last(story);
    }
}

static void any_byte_of_an_unsynced_end_may_flip(void **state) {
    write_three_groups(*state, true);
    crash(*state);
    spoil_the_last_record(*state, false);
}

static void any_byte_of_a_synced_end_may_flip(void **state) {
    write_three_groups(*state, true);
    close_journal(*state);
    spoil_the_last_record(*state, false);
}

static void an_end_may_be_cut_at_any_byte(void **state) {
    write_three_groups(*state, true);
    crash(*state);
    spoil_the_last_record(*state, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(what_was_written_and_not_yet_named_is_kept),
        STORY(a_group_torn_in_its_middle_is_cut_off),
        STORY(a_torn_first_group_leaves_an_empty_journal),
        STORY(a_torn_group_at_the_beginning_of_a_segment_leaves_the_one_before),
        STORY(damage_that_a_later_record_names_as_synced_is_put_aside),
        STORY(damage_below_the_checkpoint_is_put_aside_even_at_the_end),
        STORY(damage_is_met_again_after_a_restart_and_put_aside_once),
        STORY(a_damaged_header_costs_no_record),
        STORY(corruption_in_a_sealed_segment_costs_what_is_damaged),
        STORY(a_missing_segment_is_said_and_passed),
        STORY(an_emptied_segment_is_passed),
        STORY(a_lost_end_is_said_and_its_numbers_are_not_given_again),
        STORY(bytes_of_an_older_segment_are_not_taken_for_this_ones),
        STORY(bytes_of_a_newer_segment_are_not_taken_for_this_ones),
        STORY(a_record_that_stands_twice_counts_once),
        STORY(any_byte_of_an_unsynced_end_may_flip),
        STORY(any_byte_of_a_synced_end_may_flip),
        STORY(an_end_may_be_cut_at_any_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
