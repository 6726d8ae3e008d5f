/* Times as senders write them, and as they are forwarded. */
#include "common/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/error.h"

static int64_t parsed(const char *text) {
    int64_t ms = -1;
    int error = tp_time_parse(tp_str(text), &ms);
    if (error)
        fail_msg("%s was refused: %s", text, tp_error_code(error));
    return ms;
}

static void expect_refused(const char *text, int expected) {
    int64_t ms = -1;
    int error = tp_time_parse(tp_str(text), &ms);
    if (error != expected)
        fail_msg("%s: %d instead of %d", text, error, expected);
    assert_int_equal(ms, -1);
}

static void one_moment_in_every_spelling(void **state) {
    (void)state;
    const int64_t moment = 1767323045000; /* date -d 2026-01-02T03:04:05Z +%s */
    assert_int_equal(parsed("2026-01-02T03:04:05Z"), moment);
    assert_int_equal(parsed("2026-01-02t03:04:05z"), moment);
    assert_int_equal(parsed("2026-01-02T03:04:05+00:00"), moment);
    assert_int_equal(parsed("2026-01-02T03:04:05-00:00"), moment);
    assert_int_equal(parsed("2026-01-02T08:34:05+05:30"), moment);
    assert_int_equal(parsed("2026-01-01T21:04:05-06:00"), moment);
    assert_int_equal(parsed("2026-01-03T03:03:05+23:59"), moment);
}

static void fractions_are_cut_to_milliseconds(void **state) {
    (void)state;
    const int64_t second = parsed("2026-01-02T03:04:05Z");
    assert_int_equal(parsed("2026-01-02T03:04:05.6Z"), second + 600);
    assert_int_equal(parsed("2026-01-02T03:04:05.678Z"), second + 678);
    assert_int_equal(parsed("2026-01-02T03:04:05.678999Z"), second + 678);
    assert_int_equal(parsed("2026-01-02T03:04:05.000000001Z"), second);
    assert_int_equal(parsed("2026-01-02T03:04:05.999999999+00:00"), second + 999);
    expect_refused("2026-01-02T03:04:05.Z", TP_EFORM);
    expect_refused("2026-01-02T03:04:05.1234567890Z", TP_EFORM);
}

static void only_days_that_exist(void **state) {
    (void)state;
    parsed("2024-02-29T00:00:00Z");
    parsed("2000-02-29T00:00:00Z");
    expect_refused("2026-02-29T00:00:00Z", TP_EFORM);
    expect_refused("2100-02-29T00:00:00Z", TP_EFORM);
    expect_refused("2026-04-31T00:00:00Z", TP_EFORM);
    expect_refused("2026-00-10T00:00:00Z", TP_EFORM);
    expect_refused("2026-13-10T00:00:00Z", TP_EFORM);
    expect_refused("2026-01-00T00:00:00Z", TP_EFORM);
    expect_refused("2026-01-32T00:00:00Z", TP_EFORM);
    expect_refused("2026-01-01T24:00:00Z", TP_EFORM);
    expect_refused("2026-01-01T00:60:00Z", TP_EFORM);
    expect_refused("2026-01-01T00:00:61Z", TP_EFORM);
    expect_refused("2026-01-01T00:00:00+24:00", TP_EFORM);
    expect_refused("2026-01-01T00:00:00+00:60", TP_EFORM);
}

static void a_leap_second_is_the_next_second(void **state) {
    (void)state;
    assert_int_equal(parsed("2016-12-31T23:59:60Z"), parsed("2017-01-01T00:00:00Z"));
    assert_int_equal(parsed("2015-06-30T23:59:60.5Z"), parsed("2015-07-01T00:00:00.5Z"));
    assert_int_equal(parsed("1990-12-31T15:59:60-08:00"), parsed("1991-01-01T00:00:00Z"));
    expect_refused("2016-12-30T23:59:60Z", TP_EFORM);
    expect_refused("2016-12-31T23:58:60Z", TP_EFORM);
    expect_refused("2016-12-31T23:59:60+01:00", TP_EFORM);
}

static void only_the_years_1970_to_9999(void **state) {
    (void)state;
    assert_int_equal(parsed("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(parsed("9999-12-31T23:59:59.999Z"), INT64_C(253402300799999));
    assert_int_equal(parsed("1969-12-31T23:00:00-01:00"), 0);
    expect_refused("1969-12-31T23:59:59.999Z", TP_ERANGE);
    expect_refused("1970-01-01T00:00:00+00:01", TP_ERANGE);
    expect_refused("9999-12-31T23:59:59-00:01", TP_ERANGE);
    expect_refused("9999-12-31T23:59:60Z", TP_ERANGE);
    expect_refused("0000-01-01T00:00:00Z", TP_ERANGE);
}

static void nothing_but_the_form(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "yesterday",
        "1767323045",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04Z",
        "2026-01-02 03:04:05Z",
        " 2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05Z ",
        "2026-01-02T03:04:05ZZ",
        "2026-01-02T03:04:05,5Z",
        "2026-01-02T03:04:05+0100",
        "2026-01-02T03:04:05+01",
        "2026-01-02T03:04:05 01:00",
        "2026-1-2T03:04:05Z",
        "20260102T030405Z",
        "+2026-01-02T03:04:05Z",
        "-026-01-02T03:04:05Z",
        "2026-01-02T03:04:-5Z",
        "2026/01/02T03:04:05Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refused(bad[i], TP_EFORM);
    int64_t ms;
    assert_int_equal(tp_time_parse(TP_STR("2026-01-02T03:04:05\0Z"), &ms), TP_EFORM);
}

/* Cut anywhere, a time is refused, and nothing behind its end is looked at. */
static void a_time_cut_short(void **state) {
    (void)state;
    const char whole[] = "2026-01-02T03:04:05.678+05:30";
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        char *cut = malloc(len + 1);
        memcpy(cut, whole, len);
        int64_t ms;
        assert_int_equal(tp_time_parse((struct tp_str){cut, len}, &ms), TP_EFORM);
        free(cut);
    }
}

/* The C library is the witness: each day, at another time of the day. */
static void every_day_as_the_c_library_has_it(void **state) {
    (void)state;
    for (int64_t second = 0; second <= INT64_C(253402300799); second += 86400 + 61) {
        time_t at = (time_t)second;
        struct tm tm;
        char expected[64], text[TP_TIME_TEXT];
        gmtime_r(&at, &tm);
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.007Z", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        tp_time_format(second * 1000 + 7, text);
        assert_string_equal(text, expected);
        assert_int_equal(parsed(text), second * 1000 + 7);
    }
}

static void the_clocks_are_in_milliseconds(void **state) {
    (void)state;
    int64_t before = (int64_t)time(NULL) - 1, now = tp_time_now_ms() / 1000, after = (int64_t)time(NULL) + 1;
    assert_true(before <= now && now <= after);
    int64_t earlier = tp_time_monotonic_ms();
    assert_true(tp_time_monotonic_ms() >= earlier);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_moment_in_every_spelling),
        cmocka_unit_test(fractions_are_cut_to_milliseconds),
        cmocka_unit_test(only_days_that_exist),
        cmocka_unit_test(a_leap_second_is_the_next_second),
        cmocka_unit_test(only_the_years_1970_to_9999),
        cmocka_unit_test(nothing_but_the_form),
        cmocka_unit_test(a_time_cut_short),
        cmocka_unit_test(every_day_as_the_c_library_has_it),
        cmocka_unit_test(the_clocks_are_in_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
