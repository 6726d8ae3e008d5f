/* Bytes appended, and read back; a buffer that failed says so at the end. */
#include "common/buf.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void it_grows_with_what_is_added(void **state) {
    (void)state;
    struct tp_buf buf = TP_BUF_INIT;
    for (int i = 0; i < 1000; i++)
        tp_buf_addf(&buf, "%03d", i);
    tp_buf_adds(&buf, "");
    tp_buf_addstr(&buf, (struct tp_str){0});
    assert_false(buf.failed);
    assert_int_equal(buf.len, 3000);
    assert_memory_equal(buf.at + 3 * 457, "457", 3);
    tp_buf_clear(&buf);
    assert_int_equal(buf.len, 0);
    tp_buf_addc(&buf, 'x');
    assert_true(tp_str_is(tp_buf_str(&buf), "x"));
    tp_buf_free(&buf);
    tp_buf_free(NULL);
}

static void what_is_taken_is_the_callers(void **state) {
    (void)state;
    struct tp_buf buf = TP_BUF_INIT;
    assert_null(tp_buf_take(&buf));
    tp_buf_add(&buf, "whole", 6);
    char *text = tp_buf_take(&buf);
    assert_string_equal(text, "whole");
    assert_null(buf.at);
    assert_int_equal(buf.len, 0);
    free(text);
}

static void after_a_failure_nothing_is_added(void **state) {
    (void)state;
    struct tp_buf buf = TP_BUF_INIT;
    tp_buf_adds(&buf, "before");
    assert_null(tp_buf_room(&buf, SIZE_MAX - 10));
    assert_true(buf.failed);
    tp_buf_adds(&buf, "after");
    assert_true(tp_str_is(tp_buf_str(&buf), "before"));
    assert_null(tp_buf_take(&buf));
    assert_false(buf.failed);
}

static void numbers_come_back(void **state) {
    (void)state;
    struct tp_buf buf = TP_BUF_INIT;
    tp_buf_addc(&buf, 7);
    tp_buf_addu16(&buf, 0x1234);
    tp_buf_addu32(&buf, 0x12345678);
    tp_buf_addu64(&buf, UINT64_C(0x123456789abcdef0));
    tp_buf_adds(&buf, "end");
    assert_memory_equal(buf.at + 1, "\x34\x12", 2); /* little endian */
    struct tp_reader reader = {.left = tp_buf_str(&buf)};
    assert_int_equal(tp_read_u8(&reader), 7);
    assert_int_equal(tp_read_u16(&reader), 0x1234);
    assert_int_equal(tp_read_u32(&reader), 0x12345678);
    assert_true(tp_read_u64(&reader) == UINT64_C(0x123456789abcdef0));
    assert_true(tp_str_is(tp_read_bytes(&reader, 3), "end"));
    assert_false(reader.failed);
    assert_int_equal(reader.left.len, 0);
    tp_buf_free(&buf);
}

static void a_reader_stops_at_the_end(void **state) {
    (void)state;
    struct tp_reader reader = {.left = TP_STR("abc")};
    assert_int_equal(tp_read_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(tp_read_u8(&reader), 0); /* and stays there, though a byte is left */
    assert_int_equal(tp_read_u16(&reader), 0);
    assert_int_equal(tp_read_u64(&reader), 0);
    assert_int_equal(tp_read_bytes(&reader, 1).len, 0);
}

static void the_numbers_of_scripts_are_big_endian(void **state) {
    (void)state;
    struct tp_reader reader = {.left = TP_STR("\x01\x02\x03\x04\xff\xff\xff\xff\xff\xff")};
    assert_int_equal(tp_read_big(&reader, 4), 0x01020304);
    assert_true(tp_read_big(&reader, 6) == UINT64_C(0xffffffffffff));
    assert_false(reader.failed);
    assert_int_equal(tp_read_big(&reader, 1), 0);
    assert_true(reader.failed);
}

static void numbers_are_written_in_decimal(void **state) {
    (void)state;
    static const int64_t numbers[] = {0, 7, 10, -1, 1234567890123, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct tp_buf quick = TP_BUF_INIT, printed = TP_BUF_INIT;
        tp_buf_addi(&quick, numbers[i]);
        tp_buf_addf(&printed, "%" PRId64, numbers[i]);
        assert_true(tp_str_equal(tp_buf_str(&quick), tp_buf_str(&printed)));
        tp_buf_free(&quick);
        tp_buf_free(&printed);
    }
}

static void a_text_longer_than_the_room_is_formatted_whole(void **state) {
    (void)state;
    struct tp_buf buf = TP_BUF_INIT;
    tp_buf_adds(&buf, "before ");
    tp_buf_addf(&buf, "%0999d.", 7);
    assert_int_equal(buf.len, 7 + 1000);
    assert_memory_equal(buf.at, "before 000", 10);
    assert_memory_equal(buf.at + buf.len - 3, "07.", 3);
    tp_buf_free(&buf);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_in_decimal),
        cmocka_unit_test(a_text_longer_than_the_room_is_formatted_whole),
        cmocka_unit_test(it_grows_with_what_is_added),
        cmocka_unit_test(what_is_taken_is_the_callers),
        cmocka_unit_test(after_a_failure_nothing_is_added),
        cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(the_numbers_of_scripts_are_big_endian),
        cmocka_unit_test(a_reader_stops_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
