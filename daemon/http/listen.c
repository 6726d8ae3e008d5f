/* Addresses, and the sockets that listen on them.
 *
 * Each thread has a socket of its own on each TCP address (SO_REUSEPORT), and the kernel spreads connections over them.
 * SO_REUSEPORT would also let a second daemon of the same user share the port unnoticed, so the first socket is bound
 * once without it: that fails when somebody is there. A Unix socket is served by one thread. */
#include "daemon/http/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024, UNIX_MODE = 0660 };

static bool is_unix(const struct tp_http_address *address) { return address->socket.ss_family == AF_UNIX; }

static const char *unix_path(const struct tp_http_address *address) {
    return ((const struct sockaddr_un *)&address->socket)->sun_path;
}

static bool read_unix(struct tp_str path, struct tp_http_address *address) {
    struct sockaddr_un *to = (struct sockaddr_un *)&address->socket;
    if (path.len == 0 || path.len >= sizeof to->sun_path)
        return false;
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path, path.at, path.len);
    address->len = sizeof *to;
    return true;
}

static bool read_port(struct tp_str text, in_port_t *ret) {
    unsigned port = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        port = port * 10 + (unsigned)(text.at[i] - '0');
        if (port > UINT16_MAX)
            return false;
    }
    *ret = htons((uint16_t)port);
    return text.len > 0;
}

/* ADDRESS:PORT or [ADDRESS]:PORT. */
static bool read_ip(struct tp_str text, struct tp_http_address *address) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address->socket;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->socket;
    const char *colon = text.len > 0 ? memrchr(text.at, ':', text.len) : NULL;
    char host[INET6_ADDRSTRLEN + 2];
    in_port_t port;
    size_t len = colon ? (size_t)(colon - text.at) : 0;
    if (len == 0 || len >= sizeof host || !read_port((struct tp_str){colon + 1, text.len - len - 1}, &port))
        return false;
    memcpy(host, text.at, len);
    host[len] = '\0';
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = port;
        address->len = sizeof *v4;
        return true;
    }
    if (host[0] != '[' || host[len - 1] != ']')
        return false;
    host[len - 1] = '\0';
    v6->sin6_family = AF_INET6;
    v6->sin6_port = port;
    address->len = sizeof *v6;
    return inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1;
}

int tp_http_addresses_parse(const char *list, struct tp_buf *fault, struct tp_http_address **ret, size_t *ret_n) {
    struct tp_http_address *addresses = calloc(strlen(list) / 2 + 1, sizeof *addresses); /* at least the items */
    struct tp_str left = tp_str(list), item;
    size_t n = 0;
    if (!addresses)
        return TP_ENOMEM;
    while (tp_http_list_first(&left, &item)) {
        struct tp_http_address *address = &addresses[n++];
        address->text = item;
        bool local = item.len > 5 && memcmp(item.at, "unix:", 5) == 0;
        if (local ? read_unix((struct tp_str){item.at + 5, item.len - 5}, address) : read_ip(item, address))
            continue;
        tp_buf_addf(fault, "http.listen: \"%.*s\": expected ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH", TP_FMT(item));
        free(addresses);
        return TP_ECONFIG;
    }
    *ret = addresses;
    *ret_n = n;
    return 0;
}

bool tp_http_address_local(const struct tp_http_address *address) {
    if (address->socket.ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)&address->socket)->sin_addr.s_addr) >> 24 == 127;
    if (address->socket.ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&address->socket)->sin6_addr);
    return true;
}

static int failed(const struct tp_http_address *address, struct tp_buf *fault, int error) {
    tp_buf_addf(fault, "http.listen: %.*s: %s", TP_FMT(address->text), strerror(error));
    return error == EADDRINUSE ? TP_ELOCKED : TP_ECONFIG;
}

/* A socket bound to the address, or -1 with errno. */
static int bound(const struct tp_http_address *address, bool shared) {
    int family = address->socket.ss_family, on = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (family == AF_UNIX)
        fchmod(fd, UNIX_MODE); /* the file is made with this mode, less the umask: never open too wide */
    else
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (shared)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&address->socket, address->len) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int start_listening(const struct tp_http_address *address, struct tp_buf *fault, int fd, int *ret_fd) {
    int on = 1;
    if (!is_unix(address))
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* accepted sockets inherit it */
    if (listen(fd, BACKLOG) != 0) {
        int error = errno;
        close(fd);
        return failed(address, fault, error);
    }
    *ret_fd = fd;
    return 0;
}

int tp_http_listen_again(const struct tp_http_address *address, struct tp_buf *fault, int *ret_fd) {
    int fd = bound(address, true);
    return fd < 0 ? failed(address, fault, errno) : start_listening(address, fault, fd, ret_fd);
}

/* Nobody answers at a socket file that a killed daemon left. */
static bool is_stale(const struct tp_http_address *address) {
    struct stat stat;
    if (lstat(unix_path(address), &stat) != 0 || !S_ISSOCK(stat.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool stale = connect(fd, (const struct sockaddr *)&address->socket, address->len) != 0 && errno == ECONNREFUSED;
    close(fd);
    return stale;
}

static int listen_unix(const struct tp_http_address *address, struct tp_buf *fault, int *ret_fd) {
    if (is_stale(address))
        unlink(unix_path(address));
    int fd = bound(address, false);
    if (fd < 0)
        return failed(address, fault, errno);
    chmod(unix_path(address), UNIX_MODE); /* what the umask took */
    return start_listening(address, fault, fd, ret_fd);
}

int tp_http_listen_first(struct tp_http_address *address, struct tp_buf *fault, int *ret_fd) {
    if (is_unix(address))
        return listen_unix(address, fault, ret_fd);
    int alone = bound(address, false);
    if (alone < 0)
        return failed(address, fault, errno);
    int rc = getsockname(alone, (struct sockaddr *)&address->socket, &address->len);
    int error = errno;
    close(alone);
    return rc == 0 ? tp_http_listen_again(address, fault, ret_fd) : failed(address, fault, error);
}

void tp_http_listen_remove(const struct tp_http_address *address) {
    if (is_unix(address))
        unlink(unix_path(address));
}

void tp_http_address_write(const struct tp_http_address *address, struct tp_buf *out) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->socket;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->socket;
    char host[INET6_ADDRSTRLEN] = "";
    switch (address->socket.ss_family) {
    case AF_INET:
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        tp_buf_addf(out, "http://%s:%u", host, ntohs(v4->sin_port));
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        tp_buf_addf(out, "http://[%s]:%u", host, ntohs(v6->sin6_port));
        break;
    default:
        tp_buf_addf(out, "unix:%s", unix_path(address));
    }
}
