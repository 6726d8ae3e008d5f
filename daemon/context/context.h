/* Context: what an interaction means in the light of those before it. Pure: of the interaction, its sequence and the
 * customer's state before it, which the timeline stored with the entry, so that a replay and a later reading give the
 * same bytes. What an interaction brings to that state stands here too, beside what reads it. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/str.h"

/* What context needs to know of the interaction. */
struct tp_context_event {
    struct tp_str id, channel, type;
    int64_t time_ms;
};

/* ---- the customer's state, as the timeline keeps it: "LF NAME TAB VALUE" each, in any order. It can be read without
 * a parser, and changed by a script that knows nothing of what it means. Names: ---- */
#define TP_STATE_LAST  "last" /* the interaction that arrived last, as tp_context_last writes it */
#define TP_STATE_COUNT "in."  /* and a channel: how many interactions */
/* Only in the state before an entry that has another version on a timeline: "VERSION SEQUENCE", and behind a blank the
 * customer who has it, where that is another, who was merged into this one. */
#define TP_STATE_SUPERSEDES    "supersedes"    /* the newest that is known, which is older */
#define TP_STATE_SUPERSEDED_BY "superseded_by" /* likewise, where that is as new or newer: this one came late */

/* The next name and value, from the front of `*rest`. False at the end; also where it is no state: then `*rest` is not
 * empty. */
bool tp_context_state_next(struct tp_str *rest, struct tp_str *ret_name, struct tp_str *ret_value);
/* The value of `name`; without bytes (at == NULL) when there is none. */
struct tp_str tp_context_state_get(struct tp_str state, const char *name);

/* The value of TP_STATE_LAST: ms TAB channel TAB type TAB id, the id as JSON, so that it has neither TAB nor LF. */
void tp_context_last(const struct tp_context_event *event, struct tp_buf *out);
/* The same as {"id", "channel", "type", "time"}. TP_ECORRUPT when it is not what tp_context_last wrote. */
int tp_context_last_write(struct tp_str last, struct tp_buf *out);

/* What an interaction brings to the state: appends "last TAB VALUE", which is put there whole, and behind it the name
 * of the count that grows by one. Returns the length of the first. */
size_t tp_context_bring(const struct tp_context_event *event, struct tp_buf *out);

/* One object: {"sequence", "previous" {id, channel, type, time} or null, "gap_s", "channel_switch", "counts" {channel:
 * number, this one included}}. `previous` and `gap_s` follow arrival: for a late interaction the gap is negative.
 * Where another version is known, `supersedes` or `superseded_by` {version, sequence, customer} come behind it, the
 * last only where it is another's; such a one is no contact of its own, and is not counted. TP_ECORRUPT when `before`
 * is not a state. */
int tp_context_write(const struct tp_context_event *event, uint64_t sequence, struct tp_str before, struct tp_buf *out);
/* The other way, of the object read: the sequence, and the state before `event`. That is appended to `last`, nothing or
 * the one line, and to `counts`, sorted by name: the timeline may have kept these lines in another order; to
 * `versions`, what it tells of another version, nothing or one line. TP_ECORRUPT when it is not what tp_context_write
 * wrote. */
int tp_context_read(const json_t *context, const struct tp_context_event *event, uint64_t *ret_sequence,
                    struct tp_buf *last, struct tp_buf *counts, struct tp_buf *versions);
