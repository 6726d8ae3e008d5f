/* Sources: what a sender's body holds, taken apart into elements that normalize can read one by one. Here are the
 * general forms: a JSON object, an array, NDJSON, and CloudEvents 1.0 (structured, batch, binary). Nothing is parsed
 * that need not be: one bad element never takes its batch with it. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/str.h"

/* What a CloudEvent says beside its data; fills what the data leaves out. Empty when absent. */
struct tp_source_defaults {
    struct tp_str id, source, type, time;
};

struct tp_source_element {
    struct tp_str raw;  /* as received, for the rejected topic */
    struct tp_str data; /* the interaction's JSON: raw itself, or a CloudEvent's data */
    struct tp_source_defaults defaults;
    int error; /* 0, or why there is no data; then path and message say more */
    char path[64], message[160];
};

/* Headers of the request, as the front gives them: 1 and the next pair (names in lower case), 0 at the end. `next` may
 * be NULL: no headers. */
struct tp_source_headers {
    int (*next)(const void *arg, size_t *cursor, struct tp_str *ret_name, struct tp_str *ret_value);
    const void *arg;
};

struct tp_source_reader; /* one request's elements, in order */

/* By the content type: application/json, application/x-ndjson (also ndjson, jsonl, x-jsonlines),
 * application/cloudevents+json, application/cloudevents-batch+json, ce-* headers (binary), text/plain or none: by the
 * bytes. `body` is borrowed; a byte order mark in front is stepped over. TP_EMEDIATYPE, TP_EJSON (the framing of the
 * whole is broken), TP_EINVALID (empty), TP_ETOOMANY (over max_events). */
int tp_source_open(struct tp_str content_type, struct tp_source_headers headers, struct tp_str body, size_t max_events,
                   unsigned max_depth, struct tp_source_reader **ret, const char **ret_message);
/* Whether the body holds one element, so that the request's Idempotency-Key can be its id. */
bool tp_source_single(const struct tp_source_reader *reader);
/* 1 and the next element (valid until the next call), 0 at the end. */
int tp_source_next(struct tp_source_reader *reader, struct tp_source_element *ret);
void tp_source_close(struct tp_source_reader *reader);
