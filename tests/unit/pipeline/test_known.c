/* Which ids passed lately, and with what content. */
#include "daemon/pipeline/known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tp_interaction sent(uint64_t key, uint64_t content) {
    return (struct tp_interaction){.key = key, .content = content};
}

static void an_id_passes_again_with_the_same_content_only(void **state) {
    struct tp_known *known = *state;
    struct tp_interaction first = sent(7, 1), retry = sent(7, 1), other = sent(7, 2);
    assert_false(tp_known_otherwise(known, &first));
    assert_false(tp_known_otherwise(known, &retry));
    assert_true(tp_known_otherwise(known, &other));
    assert_false(tp_known_otherwise(known, &retry)); /* what was refused changes nothing */
}

static void what_was_not_taken_does_not_count(void **state) {
    struct tp_known *known = *state;
    struct tp_interaction refused = sent(8, 2), first = sent(8, 1);
    assert_false(tp_known_otherwise(known, &refused));
    tp_known_forget(known, &refused);
    assert_false(tp_known_otherwise(known, &first));
    tp_known_forget(known, &refused); /* of another content: nothing is forgotten */
    assert_true(tp_known_otherwise(known, &refused));
}

static void of_two_that_share_a_slot_the_newer_stays(void **state) {
    struct tp_known *known = *state;
    struct tp_interaction old = sent(9, 1), newer = sent(9 + TP_KNOWN_IDS, 1), reused = sent(9 + TP_KNOWN_IDS, 2);
    assert_false(tp_known_otherwise(known, &old));
    assert_false(tp_known_otherwise(known, &newer));
    assert_true(tp_known_otherwise(known, &reused));
}

static int begin(void **state) { return (*state = tp_known_new()) ? 0 : -1; }

static int finish(void **state) {
    tp_known_free(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_id_passes_again_with_the_same_content_only),
        TEST(what_was_not_taken_does_not_count),
        TEST(of_two_that_share_a_slot_the_newer_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
