/* Which handler a request goes to. The target is split first and decoded after, so that an encoded slash never makes a
 * new segment. What needs no decoding stays where it is, in the head. */
#include "daemon/http/internal.h"

#include <stdio.h>
#include <strings.h>

#include "common/percent.h"

/* Percent-decodes `text`; where `plus` is set a '+' is a blank. The room for it was made by tp_http_target_read. */
static int decode(struct tp_http_request *request, struct tp_str text, bool plus, struct tp_str *ret) {
    if (text.len == 0 || (!memchr(text.at, '%', text.len) && !(plus && memchr(text.at, '+', text.len)))) {
        *ret = text;
        return 0;
    }
    struct tp_str decoded = {request->decoded.at + request->decoded.len, 0};
    if (tp_percent_decode(text, plus, request->decoded.at + request->decoded.len, &decoded.len) < 0)
        return tp_http_refuse(&request->refusal, TP_EINVALID, "a broken percent-escape in the request target");
    if (memchr(decoded.at, '\0', decoded.len))
        return tp_http_refuse(&request->refusal, TP_EINVALID, "NUL in the request target");
    *ret = decoded;
    request->decoded.len += ret->len;
    return 0;
}

/* "http://host/path" as to a proxy: what counts here is the path. */
static struct tp_str without_authority(struct tp_str target) {
    const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(schemes[i]);
        if (target.len < len || strncasecmp(target.at, schemes[i], len) != 0)
            continue;
        while (len < target.len && target.at[len] != '/' && target.at[len] != '?')
            len++;
        return (struct tp_str){target.at + len, target.len - len};
    }
    return target;
}

static int read_path(struct tp_http_request *request) {
    struct tp_str left = request->path;
    while (left.len > 0) {
        left.at++, left.len--; /* the slash */
        const char *slash = left.len > 0 ? memchr(left.at, '/', left.len) : NULL;
        size_t len = slash ? (size_t)(slash - left.at) : left.len;
        struct tp_str segment;
        int rc = decode(request, (struct tp_str){left.at, len}, false, &segment);
        if (rc != 0)
            return rc;
        if (request->n_segments < TP_HTTP_MAX_SEGMENTS)
            request->segments[request->n_segments] = segment;
        request->n_segments++; /* beyond the limit it is of no route */
        left.at += len, left.len -= len;
    }
    return 0;
}

static int read_member(struct tp_http_request *request, struct tp_str text) {
    if (text.len == 0)
        return 0;
    if (request->n_members == TP_HTTP_MAX_MEMBERS)
        return tp_http_refuse(&request->refusal, TP_EINVALID, "more than 64 members in the query");
    struct tp_http_member *member = &request->members[request->n_members++];
    const char *equals = memchr(text.at, '=', text.len);
    size_t len = equals ? (size_t)(equals - text.at) : text.len;
    int rc = decode(request, (struct tp_str){text.at, len}, true, &member->name);
    if (rc != 0)
        return rc;
    size_t rest = equals ? len + 1 : len;
    return decode(request, (struct tp_str){text.at + rest, text.len - rest}, true, &member->value);
}

static int read_query(struct tp_http_request *request) {
    struct tp_str left = request->query;
    while (left.len > 0) {
        const char *end = memchr(left.at, '&', left.len);
        size_t len = end ? (size_t)(end - left.at) : left.len;
        int rc = read_member(request, (struct tp_str){left.at, len});
        if (rc != 0)
            return rc;
        len += end != NULL;
        left.at += len, left.len -= len;
    }
    return 0;
}

int tp_http_target_read(struct tp_http_request *request, struct tp_str target) {
    if (!tp_buf_room(&request->decoded, target.len + 1))
        return tp_http_refuse(&request->refusal, TP_ENOMEM, "no memory for the request target");
    target = without_authority(target);
    const char *mark = target.len > 0 ? memchr(target.at, '?', target.len) : NULL;
    request->path = (struct tp_str){target.at, mark ? (size_t)(mark - target.at) : target.len};
    if (mark)
        request->query = (struct tp_str){mark + 1, target.len - request->path.len - 1};
    if (request->path.len == 0)
        request->path = TP_STR("/");
    int rc = read_path(request);
    return rc == 0 ? read_query(request) : rc;
}

/* The next segment of a route's pattern, which begins at a slash. */
static struct tp_str pattern_segment(const char **pattern) {
    const char *start = *pattern + 1;
    *pattern = start + strcspn(start, "/");
    return (struct tp_str){start, (size_t)(*pattern - start)};
}

static bool matches(const struct tp_http_request *request, const char *pattern) {
    size_t i = 0;
    for (; *pattern; i++) {
        struct tp_str wanted = pattern_segment(&pattern);
        if (i >= request->n_segments || i >= TP_HTTP_MAX_SEGMENTS)
            return false;
        struct tp_str segment = request->segments[i];
        if (wanted.len > 0 && wanted.at[0] == ':' ? segment.len == 0 : !tp_str_equal(wanted, segment))
            return false;
    }
    return i == request->n_segments;
}

/* GET answers HEAD too. */
static unsigned methods_of(const struct tp_http_route *route) {
    return route->methods & TP_HTTP_GET ? route->methods | TP_HTTP_HEAD : route->methods;
}

int tp_http_route_find(struct tp_http_request *request, const struct tp_http_route *routes) {
    bool known = false;
    for (const struct tp_http_route *route = routes; route->path; route++) {
        if (!matches(request, route->path))
            continue;
        known = true;
        if (methods_of(route) & tp_http_method_bit(request)) {
            request->route = route;
            return 0;
        }
    }
    return known ? tp_http_refuse(&request->refusal, TP_EMETHOD, tp_error_text(TP_EMETHOD))
                 : tp_http_refuse(&request->refusal, TP_ENOTFOUND, "there is nothing at this path");
}

void tp_http_route_allow(const struct tp_http_request *request, const struct tp_http_route *routes, char *out,
                         size_t size) {
    unsigned methods = 0;
    for (const struct tp_http_route *route = routes; route->path; route++) {
        if (matches(request, route->path))
            methods |= methods_of(route);
    }
    const char *const names[] = {"GET", "HEAD", "POST", "OPTIONS"}; /* as the bits of enum tp_http_method */
    size_t len = (size_t)snprintf(out, size, "Allow:");
    for (unsigned i = 0; i < 4; i++) {
        if (methods & 1u << i)
            len += (size_t)snprintf(out + len, size - len, "%s %s", out[len - 1] == ':' ? "" : ",", names[i]);
    }
    snprintf(out + len, size - len, "\r\n");
}

struct tp_str tp_http_param(const struct tp_http_request *request, const char *name) {
    const char *pattern = request->route->path;
    for (size_t i = 0; *pattern; i++) {
        struct tp_str segment = pattern_segment(&pattern);
        if (segment.len > 1 && segment.at[0] == ':' &&
            tp_str_is((struct tp_str){segment.at + 1, segment.len - 1}, name))
            return request->segments[i];
    }
    return (struct tp_str){0};
}

struct tp_str tp_http_query_text(const struct tp_http_request *request) {
    return request->query;
}
