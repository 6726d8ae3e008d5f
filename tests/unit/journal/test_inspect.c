/* A look at a journal: what is in it, what is wrong with it, by the same rules as recovery and delivery, and never a
 * byte changed. */
#include "story.h"

#include "daemon/journal/format.h"
#include "daemon/journal/inspect.h"

#define HEADER ((uint64_t)sizeof(struct tp_disk_segment))
#define RECORD ((uint64_t)sizeof(struct tp_disk_record))

static struct tp_inspection *look_at(struct story *story, const char *dir) {
    struct tp_inspection *found = NULL;
    tp_buf_clear(&story->said);
    assert_int_equal(tp_journal_inspect(dir, NULL, NULL, &story->said, &found), 0);
    return found;
}

static struct tp_inspection *look(struct story *story) { return look_at(story, story->dir); }

static const char *copied(struct story *story) {
    static char copy[128];
    snprintf(copy, sizeof copy, "%s/copy", story->root);
    copy_dir(story->dir, copy);
    return copy;
}

static void damaged(const struct tp_inspection *found, size_t index, struct tp_inspect_damage expected) {
    assert_true(index < found->n_damage);
    const struct tp_inspect_damage *damage = &found->damage[index];
    assert_int_equal(damage->kind, expected.kind);
    assert_int_equal(damage->segment, expected.segment);
    assert_int_equal(damage->from, expected.from);
    assert_int_equal(damage->to, expected.to);
    assert_int_equal(damage->first, expected.first);
    assert_int_equal(damage->last, expected.last);
}

/* Where the `index`-th record of a segment begins, when each holds five bytes. */
static uint64_t place(uint64_t index) { return HEADER + index * (RECORD + 8); }

/* Three groups in segment 1: "alpha"; "bravo", "delta", "gamma"; "omega". The last may be left out. The checkpoint in
 * the directory knows of none of them. */
static void write_three_groups(struct story *story, bool last) {
    open_journal(story);
    write_one(story, "alpha");
    write_batch(story, (const char *[]){"bravo", "delta", "gamma"}, 3);
    if (last)
        write_one(story, "omega");
}

/* ---- what is there ---- */

static void a_sound_journal_is_shown_as_it_is(void **state) {
    struct story *story = *state;
    write_thirty(story);
    char node[TP_UUID_TEXT];
    memcpy(node, tp_journal_node(story->journal), sizeof node);
    tp_journal_release(story->journal, 6);
    close_journal(story);
    struct tp_inspection *found = look(story);
    assert_string_equal(found->node, node);
    assert_int_equal(found->node_status, 0);
    assert_false(found->in_use);
    assert_int_equal(found->n_damage, 0);
    assert_int_equal(found->frontier, 6);
    assert_int_equal(found->slots[0].status, 0);
    assert_int_equal(found->slots[1].status, 0);
    assert_int_equal(found->released, 1); /* 5; 1 to 4 went with their segment */
    assert_int_equal(found->pending, 25);
    assert_int_equal(found->records, 26);

    const struct tp_inspect_segment *oldest = &found->segments[0];
    assert_int_equal(oldest->number, 2);
    assert_int_equal(oldest->state, TP_SEGMENT_SEALED);
    assert_int_equal(oldest->first, 5);
    assert_int_equal(oldest->last, 8);
    assert_int_equal(oldest->interactions, 4);
    assert_int_equal(oldest->rejections, 0);
    assert_int_equal(oldest->received_from_ms, 1000);
    assert_int_equal(oldest->received_to_ms, 1000);
    assert_int_equal(oldest->bytes, 4096);
    const struct tp_inspect_segment *newest = &found->segments[6];
    assert_int_equal(newest->last, 30);
    assert_int_equal(newest->state, TP_SEGMENT_ACTIVE);
    assert_int_equal(found->segments[7].state, TP_SEGMENT_SPARE);
    assert_int_equal(found->segments[7].first, 0);
    tp_inspection_free(found);
}

struct seen {
    struct story *story;
    uint64_t most, n;
};

