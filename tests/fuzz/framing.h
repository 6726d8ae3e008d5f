/* A second opinion on where HTTP requests end, made from RFC 9112 alone and sharing no code with the daemon. It is
 * strict: what two servers could read in two ways is not a request to it. */
#pragma once

#include "common/buf.h"
#include "common/str.h"

struct framed_request {
    size_t len; /* with the empty lines in front of it */
    struct tp_str method, target;
    bool coded;         /* it has a Content-Encoding */
    struct tp_buf body; /* without its chunks' framing; the caller's to free, in any case */
};

/* Whether the bytes begin with one whole request that has one clear framing. */
bool framed_read(struct tp_str bytes, struct framed_request *ret);
