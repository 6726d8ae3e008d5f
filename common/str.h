/* A borrowed stretch of bytes: never owned, not ended by NUL, valid as long as what it points into. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct tp_str {
    const char *at;
    size_t len;
};

#define TP_STR(literal) ((struct tp_str){"" literal, sizeof(literal) - 1})
/* For printf: "%.*s". */
#define TP_FMT(s) (int)(s).len, (s).at

static inline struct tp_str tp_str(const char *text) { return (struct tp_str){text, text ? strlen(text) : 0}; }

static inline bool tp_str_equal(struct tp_str a, struct tp_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool tp_str_is(struct tp_str a, const char *text) { return tp_str_equal(a, tp_str(text)); }
