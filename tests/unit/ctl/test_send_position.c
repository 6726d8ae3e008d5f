/* How far a file was sent is found again for this file, and for no other under its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "ctl/send.h"

#define LARGE ((size_t)200000)

struct story {
    char dir[32], file[64], sent[80];
    int fd;
};

static int begin(void **state) {
    struct story *story = calloc(1, sizeof *story);
    char *bytes = malloc(LARGE);
    strcpy(story->dir, "/tmp/touchpoint-send-XXXXXX");
    assert_non_null(mkdtemp(story->dir));
    snprintf(story->file, sizeof story->file, "%s/file", story->dir);
    snprintf(story->sent, sizeof story->sent, "%s.sent", story->file);
    story->fd = open(story->file, O_RDWR | O_CREAT, 0600);
    memset(bytes, 'a', LARGE);
    assert_int_equal(write(story->fd, bytes, LARGE), LARGE);
    free(bytes);
    *state = story;
    return 0;
}

static int finish(void **state) {
    struct story *story = *state;
    tp_ctl_position_remove(story->file);
    close(story->fd);
    unlink(story->file);
    assert_int_equal(rmdir(story->dir), 0); /* nothing else was left there */
    free(story);
    return 0;
}

static void save(struct story *story, uint64_t bytes) {
    const struct tp_ctl_position position = {bytes, 7, 5, 2};
    assert_int_equal(tp_ctl_position_save(story->file, story->fd, &position), 0);
}

static int load(struct story *story, struct tp_ctl_position *ret) {
    *ret = (struct tp_ctl_position){0};
    return tp_ctl_position_load(story->file, story->fd, ret);
}

static void change(struct story *story, off_t at) { assert_int_equal(pwrite(story->fd, "b", 1, at), 1); }

static void what_was_saved_is_found(void **state) {
    struct story *story = *state;
    struct tp_ctl_position found;
    assert_int_equal(load(story, &found), 0);
    for (uint64_t bytes = 100; bytes <= LARGE; bytes += LARGE - 100) {
        save(story, bytes);
        assert_int_equal(load(story, &found), 1);
        assert_int_equal(found.bytes, bytes);
        assert_int_equal(found.lines, 7);
        assert_int_equal(found.accepted, 5);
        assert_int_equal(found.refused, 2);
    }
    tp_ctl_position_remove(story->file);
    assert_int_equal(load(story, &found), 0);
}

static void another_file_is_told_by_its_beginning(void **state) {
    struct story *story = *state;
    struct tp_ctl_position found;
    save(story, 100);
    change(story, 100); /* behind what was sent: more may be added to a file */
    assert_int_equal(load(story, &found), 1);
    change(story, 99);
    assert_int_equal(load(story, &found), TP_ECONFIG);
    assert_int_equal(found.bytes, 0);
}

static void so_is_one_that_is_shorter(void **state) {
    struct story *story = *state;
    struct tp_ctl_position found;
    save(story, LARGE);
    assert_int_equal(ftruncate(story->fd, LARGE - 1), 0);
    assert_int_equal(load(story, &found), TP_ECONFIG);
}

static void what_is_no_position_is_not_believed(void **state) {
    struct story *story = *state;
    struct tp_ctl_position found;
    static const char *const texts[] = {"", "nonsense", "{\"bytes\":100}", "[]"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int fd = open(story->sent, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(write(fd, texts[i], strlen(texts[i])), strlen(texts[i]));
        close(fd);
        assert_int_equal(load(story, &found), TP_ECONFIG);
    }
}

static void where_it_cannot_be_saved_that_is_told(void **state) {
    struct story *story = *state;
    const struct tp_ctl_position position = {.bytes = 1};
    assert_int_equal(tp_ctl_position_save("/nowhere/file", story->fd, &position), TP_EIO);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(what_was_saved_is_found),
        STORY(another_file_is_told_by_its_beginning),
        STORY(so_is_one_that_is_shorter),
        STORY(what_is_no_position_is_not_believed),
        STORY(where_it_cannot_be_saved_that_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
