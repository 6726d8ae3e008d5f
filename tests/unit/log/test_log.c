/* What a line of the log looks like to who reads it. Standard error is a datagram socket here, so that each write(2)
 * arrives as one message, and a line that took two would be seen. */
#include "daemon/log/log.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int reader, saved_stderr;
static char line[8192];

static int redirect(void **state) {
    (void)state;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0)
        return -1;
    reader = ends[0];
    saved_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    unsetenv("JOURNAL_STREAM");
    tp_log_set_level("info");
    return 0;
}

static int restore(void **state) {
    (void)state;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(reader);
    return 0;
}

/* The next message, or "" when there is none. */
static const char *next_line(int flags) {
    ssize_t len = recv(reader, line, sizeof line - 1, flags);
    line[len < 0 ? 0 : len] = '\0';
    return line;
}

static const char *logged(void) { return next_line(MSG_DONTWAIT); }

static void be_journald(unsigned long long more_inode) {
    struct stat stat;
    char stream[64];
    assert_int_equal(fstat(STDERR_FILENO, &stat), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)stat.st_dev, stat.st_ino + more_inode);
    setenv("JOURNAL_STREAM", stream, 1);
}

static void a_line_has_time_level_event_and_fields(void **state) {
    (void)state;
    tp_log(TP_LOG_WARNING, "redis_away", "stage=%s tries=%d", "timeline", 3);
    assert_memory_equal(logged(), "time=2", 6);
    assert_int_equal(line[strlen("time=2026-01-02T03:04:05.678")], 'Z');
    assert_string_equal(strchr(line, ' '), " level=warning event=redis_away stage=timeline tries=3\n");
}

static void an_event_may_stand_without_fields(void **state) {
    (void)state;
    tp_log(TP_LOG_NOTICE, "ready", "%s", "");
    assert_string_equal(strchr(logged(), ' '), " level=notice event=ready\n");
}

static void journald_gets_the_priority_instead_of_the_time(void **state) {
    (void)state;
    be_journald(0);
    tp_log(TP_LOG_ERROR, "disk_failed", "errno=%d", 5);
    assert_string_equal(logged(), "<3>level=error event=disk_failed errno=5\n");
}

static void a_stream_that_is_not_ours_is_not_journald(void **state) {
    (void)state;
    be_journald(1);
    tp_log(TP_LOG_INFO, "ready", "port=%d", 8080);
    assert_memory_equal(logged(), "time=", 5);
}

static void levels_above_the_set_one_are_silent(void **state) {
    (void)state;
    tp_log(TP_LOG_DEBUG, "detail", "n=%d", 1);
    assert_string_equal(logged(), "");
    tp_log_set_level("debug");
    tp_log(TP_LOG_DEBUG, "detail", "n=%d", 2);
    assert_non_null(strstr(logged(), "n=2"));
    tp_log_set_level("warning");
    tp_log(TP_LOG_NOTICE, "detail", "n=%d", 3);
    assert_string_equal(logged(), "");
}

static void an_unknown_level_changes_nothing(void **state) {
    (void)state;
    tp_log_set_level("warning");
    tp_log_set_level("loud");
    tp_log(TP_LOG_INFO, "detail", "n=%d", 1);
    assert_string_equal(logged(), "");
}

static void no_value_can_forge_a_line_or_speak_to_the_terminal(void **state) {
    (void)state;
    be_journald(0);
    tp_log(TP_LOG_INFO, "seen", "name=%s", "a\n<0>event=forged \x1b[2J\xc2\x9b");
    assert_string_equal(logged(), "<6>level=info event=seen name=a\\x0a<0>event=forged \\x1b[2J\\xc2\\x9b\n");
    assert_string_equal(logged(), "");
}

static void a_quoted_value_reads_as_one(void **state) {
    (void)state;
    assert_string_equal(tp_log_quote(""), "\"\"");
    assert_string_equal(tp_log_quote("no such host"), "\"no such host\"");
    assert_string_equal(tp_log_quote("a \"b\" \\ c\n"), "\"a \\\"b\\\" \\\\ c\\x0a\"");
}

static void eight_quoted_values_stand_at_a_time(void **state) {
    (void)state;
    const char *quoted[8];
    char value[2] = "0";
    for (int i = 0; i < 8; i++, value[0]++)
        quoted[i] = tp_log_quote(value);
    for (int i = 0; i < 8; i++)
        assert_int_equal(quoted[i][1], '0' + i);
}

