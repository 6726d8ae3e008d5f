/* The mailbox from many threads, and what becomes of mail around stop and free. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>

#include "daemon/loop/loop.h"

enum { SENDERS = 4, LETTERS = 2000 };

struct desk {
    struct tp_loop *loop;
    pthread_t reader;
    unsigned next[SENDERS];
    bool in_order, one_reader;
    unsigned left;
    sem_t done;
};

struct letter {
    struct tp_mail mail;
    struct desk *desk;
    unsigned sender, number;
};

struct sender {
    struct desk *desk;
    unsigned sender;
    pthread_t thread;
};

static void read_letter(struct tp_mail *mail) {
    struct letter *letter = (struct letter *)mail;
    struct desk *desk = letter->desk;
    if (letter->number != desk->next[letter->sender]++)
        desk->in_order = false;
    if (desk->left == SENDERS * LETTERS)
        desk->reader = pthread_self();
    else if (!pthread_equal(desk->reader, pthread_self()))
        desk->one_reader = false;
    if (--desk->left == 0)
        sem_post(&desk->done);
    free(letter);
}

static void write_letter(struct desk *desk, unsigned sender, unsigned number) {
    struct letter *letter = calloc(1, sizeof *letter);
    *letter = (struct letter){{NULL, read_letter}, desk, sender, number};
    tp_loop_post(desk->loop, &letter->mail);
}

static void *send_letters(void *arg) {
    struct sender *sender = arg;
    for (unsigned i = 0; i < LETTERS; i++)
        write_letter(sender->desk, sender->sender, i);
    return NULL;
}

static void test_mail_of_each_sender_arrives_in_order_on_the_loops_thread(void **state) {
    (void)state;
    struct desk desk = {.in_order = true, .one_reader = true, .left = SENDERS * LETTERS};
    sem_init(&desk.done, 0, 0);
    desk.loop = tp_loop_new("desk");
    assert_non_null(desk.loop);
    assert_int_equal(tp_loop_start(desk.loop), 0);
    struct sender senders[SENDERS];
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.desk = &desk, .sender = i};
        pthread_create(&senders[i].thread, NULL, send_letters, &senders[i]);
    }
    sem_wait(&desk.done);
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    tp_loop_stop(desk.loop);
    assert_true(desk.in_order);
    assert_true(desk.one_reader);
    assert_false(pthread_equal(desk.reader, pthread_self()));
    tp_loop_free(desk.loop);
    sem_destroy(&desk.done);
}

static void test_mail_after_stop_is_delivered_by_free(void **state) {
    (void)state;
    struct desk desk = {.in_order = true, .one_reader = true, .left = SENDERS * LETTERS};
    desk.loop = tp_loop_new("desk");
    assert_int_equal(tp_loop_start(desk.loop), 0);
    tp_loop_stop(desk.loop);
    tp_loop_stop(desk.loop);
    write_letter(&desk, 0, 0);
    write_letter(&desk, 0, 1);
    assert_int_equal(desk.next[0], 0);
    tp_loop_free(desk.loop);
    assert_int_equal(desk.next[0], 2);
    assert_true(desk.in_order);
}

struct chain {
    struct tp_mail mail;
    struct tp_loop *loop;
    unsigned links;
};

static void forward(struct tp_mail *mail) {
    struct chain *chain = (struct chain *)mail;
    if (--chain->links > 0)
        tp_loop_post(chain->loop, mail);
}

static void test_mail_that_brings_mail_is_delivered_too(void **state) {
    (void)state;
    struct chain chain = {.mail.deliver = forward, .links = 3};
    chain.loop = tp_loop_new("never started");
    assert_non_null(chain.loop);
    tp_loop_post(chain.loop, &chain.mail);
    tp_loop_free(chain.loop);
    assert_int_equal(chain.links, 0);
}

static void test_free_takes_null(void **state) {
    (void)state;
    tp_loop_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mail_of_each_sender_arrives_in_order_on_the_loops_thread),
        cmocka_unit_test(test_mail_after_stop_is_delivered_by_free),
        cmocka_unit_test(test_mail_that_brings_mail_is_delivered_too),
        cmocka_unit_test(test_free_takes_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
