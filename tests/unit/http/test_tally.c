/* How many connections each address has. */
#include "tests/unit/http/server.h"

#include "daemon/http/internal.h"

static struct in6_addr key_of(const char *text) {
    struct in6_addr address;
    assert_int_equal(inet_pton(AF_INET6, text, &address), 1);
    return tp_http_tally_key(&address);
}

static void must_count_as_one(const char *a, const char *b, bool one) {
    struct in6_addr first = key_of(a), second = key_of(b);
    assert_int_equal(IN6_ARE_ADDR_EQUAL(&first, &second), one);
}

static void test_whom_an_address_counts_for(void **state) {
    (void)state;
    must_count_as_one("2001:db8::1", "2001:db8::ffff:1", true);
    must_count_as_one("2001:db8::1", "2001:db8:0:1::1", false);
    must_count_as_one("::ffff:192.0.2.1", "::ffff:192.0.2.1", true);
    must_count_as_one("::ffff:192.0.2.1", "::ffff:192.0.2.2", false);
}

static void test_each_has_its_own_count(void **state) {
    (void)state;
    struct in6_addr ann = key_of("::ffff:192.0.2.1"), bob = key_of("::ffff:192.0.2.2");
    struct tp_http_tally tally;
    assert_int_equal(tp_http_tally_init(&tally, 10), 0);
    assert_true(tp_http_tally_add(&tally, &ann, 2));
    assert_true(tp_http_tally_add(&tally, &ann, 2));
    assert_false(tp_http_tally_add(&tally, &ann, 2));
    assert_true(tp_http_tally_add(&tally, &bob, 2));
    tp_http_tally_remove(&tally, &ann);
    assert_true(tp_http_tally_add(&tally, &ann, 2));
    tp_http_tally_remove(&tally, &ann);
    tp_http_tally_remove(&tally, &ann);
    tp_http_tally_remove(&tally, &bob);
    tp_http_tally_free(&tally); /* the sanitizer says if an entry is left */
}

/* More addresses than chains, so that some share one; each is found again, whichever goes first. */
static void test_many_addresses(void **state) {
    (void)state;
    enum { MANY = 5000 };
    struct tp_http_tally tally;
    assert_int_equal(tp_http_tally_init(&tally, 100), 0);
    struct in6_addr address = key_of("2001:db8::");
    for (unsigned i = 0; i < MANY; i++) {
        memcpy(&address.s6_addr[4], &i, sizeof i);
        assert_true(tp_http_tally_add(&tally, &address, 1));
    }
    for (unsigned i = 0; i < MANY; i++) {
        unsigned each = i * 7 % MANY;
        memcpy(&address.s6_addr[4], &each, sizeof each);
        assert_false(tp_http_tally_add(&tally, &address, 1));
        tp_http_tally_remove(&tally, &address);
    }
    tp_http_tally_free(&tally);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whom_an_address_counts_for),
        cmocka_unit_test(test_each_has_its_own_count),
        cmocka_unit_test(test_many_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
