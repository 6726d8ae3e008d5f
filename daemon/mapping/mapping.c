#include "daemon/mapping/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "common/time.h"

enum { START_MS = 60000, STEP = 65536 };

struct tp_mapping {
    struct tp_mapping_limits limits;
    pid_t pid;
    int fd;
    struct tp_buf in, out;
};

/* Until `end`, monotonic. TP_ETIMEOUT, TP_EINTERNAL. */
static int wait_for(struct tp_mapping *mapping, short what, int64_t end_us) {
    struct pollfd one = {mapping->fd, what, 0};
    for (;;) {
        int64_t left_ms = (end_us - tp_time_monotonic_us()) / 1000;
        int n = left_ms > 0 ? poll(&one, 1, (int)left_ms) : 0;
        if (n != 0 || left_ms <= 0)
            return n > 0 ? 0 : n == 0 ? TP_ETIMEOUT : errno == EINTR ? 0 : TP_EINTERNAL;
    }
}

static int send_out(struct tp_mapping *mapping, int64_t end_us) {
    struct tp_buf *out = &mapping->out;
    int error = out->failed ? TP_ENOMEM : 0;
    for (size_t sent = 0; error == 0 && sent < out->len;) {
        error = wait_for(mapping, POLLOUT, end_us);
        ssize_t n = error ? 0 : send(mapping->fd, out->at + sent, out->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            error = TP_EINTERNAL;
        sent += n > 0 ? (size_t)n : 0;
    }
    tp_buf_clear(out);
    return error;
}

static int receive(struct tp_mapping *mapping, int64_t end_us, enum tp_mapping_frame *ret_kind, struct tp_str *ret) {
    size_t taken;
    tp_buf_clear(&mapping->in);
    while (tp_mapping_read_frame(tp_buf_str(&mapping->in), ret_kind, ret, &taken) == 0) {
        int error = wait_for(mapping, POLLIN, end_us);
        char *room = error ? NULL : tp_buf_room(&mapping->in, STEP);
        ssize_t n = room ? recv(mapping->fd, room, STEP, MSG_DONTWAIT) : 0;
        if (error || (n <= 0 && (n == 0 || (errno != EAGAIN && errno != EINTR))))
            return error ? error : TP_EINTERNAL;
        mapping->in.len += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int start(struct tp_mapping *mapping, const struct tp_mapping_set *set, struct tp_buf *fault) {
    enum tp_mapping_frame kind = TP_MAPPING_WRONG;
    struct tp_str said = {0};
    int64_t end_us = tp_time_monotonic_us() + INT64_C(1000) * START_MS;
    mapping->pid = tp_mapping_spawn(&mapping->fd);
    if (mapping->pid < 0) {
        tp_buf_addf(fault, "no process can be started: %s\n", strerror(errno));
        return TP_EUNAVAILABLE;
    }
    tp_mapping_write_set(set, &mapping->out);
    int error = send_out(mapping, end_us);
    if (error == 0)
        error = receive(mapping, end_us, &kind, &said);
    if (error == 0 && kind == TP_MAPPING_READY)
        return 0;
    tp_buf_addf(fault, "%.*s\n", error ? 25 : (int)said.len, error ? "the mapping process ended" : said.at);
    return error ? error : TP_ECONFIG;
}

int tp_mapping_open(const struct tp_mapping_set *set, struct tp_buf *fault, struct tp_mapping **ret) {
    struct tp_mapping *mapping = calloc(1, sizeof *mapping);
    if (!mapping)
        return TP_ENOMEM;
    mapping->limits = set->limits;
    mapping->fd = -1;
    int error = start(mapping, set, fault);
    if (error < 0)
        tp_mapping_close(mapping);
    else
        *ret = mapping;
    return error;
}

int tp_mapping_run(struct tp_mapping *mapping, size_t program, struct tp_str input, struct tp_buf *out) {
    enum tp_mapping_frame kind;
    struct tp_str text;
    int64_t end_us = tp_time_monotonic_us() + INT64_C(1000) * mapping->limits.timeout_ms;
    tp_mapping_write_run(program, input, &mapping->out);
    int error = send_out(mapping, end_us);
    if (error == 0)
        error = receive(mapping, end_us, &kind, &text);
    if (error == 0) {
        tp_buf_addstr(out, text);
        return tp_mapping_status(kind);
    }
    tp_buf_adds(out, error == TP_ETIMEOUT ? "it takes too long" : "its process ended");
    return error;
}

void tp_mapping_close(struct tp_mapping *mapping) {
    if (!mapping)
        return;
    if (mapping->fd >= 0)
        close(mapping->fd);
    if (mapping->pid > 0)
        tp_mapping_kill(mapping->pid);
    tp_buf_free(&mapping->in);
    tp_buf_free(&mapping->out);
    free(mapping);
}
