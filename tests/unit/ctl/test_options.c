/* The command line of a command: what it has in common with others, and what is its own. */
#include "ctl/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct tp_ctl_command command = {
    .name = "try",
    .arguments = "THING",
    .summary = "tries",
    .help = "Tries.\n",
    .example = "Example: touchpointctl try it\n",
    .uses = TP_CTL_DAEMON | TP_CTL_SETTINGS | TP_CTL_JSON,
};

enum { MOST_WORDS = 80 };

static struct seen {
    struct tp_ctl_options options;
    const char *operands[MOST_WORDS], *colour, *often;
    size_t n_operands;
    bool twice, is_often;
} seen;

/* The words, with a blank between them. */
static int reads(const char *line) {
    static char words[1024];
    char *argv[MOST_WORDS] = {(char[]){"try"}};
    int argc = 1;
    const struct tp_ctl_option own[] = {
        {"colour", &seen.colour, NULL},
        {"twice", NULL, &seen.twice},
        {"often", &seen.often, &seen.is_often},
        {0},
    };
    seen = (struct seen){0};
    assert_true(strlen(line) < sizeof words);
    memcpy(words, line, strlen(line) + 1);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    return tp_ctl_read(&command, argc, argv, own, &seen.options, seen.operands, &seen.n_operands);
}

static int forget_environment(void **state) {
    (void)state;
    return unsetenv("TOUCHPOINT_URL") || unsetenv("TOUCHPOINT_KEY");
}

static void nothing_said_is_the_daemon_on_this_machine(void **state) {
    (void)state;
    assert_int_equal(reads(""), -1);
    assert_string_equal(seen.options.url, "http://127.0.0.1:8080");
    assert_null(seen.options.key);
    assert_null(seen.options.config);
    assert_false(seen.options.json);
    assert_false(seen.twice);
    assert_int_equal(seen.n_operands, 0);
}

static void options_may_stand_anywhere(void **state) {
    (void)state;
    assert_int_equal(reads("one --json two --colour=red - --twice -c file --set a.b=c --set d.e=f --url http://there"),
                     -1);
    assert_int_equal(seen.n_operands, 3);
    assert_string_equal(seen.operands[0], "one");
    assert_string_equal(seen.operands[2], "-");
    assert_string_equal(seen.colour, "red");
    assert_true(seen.twice);
    assert_true(seen.options.json);
    assert_string_equal(seen.options.config, "file");
    assert_string_equal(seen.options.url, "http://there");
    assert_int_equal(seen.options.n_sets, 2);
    assert_string_equal(seen.options.sets[1], "d.e=f");
}

static void a_value_may_be_left_out(void **state) {
    (void)state;
    assert_int_equal(reads("--often"), -1);
    assert_true(seen.is_often);
    assert_null(seen.often);
    assert_int_equal(reads("--often=7"), -1);
    assert_string_equal(seen.often, "7");
}

static void the_environment_speaks_when_the_command_line_does_not(void **state) {
    (void)state;
    setenv("TOUCHPOINT_URL", "http://elsewhere", 1);
    setenv("TOUCHPOINT_KEY", "from the environment", 1);
    assert_int_equal(reads(""), -1);
    assert_string_equal(seen.options.url, "http://elsewhere");
    assert_string_equal(seen.options.key, "from the environment");
    assert_int_equal(reads("--url http://here"), -1);
    assert_string_equal(seen.options.url, "http://here");
}

static void a_key_is_read_from_its_file(void **state) {
    (void)state;
    char path[] = "/tmp/key-XXXXXX", line[64];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    snprintf(line, sizeof line, "--key-file %s", path);
    assert_int_equal(reads(line), EXIT_FAULT); /* it is empty */
    assert_int_equal(write(fd, "sesame\n", 7), 7);
    close(fd);
    assert_int_equal(reads(line), -1);
    assert_string_equal(seen.options.key, "sesame");
    unlink(path);
    assert_int_equal(reads(line), EXIT_FAULT); /* it is gone */
}

static void what_is_not_understood_is_a_fault_of_use(void **state) {
    (void)state;
    assert_int_equal(reads("--nonsense"), EXIT_USAGE);
    assert_int_equal(reads("--colour"), EXIT_USAGE);
    assert_int_equal(reads("--twice=3"), EXIT_USAGE);
}

static void too_many_settings_are_refused(void **state) {
    (void)state;
    char line[1024] = "";
    for (size_t i = 0; i < 64; i++)
        strcat(line, "--set=a=b ");
    assert_int_equal(reads(line), -1);
    strcat(line, "--set=a=b");
    assert_int_equal(reads(line), EXIT_USAGE);
}

static void numbers(void **state) {
    (void)state;
    uint64_t value = 0;
    assert_true(tp_ctl_read_number("--n", "500", 1, 500, &value));
    assert_int_equal(value, 500);
    static const char *const wrong[] = {"", "0", "501", "-1", "+1", " 1", "1x", "1.5", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (tp_ctl_read_number("--n", wrong[i], 1, 500, &value))
            fail_msg("'%s' was taken", wrong[i]);
    assert_int_equal(value, 500);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_said_is_the_daemon_on_this_machine, forget_environment),
        cmocka_unit_test_setup(options_may_stand_anywhere, forget_environment),
        cmocka_unit_test_setup(a_value_may_be_left_out, forget_environment),
        cmocka_unit_test_setup(the_environment_speaks_when_the_command_line_does_not, forget_environment),
        cmocka_unit_test_setup(a_key_is_read_from_its_file, forget_environment),
        cmocka_unit_test(what_is_not_understood_is_a_fault_of_use),
        cmocka_unit_test(too_many_settings_are_refused),
        cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests_name("ctl/options", tests, NULL, NULL);
}
