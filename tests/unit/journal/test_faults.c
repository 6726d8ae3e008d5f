/* What the disk may do to the journal, at each of its fault points and each time that a short life comes by: a call
 * fails, or does a part, or the process is killed there. Whatever it is, what was told holds in the next life; a
 * failure of the disk is told once, is final, and nothing is accepted after it; a full disk is none.
 *
 * Each life is a process of its own, which tells what it was told in memory that it shares with this one. */
#include "story.h"

#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { BEFORE = 3, GROUPS = 10, MOST_PASSES = 60 };

struct told {
    uint64_t durable, released, checkpointed, appended;
    int opened;      /* what tp_journal_open answered */
    bool said;       /* and why not */
    unsigned failed; /* calls of on_failure */
    int afterwards;  /* what an append was answered after that */
    bool misread;
};

static struct told *told; /* shared */

/* ---- a life ---- */

/* Of each record it is known what it holds: its number, and whether it is the last of its batch. Batches are of three:
 * 1 to 3, 4 to 6. */
static size_t text_of(uint64_t number, char ret[400]) {
    memset(ret, '.', 400);
    int len = snprintf(ret, 400, "record %llu", (unsigned long long)number);
    ret[len] = ' ';
    return 200 + number * 37 % 150;
}

static bool is_right(const struct tp_journal_record *record, uint64_t number) {
    char text[400];
    size_t len = text_of(number, text);
    return record->number == number && record->payload.len == len && memcmp(record->payload.at, text, len) == 0;
}

static void note_durable(struct tp_journal_batch *batch, int status, uint64_t first) {
    if (status == 0)
        told->durable = first + batch->n_records - 1;
    on_durable(batch, status, first);
}

static void note_failure(void *arg, const char *what, int error_number) {
    told->failed++;
    on_failure(arg, what, error_number);
}

static int post_three(struct story *story, struct letter *letter, uint64_t number) {
    char text[400];
    *letter = (struct letter){.story = story, .batch = {.received_ms = 1000, .on_durable = note_durable}};
    for (int i = 0; i < BEFORE; i++, number++) {
        size_t len = text_of(number, text);
        tp_journal_batch_add(&letter->batch, TP_RECORD_INTERACTION, (struct tp_str){text, len});
    }
    int r;
    for (int tries = 0; (r = tp_journal_append(story->journal, &letter->batch)) == TP_EFULL && tries < 5000; tries++)
        usleep(1000); /* there will be room */
    if (r < 0)
        tp_buf_free(&letter->batch.records);
    return r;
}

/* All that there is, asking again after an error; all of it is released. */
static void deliver(struct story *story) {
    struct tp_journal_record record;
    uint64_t next = told->released;
    int r, errors = 0;
    while ((r = tp_journal_read(story->journal, &record)) == 1 || (r < 0 && errors++ < 2)) {
        if (r == 1 && !is_right(&record, next++))
            told->misread = true;
    }
    told->misread = told->misread || r < 0;
    told->released = next;
    tp_journal_release(story->journal, next);
    told->checkpointed = tp_journal_checkpointed(story->journal);
}

static _Noreturn void live(struct story *story, const char *fault) {
    setenv("TOUCHPOINTD_FAULT", fault, 1);
    story->options.on_failure = note_failure;
    told->opened = try_open(story);
    told->said = story->said.len > 0;
    if (told->opened != 0)
        _exit(0);
    told->released = tp_journal_frontier(story->journal);
    for (uint64_t group = 0, number = BEFORE + 1; group < GROUPS; group++, number += BEFORE) {
        struct letter letter;
        told->appended = number + BEFORE - 1;
        if (post_three(story, &letter, number) < 0)
            break;
        await(story, &letter);
        if (letter.status < 0)
            break;
        deliver(story);
    }
    tp_journal_stop(story->journal);
    struct letter late;
    if (told->failed)
        told->afterwards = try_post(story, &late, (const char *[]){"late"}, 1);
    _exit(0);
}

/* ---- what must hold ---- */

