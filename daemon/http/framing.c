/* What the fields say of the message: its host, its length, its codings, what it expects. Here stand the rules that
 * http-parser does not keep (RFC 9112 sections 3.2 and 6): a message whose length two servers could read differently is
 * refused, and its connection closed. */
#include "daemon/http/internal.h"

#include <strings.h>

enum known { HOST, LENGTH, TRANSFER, CONTENT_CODING, EXPECT, AUTHORIZATION, UPGRADE, N_KNOWN };

static const struct tp_str names[N_KNOWN] = {
    [HOST] = {"host", 4},
    [LENGTH] = {"content-length", 14},
    [TRANSFER] = {"transfer-encoding", 17},
    [CONTENT_CODING] = {"content-encoding", 16},
    [EXPECT] = {"expect", 6},
    [AUTHORIZATION] = {"authorization", 13},
    [UPGRADE] = {"upgrade", 7},
};

/* How often each stands there, and the value of the last. */
struct seen {
    unsigned count[N_KNOWN];
    struct tp_str value[N_KNOWN];
};

static bool same(struct tp_str text, const char *word) {
    return text.len == strlen(word) && strncasecmp(text.at, word, text.len) == 0;
}

static bool only(struct tp_str text, const char *bytes) {
    for (size_t i = 0; i < text.len; i++) {
        if (!strchr(bytes, text.at[i]) || text.at[i] == '\0')
            return false;
    }
    return true;
}

static void look(const struct tp_http_request *request, struct seen *seen) {
    *seen = (struct seen){0};
    for (size_t i = 0; i < request->n_fields; i++) {
        struct tp_str name = tp_http_field_name(request, i);
        for (size_t known = 0; known < N_KNOWN; known++) {
            if (!tp_str_equal(name, names[known]))
                continue;
            seen->count[known]++;
            seen->value[known] = tp_http_field_value(request, i);
        }
    }
}

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* A name or address, and perhaps a port. Narrower than RFC 3986: a comma would be two hosts made one by a proxy. */
static bool is_host(struct tp_str host) {
    const char *end = host.at + host.len, *name_end;
    if (host.len > 0 && host.at[0] == '[') {
        name_end = memchr(host.at, ']', host.len);
        if (!name_end || !only((struct tp_str){host.at + 1, (size_t)(name_end - host.at) - 1}, DIGITS LETTERS ":."))
            return false;
        name_end++;
    } else {
        name_end = memchr(host.at, ':', host.len);
        name_end = name_end ? name_end : end;
        if (name_end == host.at ||
            !only((struct tp_str){host.at, (size_t)(name_end - host.at)}, DIGITS LETTERS "-._~%"))
            return false;
    }
    return name_end == end ||
           (*name_end == ':' && only((struct tp_str){name_end + 1, (size_t)(end - name_end) - 1}, DIGITS));
}

static int check_start(struct tp_http_request *request, const struct seen *seen) {
    const http_parser *parser = &request->parser;
    struct tp_http_refusal *refusal = &request->refusal;
    if (parser->http_major != 1 || parser->http_minor > 1)
        return tp_http_refuse(refusal, TP_EINVALID, "the version is neither HTTP/1.1 nor HTTP/1.0");
    request->old = parser->http_minor == 0;
    if (parser->method == HTTP_CONNECT || parser->upgrade || seen->count[UPGRADE] > 0)
        return tp_http_refuse(refusal, TP_EINVALID, "CONNECT and Upgrade are not taken here");
    if (seen->count[HOST] > 1)
        return tp_http_refuse(refusal, TP_EINVALID, "Host stands twice");
    if (seen->count[HOST] == 0)
        return request->old ? 0 : tp_http_refuse(refusal, TP_EINVALID, "Host is missing");
    return is_host(seen->value[HOST]) ? 0 : tp_http_refuse(refusal, TP_EINVALID, "Host is not one host");
}

/* "chunked" ends the message, so it cannot be followed by anything. */
static bool chunked_misplaced(struct tp_str codings) {
    bool after_chunked = false;
    struct tp_str coding;
    while (tp_http_list_first(&codings, &coding)) {
        if (after_chunked || coding.len == 0)
            return true;
        after_chunked = same(coding, "chunked");
    }
    return false;
}

static int check_transfer(struct tp_http_request *request, const struct seen *seen) {
    struct tp_http_refusal *refusal = &request->refusal;
    if (seen->count[TRANSFER] == 0)
        return 0;
    if (request->old)
        return tp_http_refuse(refusal, TP_EINVALID, "Transfer-Encoding does not go with HTTP/1.0");
    if (seen->count[TRANSFER] > 1)
        return tp_http_refuse(refusal, TP_EINVALID, "Transfer-Encoding stands twice");
    if (seen->count[LENGTH] > 0)
        return tp_http_refuse(refusal, TP_EINVALID, "Transfer-Encoding and Content-Length do not go together");
    request->chunked = same(seen->value[TRANSFER], "chunked");
    if (request->chunked)
        return 0;
    if (chunked_misplaced(seen->value[TRANSFER]))
        return tp_http_refuse(refusal, TP_EINVALID, "chunked stands once, and last");
    return tp_http_refuse(refusal, TP_ECODING, "the one transfer coding known here is chunked");
}

static int check_length(struct tp_http_request *request, const struct seen *seen) {
    struct tp_str value = seen->value[LENGTH];
    if (seen->count[LENGTH] == 0)
        return 0;
    if (seen->count[LENGTH] > 1 || value.len == 0 || !only(value, DIGITS))
        return tp_http_refuse(&request->refusal, TP_EINVALID, "Content-Length is not one number");
    request->length = request->parser.content_length;
    return 0;
}

static int check_expect(struct tp_http_request *request, const struct seen *seen) {
    if (seen->count[EXPECT] == 0 || request->old)
        return 0;
    if (seen->count[EXPECT] > 1 || !same(seen->value[EXPECT], "100-continue"))
        return tp_http_refuse(&request->refusal, TP_EEXPECT, "the one expectation known here is 100-continue");
    request->expects_continue = true;
    return 0;
}

static int check_content_coding(struct tp_http_request *request, const struct seen *seen) {
    struct tp_str coding = seen->value[CONTENT_CODING];
    if (seen->count[CONTENT_CODING] == 0)
        return 0;
    request->gzip = same(coding, "gzip") || same(coding, "x-gzip");
    if (seen->count[CONTENT_CODING] == 1 && (request->gzip || same(coding, "identity")))
        return 0;
    tp_http_refuse(&request->refusal, TP_EMEDIATYPE, "the one content coding known here is gzip");
    request->refusal.headers = "Accept-Encoding: gzip\r\n";
    return TP_EMEDIATYPE;
}

int tp_http_framing_check(struct tp_http_request *request) {
    struct seen seen;
    look(request, &seen);
    int rc = check_start(request, &seen);
    if (rc == 0)
        rc = check_transfer(request, &seen);
    if (rc == 0)
        rc = check_length(request, &seen);
    if (rc == 0 && seen.count[AUTHORIZATION] > 1)
        rc = tp_http_refuse(&request->refusal, TP_EINVALID, "Authorization stands twice");
    if (rc == 0)
        rc = check_expect(request, &seen);
    if (rc == 0)
        rc = check_content_coding(request, &seen);
    return rc;
}
