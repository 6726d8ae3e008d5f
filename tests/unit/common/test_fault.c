/* A fault happens at its point and at its pass, and nowhere else: on it rests every test that breaks the daemon. */
#ifndef TP_FAULTS
#define TP_FAULTS
#endif
#include "common/fault.c" // NOLINT(bugprone-suspicious-include)

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <sys/wait.h>

#include <cmocka.h>

/* As if the process had begun with these faults. */
static void given(const char *faults) {
    memset(passes, 0, sizeof passes);
    assert_int_equal(setenv("TOUCHPOINTD_FAULT", faults, 1), 0);
}

/* How a process ends, or stops, that passes the point "a" under these faults. */
static int fate(const char *faults) {
    int status;
    given(faults);
    pid_t child = fork();
    if (child == 0) {
        (void)TP_FAULT("a");
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    if (WIFSTOPPED(status)) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    return status;
}

static void without_faults_nothing_happens(void **state) {
    (void)state;
    unsetenv("TOUCHPOINTD_FAULT");
    assert_int_equal(TP_FAULT("a"), 0);
    given("");
    assert_int_equal(TP_FAULT("a"), 0);
}

static void a_call_fails_once_with_the_errno_that_was_named(void **state) {
    (void)state;
    given("a=ENOSPC");
    errno = 0;
    assert_int_equal(TP_FAULT("a"), ENOSPC);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(TP_FAULT("a"), 0);
}

static void at_the_pass_that_was_named(void **state) {
    (void)state;
    given("a=EIO:3");
    for (int passed = 1; passed <= 5; passed++)
        assert_int_equal(TP_FAULT("a"), passed == 3 ? EIO : 0);
}

static void from_the_pass_that_was_named_on(void **state) {
    (void)state;
    given("a=EIO:2+");
    for (int passed = 1; passed <= 5; passed++)
        assert_int_equal(TP_FAULT("a"), passed >= 2 ? EIO : 0);
}

static void each_point_has_its_own(void **state) {
    (void)state;
    given("journal.sync=EIO:2 journal.write=short");
    assert_int_equal(TP_FAULT("journal.sync"), 0);
    assert_int_equal(TP_FAULT("journal"), 0);
    assert_int_equal(TP_FAULT("journal.write"), TP_FAULT_SHORT);
    assert_int_equal(TP_FAULT("journal.write_more"), 0);
    assert_int_equal(TP_FAULT("journal.sync"), EIO);
}

static void a_process_is_killed(void **state) {
    (void)state;
    int status = fate("a=kill");
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    assert_int_equal(fate("b=kill"), 0);
}

static void a_process_is_stopped(void **state) {
    (void)state;
    int status = fate("a=stop");
    assert_true(WIFSTOPPED(status));
    assert_int_equal(WSTOPSIG(status), SIGSTOP);
}

static void a_misspelling_is_not_passed_over(void **state) {
    (void)state;
    int status = fate("a=ENOPSC");
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_faults_nothing_happens),
        cmocka_unit_test(a_call_fails_once_with_the_errno_that_was_named),
        cmocka_unit_test(at_the_pass_that_was_named),
        cmocka_unit_test(from_the_pass_that_was_named_on),
        cmocka_unit_test(each_point_has_its_own),
        cmocka_unit_test(a_process_is_killed),
        cmocka_unit_test(a_process_is_stopped),
        cmocka_unit_test(a_misspelling_is_not_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
