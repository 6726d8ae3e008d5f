/* Mappings in processes of their own: what they give, and what becomes of those that fail, run on, or die. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"
#include "daemon/mapping/mapping.h"
#include "daemon/metrics/metrics.h"

enum { TIMEOUT_MS = 300, MEMORY = 256 << 20, MOST = 100 };

#define PROGRAM(text)                                                                                                  \
    { text, sizeof(text) - 1 }

static const struct tp_str programs[] = {
    PROGRAM(".body[] | {n: .}"),
    PROGRAM("if .loop then def f: f; f elif .grow then [range(1e9)] elif .fail then error(\"no: \\(.fail)\") "
            "elif .many then range(1000) elif .halt then halt_error else . end"),
    PROGRAM(".at | seconds, percent_decoded"),
};
static const struct tp_mapping_set set = {.programs = programs, .n = 3, .limits = {TIMEOUT_MS, MEMORY, MOST, 100000}};

static const struct tp_mapping_set patient = {.programs = programs, .n = 3, .limits = {60000, MEMORY, MOST, 100000}};

/* ---- one after the other ---- */

static struct tp_mapping *mapping;
static struct tp_buf out;

static int open_mapping(void **state) {
    struct tp_buf fault = TP_BUF_INIT;
    (void)state;
    int status = tp_mapping_open(&set, &fault, &mapping);
    if (status < 0)
        print_error("%.*s", TP_FMT(tp_buf_str(&fault)));
    tp_buf_free(&fault);
    return status;
}

static int close_mapping(void **state) {
    (void)state;
    tp_mapping_close(mapping);
    tp_buf_free(&out);
    return 0;
}

static void must_give(size_t program, const char *input, int status, const char *expected) {
    tp_buf_clear(&out);
    assert_int_equal(tp_mapping_run(mapping, program, tp_str(input), &out), status);
    tp_buf_addc(&out, '\0');
    assert_string_equal(out.at, expected);
}

static void values_come_line_by_line(void **state) {
    (void)state;
    must_give(0, "{\"body\":[1,19.99,\"a\\nb\"]}", 0, "{\"n\":1}\n{\"n\":19.99}\n{\"n\":\"a\\nb\"}\n");
    must_give(0, "{\"body\":[]}", 0, "");
    must_give(2, "{\"at\":\"1700000000.5\"}", 0, "\"2023-11-14T22:13:20.500Z\"\n\"1700000000.5\"\n");
}

static void a_failure_is_told_and_not_kept(void **state) {
    (void)state;
    must_give(1, "{\"fail\":\"x\"}", TP_EFORM, "no: x");
    must_give(0, "{\"body\":3}", TP_EFORM, "Cannot iterate over number (3)");
    must_give(1, "{\"many\":1}", TP_ETOOMANY, "it makes more than one request may have");
    must_give(1, "{\"a\":1}", 0, "{\"a\":1}\n");
    assert_int_equal(tp_mapping_run(mapping, 1, TP_STR("{\"halt\":1}"), &out), TP_EFORM);
}

static void one_that_runs_on_is_left(void **state) {
    (void)state;
    must_give(1, "{\"loop\":1}", TP_ETIMEOUT, "it takes too long");
}

static void what_is_no_program_is_told_with_its_line(void **state) {
    (void)state;
    const struct tp_str wrong[] = {PROGRAM("1"), PROGRAM("# two\n.a |\n.b c")};
    const struct tp_mapping_set none = {.programs = wrong, .n = 2, .limits = {TIMEOUT_MS, MEMORY, MOST, 1000}};
    struct tp_buf fault = TP_BUF_INIT;
    assert_int_equal(tp_mapping_open(&none, &fault, &mapping), TP_ECONFIG);
    mapping = NULL;
    tp_buf_addc(&fault, '\0');
    assert_memory_equal(fault.at, "2: ", 3);
    assert_non_null(strstr(fault.at, "line 3"));
    assert_null(strstr(fault.at, "def "));
    tp_buf_free(&fault);
}

static void it_has_no_environment(void **state) {
    (void)state;
    const struct tp_str env = PROGRAM("env | length");
    const struct tp_mapping_set own = {.programs = &env, .n = 1, .limits = {TIMEOUT_MS, MEMORY, MOST, 1000}};
    struct tp_buf fault = TP_BUF_INIT;
    setenv("TP_TEST_SECRET", "x", 1);
    assert_int_equal(tp_mapping_open(&own, &fault, &mapping), 0);
    must_give(0, "{}", 0, "0\n");
    tp_buf_free(&fault);
}

/* ---- beside a loop ---- */

enum { MOST_ANSWERS = 64 };
static struct {
    int status;
    char text[128];
} answers[MOST_ANSWERS];
static size_t n_answers;
static sem_t answered;

static void on_mapped(void *arg, int status, struct tp_str text) {
    (void)arg;
    answers[n_answers].status = status;
    snprintf(answers[n_answers++].text, sizeof answers->text, "%.*s", TP_FMT(text));
    sem_post(&answered);
}

struct posted {
    struct tp_mail mail;
    struct tp_mapper *mapper;
    const char *const *inputs;
};

