/* Private to pipeline/: what is told of a customer on its topic, whole each time. Pure. */
#pragma once

#include "common/buf.h"
#include "common/mapping.h"

struct tp_told {
    struct tp_str customer_id;
    struct tp_str redirect; /* whom it leads to, and then nothing below is told; "" for a root */
    uint64_t sequence;      /* its last by then: so new is what is told here */
    struct tp_mapping mapping;
    struct tp_str members; /* ids without anything between them */
    struct tp_str traits;  /* as common/traits.h has them */
};
/* {"schema", "id", "redirect" or "sequence", "identifiers", "members", "traits", without the end: "change" follows.
 * TP_ECORRUPT when the mapping or the traits are none. */
int tp_told_begin(const struct tp_told *told, struct tp_buf *out);
/* ,"source", "event", "time": what brought it. */
void tp_told_cause(struct tp_str source, struct tp_str event, int64_t time_ms, struct tp_buf *out);
