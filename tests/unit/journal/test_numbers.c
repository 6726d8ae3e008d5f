/* Numbers that no journal comes to, behind sound checksums: they are damage like any other, so that there is always a
 * number before and a next one. */
#include "story.h"

#include <endian.h>

#include "daemon/journal/internal.h"

/* As the writer would complete it, but for the number. */
static void forge_record(struct story *story, const char *text, uint64_t number) {
    struct tp_buf bytes = TP_BUF_INIT;
    const char *path = path_in(story->dir, segment_name(1));
    off_t at = find_text(story, segment_name(1), text) - (off_t)sizeof(struct tp_disk_record);
    load_file(path, &bytes);
    tp_record_seal(bytes.at + at, bytes.len - (size_t)at, tp_record_seed(tp_journal_node(story->journal), 1), number, 0,
                   1000);
    save_file(path, &bytes);
    tp_buf_free(&bytes);
}

static void a_record_with_the_last_number_is_damage(void **state) {
    struct story *story = *state;
    open_journal(story);
    write_batch(story, (const char *[]){"alpha", "bravo", "charlie"}, 3);
    write_one(story, "delta");
    forge_record(story, "bravo", UINT64_MAX);
    reopen(story);
    next_is(story, 1, "alpha");
    next_is(story, 3, "charlie");
    next_is(story, 4, "delta");
    assert_int_equal(write_one(story, "echo"), 5);
}

static void forge_slots(struct story *story, size_t at, uint64_t forged) {
    for (off_t slot = 0; slot <= TP_DISK_SLOT; slot += TP_DISK_SLOT) {
        struct tp_buf bytes = TP_BUF_INIT;
        const char *path = path_in(story->dir, "checkpoint");
        uint64_t number = htole64(forged);
        load_file(path, &bytes);
        memcpy(bytes.at + slot + at, &number, sizeof number);
        tp_disk_seal(bytes.at + slot, sizeof(struct tp_disk_checkpoint), TP_DISK_MAGIC_SLOT);
        save_file(path, &bytes);
        tp_buf_free(&bytes);
    }
}

static void a_checkpoint_with_such_a_number_is_damage(void **state) {
    static const struct {
        size_t at;
        uint64_t number;
    } forged[] = {
        {offsetof(struct tp_disk_checkpoint, generation), 0},
        {offsetof(struct tp_disk_checkpoint, frontier), 0},
        {offsetof(struct tp_disk_checkpoint, frontier), UINT64_MAX},
        {offsetof(struct tp_disk_checkpoint, last), UINT64_MAX},
        {offsetof(struct tp_disk_checkpoint, segment), UINT64_MAX},
    };
    struct story *story = *state;
    open_journal(story);
    write_one(story, "alpha");
    close_journal(story);
    copy_file(path_in(story->dir, "checkpoint"), path_in(story->root, "good"));
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        copy_file(path_in(story->root, "good"), path_in(story->dir, "checkpoint"));
        forge_slots(story, forged[i].at, forged[i].number);
        assert_int_equal(try_open(story), TP_ECORRUPT);
    }
}

static void forge_first(struct story *story, uint64_t forged) {
    struct tp_buf bytes = TP_BUF_INIT;
    const char *path = path_in(story->dir, segment_name(1));
    uint64_t number = htole64(forged);
    load_file(path, &bytes);
    memcpy(bytes.at + offsetof(struct tp_disk_segment, first), &number, sizeof number);
    tp_disk_seal(bytes.at, sizeof(struct tp_disk_segment), TP_DISK_MAGIC_SEGMENT);
    save_file(path, &bytes);
    tp_buf_free(&bytes);
}

static void a_header_with_such_a_number_costs_no_record(void **state) {
    struct story *story = *state;
    open_journal(story);
    write_one(story, "alpha");
    close_journal(story);
    forge_first(story, UINT64_MAX);
    open_journal(story);
    next_is(story, 1, "alpha");
    close_journal(story);
    forge_first(story, 0);
    open_journal(story);
    next_is(story, 1, "alpha");
    assert_int_equal(write_one(story, "bravo"), 2);
}

static void a_file_with_the_last_number_is_no_segment(void **state) {
    struct story *story = *state;
    open_journal(story);
    write_one(story, "alpha");
    close_journal(story);
    assert_int_equal(
        rename(path_in(story->dir, segment_name(1)), path_in(story->dir, "journal-18446744073709551615.tp")), 0);
    open_journal(story);
    nothing_left(story);
    assert_int_equal(write_one(story, "bravo"), 2);
    reopen(story);
    next_is(story, 2, "bravo");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(a_record_with_the_last_number_is_damage),
        STORY(a_checkpoint_with_such_a_number_is_damage),
        STORY(a_header_with_such_a_number_costs_no_record),
        STORY(a_file_with_the_last_number_is_no_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
