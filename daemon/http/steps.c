/* What can be done with the bytes at hand: step after step through the phases of a connection.
 *
 * The steps are entered from the socket, and from a reply that comes later; a reply that comes while they run only
 * changes the phase, so pipelined requests are a loop and never a recursion. */
#include "daemon/http/internal.h"

#include <event2/buffer.h>

#include "common/fault.h"
#include "daemon/log/log.h"
#include "daemon/metrics/metrics.h"

enum { LINGER_BYTES = 16 * 1024 * 1024 };

static void refuse(struct tp_http_connection *connection) {
    tp_http_connection_enter(connection, TP_PHASE_OWED);
    tp_http_reply_refusal(&connection->request);
}

static bool refuse_as(struct tp_http_connection *connection, int error, const char *message) {
    tp_http_refuse(&connection->request.refusal, error, message);
    refuse(connection);
    return true;
}

void tp_http_connection_refuse(struct tp_http_connection *connection, int error, const char *message) {
    refuse_as(connection, error, message);
}

static int peer_is_full(struct tp_http_connection *connection) {
    static struct tp_log_limit limit;
    tp_metrics_add(TP_M_HTTP_REFUSED_PEER, 1);
    tp_log_limited(&limit, 60, TP_LOG_WARNING, "http_peer_full", "stage=http max_connections_per_peer=%u",
                   tp_http_settings(connection)->http.max_connections_per_peer);
    return tp_http_refuse(&connection->request.refusal, TP_EFULL, "too many connections from your address");
}

void tp_http_connection_refuse_peer(struct tp_http_connection *connection) {
    peer_is_full(connection);
    refuse(connection);
}

/* --- steps: each true when another may be possible --- */

static struct evbuffer *input_of(const struct tp_http_connection *connection) {
    return bufferevent_get_input(connection->bev);
}

/* Empty lines before a request are dropped (RFC 9112 section 2.2); they do not begin one. */
static void skip_empty_lines(struct evbuffer *in) {
    char start[2];
    while (evbuffer_copyout(in, start, 2) == 2 && start[0] == '\r' && start[1] == '\n')
        evbuffer_drain(in, 2);
}

static bool half_an_empty_line(struct evbuffer *in) {
    char start;
    return evbuffer_get_length(in) == 1 && evbuffer_copyout(in, &start, 1) == 1 && start == '\r';
}

/* A proxy's connection counts for the peer that its latest request is from. */
static int count_forwarded(struct tp_http_connection *connection) {
    struct in6_addr peer;
    if (!tp_http_from_proxy(connection) || !tp_http_forwarded(&connection->request, &peer) ||
        tp_http_crowd_rename(&connection->thread->http->crowd, &connection->guest, &peer))
        return 0;
    connection->request.keep_alive = false;
    return peer_is_full(connection);
}

/* Who may ask what here. The order is that of what a refusal tells: the least first. */
static int admit(struct tp_http_connection *connection) {
    struct tp_http_request *request = &connection->request;
    struct tp_http *http = connection->thread->http;
    if (connection->thread->draining)
        return tp_http_refuse(&request->refusal, TP_ESTOPPING, tp_error_text(TP_ESTOPPING));
    int rc = count_forwarded(connection);
    if (rc == 0)
        rc = tp_http_route_find(request, http->routes);
    if (rc == 0)
        rc = tp_http_auth_check(http->auth, request);
    if (rc == 0 && request->length > http->settings->http.max_body)
        rc = tp_http_refuse(&request->refusal, TP_ETOOLARGE, "the body is larger than http.max_body");
    if (rc == 0 && request->gzip && !(request->unpack = tp_http_unpack_new()))
        rc = tp_http_refuse(&request->refusal, TP_ENOMEM, "no memory to unpack the body");
    return rc;
}

static bool send_continue(struct tp_http_connection *connection) {
    static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (tp_http_connection_send(connection, &(struct iovec){text, sizeof text - 1}, 1))
        return true;
    tp_http_connection_lose(connection);
    return false;
}