/* Each record is where it is said to be. */
static bool on_record(void *arg, const struct tp_inspect_record *record) {
    struct seen *seen = arg;
    char bytes[16];
    int fd = open(path_in(seen->story->dir, segment_name((unsigned)record->segment)), O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, bytes, 5, (off_t)(record->at + RECORD)), 5);
    close(fd);
    assert_memory_equal(bytes, record->record->payload.at, 5);
    assert_int_equal(record->size, RECORD + 8);
    assert_int_equal(record->record->number, ++seen->n);
    return seen->n < seen->most;
}

static void each_record_is_shown_until_there_were_enough(void **state) {
    struct story *story = *state;
    write_three_groups(story, true);
    for (uint64_t most = 3; most <= 9; most += 6) {
        struct seen seen = {.story = story, .most = most};
        struct tp_inspection *found = NULL;
        assert_int_equal(tp_journal_inspect(story->dir, on_record, &seen, &story->said, &found), 0);
        assert_int_equal(seen.n, most == 3 ? 3 : 5);
        tp_inspection_free(found);
    }
}

static void no_directory_is_said(void **state) {
    struct story *story = *state;
    struct tp_inspection *found = NULL;
    assert_int_equal(tp_journal_inspect(story->dir, NULL, NULL, &story->said, &found), TP_ENOTFOUND);
    assert_true(was_said(story, story->dir));
}

static void another_nodes_segment_is_not_looked_into(void **state) {
    struct story *story = *state;
    write_three_groups(story, true);
    close_journal(story);
    assert_int_equal(unlink(path_in(story->dir, "node")), 0);
    assert_int_equal(rename(path_in(story->dir, segment_name(1)), path_in(story->root, "other")), 0);
    reopen(story); /* of a node of its own, and gone on at segment 2 */
    write_one(story, "alpha");
    close_journal(story);
    assert_int_equal(rename(path_in(story->root, "other"), path_in(story->dir, segment_name(1))), 0);
    struct tp_inspection *found = look(story);
    assert_true(was_said(story, "belongs to node"));
    assert_int_equal(found->segments[0].status, TP_ECONFIG);
    assert_int_equal(found->segments[0].interactions, 0);
    tp_inspection_free(found);
}

static void without_its_file_the_node_is_what_the_segments_name(void **state) {
    struct story *story = *state;
    write_three_groups(story, true);
    assert_int_equal(unlink(path_in(story->dir, "node")), 0);
    struct tp_inspection *found = look(story);
    assert_int_equal(found->node_status, TP_ENOTFOUND);
    assert_string_equal(found->node, tp_journal_node(story->journal));
    assert_int_equal(found->records, 5);
    tp_inspection_free(found);
}

/* ---- what is wrong ---- */

static void damage_that_was_synced_is_corruption(void **state) {
    struct story *story = *state;
    write_three_groups(story, true);
    flip(story, segment_name(1), find_text(story, segment_name(1), "delta"));
    struct tp_inspection *found = look(story);
    assert_int_equal(found->n_damage, 1);
    damaged(found, 0, (struct tp_inspect_damage){TP_DAMAGE_CORRUPT, 1, place(2), place(3), 3, 3});
    assert_int_equal(found->records, 4);
    tp_inspection_free(found);
}

static void the_same_at_the_end_of_what_was_promised_is_a_torn_tail(void **state) {
    struct story *story = *state;
    write_three_groups(story, false);
    flip(story, segment_name(1), find_text(story, segment_name(1), "delta"));
    struct tp_inspection *found = look_at(story, copied(story));
    assert_false(found->in_use);
    assert_int_equal(found->n_damage, 1);
    damaged(found, 0, (struct tp_inspect_damage){TP_DAMAGE_TORN, 1, place(1), place(4), 0, 0});
    assert_int_equal(found->records, 1); /* a batch is whole or not at all */
    tp_inspection_free(found);
}