/* Gives how the process ended. */
static int live_with(struct story *story, const char *fault) {
    int status;
    memset(told, 0, sizeof *told);
    told->durable = BEFORE;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        live(story, fault);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void what_was_told_holds(struct story *story) {
    struct tp_journal_record record;
    open_journal(story);
    uint64_t next = tp_journal_frontier(story->journal), most = told->released > 1 ? told->released : 1;
    assert_true(next <= most && next >= told->checkpointed);
    for (; tp_journal_read(story->journal, &record) == 1; next++)
        assert_true(is_right(&record, next));
    assert_true(next > told->durable);
    assert_true(next <= BEFORE + 1 || next <= told->appended + 1);
    assert_int_equal((next - 1) % BEFORE, 0); /* no batch by half */
    assert_int_equal(count_files(story, "corrupt-"), 0);
    assert_int_equal(write_one(story, "goes on"), next);
    close_journal(story);
}

/* The same journal each time, with one batch in it. */
static void begin_again(struct story *story) {
    char before[128];
    snprintf(before, sizeof before, "%s/before", story->root);
    if (access(before, F_OK) == 0) {
        copy_dir(before, story->dir);
        return;
    }
    struct letter letter;
    story->options.max_size = 5 * 4096;
    open_journal(story);
    assert_int_equal(post_three(story, &letter, 1), 0);
    await(story, &letter);
    close_journal(story);
    copy_dir(story->dir, before);
}

enum outcome {
    KILLED,
    REFUSED, /* by the one that opens it */
    FINAL,   /* the same, or later by the writer */
    PASSES,
};

/* Whether the fault came to pass. */
static bool try_pass(struct story *story, const char *point, const char *action, unsigned pass, enum outcome expected) {
    char fault[96];
    snprintf(fault, sizeof fault, "%s=%s:%u", point, action, pass);
    begin_again(story);
    int status = live_with(story, fault);
    if (expected != KILLED)
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_false(told->misread);
    assert_true(told->failed <= 1);
    if (told->failed)
        assert_int_equal(told->afterwards, TP_EIO);
    if (told->opened != 0)
        assert_true(told->opened == TP_EIO && told->said);
    bool came = expected == KILLED ? WIFSIGNALED(status) : told->failed || told->opened != 0;
    if (expected == PASSES) {
        assert_true(told->opened == 0 && told->failed == 0);
        assert_int_equal(told->durable, told->appended);
    }
    what_was_told_holds(story);
    return came;
}

static void try_all(struct story *story, const char *point, const char *action, enum outcome expected) {
#ifndef TP_FAULTS
    skip();
#endif
    unsigned pass = 1, told_later = 0;
    for (; pass < MOST_PASSES && try_pass(story, point, action, pass, expected); pass++)
        told_later += told->failed;
    print_message("%s=%s: %u times\n", point, action, pass - 1);
    assert_true(pass > 1);
    assert_true(told_later > 0 || expected != FINAL);
}

/* Here nobody tells whether it came to pass. */
static void try_some(struct story *story, const char *point, const char *action, unsigned most) {
#ifndef TP_FAULTS
    skip();
#endif
    for (unsigned pass = 1; pass <= most; pass++)
        try_pass(story, point, action, pass, PASSES);
}

/* ---- the points ---- */

static void a_failed_write_is_final(void **state) { try_all(*state, "journal.write", "EIO", FINAL); }

static void a_write_may_do_a_part(void **state) {
    try_some(*state, "journal.write", "short", 12);
    try_some(*state, "journal.write", "EINTR", 4);
}

static void a_failed_sync_is_final_and_never_tried_again(void **state) {
    try_all(*state, "journal.sync", "EIO", FINAL);
}

static void so_it_is_with_the_checkpoint(void **state) {
    try_all(*state, "journal.checkpoint_write", "EIO", FINAL);
    try_all(*state, "journal.checkpoint_sync", "EIO", FINAL);
}

static void and_with_the_directory(void **state) {
    try_all(*state, "journal.sync_directory", "ENOSPC", FINAL); /* no disk is full for a sync */
}

static void and_with_a_new_segment(void **state) {
    try_all(*state, "journal.make_segment", "EIO", FINAL);
    try_all(*state, "journal.allocate", "EIO", FINAL);
    try_all(*state, "journal.sync_segment", "ENOSPC", FINAL);
}

static void and_with_the_end_that_recovery_keeps(void **state) { try_all(*state, "journal.settle", "EIO", REFUSED); }

static void no_room_for_a_segment_passes(void **state) {
    try_some(*state, "journal.make_segment", "EMFILE", 2);
    try_some(*state, "journal.allocate", "ENOSPC", 2);
    try_some(*state, "journal.allocate", "EINTR", 4);
}

/* In the beginning it is recovery that reads, and refuses. */
static void a_failed_read_passes_nothing_over(void **state) {
#ifndef TP_FAULTS
    skip();
#endif
    unsigned refused = 0, passed = 0;
    for (unsigned pass = 1; pass <= 24; pass++) {
        try_pass(*state, "journal.read", "EIO", pass, FINAL);
        assert_int_equal(told->failed, 0);
        refused += told->opened != 0;
        passed += told->opened == 0 && told->durable == told->appended;
    }
    assert_int_equal(refused + passed, 24);
    assert_true(refused > 3 && passed > 3);
}

static void a_read_may_do_a_part(void **state) { try_some(*state, "journal.read", "short", 20); }

static void a_kill_at_each_point_loses_nothing(void **state) {
    static const char *const points[] = {
        "journal.read",          "journal.write",          "journal.before_write",    "journal.sync",
        "journal.after_sync",    "journal.make_segment",   "journal.allocate",        "journal.sync_segment",
        "journal.between_slots", "journal.after_unlink",   "journal.checkpoint_sync", "journal.checkpoint_write",
        "journal.settle",        "journal.sync_directory",
    };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        try_all(*state, points[i], "kill", KILLED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(a_failed_write_is_final),
        STORY(a_write_may_do_a_part),
        STORY(a_failed_sync_is_final_and_never_tried_again),
        STORY(so_it_is_with_the_checkpoint),
        STORY(and_with_the_directory),
        STORY(and_with_a_new_segment),
        STORY(and_with_the_end_that_recovery_keeps),
        STORY(no_room_for_a_segment_passes),
        STORY(a_failed_read_passes_nothing_over),
        STORY(a_read_may_do_a_part),
        STORY(a_kill_at_each_point_loses_nothing),
    };
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return told == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
