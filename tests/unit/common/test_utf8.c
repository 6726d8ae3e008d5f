/* What is UTF-8, and where it ends to be. */
#include "common/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void text_of_all_lengths_of_characters(void **state) {
    (void)state;
    assert_true(tp_utf8_valid((struct tp_str){0}));
    assert_true(tp_utf8_valid(TP_STR("plain text that is longer than eight bytes")));
    assert_true(tp_utf8_valid(TP_STR("Zo\xc3\xab pays 5 \xe2\x82\xac \xf0\x9f\x98\x80 and a NUL \0 too")));
}

static void the_first_and_the_last_of_each_length(void **state) {
    (void)state;
    static const char *const good[] = {"\xc2\x80",     "\xdf\xbf",     "\xe0\xa0\x80",     "\xed\x9f\xbf",
                                       "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(tp_utf8_valid(tp_str(good[i])));
}

static void what_only_looks_like_it(void **state) {
    (void)state;
    static const char *const bad[] = {
        "\x80",             /* a second byte first */
        "\xc3",             /* cut short */
        "\xe2\x82",         /* cut short */
        "\xf0\x9f\x98",     /* cut short */
        "\xc3(",            /* a first byte alone */
        "\xe2\x82(",        /* a third byte missing */
        "\xc0\xaf",         /* '/' overlong */
        "\xc1\xbf",         /* overlong */
        "\xe0\x9f\xbf",     /* overlong */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",     /* a surrogate */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(tp_utf8_valid(tp_str(bad[i])));
}

static void the_place_is_told(void **state) {
    (void)state;
    assert_int_equal(tp_utf8_prefix(TP_STR("\xff")), 0);
    assert_int_equal(tp_utf8_prefix(TP_STR("12345678\xc3\xab\xc3")), 10);
    assert_int_equal(tp_utf8_prefix(TP_STR("1234567\xff 9")), 7);
    assert_int_equal(tp_utf8_prefix(TP_STR("all of it")), 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_all_lengths_of_characters),
        cmocka_unit_test(the_first_and_the_last_of_each_length),
        cmocka_unit_test(what_only_looks_like_it),
        cmocka_unit_test(the_place_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
