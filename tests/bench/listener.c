/* The floor under single POSTs: a bare libevent listener that reads a request by its Content-Length, and answers 202.
 *
 *   listener PORT THREADS
 *
 * Each thread has an event base and a listening socket of its own (SO_REUSEPORT), as touchpointd has. The reply is as
 * long as touchpointd's. Nothing is checked beyond what it takes to find the next request. */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#define BODY                                                                                                           \
    "{\"accepted\":1,\"rejected\":0,\"events\":[{\"index\":0,\"id\":\"000000000000\",\"status\":\"accepted\"}]}\n"

static char reply[512];
static int reply_len;

/* The bytes of the request that `input` begins with, 0 while its head is not there. */
static size_t request_len(struct evbuffer *input) {
    struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
    if (end.pos < 0)
        return 0;
    size_t head = (size_t)end.pos + 4;
    char *text = (char *)evbuffer_pullup(input, (ev_ssize_t)head);
    text[head - 1] = '\0'; /* a head is looked at once more only when its body was not there yet */
    const char *field = strcasestr(text, "\r\nContent-Length:");
    text[head - 1] = '\n';
    return head + (field ? strtoul(field + strlen("\r\nContent-Length:"), NULL, 10) : 0);
}

static void on_read(struct bufferevent *connection, void *arg) {
    struct evbuffer *input = bufferevent_get_input(connection);
    size_t len;
    (void)arg;
    while ((len = request_len(input)) > 0 && evbuffer_get_length(input) >= len) {
        evbuffer_drain(input, len);
        bufferevent_write(connection, reply, (size_t)reply_len);
    }
}

static void on_end(struct bufferevent *connection, short what, void *arg) {
    (void)what, (void)arg;
    bufferevent_free(connection);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int len, void *arg) {
    (void)peer, (void)len, (void)arg;
    struct bufferevent *connection =
        bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(connection, on_read, NULL, on_end, NULL);
    bufferevent_enable(connection, EV_READ | EV_WRITE);
}

static void *serve(void *arg) {
    const struct sockaddr_in *address = arg;
    struct event_base *base = event_base_new();
    struct evconnlistener *listener =
        evconnlistener_new_bind(base, on_accept, NULL, LEV_OPT_REUSEABLE_PORT | LEV_OPT_CLOSE_ON_FREE, 1024,
                                (const struct sockaddr *)address, sizeof *address);
    if (!listener) {
        perror("listener");
        exit(1);
    }
    event_base_dispatch(base);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fputs("listener PORT THREADS\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    reply_len =
        snprintf(reply, sizeof reply,
                 "HTTP/1.1 202 Accepted\r\nDate: Sun, 22 Nov 2026 08:00:00 GMT\r\nContent-Type: application/json\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 strlen(BODY), BODY);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((in_port_t)strtoul(argv[1], NULL, 10)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    pthread_t thread;
    for (unsigned long more = strtoul(argv[2], NULL, 10); more > 1; more--)
        pthread_create(&thread, NULL, serve, &address);
    serve(&address);
    return 0;
}
