/* The request: made once for a connection and cleared for the next one, and what a handler may ask of it. Everything
 * given out points into the head, the decoded bytes or the body, which stay until the request is answered. */
#include "daemon/http/internal.h"

#include <assert.h>
#include <strings.h>

enum { KEPT = 4 * 1024 }; /* of each buffer, for the next request; a larger one's memory is given back */

void tp_http_request_init(struct tp_http_request *request, struct tp_http_connection *connection) {
    *request = (struct tp_http_request){.connection = connection, .sent_method = HTTP_GET};
    tp_http_guard_head(&request->guard);
}

static void clear(struct tp_buf *buf) {
    tp_buf_clear(buf);
    if (buf->cap > KEPT)
        tp_buf_free(buf);
}

static void let_go(struct tp_http_request *request) {
    atomic_fetch_sub(&request->connection->thread->http->bodies, request->held);
    request->held = 0;
}

void tp_http_request_clear(struct tp_http_request *request) {
    tp_http_unpack_free(request->unpack);
    let_go(request);
    clear(&request->head);
    clear(&request->decoded);
    clear(&request->body);
    request->n_fields = request->n_segments = request->n_members = 0;
    request->path = request->query = (struct tp_str){0};
    request->sent_method = HTTP_GET; /* until the head says otherwise */
    request->route = NULL;
    request->key_name = NULL;
    request->length = 0;
    request->received = 0;
    request->unpack = NULL;
    request->refusal = (struct tp_http_refusal){0};
    request->chunked = request->gzip = request->expects_continue = request->keep_alive = request->old = false;
    request->in_trailers = request->complete = false;
    tp_http_guard_head(&request->guard);
}

void tp_http_request_free(struct tp_http_request *request) {
    tp_http_unpack_free(request->unpack);
    let_go(request);
    tp_buf_free(&request->head);
    tp_buf_free(&request->decoded);
    tp_buf_free(&request->body);
}

int tp_http_refuse(struct tp_http_refusal *refusal, int error, const char *message) {
    *refusal = (struct tp_http_refusal){.error = error, .message = message};
    return error;
}

struct tp_str tp_http_field_name(const struct tp_http_request *request, size_t i) {
    return (struct tp_str){request->head.at + request->fields[i].name, request->fields[i].name_len};
}

struct tp_str tp_http_field_value(const struct tp_http_request *request, size_t i) {
    return (struct tp_str){request->head.at + request->fields[i].value, request->fields[i].value_len};
}

unsigned tp_http_method_bit(const struct tp_http_request *request) {
    switch (request->sent_method) {
    case HTTP_GET:
        return TP_HTTP_GET;
    case HTTP_HEAD:
        return TP_HTTP_HEAD;
    case HTTP_POST:
        return TP_HTTP_POST;
    case HTTP_OPTIONS:
        return TP_HTTP_OPTIONS;
    default:
        return 0;
    }
}

enum tp_http_method tp_http_method(const struct tp_http_request *request) {
    unsigned bit = tp_http_method_bit(request);
    assert(bit != 0); /* no route takes another */
    return (enum tp_http_method)bit;
}

struct tp_str tp_http_path(const struct tp_http_request *request) {
    return request->path;
}

struct tp_str tp_http_query(const struct tp_http_request *request, const char *name) {
    for (size_t i = 0; i < request->n_members; i++) {
        if (tp_str_is(request->members[i].name, name))
            return request->members[i].value;
    }
    return (struct tp_str){0};
}

int tp_http_query_next(const struct tp_http_request *request, size_t *cursor, struct tp_str *ret_name,
                       struct tp_str *ret_value) {
    if (*cursor >= request->n_members)
        return 0;
    *ret_name = request->members[*cursor].name;
    *ret_value = request->members[*cursor].value;
    ++*cursor;
    return 1;
}

struct tp_str tp_http_header(const struct tp_http_request *request, const char *name) {
    size_t len = strlen(name);
    for (size_t i = 0; i < request->n_fields; i++) {
        struct tp_str field = tp_http_field_name(request, i);
        if (field.len == len && strncasecmp(field.at, name, len) == 0)
            return tp_http_field_value(request, i);
    }
    return (struct tp_str){0};
}

int tp_http_header_next(const struct tp_http_request *request, size_t *cursor, struct tp_str *ret_name,
                        struct tp_str *ret_value) {
    if (*cursor >= request->n_fields)
        return 0;
    *ret_name = tp_http_field_name(request, *cursor);
    *ret_value = tp_http_field_value(request, *cursor);
    ++*cursor;
    return 1;
}

struct tp_str tp_http_body(const struct tp_http_request *request) {
    return tp_buf_str(&request->body);
}

const char *tp_http_key_name(const struct tp_http_request *request) { return request->key_name; }

size_t tp_http_thread(const struct tp_http_request *request) { return request->connection->thread->index; }

struct tp_loop *tp_http_request_loop(const struct tp_http_request *request) {
    return request->connection->thread->loop;
}
