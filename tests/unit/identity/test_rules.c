/* What speaks against it that two are one: the tables of docs/identity.md, case by case. */
#include "daemon/identity/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct tp_identifier_rule own[] = {
    {.type = (char[]){"card"}, .form = (char[]){""}, .blocked = (char[]){""}, .unique = (char[]){"on"}},
    {.type = (char[]){"device"}, .form = (char[]){""}, .blocked = (char[]){""}, .unique = (char[]){""}, .limit = 3},
    {.type = (char[]){"desk"}, .form = (char[]){""}, .blocked = (char[]){""}, .unique = (char[]){""}, .shared = true},
    {.type = (char[]){"phone"}, .form = (char[]){""}, .blocked = (char[]){""}, .unique = (char[]){"off"}, .limit = 4},
};
static const struct tp_settings usual = {
    .identity = {.types = (char[]){"customer_id,email,phone,whatsapp,anonymous_id,x"}, .merges_per_minute = 10}};
static const struct tp_settings special = {
    .identity = {.types = (char[]){"card, email, phone, desk, device, x"}, .merges_per_minute = 2},
    .identifiers = own,
    .n_identifiers = 4};

static struct tp_rules rules_of(const struct tp_settings *settings) {
    struct tp_rules rules;
    tp_rules_read(settings, &rules);
    return rules;
}

/* ---- whether a value may become a customer's ---- */

static const struct {
    const char *has, *by, *type, *value, *against, *why;
} attached[] = {
    {"\nemail\ta\n", "email", "phone", "1", "", "what is new becomes theirs"},
    {"\nanonymous_id\tc\n", "anonymous_id", "email", "a", "", "a visitor says who they are"},
    {"\nemail\ta\nanonymous_id\tc\n", "anonymous_id", "email", "b", "weaker",
     "a cookie does not tell who uses the browser"},
    {"\nemail\ta\nphone\t1\n", "phone", "email", "b", "weaker", "nor a phone who calls"},
    {"\ncustomer_id\tK1\nemail\ta\n", "email", "customer_id", "K2", "unique", "two customer ids are two people"},
    {"\ncustomer_id\tK1\n", "customer_id", "customer_id", "K2", "unique", "also of one event"},
    {"\ncustomer_id\tK1\nemail\ta\n", "customer_id", "email", "b", "", "who is known may have a second address"},
    {"\ncustomer_id\tK1\nemail\ta\nemail\tb\n", "customer_id", "email", "c", "limit", "but not a third"},
    {"\nemail\ta\nphone\t1\nphone\t2\n", "email", "phone", "3", "limit", "nor of numbers"},
    {"\nemail\ta\nanonymous_id\tc\n", "email", "anonymous_id", "d", "", "there may be many browsers"},
};

static void a_value_becomes_a_customers(void **state) {
    (void)state;
    const struct tp_rules rules = rules_of(&usual);
    for (size_t i = 0; i < sizeof attached / sizeof attached[0]; i++) {
        const struct tp_identifier identifier = {tp_str(attached[i].type), tp_str(attached[i].value)};
        const char *against =
            tp_against_name(tp_rules_attach(&rules, tp_str(attached[i].has), identifier, tp_str(attached[i].by)));
        if (strcmp(against, attached[i].against) != 0)
            fail_msg("%s: %s", attached[i].why, against);
    }
}

/* ---- whether two may become one ---- */

