/* Certificates that a sender names by an address: fetched by https from hosts that an operator has named, and kept.
 * Unless hosts are named no request goes out.
 *
 * Nobody waits for one: who asks first is told to come again, and a thread of its own, begun by the first question,
 * fetches them one by one. Whoever can make others ask can make that thread fetch, from these hosts alone: an address
 * that failed is left alone for a while, and what waits and is kept is bounded.
 *
 * Any thread may ask; the store belongs to who made it. */
#pragma once

#include "common/buf.h"
#include "common/str.h"

struct tp_certificates_options {
    const char *hosts;   /* HOST or HOST:PORT, comma-separated; * is any one label. Borrowed, as what follows */
    const char *trusted; /* a file in PEM of who may have signed for these hosts; "": whom the system trusts */
};
struct tp_certificates;
int tp_certificates_new(const struct tp_certificates_options *options, struct tp_certificates **ret);
void tp_certificates_free(struct tp_certificates *certificates); /* NULL is fine; ends a fetch that is under way */

/* Appends the certificate, in PEM. TP_EUNAVAILABLE: it is being fetched, or could not be lately; ask again.
 * TP_EFORBIDDEN: nothing is fetched from there. TP_ENOMEM. */
int tp_certificates_find(struct tp_certificates *certificates, struct tp_str url, struct tp_buf *out);
