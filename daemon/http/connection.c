/* The life of one connection, as a row of phases (internal.h), each with a deadline that nothing but the next phase
 * moves: a byte now and then does not.
 *
 * run() takes step after step for as long as the bytes at hand allow it. It is entered from the socket,
 * and from a reply that comes later; a reply that comes while it runs only changes the phase, so pipelined requests are
 * a loop and never a recursion.
 *
 * While a reply is owed nothing is parsed, but the socket is still read, up to a mark: so pipelining is bounded, and
 * a peer that leaves is noticed. One that has only finished sending still gets its replies. */
#include "daemon/http/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <event2/buffer.h>

#include "common/time.h"
#include "daemon/log/log.h"
#include "daemon/metrics/metrics.h"

enum {
    LINGER_MS = 5000,
    LINGER_BYTES = 16 * 1024 * 1024,
    READ_AHEAD = 64 * 1024, /* and at least a whole head */
    REFUSED_AT_ONCE = 128,  /* connections over the limit that are told so; those beyond are just closed */
};

static const int64_t NEVER = INT64_MAX;

static struct tp_http *http_of(const struct tp_http_connection *connection) { return connection->thread->http; }

static const struct tp_settings *settings_of(const struct tp_http_connection *connection) {
    return http_of(connection)->settings;
}

/* --- deadlines --- */

static void set_timer(struct tp_http_connection *connection, int64_t now) {
    int64_t left = connection->deadline - now;
    struct timeval wait = {left / 1000, left % 1000 * 1000};
    if (event_add(connection->timer, &wait) == 0)
        connection->alarm = connection->deadline;
}

/* The timer is only moved to an earlier time; one that rings too early is set again. Most never ring. */
static void set_deadline(struct tp_http_connection *connection, unsigned ms) {
    int64_t now = tp_time_monotonic_ms();
    connection->deadline = now + ms;
    if (connection->alarm == 0 || connection->deadline < connection->alarm)
        set_timer(connection, now);
}

static void enter(struct tp_http_connection *connection, enum tp_http_phase phase) {
    connection->phase = phase;
    connection->deadline = NEVER;
}

/* --- endings --- */

static void end_request(struct tp_http_connection *connection) {
    if (connection->begun)
        tp_http_thread_end(connection->thread);
    connection->begun = false;
}

static void release(struct tp_http_connection *connection) {
    struct tp_http_connection **head = &connection->thread->connections;
    *(connection->prev ? &connection->prev->next : head) = connection->next;
    if (connection->next)
        connection->next->prev = connection->prev;
    end_request(connection);
    tp_http_request_free(&connection->request);
    free(connection);
}

/* Closes the socket. The connection itself stays while the handler has its request, or while it runs. */
static void lose(struct tp_http_connection *connection) {
    if (connection->bev) {
        bufferevent_free(connection->bev);
        event_free(connection->timer);
        connection->bev = NULL;
        atomic_fetch_sub(&http_of(connection)->connections, 1);
        tp_metrics_add(TP_M_HTTP_CONNECTIONS, -1);
    }
    connection->phase = connection->phase == TP_PHASE_OWED ? TP_PHASE_GONE : TP_PHASE_DEAD;
    if (connection->phase == TP_PHASE_DEAD && !connection->running)
        release(connection);
}

void tp_http_connection_close(struct tp_http_connection *connection) { lose(connection); }

void tp_http_connection_abandon(struct tp_http_connection *connection) { release(connection); }

static void refuse(struct tp_http_connection *connection) {
    enter(connection, TP_PHASE_OWED);
    tp_http_reply_refusal(&connection->request);
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

/* Who may ask what here. The order is that of what a refusal tells: the least first. */
static int admit(struct tp_http_connection *connection) {
    struct tp_http_request *request = &connection->request;
    struct tp_http *http = http_of(connection);
    if (connection->thread->draining)
        return tp_http_refuse(&request->refusal, TP_ESTOPPING, tp_error_text(TP_ESTOPPING));
    int rc = tp_http_route_find(request, http->routes);
    if (rc == 0)
        rc = tp_http_auth_check(http->auth, request);
    if (rc == 0 && request->length > http->settings->http.max_body)
        rc = tp_http_refuse(&request->refusal, TP_ETOOLARGE, "the body is larger than http.max_body");
    if (rc == 0 && request->gzip && !(request->unpack = tp_http_unpack_new()))
        rc = tp_http_refuse(&request->refusal, TP_ENOMEM, "no memory to unpack the body");
    return rc;
}

static bool send_continue(struct tp_http_connection *connection);

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
    enter(connection, TP_PHASE_BODY);
    if (request->expects_continue && !request->complete && evbuffer_get_length(input_of(connection)) == 0)
        return send_continue(connection);
    return true;
}

static bool refuse_as(struct tp_http_connection *connection, int error, int status, const char *message) {
    tp_http_refuse_as(&connection->request.refusal, error, status, message);
    refuse(connection);
    return true;
}

