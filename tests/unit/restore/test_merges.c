/* In which order merges are made: who was merged into a loser comes before it, and each comes once. */
#include "daemon/restore/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/error.h"

#define ID(number) "0190abcd-ef01-7234-8567-00000000000" number
#define A          ID("a")
#define B          ID("b")
#define C          ID("c")
#define D          ID("d")

static void add(struct tp_restore_merges *merges, const char *survivor, const char *losers, const char *id) {
    const struct tp_interaction interaction = {
        .source = TP_STR("shop"), .id = tp_str(id), .received_ms = 1767323046000};
    struct tp_restore_record record = {0};
    record.entry.append.interaction = &interaction;
    record.entry.append.customer_id = tp_str(survivor);
    record.entry.merged = tp_str(losers);
    assert_int_equal(tp_restore_merges_add(merges, &record), 0);
}

static struct tp_ledger_split split[3];
static struct tp_ledger ledger;
static struct tp_restore_splits *splits;

static struct tp_restore_merges *new_merges(void) {
    struct tp_restore_merges *merges;
    assert_int_equal(tp_restore_splits_new(&ledger, &splits), 0);
    assert_int_equal(tp_restore_merges_new(splits, &merges), 0);
    return merges;
}

static void assert_next(struct tp_restore_merges *merges, const char *loser, const char *survivor, const char *event) {
    struct tp_customer_merge merge;
    char evidence[64];
    bool counted = false;
    snprintf(evidence, sizeof evidence, "1767323046000\tshop\t\"%s\"", event);
    assert_true(tp_restore_merges_next(merges, &merge, &counted));
    assert_string_equal(merge.loser, loser);
    assert_string_equal(merge.survivor, survivor);
    assert_true(tp_str_is(merge.evidence, evidence));
    assert_true(counted);
}

static void assert_end(struct tp_restore_merges *merges) {
    struct tp_customer_merge merge;
    bool counted;
    assert_false(tp_restore_merges_next(merges, &merge, &counted));
    assert_false(tp_restore_merges_next(merges, &merge, &counted));
    tp_restore_merges_free(merges);
    tp_restore_splits_free(splits);
}

static void the_largest_loser_comes_first(void **state) {
    (void)state;
    struct tp_restore_merges *merges = new_merges();
    add(merges, A, B, "e-1");
    add(merges, A, "", "e-2");
    add(merges, B, C D, "e-3");
    assert_next(merges, D, B, "e-3");
    assert_next(merges, C, B, "e-3");
    assert_next(merges, B, A, "e-1");
    assert_end(merges);
}

static void each_comes_once_as_it_was_told_first(void **state) {
    (void)state;
    struct tp_restore_merges *merges = new_merges();
    add(merges, A, C, "e-1");
    add(merges, A, B C, "e-2");
    add(merges, A, C, "e-3");
    add(merges, B, C, "e-4");
    assert_next(merges, C, B, "e-4");
    assert_next(merges, C, A, "e-1");
    assert_next(merges, B, A, "e-2");
    assert_end(merges);
}

static void the_order_is_that_of_texts(void **state) {
    (void)state;
    static const char *const ids[] = {"ffffffff-ffff-ffff-ffff-ffffffffffff", "90000000-0000-7000-8000-000000000000",
                                      "0a000000-0000-7000-8000-000000000000", "09ffffff-ffff-7fff-bfff-ffffffffffff",
                                      "01234567-89ab-7def-8123-456789abcdef"};
    struct tp_restore_merges *merges = new_merges();
    for (size_t i = 0; i < 5; i++)
        add(merges, "00000000-0000-7000-8000-000000000000", ids[(i * 3 + 1) % 5], "e");
    for (size_t i = 0; i < 5; i++)
        assert_next(merges, ids[i], "00000000-0000-7000-8000-000000000000", "e");
    assert_end(merges);
}

static void there_may_be_many(void **state) {
    (void)state;
    enum { MANY = 1000 };
    struct tp_restore_merges *merges = new_merges();
    char id[TP_UUID_TEXT], event[16];
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "0190abcd-ef01-7234-8567-%012x", i + 16);
        snprintf(event, sizeof event, "e-%u", i);
        add(merges, A, id, event);
    }
    for (unsigned i = MANY; i-- > 0;) {
        snprintf(id, sizeof id, "0190abcd-ef01-7234-8567-%012x", i + 16);
        snprintf(event, sizeof event, "e-%u", i);
        assert_next(merges, id, A, event);
    }
    assert_end(merges);
}

/* The interaction was received before the split was asked for; one that comes later may tell of another merge. */
static void what_was_taken_back_is_not_made(void **state) {
    (void)state;
    const int64_t told_ms = 1767323046000;
    split[0] = (struct tp_ledger_split){.member = C, .customer = A, .time_ms = told_ms - 1};
    split[1] = (struct tp_ledger_split){.member = B, .customer = A, .time_ms = told_ms};
    split[2] = (struct tp_ledger_split){.member = C, .customer = B, .time_ms = told_ms - 5};
    ledger = (struct tp_ledger){.n_splits = 3, .splits = split};
    struct tp_restore_merges *merges = new_merges();
    add(merges, A, B C D, "e-1");
    assert_next(merges, D, A, "e-1");
    assert_next(merges, C, A, "e-1");
    assert_true(tp_restore_gave_up(splits, TP_STR(A)) && tp_restore_gave_up(splits, TP_STR(B)));
    assert_false(tp_restore_gave_up(splits, TP_STR(C)));
    assert_end(merges);
    split[2].time_ms = told_ms + 1;
    merges = new_merges();
    add(merges, A, B C D, "e-1");
    assert_next(merges, D, A, "e-1");
    assert_end(merges);
    ledger = (struct tp_ledger){0};
}

static void add_mapping(struct tp_restore_merges *merges, const char *id, const char *redirect, const char *members) {
    struct tp_restore_mapping mapping = {0};
    memcpy(mapping.customer_id, id, TP_UUID_TEXT);
    memcpy(mapping.redirect, redirect, strlen(redirect));
    tp_buf_adds(&mapping.members, members);
    tp_buf_adds(&mapping.evidence, redirect[0] ? "1767323046000\tshop\t\"e-9\"" : "");
    assert_int_equal(tp_restore_merges_add_mapping(merges, &mapping), 0);
    tp_restore_mapping_free(&mapping);
}

/* The root lists the members of its members too; whom no interaction and no redirect tells is not counted yet. */
static void what_customers_tell_comes_where_nothing_else_does(void **state) {
    (void)state;
    struct tp_customer_merge merge;
    bool counted = true;
    struct tp_restore_merges *merges = new_merges();
    add_mapping(merges, A, "", B C D);
    add_mapping(merges, C, B, "");
    add(merges, B, D, "e-1");
    assert_next(merges, D, B, "e-1");
    assert_next(merges, C, B, "e-9");
    assert_true(tp_restore_merges_next(merges, &merge, &counted));
    assert_string_equal(merge.loser, B);
    assert_string_equal(merge.survivor, A);
    assert_int_equal(merge.evidence.len, 0);
    assert_false(counted);
    assert_end(merges);
}

static void there_may_be_none(void **state) {
    (void)state;
    assert_end(new_merges());
    tp_restore_merges_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_loser_comes_first),
        cmocka_unit_test(each_comes_once_as_it_was_told_first),
        cmocka_unit_test(the_order_is_that_of_texts),
        cmocka_unit_test(there_may_be_many),
        cmocka_unit_test(what_was_taken_back_is_not_made),
        cmocka_unit_test(what_customers_tell_comes_where_nothing_else_does),
        cmocka_unit_test(there_may_be_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
