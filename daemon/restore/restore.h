/* Restore: what Kafka has, put back into Redis, with the customer ids, sequences and identifiers that Kafka has. Kafka
 * is the authority: consumers have seen it.
 *
 * Blocking, on a thread of the caller's. Every lane and bucket must have been closed under `repair` (home.h) by the
 * caller, who also opens them afterwards; each write compares that first, so a restore whose server was lost once more
 * ends with TP_ELOST, one that another has overtaken with TP_ECLOSED, and neither has done harm. It may be begun again
 * at any point. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "daemon/settings/settings.h"

struct tp_restore_progress {
    uint64_t total, records;  /* of the interactions topic: to be read, and read */
    uint64_t entries, claims; /* put back: entries of timelines, identifiers */
    uint64_t merges;          /* made: customers who lead to another again */
    uint64_t mappings;   /* of the customers topic, each customer's last: read, and told something that was lacking */
    uint64_t unreadable; /* records that are none of ours, or of a version unknown here: passed over, said */
    uint64_t lacking;    /* entries that Kafka has no more (retention) */
    uint64_t customers;  /* in whose timelines they are lacking; one with two gaps counts twice */
};

struct tp_restore_options {
    const struct tp_settings *settings;
    uint64_t repair;
    bool all;         /* take out everything first; else only what is missing is put back */
    int64_t since_ms; /* unless all: records produced before are passed over */
    const atomic_bool *stop;
    void (*on_progress)(void *arg,
                        const struct tp_restore_progress *progress); /* about once a second, while it goes on */
    void *arg;
};

/* 0; TP_ELOST; TP_ECLOSED; TP_EUNAVAILABLE: Redis or Kafka is away; TP_ESTOPPING; each with a line in `fault`. `ret` is
 * written in every case. */
int tp_restore(const struct tp_restore_options *options, struct tp_buf *fault, struct tp_restore_progress *ret);
