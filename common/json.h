/* JSON over jansson: one value parsed strictly, its numbers remembered as they were written, and written out again
 * compactly. jansson alone turns 19.99 into 19.989999999999998; a document keeps the text of each number instead.
 * Pure; a document belongs to one thread. */
#pragma once

#include <jansson.h>

#include "common/buf.h"
#include "common/str.h"

struct tp_json_number {
    const json_t *value;
    struct tp_str text; /* borrowed from what was parsed */
};

struct tp_json {
    json_t *root;
    size_t n_numbers, cursor;
    struct tp_json_number *numbers; /* in document order */
    char made[32];                  /* the text of the last number asked for that is not of this document */
};

struct tp_json_error {
    char message[160]; /* says what and at which byte; never quotes the input */
};

/* One JSON value with nothing after it but white space. Refused: invalid UTF-8 (TP_EUTF8), an escaped NUL (TP_EFORM),
 * duplicate members (TP_EDUPLICATE), numbers outside a double or an int64 (TP_ERANGE), nesting beyond max_depth
 * (TP_ETOODEEP, seen before jansson is asked; an object that holds a list is two deep), and as TP_EJSON all else that
 * is not JSON, lone surrogates and NUL bytes with it. `text` must outlive the document; after a refusal there is none.
 */
int tp_json_parse(struct tp_str text, unsigned max_depth, struct tp_json *ret, struct tp_json_error *ret_error);
void tp_json_free(struct tp_json *json);

/* The number's text as it was sent; for a value that is not of this document, the shortest that reads back the same,
 * which stays until the next call. Asked in document order, each answer takes constant time. */
struct tp_str tp_json_number(struct tp_json *json, const json_t *value);

/* Compact; members in the order they had; strings with the shortest escapes. `json` may be NULL for values made here.
 */
void tp_json_write(struct tp_json *json, const json_t *value, struct tp_buf *out);
/* A string with its quotes. The text must be UTF-8. */
void tp_json_write_string(struct tp_str text, struct tp_buf *out);

/* Splitting without parsing: the next top-level element of the array `*rest` (which begins at '[' on the first call and
 * is moved on by each). 1 and the element's bytes; 0 at the end of the array; TP_EJSON where the framing itself is
 * broken (an unclosed array, a missing or trailing comma, bytes after the end). Elements are not checked: each is
 * parsed alone. What is wrong within one, wrong brackets too, is kept within it as far as can be told:
 * - a closing bracket closes the innermost open one of its kind, and with it those within that were left open;
 * - where none of its kind is open in the element, it closes the innermost, whatever its kind;
 * - but such a ']' with only white space behind it is the array's own, and the element ends there unclosed;
 * - '}' right behind an element that is closed already belongs to it.
 * So of `[{"a":1], {"b":[2}, {"c":3}}, {"d":4}]` each element but the last is broken, and there are four. */
int tp_json_split(struct tp_str *rest, struct tp_str *ret_element);
