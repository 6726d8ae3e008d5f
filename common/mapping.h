/* A customer's mapping: which identifiers are attached to it, since when, and by which event. Here in the form in which
 * the timeline's scripts keep it (customer.lua), which is read without a parser, and as JSON. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/interaction.h"
#include "common/str.h"

/* In the order in which they were attached. Borrowed. */
struct tp_mapping {
    size_t n;
    struct tp_str
        first_seen; /* >I6 each: ms since 1970; 2^47 more, which is passed over, while nobody was told of it */
    struct tp_str identifiers; /* LF, then "TYPE TAB VALUE LF" each */
    struct tp_str origins; /* "SOURCE TAB EVENT LF" each: an event, its id as JSON; then "TAB HOLDER", where it is that
                              member's; only LF when as the one before */
};

struct tp_attachment {
    struct tp_identifier identifier;
    int64_t first_seen_ms;
    struct tp_str source, event; /* that attached it; the event's id as JSON */
    struct tp_str holder;        /* the member whose it is; "": its own */
};
/* The next, from the front of `*rest`. False at the end, and where it is no mapping: then `rest->n` is not 0. The same
 * `attachment` is to be given throughout, since an origin may be that of the one before. */
bool tp_mapping_next(struct tp_mapping *rest, struct tp_attachment *attachment);

/* So many identifiers, and of so many bytes their lines and those of their origins: first_seen, identifiers and origins
 * one behind the other. */
struct tp_mapping tp_mapping_read(struct tp_reader *reader, size_t n, size_t identifiers_len, size_t origins_len);

/* The origin of what an event attaches, as it is kept: without the LF. */
void tp_mapping_origin(struct tp_str source, struct tp_str id, struct tp_buf *out);

/* [{"type", "value", "first_seen", "source", "event", "customer"}], the last where it is a member's. TP_ECORRUPT when
 * it is no mapping. */
int tp_mapping_write(struct tp_mapping mapping, struct tp_buf *out);
