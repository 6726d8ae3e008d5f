/* The words of a call, as they go over the wire. */
#include "daemon/redis/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/error.h"

#define SHA "0123456789abcdef0123456789abcdef01234567"

/* Literals here may have NUL bytes. */
#define ASSERT_WIRE(wire, literal)                                                                                     \
    do {                                                                                                               \
        assert_int_equal((wire).len, sizeof(literal) - 1);                                                             \
        assert_memory_equal((wire).at, literal, sizeof(literal) - 1);                                                  \
    } while (0)

static void a_command_is_its_words(void **state) {
    (void)state;
    struct tp_redis_words words = {0};
    struct tp_str wire;
    tp_redis_word(&words, TP_STR("SET"));
    tp_redis_key(&words, TP_STR("tp:{L1}:"), TP_STR("home"));
    tp_redis_word(&words, TP_STR(""));
    assert_int_equal(tp_redis_words_finish(&words, NULL, 0, &wire), 0);
    ASSERT_WIRE(wire, "*3\r\n$3\r\nSET\r\n$12\r\ntp:{L1}:home\r\n$0\r\n\r\n");
    tp_redis_words_free(&words);
}

static void a_script_is_called_by_its_hash(void **state) {
    (void)state;
    struct tp_redis_words words = {0};
    struct tp_str wire;
    tp_redis_word(&words, TP_STR("key"));
    tp_redis_word(&words, TP_STR("argument"));
    assert_int_equal(tp_redis_words_finish(&words, SHA, 1, &wire), 0);
    ASSERT_WIRE(wire, "*5\r\n$7\r\nEVALSHA\r\n$40\r\n" SHA "\r\n$1\r\n1\r\n$3\r\nkey\r\n$8\r\nargument\r\n");
    tp_redis_words_free(&words);
}

static void bytes_are_bytes(void **state) {
    (void)state;
    struct tp_redis_words words = {0};
    struct tp_str wire;
    tp_redis_word(&words, TP_STR("a\0b\r\n$"));
    assert_int_equal(tp_redis_words_finish(&words, NULL, 0, &wire), 0);
    ASSERT_WIRE(wire, "*1\r\n$6\r\na\0b\r\n$\r\n");
    tp_redis_words_free(&words);
}

static void numbers_are_decimal(void **state) {
    (void)state;
    struct tp_redis_words words = {0};
    struct tp_str wire;
    tp_redis_number(&words, 0);
    tp_redis_number(&words, INT64_MIN);
    tp_redis_number(&words, INT64_MAX);
    assert_int_equal(tp_redis_words_finish(&words, NULL, 0, &wire), 0);
    ASSERT_WIRE(wire, "*3\r\n$1\r\n0\r\n$20\r\n-9223372036854775808\r\n$19\r\n9223372036854775807\r\n");
    tp_redis_words_free(&words);
}

/* The head is written into room kept at the front: the longest there is must fit. */
static void the_longest_head_fits(void **state) {
    (void)state;
    struct tp_redis_words words = {0};
    struct tp_str wire;
    tp_redis_word(&words, TP_STR("key"));
    size_t n = words.n;
    words.n = SIZE_MAX - 3;
    assert_int_equal(tp_redis_words_finish(&words, SHA, SIZE_MAX, &wire), 0);
    ASSERT_WIRE(wire, "*18446744073709551615\r\n$7\r\nEVALSHA\r\n$40\r\n" SHA
                      "\r\n$20\r\n18446744073709551615\r\n$3\r\nkey\r\n");
    words.n = n;
    tp_redis_words_free(&words);
}

static void freed_words_begin_anew(void **state) {
    (void)state;
    struct tp_redis_words words = {0};
    struct tp_str wire;
    for (int i = 0; i < 2; i++) {
        tp_redis_word(&words, TP_STR("PING"));
        assert_int_equal(tp_redis_words_finish(&words, NULL, 0, &wire), 0);
        ASSERT_WIRE(wire, "*1\r\n$4\r\nPING\r\n");
        tp_redis_words_free(&words);
    }
}

static void what_did_not_fit_in_memory_is_not_sent(void **state) {
    (void)state;
    struct tp_redis_words words = {0};
    struct tp_str wire = TP_STR("untouched");
    tp_redis_word(&words, TP_STR("PING"));
    words.wire.failed = true;
    assert_int_equal(tp_redis_words_finish(&words, NULL, 0, &wire), TP_ENOMEM);
    assert_true(tp_str_is(wire, "untouched"));
    tp_redis_words_free(&words);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_its_words),
        cmocka_unit_test(a_script_is_called_by_its_hash),
        cmocka_unit_test(bytes_are_bytes),
        cmocka_unit_test(numbers_are_decimal),
        cmocka_unit_test(the_longest_head_fits),
        cmocka_unit_test(freed_words_begin_anew),
        cmocka_unit_test(what_did_not_fit_in_memory_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
