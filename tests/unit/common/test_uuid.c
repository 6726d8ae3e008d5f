/* Ids that sort by age, whatever the clock does and however many threads make them. */
#include "common/uuid.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define THREADS 4
#define EACH    5000

static const int64_t noon = 1767268800000;

/* The 60 bits that order the ids of one process: milliseconds and count. */
static uint64_t tick_of(const char *uuid) {
    char hex[16] = {0};
    memcpy(hex, uuid, 8);
    memcpy(hex + 8, uuid + 9, 4);
    memcpy(hex + 12, uuid + 15, 3);
    return strtoull(hex, NULL, 16);
}

static void a_v7_carries_its_time(void **state) {
    (void)state;
    char uuid[TP_UUID_TEXT];
    tp_uuid_v7(noon, uuid);
    assert_true(tp_uuid_valid(tp_str(uuid)));
    assert_int_equal(tick_of(uuid) >> 12, noon);
    assert_int_equal(uuid[14], '7');
    assert_non_null(strchr("89ab", uuid[19]));
}

static void each_is_larger_when_the_clock_stands(void **state) {
    (void)state;
    char before[TP_UUID_TEXT], uuid[TP_UUID_TEXT];
    tp_uuid_v7(noon, before);
    for (int i = 0; i < 10000; i++) { /* more than the count of one millisecond holds */
        tp_uuid_v7(noon, uuid);
        assert_true(strcmp(before, uuid) < 0);
        memcpy(before, uuid, sizeof before);
    }
}

static void each_is_larger_when_the_clock_is_set_back(void **state) {
    (void)state;
    char before[TP_UUID_TEXT], uuid[TP_UUID_TEXT];
    tp_uuid_v7(noon + 1000000, before);
    const int64_t clock[] = {noon + 999999, noon, 1, 0, -1, INT64_MIN};
    for (size_t i = 0; i < sizeof clock / sizeof *clock; i++) {
        tp_uuid_v7(clock[i], uuid);
        assert_true(strcmp(before, uuid) < 0);
        memcpy(before, uuid, sizeof before);
    }
}

static _Atomic uint64_t latest;

/* cmocka's asserts are not for other threads: the result says how many ids were not larger than one made before. */
static void *make_many(void *unused) {
    (void)unused;
    uintptr_t wrong = 0;
    for (int i = 0; i < EACH; i++) {
        char uuid[TP_UUID_TEXT];
        uint64_t seen = atomic_load(&latest);
        tp_uuid_v7(noon, uuid);
        uint64_t mine = tick_of(uuid);
        wrong += mine <= seen;
        while (seen < mine && !atomic_compare_exchange_weak(&latest, &seen, mine))
            ;
    }
    return (void *)wrong;
}

static void each_is_larger_than_any_thread_made_before(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_many, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
}

static void v4_is_random(void **state) {
    (void)state;
    char one[TP_UUID_TEXT], other[TP_UUID_TEXT];
    tp_uuid_v4(one);
    tp_uuid_v4(other);
    assert_true(tp_uuid_valid(tp_str(one)));
    assert_int_equal(one[14], '4');
    assert_non_null(strchr("89ab", one[19]));
    assert_string_not_equal(one, other);
}

static void what_is_a_uuid(void **state) {
    (void)state;
    assert_true(tp_uuid_valid(TP_STR("00000000-0000-0000-0000-000000000000")));
    assert_true(tp_uuid_valid(TP_STR("019b7a5e-3c00-7123-8abc-def012345678")));
    assert_false(tp_uuid_valid(TP_STR("")));
    assert_false(tp_uuid_valid(TP_STR("019B7A5E-3C00-7123-8ABC-DEF012345678")));
    assert_false(tp_uuid_valid(TP_STR("019b7a5e3c0071238abcdef012345678")));
    assert_false(tp_uuid_valid(TP_STR("019b7a5e-3c00-7123-8abc-def01234567")));
    assert_false(tp_uuid_valid(TP_STR("019b7a5e-3c00-7123-8abc-def0123456789")));
    assert_false(tp_uuid_valid(TP_STR("019b7a5e-3c00-7123-8abc-def01234567g")));
    assert_false(tp_uuid_valid(TP_STR("019b7a5e-3c00-7123-8abcd-ef012345678")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_v7_carries_its_time),
        cmocka_unit_test(each_is_larger_when_the_clock_stands),
        cmocka_unit_test(each_is_larger_when_the_clock_is_set_back),
        cmocka_unit_test(each_is_larger_than_any_thread_made_before),
        cmocka_unit_test(v4_is_random),
        cmocka_unit_test(what_is_a_uuid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
