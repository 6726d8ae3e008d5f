/* The grammar of what surrounds a body, byte for byte, as one table: the request line, the field lines, the lines of
 * chunk sizes and the trailers (RFC 9112 sections 3, 5 and 7.1).
 *
 * http-parser reads on over much that another server on the way may read otherwise: a bare LF, a space before the
 * colon, a folded line, anything after a chunk's size. Each such difference can hide a second request. The guard sees
 * every byte before http-parser's reading of it is believed, and lets through only what has one reading. */
#include "daemon/http/internal.h"

#include <ctype.h>

/* A chunk-size line may carry extensions, and a chunked body trailers, which nobody here reads. */
enum { MAX_CHUNK_LINE = 256, MAX_TRAILERS = 8192 };

/* What a transition is taken on: one byte, or one of these sets. */
enum set { TOKEN = 256, VISIBLE, TEXT, HEX };

enum state {
    FAULT,
    METHOD_FIRST,
    METHOD,
    TARGET_FIRST,
    TARGET,
    VERSION_H,
    VERSION_HT,
    VERSION_HTT,
    VERSION_HTTP,
    VERSION_SLASH,
    VERSION,
    LINE_END,
    FIELD,
    NAME,
    VALUE,
    HEAD_END,
    SIZE_FIRST,
    ZERO,
    SIZE,
    EXTENSION,
    SIZE_END,
    DATA,
    DATA_END,
    LAST_EXTENSION,
    LAST_END,
    DONE,
};

static const struct rule {
    struct {
        unsigned on;
        enum state to;
    } next[4];
    const char *expected;
} rules[] = {
    [METHOD_FIRST] = {{{TOKEN, METHOD}}, "expected a method"},
    [METHOD] = {{{TOKEN, METHOD}, {' ', TARGET_FIRST}}, "expected a method and one space"},
    [TARGET_FIRST] = {{{VISIBLE, TARGET}}, "expected a request target after one space"},
    [TARGET] = {{{VISIBLE, TARGET}, {' ', VERSION_H}}, "expected a request target of visible ASCII and one space"},
    [VERSION_H] = {{{'H', VERSION_HT}}, "expected HTTP/1.1"}, /* of whose letters http-parser takes any */
    [VERSION_HT] = {{{'T', VERSION_HTT}}, "expected HTTP/1.1"},
    [VERSION_HTT] = {{{'T', VERSION_HTTP}}, "expected HTTP/1.1"},
    [VERSION_HTTP] = {{{'P', VERSION_SLASH}}, "expected HTTP/1.1"},
    [VERSION_SLASH] = {{{'/', VERSION}}, "expected HTTP/1.1"},
    [VERSION] = {{{VISIBLE, VERSION}, {'\r', LINE_END}}, "expected HTTP/1.1 and the end of the line"},
    [LINE_END] = {{{'\n', FIELD}}, "expected a line feed after the carriage return"},
    [FIELD] = {{{TOKEN, NAME}, {'\r', HEAD_END}}, "expected a field name; lines may not be folded"},
    [NAME] = {{{TOKEN, NAME}, {':', VALUE}}, "expected a field name with a colon right after it"},
    [VALUE] = {{{TEXT, VALUE}, {'\r', LINE_END}}, "a field value holds a control character"},
    [HEAD_END] = {{{'\n', DONE}}, "expected a line feed after the carriage return"},
    [SIZE_FIRST] = {{{'0', ZERO}, {HEX, SIZE}}, "expected a chunk size in hexadecimal digits"},
    [ZERO] = {{{'0', ZERO}, {HEX, SIZE}, {';', LAST_EXTENSION}, {'\r', LAST_END}}, "expected a chunk size"},
    [SIZE] = {{{HEX, SIZE}, {';', EXTENSION}, {'\r', SIZE_END}}, "expected a chunk size"},
    [EXTENSION] = {{{TEXT, EXTENSION}, {'\r', SIZE_END}}, "a chunk extension holds a control character"},
    [SIZE_END] = {{{'\n', DATA}}, "expected a line feed after the carriage return"},
    [DATA] = {{{'\r', DATA_END}}, "expected the end of the line after a chunk's data"},
    [DATA_END] = {{{'\n', SIZE_FIRST}}, "expected a line feed after the carriage return"},
    [LAST_EXTENSION] = {{{TEXT, LAST_EXTENSION}, {'\r', LAST_END}}, "a chunk extension holds a control character"},
    [LAST_END] = {{{'\n', FIELD}}, "expected a line feed after the carriage return"},
};

static const bool token[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true, ['#'] = true, ['$'] = true,
    ['%'] = true,         ['&'] = true,         ['\''] = true,        ['*'] = true, ['+'] = true, ['-'] = true,
    ['.'] = true,         ['^'] = true,         ['_'] = true,         ['`'] = true, ['|'] = true, ['~'] = true,
};

static bool among(unsigned char byte, unsigned set) {
    switch (set) {
    case TOKEN:
        return token[byte];
    case VISIBLE:
        return byte > ' ' && byte < 0x7f && byte != '#';
    case TEXT:
        return byte == '\t' || (byte >= ' ' && byte != 0x7f);
    case HEX:
        return isxdigit(byte);
    default:
        return byte == set;
    }
}

static enum state follow(const struct rule *rule, unsigned char byte) {
    for (size_t i = 0; i < sizeof rule->next / sizeof *rule->next && rule->next[i].on; i++) {
        if (among(byte, rule->next[i].on))
            return rule->next[i].to;
    }
    return FAULT;
}

void tp_http_guard_head(struct tp_http_guard *guard) {
    *guard = (struct tp_http_guard){.state = METHOD_FIRST, .left = SIZE_MAX}; /* who calls has a bound for heads */
}

void tp_http_guard_chunks(struct tp_http_guard *guard) {
    *guard = (struct tp_http_guard){.state = SIZE_FIRST, .left = MAX_CHUNK_LINE};
}

bool tp_http_guard_done(const struct tp_http_guard *guard) { return guard->state == DONE; }

bool tp_http_guard_data(const struct tp_http_guard *guard) { return guard->state == DATA; }

static void fault(struct tp_http_guard *guard, const char *text) {
    guard->fault = text;
    guard->state = FAULT;
}

static void take(struct tp_http_guard *guard, unsigned char byte) {
    enum state from = guard->state, to = follow(&rules[from], byte);
    if (to == FAULT) {
        fault(guard, byte == '\n' ? "a line feed without its carriage return" : rules[from].expected);
        return;
    }
    if (guard->left-- == 0) {
        fault(guard, "a chunk-size line or the trailers are too long");
        return;
    }
    if (to == SIZE_FIRST)
        guard->left = MAX_CHUNK_LINE;
    else if (from == LAST_END)
        guard->left = MAX_TRAILERS;
    guard->state = to;
}

size_t tp_http_guard_run(struct tp_http_guard *guard, const char *at, size_t len) {
    size_t i = 0;
    while (i < len && guard->state != DONE && guard->state != FAULT)
        take(guard, (unsigned char)at[i++]);
    return i;
}
