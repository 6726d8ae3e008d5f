/* Ports that nobody listens on. SO_REUSEADDR and not SO_REUSEPORT: connections that linger are no obstacle, but another
 * listener is, even one that would share its port, as touchpointd's own listeners do. */
#include "daemon/dev/internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/util.h>

#include "daemon/log/log.h"

#define NEXT_PORTS 20u

static in_port_t *port_of(struct sockaddr_storage *address) {
    return address->ss_family == AF_INET6 ? &((struct sockaddr_in6 *)address)->sin6_port
                                          : &((struct sockaddr_in *)address)->sin_port;
}

/* The port that `to` could be bound to: its own, or with port 0 any; 0 when it could not. */
static uint16_t try_bind(const struct sockaddr_storage *to, socklen_t size) {
    struct sockaddr_storage bound = {0};
    socklen_t bound_size = sizeof bound;
    uint16_t port = 0;
    int on = 1, fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)to, size) == 0 && listen(fd, 1) == 0 &&
        getsockname(fd, (struct sockaddr *)&bound, &bound_size) == 0)
        port = ntohs(*port_of(&bound));
    close(fd);
    return port;
}

static uint16_t free_port(struct sockaddr_storage *to, socklen_t size, uint16_t wanted) {
    for (unsigned port = wanted; port && port <= UINT16_MAX && port <= wanted + NEXT_PORTS; port++) {
        *port_of(to) = htons((uint16_t)port);
        if (try_bind(to, size))
            return (uint16_t)port;
    }
    *port_of(to) = 0;
    return try_bind(to, size);
}

uint16_t tp_dev_free_port(const char *address, uint16_t wanted) {
    struct sockaddr_storage to = {0};
    int size = sizeof to;
    if (evutil_parse_sockaddr_port(address, (struct sockaddr *)&to, &size) != 0)
        return 0;
    return free_port(&to, (socklen_t)size, wanted);
}

/* One of the list. What is not an address with a port is left for http to judge. */
static void add_listener(char *listener, struct tp_buf *out) {
    char *colon = strrchr(listener, ':');
    unsigned long wanted = colon ? strtoul(colon + 1, NULL, 10) : 0;
    if (strncmp(listener, "unix:", 5) == 0 || wanted == 0 || wanted > UINT16_MAX) {
        tp_buf_adds(out, listener);
        return;
    }
    *colon = 0;
    uint16_t port = tp_dev_free_port(listener, (uint16_t)wanted);
    if (port && port != wanted)
        tp_log(TP_LOG_NOTICE, "dev_port_taken", "address=%s port=%lu instead=%u", listener, wanted, (unsigned)port);
    tp_buf_addf(out, "%s:%lu", listener, port ? port : wanted);
}

void tp_dev_free_listen(const char *listen, struct tp_buf *out) {
    char *list = strdup(listen), *rest = NULL;
    for (char *item = list ? strtok_r(list, ", ", &rest) : NULL; item; item = strtok_r(NULL, ", ", &rest)) {
        if (out->len)
            tp_buf_addc(out, ',');
        add_listener(item, out);
    }
    free(list);
}
