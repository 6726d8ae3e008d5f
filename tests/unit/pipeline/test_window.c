/* The window: work is found in order of record, also when some of it comes back, and what is over leaves in order. */
#include "daemon/pipeline/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Records 1 to `n`, all at their start; what is in them does not matter here. */
static void fill(struct tp_window *window, uint64_t n) {
    tp_window_init(window);
    for (uint64_t number = 1; number <= n; number++) {
        const struct tp_journal_record record = {number, TP_RECORD_INTERACTION, 0, TP_STR("four")};
        struct tp_item *item = tp_item_new(&record);
        assert_non_null(item);
        tp_window_add(window, item);
    }
}

static struct tp_item *next(struct tp_window *window, uint64_t expected) {
    struct tp_item *item = tp_window_next(window);
    assert_non_null(item);
    assert_int_equal(item->record, expected);
    assert_int_equal(item->stage, TP_AT_TIMELINE);
    return item;
}

static void leave(struct tp_window *window, uint64_t expected) {
    struct tp_item *item = tp_window_leave(window);
    assert_non_null(item);
    assert_int_equal(item->record, expected);
    tp_item_free(item);
}

static void work_is_found_in_order(void **state) {
    (void)state;
    struct tp_window window;
    fill(&window, 3);
    next(&window, 1);
    next(&window, 2);
    next(&window, 3);
    assert_null(tp_window_next(&window));
    tp_window_free(&window);
}

static void what_is_elsewhere_is_no_work(void **state) {
    (void)state;
    struct tp_window window;
    fill(&window, 3);
    window.oldest->next->stage = TP_AT_KAFKA;
    next(&window, 1);
    next(&window, 3);
    tp_window_free(&window);
}

static void what_comes_later_is_found_later(void **state) {
    (void)state;
    struct tp_window window;
    const struct tp_journal_record record = {2, TP_RECORD_INTERACTION, 0, TP_STR("four")};
    fill(&window, 1);
    next(&window, 1);
    assert_null(tp_window_next(&window));
    tp_window_add(&window, tp_item_new(&record));
    next(&window, 2);
    tp_window_free(&window);
}

static void what_is_over_leaves_in_order(void **state) {
    (void)state;
    struct tp_window window;
    fill(&window, 3);
    struct tp_item *first = next(&window, 1), *second = next(&window, 2), *third = next(&window, 3);
    assert_int_equal(window.n_items, 3);
    assert_int_equal(window.n_bytes, 12);
    third->stage = second->stage = TP_AT_END;
    assert_null(tp_window_leave(&window)); /* the first is not over */
    first->stage = TP_AT_END;
    leave(&window, 1);
    leave(&window, 2);
    leave(&window, 3);
    assert_null(tp_window_leave(&window));
    assert_int_equal(window.n_items, 0);
    assert_int_equal(window.n_bytes, 0);
}

/* The list of an empty window begins anew. */
static void it_can_be_filled_again(void **state) {
    (void)state;
    struct tp_window window;
    const struct tp_journal_record record = {2, TP_RECORD_INTERACTION, 0, TP_STR("four")};
    fill(&window, 1);
    next(&window, 1)->stage = TP_AT_END;
    leave(&window, 1);
    tp_window_add(&window, tp_item_new(&record));
    next(&window, 2)->stage = TP_AT_END;
    leave(&window, 2);
}

/* Work is looked for behind what was given out; what stands there may leave before anyone looks again. */
static void what_leaves_is_not_looked_at_again(void **state) {
    (void)state;
    struct tp_window window;
    fill(&window, 3);
    window.oldest->next->stage = TP_AT_END;
    next(&window, 1)->stage = TP_AT_END;
    leave(&window, 1);
    leave(&window, 2);
    next(&window, 3);
    tp_window_free(&window);
}

static void beginning_again_is_in_order(void **state) {
    (void)state;
    struct tp_window window;
    fill(&window, 4);
    next(&window, 1)->stage = TP_AT_END;
    next(&window, 2);
    next(&window, 3)->stage = TP_AT_KAFKA;
    tp_window_begin_again(&window); /* the second got no answer; the fourth was never asked for */
    next(&window, 2);
    next(&window, 4);
    assert_null(tp_window_next(&window));
    tp_window_free(&window);
}

static void one_put_aside_waits_alone(void **state) {
    (void)state;
    struct tp_window window;
    fill(&window, 3);
    tp_window_put_aside(&window, next(&window, 1));
    next(&window, 2)->stage = TP_AT_END;
    next(&window, 3);
    assert_null(tp_window_next(&window));
    assert_null(tp_window_leave(&window)); /* the journal keeps it */
    tp_window_take_up(&window);
    next(&window, 1);
    assert_null(tp_window_next(&window));
    tp_window_free(&window);
}

