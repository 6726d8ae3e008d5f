/* A sender's request as its mapping gets it: one JSON object, whose members config/sources/README.md explains. What is
 * there is looked at, not believed: a body's first byte says more than its Content-Type. Pure; any thread. */
#pragma once

#include <stdint.h>

#include "daemon/source/source.h"

struct tp_source_request {
    struct tp_str name, kind, region; /* the source's */
    struct tp_str method, path, query, body;
    struct tp_source_headers headers; /* those that hold secrets are left out */
    struct tp_str body_sha256;        /* in hex */
    int64_t received_ms;
    const char *decode; /* a pointer to members that are JSON in base64; "" for none */
    unsigned max_depth;
    size_t max_unpacked; /* bytes that each of those may unpack to */
};
/* Appends it. TP_EJSON and others of common/json.h: the body begins like JSON and is none, which `message` explains;
 * TP_EINVALID: the query or form is broken; TP_ENOMEM. */
int tp_source_describe(const struct tp_source_request *request, struct tp_buf *out, char message[160]);
