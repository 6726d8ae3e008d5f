/* Context: what an interaction means in the light of those before it. Pure: of the interaction, its sequence and the
 * customer's state before it, which the timeline stored with the entry, so that a replay and a later reading give the
 * same bytes. Which changes an interaction brings to that state stands here too, beside what reads them. Any thread. */
#pragma once

#include <stdint.h>

#include "common/buf.h"
#include "common/str.h"

/* What context needs to know of the interaction. */
struct tp_context_event {
    struct tp_str id, channel, type;
    int64_t time_ms;
};

/* The names within a customer's state. */
#define TP_STATE_SEQUENCE "n"
#define TP_STATE_ID       "id" /* of the interaction that arrived last */
#define TP_STATE_CHANNEL  "channel"
#define TP_STATE_TYPE     "type"
#define TP_STATE_TIME     "time" /* ms */
#define TP_STATE_COUNT    "in."  /* and a channel: how many interactions */

/* One object: {"sequence", "previous" {id, channel, type, time} or null, "gap_s", "channel_switch", "counts" {channel:
 * number, this one included}}. `previous` and `gap_s` follow arrival: for a late interaction the gap is negative.
 * TP_ECORRUPT when `before` is not a state. */
int tp_context_write(const struct tp_context_event *event, uint64_t sequence, struct tp_str before, struct tp_buf *out);
