/* What an interaction means in the light of those before it. */
#include "daemon/context/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/error.h"

#define NOON INT64_C(1767268800000) /* 2026-01-01T12:00:00Z */

static struct tp_context_event a_call(int64_t time_ms) {
    return (struct tp_context_event){TP_STR("e-2"), TP_STR("call_centre"), TP_STR("call.ended"), time_ms};
}

static const char *context_of(struct tp_context_event event, uint64_t sequence, const char *before) {
    static char text[8192];
    struct tp_buf out = TP_BUF_INIT;
    assert_int_equal(tp_context_write(&event, sequence, tp_str(before), &out), 0);
    assert_true(out.len < sizeof text);
    memcpy(text, out.at, out.len);
    text[out.len] = '\0';
    tp_buf_free(&out);
    return text;
}

static void the_first_has_nothing_before_it(void **state) {
    (void)state;
    assert_string_equal(context_of(a_call(NOON), 1, ""), "{\"sequence\":1,\"previous\":null,\"gap_s\":null,"
                                                         "\"channel_switch\":false,\"counts\":{\"call_centre\":1}}");
}

static void the_next_knows_the_one_before(void **state) {
    (void)state;
    assert_string_equal(context_of(a_call(NOON), 8, "\nlast\t1767268799000\tweb\tpage.viewed\t\"e-1\"\nin.web\t7"),
                        "{\"sequence\":8,\"previous\":{\"id\":\"e-1\",\"channel\":\"web\",\"type\":\"page.viewed\","
                        "\"time\":\"2026-01-01T11:59:59.000Z\"},\"gap_s\":1,\"channel_switch\":true,"
                        "\"counts\":{\"call_centre\":1,\"web\":7}}");
}

static void the_id_before_is_quoted_as_json_wants_it(void **state) {
    (void)state;
    const char *context = context_of(a_call(NOON), 2, "\nlast\t0\tweb\tt\t\"a\\\"b\"");
    assert_non_null(strstr(context, "\"previous\":{\"id\":\"a\\\"b\","));
}

static void the_same_channel_is_no_switch(void **state) {
    (void)state;
    const char *context = context_of(a_call(NOON), 2, "\nlast\t1\tcall_centre\tt\t\"e-1\"\nin.call_centre\t1");
    assert_non_null(strstr(context, "\"channel_switch\":false,\"counts\":{\"call_centre\":2}}"));
}

/* A channel whose name begins as another's does, and one that only ends so, are others. */
static void a_channel_is_compared_whole(void **state) {
    (void)state;
    const char *context = context_of(a_call(NOON), 2, "\nlast\t1\tcall\tt\t\"e\"\nin.call\t3\nin.call_centre_2\t4");
    assert_non_null(
        strstr(context, "\"channel_switch\":true,\"counts\":{\"call\":3,\"call_centre\":1,\"call_centre_2\":4}}"));
}

static void assert_gap(int64_t before_ms, int64_t now_ms, const char *expected) {
    char before[64], member[64];
    snprintf(before, sizeof before, "\nlast\t%lld\tweb\tt\t\"e\"", (long long)before_ms);
    snprintf(member, sizeof member, ",\"gap_s\":%s,", expected);
    assert_non_null(strstr(context_of(a_call(now_ms), 2, before), member));
}

static void the_gap_is_in_seconds_with_the_decimals_that_there_are(void **state) {
    (void)state;
    assert_gap(NOON, NOON, "0");
    assert_gap(NOON, NOON + 1, "0.001");
    assert_gap(NOON, NOON + 1500, "1.5");
    assert_gap(NOON, NOON + 86400000, "86400");
    assert_gap(0, NOON, "1767268800");
}

static void a_late_one_has_a_negative_gap(void **state) {
    (void)state;
    assert_gap(NOON, NOON - 5, "-0.005");
    assert_gap(NOON, NOON - 60250, "-60.25");
}

