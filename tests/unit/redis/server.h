/* A Redis of the test's own, at the other end of a real connection and on the same event base: it answers the greeting
 * as it is told, hears each call behind that, and answers when the test says so. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct server {
    struct event_base *base;
    struct evconnlistener *listener;
    struct bufferevent *peer; /* the last that connected */
    int port;
    unsigned connections;
    char greeting[1024]; /* its commands so far: "AUTH SELECT " */
    unsigned calls;      /* heard behind the greeting of this connection */
    char last_call[256];
    const char *refusal; /* what it answers a greeting with, instead */
    bool silent;         /* to the greeting too */
};

static void server_says(struct server *server, const char *reply) {
    assert_non_null(server->peer);
    bufferevent_write(server->peer, reply, strlen(reply));
}

static void server_hangs_up(struct server *server) {
    bufferevent_free(server->peer);
    server->peer = NULL;
}

static void server_hears(struct server *server, const char *name, const char *all) {
    bool greets = strcmp(name, "AUTH") == 0 || strcmp(name, "SELECT") == 0 || strcmp(name, "SCRIPT") == 0 ||
                  strcmp(name, "PING") == 0;
    if (!greets) {
        server->calls++;
        snprintf(server->last_call, sizeof server->last_call, "%s", all);
        return;
    }
    strncat(server->greeting, name, sizeof server->greeting - strlen(server->greeting) - 1);
    strncat(server->greeting, " ", sizeof server->greeting - strlen(server->greeting) - 1);
    if (!server->silent)
        server_says(server, server->refusal ? server->refusal : "+OK\r\n");
}

/* One word, "$LENGTH\r\nBYTES\r\n"; the offset behind it, 0 while it is not all there. */
static size_t server_word(const char *bytes, size_t len, size_t at, char *out, size_t cap) {
    const char *line = at < len ? memchr(bytes + at, '\n', len - at) : NULL;
    if (!line)
        return 0;
    assert_int_equal(bytes[at], '$');
    size_t length = strtoul(bytes + at + 1, NULL, 10), from = (size_t)(line - bytes) + 1;
    if (from + length + 2 > len)
        return 0;
    snprintf(out, cap, "%.*s", (int)length, bytes + from);
    return from + length + 2;
}

/* One call; its length, 0 while it is not all there. */
static size_t server_call(const char *bytes, size_t len, char *name, char *all, size_t cap) {
    const char *line = memchr(bytes, '\n', len);
    size_t at = line ? (size_t)(line - bytes) + 1 : 0;
    all[0] = '\0';
    if (!line)
        return 0;
    assert_int_equal(bytes[0], '*');
    for (unsigned long left = strtoul(bytes + 1, NULL, 10), first = left; left > 0; left--) {
        char word[128];
        at = server_word(bytes, len, at, word, sizeof word);
        if (at == 0)
            return 0;
        if (left == first)
            snprintf(name, cap, "%s", word);
        snprintf(all + strlen(all), cap - strlen(all), "%s%s", left == first ? "" : " ", word);
    }
    return at;
}

static void server_on_read(struct bufferevent *peer, void *arg) {
    struct evbuffer *input = bufferevent_get_input(peer);
    char name[256], all[256];
    for (size_t len; (len = evbuffer_get_length(input)) > 0;) {
        size_t used = server_call((const char *)evbuffer_pullup(input, -1), len, name, all, sizeof all);
        if (used == 0)
            return;
        server_hears(arg, name, all);
        evbuffer_drain(input, used);
    }
}

static void server_on_event(struct bufferevent *peer, short what, void *arg) {
    struct server *server = arg;
    if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
        return;
    if (server->peer == peer)
        server->peer = NULL;
    bufferevent_free(peer);
}

static void server_on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len,
                             void *arg) {
    struct server *server = arg;
    (void)listener, (void)address, (void)len;
    server->peer = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    server->connections++;
    server->calls = 0;
    server->greeting[0] = '\0';
    bufferevent_setcb(server->peer, server_on_read, NULL, server_on_event, server);
    bufferevent_enable(server->peer, EV_READ | EV_WRITE);
}

/* At a port of its own, or again at the one that it had. */
static void server_open(struct server *server, struct event_base *base) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server->port)};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->base = base;
    server->listener =
        evconnlistener_new_bind(base, server_on_accept, server, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 16,
                                (struct sockaddr *)&address, sizeof address);
    assert_non_null(server->listener);
    getsockname(evconnlistener_get_fd(server->listener), (struct sockaddr *)&address, &len);
    server->port = ntohs(address.sin_port);
}

static void server_close(struct server *server) {
    if (server->listener)
        evconnlistener_free(server->listener);
    server->listener = NULL;
    if (server->peer)
        server_hangs_up(server);
}
