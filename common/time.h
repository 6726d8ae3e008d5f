/* Times: milliseconds since 1970 in UTC, RFC 3339 outside. Pure but for the two clocks; any thread. */
#pragma once

#include <stdint.h>

#include "common/str.h"

#define TP_TIME_LAST_MS INT64_C(253402300799999) /* the last that RFC 3339 can write */
#define TP_TIME_TEXT    25                       /* "2026-01-02T03:04:05.678Z" and its NUL */

/* RFC 3339 section 5.6: any offset, 0 to 9 fraction digits (cut to ms), a leap second is taken as the next second.
 * TP_EFORM, also for a day that does not exist; TP_ERANGE outside the years 1970 to 9999. */
int tp_time_parse(struct tp_str text, int64_t *ret_ms);
void tp_time_format(int64_t ms, char out[TP_TIME_TEXT]);
int64_t tp_time_now_ms(void);       /* the wall clock; may be set back */
int64_t tp_time_monotonic_ms(void); /* for deadlines */
int64_t tp_time_monotonic_us(void); /* for how long something took */