static void counts_are_sorted_whatever_the_order_of_the_state(void **state) {
    (void)state;
    const char *context =
        context_of((struct tp_context_event){TP_STR("e"), TP_STR("sms"), TP_STR("t"), NOON}, 9,
                   "\nin.web\t1\nlast\t1\tweb\tt\t\"e\"\nin.chat\t2\nmood\t0.5\nin.email\t3\nin.sms\t2");
    assert_non_null(strstr(context, "\"counts\":{\"chat\":2,\"email\":3,\"sms\":3,\"web\":1}}"));
}

static void a_new_channel_is_counted_in_its_place(void **state) {
    (void)state;
    static const char before[] = "\nlast\t1\temail\tt\t\"e\"\nin.email\t1\nin.sms\t1";
    static const struct {
        struct tp_str channel;
        const char *counts;
    } cases[] = {{TP_STR("chat"), "{\"chat\":1,\"email\":1,\"sms\":1}"},
                 {TP_STR("line"), "{\"email\":1,\"line\":1,\"sms\":1}"},
                 {TP_STR("web"), "{\"email\":1,\"sms\":1,\"web\":1}"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct tp_context_event event = {TP_STR("e"), cases[i].channel, TP_STR("t"), NOON};
        assert_non_null(strstr(context_of(event, 3, before), cases[i].counts));
    }
}

/* append.lua keeps 100 names at most, so one that is not among them is not counted there either. */
static void as_many_channels_as_a_state_has_are_counted(void **state) {
    (void)state;
    struct tp_buf before = TP_BUF_INIT;
    tp_buf_adds(&before, "\nlast\t1\tc00\tt\t\"e\"");
    for (int i = 0; i < 95; i++)
        tp_buf_addf(&before, "\nin.c%02d\t1", i);
    tp_buf_addc(&before, '\0');
    const char *context = context_of(a_call(NOON), 10, before.at);
    tp_buf_free(&before);
    assert_non_null(strstr(context, "{\"c00\":1,\"c01\":1,"));
    assert_non_null(strstr(context, "\"c94\":1,\"call_centre\":1}"));
}

static void what_is_no_state_is_refused(void **state) {
    (void)state;
    static const char *const foreign[] = {"x",
                                          "{}",
                                          "\n",
                                          "\nname",
                                          "\nname\nother\t1",
                                          "\n\tvalue",
                                          "\nlast\t",
                                          "\nlast\t\tweb\tt\t\"e\"",
                                          "\nlast\t1x\tweb\tt\t\"e\"",
                                          "\nlast\t1\tweb\tt",
                                          "\nlast\t1\tweb\tt\te",
                                          "\nsupersedes\t",
                                          "\nsuperseded_by\t7"};
    const struct tp_context_event event = a_call(NOON);
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        struct tp_buf out = TP_BUF_INIT;
        assert_int_equal(tp_context_write(&event, 2, tp_str(foreign[i]), &out), TP_ECORRUPT);
        tp_buf_free(&out);
    }
}

static void a_state_is_read_name_by_name(void **state) {
    (void)state;
    struct tp_str rest = TP_STR("\nlast\t1\tweb\nin.web\t\nmood\t0.5"), name, value;
    static const char *const expected[][2] = {{"last", "1\tweb"}, {"in.web", ""}, {"mood", "0.5"}};
    for (size_t i = 0; i < 3; i++) {
        assert_true(tp_context_state_next(&rest, &name, &value));
        assert_true(tp_str_is(name, expected[i][0]));
        assert_true(tp_str_is(value, expected[i][1]));
    }
    assert_false(tp_context_state_next(&rest, &name, &value));
    assert_int_equal(rest.len, 0);
    assert_true(tp_str_is(tp_context_state_get(TP_STR("\na\t1\nmood\t0.5"), "mood"), "0.5"));
    assert_null(tp_context_state_get(TP_STR("\na\t1\nmood\t0.5"), "moo").at);
}

