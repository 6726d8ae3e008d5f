/* Base64 (RFC 4648) with its padding and without line breaks. Pure; any thread. */
#pragma once

#include "common/buf.h"
#include "common/str.h"

void tp_base64_encode(struct tp_str bytes, struct tp_buf *out);
/* TP_EFORM when it is not base64; nothing is appended then. */
int tp_base64_decode(struct tp_str text, struct tp_buf *out);
