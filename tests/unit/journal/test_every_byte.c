/* Every byte of a journal's end, of a segment's header and of the checkpoint, flipped and cut, one by one. What was
 * synced and is not hit is read, in order and once; what is hit is put aside and counted; of what nobody was told
 * nothing remains by half; and the journal goes on. */
#include "story.h"

#include "daemon/journal/format.h"

#define HEADER ((off_t)sizeof(struct tp_disk_segment))
#define RECORD ((off_t)sizeof(struct tp_disk_record) + 8) /* each holds five bytes or fewer */
#define BEHIND 96                                         /* so many bytes behind the end are tried too */

static const char *const texts[] = {"alpha", "bravo", "delta", "gamma"};
enum { RECORDS = 4 };

/* Two groups in segment 1: "alpha"; "bravo", "delta", "gamma" as one batch. The story's directory is then that of a
 * journal that was closed, or as a crash leaves it, with a checkpoint that knows of none of them. */
static void write_two_groups(struct story *story, bool closed) {
    open_journal(story);
    copy_file(path_in(story->dir, "checkpoint"), path_in(story->root, "early"));
    write_one(story, texts[0]);
    write_batch(story, texts + 1, RECORDS - 1);
    close_journal(story);
    if (!closed)
        copy_file(path_in(story->root, "early"), path_in(story->dir, "checkpoint"));
}

/* Which of the four are read; anything else that is read is a mistake. */
static unsigned read_some(struct story *story) {
    struct tp_journal_record record;
    uint64_t before = 0;
    unsigned found = 0;
    while (tp_journal_read(story->journal, &record) == 1) {
        assert_true(record.number > before && record.number <= RECORDS);
        before = record.number;
        assert_int_equal(record.payload.len, 5);
        assert_memory_equal(record.payload.at, texts[(before - 1) % RECORDS], 5);
        found |= 1U << ((before - 1) % RECORDS);
    }
    return found;
}

/* What is written now is there after the next start, behind the others. */
static void goes_on(struct story *story, uint64_t least) {
    uint64_t number = write_one(story, "new");
    assert_true(number >= least);
    reopen(story);
    struct tp_journal_record record = {0};
    while (record.number < number)
        assert_int_equal(tp_journal_read(story->journal, &record), 1);
    assert_int_equal(record.number, number);
    assert_memory_equal(record.payload.at, "new", 3);
    nothing_left(story);
    close_journal(story);
}

enum deed { FLIPPED, CUT };

/* Does it to each byte from `from` on, and has `check` look at what becomes of it. */
static void spoil(struct story *story, const char *name, enum deed deed, off_t from, off_t to,
                  void (*check)(struct story *story, off_t at)) {
    char kept[128];
    snprintf(kept, sizeof kept, "%s/original", story->root);
    copy_dir(story->dir, kept);
    for (off_t at = from; at < to; at++) {
        copy_dir(kept, story->dir);
        if (deed == CUT)
            assert_int_equal(truncate(path_in(story->dir, name), at), 0);
        else
            flip(story, name, at);
        check(story, at);
    }
}

/* ---- the end ---- */

/* Of the batch that nobody was told about all is there, or nothing. A flip of padding harms none. */
static void all_or_nothing_of_the_last(struct story *story, off_t at) {
    int64_t corrupt = tp_metrics_get(TP_M_JOURNAL_CORRUPT);
    open_journal(story);
    unsigned found = read_some(story);
    assert_true(found == 0x1 || found == 0xf);
    assert_true(found == 0xf || at == HEADER + RECORD || was_said(story, "torn"));
    assert_int_equal(tp_metrics_get(TP_M_JOURNAL_CORRUPT), corrupt);
    goes_on(story, found == 0xf ? RECORDS + 1 : 2);
}

/* Each was synced, and the checkpoint knows it: only the one that was hit is lost, and that is counted. */
static void all_but_the_one_that_was_hit(struct story *story, off_t at) {
    unsigned hit = at >= HEADER + RECORDS * RECORD ? 0 : 1U << (at - HEADER) / RECORD;
    int64_t corrupt = tp_metrics_get(TP_M_JOURNAL_CORRUPT);
    open_journal(story);
    unsigned found = read_some(story);
    assert_true(found == 0xf || found == (0xf & ~hit));
    bool counted = tp_metrics_get(TP_M_JOURNAL_CORRUPT) > corrupt && count_files(story, "corrupt-") == 1;
    assert_true(found == 0xf || counted);
    goes_on(story, RECORDS + 1);
}

static void all_before_the_cut(struct story *story, off_t at) {
    unsigned whole = at < HEADER ? 0 : (unsigned)((at - HEADER) / RECORD);
    open_journal(story);
    unsigned found = read_some(story), before = whole < RECORDS ? (1U << whole) - 1 : 0xf;
    assert_int_equal(found & before, before);
    assert_true(found == 0xf || was_said(story, "the last ones, are missing"));
    goes_on(story, RECORDS + 1);
}