static void the_last_interaction_is_read_as_it_was_written(void **state) {
    (void)state;
    const struct tp_context_event event = {TP_STR("a\t\n\"b"), TP_STR("sms"), TP_STR("message.received"), NOON};
    struct tp_buf last = TP_BUF_INIT, json = TP_BUF_INIT;
    tp_context_last(&event, &last);
    assert_null(memchr(last.at, '\n', last.len));
    assert_int_equal(tp_context_last_write(tp_buf_str(&last), &json), 0);
    assert_true(tp_str_is(tp_buf_str(&json), "{\"id\":\"a\\t\\n\\\"b\",\"channel\":\"sms\","
                                             "\"type\":\"message.received\",\"time\":\"2026-01-01T12:00:00.000Z\"}"));
    tp_buf_free(&last);
    tp_buf_free(&json);
}

/* ---- and back ---- */

/* What tp_context_read makes of what tp_context_write wrote of `before`: its lines, the counts sorted by name. */
static const char *read_back(struct tp_context_event event, const char *before) {
    static char text[8192];
    struct tp_str context = tp_str(context_of(event, 77, before));
    struct tp_buf state = TP_BUF_INIT, counts = TP_BUF_INIT, versions = TP_BUF_INIT;
    struct tp_json_error why;
    struct tp_json json;
    uint64_t sequence = 0;
    assert_int_equal(tp_json_parse(context, 8, &json, &why), 0);
    assert_int_equal(tp_context_read(json.root, &event, &sequence, &state, &counts, &versions), 0);
    assert_int_equal(sequence, 77);
    tp_buf_addstr(&state, tp_buf_str(&counts));
    tp_buf_addstr(&state, tp_buf_str(&versions));
    snprintf(text, sizeof text, "%.*s", (int)state.len, state.len ? state.at : "");
    tp_buf_free(&state);
    tp_buf_free(&counts);
    tp_buf_free(&versions);
    tp_json_free(&json);
    return text;
}

