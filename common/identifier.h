/* Identifiers made canonical, so that the same person written in two ways is found once.
 * email: trimmed, domain to lower-case ASCII (IDNA 2008), local part to lower case (its ASCII letters); one '@' outside
 * quotes, a domain with a dot. phone: E.164, by libphonenumber, without an extension; any number that is possible by
 * its length in its country. x, instagram, telegram, facebook, slack, line: trimmed; handles lose a leading '@' and go
 * to lower case where the service ignores case (x, instagram, telegram). whatsapp: a phone, international also without
 * its '+'. handle: as x. lower: trimmed, its ASCII letters to lower case. All others: trimmed only. Of each type:
 * UTF-8, 1 to TP_MAX_IDENTIFIER_BYTES, no control characters. */
#pragma once

#include "common/buf.h"
#include "common/str.h"

struct tp_canonical; /* remembers recent phone numbers; one a thread */

/* `region`: ISO 3166 code for numbers without '+', or "" to refuse those. NULL when out of memory. */
struct tp_canonical *tp_canonical_new(const char *region);
void tp_canonical_free(struct tp_canonical *canonical);

/* Appends the canonical value to `out`, or nothing. TP_EFORM, TP_ERANGE (too long) and TP_EUTF8 with what was expected
 * in *ret_expected, a static text such as "an address with one @ and a domain"; TP_ENOMEM. */
int tp_canonical_identifier(struct tp_canonical *canonical, struct tp_str type, struct tp_str value, struct tp_buf *out,
                            const char **ret_expected);