static void all_of_them(struct story *story, off_t at) {
    (void)at;
    open_journal(story);
    assert_int_equal(read_some(story), 0xf);
    goes_on(story, RECORDS + 1);
}

static void any_byte_of_an_end_that_nobody_was_told_of_may_flip(void **state) {
    write_two_groups(*state, false);
    spoil(*state, segment_name(1), FLIPPED, HEADER + RECORD, HEADER + RECORDS * RECORD + BEHIND,
          all_or_nothing_of_the_last);
}

static void and_it_may_be_cut_at_any_byte(void **state) {
    write_two_groups(*state, false);
    spoil(*state, segment_name(1), CUT, HEADER + RECORD, HEADER + RECORDS * RECORD + BEHIND,
          all_or_nothing_of_the_last);
}

static void any_byte_of_a_synced_end_may_flip(void **state) {
    write_two_groups(*state, true);
    spoil(*state, segment_name(1), FLIPPED, HEADER, HEADER + RECORDS * RECORD + BEHIND, all_but_the_one_that_was_hit);
}

static void and_it_too_may_be_cut_at_any_byte(void **state) {
    write_two_groups(*state, true);
    spoil(*state, segment_name(1), CUT, 0, HEADER + RECORDS * RECORD + BEHIND, all_before_the_cut);
}

static void no_byte_of_a_header_costs_a_record(void **state) {
    write_two_groups(*state, true);
    spoil(*state, segment_name(1), FLIPPED, 0, HEADER, all_of_them);
}

static void not_even_before_it_was_named_as_synced(void **state) {
    write_two_groups(*state, false);
    spoil(*state, segment_name(1), FLIPPED, 0, HEADER, all_of_them);
}

/* ---- the checkpoint ---- */

/* Three of four are released, in one checkpoint after the other: one slot says two, the other three. */
static void release_three(struct story *story) {
    write_two_groups(story, true);
    open_journal(story);
    tp_journal_release(story->journal, 3);
    close_journal(story);
    open_journal(story);
    tp_journal_release(story->journal, 4);
    close_journal(story);
}

static void the_other_slot_counts(struct story *story, off_t at) {
    (void)at;
    open_journal(story);
    assert_true(was_said(story, "one slot"));
    uint64_t frontier = tp_journal_frontier(story->journal);
    assert_true(frontier == 3 || frontier == 4);
    assert_int_equal(read_some(story), frontier == 3 ? 0xc : 0x8);
    goes_on(story, RECORDS + 1);
}

static void it_goes_on_or_refuses(struct story *story, off_t at) {
    if (at < (off_t)sizeof(struct tp_disk_checkpoint)) {
        assert_int_equal(try_open(story), TP_ECORRUPT);
        assert_true(was_said(story, "reset-checkpoint"));
        return;
    }
    open_journal(story);
    uint64_t frontier = tp_journal_frontier(story->journal);
    assert_true(frontier == 3 || frontier == 4);
    assert_int_equal(read_some(story), frontier == 3 ? 0xc : 0x8);
    goes_on(story, RECORDS + 1);
}

static void any_byte_of_one_slot_may_flip(void **state) {
    release_three(*state);
    spoil(*state, "checkpoint", FLIPPED, 0, sizeof(struct tp_disk_checkpoint), the_other_slot_counts);
}

static void and_any_byte_of_the_other(void **state) {
    release_three(*state);
    spoil(*state, "checkpoint", FLIPPED, TP_DISK_SLOT, TP_DISK_SLOT + sizeof(struct tp_disk_checkpoint),
          the_other_slot_counts);
}

static void the_first_slot_may_be_cut_at_any_byte(void **state) {
    release_three(*state);
    spoil(*state, "checkpoint", CUT, 0, sizeof(struct tp_disk_checkpoint) + BEHIND, it_goes_on_or_refuses);
}

static void and_so_may_the_second(void **state) {
    release_three(*state);
    spoil(*state, "checkpoint", CUT, TP_DISK_SLOT - BEHIND,
          TP_DISK_SLOT + (off_t)sizeof(struct tp_disk_checkpoint) + BEHIND, it_goes_on_or_refuses);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(any_byte_of_an_end_that_nobody_was_told_of_may_flip),
        STORY(and_it_may_be_cut_at_any_byte),
        STORY(any_byte_of_a_synced_end_may_flip),
        STORY(and_it_too_may_be_cut_at_any_byte),
        STORY(no_byte_of_a_header_costs_a_record),
        STORY(not_even_before_it_was_named_as_synced),
        STORY(any_byte_of_one_slot_may_flip),
        STORY(and_any_byte_of_the_other),
        STORY(the_first_slot_may_be_cut_at_any_byte),
        STORY(and_so_may_the_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
