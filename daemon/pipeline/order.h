/* Private to intake: one body, or one operator's word, on its way to the journal and back. intake.c is asked, taking.c
 * makes records of what was sent, order.c brings them to the journal and the answer to who waits. */
#pragma once

#include "daemon/pipeline/intake.h"

struct tp_order;

struct tp_intake {
    struct tp_intake_options options;
    struct tp_normalizer *normalizer;
    struct tp_buf packed;
    struct tp_order *orders; /* that wait */
    bool stopped;            /* nobody waits any more */
};

/* A job on its way: the batch first, so that the journal's pointer is ours. */
struct tp_order {
    struct tp_journal_batch batch;
    struct tp_mail mail;
    struct tp_job *job;
    struct tp_intake *intake;
    tp_intake_done *done;
    void *arg;
    int64_t began_us; /* monotonic */
    uint64_t first;   /* record of the first element */
    unsigned wait_s;
    bool is_command; /* not of events */
    size_t waiting;  /* seats in the waitroom, and news under way */
    struct event *timer;
    struct tp_order *prev, *next; /* among those that wait */
};

/* order.c */
struct tp_order *tp_order_new(struct tp_intake *intake, unsigned wait_s, tp_intake_done *done, void *arg);
/* To the journal: the order is its own from then on, unless an error is returned. */
int tp_order_submit(struct tp_order *order);
void tp_order_free(struct tp_order *order);   /* one that was not submitted; NULL is fine */
void tp_orders_end(struct tp_intake *intake); /* those that wait are answered with what is known */

/* taking.c: each adds to the order's records and verdicts. */
int tp_order_take(struct tp_order *order, const struct tp_intake_request *request, const char **ret_message);
int tp_order_refuse(struct tp_order *order, const struct tp_intake_refusal *refusal);
int tp_order_take_split(struct tp_order *order, const struct tp_split *split);
