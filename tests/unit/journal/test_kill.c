/* kill -9 at any moment. A child writes, delivers a part, and tells over a pipe what it was promised and what it
 * released; it is killed; what it was promised must be there, in order and once, beyond what it had released. */
#include "story.h"

#include <signal.h>
#include <sys/wait.h>

enum { KILLS = 30, MOST_REPORTS = 300 };

struct report {
    uint64_t number; /* durable from here on */
    uint64_t records;
    uint64_t released;
};

static int pipe_to_parent;

static void tell(struct report report) {
    if (write(pipe_to_parent, &report, sizeof report) != sizeof report)
        _exit(3);
}

/* A record's text tells its number, so that the parent can check it. */
static void tell_durable(struct tp_journal_batch *batch, int status, uint64_t first) {
    if (status == 0)
        tell((struct report){.number = first, .records = batch->n_records});
    tp_buf_free(&batch->records);
    free(batch);
}

static void append_some(struct story *story, uint64_t *next) {
    struct tp_journal_batch *batch = calloc(1, sizeof *batch);
    batch->on_durable = tell_durable;
    size_t n = 1 + (size_t)random() % 4;
    for (size_t i = 0; i < n; i++) {
        char text[400];
        int len = snprintf(text, sizeof text, "%llu %*s", (unsigned long long)*next + i, (int)(random() % 300), ".");
        tp_journal_batch_add(batch, TP_RECORD_INTERACTION, (struct tp_str){text, (size_t)len});
    }
    if (tp_journal_append(story->journal, batch) == 0) {
        *next += n;
        return;
    }
    tp_buf_free(&batch->records);
    free(batch);
}

static void deliver_some(struct story *story) {
    struct tp_journal_record record = {0};
    for (long n = random() % 4; n > 0 && tp_journal_read(story->journal, &record) == 1; n--)
        ;
    if (record.number == 0 || random() % 2)
        return;
    tell((struct report){.released = record.number + 1});
    tp_journal_release(story->journal, record.number + 1);
}

static _Noreturn void live(struct story *story, uint64_t next) {
    srandom((unsigned)getpid());
    story->options.on_readable = NULL;
    if (try_open(story) != 0)
        _exit(2);
    for (;;) {
        append_some(story, &next);
        deliver_some(story);
    }
}

struct memory {
    uint64_t durable;  /* the highest number that was promised */
    uint64_t released; /* the highest frontier that was announced */
};

static void live_and_die(struct story *story, struct memory *memory, uint64_t next) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        pipe_to_parent = ends[1];
        live(story, next);
    }
    close(ends[1]);
    struct report report;
    long until = random() % MOST_REPORTS;
    for (long i = 0; read(ends[0], &report, sizeof report) == sizeof report; i++) {
        if (i == until)
            kill(child, SIGKILL);
        if (report.released > memory->released)
            memory->released = report.released;
        if (report.number + report.records > memory->durable + 1)
            memory->durable = report.number + report.records - 1;
    }
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Every record from the frontier on, in order and once, up to at least what was promised; gives the next number. */
static uint64_t take_stock(struct story *story, const struct memory *memory) {
    open_journal(story);
    assert_int_equal(count_files(story, "corrupt-"), 0);
    uint64_t next = tp_journal_frontier(story->journal);
    assert_true(next <= memory->released || next == 1);
    struct tp_journal_record record;
    for (; tp_journal_read(story->journal, &record) == 1; next++) {
        assert_int_equal(record.number, next);
        assert_int_equal(strtoull(record.payload.at, NULL, 10), next);
    }
    assert_true(next > memory->durable);
    close_journal(story);
    return next;
}

static void nothing_promised_is_lost_by_a_kill(void **state) {
    struct story *story = *state;
    story->options.max_size = 32 * 4096;
    struct memory memory = {0};
    uint64_t next = 1;
    srandom(20260102);
    for (int i = 0; i < KILLS; i++) {
        live_and_die(story, &memory, next);
        next = take_stock(story, &memory);
    }
    assert_true(memory.durable > KILLS && memory.released > 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(nothing_promised_is_lost_by_a_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