static const struct {
    const char *one, *other, *by, *against, *why;
    unsigned merges;
} merged[] = {
    {"\nemail\ta\n", "\nanonymous_id\tc\n", "anonymous_id", "", "a visitor turns out to be a known one", 0},
    {"\nemail\ta\n", "\nphone\t1\n", "phone", "", "a caller too", 0},
    {"\ncustomer_id\tK1\n", "\nemail\ta\nphone\t1\n", "email", "", "and who has left an address and a number", 0},
    {"\ncustomer_id\tK1\n", "\ncustomer_id\tK2\n", "customer_id", "unique", "two customer ids are two people", 0},
    {"\ncustomer_id\tK1\nemail\ta\n", "\ncustomer_id\tK2\nphone\t1\n", "phone", "unique", "whatever they share", 0},
    {"\nemail\ta\n", "\nemail\tb\n", "email", "single", "two addresses are hardly one person's", 0},
    {"\ncustomer_id\tK1\nphone\t1\n", "\nemail\ta\nphone\t2\n", "email", "single", "nor are two numbers", 0},
    {"\nemail\ta\nemail\tb\n", "\nemail\tc\n", "email", "single", "whatever may be attached", 0},
    {"\nwhatsapp\t1\n", "\nwhatsapp\t2\n", "whatsapp", "single", "nor are two of WhatsApp", 0},
    {"\nemail\ta\n", "\nemail\ta\nphone\t1\n", "email", "", "what both have is one value", 0},
    {"\nemail\ta\n", "\nemail\ta\nemail\tb\n", "email", "", "who has two already gets none", 0},
    {"\nemail\ta\nemail\tb\n", "\nemail\ta\n", "email", "", "nor where it is the other way round", 0},
    {"\nemail\ta\nemail\tc\n", "\nemail\ta\nemail\tb\n", "email", "single", "each has one of its own", 0},
    {"\nemail\ta\n", "\nemail\tb\nanonymous_id\tc\n", "anonymous_id", "weaker", "two who use one browser", 0},
    {"\ncustomer_id\tK1\n", "\nemail\ta\nphone\t1\n", "phone", "weaker", "a phone that both have used", 0},
    {"\nemail\ta\n", "\nphone\t1\n", "phone", "", "the tenth of a minute", 9},
    {"\nemail\ta\n", "\nphone\t1\n", "phone", "rate", "the eleventh", 10},
    {"", "\nphone\t1\n", "phone", "", "who has nothing yet", 0},
};

static void two_customers_become_one(void **state) {
    (void)state;
    const struct tp_rules rules = rules_of(&usual);
    for (size_t i = 0; i < sizeof merged / sizeof merged[0]; i++) {
        const char *against = tp_against_name(tp_rules_merge(&rules, tp_str(merged[i].one), tp_str(merged[i].other),
                                                             tp_str(merged[i].by), merged[i].merges));
        if (strcmp(against, merged[i].against) != 0)
            fail_msg("%s: %s", merged[i].why, against);
    }
}

/* ---- splits ---- */

static const struct {
    const char *one, *other;
    bool against;
    const char *why;
} split[] = {
    {"", "", false, "neither was split from anybody"},
    {"A\tB\t1\ts\t2\n", "", false, "the other was not there"},
    {"A\tB\t1\ts\t2\n", "B\tB\t1\tm\t1\n", true, "the two sides"},
    {"B\tB\t1\tm\t1\n", "A\tB\t1\ts\t2\n", true, "the other way round"},
    {"C\tB\t1\ts\t2\n", "A\tB\t1\ts\t2\n", false, "both it was taken from"},
    {"A\tB\t1\ts\t2\n", "B\tB\t2\tm\t1\n", false, "of two merges"},
    {"A\tB\t1\ts\t2\n", "B\tB\t11\tm\t1\n", false, "of two merges, one number ending as the other"},
    {"A\tX\t1\ts\t2\nA\tB\t1\ts\t2\n", "Y\tY\t1\tm\t1\nB\tB\t1\tm\t1\n", true, "among others"},
};

static void what_was_taken_back_stays_so(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof split / sizeof split[0]; i++)
        if (tp_rules_split(tp_str(split[i].one), tp_str(split[i].other)) != split[i].against)
            fail_msg("%s", split[i].why);
}

/* ---- what is configured ---- */

static enum tp_against merge_of(const struct tp_rules *rules, const char *one, const char *other, const char *by) {
    return tp_rules_merge(rules, tp_str(one), tp_str(other), tp_str(by), 0);
}

static void a_type_has_the_rules_that_are_configured(void **state) {
    (void)state;
    const struct tp_rules rules = rules_of(&special);
    assert_int_equal(merge_of(&rules, "\ncard\t1\n", "\ncard\t2\n", "card"), TP_AGAINST_UNIQUE);
    assert_int_equal(merge_of(&rules, "\nphone\t1\n", "\nphone\t2\n", "phone"), TP_AGAINST_NOTHING);
    assert_int_equal(merge_of(&rules, "\nphone\t1\nphone\t2\nphone\t3\n", "\nphone\t4\nphone\t5\n", "phone"),
                     TP_AGAINST_LIMIT);
    assert_int_equal(merge_of(&rules, "\ndevice\t1\ndevice\t2\n", "\ndevice\t3\n", "device"), TP_AGAINST_NOTHING);
    assert_int_equal(merge_of(&rules, "\ndevice\t1\ndevice\t2\n", "\ndevice\t2\ndevice\t3\n", "device"),
                     TP_AGAINST_NOTHING);
    assert_int_equal(merge_of(&rules, "\ndevice\t1\ndevice\t2\n", "\ndevice\t3\ndevice\t4\n", "device"),
                     TP_AGAINST_LIMIT);
    assert_int_equal(tp_rules_merge(&rules, TP_STR("\nx\ta\n"), TP_STR("\nemail\tb\n"), TP_STR("x"), 2),
                     TP_AGAINST_RATE);
}

