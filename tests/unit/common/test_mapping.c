/* A mapping as the timeline keeps it, read from the front and written as JSON; and what is none, however it came to be.
 */
#include "common/mapping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/error.h"

/* Five identifiers of three events: the second brought nothing but the third identifier. */
#define SEEN        "\0\0\0\0\0\0\0\0\0\0\3\xe8\0\0\0\0\7\xd0\0\0\0\0\7\xd1\0\0\0\0\7\xd1"
#define IDENTIFIERS "\nemail\tann@example.com\nx\tann \"A\"\nx\t\xc3\xa4\tb\nphone\t+447700900123\nx\t7\n"
#define ORIGINS     "shop\t\"e-1\"\n\n\xc3\xa4\"\\/shop\t\"a\\\"b\\nc\"\nshop\t\"e-3\"\n\n"

enum { N = 5, SEEN_BYTES = 6 };

static struct tp_mapping the_mapping(void) {
    return (struct tp_mapping){N, TP_STR(SEEN), TP_STR(IDENTIFIERS), TP_STR(ORIGINS)};
}

static void assert_text(struct tp_str is, const char *expected) {
    if (!tp_str_is(is, expected))
        fail_msg("%.*s is not %s", TP_FMT(is), expected);
}

/* ---- what is one ---- */

static void each_is_read_in_its_order(void **state) {
    (void)state;
    static const struct {
        const char *type, *value, *source, *event;
        int64_t first_seen_ms;
    } expected[N] = {
        {"email", "ann@example.com", "shop", "\"e-1\"", 0},
        {"x", "ann \"A\"", "shop", "\"e-1\"", 1000},
        {"x", "\xc3\xa4\tb", "\xc3\xa4\"\\/shop", "\"a\\\"b\\nc\"", 2000},
        {"phone", "+447700900123", "shop", "\"e-3\"", 2001},
        {"x", "7", "shop", "\"e-3\"", 2001},
    };
    struct tp_mapping rest = the_mapping();
    struct tp_attachment attachment = {0};
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(rest.n, N - i);
        assert_true(tp_mapping_next(&rest, &attachment));
        assert_text(attachment.identifier.type, expected[i].type);
        assert_text(attachment.identifier.value, expected[i].value);
        assert_text(attachment.source, expected[i].source);
        assert_text(attachment.event, expected[i].event);
        assert_int_equal(attachment.first_seen_ms, expected[i].first_seen_ms);
    }
    assert_int_equal(rest.n, 0);
    assert_false(tp_mapping_next(&rest, &attachment));
    assert_int_equal(rest.first_seen.len + rest.identifiers.len + rest.origins.len, 0);
}

/* The mark that it is listed and was not told yet is none of its time. */
static void what_was_not_told_yet_is_read_as_the_others(void **state) {
    (void)state;
    struct tp_mapping rest = {2, TP_STR("\x80\0\0\0\3\xe8\0\0\0\0\7\xd0"), TP_STR("\nx\t1\ny\t2\n"),
                              TP_STR("s\t\"e\"\n\n")};
    struct tp_attachment attachment = {0};
    assert_true(tp_mapping_next(&rest, &attachment));
    assert_int_equal(attachment.first_seen_ms, 1000);
    assert_true(tp_mapping_next(&rest, &attachment));
    assert_int_equal(attachment.first_seen_ms, 2000);
    assert_int_equal(rest.n, 0);
}

/* What stands in Redis may be anybody's: no moment of it must end the daemon. */
static void every_moment_can_be_written(void **state) {
    (void)state;
    static const char *const moments[] = {"\x7f\xff\xff\xff\xff\xff", "\xff\xff\xff\xff\xff\xff"};
    for (size_t i = 0; i < 2; i++) {
        const struct tp_mapping mapping = {1, {moments[i], 6}, TP_STR("\nx\t1\n"), TP_STR("s\t\"e\"\n")};
        struct tp_buf out = TP_BUF_INIT;
        assert_int_equal(tp_mapping_write(mapping, &out), 0);
        assert_text(tp_buf_str(&out), "[{\"type\":\"x\",\"value\":\"1\",\"first_seen\":\"6429-10-17T02:45:55.327Z\","
                                      "\"source\":\"s\",\"event\":\"e\"}]");
        tp_buf_free(&out);
    }
}

