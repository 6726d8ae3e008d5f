/* Private to pipeline/: what the files of delivery share, in the order of a record's way.
 *
 * delivery.c reads a record from the journal into the window; placing.c finds its customer and gives it its place on
 * the timeline, where deferring.c goes between the two for some, and splitting.c takes a merge back; outbox.c brings
 * what came of it to Kafka; delivery.c lets the journal forget. One thread: that of delivery's loop. Beside it repair.c
 * has a thread, for a Redis that is not what it was. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "daemon/customer/customer.h"
#include "daemon/identity/identity.h"
#include "daemon/kafka/kafka.h"
#include "daemon/log/log.h"
#include "daemon/loop/loop.h"
#include "daemon/pipeline/delivery.h"
#include "daemon/pipeline/item.h"
#include "daemon/pipeline/known.h"
#include "daemon/pipeline/position.h"
#include "daemon/pipeline/repair.h"
#include "daemon/pipeline/window.h"
#include "daemon/redis/redis.h"
#include "daemon/timeline/timeline.h"

enum { TP_PLACING_BATCH = 2048, TP_PLACING_ENOUGH = 512, TP_PLACING_PACE_MS = 20 };
enum { TP_MOST_MOVES = 20 }; /* of an item, before it is put aside as one that failed */

struct tp_placing {
    struct tp_redis *redis;
    struct tp_identity *identity;
    struct tp_timeline *timeline;
    struct tp_known *known;
    atomic_bool there;           /* connected, and looked at */
    atomic_bool up;              /* and all homes are open, under `repair` */
    uint64_t repair;             /* the number that every call carries */
    bool looking;                /* at all homes, or at one */
    unsigned next_home;          /* to be looked at, one a pulse */
    int64_t opened_ms;           /* what was received before may have been placed in an earlier life */
    size_t n_resolving;          /* a batch is with identity */
    size_t n_deferring;          /* of these: with their arbiters */
    bool anew;                   /* what is with identity is to be resolved anew */
    size_t n_appending;          /* with the timeline */
    bool drains;                 /* nothing is resolved until that is 0 */
    const struct tp_item *split; /* nor beside this one, from its turn until it is told */
    int64_t next_ms;             /* monotonic: when the next is due, unless enough has gathered before */
    struct event *due;
    struct tp_identity_request requests[TP_PLACING_BATCH];
    struct tp_item *resolving[TP_PLACING_BATCH];
    struct tp_log_limit said_layout;
};

struct tp_repair {
    pthread_t thread;
    bool opened, runs;
    pthread_mutex_t mutex; /* of what follows, but for what is atomic */
    pthread_cond_t cond;
    bool wanted; /* something is to be mended */
    bool quiet;
    uint64_t frontier; /* of the quiet node: it never delivers again what lies below, whatever happens to it */
    struct tp_repair_report report;
    atomic_bool stop, rebuild, quiet_asked, flush_asked, look_asked;
    atomic_uint_fast64_t number; /* under which the node works, once it is quiet */
    atomic_bool known;           /* the node, to the ledger: it may deliver */
    atomic_bool worked;          /* the node has delivered, in this life or an earlier one */
    bool said_loss;              /* the thread's own */
    struct tp_log_limit said_waits;
};

struct tp_outbox {
    struct tp_kafka *kafka;
    struct tp_item *oldest, **newest; /* wait for room in the producer, in order */
    struct tp_log_limit said_reused, said_undeliverable;
    bool ready;                  /* what Kafka has already is known */
    struct tp_position position; /* that, as it was read */
    uint64_t read_up_to;         /* `position` says nothing of records from here on */
    uint64_t repair;             /* the last that was called when it was read */
    uint64_t released;           /* all below were */
    char life[TP_UUID_TEXT];     /* this process */
};

struct tp_delivery {
    struct tp_delivery_options options;
    const char *node;
    struct tp_loop *loop;
    struct tp_mail wake;
    atomic_bool woken; /* the mail is on its way */
    struct event *turn, *pulse_timer;
    atomic_uint_fast64_t pulse;
    atomic_bool stopping, drained;
    struct tp_log_limit said_unreadable;

