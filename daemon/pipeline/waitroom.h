/* Those who asked to wait (`?wait=`): which request is to be told when a record of the journal has been dealt with.
 * Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"
#include "daemon/loop/loop.h"

struct tp_waitroom;

enum tp_outcome {
    TP_DELIVERED,     /* in the timeline and in Kafka */
    TP_WAS_DUPLICATE, /* it was there already */
    TP_WAS_REFUSED    /* on the rejected topic: id_reused, or undeliverable */
};

/* A mail to the loop of the one who waits. */
struct tp_news {
    struct tp_mail mail; /* first */
    void *waiter;
    size_t index;
    enum tp_outcome outcome;
    int error;        /* of TP_WAS_REFUSED */
    size_t event_len; /* the enriched interaction */
    char event[];
};

struct tp_waitroom *tp_waitroom_new(void);
void tp_waitroom_free(struct tp_waitroom *room);
/* News of `record` will be posted to `loop`, to be delivered by `deliver`, once. */
int tp_waitroom_enter(struct tp_waitroom *room, uint64_t record, struct tp_loop *loop, void *waiter, size_t index,
                      void (*deliver)(struct tp_mail *news));
/* True when it was still there: then no news will come. */
bool tp_waitroom_leave(struct tp_waitroom *room, uint64_t record);
/* Quick when nobody waits at all. */
bool tp_waitroom_has(struct tp_waitroom *room, uint64_t record);
void tp_waitroom_tell(struct tp_waitroom *room, uint64_t record, enum tp_outcome outcome, int error,
                      struct tp_str event);
