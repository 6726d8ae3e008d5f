/* For this folder only: addresses. Pure; any thread. */
#pragma once

#include "common/buf.h"
#include "common/str.h"

#define TP_MAX_EMAIL_BYTES 254 /* what fits the path of an SMTP envelope */

/* `email` is UTF-8 without blanks at its ends, nor control characters. Appends its canonical form. TP_EFORM and
 * TP_ERANGE with what was expected, a static text; TP_ENOMEM. */
int tp_email_canonical(struct tp_str email, struct tp_buf *out, const char **ret_expected);
