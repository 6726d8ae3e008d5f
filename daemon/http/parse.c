/* http-parser over one request. The head is parsed when the guard has seen all of it, in one piece, so each field
 * arrives in one piece too and is remembered as offsets. The body is parsed as it arrives; of a chunked one the guard
 * sees all that http-parser does not hand out as data, in the order in which it came, before any later data is taken.
 * At the end of the message http-parser is paused, so that what follows stays for the next request. */
#include "daemon/http/internal.h"

#include <ctype.h>

#include <event2/buffer.h>

#include "daemon/log/log.h"

static int on_url(http_parser *parser, const char *at, size_t len) {
    return tp_http_target_read(parser->data, (struct tp_str){at, len});
}

static int on_name(http_parser *parser, const char *at, size_t len) {
    struct tp_http_request *request = parser->data;
    if (request->in_trailers)
        return 0;
    if (request->n_fields == TP_HTTP_MAX_FIELDS)
        return tp_http_refuse(&request->refusal, TP_EHEADER, "more than 100 header fields");
    size_t start = (size_t)(at - request->head.at);
    for (size_t i = start; i < start + len; i++)
        request->head.at[i] = (char)tolower((unsigned char)request->head.at[i]);
    request->fields[request->n_fields++] = (struct tp_http_field){.name = (uint32_t)start, .name_len = (uint32_t)len};
    return 0;
}

static int on_value(http_parser *parser, const char *at, size_t len) {
    struct tp_http_request *request = parser->data;
    if (request->in_trailers)
        return 0;
    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        len--;
    struct tp_http_field *field = &request->fields[request->n_fields - 1];
    field->value = (uint32_t)(at - request->head.at);
    field->value_len = (uint32_t)len;
    return 0;
}

static int on_headers_complete(http_parser *parser) {
    struct tp_http_request *request = parser->data;
    request->sent_method = (enum http_method)parser->method;
    request->keep_alive = http_should_keep_alive(parser);
    request->in_trailers = true;                         /* a field after this one is a trailer: nobody here reads it */
    return tp_http_framing_check(request) == 0 ? 0 : -1; /* 1 and 2 have other meanings there */
}

/* Shows the guard what came between the last data and `end`. */
static int guard_framing(struct tp_http_request *request, const char *end) {
    struct tp_http_guard *guard = &request->guard;
    size_t len = (size_t)(end - request->framing);
    if (tp_http_guard_run(guard, request->framing, len) < len || guard->fault)
        return tp_http_refuse(&request->refusal, TP_EINVALID, guard->fault ? guard->fault : "bytes after the body");
    return 0;
}

/* All bodies that are not small share a bound. Small ones are bounded by their number, which is the connections', so
 * that they are taken also while somebody holds all of it. */
static int hold(struct tp_http_request *request) {
    static struct tp_log_limit limit;
    const size_t most = tp_http_settings(request->connection)->http.max_bodies, size = request->body.cap;
    if (size <= TP_HTTP_SMALL_BODY || size == request->held)
        return 0;
    const size_t more = size - request->held;
    const size_t before = atomic_fetch_add(&request->connection->thread->http->bodies, more);
    request->held = size;
    if (before <= most && more <= most - before)
        return 0;
    tp_log_limited(&limit, 60, TP_LOG_WARNING, "http_bodies_full", "stage=http max_bodies=%zu", most);
    return tp_http_refuse(&request->refusal, TP_EFULL, "too many large bodies at a time");
}

static int take_data(struct tp_http_request *request, struct tp_str data) {
    const struct tp_settings *settings = tp_http_settings(request->connection);
    if (data.len > settings->http.max_body - request->received)
        return tp_http_refuse(&request->refusal, TP_ETOOLARGE, "the body is larger than http.max_body");
    request->received += data.len;
    if (!request->gzip) {
        tp_buf_addstr(&request->body, data);
        return request->body.failed ? tp_http_refuse(&request->refusal, TP_ENOMEM, "no memory for the body")
                                    : hold(request);
    }
    int rc = tp_http_unpack_feed(request->unpack, data, settings->http.max_unpacked, &request->body);
    if (rc == TP_ETOOLARGE)
        return tp_http_refuse(&request->refusal, rc, "the body unpacks to more than http.max_unpacked");
    return rc == 0 ? hold(request) : tp_http_refuse(&request->refusal, rc, "the body is not gzip, or damaged");
}

static int on_body(http_parser *parser, const char *at, size_t len) {
    struct tp_http_request *request = parser->data;
    if (request->chunked) {
        int rc = guard_framing(request, at);
        if (rc != 0)
            return rc;
        if (!tp_http_guard_data(&request->guard))
            return tp_http_refuse(&request->refusal, TP_EINVALID, "expected the size of a chunk");
        request->framing = at + len;
    }
    return take_data(request, (struct tp_str){at, len});
}

static int on_message_complete(http_parser *parser) {
    struct tp_http_request *request = parser->data;
    request->complete = true;
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings callbacks = {
    .on_url = on_url,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* The callbacks' refusals say more than http-parser's own error, which is only that a callback failed. */
static int verdict(struct tp_http_request *request) {
    enum http_errno error = HTTP_PARSER_ERRNO(&request->parser);
    if (request->refusal.error == 0 && error != HPE_OK && error != HPE_PAUSED)
        tp_http_refuse(&request->refusal, TP_EINVALID, http_errno_description(error));
    if (request->refusal.error != 0)
        request->complete = false; /* where the next request would begin is not known */
    return request->refusal.error;
}

int tp_http_parse_head(struct tp_http_request *request) {
    http_parser_init(&request->parser, HTTP_REQUEST);
    request->parser.data = request;
    size_t used = http_parser_execute(&request->parser, &callbacks, request->head.at, request->head.len);
    int rc = verdict(request);
    if (rc == 0 && (used != request->head.len || !request->in_trailers))
        rc = tp_http_refuse(&request->refusal, TP_EINVALID, "the head ends too early");
    if (rc == 0 && request->chunked)
        tp_http_guard_chunks(&request->guard);
    return rc;
}

static int parse_piece(struct tp_http_request *request, struct tp_str piece, size_t *ret_used) {
    request->framing = piece.at;
    size_t used = http_parser_execute(&request->parser, &callbacks, piece.at, piece.len);
    int rc = verdict(request);
    if (rc == 0 && request->chunked)
        rc = guard_framing(request, piece.at + used);
    if (rc == 0 && request->chunked && request->complete && !tp_http_guard_done(&request->guard))
        rc = tp_http_refuse(&request->refusal, TP_EINVALID, "the chunks end too early");
    if (rc != 0)
        request->complete = false;
    *ret_used = used;
    return rc;
}

static int check_unpacked(struct tp_http_request *request) {
    if (!request->gzip || tp_http_unpack_whole(request->unpack))
        return 0;
    return tp_http_refuse(&request->refusal, TP_EINVALID, "the gzip body is cut short");
}

int tp_http_parse_body(struct tp_http_request *request, struct evbuffer *in) {
    int rc = 0;
    while (rc == 0 && !request->complete && evbuffer_get_length(in) > 0) {
        struct evbuffer_iovec piece;
        size_t used;
        evbuffer_peek(in, -1, NULL, &piece, 1);
        rc = parse_piece(request, (struct tp_str){piece.iov_base, piece.iov_len}, &used);
        evbuffer_drain(in, used);
    }
    return rc == 0 && request->complete ? check_unpacked(request) : rc;
}
