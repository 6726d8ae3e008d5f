/* What a crash, a bad disk or a person leaves behind, and what the journal makes of it: nothing that was synced and is
 * whole is lost, what is damaged is put aside once, what was never promised is cut off, and nothing is guessed. */
#include "story.h"

#include <xxhash.h>

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
    unlink(path_in(story->root, "early"));
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

/* Texts "0" to "29", each in a record that is large enough for several segments in all. */
static void write_thirty(struct story *story) {
    char text[801];
    open_journal(story);
    for (int i = 0; i < 30; i++) {
        memset(text, '.', 800);
        text[800] = '\0';
        memcpy(text, (const char[]){(char)('0' + i / 10), (char)('0' + i % 10)}, 2);
        assert_int_equal(write_one(story, text), i + 1);
    }
}

static void next_of_thirty_is(struct story *story, uint64_t number) {
    struct tp_journal_record record;
    assert_int_equal(tp_journal_read(story->journal, &record), 1);
    assert_int_equal(record.number, number);
    char text[3] = {record.payload.at[0], record.payload.at[1], 0};
    assert_int_equal(atoi(text) + 1, number);
}

static void a_damaged_header_costs_no_record(void **state) {
    struct story *story = *state;
    write_thirty(story);
    close_journal(story);
    flip(story, segment_name(1), 20);
    flip(story, segment_name(4), 60);
    unsigned last = count_files(story, "journal-");
    while (size_of(story, segment_name(last)) == 0 || last > 8)
        last--;
    flip(story, segment_name(last), 30);
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

static void bytes_of_another_segment_are_not_taken_for_this_ones(void **state) {
    struct story *story = *state;
    write_thirty(story);
    close_journal(story);
    struct tp_buf other = TP_BUF_INIT;
    load_file(path_in(story->dir, segment_name(2)), &other);
    overwrite(story, segment_name(3), HEADER, other.at + HEADER, 2 * 840);
    tp_buf_free(&other);
    open_journal(story);
    for (uint64_t i = 1; i <= 30; i++)
        if (i != 9 && i != 10)
            next_of_thirty_is(story, i);
    nothing_left(story);
    assert_int_equal(count_files(story, "corrupt-"), 1);
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
    remove_dir(original);
}

static void any_byte_of_an_unsynced_end_may_flip(void **state) {
    write_three_groups(*state, true);
    crash(*state);
    spoil_the_last_record(*state, false);
}

static void any_byte_of_a_synced_end_may_flip(void **state) {
    write_three_groups(*state, true);
    close_journal(*state);
    unlink(path_in(((struct story *)*state)->root, "early"));
    spoil_the_last_record(*state, false);
}

static void an_end_may_be_cut_at_any_byte(void **state) {
    write_three_groups(*state, true);
    crash(*state);
    spoil_the_last_record(*state, true);
}

/* ---- the checkpoint ---- */

/* Five records, of which three are released, in one checkpoint after the other. */
static void release_three(struct story *story) {
    open_journal(story);
    for (int i = 0; i < 5; i++)
        write_one(story, "abcde" + i);
    await_readable(story, 5);
    tp_journal_release(story->journal, 3);
    reopen(story);
    next_is(story, 3, "cde");
    tp_journal_release(story->journal, 4);
    close_journal(story);
}

static void any_byte_of_one_checkpoint_slot_may_flip(void **state) {
    struct story *story = *state;
    release_three(story);
    copy_file(path_in(story->dir, "checkpoint"), path_in(story->root, "good"));
    unsigned older = 0;
    for (off_t i = 0; i < 2 * (off_t)sizeof(struct tp_disk_checkpoint); i++) {
        off_t slot = i % 2 * TP_DISK_SLOT;
        copy_file(path_in(story->root, "good"), path_in(story->dir, "checkpoint"));
        flip(story, "checkpoint", slot + i / 2);
        open_journal(story);
        assert_true(was_said(story, "one slot"));
        uint64_t frontier = tp_journal_frontier(story->journal);
        assert_true(frontier == 3 || frontier == 4);
        older += frontier == 3;
        for (uint64_t number = frontier; number <= 5; number++)
            next_is(story, number, "abcde" + number - 1);
        nothing_left(story);
        close_journal(story);
    }
    assert_int_equal(older, sizeof(struct tp_disk_checkpoint));
    unlink(path_in(story->root, "good"));
}

static void both_checkpoint_slots_damaged_is_refused_until_a_person_decides(void **state) {
    struct story *story = *state;
    release_three(story);
    flip(story, "checkpoint", 30);
    flip(story, "checkpoint", TP_DISK_SLOT + 30);
    assert_int_equal(try_open(story), TP_ECORRUPT);
    assert_true(was_said(story, "move that file away to deliver everything"));
    assert_int_equal(unlink(path_in(story->dir, "checkpoint")), 0);
    open_journal(story);
    assert_true(was_said(story, "delivered again"));
    for (uint64_t number = 1; number <= 5; number++)
        next_is(story, number, "abcde" + number - 1);
    assert_int_equal(write_one(story, "new"), 6);
}

static void a_segment_is_there_until_a_checkpoint_has_released_it(void **state) {
    struct story *story = *state;
    write_thirty(story);
    keep_checkpoint(story);
    tp_journal_release(story->journal, 20);
    close_journal(story);
    assert_false(exists(story, segment_name(4)));
    assert_true(exists(story, segment_name(5))); /* 17 to 20 */
    open_journal(story);
    assert_int_equal(tp_journal_frontier(story->journal), 20);
    for (uint64_t i = 20; i <= 30; i++)
        next_of_thirty_is(story, i);
    unlink(path_in(story->root, "early"));
}

/* ---- versions and owners ---- */

/* Another version, soundly written. */
static void make_version(struct story *story, const char *name, off_t at, size_t len, uint32_t version) {
    struct tp_buf bytes = TP_BUF_INIT;
    load_file(path_in(story->dir, name), &bytes);
    char *file = bytes.at + at;
    memcpy(file + offsetof(struct tp_disk_head, version), &version, sizeof version);
    uint64_t checksum = XXH3_64bits(file, len - sizeof checksum);
    memcpy(file + len - sizeof checksum, &checksum, sizeof checksum);
    save_file(path_in(story->dir, name), &bytes);
    tp_buf_free(&bytes);
}

static void another_format_version_is_refused_and_said(void **state) {
    struct story *story = *state;
    open_journal(story);
    write_one(story, "x");
    close_journal(story);
    make_version(story, segment_name(1), 0, sizeof(struct tp_disk_segment), 2);
    assert_int_equal(try_open(story), TP_ECONFIG);
    assert_true(was_said(story, "version 2"));
    make_version(story, segment_name(1), 0, sizeof(struct tp_disk_segment), TP_DISK_VERSION);
    make_version(story, "checkpoint", 0, sizeof(struct tp_disk_checkpoint), 0);
    assert_int_equal(try_open(story), TP_ECONFIG);
    make_version(story, "checkpoint", 0, sizeof(struct tp_disk_checkpoint), TP_DISK_VERSION);
    make_version(story, "node", 0, sizeof(struct tp_disk_node), 7);
    assert_int_equal(try_open(story), TP_ECONFIG);
    make_version(story, "node", 0, sizeof(struct tp_disk_node), TP_DISK_VERSION);
    open_journal(story);
    next_is(story, 1, "x");
}

static void a_journal_from_another_machine_is_refused_until_it_is_adopted(void **state) {
    struct story *story = *state;
    open_journal(story);
    assert_true(was_said(story, "a new node"));
    write_one(story, "x");
    char node[TP_UUID_TEXT];
    strcpy(node, tp_journal_node(story->journal));
    assert_true(tp_uuid_valid(tp_str(node)));
    close_journal(story);
    story->options.machine_id = "another machine";
    assert_int_equal(try_open(story), TP_ECONFIG);
    assert_true(was_said(story, "another machine") && was_said(story, node));
    assert_int_equal(rename(path_in(story->dir, "node"), path_in(story->dir, "node.away")), 0);
    open_journal(story);
    assert_true(was_said(story, "takes over"));
    assert_string_equal(tp_journal_node(story->journal), node);
    next_is(story, 1, "x");
}

static void a_command_can_adopt(void **state) {
    struct story *story = *state;
    open_journal(story);
    write_one(story, "x");
    assert_int_equal(tp_journal_adopt(story->dir), TP_ELOCKED);
    close_journal(story);
    assert_int_equal(tp_journal_adopt(story->dir), 0);
    story->options.machine_id = NULL; /* this one */
    open_journal(story);
    next_is(story, 1, "x");
    assert_int_equal(tp_journal_adopt("/nonexistent"), TP_EIO);
}

static void without_a_machine_id_nothing_is_refused(void **state) {
    struct story *story = *state;
    story->options.machine_id = "";
    open_journal(story);
    close_journal(story);
    story->options.machine_id = "a machine";
    open_journal(story);
}

static void a_new_journal_under_an_old_name_is_a_new_node(void **state) {
    struct story *story = *state;
    open_journal(story);
    char node[TP_UUID_TEXT];
    strcpy(node, tp_journal_node(story->journal));
    close_journal(story);
    remove_dir(story->dir);
    open_journal(story);
    assert_string_not_equal(tp_journal_node(story->journal), node);
}

static void a_damaged_node_file_is_refused(void **state) {
    struct story *story = *state;
    open_journal(story);
    write_one(story, "x");
    char node[TP_UUID_TEXT];
    strcpy(node, tp_journal_node(story->journal));
    close_journal(story);
    flip(story, "node", 20);
    assert_int_equal(try_open(story), TP_ECORRUPT);
    assert_true(was_said(story, "move it away"));
    assert_int_equal(unlink(path_in(story->dir, "node")), 0);
    open_journal(story);
    assert_string_equal(tp_journal_node(story->journal), node);
}

static void a_segment_of_another_node_is_refused(void **state) {
    struct story *story = *state;
    open_journal(story);
    write_one(story, "x");
    close_journal(story);
    copy_file(path_in(story->dir, segment_name(1)), path_in(story->root, "foreign"));
    remove_dir(story->dir);
    open_journal(story);
    close_journal(story);
    copy_file(path_in(story->root, "foreign"), path_in(story->dir, segment_name(1)));
    assert_int_equal(try_open(story), TP_ECONFIG);
    assert_true(was_said(story, "belongs to node"));
    unlink(path_in(story->root, "foreign"));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, finish)

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
        STORY(bytes_of_another_segment_are_not_taken_for_this_ones),
        STORY(a_record_that_stands_twice_counts_once),
        STORY(any_byte_of_an_unsynced_end_may_flip),
        STORY(any_byte_of_a_synced_end_may_flip),
        STORY(an_end_may_be_cut_at_any_byte),
        STORY(any_byte_of_one_checkpoint_slot_may_flip),
        STORY(both_checkpoint_slots_damaged_is_refused_until_a_person_decides),
        STORY(a_segment_is_there_until_a_checkpoint_has_released_it),
        STORY(another_format_version_is_refused_and_said),
        STORY(a_journal_from_another_machine_is_refused_until_it_is_adopted),
        STORY(a_command_can_adopt),
        STORY(without_a_machine_id_nothing_is_refused),
        STORY(a_new_journal_under_an_old_name_is_a_new_node),
        STORY(a_damaged_node_file_is_refused),
        STORY(a_segment_of_another_node_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