static void beginning_again_leaves_aside_what_is(void **state) {
    (void)state;
    struct tp_window window;
    fill(&window, 2);
    tp_window_put_aside(&window, next(&window, 1));
    next(&window, 2);
    tp_window_begin_again(&window);
    next(&window, 2);
    tp_window_take_up(&window);
    next(&window, 1);
    tp_window_free(&window);
}

static void belongs_to(struct tp_item *item, const char *customer, const char *email) {
    snprintf(item->customer_id, sizeof item->customer_id, "%s", customer);
    item->interaction.identifiers[0] = (struct tp_identifier){TP_STR("email"), tp_str(email)};
    item->interaction.n_identifiers = 1;
}

static void one_put_aside_holds_back_those_of_its_customer(void **state) {
    (void)state;
    struct tp_window window;
    fill(&window, 4);
    struct tp_item *first = next(&window, 1), *other = next(&window, 2), *same = next(&window, 3);
    belongs_to(first, "ann", "ann@example.com");
    belongs_to(other, "bob", "bob@example.com");
    belongs_to(same, "ann", "a@example.com");
    assert_false(tp_window_holds(&window, same));
    tp_window_put_aside(&window, first);
    assert_true(tp_window_holds(&window, same));
    assert_false(tp_window_holds(&window, other));
    tp_window_begin_again(&window);
    assert_true(tp_window_holds(&window, same));
    tp_window_take_up(&window);
    assert_false(tp_window_holds(&window, same));
    next(&window, 1);
    tp_window_free(&window);
}

/* What could not be resolved is nobody's yet: whoever shares an identifier with it may be the same customer. */
static void one_without_a_customer_holds_back_by_its_identifiers(void **state) {
    (void)state;
    struct tp_window window;
    fill(&window, 2);
    struct tp_item *first = next(&window, 1), *later = next(&window, 2);
    belongs_to(first, "", "ann@example.com");
    belongs_to(later, "ann", "ann@example.com");
    tp_window_put_aside(&window, first);
    assert_true(tp_window_holds(&window, later));
    tp_window_free(&window);
}

static void what_is_on_its_way_to_kafka_is_known(void **state) {
    (void)state;
    struct tp_window window;
    fill(&window, 3);
    next(&window, 1)->stage = TP_AT_END;
    assert_false(tp_window_on_its_way(&window));
    struct tp_item *item = next(&window, 2);
    item->stage = TP_AT_KAFKA;
    item->is_rejection = false;
    assert_true(tp_window_on_its_way(&window));
    item->is_rejection = true; /* has no place on a timeline */
    assert_false(tp_window_on_its_way(&window));
    tp_window_free(&window);
}

static void it_knows_how_many_are_at_their_start(void **state) {
    (void)state;
    struct tp_window window;
    fill(&window, 4);
    assert_int_equal(window.n_at_start, 4);
    next(&window, 1)->stage = TP_AT_END;
    tp_window_put_aside(&window, next(&window, 2));
    next(&window, 3);
    assert_int_equal(window.n_at_start, 1);
    tp_window_take_up(&window);
    assert_int_equal(window.n_at_start, 2);
    tp_window_begin_again(&window);
    assert_int_equal(window.n_at_start, 3);
    leave(&window, 1);
    assert_int_equal(window.n_at_start, 3);
    tp_window_free(&window);
}

static void the_first_has_only_those_with_a_place_before_it(void **state) {
    (void)state;
    struct tp_window window;
    fill(&window, 3);
    struct tp_item *first = next(&window, 1), *second = next(&window, 2), *third = next(&window, 3);
    assert_true(tp_window_is_first(&window, first));
    assert_false(tp_window_is_first(&window, second));
    tp_window_put_aside(&window, first);
    second->stage = TP_AT_KAFKA;
    assert_false(tp_window_is_first(&window, third));
    first->stage = TP_AT_END;
    assert_true(tp_window_is_first(&window, third));
    tp_window_free(&window);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_knows_how_many_are_at_their_start),
        cmocka_unit_test(work_is_found_in_order),
        cmocka_unit_test(what_is_elsewhere_is_no_work),
        cmocka_unit_test(what_comes_later_is_found_later),
        cmocka_unit_test(what_is_over_leaves_in_order),
        cmocka_unit_test(it_can_be_filled_again),
        cmocka_unit_test(what_leaves_is_not_looked_at_again),
        cmocka_unit_test(beginning_again_is_in_order),
        cmocka_unit_test(one_put_aside_waits_alone),
        cmocka_unit_test(beginning_again_leaves_aside_what_is),
        cmocka_unit_test(one_put_aside_holds_back_those_of_its_customer),
        cmocka_unit_test(one_without_a_customer_holds_back_by_its_identifiers),
        cmocka_unit_test(what_is_on_its_way_to_kafka_is_known),
        cmocka_unit_test(the_first_has_only_those_with_a_place_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
