/* Words for the journal's stories: a directory of its own for each, batches that can be awaited, and hands on the files
 * as a crash or a bad disk would have them. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/journal/journal.h"
#include "daemon/metrics/metrics.h"

struct story {
    char root[64], dir[80]; /* dir lies in root */
    struct tp_journal_options options;
    struct tp_journal *journal;
    struct tp_buf said;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned readable, failures; /* calls of on_readable, on_failure */
    const char *failed_at;
    bool let_go; /* of a writer that is held in a callback */
};

/* A batch whose end can be awaited. */
struct letter {
    struct tp_journal_batch batch; /* first */
    struct story *story;
    bool done;
    int status;
    uint64_t first;
};

static inline void on_readable(void *arg) {
    struct story *story = arg;
    pthread_mutex_lock(&story->lock);
    story->readable++;
    pthread_cond_broadcast(&story->changed);
    pthread_mutex_unlock(&story->lock);
}

static inline void on_failure(void *arg, const char *what, int error_number) {
    struct story *story = arg;
    pthread_mutex_lock(&story->lock);
    story->failures++;
    story->failed_at = error_number ? what : NULL;
    pthread_cond_broadcast(&story->changed);
    pthread_mutex_unlock(&story->lock);
}

static inline void on_durable(struct tp_journal_batch *batch, int status, uint64_t first) {
    struct letter *letter = (struct letter *)batch;
    pthread_mutex_lock(&letter->story->lock);
    letter->done = true;
    letter->status = status;
    letter->first = first;
    pthread_cond_broadcast(&letter->story->changed);
    pthread_mutex_unlock(&letter->story->lock);
}

/* ---- beginning and end ---- */

static inline int begin(void **state) {
    struct story *story = calloc(1, sizeof *story);
    /* In memory where that is possible: what is shown here does not hang on a slow disk. */
    const char *where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(story->root, sizeof story->root, "%s/touchpoint-journal-XXXXXX", where);
    if (!mkdtemp(story->root))
        return -1;
    snprintf(story->dir, sizeof story->dir, "%s/journal", story->root);
    pthread_mutex_init(&story->lock, NULL);
    pthread_cond_init(&story->changed, NULL);
    story->options = (struct tp_journal_options){.dir = story->dir,
                                                 .machine_id = "0123456789abcdef",
                                                 .segment_size = 4096,
                                                 .max_size = 64 * 4096,
                                                 .queue_size = 4096,
                                                 .on_readable = on_readable,
                                                 .on_failure = on_failure,
                                                 .arg = story};
    *state = story;
    return 0;
}

static inline void remove_dir(const char *dir) {
    DIR *stream = opendir(dir);
    for (struct dirent *entry; stream && (entry = readdir(stream));)
        unlinkat(dirfd(stream), entry->d_name, 0);
    if (stream)
        closedir(stream);
    rmdir(dir);
}

static inline int remove_one(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path);
}

