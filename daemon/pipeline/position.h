/* Private to pipeline/: the position, what of the journal is in Kafka or needs nothing there: all below the frontier,
 * and ranges above it, since records end out of order. It stands in the ledger, written in each transaction as of what
 * that commits, so that a new life gives Kafka the rest and nothing twice.
 *
 *   {"frontier": N, "done": [[FIRST, LAST], ...], "life": UUID}
 *
 * `life` is of the process that wrote it: two that work under one node's name, on copies of one journal, see by it that
 * there is another. Of what was beyond the frontier no more is kept than the window held. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/uuid.h"

struct tp_range {
    uint64_t first, last;
};

struct tp_position {
    uint64_t frontier;
    char life[TP_UUID_TEXT];
    size_t n_done, room;
    struct tp_range *done; /* in order, apart from each other and from the frontier */
    bool failed;           /* memory was short */
};

void tp_position_free(struct tp_position *position); /* what it holds, not itself */
/* Records `first` to `last` are done; above all that were added before. Those at the frontier move it on. */
void tp_position_add(struct tp_position *position, uint64_t first, uint64_t last);
bool tp_position_has(const struct tp_position *position, uint64_t record);
/* What `from` has from `first` to `last` is added. */
void tp_position_take_over(struct tp_position *position, const struct tp_position *from, uint64_t first, uint64_t last);
void tp_position_write(const struct tp_position *position, struct tp_buf *out);
/* "" is where all begins. TP_ECORRUPT: not what was written here. */
int tp_position_read(struct tp_str text, struct tp_position *ret);
