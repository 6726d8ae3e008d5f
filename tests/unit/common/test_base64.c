/* Base64, there and back, by the test vectors of RFC 4648 and over the steps that it is done in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base64.h"
#include "common/error.h"

static void there_and_back_by_the_rfc(void **state) {
    (void)state;
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"}};
    struct tp_buf text = TP_BUF_INIT, bytes = TP_BUF_INIT;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        tp_buf_clear(&text);
        tp_buf_clear(&bytes);
        tp_base64_encode(tp_str(vectors[i][0]), &text);
        assert_true(tp_str_is(tp_buf_str(&text), vectors[i][1]));
        assert_int_equal(tp_base64_decode(tp_buf_str(&text), &bytes), 0);
        assert_true(tp_str_is(tp_buf_str(&bytes), vectors[i][0]));
    }
    tp_buf_free(&text);
    tp_buf_free(&bytes);
}

static void any_bytes_of_any_length(void **state) {
    (void)state;
    struct tp_buf bytes = TP_BUF_INIT, text = TP_BUF_INIT, again = TP_BUF_INIT;
    for (size_t i = 0; i < 100000; i++)
        tp_buf_addc(&bytes, (char)(i * 7 % 251));
    for (size_t len = 98300; len < 98310; len++) { /* around the end of a step, of both kinds */
        tp_buf_clear(&text);
        tp_buf_clear(&again);
        tp_base64_encode((struct tp_str){bytes.at, len}, &text);
        assert_int_equal(text.len, (len + 2) / 3 * 4);
        assert_int_equal(tp_base64_decode(tp_buf_str(&text), &again), 0);
        assert_int_equal(again.len, len);
        assert_memory_equal(again.at, bytes.at, len);
    }
    tp_buf_free(&bytes);
    tp_buf_free(&text);
    tp_buf_free(&again);
}

static void what_is_not_base64_is_refused(void **state) {
    (void)state;
    static const char *const others[] = {"Zg=", "Zg", "Z===", "Zm9v\n", "Zm 9", "Zm-_", "=Zm9", "Zg==Zg=="};
    struct tp_buf bytes = TP_BUF_INIT;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(tp_base64_decode(tp_str(others[i]), &bytes), TP_EFORM);
    assert_int_equal(bytes.len, 0);
    tp_buf_free(&bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back_by_the_rfc),
        cmocka_unit_test(any_bytes_of_any_length),
        cmocka_unit_test(what_is_not_base64_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