static void and_no_damage_while_somebody_may_be_writing_it(void **state) {
    struct story *story = *state;
    write_three_groups(story, false);
    flip(story, segment_name(1), find_text(story, segment_name(1), "delta"));
    struct tp_inspection *found = look(story);
    assert_true(found->in_use);
    assert_int_equal(found->n_damage, 1);
    damaged(found, 0, (struct tp_inspect_damage){TP_DAMAGE_UNFINISHED, 1, place(1), place(4), 0, 0});
    tp_inspection_free(found);
}

static void records_of_a_segment_that_is_gone_are_missing(void **state) {
    struct story *story = *state;
    write_thirty(story);
    close_journal(story);
    assert_int_equal(unlink(path_in(story->dir, segment_name(3))), 0);
    struct tp_inspection *found = look(story);
    assert_int_equal(found->n_damage, 1);
    damaged(found, 0, (struct tp_inspect_damage){TP_DAMAGE_MISSING, 4, HEADER, HEADER, 9, 12});
    tp_inspection_free(found);
}

static void the_first_and_the_last_records_may_be_missing_too(void **state) {
    struct story *story = *state;
    write_thirty(story);
    tp_journal_release(story->journal, 3);
    reopen(story); /* the checkpoint knows the last number now */
    close_journal(story);
    assert_int_equal(unlink(path_in(story->dir, segment_name(1))), 0);
    assert_int_equal(unlink(path_in(story->dir, segment_name(8))), 0);
    struct tp_inspection *found = look(story);
    assert_int_equal(found->n_damage, 2);
    assert_int_equal(found->damage[0].kind, TP_DAMAGE_MISSING);
    assert_int_equal(found->damage[0].first, 3);
    assert_int_equal(found->damage[0].last, 4);
    assert_int_equal(found->damage[1].kind, TP_DAMAGE_MISSING);
    assert_int_equal(found->damage[1].first, 29);
    assert_int_equal(found->damage[1].last, 30);
    tp_inspection_free(found);
}

/* In the middle of the look 1 to 19 are released, and their segments deleted. */
static bool release_meanwhile(void *arg, const struct tp_inspect_record *record) {
    struct story *story = arg;
    if (record->record->number > 1)
        return true;
    tp_journal_release(story->journal, 20);
    while (exists(story, segment_name(4))) /* until the writer has come to it */
        write_one(story, "x");
    return true;
}

static void what_a_running_journal_releases_meanwhile_is_not_missing(void **state) {
    struct story *story = *state;
    struct tp_inspection *found = NULL;
    write_thirty(story);
    assert_int_equal(tp_journal_inspect(story->dir, release_meanwhile, story, &story->said, &found), 0);
    assert_false(exists(story, segment_name(4)));
    assert_true(found->in_use);
    assert_int_equal(found->n_damage, 0);
    tp_inspection_free(found);
}

static void a_damaged_slot_is_told_and_the_other_counts(void **state) {
    struct story *story = *state;
    write_thirty(story);
    tp_journal_release(story->journal, 6);
    close_journal(story);
    struct tp_inspection *found = look(story);
    int older = found->slots[0].generation < found->slots[1].generation ? 0 : 1;
    uint64_t frontier = found->slots[older].frontier;
    tp_inspection_free(found);

    flip(story, "checkpoint", (1 - older) * TP_DISK_SLOT + 30);
    found = look(story);
    assert_int_equal(found->slots[1 - older].status, TP_ECORRUPT);
    assert_int_equal(found->frontier, frontier);
    tp_inspection_free(found);

    flip(story, "checkpoint", older * TP_DISK_SLOT + 30);
    found = look(story);
    assert_int_equal(found->slots[older].status, TP_ECORRUPT);
    assert_int_equal(found->frontier, 0);
    assert_int_equal(found->pending, found->records);
    tp_inspection_free(found);
}

/* ---- as recovery has it ---- */

struct numbers {
    size_t n;
    uint64_t at[16];
};

static bool keep_number(void *arg, const struct tp_inspect_record *record) {
    struct numbers *numbers = arg;
    numbers->at[numbers->n++] = record->record->number;
    return true;
}

