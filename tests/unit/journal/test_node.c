/* Whose journal it is, and in which format: what is another node's, another machine's or another version's is refused.
 */
#include "story.h"

#include <xxhash.h>

#include "daemon/journal/format.h"

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
    assert_true(was_said(story, "segment 1 (version 2) is of another format version than 1"));
    make_version(story, segment_name(1), 0, sizeof(struct tp_disk_segment), TP_DISK_VERSION);
    make_version(story, "checkpoint", 0, sizeof(struct tp_disk_checkpoint), 0);
    assert_int_equal(try_open(story), TP_ECONFIG);
    assert_true(was_said(story, "let the touchpointd that wrote this journal deliver it to its end"));
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
    char node[TP_UUID_TEXT], adopted[TP_UUID_TEXT];
    strcpy(node, tp_journal_node(story->journal));
    assert_true(tp_uuid_valid(tp_str(node)));
    close_journal(story);
    story->options.machine_id = "another machine";
    assert_int_equal(try_open(story), TP_ECONFIG);
    assert_true(was_said(story, "another machine") && was_said(story, node));
    assert_true(was_said(story, "touchpointctl journal adopt"));
    assert_int_equal(tp_journal_adopt(story->dir, &story->said, adopted), 0);
    assert_string_equal(adopted, node);
    story->options.machine_id = NULL; /* this one */
    open_journal(story);
    assert_string_equal(tp_journal_node(story->journal), node);
    next_is(story, 1, "x");
}

static void without_its_file_the_node_is_that_of_the_segments(void **state) {
    struct story *story = *state;
    open_journal(story);
    write_one(story, "x");
    char node[TP_UUID_TEXT];
    strcpy(node, tp_journal_node(story->journal));
    close_journal(story);
    assert_int_equal(unlink(path_in(story->dir, "node")), 0);
    open_journal(story);
    assert_true(was_said(story, "takes over"));
    assert_string_equal(tp_journal_node(story->journal), node);
    next_is(story, 1, "x");
}

static void what_is_open_or_no_journal_is_not_adopted(void **state) {
    struct story *story = *state;
    char node[TP_UUID_TEXT];
    open_journal(story);
    write_one(story, "x");
    assert_int_equal(tp_journal_adopt(story->dir, &story->said, node), TP_ELOCKED);
    assert_true(was_said(story, "another process has this journal open"));
    assert_int_equal(tp_journal_adopt("/nonexistent", &story->said, node), TP_EIO);
    assert_true(was_said(story, "/nonexistent: No such file or directory"));
    close_journal(story);
    assert_int_equal(unlink(path_in(story->dir, "node")), 0);
    assert_int_equal(tp_journal_adopt(story->dir, &story->said, node), TP_ENOTFOUND);
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
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(another_format_version_is_refused_and_said),
        STORY(a_journal_from_another_machine_is_refused_until_it_is_adopted),
        STORY(what_is_open_or_no_journal_is_not_adopted),
        STORY(without_its_file_the_node_is_that_of_the_segments),
        STORY(without_a_machine_id_nothing_is_refused),
        STORY(a_new_journal_under_an_old_name_is_a_new_node),
        STORY(a_damaged_node_file_is_refused),
        STORY(a_segment_of_another_node_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