static bool read_head(struct tp_http_connection *connection) {
    struct evbuffer *in = input_of(connection);
    struct tp_http_guard *guard = &connection->request.guard;
    size_t max = settings_of(connection)->http.max_header, len = evbuffer_get_length(in);
    if (len > max)
        len = max;
    const unsigned char *bytes = evbuffer_pullup(in, (ev_ssize_t)len);
    if (!bytes)
        return refuse_as(connection, TP_ENOMEM, tp_error_http(TP_ENOMEM), "no memory for the head");
    connection->scanned +=
        tp_http_guard_run(guard, (const char *)bytes + connection->scanned, len - connection->scanned);
    if (guard->fault)
        return refuse_as(connection, TP_EINVALID, tp_error_http(TP_EINVALID), guard->fault);
    if (tp_http_guard_done(guard))
        return take_head(connection, bytes);
    if (len == max)
        return refuse_as(connection, TP_ETOOLARGE, 431, "the head is larger than http.max_header");
    if (connection->phase == TP_PHASE_IDLE) {
        enter(connection, TP_PHASE_HEAD);
        set_deadline(connection, settings_of(connection)->http.header_timeout);
    }
    return false;
}

static bool step_idle(struct tp_http_connection *connection) {
    struct evbuffer *in = input_of(connection);
    skip_empty_lines(in);
    if (evbuffer_get_length(in) > 0 && !half_an_empty_line(in))
        return read_head(connection);
    if (connection->deadline == NEVER)
        set_deadline(connection, settings_of(connection)->http.idle_timeout);
    return false;
}

static bool step_body(struct tp_http_connection *connection) {
    struct tp_http_request *request = &connection->request;
    if (tp_http_parse_body(request, input_of(connection)) != 0) {
        refuse(connection);
        return true;
    }
    if (!request->complete) {
        if (connection->deadline == NEVER)
            set_deadline(connection, settings_of(connection)->http.body_timeout);
        return false;
    }
    tp_metrics_add(TP_M_HTTP_REQUESTS, 1);
    enter(connection, TP_PHASE_OWED);
    request->route->handle(request, http_of(connection)->arg);
    return true;
}

static bool step_linger(struct tp_http_connection *connection) {
    struct evbuffer *in = input_of(connection);
    connection->lingered += evbuffer_get_length(in);
    evbuffer_drain(in, evbuffer_get_length(in));
    if (connection->lingered > LINGER_BYTES)
        lose(connection);
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

static bool waits_for_peer(const struct tp_http_connection *connection) {
    return connection->phase <= TP_PHASE_BODY || connection->phase == TP_PHASE_LINGER;
}

static void run(struct tp_http_connection *connection) {
    if (connection->running)
        return;
    connection->running = true;
    while (step(connection))
        ;
    if (connection->eof && waits_for_peer(connection))
        lose(connection);
    connection->running = false;
    if (connection->phase == TP_PHASE_DEAD)
        release(connection);
}

/* --- writing --- */

/* What the socket takes goes now; the rest follows by the bufferevent. False when the peer is gone. */
static bool send_parts(struct tp_http_connection *connection, struct iovec *parts, int n_parts) {
    struct evbuffer *out = bufferevent_get_output(connection->bev);
    size_t sent = 0;
    if (evbuffer_get_length(out) == 0) {
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)n_parts};
        ssize_t n = sendmsg(bufferevent_getfd(connection->bev), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        sent = n > 0 ? (size_t)n : 0;
    }
    for (int i = 0; i < n_parts; i++) {
        size_t skipped = sent < parts[i].iov_len ? sent : parts[i].iov_len;
        sent -= skipped;
        if (skipped < parts[i].iov_len &&
            evbuffer_add(out, (char *)parts[i].iov_base + skipped, parts[i].iov_len - skipped) != 0)
            return false;
    }
    return true;
}

static bool send_continue(struct tp_http_connection *connection) {
    static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (send_parts(connection, &(struct iovec){text, sizeof text - 1}, 1))
        return true;
    lose(connection);
    return false;
}

/* Closing at once would reset a peer that is still sending, and with it the reply that it has not read yet. */
static void linger(struct tp_http_connection *connection) {
    shutdown(bufferevent_getfd(connection->bev), SHUT_WR);
    enter(connection, TP_PHASE_LINGER);
    set_deadline(connection, LINGER_MS);
}

static void written(struct tp_http_connection *connection) {
    end_request(connection);
    if (connection->closing) {
        linger(connection);
        return;
    }
    tp_http_request_clear(&connection->request);
    connection->scanned = 0;
    enter(connection, TP_PHASE_IDLE);
}

void tp_http_connection_answer(struct tp_http_connection *connection, struct iovec *parts, int n_parts, bool close) {
    bool gone = connection->phase == TP_PHASE_GONE;
    connection->closing = close;
    enter(connection, TP_PHASE_WRITING);
    if (gone || !send_parts(connection, parts, n_parts)) {
        lose(connection);
        return;
    }
    if (evbuffer_get_length(bufferevent_get_output(connection->bev)) == 0)
        written(connection);
    else
        set_deadline(connection, settings_of(connection)->http.write_timeout);
    run(connection);
}