/* Any byte of a small journal flipped: what the look says is what recovery and delivery then do. */
static void agrees_with_recovery(struct story *story, bool last) {
    char image[128];
    snprintf(image, sizeof image, "%s/image", story->root);
    write_three_groups(story, last);
    copy_dir(story->dir, image);
    close_journal(story);
    unsigned torn = 0, corrupt = 0;
    for (off_t at = 0; at < (off_t)place(last ? 5 : 4); at++) {
        copy_dir(image, story->dir);
        flip(story, segment_name(1), at);
        struct tp_inspection *found = NULL;
        struct numbers numbers = {0};
        assert_int_equal(tp_journal_inspect(story->dir, keep_number, &numbers, &story->said, &found), 0);
        bool is_torn = false;
        uint64_t corrupt_bytes = 0;
        for (size_t i = 0; i < found->n_damage; i++) {
            is_torn = is_torn || found->damage[i].kind == TP_DAMAGE_TORN;
            corrupt_bytes +=
                found->damage[i].kind == TP_DAMAGE_CORRUPT ? found->damage[i].to - found->damage[i].from : 0;
        }
        int64_t before = tp_metrics_get(TP_M_JOURNAL_CORRUPT);
        open_journal(story);
        assert_int_equal(was_said(story, "torn"), is_torn);
        for (size_t i = 0; i < numbers.n; i++) {
            struct tp_journal_record record;
            assert_int_equal(tp_journal_read(story->journal, &record), 1);
            assert_int_equal(record.number, numbers.at[i]);
        }
        nothing_left(story);
        assert_int_equal(tp_metrics_get(TP_M_JOURNAL_CORRUPT) - before, corrupt_bytes);
        close_journal(story);
        torn += is_torn;
        corrupt += corrupt_bytes > 0;
        tp_inspection_free(found);
    }
    assert_true(torn > 0);
    assert_true(corrupt > 0);
}

static void it_agrees_with_recovery_about_each_byte(void **state) { agrees_with_recovery(*state, true); }
static void it_agrees_about_each_byte_of_a_group_that_nobody_names(void **state) {
    agrees_with_recovery(*state, false);
}

/* ---- and nothing is changed ---- */

static void no_byte_is_changed(void **state) {
    struct story *story = *state;
    write_three_groups(story, false);
    close_journal(story);
    flip(story, segment_name(1), find_text(story, segment_name(1), "delta"));
    const char *names[] = {"node", "checkpoint", "lock", segment_name(1), segment_name(2)};
    char copy[128];
    snprintf(copy, sizeof copy, "%s", copied(story));
    unsigned files = count_files(story, "");
    tp_inspection_free(look(story));
    assert_int_equal(count_files(story, ""), files);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct tp_buf before = TP_BUF_INIT, after = TP_BUF_INIT;
        load_file(path_in(copy, names[i]), &before);
        load_file(path_in(story->dir, names[i]), &after);
        assert_int_equal(before.len, after.len);
        assert_memory_equal(before.at, after.at, before.len);
        tp_buf_free(&before);
        tp_buf_free(&after);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(a_sound_journal_is_shown_as_it_is),
        STORY(each_record_is_shown_until_there_were_enough),
        STORY(no_directory_is_said),
        STORY(another_nodes_segment_is_not_looked_into),
        STORY(without_its_file_the_node_is_what_the_segments_name),
        STORY(damage_that_was_synced_is_corruption),
        STORY(the_same_at_the_end_of_what_was_promised_is_a_torn_tail),
        STORY(and_no_damage_while_somebody_may_be_writing_it),
        STORY(records_of_a_segment_that_is_gone_are_missing),
        STORY(the_first_and_the_last_records_may_be_missing_too),
        STORY(what_a_running_journal_releases_meanwhile_is_not_missing),
        STORY(a_damaged_slot_is_told_and_the_other_counts),
        STORY(it_agrees_with_recovery_about_each_byte),
        STORY(it_agrees_about_each_byte_of_a_group_that_nobody_names),
        STORY(no_byte_is_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