static void what_is_too_long_is_cut_and_says_so(void **state) {
    (void)state;
    char *text = calloc(1, 100001);
    memset(text, 'x', 100000);
    tp_log(TP_LOG_INFO, "long", "text=%s", text);
    size_t len = strlen(logged());
    assert_in_range(len, 1000, 4096);
    assert_string_equal(line + len - 5, "x...\n");
    memset(text, '\x01', 100000); /* which takes four bytes each */
    tp_log(TP_LOG_INFO, "long", "text=%s", text);
    len = strlen(logged());
    assert_in_range(len, 1000, 4096);
    assert_string_equal(line + len - 8, "\\x01...\n");
    const char *quoted = tp_log_quote(text);
    assert_string_equal(quoted + strlen(quoted) - 8, "\\x01...\"");
    free(text);
}

static void a_limited_line_says_how_many_were_left_out(void **state) {
    (void)state;
    struct tp_log_limit limit = {0};
    be_journald(0);
    for (int i = 1; i <= 3; i++)
        tp_log_limited(&limit, 3600, TP_LOG_WARNING, "redis_away", "n=%d", i);
    assert_string_equal(logged(), "<4>level=warning event=redis_away n=1\n");
    assert_string_equal(logged(), "");
    limit.next_ms = 0; /* the hour has passed */
    tp_log_limited(&limit, 3600, TP_LOG_WARNING, "redis_away", "n=%d", 4);
    assert_string_equal(logged(), "<4>level=warning event=redis_away suppressed=2 n=4\n");
    limit.next_ms = 0;
    tp_log_limited(&limit, 3600, TP_LOG_WARNING, "redis_away", "n=%d", 5);
    assert_string_equal(logged(), "<4>level=warning event=redis_away n=5\n");
}

static void a_line_below_the_level_does_not_use_the_limit_up(void **state) {
    (void)state;
    struct tp_log_limit limit = {0};
    tp_log_limited(&limit, 3600, TP_LOG_DEBUG, "detail", "n=%d", 1);
    tp_log_limited(&limit, 3600, TP_LOG_INFO, "detail", "n=%d", 2);
    assert_non_null(strstr(logged(), "event=detail n=2"));
}

static void errno_is_as_it_was(void **state) {
    (void)state;
    close(STDERR_FILENO); /* so that the write fails */
    errno = ENOENT;
    tp_log(TP_LOG_ERROR, "lost", "n=%d", 1);
    assert_int_equal(errno, ENOENT);
}

#define THREADS 4
#define LINES   200

static struct tp_log_limit shared = {0};

static void *talk(void *arg) {
    for (int i = 0; i < LINES; i++)
        tp_log(TP_LOG_INFO, "spoken", "thread=%s n=%d end", tp_log_quote(arg), i);
    tp_log_limited(&shared, 3600, TP_LOG_INFO, "once", "end");
    return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    int spoken = 0, once = 0;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, talk, (char *[]){"ann", "bob", "cat", "dan"}[i]);
    while (spoken + once < THREADS * LINES + 1) {
        assert_memory_equal(next_line(0), "time=", 5);
        assert_string_equal(line + strlen(line) - 5, " end\n");
        spoken += strstr(line, "event=spoken") != NULL;
        once += strstr(line, "event=once") != NULL;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(once, 1);
    assert_string_equal(logged(), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, redirect, restore)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_line_has_time_level_event_and_fields),
        TEST(an_event_may_stand_without_fields),
        TEST(journald_gets_the_priority_instead_of_the_time),
        TEST(a_stream_that_is_not_ours_is_not_journald),
        TEST(levels_above_the_set_one_are_silent),
        TEST(an_unknown_level_changes_nothing),
        TEST(no_value_can_forge_a_line_or_speak_to_the_terminal),
        TEST(a_quoted_value_reads_as_one),
        TEST(eight_quoted_values_stand_at_a_time),
        TEST(what_is_too_long_is_cut_and_says_so),
        TEST(a_limited_line_says_how_many_were_left_out),
        TEST(a_line_below_the_level_does_not_use_the_limit_up),
        TEST(errno_is_as_it_was),
        TEST(lines_of_several_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
