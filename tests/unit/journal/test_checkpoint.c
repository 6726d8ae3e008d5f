/* How far delivery has come: kept in two slots, of which one may be lost, and what is released is deleted only then. */
#include "story.h"

#include "daemon/journal/format.h"

static const char *const five[] = {"abcde", "bcde", "cde", "de", "e"};

/* Five records, of which three are released, in one checkpoint after the other. */
static void release_three(struct story *story) {
    open_journal(story);
    for (int i = 0; i < 5; i++)
        write_one(story, five[i]);
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
            next_is(story, number, five[number - 1]);
        nothing_left(story);
        close_journal(story);
    }
    assert_int_equal(older, sizeof(struct tp_disk_checkpoint));
}

static void what_is_checkpointed_is_so_in_either_slot(void **state) {
    struct story *story = *state;
    open_journal(story);
    assert_int_equal(tp_journal_checkpointed(story->journal), 0);
    uint64_t checkpointed = 0;
    for (uint64_t number = 1; checkpointed < 2; number++) { /* until the writer has come to it, twice */
        write_one(story, "x");
        await_readable(story, (unsigned)number);
        tp_journal_release(story->journal, number + 1);
        checkpointed = tp_journal_checkpointed(story->journal);
    }
    close_journal(story);
    copy_file(path_in(story->dir, "checkpoint"), path_in(story->root, "good"));
    for (off_t slot = 0; slot <= TP_DISK_SLOT; slot += TP_DISK_SLOT) {
        copy_file(path_in(story->root, "good"), path_in(story->dir, "checkpoint"));
        flip(story, "checkpoint", slot + 30);
        open_journal(story);
        assert_true(tp_journal_frontier(story->journal) >= checkpointed);
        close_journal(story);
    }
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
        next_is(story, number, five[number - 1]);
    assert_int_equal(write_one(story, "new"), 6);
}

static void a_segment_is_there_until_a_checkpoint_has_released_it(void **state) {
    struct story *story = *state;
    write_thirty(story);
    tp_journal_release(story->journal, 20);
    close_journal(story);
    assert_false(exists(story, segment_name(4)));
    assert_true(exists(story, segment_name(5))); /* 17 to 20 */
    open_journal(story);
    assert_int_equal(tp_journal_frontier(story->journal), 20);
    for (uint64_t i = 20; i <= 30; i++)
        next_of_thirty_is(story, i);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(any_byte_of_one_checkpoint_slot_may_flip),
        STORY(what_is_checkpointed_is_so_in_either_slot),
        STORY(both_checkpoint_slots_damaged_is_refused_until_a_person_decides),
        STORY(a_segment_is_there_until_a_checkpoint_has_released_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
