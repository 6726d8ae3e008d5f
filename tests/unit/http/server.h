/* A real server on a free loopback port with a few routes to try things on, and a client that sends raw bytes. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/http/http.h"
#include "daemon/metrics/metrics.h"

#define MAYBE __attribute__((unused)) static

struct server {
    struct tp_settings settings;
    struct tp_http *http;
    _Atomic int handled;
    sem_t arrived; /* at /later, or at /block */
    sem_t go_on;   /* from /block */
    struct tp_mail answer;
    struct tp_http_request *waiting;
};

static struct server server; /* one at a time */

/* --- what is served --- */

static void handle_echo(struct tp_http_request *request, void *arg) {
    (void)arg;
    server.handled++;
    tp_http_reply(request, 200, "text/plain", tp_http_body(request));
}

static void handle_customer(struct tp_http_request *request, void *arg) {
    (void)arg;
    struct tp_buf out = TP_BUF_INIT;
    struct tp_str name, value, id = tp_http_param(request, "id");
    tp_buf_addf(&out, "id=%.*s", TP_FMT(id));
    size_t cursor = 0;
    while (tp_http_query_next(request, &cursor, &name, &value))
        tp_buf_addf(&out, ";%.*s=%.*s", TP_FMT(name), TP_FMT(value));
    tp_http_reply(request, 200, NULL, tp_buf_str(&out));
    tp_buf_free(&out);
}

static void handle_headers(struct tp_http_request *request, void *arg) {
    (void)arg;
    struct tp_buf out = TP_BUF_INIT;
    struct tp_str name, value;
    size_t cursor = 0;
    while (tp_http_header_next(request, &cursor, &name, &value))
        tp_buf_addf(&out, "%.*s=%.*s\n", TP_FMT(name), TP_FMT(value));
    tp_http_reply(request, 200, "text/plain", tp_buf_str(&out));
    tp_buf_free(&out);
}

static void handle_who(struct tp_http_request *request, void *arg) {
    (void)arg;
    struct tp_str peer = tp_http_peer(request);
    const char *key = tp_http_key_name(request);
    struct tp_buf out = TP_BUF_INIT;
    tp_buf_addf(&out, "%.*s %s", TP_FMT(peer), key ? key : "-");
    tp_http_reply(request, 200, "text/plain", tp_buf_str(&out));
    tp_buf_free(&out);
}

static void handle_later(struct tp_http_request *request, void *arg) {
    (void)arg;
    server.waiting = request;
    sem_post(&server.arrived);
}

/* Nothing else happens on this thread meanwhile. */
static void handle_block(struct tp_http_request *request, void *arg) {
    (void)arg;
    sem_post(&server.arrived);
    sem_wait(&server.go_on);
    tp_http_reply(request, 200, NULL, (struct tp_str){0});
}

static void handle_count(struct tp_http_request *request, void *arg) {
    (void)arg;
    char text[TP_DECIMAL];
    tp_http_reply(request, 200, "text/plain", tp_decimal(tp_metrics_get(TP_M_HTTP_CONNECTIONS), text));
}

enum { BIG = 8 * 1024 * 1024 };

static void handle_big(struct tp_http_request *request, void *arg) {
    (void)arg;
    char *big = calloc(1, BIG);
    memset(big, 'x', BIG);
    tp_http_reply(request, 200, "text/plain", (struct tp_str){big, BIG});
    free(big);
}

static void handle_error(struct tp_http_request *request, void *arg) {
    (void)arg;
    tp_http_reply_error(request, TP_EFULL, "some.path", "say \"when\"");
}

static void handle_nothing(struct tp_http_request *request, void *arg) {
    (void)arg;
    tp_http_reply_with(request, 204, NULL, "X-More: yes\r\n", (struct tp_str){0});
}

static const struct tp_http_route server_routes[] = {
    {TP_HTTP_POST | TP_HTTP_GET, "/echo", 0, handle_echo},
    {TP_HTTP_GET, "/v1/customers/:id", 0, handle_customer},
    {TP_HTTP_GET, "/v1/customers/:id/timeline", 0, handle_customer},
    {TP_HTTP_GET, "/headers", 0, handle_headers},
    {TP_HTTP_GET, "/who", 0, handle_who},
    {TP_HTTP_GET, "/read", TP_SCOPE_READ, handle_who},
    {TP_HTTP_POST, "/write", TP_SCOPE_WRITE, handle_who},
    {TP_HTTP_GET | TP_HTTP_POST, "/later", 0, handle_later},
    {TP_HTTP_GET, "/block", 0, handle_block},
    {TP_HTTP_GET, "/count", 0, handle_count},
    {TP_HTTP_GET, "/big", 0, handle_big},
    {TP_HTTP_GET, "/full", 0, handle_error},
    {TP_HTTP_OPTIONS, "/nothing", 0, handle_nothing},
    {0, NULL, 0, NULL},
};

/* --- its life --- */

