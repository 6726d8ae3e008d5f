/* For this folder only: libphonenumber, which is C++, behind one C function. Any thread. */
#pragma once

#include <stddef.h>

#define TP_PHONE_TEXT 24 /* '+', at most 20 digits, NUL */

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the number in E.164, e.g. "+447700900123". `region` as in tp_canonical_new. TP_EFORM with what was expected, a
 * static text; TP_ENOMEM. */
int tp_phone_canonical(const char *number, size_t len, const char *region, char out[TP_PHONE_TEXT],
                       const char **ret_expected);

#ifdef __cplusplus
}
#endif
