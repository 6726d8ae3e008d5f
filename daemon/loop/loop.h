/* A thread with an event base, and the one way in from other threads: its mailbox. Nothing of another thread's base may
 * be touched; a mail is handed over instead and its function runs there. */
#pragma once

#include <event2/event.h>

struct tp_loop;

struct tp_mail {
    struct tp_mail *next;
    void (*deliver)(struct tp_mail *mail); /* on the loop's thread; owns the mail from then on */
};

/* A loop on a thread of its own, not yet running. NULL when out of memory or descriptors. */
struct tp_loop *tp_loop_new(const char *name);
struct event_base *tp_loop_base(struct tp_loop *loop);
int tp_loop_start(struct tp_loop *loop);
/* Any thread; in order for one sender; wakes the loop. Never fails. After stop, mail is delivered by tp_loop_free. */
void tp_loop_post(struct tp_loop *loop, struct tp_mail *mail);
/* Asks it to end, and waits. */
void tp_loop_stop(struct tp_loop *loop);
void tp_loop_free(struct tp_loop *loop);