/* The whole head is here: takes it out of the input and decides. */
static bool take_head(struct tp_http_connection *connection, const unsigned char *bytes) {
    struct tp_http_request *request = &connection->request;
    tp_buf_add(&request->head, bytes, connection->scanned);
    evbuffer_drain(input_of(connection), connection->scanned);
    int rc = request->head.failed ? tp_http_refuse(&request->refusal, TP_ENOMEM, "no memory for the head")
                                  : tp_http_parse_head(request);
    if (rc == 0)
        rc = admit(connection);
    if (rc != 0) {
        refuse(connection);
        return true;
    }
    tp_http_thread_begin(connection->thread);
    connection->begun = true;
    tp_http_connection_enter(connection, TP_PHASE_BODY);
    if (request->expects_continue && !request->complete && evbuffer_get_length(input_of(connection)) == 0)
        return send_continue(connection);
    return true;
}

static bool read_head(struct tp_http_connection *connection) {
    struct evbuffer *in = input_of(connection);
    struct tp_http_guard *guard = &connection->request.guard;
    size_t max = tp_http_settings(connection)->http.max_header, len = evbuffer_get_length(in);
    if (len > max)
        len = max;
    const unsigned char *bytes = evbuffer_pullup(in, (ev_ssize_t)len);
    if (!bytes)
        return refuse_as(connection, TP_ENOMEM, "no memory for the head");
    connection->scanned +=
        tp_http_guard_run(guard, (const char *)bytes + connection->scanned, len - connection->scanned);
    if (guard->fault)
        return refuse_as(connection, TP_EINVALID, guard->fault);
    if (tp_http_guard_done(guard))
        return take_head(connection, bytes);
    if (len == max)
        return refuse_as(connection, TP_EHEADER, "the head is larger than http.max_header");
    if (connection->phase == TP_PHASE_IDLE) {
        tp_http_connection_enter(connection, TP_PHASE_HEAD);
        tp_http_connection_deadline(connection, tp_http_settings(connection)->http.header_timeout);
    }
    return false;
}

static bool step_idle(struct tp_http_connection *connection) {
    struct evbuffer *in = input_of(connection);
    skip_empty_lines(in);
    if (evbuffer_get_length(in) > 0 && !half_an_empty_line(in))
        return read_head(connection);
    if (connection->deadline == TP_HTTP_NEVER)
        tp_http_connection_deadline(connection, tp_http_settings(connection)->http.idle_timeout);
    return false;
}

static bool step_body(struct tp_http_connection *connection) {
    struct tp_http_request *request = &connection->request;
    if (tp_http_parse_body(request, input_of(connection)) != 0) {
        refuse(connection);
        return true;
    }
    if (!request->complete) {
        if (connection->deadline == TP_HTTP_NEVER)
            tp_http_connection_deadline(connection, tp_http_settings(connection)->http.body_timeout);
        return false;
    }
    tp_http_connection_enter(connection, TP_PHASE_OWED);
    tp_metrics_add(TP_M_HTTP_REQUESTS, 1);
    (void)TP_FAULT("http.before_handling");
    request->route->handle(request, connection->thread->http->arg);
    return true;
}

static bool step_linger(struct tp_http_connection *connection) {
    struct evbuffer *in = input_of(connection);
    connection->lingered += evbuffer_get_length(in);
    evbuffer_drain(in, evbuffer_get_length(in));
    if (connection->lingered > LINGER_BYTES)
        tp_http_connection_lose(connection);
    return false;
}

static bool step(struct tp_http_connection *connection) {
    switch (connection->phase) {
    case TP_PHASE_IDLE:
        return step_idle(connection);
    case TP_PHASE_HEAD:
        return evbuffer_get_length(input_of(connection)) > connection->scanned && read_head(connection);
    case TP_PHASE_BODY:
        return step_body(connection);
    case TP_PHASE_LINGER:
        return step_linger(connection);
    default:
        return false;
    }
}

static bool is_sending(const struct tp_http_connection *connection) {
    return connection->phase == TP_PHASE_HEAD || connection->phase == TP_PHASE_BODY;
}

static bool waits_for_peer(const struct tp_http_connection *connection) {
    return connection->phase <= TP_PHASE_BODY || connection->phase == TP_PHASE_LINGER;
}

void tp_http_connection_run(struct tp_http_connection *connection) {
    if (connection->running)
        return;
    connection->running = true;
    while (step(connection))
        ;
    if (connection->eof && connection->guest.shed && is_sending(connection))
        tp_http_connection_refuse(connection, TP_EFULL, "too slow, while others wait for a connection");
    if (connection->eof && waits_for_peer(connection))
        tp_http_connection_lose(connection);
    connection->running = false;
    if (connection->phase == TP_PHASE_DEAD)
        tp_http_connection_free(connection);
}
