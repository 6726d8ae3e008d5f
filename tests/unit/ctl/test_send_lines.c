/* A file line by line: whatever the ends of its lines, wherever the reads happen to end, and however long a line is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl/send.h"

static int file_of(struct tp_str text) {
    int fd = memfd_create("lines", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.at, text.len), text.len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void line_is(struct tp_ctl_lines *lines, uint64_t number, const char *text, uint64_t end) {
    struct tp_str line;
    assert_int_equal(tp_ctl_lines_next(lines, &line), TP_CTL_LINE_WHOLE);
    assert_int_equal(line.len, strlen(text));
    assert_memory_equal(line.at, text, line.len);
    assert_int_equal(lines->number, number);
    assert_int_equal(lines->end, end);
}

static void done(struct tp_ctl_lines *lines) {
    struct tp_str line;
    assert_int_equal(tp_ctl_lines_next(lines, &line), TP_CTL_LINE_NONE);
    tp_ctl_lines_free(lines);
    close(lines->fd);
}

static void each_line_has_its_number_and_its_end(void **state) {
    (void)state;
    struct tp_ctl_lines lines = {.fd = file_of(TP_STR("one\n\n \t\r\nfour\r\nfive"))};
    line_is(&lines, 1, "one", 4);
    line_is(&lines, 4, "four\r", 15);
    line_is(&lines, 5, "five", 19);
    done(&lines);
}

static void a_byte_order_mark_is_no_part_of_the_first_line(void **state) {
    (void)state;
    struct tp_ctl_lines lines = {.fd = file_of(TP_STR("\xEF\xBB\xBFone\n\xEF\xBB\xBFtwo\n"))};
    line_is(&lines, 1, "one", 7);
    line_is(&lines, 2, "\xEF\xBB\xBFtwo", 14);
    done(&lines);
}

static void an_empty_file_has_no_line(void **state) {
    (void)state;
    struct tp_ctl_lines lines = {.fd = file_of(TP_STR(""))};
    done(&lines);
}

static void a_line_may_be_as_long_as_a_request_and_no_longer(void **state) {
    (void)state;
    struct tp_buf text = TP_BUF_INIT;
    for (size_t len = TP_CTL_MOST_BODY - 1; len <= TP_CTL_MOST_BODY; len++) {
        memset(tp_buf_room(&text, len), 'x', len);
        text.len += len;
        tp_buf_addc(&text, '\n');
    }
    tp_buf_adds(&text, "short\n");
    struct tp_ctl_lines lines = {.fd = file_of(tp_buf_str(&text))};
    struct tp_str line;
    assert_int_equal(tp_ctl_lines_next(&lines, &line), TP_CTL_LINE_WHOLE);
    assert_int_equal(line.len, TP_CTL_MOST_BODY - 1);
    assert_int_equal(tp_ctl_lines_next(&lines, &line), TP_CTL_LINE_TOO_LONG);
    line_is(&lines, 3, "short", text.len);
    done(&lines);
    tp_buf_free(&text);
}

static void it_goes_on_in_the_middle(void **state) {
    (void)state;
    struct tp_ctl_lines lines = {.fd = file_of(TP_STR("one\ntwo\nthree\n")), .number = 1, .end = 4};
    assert_int_equal(lseek(lines.fd, 4, SEEK_SET), 4);
    line_is(&lines, 2, "two", 8);
    line_is(&lines, 3, "three", 14);
    done(&lines);
}

/* ---- batches ---- */

static void a_batch_is_so_many_lines_and_ends_where_they_end(void **state) {
    (void)state;
    struct tp_ctl_lines lines = {.fd = file_of(TP_STR("1\n2\n3\n\n4\n5\n"))};
    struct tp_ctl_batch batch = {.most = 2};
    const uint64_t ends[] = {4, 9, 11}, numbers[] = {2, 5, 6};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(tp_ctl_batch_fill(&batch, &lines), 1);
        assert_int_equal(batch.n, i < 2 ? 2 : 1);
        assert_int_equal(batch.end, ends[i]);
        assert_int_equal(batch.number, numbers[i]);
    }
    assert_int_equal(tp_ctl_batch_fill(&batch, &lines), 0);
    tp_ctl_batch_free(&batch);
    done(&lines);
}

static void a_batch_is_no_larger_than_a_request(void **state) {
    (void)state;
    struct tp_buf text = TP_BUF_INIT;
    for (int i = 0; i < 5; i++) {
        memset(tp_buf_room(&text, TP_CTL_MOST_BODY / 2), 'x', TP_CTL_MOST_BODY / 2 - 1);
        text.len += TP_CTL_MOST_BODY / 2 - 1;
        tp_buf_addc(&text, '\n');
    }
    struct tp_ctl_lines lines = {.fd = file_of(tp_buf_str(&text))};
    struct tp_ctl_batch batch = {.most = 100};
    for (size_t n = 2, seen = 0; seen < 5; seen += n) {
        n = seen < 4 ? 2 : 1;
        assert_int_equal(tp_ctl_batch_fill(&batch, &lines), 1);
        assert_int_equal(batch.n, n);
        assert_int_equal(batch.number, seen + n);
        assert_true(batch.text.len <= TP_CTL_MOST_BODY);
    }
    tp_ctl_batch_free(&batch);
    done(&lines);
    tp_buf_free(&text);
}

static void a_line_that_is_too_long_is_a_batch_of_its_own_and_takes_no_memory(void **state) {
    (void)state;
    struct tp_buf text = TP_BUF_INIT;
    tp_buf_adds(&text, "before\n");
    memset(tp_buf_room(&text, 5 * TP_CTL_MOST_BODY), 'x', 5 * TP_CTL_MOST_BODY);
    text.len += 5 * TP_CTL_MOST_BODY;
    tp_buf_adds(&text, "\nbehind\n");
    struct tp_ctl_lines lines = {.fd = file_of(tp_buf_str(&text))};
    struct tp_ctl_batch batch = {.most = 100};
    for (uint64_t number = 1; number <= 3; number++) {
        assert_int_equal(tp_ctl_batch_fill(&batch, &lines), 1);
        assert_int_equal(batch.too_long, number == 2);
        assert_int_equal(batch.lines[0].number, number);
        assert_int_equal(batch.number, number);
    }
    assert_int_equal(batch.end, text.len);
    assert_true(lines.window.cap <= 3 * TP_CTL_MOST_BODY); /* however long that line is */
    tp_ctl_batch_free(&batch);
    done(&lines);
    tp_buf_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_has_its_number_and_its_end),
        cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_first_line),
        cmocka_unit_test(an_empty_file_has_no_line),
        cmocka_unit_test(a_line_may_be_as_long_as_a_request_and_no_longer),
        cmocka_unit_test(it_goes_on_in_the_middle),
        cmocka_unit_test(a_batch_is_so_many_lines_and_ends_where_they_end),
        cmocka_unit_test(a_batch_is_no_larger_than_a_request),
        cmocka_unit_test(a_line_that_is_too_long_is_a_batch_of_its_own_and_takes_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
