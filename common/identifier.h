/* Identifiers made canonical, so that the same person written in two ways is found once.
 * email: trimmed, domain to lower-case ASCII (IDNA 2008), local part to lower case. phone: E.164, by libphonenumber.
 * x, instagram, telegram, facebook, slack, line: trimmed; handles lose a leading '@' and go to lower case where the
 * service ignores case (x, instagram, telegram). whatsapp: a phone. All others: trimmed only. */
#pragma once

#include "common/buf.h"
#include "common/str.h"

struct tp_canonical; /* remembers recent phone numbers; one a thread */

/* `region`: ISO 3166 code for numbers without '+', or "" to refuse those. NULL when out of memory. */
struct tp_canonical *tp_canonical_new(const char *region);
void tp_canonical_free(struct tp_canonical *canonical);

/* Appends the canonical value to `out`. TP_EFORM with the reason in *ret_expected (a static text such as "an address
 * with one @ and a domain"), TP_ERANGE when too long, TP_EUTF8. */
int tp_canonical_identifier(struct tp_canonical *canonical, struct tp_str type, struct tp_str value,
                            struct tp_buf *out, const char **ret_expected);
