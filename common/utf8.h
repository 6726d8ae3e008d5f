/* UTF-8 (RFC 3629): checked, never repaired. Neither overlong forms, nor surrogates, nor anything above U+10FFFF; NUL
 * is a character like any other. Pure; any thread. */
#pragma once

#include "common/str.h"

#ifdef __cplusplus
extern "C" {
#endif

bool tp_utf8_valid(struct tp_str text);
/* How many bytes there are before the first that is not UTF-8; all of them when the text is valid. */
size_t tp_utf8_prefix(struct tp_str text);

#ifdef __cplusplus
}
#endif
