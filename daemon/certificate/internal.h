/* Between the files of this folder: store.c keeps and waits, address.c says what may be fetched, fetch.c does it. */
#pragma once

#include <stdatomic.h>

#include "daemon/certificate/certificate.h"

enum { TP_CERTIFICATE_URL_BYTES = 256 };

/* address.c: whether it is https, of such a host, and a file of certificates (.pem), without anything that could be
 * read in two ways. */
bool tp_certificate_may_fetch(const char *hosts, struct tp_str url);

/* fetch.c: appends what is there. False, and why not. `stopped` ends it. */
bool tp_certificate_fetch(const char *url, const char *trusted, const atomic_bool *stopped, struct tp_buf *out,
                          char why[256]);
