/* A borrowed stretch of bytes: never owned, not ended by NUL, valid as long as what it points into. Pure; any thread.
 */
#pragma once

#include <assert.h>
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
    if (a.len != b.len || a.len == 0)
        return a.len == b.len;
    assert(a.at && b.at);
    return memcmp(a.at, b.at, a.len) == 0;
}

static inline bool tp_str_is(struct tp_str a, const char *text) { return tp_str_equal(a, tp_str(text)); }

static inline bool tp_str_begins(struct tp_str text, const char *with) {
    size_t len = strlen(with);
    return text.len >= len && (len == 0 || memcmp(text.at, with, len) == 0);
}

/* What stands before the first `end`, which *rest is moved behind; all of it when there is none. */
static inline struct tp_str tp_str_cut(struct tp_str *rest, char end) {
    if (rest->len == 0)
        return *rest;
    const char *at = (const char *)memchr(rest->at, end, rest->len);
    struct tp_str front = {rest->at, at ? (size_t)(at - rest->at) : rest->len};
    size_t taken = front.len + (at != NULL);
    *rest = (struct tp_str){rest->at + taken, rest->len - taken};
    return front;
}

static inline char tp_ascii_lower(char byte) { return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte; }
