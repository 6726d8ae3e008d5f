/* The life of one connection, as a row of phases (internal.h), each with a deadline that nothing but the next phase
 * moves: a byte now and then does not.
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
    READ_AHEAD = 64 * 1024, /* and at least a whole head */
};

/* --- deadlines --- */

static void set_timer(struct tp_http_connection *connection, int64_t now) {
    int64_t left = connection->deadline - now;
    struct timeval wait = {left / 1000, left % 1000 * 1000};
    if (event_add(connection->timer, &wait) == 0)
        connection->alarm = connection->deadline;
}

static struct tp_http_crowd *crowd_of(const struct tp_http_connection *connection) {
    return &connection->thread->http->crowd;
}

/* The timer is only moved to an earlier time; one that rings too early is set again. Most never ring. */
void tp_http_connection_deadline(struct tp_http_connection *connection, unsigned ms) {
    static const enum tp_http_place places[] = {
        [TP_PHASE_IDLE] = TP_PLACE_IDLE,        [TP_PHASE_HEAD] = TP_PLACE_SENDING,
        [TP_PHASE_BODY] = TP_PLACE_SENDING,     [TP_PHASE_WRITING] = TP_PLACE_READING,
        [TP_PHASE_LINGER] = TP_PLACE_LINGERING,
    };
    int64_t now = tp_time_monotonic_ms();
    tp_http_crowd_place(crowd_of(connection), &connection->guest, places[connection->phase]);
    connection->deadline = now + ms;
    if (connection->alarm == 0 || connection->deadline < connection->alarm)
        set_timer(connection, now);
}

void tp_http_connection_enter(struct tp_http_connection *connection, enum tp_http_phase phase) {
    if (phase == TP_PHASE_OWED)
        tp_http_crowd_place(crowd_of(connection), &connection->guest, TP_PLACE_NONE);
    connection->phase = phase;
    connection->deadline = TP_HTTP_NEVER;
}

/* --- endings --- */

static void end_request(struct tp_http_connection *connection) {
    if (connection->begun)
        tp_http_thread_end(connection->thread);
    connection->begun = false;
}

void tp_http_connection_free(struct tp_http_connection *connection) {
    struct tp_http_connection **head = &connection->thread->connections;
    *(connection->prev ? &connection->prev->next : head) = connection->next;
    if (connection->next)
        connection->next->prev = connection->prev;
    end_request(connection);
    tp_http_request_free(&connection->request);
    free(connection);
}

void tp_http_connection_lose(struct tp_http_connection *connection) {
    if (connection->bev) {
        tp_http_crowd_leave(crowd_of(connection), &connection->guest);
        bufferevent_free(connection->bev);
        event_free(connection->timer);
        connection->bev = NULL;
        tp_metrics_add(TP_M_HTTP_CONNECTIONS, -1);
    }
    connection->phase = connection->phase == TP_PHASE_OWED ? TP_PHASE_GONE : TP_PHASE_DEAD;
    if (connection->phase == TP_PHASE_DEAD && !connection->running)
        tp_http_connection_free(connection);
}

/* --- writing --- */

