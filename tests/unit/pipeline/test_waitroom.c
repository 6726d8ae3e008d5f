/* The waitroom: whoever waits for a record gets its news once, on their own loop, or leaves and gets none. */
#include "daemon/pipeline/waitroom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "common/error.h"

/* One who waits, and what they were told last. */
struct waiter {
    unsigned told;
    size_t index;
    enum tp_outcome outcome;
    int error;
    char event[32];
};

static void on_news(struct tp_mail *mail) {
    struct tp_news *news = (struct tp_news *)mail;
    struct waiter *waiter = news->waiter;
    waiter->told++;
    waiter->index = news->index;
    waiter->outcome = news->outcome;
    waiter->error = news->error;
    assert_true(news->event_len < sizeof waiter->event);
    memcpy(waiter->event, news->event, news->event_len);
    waiter->event[news->event_len] = '\0';
    free(news);
}

struct house {
    struct tp_waitroom *room;
    struct tp_loop *loop;
};

static int setup(void **state) {
    struct house *house = calloc(1, sizeof *house);
    *house = (struct house){tp_waitroom_new(), tp_loop_new("front")};
    *state = house;
    return house->room && house->loop ? 0 : -1;
}

static int teardown(void **state) {
    struct house *house = *state;
    tp_loop_free(house->loop);
    tp_waitroom_free(house->room);
    free(house);
    return 0;
}

static void enter(struct house *house, uint64_t record, struct waiter *waiter, size_t index) {
    assert_int_equal(tp_waitroom_enter(house->room, record, house->loop, waiter, index, on_news), 0);
}

static void read_mail(struct house *house) { event_base_loop(tp_loop_base(house->loop), EVLOOP_NONBLOCK); }

static void who_waits_is_told(void **state) {
    struct house *house = *state;
    struct waiter ann = {0}, bob = {0};
    enter(house, 7, &ann, 3);
    enter(house, 8, &bob, 0);
    tp_waitroom_tell(house->room, 7, TP_DELIVERED, 0, TP_STR("{\"id\":\"e1\"}"));
    assert_int_equal(ann.told, 0); /* by mail, not at once */
    read_mail(house);
    assert_int_equal(ann.told, 1);
    assert_int_equal(ann.index, 3);
    assert_int_equal(ann.outcome, TP_DELIVERED);
    assert_string_equal(ann.event, "{\"id\":\"e1\"}");
    assert_int_equal(bob.told, 0);
    tp_waitroom_tell(house->room, 8, TP_WAS_REFUSED, TP_EIDREUSED, (struct tp_str){0});
    read_mail(house);
    assert_int_equal(bob.told, 1);
    assert_int_equal(bob.outcome, TP_WAS_REFUSED);
    assert_int_equal(bob.error, TP_EIDREUSED);
    assert_string_equal(bob.event, "");
}

static void a_record_is_told_once(void **state) {
    struct house *house = *state;
    struct waiter ann = {0};
    enter(house, 7, &ann, 0);
    tp_waitroom_tell(house->room, 7, TP_DELIVERED, 0, TP_STR("first"));
    tp_waitroom_tell(house->room, 7, TP_WAS_DUPLICATE, 0, TP_STR("second"));
    read_mail(house);
    assert_int_equal(ann.told, 1);
    assert_string_equal(ann.event, "first");
}

static void who_leaves_is_told_nothing(void **state) {
    struct house *house = *state;
    struct waiter ann = {0};
    enter(house, 7, &ann, 0);
    assert_true(tp_waitroom_leave(house->room, 7));
    tp_waitroom_tell(house->room, 7, TP_DELIVERED, 0, TP_STR("late"));
    read_mail(house);
    assert_int_equal(ann.told, 0);
}

/* So that they know that news are on their way, and stay until those are there. */
static void who_leaves_too_late_hears_so(void **state) {
    struct house *house = *state;
    struct waiter ann = {0};
    enter(house, 7, &ann, 0);
    tp_waitroom_tell(house->room, 7, TP_DELIVERED, 0, TP_STR("in time"));
    assert_false(tp_waitroom_leave(house->room, 7));
    read_mail(house);
    assert_int_equal(ann.told, 1);
}

static void it_knows_for_which_records_somebody_waits(void **state) {
    struct house *house = *state;
    struct waiter ann = {0};
    assert_false(tp_waitroom_has(house->room, 7));
    enter(house, 7, &ann, 0);
    assert_true(tp_waitroom_has(house->room, 7));
    assert_false(tp_waitroom_has(house->room, 8));
    assert_false(tp_waitroom_leave(house->room, 8));
    assert_true(tp_waitroom_leave(house->room, 7));
    assert_false(tp_waitroom_has(house->room, 7));
}

static void news_nobody_waits_for_are_dropped(void **state) {
    struct house *house = *state;
    tp_waitroom_tell(house->room, 7, TP_DELIVERED, 0, TP_STR("to nobody"));
    read_mail(house);
}

/* What a stop leaves behind: the sanitizer sees that it goes with the room. */
static void seats_that_are_taken_go_with_the_room(void **state) {
    static struct waiter ann;
    enter(*state, 7, &ann, 0);
}

/* ---- entering, telling and leaving at the same time ---- */

enum { RECORDS = 5000 };

struct race {
    struct house *house;
    struct waiter waiters[RECORDS];
    bool left[RECORDS];
    atomic_uint entered; /* those below are in, or were */
};

static void *tell_all(void *arg) {
    struct race *race = arg;
    for (uint64_t record = 0; record < RECORDS; record++) {
        while (atomic_load(&race->entered) <= record)
            ;
        tp_waitroom_tell(race->house->room, record, TP_DELIVERED, 0, TP_STR("there"));
    }
    return NULL;
}

static void *leave_all(void *arg) {
    struct race *race = arg;
    for (uint64_t record = 0; record < RECORDS; record++) {
        while (atomic_load(&race->entered) <= record)
            ;
        race->left[record] = tp_waitroom_leave(race->house->room, record);
    }
    return NULL;
}

static void each_is_told_or_has_left_and_never_both(void **state) {
    static struct race race;
    pthread_t teller, leaver;
    race.house = *state;
    assert_int_equal(pthread_create(&teller, NULL, tell_all, &race), 0);
    assert_int_equal(pthread_create(&leaver, NULL, leave_all, &race), 0);
    for (uint64_t record = 0; record < RECORDS; record++) {
        enter(race.house, record, &race.waiters[record], 0);
        atomic_store(&race.entered, (unsigned)record + 1);
    }
    pthread_join(teller, NULL);
    pthread_join(leaver, NULL);
    read_mail(race.house);
    for (size_t record = 0; record < RECORDS; record++)
        assert_int_equal(race.waiters[record].told + race.left[record], 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_waits_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_is_told_once, setup, teardown),
        cmocka_unit_test_setup_teardown(who_leaves_is_told_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(who_leaves_too_late_hears_so, setup, teardown),
        cmocka_unit_test_setup_teardown(it_knows_for_which_records_somebody_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(news_nobody_waits_for_are_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(seats_that_are_taken_go_with_the_room, setup, teardown),
        cmocka_unit_test_setup_teardown(each_is_told_or_has_left_and_never_both, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