static void the_state_before_is_read_from_a_context(void **state) {
    (void)state;
    static const char *const states[] = {"", "\nlast\t1767268799000\tweb\tpage.viewed\t\"e-1\"\nin.web\t7",
                                         "\nlast\t0\tcall_centre\tt\t\"a\\\"b\\n\xc3\xa4\"\nin.call_centre\t1",
                                         "\nlast\t1\tweb\tt\t\"e\"\nin.call_centre\t3\nin.sms\t12\nin.web\t1"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        assert_string_equal(read_back(a_call(NOON), states[i]), states[i]);
}

#define OTHER "0190a000-0000-7000-8000-000000000001"

static void another_version_is_told(void **state) {
    (void)state;
    static const struct {
        const char *line, *told;
    } cases[] = {
        {"\nsupersedes\t0 1", "\"supersedes\":{\"version\":0,\"sequence\":1}}"},
        {"\nsuperseded_by\t7 12", "\"superseded_by\":{\"version\":7,\"sequence\":12}}"},
        {"\nsupersedes\t9007199254740991 3 " OTHER,
         "\"supersedes\":{\"version\":9007199254740991,\"sequence\":3,\"customer\":\"" OTHER "\"}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char before[256];
        snprintf(before, sizeof before, "\nlast\t1\tweb\tt\t\"e\"\nin.web\t1%s", cases[i].line);
        const char *context = context_of(a_call(NOON), 77, before);
        assert_non_null(strstr(context, cases[i].told));
        assert_non_null(strstr(context, "\"counts\":{\"web\":1},")); /* it is counted already */
        assert_string_equal(read_back(a_call(NOON), before), before);
    }
}

/* The order of the lines is all that a context does not tell. */
static void its_counts_come_back_sorted(void **state) {
    (void)state;
    assert_string_equal(read_back(a_call(NOON), "\nlast\t1\tweb\tt\t\"e\"\nin.web\t1\nin.chat\t2"),
                        "\nlast\t1\tweb\tt\t\"e\"\nin.chat\t2\nin.web\t1");
}

#define PREVIOUS_AT_NOON "{\"id\":\"e\",\"channel\":\"web\",\"type\":\"t\",\"time\":\"noon\"}"
#define CONTEXT(sequence, previous, counts)                                                                            \
    "{\"sequence\":" sequence ",\"previous\":" previous ",\"counts\":" counts "}"

static void what_is_no_context_is_refused(void **state) {
    (void)state;
    static const char *const foreign[] = {
        "7",
        "{}",
        "{\"sequence\":1,\"counts\":{}}",
        CONTEXT("0", "null", "{\"call_centre\":1}"),
        CONTEXT("\"1\"", "null", "{\"call_centre\":1}"),
        CONTEXT("1", "{}", "{\"call_centre\":1}"),
        CONTEXT("1", "null", "[]"),
        CONTEXT("1", "null", "{\"call_centre\":0}"),
        CONTEXT("1", "null", "{\"call_centre\":1.5}"),
        CONTEXT("1", "null", "{\"web\":-1}"),
        CONTEXT("2", PREVIOUS_AT_NOON, "{}"),
        CONTEXT("2", "null", "{},\"supersedes\":7"),
        CONTEXT("2", "null", "{},\"supersedes\":{\"version\":-1,\"sequence\":1}"),
        CONTEXT("2", "null", "{},\"supersedes\":{\"version\":1}"),
        CONTEXT("2", "null", "{},\"superseded_by\":{\"version\":1,\"sequence\":1,\"customer\":\"ann\"}"),
    };
    const struct tp_context_event event = a_call(NOON);
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        struct tp_buf last = TP_BUF_INIT, counts = TP_BUF_INIT, versions = TP_BUF_INIT;
        struct tp_json_error why;
        struct tp_json json;
        uint64_t sequence;
        assert_int_equal(tp_json_parse(tp_str(foreign[i]), 8, &json, &why), 0);
        assert_int_equal(tp_context_read(json.root, &event, &sequence, &last, &counts, &versions), TP_ECORRUPT);
        tp_buf_free(&last);
        tp_buf_free(&counts);
        tp_buf_free(&versions);
        tp_json_free(&json);
    }
}

static void an_interaction_brings_itself_and_one_more_of_its_channel(void **state) {
    (void)state;
    const struct tp_context_event event = a_call(NOON);
    struct tp_buf out = TP_BUF_INIT;
    size_t len = tp_context_bring(&event, &out);
    assert_true(tp_str_is((struct tp_str){out.at, len}, "last\t1767268800000\tcall_centre\tcall.ended\t\"e-2\""));
    assert_true(tp_str_is((struct tp_str){out.at + len, out.len - len}, "in.call_centre"));
    tp_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_is_read_name_by_name),
        cmocka_unit_test(the_last_interaction_is_read_as_it_was_written),
        cmocka_unit_test(the_first_has_nothing_before_it),
        cmocka_unit_test(the_next_knows_the_one_before),
        cmocka_unit_test(the_id_before_is_quoted_as_json_wants_it),
        cmocka_unit_test(the_same_channel_is_no_switch),
        cmocka_unit_test(a_channel_is_compared_whole),
        cmocka_unit_test(the_gap_is_in_seconds_with_the_decimals_that_there_are),
        cmocka_unit_test(a_late_one_has_a_negative_gap),
        cmocka_unit_test(counts_are_sorted_whatever_the_order_of_the_state),
        cmocka_unit_test(a_new_channel_is_counted_in_its_place),
        cmocka_unit_test(as_many_channels_as_a_state_has_are_counted),
        cmocka_unit_test(what_is_no_state_is_refused),
        cmocka_unit_test(the_state_before_is_read_from_a_context),
        cmocka_unit_test(its_counts_come_back_sorted),
        cmocka_unit_test(what_is_no_context_is_refused),
        cmocka_unit_test(another_version_is_told),
        cmocka_unit_test(an_interaction_brings_itself_and_one_more_of_its_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
