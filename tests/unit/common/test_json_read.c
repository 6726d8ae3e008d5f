/* The quick reader against jansson: over documents made at random, and over the same with one byte changed, whatever it
 * takes is what jansson makes of it, and of the sound ones it takes all. */
#include "common/json_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MAX_DEPTH 12
#define DOCUMENTS 3000
#define MUTATIONS 20 /* of each */

static uint64_t seed = 20240229;

/* 0 to below - 1; the same on every machine. */
static size_t draw(size_t below) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(seed >> 33) % below;
}

#define ONE_OF(texts) texts[draw(sizeof(texts) / sizeof *(texts))]

static void add_blanks(struct tp_buf *out) {
    while (draw(3) == 0)
        tp_buf_addc(out, " \t\r\n"[draw(4)]);
}

static void add_characters(struct tp_buf *out) {
    static const char *const pieces[] = {"a",
                                         "Zz 9",
                                         "{[",
                                         "]}",
                                         ",:",
                                         "-1e5",
                                         "é",
                                         "€",
                                         "😀",
                                         "\x7f",
                                         "\xed\x9f\xbf",
                                         "\xf4\x8f\xbf\xbf",
                                         "\\\"",
                                         "\\\\",
                                         "\\/",
                                         "\\b",
                                         "\\f",
                                         "\\n\\r\\t",
                                         "\\u0001",
                                         "\\u00E9",
                                         "\\u20ac",
                                         "\\ud7ff",
                                         "\\uffff",
                                         "\\ud83d\\ude00",
                                         "\\uDBFF\\uDFFF"};
    for (size_t n = draw(8); n > 0; n--)
        tp_buf_adds(out, ONE_OF(pieces));
}

static void add_string(struct tp_buf *out) {
    tp_buf_addc(out, '"');
    add_characters(out);
    tp_buf_addc(out, '"');
}

static void add_number(struct tp_buf *out) {
    static const char *const edges[] = {"0",
                                        "-0",
                                        "-0.0",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "9223372036854775808.0",
                                        "1e22",
                                        "1E+308",
                                        "0e0",
                                        "1.7976931348623157e308",
                                        "2.2250738585072014e-308",
                                        "19.99",
                                        "1.10",
                                        "1.100",
                                        "-1E-5",
                                        "0.1000000000000000055511151231257827021181583404541015625"};
    static const char *const ends[] = {"",   "",    ".0",   ".5",    ".125000",
                                       "e3", "E+7", "e-12", ".75E2", ".3333333333333333"};
    if (draw(2) == 0) {
        tp_buf_adds(out, ONE_OF(edges));
        return;
    }
    tp_buf_addi(out, (int64_t)draw(1000000) * (draw(2) ? 1 : -1000000007));
    tp_buf_adds(out, ONE_OF(ends));
}

static void add_value(struct tp_buf *out, unsigned depth);

static void add_members(struct tp_buf *out, bool named, unsigned depth) {
    for (size_t i = 0, n = draw(6); i < n; i++) {
        if (i > 0)
            tp_buf_addc(out, ',');
        add_blanks(out);
        if (named) {
            tp_buf_addc(out, '"');
            add_characters(out);
            tp_buf_addf(out, "#%zu\"", i); /* no name twice */
            add_blanks(out);
            tp_buf_addc(out, ':');
        }
        add_value(out, depth);
    }
}

static void add_value(struct tp_buf *out, unsigned depth) {
    static const char *const words[] = {"null", "true", "false"};
    add_blanks(out);
    size_t kind = draw(depth > 0 ? 9 : 4);
    if (kind == 0) {
        tp_buf_adds(out, ONE_OF(words));
    } else if (kind == 1) {
        add_string(out);
    } else if (kind < 4) {
        add_number(out);
    } else {
        bool named = kind > 5;
        tp_buf_addc(out, named ? '{' : '[');
        add_members(out, named, depth - 1);
        add_blanks(out);
        tp_buf_addc(out, named ? '}' : ']');
    }
    add_blanks(out);
}

/* Where the next number stands at or behind `from`; outside of strings nothing else has digits or '-'. */
static struct tp_str next_number(struct tp_str text, const char *from) {
    const char *end = text.at + text.len, *at = from;
    for (; at < end && !strchr("-0123456789", *at); at++)
        if (*at == '"')
            for (at++; *at != '"'; at++)
                at += *at == '\\';
    const char *begin = at;
    while (at < end && strchr("+-.0123456789eE", *at))
        at++;
    return (struct tp_str){begin, (size_t)(at - begin)};
}

struct numbers {
    const struct tp_json *json;
    struct tp_str text;
    const char *from;
    size_t met;
};