    struct tp_window window;
    struct tp_placing placing;
    struct tp_repair repair;
    struct tp_outbox outbox;
};

/* Everything that can be moved is moved at the loop's next turn, once, however many callbacks ask for it. */
void tp_delivery_soon(struct tp_delivery *delivery);
/* The item's way is over; those who wait for it are told, now or when everything before it is over too. */
void tp_delivery_end(struct tp_delivery *delivery, struct tp_item *item, enum tp_outcome outcome);

int tp_placing_open(struct tp_delivery *delivery);
void tp_placing_close(struct tp_delivery *delivery);
/* Those at their start, in order, as many as may now. */
void tp_placing_go_on(struct tp_delivery *delivery);
/* At all lanes and buckets; when these are open, it goes on under their number, else the repair is told. */
void tp_placing_look(struct tp_delivery *delivery);
/* At one of them, the next one each time: so a loss is noticed also where nothing is written. */
void tp_placing_watch(struct tp_delivery *delivery);
/* What is with Redis is given up, because of `status`: it begins again when Redis was looked at. */
void tp_placing_give_up(struct tp_delivery *delivery, int status);

/* Asks the arbiters of the first `n` that are resolved, of those that have one. False: of none. */
bool tp_deferring_begin(struct tp_delivery *delivery, size_t n);
/* One has answered. False: what it answered is that of the item's append. */
bool tp_deferring_takes(struct tp_delivery *delivery, struct tp_item *item, enum tp_append_result result);
/* Its place is with the `owner` that was answered; it is to be resolved anew. */
void tp_deferring_lead(struct tp_placing *placing, struct tp_item *item);

/* A split, whose turn it is: nothing else is with Redis, nor will be before it is on its way to Kafka. */
void tp_splitting_begin(struct tp_delivery *delivery, struct tp_item *item);

int tp_repair_open(struct tp_delivery *delivery);
void tp_repair_close(struct tp_delivery *delivery);
/* The loop's: each turn, what the repair's thread has asked for; and: something is not as it should be. */
void tp_repair_turn(struct tp_delivery *delivery);
void tp_repair_want(struct tp_delivery *delivery);
/* The thread's. Quiet: no call is with Redis, and Kafka has all that was on its way there; from then on the node's
 * number is this one. */
void tp_repair_ask_quiet(struct tp_delivery *delivery, uint64_t number);
bool tp_repair_is_quiet(struct tp_repair *repair, uint64_t *ret_frontier);
void tp_repair_pause(struct tp_repair *repair, unsigned ms); /* ends early with the daemon */
void tp_repair_enter(struct tp_repair *repair, enum tp_repair_state state, uint64_t number);
void tp_repair_note(struct tp_repair *repair, bool all, const struct tp_restore_progress *progress);
void tp_repair_leave(struct tp_repair *repair); /* all is well, unless more is asked for */

int tp_outbox_open(struct tp_delivery *delivery, struct tp_buf *fault);
void tp_outbox_close(struct tp_delivery *delivery);
/* To Kafka, with `out` as it is. */
void tp_outbox_add(struct tp_delivery *delivery, struct tp_item *item);
/* To the rejected topic instead, because of `error`. */
void tp_outbox_reject(struct tp_delivery *delivery, struct tp_item *item, int error);
/* What waits, in order, as long as the producer takes it. */
void tp_outbox_go_on(struct tp_delivery *delivery);
/* Not known yet: whether Kafka has the oldest record of the window. One that it has, and that its customer has
 * forgotten since, would be new on the timeline. */
bool tp_outbox_is_in_doubt(const struct tp_delivery *delivery);
/* Whether Kafka has this record already, as far as is known. */
bool tp_outbox_has(const struct tp_delivery *delivery, uint64_t record);
/* Nothing is on its way to Kafka, nor has an answer outstanding. */
bool tp_outbox_is_empty(const struct tp_delivery *delivery);
/* What is on its way is committed now, not when its time is up, and the position with it, whose "repair" is that of
 * placing. Nothing to do without transactions. */
void tp_outbox_flush(struct tp_delivery *delivery);
