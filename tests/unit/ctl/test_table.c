/* Tables for people: aligned whatever is in them, and nothing in them does harm. */
#include "ctl/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Prints and frees the table. */
static char *printed(struct tp_ctl_table *table, bool colour) {
    const struct tp_ctl_options options = {.colour = colour};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    tp_ctl_table_print(table, &options, out);
    fclose(out);
    tp_ctl_table_free(table);
    return text;
}

static void expect(struct tp_ctl_table *table, const char *expected) {
    char *text = printed(table, false);
    assert_string_equal(text, expected);
    free(text);
}

static void columns_are_aligned(void **state) {
    (void)state;
    static const char *const titles[] = {"NAME", ">COUNT", "WHERE"};
    struct tp_ctl_table *table = tp_ctl_table_new(titles, 3);
    static const char *const cells[] = {"Zoë", "7", "日本", "Nora 👶", "1,204", "Café", "Al", "", "x"};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        tp_ctl_table_add(table, tp_str(cells[i]));
    expect(table, "NAME     COUNT  WHERE\n"
                  "Zoë          7  日本\n"
                  "Nora 👶  1,204  Café\n"
                  "Al              x\n");
}

static void no_line_ends_with_blanks(void **state) {
    (void)state;
    static const char *const titles[] = {"A", "B", ">C"};
    struct tp_ctl_table *table = tp_ctl_table_new(titles, 3);
    static const char *const cells[] = {"a", "", "", "", "bbb", "", "", "", "ccc"};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        tp_ctl_table_add(table, tp_str(cells[i]));
    expect(table, "A  B      C\n"
                  "a\n"
                  "   bbb\n"
                  "        ccc\n");
}

static void a_cell_cannot_leave_its_place(void **state) {
    (void)state;
    static const char *const titles[] = {"TEXT", "NEXT"};
    struct tp_ctl_table *table = tp_ctl_table_new(titles, 2);
    tp_ctl_table_add(table, TP_STR("\033[31mred\n"));
    tp_ctl_table_addf(table, "%s", "\a!");
    expect(table, "TEXT       NEXT\n"
                  "\uFFFD[31mred   \uFFFD!\n");
}

static void colours_take_no_room(void **state) {
    (void)state;
    static const char *const titles[] = {"A", "B"};
    struct tp_ctl_table *table = tp_ctl_table_new(titles, 2);
    tp_ctl_table_add(table, TP_STR("up"));
    tp_ctl_table_colour(table, TP_CTL_GOOD);
    tp_ctl_table_add(table, TP_STR("b"));
    char *text = printed(table, true);
    assert_string_equal(text, "\033[1mA\033[0m   \033[1mB\033[0m\n"
                              "\033[32mup\033[0m  b\n");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned),
        cmocka_unit_test(no_line_ends_with_blanks),
        cmocka_unit_test(a_cell_cannot_leave_its_place),
        cmocka_unit_test(colours_take_no_room),
    };
    return cmocka_run_group_tests_name("ctl/table", tests, NULL, NULL);
}
