/* Answers. A reply is put together in a buffer of the thread's and leaves with its body in one system call; only what
 * the socket does not take at once is copied. */
#include "daemon/http/internal.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "common/json.h"
#include "daemon/metrics/metrics.h"

enum { NO_CONTENT = 204 };

/* A restart takes as long, and a crowd to thin out. Those who are sent away together do not come back together. */
enum { RETRY_FROM_S = 2, RETRY_SPREAD_S = 4 };

/* IMF-fixdate (RFC 9110 section 5.6.7), written anew once a second. */
static const char *date(struct tp_http_thread *thread) {
    time_t now = time(NULL);
    if (now != thread->date_s) {
        struct tm tm;
        gmtime_r(&now, &tm);
        strftime(thread->date, sizeof thread->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        thread->date_s = now;
    }
    return thread->date;
}

static void count(int status) {
    if (status >= 200 && status < 600)
        tp_metrics_add(TP_M_HTTP_2XX + (enum tp_metric)(status / 100 - 2), 1);
}

/* "Connection" only where the reply is not what the version takes for granted. */
static const char *connection_line(const struct tp_http_request *request, bool close) {
    if (close)
        return "Connection: close\r\n";
    return request->old ? "Connection: keep-alive\r\n" : "";
}

static void add_field(struct tp_buf *out, const char *name, const char *value) {
    tp_buf_adds(out, name);
    tp_buf_adds(out, value);
    tp_buf_adds(out, "\r\n");
}

static void write_head(struct tp_http_request *request, int status, const char *content_type, const char *headers,
                       size_t body_len, bool close) {
    struct tp_http_thread *thread = request->connection->thread;
    struct tp_buf *out = &thread->out;
    tp_buf_clear(out);
    tp_buf_adds(out, "HTTP/1.1 ");
    tp_buf_addi(out, status);
    tp_buf_addc(out, ' ');
    tp_buf_adds(out, http_status_str((enum http_status)status));
    add_field(out, "\r\nDate: ", date(thread));
    if (status != NO_CONTENT) {
        add_field(out, "Content-Type: ", content_type ? content_type : "application/json");
        tp_buf_adds(out, "Content-Length: ");
        tp_buf_addi(out, (int64_t)body_len);
        tp_buf_adds(out, "\r\n");
    }
    if (status == HTTP_STATUS_SERVICE_UNAVAILABLE)
        tp_buf_addf(out, "Retry-After: %u\r\n", RETRY_FROM_S + thread->sent_away++ % RETRY_SPREAD_S);
    tp_buf_adds(out, connection_line(request, close));
    if (headers)
        tp_buf_adds(out, headers);
    tp_buf_adds(out, "\r\n");
}

void tp_http_reply_with(struct tp_http_request *request, int status, const char *content_type, const char *headers,
                        struct tp_str body) {
    struct tp_http_connection *connection = request->connection;
    assert(connection->phase == TP_PHASE_OWED || connection->phase == TP_PHASE_GONE); /* once, and when asked */
    /* A request that was not read to its end leaves a connection on which nobody knows where the next one begins. */
    bool close = !request->complete || !request->keep_alive || connection->thread->draining;
    write_head(request, status, content_type, headers, body.len, close);
    count(status);
    struct tp_buf *head = &connection->thread->out;
    bool bodiless = request->sent_method == HTTP_HEAD || status == NO_CONTENT;
    struct iovec parts[] = {{head->at, head->len}, {(void *)(uintptr_t)body.at, body.len}};
    tp_http_connection_answer(connection, parts, bodiless ? 1 : 2, close || head->failed);
}

void tp_http_reply(struct tp_http_request *request, int status, const char *content_type, struct tp_str body) {
    tp_http_reply_with(request, status, content_type, NULL, body);
}

static void write_error(struct tp_buf *out, int error, const char *path, const char *message) {
    tp_buf_addf(out, "{\"error\":{\"code\":\"%s\",\"message\":", tp_error_code(error));
    tp_json_write_string(tp_str(message), out);
    if (path && *path) {
        tp_buf_adds(out, ",\"path\":");
        tp_json_write_string(tp_str(path), out);
    }
    tp_buf_adds(out, "}}");
}

void tp_http_reply_error_with(struct tp_http_request *request, int error, const char *path, const char *message,
                              const char *headers) {
    struct tp_buf body = TP_BUF_INIT;
    write_error(&body, error, path, message ? message : tp_error_text(error));
    if (error == TP_EUNAUTHORIZED && !headers)
        headers = "WWW-Authenticate: Bearer\r\n";
    tp_http_reply_with(request, tp_error_http(error), NULL, headers, tp_buf_str(&body));
    tp_buf_free(&body);
}

void tp_http_reply_error(struct tp_http_request *request, int error, const char *path, const char *message) {
    tp_http_reply_error_with(request, error, path, message, NULL);
}

void tp_http_reply_refusal(struct tp_http_request *request) {
    struct tp_http_refusal refusal = request->refusal;
    char allow[64];
    if (refusal.error == TP_EMETHOD) {
        tp_http_route_allow(request, request->connection->thread->http->routes, allow, sizeof allow);
        refusal.headers = allow;
    }
    tp_http_reply_error_with(request, refusal.error, NULL, refusal.message, refusal.headers);
}
