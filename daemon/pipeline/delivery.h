/* Delivery: the way behind the journal, identity -> timeline -> context -> kafka -> journal released.
 *
 * One thread with a loop of its own. Records are read from the journal in order, up to a window; each goes its way, and
 * when the broker has all up to one, the journal may forget those. Whatever goes wrong on the way to the timeline
 * (Redis away, slow, another server) has one remedy: what is not yet answered begins its way again, in order, when
 * Redis is there. That is safe because a claim never changes and an append happens once. What goes wrong with one
 * record alone is tried a few times, and then goes to the rejected topic; nothing waits for it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "daemon/journal/journal.h"
#include "daemon/pipeline/waitroom.h"
#include "daemon/settings/settings.h"

struct tp_delivery;

struct tp_delivery_options {
    const struct tp_settings *settings;
    struct tp_journal *journal;
    struct tp_waitroom *waitroom;
    void (*on_fenced)(void); /* another daemon has taken this node over at Kafka; delivery's thread, once */
};

/* Starts its thread. TP_ECONFIG with the reason in `fault`. */
int tp_delivery_start(const struct tp_delivery_options *options, struct tp_buf *fault, struct tp_delivery **ret);
/* Any thread, also the journal's writer: there is more to read. */
void tp_delivery_wake(struct tp_delivery *delivery);
/* Reads no more, gives what is under way up to timeout_ms to end, and ends its thread. */
void tp_delivery_stop(struct tp_delivery *delivery, unsigned timeout_ms);
void tp_delivery_free(struct tp_delivery *delivery); /* NULL is fine */

/* Any thread. */
bool tp_delivery_redis_up(const struct tp_delivery *delivery);
bool tp_delivery_kafka_up(const struct tp_delivery *delivery);
/* Alive: a number that grows while the thread's loop turns, for the watchdog. */
uint64_t tp_delivery_pulse(const struct tp_delivery *delivery);