/* --- what the event loop calls --- */

static void on_read(struct bufferevent *bev, void *arg) {
    (void)bev;
    run(arg);
}

static void on_written(struct bufferevent *bev, void *arg) {
    struct tp_http_connection *connection = arg;
    (void)bev;
    if (connection->phase == TP_PHASE_WRITING)
        written(connection);
    run(connection);
}

static void on_event(struct bufferevent *bev, short what, void *arg) {
    struct tp_http_connection *connection = arg;
    (void)bev;
    if (what & BEV_EVENT_ERROR) {
        lose(connection);
    } else if (what & BEV_EVENT_EOF) {
        connection->eof = true;
        run(connection);
    }
}

static void on_deadline(struct tp_http_connection *connection) {
    tp_metrics_add(TP_M_HTTP_TIMEOUTS, connection->phase != TP_PHASE_LINGER);
    if (connection->phase == TP_PHASE_HEAD || connection->phase == TP_PHASE_BODY)
        refuse_as(connection, TP_EINVALID, 408, "the request did not arrive in time");
    else
        lose(connection);
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
    struct tp_http_connection *connection = arg;
    (void)fd;
    (void)what;
    int64_t now = tp_time_monotonic_ms();
    connection->alarm = 0;
    if (connection->deadline <= now)
        on_deadline(connection);
    else if (connection->deadline != NEVER)
        set_timer(connection, now);
}

/* --- the beginning --- */

static void read_peer(struct tp_http_connection *connection, const struct sockaddr *peer) {
    if (peer->sa_family == AF_INET) {
        struct in6_addr mapped = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;
        memcpy(&mapped.s6_addr[12], &v4->sin_addr, sizeof v4->sin_addr);
        connection->peer = mapped;
        inet_ntop(AF_INET, &v4->sin_addr, connection->peer_text, sizeof connection->peer_text);
    } else if (peer->sa_family == AF_INET6) {
        connection->peer = ((const struct sockaddr_in6 *)peer)->sin6_addr;
        inet_ntop(AF_INET6, &connection->peer, connection->peer_text, sizeof connection->peer_text);
    } else {
        connection->peer_unix = true;
        snprintf(connection->peer_text, sizeof connection->peer_text, "unix");
    }
}

static struct tp_http_connection *make(struct tp_http_thread *thread, evutil_socket_t fd) {
    struct event_base *base = tp_loop_base(thread->loop);
    struct tp_http_connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    connection->thread = thread;
    tp_http_request_init(&connection->request, connection);
    connection->timer = evtimer_new(base, on_timer, connection);
    connection->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (connection->timer && connection->bev)
        return connection;
    if (connection->timer)
        event_free(connection->timer);
    free(connection);
    return NULL;
}

static void start_reading(struct tp_http_connection *connection) {
    size_t max_header = settings_of(connection)->http.max_header;
    bufferevent_setcb(connection->bev, on_read, on_written, on_event, connection);
    bufferevent_setwatermark(connection->bev, EV_READ, 0, max_header < READ_AHEAD ? READ_AHEAD : max_header + 1);
    bufferevent_set_max_single_read(connection->bev, READ_AHEAD);
    bufferevent_enable(connection->bev, EV_READ | EV_WRITE);
}

static void refuse_connection(struct tp_http_connection *connection) {
    static struct tp_log_limit limit;
    tp_log_limited(&limit, 60, TP_LOG_WARNING, "http_full", "stage=http max_connections=%u",
                   settings_of(connection)->http.max_connections);
    refuse_as(connection, TP_EFULL, tp_error_http(TP_EFULL), "too many connections");
}

void tp_http_connection_open(struct tp_http_thread *thread, evutil_socket_t fd, const struct sockaddr *peer) {
    unsigned max = thread->http->settings->http.max_connections;
    unsigned open = atomic_fetch_add(&thread->http->connections, 1);
    struct tp_http_connection *connection = open < max + REFUSED_AT_ONCE ? make(thread, fd) : NULL;
    tp_metrics_add(open < max ? TP_M_HTTP_CONNECTIONS_TOTAL : TP_M_HTTP_CONNECTIONS_REFUSED, 1);
    if (!connection) {
        atomic_fetch_sub(&thread->http->connections, 1);
        evutil_closesocket(fd);
        return;
    }
    tp_metrics_add(TP_M_HTTP_CONNECTIONS, 1);
    connection->next = thread->connections;
    if (connection->next)
        connection->next->prev = connection;
    thread->connections = connection;
    read_peer(connection, peer);
    start_reading(connection);
    enter(connection, TP_PHASE_IDLE);
    if (open >= max)
        refuse_connection(connection);
    else
        run(connection);
}
