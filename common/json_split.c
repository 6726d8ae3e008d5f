/* Splitting an array without parsing it. Strings are stepped over, brackets are matched by kind; which bytes make an
 * element thus depends on nothing but the bytes, and what is broken in one element leaves the others whole where it
 * can. All state is in `rest`: it begins with the array's '[' before the first element, and then with what stands
 * behind one. */
#include "common/error.h"
#include "common/json.h"
#include "common/json_scan.h"

/* The brackets that are open, innermost last. The kinds are known of the first 64, as bits: 1 for a brace. Nothing that
 * parses later is nested deeper, and beyond that brackets are only counted. */
#define KNOWN_LEVELS 64

struct nesting {
    size_t depth;
    uint64_t braces;
};

static void open_bracket(struct nesting *nesting, char bracket) {
    if (nesting->depth < KNOWN_LEVELS) {
        uint64_t level = UINT64_C(1) << nesting->depth;
        nesting->braces = bracket == '{' ? nesting->braces | level : nesting->braces & ~level;
    }
    nesting->depth++;
}

/* The depth of the innermost open bracket that `bracket` closes by its kind, counted from 1; 0 when there is none. */
static size_t opened_by(const struct nesting *nesting, char bracket) {
    if (nesting->depth > KNOWN_LEVELS || nesting->depth == 0)
        return nesting->depth;
    uint64_t open = UINT64_MAX >> (KNOWN_LEVELS - nesting->depth);
    uint64_t alike = open & (bracket == '}' ? nesting->braces : ~nesting->braces);
    return alike ? KNOWN_LEVELS - (size_t)__builtin_clzll(alike) : 0;
}

static void close_bracket(struct nesting *nesting, char bracket) {
    size_t closed = opened_by(nesting, bracket);
    nesting->depth = (closed ? closed : nesting->depth) - 1;
}

static struct tp_str skip_blank(struct tp_str text) {
    size_t blank = 0;
    while (blank < text.len && tp_json_is_blank(text.at[blank]))
        blank++;
    return tp_json_from(text, blank);
}

static bool begins_with(struct tp_str text, char byte) { return text.len > 0 && text.at[0] == byte; }

/* Each of these gives the length of the element that the text begins with, or 0 when it never ends. */

static size_t container_len(struct tp_str text) {
    struct nesting nesting = {0};
    for (size_t i = 0, len; i < text.len; i += len) {
        char byte = text.at[i];
        len = 1;
        if (byte == '"') {
            len = tp_json_string_len(tp_json_from(text, i));
            if (len == 0)
                return 0;
        } else if (byte == '{' || byte == '[') {
            open_bracket(&nesting, byte);
        } else if (byte == '}' || byte == ']') {
            if (byte == ']' && !opened_by(&nesting, byte) && skip_blank(tp_json_from(text, i + 1)).len == 0)
                return i;
            close_bracket(&nesting, byte);
            if (nesting.depth == 0)
                return i + 1;
        }
    }
    return 0;
}

static size_t scalar_len(struct tp_str text) {
    size_t len = 0;
    while (len < text.len && !tp_json_is_blank(text.at[len]) && !memchr(",[]{\"", text.at[len], 5))
        len++;
    return len;
}

static size_t element_len(struct tp_str text) {
    if (text.len == 0)
        return 0;
    char byte = text.at[0];
    size_t len = byte == '"'                  ? tp_json_string_len(text)
                 : byte == '{' || byte == '[' ? container_len(text)
                                              : scalar_len(text);
    while (len > 0 && len < text.len && text.at[len] == '}')
        len++;
    return len;
}

int tp_json_split(struct tp_str *rest, struct tp_str *ret_element) {
    if (rest->len == 0)
        return TP_EJSON;
    char mark = rest->at[0];
    struct tp_str left = skip_blank(tp_json_from(*rest, 1));
    if (mark == '[' && begins_with(left, ']')) {
        mark = ']';
        left = skip_blank(tp_json_from(left, 1));
    }
    if (mark == ']')
        return left.len == 0 ? 0 : TP_EJSON;
    size_t len = mark == '[' || mark == ',' ? element_len(left) : 0;
    if (len == 0)
        return TP_EJSON;
    *ret_element = (struct tp_str){left.at, len};
    *rest = skip_blank(tp_json_from(left, len));
    return begins_with(*rest, ',') || begins_with(*rest, ']') ? 1 : TP_EJSON;
}
