/* Receiving: the way of what a source sends, before intake's: its request is described, mapped to interactions, and
 * these go the way of all. One a thread of the front, on whose loop everything happens. */
#pragma once

#include "daemon/loop/loop.h"
#include "daemon/pipeline/intake.h"
#include "daemon/pipeline/senders.h"

struct tp_receiving;

struct tp_receiving_options {
    const struct tp_settings *settings;
    const struct tp_senders *senders;
    struct tp_intake *intake;
    struct tp_loop *loop;
};
int tp_receiving_new(const struct tp_receiving_options *options, struct tp_receiving **ret);
/* As the intake's. */
void tp_receiving_stop(struct tp_receiving *receiving);
void tp_receiving_free(struct tp_receiving *receiving); /* NULL is fine */

struct tp_received { /* borrowed until `done` is called */
    struct tp_str method, path, query, body;
    struct tp_source_headers headers;
};
/* `done` is called once, at once or later, on the loop, and owns the job: of what the mapping made; of one refusal
 * where it cannot read what was sent; or with an error of the whole, when the sender should come again. TP_ENOMEM: it
 * is not called. */
int tp_receiving_take(struct tp_receiving *receiving, struct tp_sender *sender, const struct tp_received *received,
                      tp_intake_done *done, void *arg);
