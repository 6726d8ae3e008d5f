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
    assert_true(was_said(story, "touchpointctl journal reset-checkpoint"));
    assert_int_equal(tp_journal_reset_checkpoint(story->dir, &story->said), 0);
    assert_true(exists(story, "checkpoint.damaged"));
    open_journal(story);
    assert_true(was_said(story, "delivered again"));
    for (uint64_t number = 1; number <= 5; number++)
        next_is(story, number, five[number - 1]);
    assert_int_equal(write_one(story, "new"), 6);
}

static void a_checkpoint_that_can_be_used_is_not_reset(void **state) {
    struct story *story = *state;
    release_three(story);
    assert_int_equal(tp_journal_reset_checkpoint(story->dir, &story->said), TP_ECONFIG);
    assert_true(was_said(story, "the checkpoint is sound"));
    flip(story, "checkpoint", 30);
    assert_int_equal(tp_journal_reset_checkpoint(story->dir, &story->said), TP_ECONFIG);
    open_journal(story);
    assert_int_equal(tp_journal_reset_checkpoint(story->dir, &story->said), TP_ELOCKED);
    close_journal(story);
    assert_int_equal(unlink(path_in(story->dir, "checkpoint")), 0);
    assert_int_equal(tp_journal_reset_checkpoint(story->dir, &story->said), TP_ENOTFOUND);
}

/* What Kafka has under a node's number is not produced again, so no number may be given twice under one node. */
static void when_nobody_knows_the_last_number_it_is_another_node(void **state) {
    struct story *story = *state;
    char node[TP_UUID_TEXT];
    open_journal(story);
    strcpy(node, tp_journal_node(story->journal));
    write_one(story, "delivered");
    await_readable(story, 1);
    tp_journal_release(story->journal, 2);
    reopen(story); /* and its segment is removed */
    assert_string_equal(tp_journal_node(story->journal), node);
    close_journal(story);
    flip(story, "checkpoint", 30);
    flip(story, "checkpoint", TP_DISK_SLOT + 30);
    assert_int_equal(tp_journal_reset_checkpoint(story->dir, &story->said), 0);
    open_journal(story);
    assert_true(was_said(story, "a new node"));
    assert_string_not_equal(tp_journal_node(story->journal), node);
    strcpy(node, tp_journal_node(story->journal));
    assert_int_equal(write_one(story, "new"), 1);
    reopen(story);
    assert_string_equal(tp_journal_node(story->journal), node);
    next_is(story, 1, "new");
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
        STORY(what_is_checkpointed_is_so_in_either_slot),
        STORY(both_checkpoint_slots_damaged_is_refused_until_a_person_decides),
        STORY(a_checkpoint_that_can_be_used_is_not_reset),
        STORY(when_nobody_knows_the_last_number_it_is_another_node),
        STORY(a_segment_is_there_until_a_checkpoint_has_released_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