/* In document order: each must be the next in the list, and its text the next number in the text. */
static void check_numbers(struct numbers *numbers, const json_t *value) {
    const char *name;
    json_t *member;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)value, name, member) check_numbers(numbers, member);
    json_array_foreach(value, i, member) check_numbers(numbers, member);
    if (!json_is_number(value))
        return;
    assert_true(numbers->met < numbers->json->n_numbers);
    const struct tp_json_number *noted = numbers->json->numbers + numbers->met++;
    struct tp_str text = next_number(numbers->text, numbers->from);
    assert_ptr_equal(noted->value, value);
    assert_ptr_equal(noted->text.at, text.at);
    assert_int_equal(noted->text.len, text.len);
    numbers->from = text.at + text.len;
}

static size_t depth_of(const json_t *value) {
    const char *name;
    json_t *member;
    size_t i, most = 0;
    json_object_foreach((json_t *)(uintptr_t)value, name, member) most =
        depth_of(member) > most ? depth_of(member) : most;
    json_array_foreach(value, i, member) most = depth_of(member) > most ? depth_of(member) : most;
    return most + (json_is_object(value) || json_is_array(value));
}

/* Types, order, bytes and the last digit of a number all show in what jansson writes. */
static void check_equal(struct tp_str text, const json_t *taken, const json_t *expected) {
    size_t flags = JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17);
    char *is = json_dumps(taken, flags), *should_be = json_dumps(expected, flags);
    if (!is || !should_be || strcmp(is, should_be) != 0)
        fail_msg("%.*s\nwas read as\n%s\ninstead of\n%s", TP_FMT(text), is ? is : "-", should_be ? should_be : "-");
    free(is);
    free(should_be);
}

/* Whether it was taken; and if it was, it was right. */
static bool takes(struct tp_str text, unsigned max_depth) {
    struct tp_json json;
    if (!tp_json_read(text, max_depth, &json))
        return false;
    json_error_t why;
    json_t *expected = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!expected)
        fail_msg("%.*s\nwas taken, but: %s", TP_FMT(text), why.text);
    check_equal(text, json.root, expected);
    assert_true(depth_of(json.root) <= max_depth);
    struct numbers numbers = {.json = &json, .text = text, .from = text.at};
    check_numbers(&numbers, json.root);
    assert_int_equal(numbers.met, json.n_numbers);
    json_decref(expected);
    tp_json_free(&json);
    return true;
}

/* Of its own length, so that ASan sees when more is read. */
static struct tp_str exact(struct tp_str text) {
    char *copy = malloc(text.len ? text.len : 1);
    assert_non_null(copy);
    if (text.len)
        memcpy(copy, text.at, text.len);
    return (struct tp_str){copy, text.len};
}

static void every_sound_document_is_taken(void **state) {
    (void)state;
    for (int i = 0; i < DOCUMENTS; i++) {
        struct tp_buf document = TP_BUF_INIT;
        add_value(&document, (unsigned)draw(MAX_DEPTH + 1));
        struct tp_str text = exact(tp_buf_str(&document));
        if (!takes(text, MAX_DEPTH))
            fail_msg("not taken: %.*s", TP_FMT(text));
        free((char *)(uintptr_t)text.at);
        tp_buf_free(&document);
    }
}

/* One byte changed, cut or inserted. */
static void mutate(struct tp_buf *out, struct tp_str text) {
    static const char bytes[] = "{}[],:\"\\/u0dD8c19-+.eE x#\n\0\x01\x7f\x80\xbf\xc3\xe2\xed\xf0\xff";
    size_t at = draw(text.len), how = draw(3);
    tp_buf_add(out, text.at, at);
    if (how > 0)
        tp_buf_addc(out, bytes[draw(sizeof bytes)]);
    tp_buf_add(out, text.at + at + (how < 2), text.len - at - (how < 2));
}

static void of_damaged_documents_only_those_are_taken_that_are_still_sound(void **state) {
    (void)state;
    size_t taken = 0, left = 0;
    for (int i = 0; i < DOCUMENTS; i++) {
        struct tp_buf document = TP_BUF_INIT;
        add_value(&document, (unsigned)draw(5));
        for (int round = 0; round < MUTATIONS; round++) {
            struct tp_buf mutation = TP_BUF_INIT;
            mutate(&mutation, tp_buf_str(&document));
            struct tp_str text = exact(tp_buf_str(&mutation));
            takes(text, MAX_DEPTH) ? taken++ : left++;
            free((char *)(uintptr_t)text.at);
            tp_buf_free(&mutation);
        }
        tp_buf_free(&document);
    }
    assert_true(taken > DOCUMENTS);
    assert_true(left > DOCUMENTS);
}