bool tp_http_connection_send(struct tp_http_connection *connection, struct iovec *parts, int n_parts) {
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

/* Closing at once would reset a peer that is still sending, and with it the reply that it has not read yet. */
static void linger(struct tp_http_connection *connection) {
    tp_http_connection_enter(connection, TP_PHASE_LINGER);
    tp_http_connection_deadline(connection, LINGER_MS);
    shutdown(bufferevent_getfd(connection->bev), SHUT_WR); /* last: who sees it may come back at once */
}

static void written(struct tp_http_connection *connection) {
    end_request(connection);
    tp_http_request_clear(&connection->request);
    connection->scanned = 0;
    if (connection->closing)
        linger(connection);
    else
        tp_http_connection_enter(connection, TP_PHASE_IDLE);
}

void tp_http_connection_answer(struct tp_http_connection *connection, struct iovec *parts, int n_parts, bool close) {
    bool gone = connection->phase == TP_PHASE_GONE;
    connection->closing = close;
    tp_http_connection_enter(connection, TP_PHASE_WRITING);
    if (gone || !tp_http_connection_send(connection, parts, n_parts)) {
        tp_http_connection_lose(connection);
        return;
    }
    if (evbuffer_get_length(bufferevent_get_output(connection->bev)) == 0)
        written(connection);
    else
        tp_http_connection_deadline(connection, tp_http_settings(connection)->http.write_timeout);
    tp_http_connection_run(connection);
}

/* --- what the event loop calls --- */

static void on_read(struct bufferevent *bev, void *arg) {
    (void)bev;
    tp_http_connection_run(arg);
}

static void on_written(struct bufferevent *bev, void *arg) {
    struct tp_http_connection *connection = arg;
    (void)bev;
    if (connection->phase == TP_PHASE_WRITING)
        written(connection);
    tp_http_connection_run(connection);
}

static void on_event(struct bufferevent *bev, short what, void *arg) {
    struct tp_http_connection *connection = arg;
    (void)bev;
    if (what & BEV_EVENT_ERROR) {
        tp_http_connection_lose(connection);
    } else if (what & BEV_EVENT_EOF) {
        connection->eof = true;
        tp_http_connection_run(connection);
    }
}

static void on_deadline(struct tp_http_connection *connection) {
    tp_metrics_add(TP_M_HTTP_TIMEOUTS, connection->phase != TP_PHASE_LINGER);
    if (connection->phase == TP_PHASE_HEAD || connection->phase == TP_PHASE_BODY)
        tp_http_connection_refuse(connection, TP_ETIMEOUT, "the request did not arrive in time");
    else
        tp_http_connection_lose(connection);
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
    struct tp_http_connection *connection = arg;
    (void)fd;
    (void)what;
    int64_t now = tp_time_monotonic_ms();
    connection->alarm = 0;
    if (connection->deadline <= now)
        on_deadline(connection);
    else if (connection->deadline != TP_HTTP_NEVER)
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
    connection->deadline = TP_HTTP_NEVER;
    tp_http_request_init(&connection->request, connection);
    connection->timer = evtimer_new(base, on_timer, connection);
    if (connection->timer)
        connection->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (connection->bev)
        return connection;
    if (connection->timer)
        event_free(connection->timer);
    free(connection);
    return NULL;
}

static void start_reading(struct tp_http_connection *connection) {
    size_t max_header = tp_http_settings(connection)->http.max_header;
    bufferevent_setcb(connection->bev, on_read, on_written, on_event, connection);
    bufferevent_setwatermark(connection->bev, EV_READ, 0, max_header < READ_AHEAD ? READ_AHEAD : max_header + 1);
    bufferevent_set_max_single_read(connection->bev, READ_AHEAD);
    bufferevent_enable(connection->bev, EV_READ | EV_WRITE);
}

static void refuse_connection(struct tp_http_connection *connection, enum tp_http_entry entry) {
    static struct tp_log_limit limit;
    if (entry == TP_ENTRY_PEER_FULL) {
        tp_http_connection_refuse_peer(connection);
        return;
    }
    tp_metrics_add(TP_M_HTTP_REFUSED_FULL, 1);
    tp_log_limited(&limit, 60, TP_LOG_WARNING, "http_full", "stage=http max_connections=%u",
                   crowd_of(connection)->most);
    tp_http_connection_refuse(connection, TP_EFULL, "too many connections");
}

/* Behind a proxy whose word is taken nothing is known of the peer before its first request. */
static enum tp_http_entry enter_crowd(struct tp_http_connection *connection, evutil_socket_t fd) {
    bool known = !connection->peer_unix && !tp_http_from_proxy(connection);
    return tp_http_crowd_enter(crowd_of(connection), &connection->guest, fd, known ? &connection->peer : NULL);
}

void tp_http_connection_open(struct tp_http_thread *thread, evutil_socket_t fd, const struct sockaddr *peer) {
    struct tp_http_connection *connection = make(thread, fd);
    if (!connection) {
        evutil_closesocket(fd);
        return;
    }
    tp_metrics_add(TP_M_HTTP_CONNECTIONS, 1);
    tp_metrics_add(TP_M_HTTP_CONNECTIONS_TOTAL, 1);
    connection->next = thread->connections;
    if (connection->next)
        connection->next->prev = connection;
    thread->connections = connection;
    read_peer(connection, peer);
    start_reading(connection);
    enum tp_http_entry entry = enter_crowd(connection, fd);
    if (entry != TP_ENTRY_TAKEN)
        refuse_connection(connection, entry);
    else
        tp_http_connection_run(connection);
}
