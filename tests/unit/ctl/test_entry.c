/* An interaction in one line. */
#include "ctl/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The table of these interactions, a JSON array. */
static char *table_of(const char *text) {
    struct tp_ctl_entries entries;
    struct tp_json json;
    struct tp_json_error error;
    const struct tp_ctl_options options = {0};
    assert_true(tp_ctl_entries_new(&entries, true));
    assert_int_equal(tp_json_parse(tp_str(text), 16, &json, &error), 0);
    for (size_t i = 0; i < json_array_size(json.root); i++)
        tp_ctl_entries_add(&entries, &json, json_array_get(json.root, i));
    char *printed = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&printed, &len);
    tp_ctl_table_print(entries.table, &options, out);
    fclose(out);
    tp_ctl_table_free(entries.table);
    tp_json_free(&json);
    return printed;
}

static void expect(const char *text, const char *expected) {
    char *printed = table_of(text);
    assert_string_equal(printed, expected);
    free(printed);
}

/* What the last column says of one interaction that has these members. */
static void expect_about(const char *members, const char *expected) {
    struct tp_buf text = TP_BUF_INIT;
    tp_buf_addf(&text, "[{\"time\":\"2026-03-02T09:30:00.000Z\",\"channel\":\"web\",\"type\":\"t\",%s}]", members);
    tp_buf_addc(&text, '\0');
    char *printed = table_of(text.at);
    const char *heading = strstr(printed, "ABOUT"), *line = strchr(printed, '\n') + 1;
    const char *about = line + (heading - printed);
    if (strncmp(about, expected, strlen(expected)) != 0 || strcmp(about + strlen(expected), "\n") != 0)
        fail_msg("%s instead of %s", about, expected);
    free(printed);
    tp_buf_free(&text);
}

static void a_day_is_named_once(void **state) {
    (void)state;
    expect("[{\"time\":\"2026-03-02T09:30:00.000Z\",\"channel\":\"web\",\"type\":\"a\"},"
           "{\"time\":\"2026-03-02T09:31:05.900Z\",\"channel\":\"web\",\"type\":\"b\"},"
           "{\"time\":\"2026-03-03T00:00:00.000Z\",\"channel\":\"web\",\"type\":\"c\"}]",
           "TIME (UTC)               GAP    CHANNEL  WAY  TYPE  ABOUT\n"
           "Mon 2026-03-02 09:30:00         web           a\n"
           "               09:31:05         web           b\n"
           "Tue 2026-03-03 00:00:00         web           c\n");
}

static void a_switch_of_the_channel_is_marked(void **state) {
    (void)state;
    expect("[{\"time\":\"2026-03-02T09:30:00.000Z\",\"channel\":\"web\",\"type\":\"a\",\"direction\":\"inbound\","
           "\"context\":{\"gap_s\":null,\"channel_switch\":false}},"
           "{\"time\":\"2026-03-02T09:33:00.000Z\",\"channel\":\"email\",\"type\":\"b\",\"direction\":\"outbound\","
           "\"context\":{\"gap_s\":180,\"channel_switch\":true}},"
           "{\"time\":\"2026-03-02T09:32:00.000Z\",\"channel\":\"email\",\"type\":\"c\",\"direction\":\"internal\","
           "\"context\":{\"gap_s\":-60,\"channel_switch\":false}}]",
           "TIME (UTC)                  GAP    CHANNEL  WAY  TYPE  ABOUT\n"
           "Mon 2026-03-02 09:30:00            web      in   a\n"
           "               09:33:00   3 min  ↪ email    out  b\n"
           "               09:32:00  -1 min    email    own  c\n");
}

static void what_it_was_about(void **state) {
    (void)state;
    expect_about("\"subject\":\"Hello\"", "Hello");
    expect_about("\"subject\":\"Hello\",\"text\":\"Are you\\nthere?\"", "Hello · Are you there?");
    expect_about("\"outcome\":\"solved\",\"agent\":\"theo\",\"wait_s\":42,\"duration_s\":125",
                 "solved · agent theo · waited 42 s · took 2 min");
    expect_about("\"issue\":{\"topic\":\"invoice\",\"status\":\"resolved\",\"resolution\":\"refund\"}",
                 "invoice: resolved, refund");
    expect_about("\"issue\":{\"id\":\"I-1\",\"status\":\"open\"}", "issue: open");
    expect_about("\"feedback\":{\"csat\":4.5,\"scale\":5}", "csat 4.5 of 5");
    expect_about("\"feedback\":{\"nps\":9}", "nps 9");
    expect_about("\"attributes\":{\"page\":\"/a b\",\"price\":19.90,\"tags\":[\"x\",1]}",
                 "page=/a b price=19.90 tags=[\"x\",1]");
}

static void a_long_text_is_cut(void **state) {
    (void)state;
    struct tp_buf members = TP_BUF_INIT, expected = TP_BUF_INIT;
    tp_buf_adds(&members, "\"subject\":\"s\",\"text\":\"");
    tp_buf_adds(&expected, "s · ");
    for (int i = 0; i < 100; i++)
        tp_buf_adds(&members, "日");
    for (int i = 0; i < 80; i++)
        tp_buf_adds(&expected, "日");
    tp_buf_add(&members, "\"", 2);
    tp_buf_add(&expected, "…", sizeof "…");
    expect_about(members.at, expected.at);
    tp_buf_free(&members);
    tp_buf_free(&expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_is_named_once),
        cmocka_unit_test(a_switch_of_the_channel_is_marked),
        cmocka_unit_test(what_it_was_about),
        cmocka_unit_test(a_long_text_is_cut),
    };
    return cmocka_run_group_tests_name("ctl/entry", tests, NULL, NULL);
}