static void what_is_in_doubt_is_left(void **state) {
    (void)state;
    static const struct tp_str doubtful[] = {
        TP_STR(""),
        TP_STR(" "),
        TP_STR("{} {}"),
        TP_STR("{}\0"),
        TP_STR("\0{}"),
        TP_STR("[1,]"),
        TP_STR("[01]"),
        TP_STR("[1.]"),
        TP_STR("[NaN]"),
        TP_STR("[-Infinity]"),
        TP_STR("[1] // one"),
        TP_STR("{\"a\":1,\"a\":1}"),
        TP_STR("{\"a\":1,\"b\":{},\"\\u0061\":2}"),
        TP_STR("[{\"\":[],\"\":[]}]"),
        TP_STR("\"\\u0000\""),
        TP_STR("{\"a\\u0000\":1}"),
        TP_STR("{\"a\":\"b\\u0000c\"}"),
        TP_STR("[\"\0\"]"),
        TP_STR("\"\\udc00\""),
        TP_STR("{\"\\udfff\":1}"),
        TP_STR("\"\\ud800\""),
        TP_STR("\"\\ud800\\u0041\""),
        TP_STR("\"\xed\xa0\x80\""),
        TP_STR("\"\xc0\x80\""),
        TP_STR("\"\xf4\x90\x80\x80\""),
        TP_STR("{\"\xff\":1}"),
        TP_STR("\"\x1f\""),
        TP_STR("\xef\xbb\xbf{}"),
        TP_STR("9223372036854775808"),
        TP_STR("[-9223372036854775809]"),
        TP_STR("123456789012345678901"),
        TP_STR("[1e309]"),
        TP_STR("-1e99999999999999999999"),
    };
    for (size_t i = 0; i < sizeof doubtful / sizeof *doubtful; i++) {
        struct tp_json json = {.cursor = 7};
        struct tp_str text = exact(doubtful[i]);
        if (tp_json_read(text, MAX_DEPTH, &json))
            fail_msg("%zu was taken: %.*s", i, TP_FMT(text));
        assert_int_equal(json.cursor, 7);
        free((char *)(uintptr_t)text.at);
    }
}

static struct tp_str nested(struct tp_buf *out, size_t depth) {
    for (size_t i = 0; i < depth; i++)
        tp_buf_adds(out, i % 2 ? "{\"a\":" : "[");
    tp_buf_addc(out, '1');
    for (size_t i = depth; i-- > 0;)
        tp_buf_addc(out, i % 2 ? '}' : ']');
    return tp_buf_str(out);
}

static void it_goes_as_deep_as_it_may(void **state) {
    (void)state;
    static const struct {
        size_t depth;
        unsigned max_depth;
        bool taken;
    } cases[] = {{0, 0, true},     {1, 0, false},       {12, 12, true},       {13, 12, false},
                 {512, 512, true}, {1024, 20000, true}, {1025, 20000, false}, {100000, 200000, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tp_buf text = TP_BUF_INIT;
        struct tp_json json;
        bool taken = tp_json_read(nested(&text, cases[i].depth), cases[i].max_depth, &json);
        assert_int_equal(taken, cases[i].taken);
        if (taken)
            tp_json_free(&json);
        tp_buf_free(&text);
    }
}

static size_t allocations_left;

static void *short_of_memory(size_t size) { return allocations_left > 0 && allocations_left-- ? malloc(size) : NULL; }

static void without_memory_for_the_tree_it_leaves_nothing_behind(void **state) {
    (void)state;
    const struct tp_str text =
        TP_STR("{\"a\":[1,2.5,\"s\",{}],\"b\":{\"c\":null,\"d\":[[],-3]},\"e\":1,\"f\":2,\"g\":3,"
               "\"h\":4,\"i\":5,\"j\":6,\"k\":[1,2,3,4,5,6,7,8,9,true]}");
    struct tp_json json;
    bool taken = false;
    size_t enough = 0;
    json_set_alloc_funcs(short_of_memory, free);
    for (; !taken && enough < 1000; enough++) {
        allocations_left = enough;
        taken = tp_json_read(text, MAX_DEPTH, &json);
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(taken);
    assert_true(enough > 30); /* it refused as often */
    tp_json_free(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sound_document_is_taken),
        cmocka_unit_test(of_damaged_documents_only_those_are_taken_that_are_still_sound),
        cmocka_unit_test(what_is_in_doubt_is_left),
        cmocka_unit_test(it_goes_as_deep_as_it_may),
        cmocka_unit_test(without_memory_for_the_tree_it_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
