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
};

struct tp_json_error {
    char message[160]; /* says what and at which byte; never quotes the input */
};

/* One JSON value with nothing after it but white space. Refused: invalid UTF-8, NUL, lone surrogates, duplicate
 * members, numbers outside a double or an int64, nesting beyond max_depth (TP_ETOODEEP, seen before jansson is asked).
 * `text` must outlive the document. */
int tp_json_parse(struct tp_str text, unsigned max_depth, struct tp_json *ret, struct tp_json_error *ret_error);
void tp_json_free(struct tp_json *json);

/* The number's text as it was sent; for a value that is not of this document, jansson's. */
struct tp_str tp_json_number(struct tp_json *json, const json_t *value);

/* Compact; members in the order they had; strings with the shortest escapes. `json` may be NULL for values made here. */
void tp_json_write(struct tp_json *json, const json_t *value, struct tp_buf *out);
/* A string with its quotes. The text must be UTF-8. */
void tp_json_write_string(struct tp_str text, struct tp_buf *out);

/* Splitting without parsing: the next top-level element of the array `*rest` (which begins at '[' on the first call and
 * is moved on by each). 1 and the element's bytes; 0 at the end of the array; TP_EJSON where the framing itself is
 * broken (an unclosed array, a missing comma, bytes after the end). Elements are not checked: each is parsed alone. */
int tp_json_split(struct tp_str *rest, struct tp_str *ret_element);