MAYBE void server_defaults(void) {
    memset(&server, 0, sizeof server);
    sem_init(&server.arrived, 0, 0);
    sem_init(&server.go_on, 0, 0);
    server.settings.http.listen = (char *)"127.0.0.1:0";
    server.settings.http.external_url = (char *)"";
    server.settings.http.trusted_proxies = (char *)"";
    server.settings.http.threads = 2;
    server.settings.http.max_connections = 100;
    server.settings.http.grace = 20000;
    server.settings.http.max_header = 4096;
    server.settings.http.max_body = 65536;
    server.settings.http.max_unpacked = 262144;
    server.settings.http.max_bodies = 100 * 262144;
    server.settings.http.header_timeout = 20000;
    server.settings.http.body_timeout = 20000;
    server.settings.http.idle_timeout = 20000;
    server.settings.http.write_timeout = 20000;
}

MAYBE void server_start(void) {
    struct tp_buf fault = TP_BUF_INIT;
    int rc = tp_http_start(&server.settings, server_routes, &server, &fault, &server.http);
    if (rc != 0)
        print_message("%.*s\n", (int)fault.len, fault.at);
    assert_int_equal(rc, 0);
    tp_buf_free(&fault);
}

MAYBE int server_setup(void **state) {
    (void)state;
    server_defaults();
    return 0;
}

MAYBE int server_setup_running(void **state) {
    server_setup(state);
    server_start();
    return 0;
}

MAYBE int server_teardown(void **state) {
    (void)state;
    tp_http_free(server.http);
    sem_destroy(&server.arrived);
    sem_destroy(&server.go_on);
    return 0;
}

static void deliver_answer(struct tp_mail *mail) {
    (void)mail;
    tp_http_reply(server.waiting, 200, "text/plain", TP_STR("at last"));
}

/* What /later waits for, from another thread, as the journal does it. */
MAYBE void server_answer(void) {
    server.answer.deliver = deliver_answer;
    tp_loop_post(tp_http_request_loop(server.waiting), &server.answer);
}

/* --- a client --- */

struct reply {
    int status;
    char head[4096];
    char *body;
    size_t len;
};

MAYBE int dial_at(const void *to, socklen_t len) {
    int fd = socket(((const struct sockaddr *)to)->sa_family, SOCK_STREAM, 0);
    struct timeval patience = {30, 0}; /* for a server that would hang the test */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, to, len) != 0) {
        perror("cannot connect");
        abort();
    }
    return fd;
}

/* Of the last address that is listened on. */
MAYBE in_port_t port(void) {
    const char *colon = strrchr(tp_http_addresses(server.http), ':');
    return htons((uint16_t)strtoul(colon + 1, NULL, 10));
}

MAYBE int dial(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = port()};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return dial_at(&to, sizeof to);
}

MAYBE int dial_unix(const char *path) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    return dial_at(&to, sizeof to);
}

MAYBE void send_bytes(int fd, const void *bytes, size_t len) {
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

MAYBE void send_text(int fd, const char *text) { send_bytes(fd, text, strlen(text)); }

static size_t read_head(int fd, char *head, size_t size) {
    size_t len = 0;
    while (len < 4 || memcmp(head + len - 4, "\r\n\r\n", 4) != 0) {
        assert_in_range(len, 0, size - 2);
        ssize_t n = recv(fd, head + len, 1, 0);
        assert_int_equal(n, 1);
        len++;
    }
    head[len] = '\0';
    return len;
}

/* The value of a header of the reply, up to the end of its line; NULL when it is not there. */
MAYBE const char *header_of(const struct reply *reply, const char *name) {
    static char value[256];
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\r\n%s: ", name);
    const char *at = strstr(reply->head, wanted);
    if (!at)
        return NULL;
    at += strlen(wanted);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
    return value;
}

MAYBE struct reply read_reply_to(int fd, bool head_only) {
    struct reply reply = {0};
    read_head(fd, reply.head, sizeof reply.head);
    assert_memory_equal(reply.head, "HTTP/1.1 ", 9);
    reply.status = (int)strtol(reply.head + 9, NULL, 10);
    const char *length = header_of(&reply, "Content-Length");
    reply.len = length && !head_only ? strtoul(length, NULL, 10) : 0;
    reply.body = calloc(1, reply.len + 1);
    for (size_t got = 0; got < reply.len;) {
        ssize_t n = recv(fd, reply.body + got, reply.len - got, 0);
        assert_true(n > 0);
        got += (size_t)n;
    }
    return reply;
}

MAYBE struct reply read_reply(int fd) { return read_reply_to(fd, false); }

MAYBE void must_reply(int fd, int status, const char *body) {
    struct reply reply = read_reply(fd);
    char *got = reply.body;
    bool as_expected = reply.status == status && (!body || strcmp(got, body) == 0);
    if (!as_expected)
        print_message("%s%s\n", reply.head, got);
    free(got);
    assert_true(as_expected);
}

/* The server has closed: nothing more comes, and no reset either. */
MAYBE void must_be_closed(int fd) {
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

MAYBE void must_answer(const char *request, int status, const char *body) {
    int fd = dial();
    send_text(fd, request);
    must_reply(fd, status, body);
    close(fd);
}
