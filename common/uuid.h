/* UUIDs (RFC 9562): version 7 for customers, so that the older of two is the smaller; version 4 for journals. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

#define TP_UUID_TEXT 37 /* 36 characters and their NUL */

/* Never smaller than one made before by this process, also when the clock was set back. Any thread. */
void tp_uuid_v7(int64_t now_ms, char out[TP_UUID_TEXT]);
void tp_uuid_v4(char out[TP_UUID_TEXT]);
/* Lower-case canonical form, any version. */
bool tp_uuid_valid(struct tp_str text);