/* What follows from being unique goes with it. */
static void a_customer_number_that_is_not_unique_has_the_limit_of_all(void **state) {
    (void)state;
    struct tp_identifier_rule off = {.type = (char[]){"customer_id"}, .unique = (char[]){"off"}};
    struct tp_settings settings = usual;
    settings.identifiers = &off;
    settings.n_identifiers = 1;
    const struct tp_rules rules = rules_of(&settings);
    assert_int_equal(merge_of(&rules, "\ncustomer_id\t1\n", "\ncustomer_id\t2\n", "customer_id"), TP_AGAINST_NOTHING);
}

static void a_shared_type_counts_for_nothing(void **state) {
    (void)state;
    const struct tp_rules rules = rules_of(&special);
    assert_true(tp_rules_of(&rules, TP_STR("desk"))->shared);
    assert_int_equal(merge_of(&rules, "\ndesk\t1\ndevice\t1\n", "\ndesk\t2\nx\ta\n", "x"), TP_AGAINST_NOTHING);
    assert_int_equal(merge_of(&rules, "\nphone\t1\ndevice\t1\n", "\nemail\ta\nx\ta\n", "x"), TP_AGAINST_WEAKER);
}

static void strength_is_the_order_of_the_setting(void **state) {
    (void)state;
    const struct tp_rules rules = rules_of(&special);
    assert_int_equal(tp_rules_strength(&rules, TP_STR("card")), 0);
    assert_int_equal(tp_rules_strength(&rules, TP_STR("x")), 5);
    assert_int_equal(tp_rules_strength(&rules, TP_STR("fax")), 6);
    assert_null(tp_rules_of(&rules, TP_STR("fax")));
}

/* Of a type that was configured once. */
static void a_forgotten_type_is_the_weakest(void **state) {
    (void)state;
    const struct tp_rules rules = rules_of(&special);
    assert_int_equal(merge_of(&rules, "\nfax\t1\nx\ta\n", "\nfax\t2\nx\tb\n", "fax"), TP_AGAINST_WEAKER);
    assert_int_equal(merge_of(&rules, "\nfax\t1\n", "\nfax\t2\n", "fax"), TP_AGAINST_NOTHING);
}

/* ---- bounds ---- */

static struct tp_str many(size_t n, size_t from, struct tp_buf *out) {
    tp_buf_addc(out, '\n');
    for (size_t i = from; i < from + n; i++)
        tp_buf_addf(out, "t%zu\tv\n", i);
    return tp_buf_str(out);
}

static void a_customer_fits_into_a_record(void **state) {
    (void)state;
    const struct tp_rules rules = rules_of(&usual);
    struct tp_buf one = TP_BUF_INIT, other = TP_BUF_INIT;
    struct tp_str thousand = many(1000, 0, &one), as_many = many(1000, 1000, &other);
    const struct tp_identifier more = {TP_STR("x"), TP_STR("ann")};
    assert_int_equal(tp_rules_merge(&rules, thousand, as_many, TP_STR("x"), 0), TP_AGAINST_LIMIT); /* 100 of unknown */
    assert_int_equal(tp_rules_attach(&rules, thousand, more, TP_STR("x")), TP_AGAINST_NOTHING);
    tp_buf_free(&one);
    assert_int_equal(tp_rules_attach(&rules, many(2000, 0, &one), more, TP_STR("x")), TP_AGAINST_LIMIT);
    tp_buf_free(&one);
    tp_buf_addf(&one, "\nx\t%0200000d\n", 0);
    assert_int_equal(tp_rules_attach(&rules, tp_buf_str(&one), more, TP_STR("email")), TP_AGAINST_LIMIT);
    tp_buf_free(&one);
    tp_buf_free(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_becomes_a_customers),
        cmocka_unit_test(two_customers_become_one),
        cmocka_unit_test(what_was_taken_back_stays_so),
        cmocka_unit_test(a_type_has_the_rules_that_are_configured),
        cmocka_unit_test(a_customer_number_that_is_not_unique_has_the_limit_of_all),
        cmocka_unit_test(a_shared_type_counts_for_nothing),
        cmocka_unit_test(strength_is_the_order_of_the_setting),
        cmocka_unit_test(a_forgotten_type_is_the_weakest),
        cmocka_unit_test(a_customer_fits_into_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