static inline int finish(void **state) {
    struct story *story = *state;
    tp_journal_close(story->journal);
    tp_buf_free(&story->said);
    nftw(story->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(story);
    return 0;
}

static inline int try_open(struct story *story) {
    tp_buf_clear(&story->said);
    return tp_journal_open(&story->options, &story->said, &story->journal);
}

static inline void open_journal(struct story *story) {
    int r = try_open(story);
    if (r != 0)
        print_message("%.*s", TP_FMT(tp_buf_str(&story->said)));
    assert_int_equal(r, 0);
}

static inline void close_journal(struct story *story) {
    tp_journal_close(story->journal);
    story->journal = NULL;
}

static inline void reopen(struct story *story) {
    close_journal(story);
    open_journal(story);
}

static inline bool was_said(struct story *story, const char *words) {
    return story->said.len > 0 && memmem(story->said.at, story->said.len, words, strlen(words));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, finish)

/* ---- writing ---- */

static inline int try_post(struct story *story, struct letter *letter, const char *const *texts, size_t n) {
    *letter = (struct letter){.story = story, .batch = {.received_ms = 1000, .on_durable = on_durable}};
    for (size_t i = 0; i < n; i++)
        tp_journal_batch_add(&letter->batch, TP_RECORD_INTERACTION, tp_str(texts[i]));
    int r = tp_journal_append(story->journal, &letter->batch);
    if (r < 0)
        tp_buf_free(&letter->batch.records);
    return r;
}

static inline void await(struct story *story, struct letter *letter) {
    pthread_mutex_lock(&story->lock);
    while (!letter->done)
        pthread_cond_wait(&story->changed, &story->lock);
    pthread_mutex_unlock(&story->lock);
    tp_buf_free(&letter->batch.records);
}

/* All texts as one batch, durable when it returns; gives the first one's number. */
static inline uint64_t write_batch(struct story *story, const char *const *texts, size_t n) {
    struct letter letter;
    assert_int_equal(try_post(story, &letter, texts, n), 0);
    await(story, &letter);
    assert_int_equal(letter.status, 0);
    return letter.first;
}

static inline uint64_t write_one(struct story *story, const char *text) { return write_batch(story, &text, 1); }

/* Holds the writer in its callback until it is let go: a slow sync, so to say. */
static inline void hold(struct tp_journal_batch *batch, int status, uint64_t first) {
    struct story *story = ((struct letter *)batch)->story;
    on_durable(batch, status, first);
    pthread_mutex_lock(&story->lock);
    while (!story->let_go)
        pthread_cond_wait(&story->changed, &story->lock);
    pthread_mutex_unlock(&story->lock);
}

static inline void hold_writer(struct story *story, struct letter *letter) {
    *letter = (struct letter){.story = story, .batch = {.on_durable = hold}};
    tp_journal_batch_add(&letter->batch, TP_RECORD_INTERACTION, TP_STR("first"));
    assert_int_equal(tp_journal_append(story->journal, &letter->batch), 0);
    await(story, letter);
}

static inline void let_writer_go(struct story *story) {
    pthread_mutex_lock(&story->lock);
    story->let_go = true;
    pthread_cond_broadcast(&story->changed);
    pthread_mutex_unlock(&story->lock);
}

/* ---- reading ---- */

static inline void await_readable(struct story *story, unsigned calls) {
    pthread_mutex_lock(&story->lock);
    while (story->readable < calls)
        pthread_cond_wait(&story->changed, &story->lock);
    pthread_mutex_unlock(&story->lock);
}

/* The next record, waiting for it if need be. */
static inline void next_record(struct story *story, struct tp_journal_record *ret) {
    for (;;) {
        pthread_mutex_lock(&story->lock);
        unsigned before = story->readable;
        pthread_mutex_unlock(&story->lock);
        int r = tp_journal_read(story->journal, ret);
        assert_true(r >= 0);
        if (r == 1)
            return;
        await_readable(story, before + 1);
    }
}

/* For what must be there already. */
static inline void next_is(struct story *story, uint64_t number, const char *text) {
    struct tp_journal_record record;
    assert_int_equal(tp_journal_read(story->journal, &record), 1);
    assert_int_equal(record.number, number);
    assert_int_equal(record.payload.len, strlen(text));
    assert_memory_equal(record.payload.at, text, record.payload.len);
}

static inline void nothing_left(struct story *story) {
    struct tp_journal_record record;
    assert_int_equal(tp_journal_read(story->journal, &record), 0);
}

/* Texts "0" to "29", each in a record that is large enough for several segments in all. */
static inline void write_thirty(struct story *story) {
    char text[801];
    open_journal(story);
    for (int i = 0; i < 30; i++) {
        memset(text, '.', 800);
        text[800] = '\0';
        memcpy(text, (const char[]){(char)('0' + i / 10), (char)('0' + i % 10)}, 2);
        assert_int_equal(write_one(story, text), i + 1);
    }
}

static inline void next_of_thirty_is(struct story *story, uint64_t number) {
    struct tp_journal_record record;
    assert_int_equal(tp_journal_read(story->journal, &record), 1);
    assert_int_equal(record.number, number);
    char text[3] = {record.payload.at[0], record.payload.at[1], 0};
    assert_int_equal(atoi(text) + 1, number);
}

/* ---- hands on the files ---- */

static inline const char *segment_name(unsigned number) {
    static char name[48];
    snprintf(name, sizeof name, "journal-%020u.tp", number);
    return name;
}

static inline const char *path_in(const char *dir, const char *name) {
    static char path[4][512];
    static unsigned turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static inline bool exists(struct story *story, const char *name) {
    return access(path_in(story->dir, name), F_OK) == 0;
}

/* How many files' names begin so. */
static inline unsigned count_files(struct story *story, const char *prefix) {
    unsigned n = 0;
    DIR *stream = opendir(story->dir);
    assert_non_null(stream);
    for (struct dirent *entry; (entry = readdir(stream));)
        n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(stream);
    return n;
}

static inline void load_file(const char *path, struct tp_buf *ret) {
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    tp_buf_clear(ret);
    ssize_t n;
    do {
        char *room = tp_buf_room(ret, 65536);
        assert_non_null(room);
        n = read(fd, room, 65536);
        assert_true(n >= 0);
        ret->len += (size_t)n;
    } while (n > 0);
    close(fd);
}

static inline void save_file(const char *path, const struct tp_buf *bytes) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes->at, bytes->len), bytes->len);
    close(fd);
}

static inline void copy_file(const char *from, const char *to) {
    struct tp_buf bytes = TP_BUF_INIT;
    load_file(from, &bytes);
    save_file(to, &bytes);
    tp_buf_free(&bytes);
}

/* What a crash at this moment would leave: every file as it is. */
static inline void copy_dir(const char *from, const char *to) {
    remove_dir(to);
    assert_int_equal(mkdir(to, 0700), 0);
    DIR *stream = opendir(from);
    assert_non_null(stream);
    for (struct dirent *entry; (entry = readdir(stream));)
        if (entry->d_name[0] != '.')
            copy_file(path_in(from, entry->d_name), path_in(to, entry->d_name));
    closedir(stream);
}

/* Where `text` stands in a file; it must stand there. */
static inline off_t find_text(struct story *story, const char *name, const char *text) {
    struct tp_buf bytes = TP_BUF_INIT;
    load_file(path_in(story->dir, name), &bytes);
    char *at = memmem(bytes.at, bytes.len, text, strlen(text));
    assert_non_null(at);
    off_t place = at - bytes.at;
    tp_buf_free(&bytes);
    return place;
}

static inline void overwrite(struct story *story, const char *name, off_t at, const void *bytes, size_t len) {
    int fd = open(path_in(story->dir, name), O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, at), len);
    close(fd);
}

static inline void flip(struct story *story, const char *name, off_t at) {
    int fd = open(path_in(story->dir, name), O_RDWR);
    char byte;
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte = (char)~byte;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static inline off_t size_of(struct story *story, const char *name) {
    struct stat status;
    assert_int_equal(stat(path_in(story->dir, name), &status), 0);
    return status.st_size;
}
