/* Signed requests. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "daemon/verify/verify.h"

enum { MOST_HEADERS = 8, MOST_BODY = 4096 };

struct signed_request {
    const char *name;
    const struct tp_verify_scheme *scheme;
    struct tp_str secret, url, method;
    struct {
        struct tp_str name, value;
    } headers[MOST_HEADERS];
    size_t n_headers;
    char body[MOST_BODY];
    size_t body_len;
    int64_t now_ms;
    struct tp_verify_certificates certificates;
};

static int next_of(const void *arg, size_t *cursor, struct tp_str *ret_name, struct tp_str *ret_value) {
    const struct signed_request *request = arg;
    if (*cursor == request->n_headers)
        return 0;
    *ret_name = request->headers[*cursor].name;
    *ret_value = request->headers[(*cursor)++].value;
    return 1;
}

static enum tp_verification verify_with(const struct signed_request *request, const struct tp_str *secrets, size_t n) {
    const struct tp_verify_request asked = {.method = request->method,
                                            .url = request->url,
                                            .body = {request->body, request->body_len},
                                            .headers = {next_of, request},
                                            .certificates = request->certificates,
                                            .now_ms = request->now_ms};
    return tp_verify(request->scheme, secrets, n, &asked);
}

static enum tp_verification verify(const struct signed_request *request) {
    return verify_with(request, &request->secret, 1);
}

static inline void add_header(struct signed_request *request, const char *name, const char *value) {
    assert_true(request->n_headers < MOST_HEADERS);
    request->headers[request->n_headers].name = tp_str(name);
    request->headers[request->n_headers++].value = tp_str(value);
}