static void run_all(struct tp_mail *mail) {
    const struct posted *posted = (struct posted *)mail;
    for (size_t i = 0; posted->inputs[i]; i++)
        if (tp_mapper_run(posted->mapper, 1, tp_str(posted->inputs[i]), on_mapped, NULL) < 0)
            sem_post(&answered);
}

static struct tp_loop *loop;
static struct tp_mapper *mapper;

static int open_mapper_of(const struct tp_mapping_set *of) {
    n_answers = 0;
    sem_init(&answered, 0, 0);
    loop = tp_loop_new("mapper");
    return loop && tp_mapper_new(of, loop, &mapper) == 0 && tp_loop_start(loop) == 0 ? 0 : -1;
}

static int open_mapper(void **state) {
    (void)state;
    return open_mapper_of(&set);
}

static int open_patient_mapper(void **state) {
    (void)state;
    return open_mapper_of(&patient);
}

static int close_mapper(void **state) {
    (void)state;
    tp_loop_stop(loop);
    tp_mapper_free(mapper);
    tp_loop_free(loop);
    sem_destroy(&answered);
    return 0;
}

static void post(const char *const *inputs, size_t wait_for) {
    struct posted posted = {.mail.deliver = run_all, .mapper = mapper, .inputs = inputs};
    tp_loop_post(loop, &posted.mail);
    for (size_t i = 0; i < wait_for; i++)
        sem_wait(&answered);
}

static void expect(size_t i, int status, const char *text) {
    assert_int_equal(answers[i].status, status);
    assert_string_equal(answers[i].text, text);
}

static void answers_come_in_order(void **state) {
    (void)state;
    const char *const inputs[] = {"{\"a\":1}", "{\"fail\":1}", "{\"a\":2}", NULL};
    post(inputs, 3);
    expect(0, 0, "{\"a\":1}\n");
    expect(1, TP_EFORM, "no: 1");
    expect(2, 0, "{\"a\":2}\n");
}

/* It alone fails: the others are sent to the next process. */
static void one_that_runs_on_is_stopped(void **state) {
    (void)state;
    const char *const inputs[] = {"{\"a\":1}", "{\"loop\":1}", "{\"a\":2}", "{\"loop\":2}", "{\"a\":3}", NULL};
    int64_t stopped = tp_metrics_get(TP_M_MAPPING_TIMEOUTS);
    post(inputs, 5);
    expect(0, 0, "{\"a\":1}\n");
    expect(1, TP_ETIMEOUT, "it takes too long");
    expect(2, 0, "{\"a\":2}\n");
    expect(3, TP_ETIMEOUT, "it takes too long");
    expect(4, 0, "{\"a\":3}\n");
    assert_int_equal(tp_metrics_get(TP_M_MAPPING_TIMEOUTS) - stopped, 2);
}

/* Within one builtin nothing but the process's end helps: either its time or its memory comes to an end. */
static void one_that_grows_is_stopped(void **state) {
    (void)state;
    const char *const inputs[] = {"{\"grow\":1}", "{\"a\":1}", NULL};
    post(inputs, 2);
    assert_true(answers[0].status == TP_ETIMEOUT || answers[0].status == TP_EINTERNAL);
    expect(1, 0, "{\"a\":1}\n");
}

/* Sanitizers know no bound of memory. */
static void one_that_ends_its_process_is_tried_twice(void **state) {
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();
#endif
    const char *const inputs[] = {"{\"grow\":1}", "{\"a\":1}", NULL};
    int64_t ended = tp_metrics_get(TP_M_MAPPING_ENDED);
    post(inputs, 2);
    expect(0, TP_EINTERNAL, "its process ended");
    expect(1, 0, "{\"a\":1}\n");
    assert_int_equal(tp_metrics_get(TP_M_MAPPING_ENDED) - ended, 2);
}

static void who_waits_at_the_end_is_told(void **state) {
    (void)state;
    const char *const inputs[] = {"{\"loop\":1}", "{\"a\":1}", NULL};
    struct posted posted = {.mail.deliver = run_all, .mapper = mapper, .inputs = inputs};
    tp_loop_post(loop, &posted.mail);
    tp_loop_stop(loop);
    tp_mapper_free(mapper);
    mapper = NULL;
    if (n_answers > 0) /* it may have stopped before the mail came */
        expect(1, TP_ESTOPPING, "touchpointd is stopping");
}

int main(int argc, char **argv) {
    tp_mapping_main(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_come_line_by_line, open_mapping, close_mapping),
        cmocka_unit_test_setup_teardown(a_failure_is_told_and_not_kept, open_mapping, close_mapping),
        cmocka_unit_test_setup_teardown(one_that_runs_on_is_left, open_mapping, close_mapping),
        cmocka_unit_test(what_is_no_program_is_told_with_its_line),
        cmocka_unit_test_teardown(it_has_no_environment, close_mapping),
        cmocka_unit_test_setup_teardown(answers_come_in_order, open_mapper, close_mapper),
        cmocka_unit_test_setup_teardown(one_that_runs_on_is_stopped, open_mapper, close_mapper),
        cmocka_unit_test_setup_teardown(one_that_grows_is_stopped, open_mapper, close_mapper),
        cmocka_unit_test_setup_teardown(one_that_ends_its_process_is_tried_twice, open_patient_mapper, close_mapper),
        cmocka_unit_test_setup_teardown(who_waits_at_the_end_is_told, open_mapper, close_mapper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
