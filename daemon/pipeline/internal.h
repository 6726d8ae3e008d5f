/* Private to pipeline/: what the files of delivery share, in the order of a record's way.
 *
 * delivery.c reads a record from the journal into the window; placing.c finds its customer and gives it its place on
 * the timeline; outbox.c brings what came of it to Kafka; delivery.c lets the journal forget. One thread: that of
 * delivery's loop. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "daemon/identity/identity.h"
#include "daemon/kafka/kafka.h"
#include "daemon/log/log.h"
#include "daemon/loop/loop.h"
#include "daemon/pipeline/delivery.h"
#include "daemon/pipeline/item.h"
#include "daemon/pipeline/known.h"
#include "daemon/pipeline/window.h"
#include "daemon/redis/redis.h"
#include "daemon/timeline/timeline.h"

enum { TP_PLACING_BATCH = 2048, TP_PLACING_ENOUGH = 512, TP_PLACING_PACE_MS = 20 };

struct tp_placing {
    struct tp_redis *redis;
    struct tp_identity *identity;
    struct tp_timeline *timeline;
    struct tp_known *known;
    atomic_bool up;     /* connected, and all homes open */
    bool opened_before; /* in this life */
    size_t n_resolving; /* a batch is with identity */
    int64_t next_ms;    /* monotonic: when the next is due, unless enough has gathered before */
    struct event *due;
    struct tp_identity_request requests[TP_PLACING_BATCH];
    struct tp_item *resolving[TP_PLACING_BATCH];
    struct tp_log_limit said_layout;
};

struct tp_outbox {
    struct tp_kafka *kafka;
    struct tp_item *oldest, **newest; /* wait for room in the producer, in order */
    struct tp_log_limit said_reused, said_undeliverable;
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

int tp_outbox_open(struct tp_delivery *delivery, struct tp_buf *fault);
void tp_outbox_close(struct tp_delivery *delivery);
/* To Kafka, with `out` as it is. */
void tp_outbox_add(struct tp_delivery *delivery, struct tp_item *item);
/* To the rejected topic instead, because of `error`. */
void tp_outbox_reject(struct tp_delivery *delivery, struct tp_item *item, int error);
/* What waits, in order, as long as the producer takes it. */
void tp_outbox_go_on(struct tp_delivery *delivery);
