/* The keys of a customer. */
#include "daemon/customer/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CUSTOMER "0190a000-0000-7000-8000-000000000001"

static void a_customers_keys_share_its_lanes_tag(void **state) {
    (void)state;
    struct tp_settings settings = {.redis.prefix = (char[]){"tp:"}};
    struct tp_redis_words words = {0};
    char room[TP_HOME_PREFIX_BYTES];
    struct tp_str prefix = tp_customer_prefix(&settings, 12, room);
    assert_true(tp_str_is(prefix, "tp:{L12}:"));
    tp_customer_lane_keys(&words, prefix);
    tp_customer_keys(&words, prefix, TP_STR(CUSTOMER));
    static const char expected[] = "$13\r\ntp:{L12}:home\r\n$17\r\ntp:{L12}:released\r\n$47\r\ntp:{L12}:c:" CUSTOMER
                                   "\r\n$47\r\ntp:{L12}:r:" CUSTOMER "\r\n$47\r\ntp:{L12}:t:" CUSTOMER
                                   "\r\n$47\r\ntp:{L12}:m:" CUSTOMER "\r\n$47\r\ntp:{L12}:v:" CUSTOMER "\r\n";
    assert_true(words.wire.len >= sizeof expected - 1);
    assert_memory_equal(words.wire.at + words.wire.len - (sizeof expected - 1), expected, sizeof expected - 1);
    assert_int_equal(words.n, 7);
    tp_redis_words_free(&words);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_customers_keys_share_its_lanes_tag)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