static void it_is_written_as_json(void **state) {
    (void)state;
    struct tp_buf out = TP_BUF_INIT;
    tp_buf_adds(&out, "before ");
    assert_int_equal(tp_mapping_write(the_mapping(), &out), 0);
    assert_text(tp_buf_str(&out),
                "before [{\"type\":\"email\",\"value\":\"ann@example.com\",\"first_seen\":\"1970-01-01T00:00:00.000Z\","
                "\"source\":\"shop\",\"event\":\"e-1\"},"
                "{\"type\":\"x\",\"value\":\"ann \\\"A\\\"\",\"first_seen\":\"1970-01-01T00:00:01.000Z\","
                "\"source\":\"shop\",\"event\":\"e-1\"},"
                "{\"type\":\"x\",\"value\":\"\xc3\xa4\\tb\",\"first_seen\":\"1970-01-01T00:00:02.000Z\","
                "\"source\":\"\xc3\xa4\\\"\\\\/shop\",\"event\":\"a\\\"b\\nc\"},"
                "{\"type\":\"phone\",\"value\":\"+447700900123\",\"first_seen\":\"1970-01-01T00:00:02.001Z\","
                "\"source\":\"shop\",\"event\":\"e-3\"},"
                "{\"type\":\"x\",\"value\":\"7\",\"first_seen\":\"1970-01-01T00:00:02.001Z\","
                "\"source\":\"shop\",\"event\":\"e-3\"}]");
    tp_buf_free(&out);
}

static void nobody_has_an_empty_one(void **state) {
    (void)state;
    struct tp_buf out = TP_BUF_INIT;
    struct tp_mapping none = {0}, fresh = {.identifiers = TP_STR("\n")};
    struct tp_attachment attachment = {0};
    assert_int_equal(tp_mapping_write(none, &out), 0);
    assert_int_equal(tp_mapping_write(fresh, &out), 0);
    assert_text(tp_buf_str(&out), "[][]");
    assert_false(tp_mapping_next(&none, &attachment));
    tp_buf_free(&out);
}

/* Whatever stands in an event's id: it is one line, and the JSON has it again. */
static void an_origin_is_one_line(void **state) {
    (void)state;
    static const char *const ids[][2] = {{"e-1", "shop\t\"e-1\""},           {"a\"b\\c", "shop\t\"a\\\"b\\\\c\""},
                                         {"a\nb\tc", "shop\t\"a\\nb\\tc\""}, {"\n", "shop\t\"\\n\""},
                                         {"\x01", "shop\t\"\\u0001\""},      {"\xc3\xa4", "shop\t\"\xc3\xa4\""}};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct tp_buf origin = TP_BUF_INIT;
        struct tp_mapping rest = {1, TP_STR("\0\0\0\0\0\1"), TP_STR("\nx\t1\n"), {0}};
        struct tp_attachment attachment = {0};
        tp_mapping_origin(TP_STR("shop"), tp_str(ids[i][0]), &origin);
        assert_text(tp_buf_str(&origin), ids[i][1]);
        tp_buf_addc(&origin, '\n');
        rest.origins = tp_buf_str(&origin);
        assert_true(tp_mapping_next(&rest, &attachment));
        assert_text(attachment.source, "shop");
        assert_text(attachment.event, ids[i][1] + 5);
        assert_int_equal(rest.origins.len, 0);
        tp_buf_free(&origin);
    }
}

/* ---- what is none ---- */

/* The bytes alone on the heap, so that the address sanitizer sees each step beside them. */
static struct tp_str alone(struct tp_str bytes) {
    char *at = malloc(bytes.len ? bytes.len : 1);
    if (bytes.len > 0)
        memcpy(at, bytes.at, bytes.len);
    return (struct tp_str){at, bytes.len};
}

