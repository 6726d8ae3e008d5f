/* What touchpointctl lets through to a terminal, how wide that is, and how it says numbers. */
#include "ctl/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/utf8.h"

static void expect_clean(struct tp_str text, const char *expected) {
    struct tp_buf out = TP_BUF_INIT;
    tp_ctl_clean(text, &out);
    tp_buf_addc(&out, '\0');
    assert_string_equal(out.at, expected);
    tp_buf_free(&out);
}

static void plain_text_stays(void **state) {
    (void)state;
    expect_clean(TP_STR(""), "");
    expect_clean(TP_STR("Grüße, 日本, 👶!"), "Grüße, 日本, 👶!");
}

static void no_control_character_passes(void **state) {
    (void)state;
    struct tp_buf all = TP_BUF_INIT, out = TP_BUF_INIT;
    for (unsigned byte = 0; byte < 0x20; byte++)
        tp_buf_addc(&all, (char)byte);
    for (unsigned point = 0x7F; point < 0xA0; point++)
        tp_buf_addf(&all, point == 0x7F ? "%c" : "\xC2%c", (char)point);
    tp_ctl_clean(tp_buf_str(&all), &out);
    for (size_t i = 0; i < out.len; i++)
        assert_true((unsigned char)out.at[i] >= 0x20 && out.at[i] != 0x7F);
    assert_null(memmem(out.at, out.len, "\xC2\x9B", 2)); /* CSI in one character */
    tp_buf_free(&all);
    tp_buf_free(&out);
    expect_clean(TP_STR("\033[2Jgone"), "\uFFFD[2Jgone");
}

static void a_line_stays_one_line(void **state) {
    (void)state;
    expect_clean(TP_STR("a\nb\r\nc\td\u2028e"), "a b  c d e");
}

static void nothing_turns_the_line_around(void **state) {
    (void)state;
    const char text[] = {'\xE2', '\x80', '\xAE', 'e', 'x', 'e', '.', 't', 'x', 't'}; /* U+202E: from the right */
    expect_clean((struct tp_str){text, sizeof text}, "\uFFFDexe.txt");
}

static void what_is_not_utf8_is_replaced(void **state) {
    (void)state;
    expect_clean(TP_STR("a\xFFz"), "a\uFFFDz");
    expect_clean(TP_STR("cut \xF0\x9F\x98"), "cut \uFFFD\uFFFD\uFFFD");
}

static void columns_are_those_of_a_terminal(void **state) {
    (void)state;
    assert_int_equal(tp_ctl_columns(TP_STR("abc")), 3);
    assert_int_equal(tp_ctl_columns(TP_STR("Grüße")), 5);
    assert_int_equal(tp_ctl_columns(TP_STR("e\u0301")), 1);
    assert_int_equal(tp_ctl_columns(TP_STR("日本")), 4);
    assert_int_equal(tp_ctl_columns(TP_STR("👶☕")), 4);
}

/* Skin tones, joiners and selectors are drawn differently everywhere. */
static void emoji_that_terminals_disagree_about_are_taken_apart(void **state) {
    (void)state;
    expect_clean(TP_STR("👍🏽"), "👍");
    expect_clean(TP_STR("👩\u200D👧"), "👩👧");
    expect_clean(TP_STR("\u2764\uFE0F"), "\u2764");
    expect_clean(TP_STR("\u0915\u094D\u200D\u0937"), "\u0915\u094D\u200D\u0937"); /* but not a joiner in Hindi */
}

static void what_fits_ends_with_a_whole_character(void **state) {
    (void)state;
    struct tp_str text = TP_STR("aé日👶");
    const size_t bytes[] = {0, 1, 3, 3, 6, 6, 10, 10};
    for (size_t columns = 0; columns < sizeof bytes / sizeof bytes[0]; columns++) {
        assert_int_equal(tp_ctl_fitting(text, columns), bytes[columns]);
        assert_true(tp_utf8_valid((struct tp_str){text.at, tp_ctl_fitting(text, columns)}));
    }
}

/* ---- numbers ---- */

#define expect_said(expected, call)                                                                                    \
    do {                                                                                                               \
        struct tp_buf said = TP_BUF_INIT, *out = &said;                                                                \
        call;                                                                                                          \
        tp_buf_addc(out, '\0');                                                                                        \
        assert_string_equal(out->at, expected);                                                                        \
        tp_buf_free(out);                                                                                              \
    } while (0)

static void counts(void **state) {
    (void)state;
    expect_said("0", tp_ctl_add_count(out, 0));
    expect_said("999", tp_ctl_add_count(out, 999));
    expect_said("1,000", tp_ctl_add_count(out, 1000));
    expect_said("1,002,003", tp_ctl_add_count(out, 1002003));
    expect_said("18,446,744,073,709,551,615", tp_ctl_add_count(out, UINT64_MAX));
}

static void sizes(void **state) {
    (void)state;
    expect_said("1023 B", tp_ctl_add_bytes(out, 1023));
    expect_said("1.5 KiB", tp_ctl_add_bytes(out, 1536));
    expect_said("64.0 MiB", tp_ctl_add_bytes(out, 64U << 20));
    expect_said("320 MiB", tp_ctl_add_bytes(out, 320U << 20));
}

static void gaps(void **state) {
    (void)state;
    expect_said("0 s", tp_ctl_add_gap(out, 0.4));
    expect_said("59 s", tp_ctl_add_gap(out, 59.2));
    expect_said("1 min", tp_ctl_add_gap(out, 60));
    expect_said("2 h 05 min", tp_ctl_add_gap(out, 2 * 3600 + 5 * 60 + 59));
    expect_said("4 d 3 h", tp_ctl_add_gap(out, 4 * 86400 + 3 * 3600));
    expect_said("-5 min", tp_ctl_add_gap(out, -300)); /* it arrived late */
}

static void latencies(void **state) {
    (void)state;
    expect_said("0.84 ms", tp_ctl_add_latency(out, 0.00084));
    expect_said("25 ms", tp_ctl_add_latency(out, 0.025));
    expect_said("1.2 s", tp_ctl_add_latency(out, 1.2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stays),
        cmocka_unit_test(no_control_character_passes),
        cmocka_unit_test(a_line_stays_one_line),
        cmocka_unit_test(nothing_turns_the_line_around),
        cmocka_unit_test(what_is_not_utf8_is_replaced),
        cmocka_unit_test(columns_are_those_of_a_terminal),
        cmocka_unit_test(emoji_that_terminals_disagree_about_are_taken_apart),
        cmocka_unit_test(what_fits_ends_with_a_whole_character),
        cmocka_unit_test(counts),
        cmocka_unit_test(sizes),
        cmocka_unit_test(gaps),
        cmocka_unit_test(latencies),
    };
    return cmocka_run_group_tests_name("ctl/text", tests, NULL, NULL);
}
