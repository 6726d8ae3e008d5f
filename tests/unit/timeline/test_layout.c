/* The bytes of an entry as append.lua writes them. */
#include "daemon/timeline/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/error.h"

/* >I6 sequence, key 8, encoding, >I4 attached, >I2 how many were merged, >I4 length of the state before, their ids,
 * that state, >I4 customer_at, JSON. */
#define SEQUENCE    "\x00\x01\x00\x00\x00\x07"
#define KEY         "k\0y 5678"
#define MERGED      "0190a000-0000-7000-8000-0000000000010190a000-0000-7000-8000-000000000002"
#define BEFORE      "\nmood\t6"
#define CUSTOMER_AT "\x00\x00\x00\x0d"
#define JSON        "{\"customer\":{\"identifiers\":[]}}"
#define NOTHING     "\0\0\0\0\0\0\0\0\0\0" /* attached, merged or before */
#define ENTRY       SEQUENCE KEY "\0\0\0\0\x05\0\x02\0\0\0\x07" MERGED BEFORE CUSTOMER_AT JSON

static void assert_text(struct tp_str is, const char *expected) { assert_true(tp_str_is(is, expected)); }

static void an_entry_is_read(void **state) {
    (void)state;
    struct tp_entry entry;
    assert_int_equal(tp_timeline_entry_read(TP_STR(ENTRY), &entry), 0);
    assert_true(entry.sequence == (UINT64_C(1) << 32) + 7);
    assert_false(entry.has_version);
    assert_int_equal(entry.attached, 5);
    assert_int_equal(entry.mapping.n, 0);
    assert_text(entry.merged, MERGED);
    assert_text(entry.before, BEFORE);
    assert_text(entry.json, JSON);
    assert_int_equal(entry.customer_at, 13);
    assert_memory_equal(entry.json.at, JSON, entry.customer_at);
}

#define VERSION "one call\0\x1f\xff\xff\xff\xff\xff\xff"

static void one_with_a_version_says_of_what(void **state) {
    (void)state;
    struct tp_entry entry;
    static const char bytes[] = SEQUENCE KEY "\x01\0\0\0\x05\0\x02\0\0\0\x07" VERSION MERGED BEFORE CUSTOMER_AT JSON;
    assert_int_equal(tp_timeline_entry_read((struct tp_str){bytes, sizeof bytes - 1}, &entry), 0);
    assert_true(entry.has_version);
    assert_true(entry.version == TP_MAX_VERSION);
    assert_true(entry.bare_key == UINT64_C(0x6f6e652063616c6c));
    assert_int_equal(entry.attached, 5);
    assert_text(entry.merged, MERGED);
    assert_text(entry.before, BEFORE);
    assert_text(entry.json, JSON);
    for (size_t len = 0; len < sizeof bytes - sizeof JSON; len++)
        assert_int_equal(tp_timeline_entry_read((struct tp_str){bytes, len}, &entry), TP_ECORRUPT);
}

static void the_first_entry_has_no_state_before_it(void **state) {
    (void)state;
    struct tp_entry entry;
    assert_int_equal(tp_timeline_entry_read(TP_STR("\0\0\0\0\0\x01" KEY "\0" NOTHING CUSTOMER_AT JSON), &entry), 0);
    assert_int_equal(entry.sequence, 1);
    assert_int_equal(entry.merged.len, 0);
    assert_int_equal(entry.before.len, 0);
    assert_text(entry.json, JSON);
}

static void what_the_daemon_gives_is_what_it_reads(void **state) {
    (void)state;
    const struct tp_interaction interaction = {.json = TP_STR(JSON), .customer_at = 13};
    struct tp_buf bytes = TP_BUF_INIT;
    struct tp_entry entry;
    tp_buf_add(&bytes, "\0\0\0\0\0\x01" KEY "\0" NOTHING, 25);
    tp_timeline_entry_tail(&interaction, &bytes);
    assert_int_equal(tp_timeline_entry_read(tp_buf_str(&bytes), &entry), 0);
    assert_text(entry.json, JSON);
    assert_int_equal(entry.customer_at, 13);
    tp_buf_free(&bytes);
}

/* Wherever it is cut before its JSON, no byte behind the cut is looked at: the copies are as long as the cut. */
static void a_cut_entry_is_refused(void **state) {
    (void)state;
    for (size_t len = 0; len < sizeof ENTRY - sizeof JSON; len++) {
        struct tp_entry entry = {.sequence = 99};
        char *cut = test_malloc(len + 1);
        memcpy(cut, ENTRY, len);
        assert_int_equal(tp_timeline_entry_read((struct tp_str){cut, len}, &entry), TP_ECORRUPT);
        assert_int_equal(entry.sequence, 99);
        test_free(cut);
    }
}

static void another_encoding_is_refused(void **state) {
    (void)state;
    struct tp_entry entry;
    assert_int_equal(tp_timeline_entry_read(TP_STR(SEQUENCE KEY "\x02" NOTHING CUSTOMER_AT JSON), &entry), TP_ECORRUPT);
}

static void a_place_behind_the_json_is_refused(void **state) {
    (void)state;
    struct tp_entry entry;
    assert_int_equal(tp_timeline_entry_read(TP_STR(SEQUENCE KEY "\0" NOTHING "\0\0\0\x03{}"), &entry), TP_ECORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_read),
        cmocka_unit_test(one_with_a_version_says_of_what),
        cmocka_unit_test(the_first_entry_has_no_state_before_it),
        cmocka_unit_test(what_the_daemon_gives_is_what_it_reads),
        cmocka_unit_test(a_cut_entry_is_refused),
        cmocka_unit_test(another_encoding_is_refused),
        cmocka_unit_test(a_place_behind_the_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