/* How many are left when no further one is read. */
static size_t left_of(struct tp_mapping mapping) {
    struct tp_attachment attachment = {0};
    while (tp_mapping_next(&mapping, &attachment))
        ;
    return mapping.n;
}

static size_t left_alone(struct tp_mapping mapping) {
    mapping.first_seen = alone(mapping.first_seen);
    mapping.identifiers = alone(mapping.identifiers);
    mapping.origins = alone(mapping.origins);
    struct tp_buf out = TP_BUF_INIT;
    size_t left = left_of(mapping);
    assert_int_equal(tp_mapping_write(mapping, &out), left > 0 ? TP_ECORRUPT : 0);
    tp_buf_free(&out);
    free((char *)mapping.first_seen.at);
    free((char *)mapping.identifiers.at);
    free((char *)mapping.origins.at);
    return left;
}

static void a_cut_one_is_refused(void **state) {
    (void)state;
    struct tp_mapping cut = the_mapping();
    assert_int_equal(left_alone(cut), 0);
    for (cut.first_seen.len = 0; cut.first_seen.len < sizeof SEEN - 1; cut.first_seen.len++)
        assert_int_equal(left_alone(cut), N - cut.first_seen.len / SEEN_BYTES);
    for (cut.identifiers.len = 0; cut.identifiers.len < sizeof IDENTIFIERS - 1; cut.identifiers.len++)
        if (left_alone(cut) == 0)
            fail_msg("identifiers cut to %zu bytes are taken", cut.identifiers.len);
    for (cut.origins.len = 0; cut.origins.len < sizeof ORIGINS - 1; cut.origins.len++)
        if (left_alone(cut) == 0)
            fail_msg("origins cut to %zu bytes are taken", cut.origins.len);
}

static void more_than_are_there_are_refused(void **state) {
    (void)state;
    struct tp_mapping more = the_mapping();
    more.n = N + 1;
    assert_int_equal(left_alone(more), 1);
    more.n = SIZE_MAX;
    assert_int_equal(left_alone(more), SIZE_MAX - N);
}

static size_t left_of_one(struct tp_str seen, const char *identifiers, const char *origins) {
    return left_alone((struct tp_mapping){1, seen, tp_str(identifiers), tp_str(origins)});
}

static void damage_is_refused(void **state) {
    (void)state;
    const struct tp_str seen = TP_STR("\0\0\0\0\0\1");
    static const char *const identifiers[] = {"",        "\n",        "\n\n",   "\nx",   "\nx\n",
                                              "\nx\t\n", "\n\tann\n", "\n\t\n", "x\tann"};
    static const char *const origins[] = {
        "",         "\n",     "\n\n",    "s",        "s\n",      "s\t\n",       "\t\"e\"\n",   "\"e\"\n",
        "s\t\"e\"", "s\te\n", "s\t\"\n", "s\t\"e\n", "s\te\"\n", "s\t\"\\\"\n", "s\t\"e\"x\n", "s\t\"e\"\"\n"};
    assert_int_equal(left_of_one(seen, "\nx\tann\n", "s\t\"e\"\n"), 0);
    assert_int_equal(left_of_one(seen, "x\tann\n", "s\t\"e\"\n"), 0);
    for (size_t i = 0; i < sizeof identifiers / sizeof identifiers[0]; i++)
        if (left_of_one(seen, identifiers[i], "s\t\"e\"\n") != 1)
            fail_msg("identifiers %zu are taken", i);
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++)
        if (left_of_one(seen, "\nx\tann\n", origins[i]) != 1)
            fail_msg("origins %zu are taken", i);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_read_in_its_order),   cmocka_unit_test(what_was_not_told_yet_is_read_as_the_others),
        cmocka_unit_test(every_moment_can_be_written), cmocka_unit_test(it_is_written_as_json),
        cmocka_unit_test(nobody_has_an_empty_one),     cmocka_unit_test(an_origin_is_one_line),
        cmocka_unit_test(a_cut_one_is_refused),        cmocka_unit_test(more_than_are_there_are_refused),
        cmocka_unit_test(damage_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
