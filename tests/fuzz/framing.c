/* The head is cut into lines, each line into a name and a value; what counts for the length is remembered, and anything
 * out of the ordinary ends the reading. Numbers are bounded far below where they could overflow: what is looked at here
 * is smaller than that. */
#include "tests/fuzz/framing.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#define MOST_DIGITS 8

static bool is(struct tp_str text, const char *word) {
    return text.len == strlen(word) && strncasecmp(text.at, word, text.len) == 0;
}

static bool is_token(struct tp_str text) {
    for (size_t i = 0; i < text.len; i++)
        if (!isalnum((unsigned char)text.at[i]) && (text.at[i] == 0 || !strchr("!#$%&'*+-.^_`|~", text.at[i])))
            return false;
    return text.len > 0;
}

/* The next line, without its CRLF and without any control character but the tab. */
static bool take_line(struct tp_str *rest, struct tp_str *ret) {
    const char *end = rest->len > 0 ? memchr(rest->at, '\r', rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->at) : 0;
    if (!end || rest->len < len + 2 || end[1] != '\n')
        return false;
    *ret = (struct tp_str){rest->at, len};
    *rest = (struct tp_str){end + 2, rest->len - len - 2};
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)ret->at[i] < ' ' && ret->at[i] != '\t') || ret->at[i] == 0x7f)
            return false;
    return true;
}

static bool take_bytes(struct tp_str *rest, size_t len, struct tp_buf *body) {
    if (rest->len < len)
        return false;
    tp_buf_add(body, rest->at, len);
    *rest = (struct tp_str){rest->at + len, rest->len - len};
    return true;
}

/* All of `text` as one number. */
static bool read_number(struct tp_str text, int base, size_t *ret) {
    char digits[MOST_DIGITS + 1] = "";
    while (text.len > 1 && text.at[0] == '0')
        text = (struct tp_str){text.at + 1, text.len - 1};
    if (text.len == 0 || text.len > MOST_DIGITS)
        return false;
    memcpy(digits, text.at, text.len);
    if (strspn(digits, base == 16 ? "0123456789abcdefABCDEF" : "0123456789") != text.len)
        return false;
    *ret = strtoul(digits, NULL, base);
    return true;
}

struct head {
    bool old; /* HTTP/1.0 */
    unsigned hosts, lengths, transfers;
    bool chunked, upgrade;
    size_t length;
};

static bool is_visible(struct tp_str text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    return text.len > 0;
}

static bool read_start(struct tp_str line, struct framed_request *request, struct head *head) {
    request->method = tp_str_cut(&line, ' ');
    request->target = tp_str_cut(&line, ' ');
    head->old = tp_str_is(line, "HTTP/1.0");
    return is_token(request->method) && is_visible(request->target) && (head->old || tp_str_is(line, "HTTP/1.1")) &&
           !tp_str_is(request->method, "CONNECT");
}

static struct tp_str without_blanks(struct tp_str text) {
    while (text.len > 0 && strchr(" \t", text.at[0]))
        text = (struct tp_str){text.at + 1, text.len - 1};
    while (text.len > 0 && strchr(" \t", text.at[text.len - 1]))
        text.len--;
    return text;
}

static bool read_field(struct tp_str line, struct framed_request *request, struct head *head) {
    const char *colon = memchr(line.at, ':', line.len);
    struct tp_str name = tp_str_cut(&line, ':'), value = without_blanks(line);
    if (!colon || !is_token(name))
        return false;
    head->hosts += is(name, "Host");
    head->upgrade |= is(name, "Upgrade");
    request->coded |= is(name, "Content-Encoding");
    if (is(name, "Content-Length"))
        return ++head->lengths == 1 && read_number(value, 10, &head->length);
    if (is(name, "Transfer-Encoding"))
        return ++head->transfers == 1 && (head->chunked = is(value, "chunked"));
    return true;
}

static bool read_head(struct tp_str *rest, struct framed_request *request, struct head *head) {
    struct tp_str line;
    if (!take_line(rest, &line) || !read_start(line, request, head))
        return false;
    while (take_line(rest, &line)) {
        if (line.len == 0)
            return (head->hosts == 1 || (head->old && head->hosts == 0)) && !head->upgrade &&
                   !(head->chunked && (head->old || head->lengths > 0));
        if (!read_field(line, request, head))
            return false;
    }
    return false;
}

static bool read_trailers(struct tp_str *rest) {
    struct tp_str line;
    while (take_line(rest, &line)) {
        if (line.len == 0)
            return true;
        if (!memchr(line.at, ':', line.len) || !is_token(tp_str_cut(&line, ':')))
            return false;
    }
    return false;
}

static bool read_chunks(struct tp_str *rest, struct tp_buf *body) {
    struct tp_str line, end;
    size_t len;
    while (take_line(rest, &line) && read_number(tp_str_cut(&line, ';'), 16, &len)) {
        if (len == 0)
            return read_trailers(rest);
        if (!take_bytes(rest, len, body) || !take_line(rest, &end) || end.len > 0)
            return false;
    }
    return false;
}

bool framed_read(struct tp_str bytes, struct framed_request *ret) {
    struct head head = {0};
    struct tp_str rest = bytes;
    *ret = (struct framed_request){0};
    while (rest.len >= 2 && memcmp(rest.at, "\r\n", 2) == 0)
        rest = (struct tp_str){rest.at + 2, rest.len - 2};
    if (!read_head(&rest, ret, &head))
        return false;
    if (head.chunked ? !read_chunks(&rest, &ret->body) : !take_bytes(&rest, head.length, &ret->body))
        return false;
    ret->len = bytes.len - rest.len;
    return true;
}
