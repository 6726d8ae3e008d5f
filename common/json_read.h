/* Private to common/json.c: JSON that is sound, read quickly. What is not sound, or is in doubt, is left to jansson,
 * which says what is wrong with it. */
#pragma once

#include "common/json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* True: *ret is what tp_json_parse makes of the text. False says nothing about it and leaves *ret alone. */
bool tp_json_read(struct tp_str text, unsigned max_depth, struct tp_json *ret);

#ifdef __cplusplus
}
#endif
