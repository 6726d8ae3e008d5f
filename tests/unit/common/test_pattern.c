/* A '*' stands for anything, letters are the same in either case, and nothing else is special. */
#include "common/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_matches(const char *pattern, const char *text, bool expected) {
    if (tp_pattern_matches(tp_str(pattern), tp_str(text)) != expected)
        fail_msg("%s %s %s", pattern, expected ? "does not match" : "matches", text);
}

static void a_star_stands_for_anything(void **state) {
    (void)state;
    assert_matches("null", "null", true);
    assert_matches("null", "nulls", false);
    assert_matches("null", "nul", false);
    assert_matches("*@shop.example", "ann@shop.example", true);
    assert_matches("*@shop.example", "@shop.example", true);
    assert_matches("*@shop.example", "ann@shop.example.org", false);
    assert_matches("no*reply@*", "no-reply@x", true);
    assert_matches("no*reply@*", "noreply@", true);
    assert_matches("no*reply@*", "noreplies@x", false);
    assert_matches("*a*b*", "xxaxxbxx", true);
    assert_matches("*a*b*", "xxbxxaxx", false);
    assert_matches("a*a", "a", false);
    assert_matches("**", "", true);
    assert_matches("", "", true);
    assert_matches("", "a", false);
    assert_matches("*ab", "aaab", true);
}

static void letters_are_the_same_in_either_case(void **state) {
    (void)state;
    assert_matches("[object object]", "[object Object]", true);
    assert_matches("NULL", "null", true);
    assert_matches("\xc3\xa4", "\xc3\x84", false); /* of ASCII alone */
}

static void nothing_else_is_special(void **state) {
    (void)state;
    assert_matches("[abc]", "a", false);
    assert_matches("a?", "ab", false);
    assert_matches("a.c", "abc", false);
    assert_matches("a\\*", "a\\x", true);
}

/* Each star could take each run: tried one within the other this would not end. */
static void many_stars_cost_little(void **state) {
    (void)state;
    char text[4096];
    memset(text, 'a', sizeof text);
    assert_false(tp_pattern_matches(TP_STR("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"), (struct tp_str){text, sizeof text}));
}

static void a_list_has_commas_and_blanks_between(void **state) {
    (void)state;
    struct tp_patterns list, none;
    assert_int_equal(tp_patterns_read(" null , 0,,[object object] ,", &list), 0);
    assert_int_equal(list.n, 3);
    assert_true(tp_patterns_match(&list, TP_STR("null")));
    assert_true(tp_patterns_match(&list, TP_STR("0")));
    assert_true(tp_patterns_match(&list, TP_STR("[Object Object]")));
    assert_false(tp_patterns_match(&list, TP_STR("")));
    assert_false(tp_patterns_match(&list, TP_STR("00")));
    assert_int_equal(tp_patterns_read("", &none), 0);
    assert_false(tp_patterns_match(&none, TP_STR("")));
    tp_patterns_free(&list);
    tp_patterns_free(&none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_star_stands_for_anything),
        cmocka_unit_test(letters_are_the_same_in_either_case),
        cmocka_unit_test(nothing_else_is_special),
        cmocka_unit_test(many_stars_cost_little),
        cmocka_unit_test(a_list_has_commas_and_blanks_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
