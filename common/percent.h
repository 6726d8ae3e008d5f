/* Percent-encoding (RFC 3986, section 2.1), and '+' as a blank where forms have it. Pure; any thread. */
#pragma once

#include "common/str.h"

/* Decodes into `to`, which has room for as many bytes as the text has. `plus`: a '+' is a blank. TP_EFORM where an
 * escape is broken. */
int tp_percent_decode(struct tp_str text, bool plus, char *to, size_t *ret_len);
