/* Traits as the scripts keep them, written as JSON: of each name the newest, whoever it was said of. */
#include "common/traits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/error.h"

#define ANN "0190a000-0000-7000-8000-00000000000a"
#define BOB "0190a000-0000-7000-8000-00000000000b"

static void assert_written(const char *kept, const char *expected) {
    struct tp_buf out = TP_BUF_INIT;
    assert_int_equal(tp_traits_write(tp_str(kept), &out), 0);
    if (!tp_str_is(tp_buf_str(&out), expected))
        fail_msg("%.*s is not %s", TP_FMT(tp_buf_str(&out)), expected);
    tp_buf_free(&out);
}

static void assert_whole(const char *kept, const char *expected) {
    struct tp_buf out = TP_BUF_INIT;
    assert_int_equal(tp_traits_write_whole(tp_str(kept), TP_STR(ANN), &out), 0);
    if (!tp_str_is(tp_buf_str(&out), expected))
        fail_msg("%.*s is not %s", TP_FMT(tp_buf_str(&out)), expected);
    tp_buf_free(&out);
}

static void each_is_told_with_its_time(void **state) {
    (void)state;
    assert_whole("vip\t1000\t" ANN "\ttrue\nna\"me\t2000\t" ANN "\t{\"a\":[19.90,null]}\n",
                 ",\"traits\":{\"na\\\"me\":{\"value\":{\"a\":[19.90,null]},\"time\":\"1970-01-01T00:00:02.000Z\"},"
                 "\"vip\":{\"value\":true,\"time\":\"1970-01-01T00:00:01.000Z\"}}");
}

static void and_that_it_was_taken_away_and_whose_it_is(void **state) {
    (void)state;
    assert_whole("vip\t1000\t" BOB "\ttrue\nname\t2000\t" ANN "\tnull\nname\t1000\t" BOB "\t1\n",
                 ",\"traits\":{\"name\":{\"value\":null,\"time\":\"1970-01-01T00:00:02.000Z\"},"
                 "\"vip\":{\"value\":true,\"time\":\"1970-01-01T00:00:01.000Z\",\"customer\":\"" BOB "\"}}");
    assert_whole("", "");
}

static void or_plain(void **state) {
    (void)state;
    assert_written("vip\t1000\t" ANN "\ttrue\nname\t2000\t" ANN "\t\"Ann\"\n",
                   ",\"traits\":{\"name\":\"Ann\",\"vip\":true}");
}

static void of_each_name_the_newest(void **state) {
    (void)state;
    assert_written("name\t3000\t" ANN "\t\"Ann\"\nname\t2000\t" BOB "\t\"Bob\"\nname\t1000\t" ANN "\t\"A\"\n",
                   ",\"traits\":{\"name\":\"Ann\"}");
    assert_written("name\t9\t" ANN "\t\"Ann\"\nname\t10\t" BOB "\t\"Bob\"\nnames\t1\t" ANN "\t1\n",
                   ",\"traits\":{\"name\":\"Bob\",\"names\":1}");
}

static void of_one_time_what_came_last(void **state) {
    (void)state;
    assert_written("name\t5\t" BOB "\t\"Bob\"\nname\t5\t" ANN "\t\"Ann\"\n", ",\"traits\":{\"name\":\"Ann\"}");
}

static void null_is_not_shown(void **state) {
    (void)state;
    assert_written("name\t5\t" BOB "\t\"Bob\"\nname\t6\t" ANN "\tnull\nvip\t1\t" ANN "\ttrue\n",
                   ",\"traits\":{\"vip\":true}");
    assert_written("name\t6\t" ANN "\tnull\n", "");
    assert_written("", "");
}

static void what_is_none_is_told(void **state) {
    (void)state;
    static const char *const wrong[] = {"name",
                                        "\n",
                                        "name\t5\t" ANN "\t1",
                                        "name\t5\t" ANN "\n",
                                        "name\t5\t" ANN "\t\n",
                                        "name\tx\t" ANN "\t1\n",
                                        "name\t\t" ANN "\t1\n",
                                        "name\t99999999999999999999\t" ANN "\t1\n",
                                        "\t5\t" ANN "\t1\n",
                                        "name\t5\t" ANN "\t1\n\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct tp_buf out = TP_BUF_INIT;
        assert_int_equal(tp_traits_write(tp_str(wrong[i]), &out), TP_ECORRUPT);
        tp_buf_free(&out);
    }
}

static void names_are_those_that_are_said(void **state) {
    (void)state;
    struct tp_buf out = TP_BUF_INIT;
    tp_traits_write_names(TP_STR("name\t\"Ann\"\na\"b\tnull\n"), &out);
    assert_true(tp_str_is(tp_buf_str(&out), "[\"name\",\"a\\\"b\"]"));
    tp_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_told_with_its_time),
        cmocka_unit_test(and_that_it_was_taken_away_and_whose_it_is),
        cmocka_unit_test(or_plain),
        cmocka_unit_test(of_each_name_the_newest),
        cmocka_unit_test(of_one_time_what_came_last),
        cmocka_unit_test(null_is_not_shown),
        cmocka_unit_test(what_is_none_is_told),
        cmocka_unit_test(names_are_those_that_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
