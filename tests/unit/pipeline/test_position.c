/* The position: what is done below a frontier and above it, and the same read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/error.h"
#include "daemon/pipeline/position.h"

static const char life[] = "8f7e6d5c-4b3a-4291-8877-665544332211";

static struct tp_position from(uint64_t frontier) {
    struct tp_position position = {.frontier = frontier};
    memcpy(position.life, life, sizeof life);
    return position;
}

static void assert_text(const struct tp_position *position, const char *expected) {
    struct tp_buf text = TP_BUF_INIT;
    tp_position_write(position, &text);
    tp_buf_addc(&text, '\0');
    assert_string_equal(text.at, expected);
    tp_buf_free(&text);
}

static void assert_has(const struct tp_position *position, const char *expected) {
    for (uint64_t record = 0; expected[record]; record++)
        assert_int_equal(tp_position_has(position, record), expected[record] == 'x');
}

static void what_comes_in_order_moves_the_frontier(void **state) {
    struct tp_position position = from(3);
    (void)state;
    for (uint64_t record = 3; record < 6; record++)
        tp_position_add(&position, record, record);
    assert_has(&position, "xxxxxx..");
    assert_text(&position, "{\"frontier\":6,\"done\":[],\"life\":\"8f7e6d5c-4b3a-4291-8877-665544332211\"}");
    tp_position_free(&position);
}

static void what_is_done_above_it_stands_in_ranges(void **state) {
    struct tp_position position = from(1);
    (void)state;
    for (uint64_t record = 1; record < 12; record++)
        if (record != 3 && record != 6 && record != 10)
            tp_position_add(&position, record, record);
    assert_has(&position, "xxx.xx.xxx.x..");
    assert_text(&position,
                "{\"frontier\":3,\"done\":[[4,5],[7,9],[11,11]],\"life\":\"8f7e6d5c-4b3a-4291-8877-665544332211\"}");
    tp_position_free(&position);
}

static void it_is_read_as_it_was_written(void **state) {
    struct tp_position position = from(5), read;
    struct tp_buf text = TP_BUF_INIT;
    (void)state;
    for (uint64_t record = 7; record < 200; record += 2)
        tp_position_add(&position, record, record);
    tp_position_write(&position, &text);
    assert_int_equal(tp_position_read(tp_buf_str(&text), &read), 0);
    assert_string_equal(read.life, life);
    for (uint64_t record = 0; record < 210; record++)
        assert_int_equal(tp_position_has(&read, record), tp_position_has(&position, record));
    tp_buf_free(&text);
    tp_position_free(&position);
    tp_position_free(&read);
}

static void a_part_of_another_is_taken_over(void **state) {
    struct tp_position position = from(4), other = from(6);
    (void)state;
    tp_position_add(&other, 8, 12);
    tp_position_add(&other, 14, 20);
    tp_position_take_over(&position, &other, 4, 15);
    assert_has(&position, "xxxxxx..xxxxx.xx.....");
    tp_position_free(&position);
    tp_position_free(&other);
}

static void nothing_written_yet_is_the_beginning(void **state) {
    struct tp_position read;
    (void)state;
    assert_int_equal(tp_position_read(TP_STR(""), &read), 0);
    assert_has(&read, "...");
}

/* As it is written without transactions. */
static void an_answer_to_a_repair_has_no_life(void **state) {
    struct tp_position read;
    (void)state;
    assert_int_equal(tp_position_read(TP_STR("{\"frontier\":2,\"done\":[]}"), &read), 0);
    assert_string_equal(read.life, "");
    assert_has(&read, "xx.");
}

static void what_was_not_written_here_is_refused(void **state) {
    static const char *const texts[] = {"x",
                                        "[]",
                                        "{}",
                                        "{\"frontier\":1}",
                                        "{\"frontier\":-1,\"done\":[]}",
                                        "{\"frontier\":\"1\",\"done\":[]}",
                                        "{\"frontier\":1,\"done\":[3]}",
                                        "{\"frontier\":1,\"done\":[[3]]}",
                                        "{\"frontier\":1,\"done\":[[4,3]]}",
                                        "{\"frontier\":3,\"done\":[[3,4]]}",
                                        "{\"frontier\":1,\"done\":[[3,4],[5,6]]}",
                                        "{\"frontier\":1,\"done\":[[7,8],[3,4]]}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct tp_position read;
        assert_int_equal(tp_position_read(tp_str(texts[i]), &read), TP_ECORRUPT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_in_order_moves_the_frontier),
        cmocka_unit_test(what_is_done_above_it_stands_in_ranges),
        cmocka_unit_test(it_is_read_as_it_was_written),
        cmocka_unit_test(a_part_of_another_is_taken_over),
        cmocka_unit_test(nothing_written_yet_is_the_beginning),
        cmocka_unit_test(an_answer_to_a_repair_has_no_life),
        cmocka_unit_test(what_was_not_written_here_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
