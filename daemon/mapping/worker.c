/* The life of a mapping process: it is told its limits and its programs, and answers one input after the other until
 * who started it is gone. It gives up what it does not need before anything from outside comes in. */
#include "daemon/mapping/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FD = 3, STEP = 65536 };

struct worker {
    struct tp_mapping_limits limits;
    struct tp_program **programs;
    size_t n, n_sent;
    struct tp_buf in, out, wrong;
};

/* Who started it decides when it ends: a stop is for that one alone, which has requests to bring home first. */
static void settle_down(void) {
    const struct rlimit none = {0, 0};
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &none);
}

/* Sanitizers need address space beyond all bounds. */
static void bound_memory(size_t bytes) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const struct rlimit memory = {bytes, bytes};
    setrlimit(RLIMIT_AS, &memory);
#else
    (void)bytes;
#endif
}

static void send_out(struct tp_buf *out) {
    for (size_t sent = 0; sent < out->len;) {
        ssize_t n = write(FD, out->at + sent, out->len - sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || out->failed)
            _exit(1);
        sent += (size_t)n;
    }
    tp_buf_clear(out);
}

static void answer(struct worker *worker, enum tp_mapping_frame kind, struct tp_str bytes) {
    tp_mapping_write_frame(kind, bytes, &worker->out);
    send_out(&worker->out);
}

static void take_limits(struct worker *worker, struct tp_str bytes) {
    struct tp_reader reader = {.left = bytes};
    worker->limits.memory = tp_read_u64(&reader);
    worker->limits.max_values = tp_read_u64(&reader);
    worker->limits.max_bytes = tp_read_u64(&reader);
    bound_memory(worker->limits.memory);
}

static void take_program(struct worker *worker, struct tp_str text) {
    struct tp_program **programs = reallocarray(worker->programs, worker->n + 1, sizeof *programs);
    if (!programs)
        _exit(1);
    worker->programs = programs;
    worker->n_sent++;
    if (worker->n + 1 < worker->n_sent) /* one before could not be compiled */
        return;
    programs[worker->n] = tp_program_new(text, &worker->wrong);
    if (programs[worker->n])
        worker->n++;
}

static void start(struct worker *worker) {
    struct tp_buf said = TP_BUF_INIT;
    if (worker->n == worker->n_sent) {
        answer(worker, TP_MAPPING_READY, TP_STR(""));
        return;
    }
    tp_buf_addf(&said, "%zu: %.*s", worker->n + 1, TP_FMT(tp_buf_str(&worker->wrong)));
    answer(worker, TP_MAPPING_WRONG, tp_buf_str(&said));
    _exit(1);
}

static void run(struct worker *worker, struct tp_str bytes) {
    static struct tp_buf made;
    struct tp_reader reader = {.left = bytes};
    uint32_t program = tp_read_u32(&reader);
    if (reader.failed || program >= worker->n)
        _exit(1);
    enum tp_mapping_frame kind = tp_program_run(worker->programs[program], reader.left, worker->limits.max_values,
                                                worker->limits.max_bytes, &made);
    if (made.failed)
        _exit(1);
    answer(worker, kind,
           kind == TP_MAPPING_TOO_MUCH ? TP_STR("it makes more than one request may have") : tp_buf_str(&made));
}

static void take(struct worker *worker, enum tp_mapping_frame kind, struct tp_str bytes) {
    switch (kind) {
    case TP_MAPPING_LIMITS:
        take_limits(worker, bytes);
        return;
    case TP_MAPPING_PROGRAM:
        take_program(worker, bytes);
        return;
    case TP_MAPPING_START:
        start(worker);
        return;
    case TP_MAPPING_RUN:
        run(worker, bytes);
        return;
    default:
        _exit(1);
    }
}

static void take_all(struct worker *worker) {
    enum tp_mapping_frame kind;
    struct tp_str bytes, left = tp_buf_str(&worker->in);
    for (size_t taken; tp_mapping_read_frame(left, &kind, &bytes, &taken) == 1;) {
        take(worker, kind, bytes);
        left = (struct tp_str){left.at + taken, left.len - taken};
    }
    if (left.len > 0)
        memmove(worker->in.at, left.at, left.len);
    worker->in.len = left.len;
}

static void live(void) {
    struct worker worker = {0};
    for (;;) {
        char *room = tp_buf_room(&worker.in, STEP);
        ssize_t n = room ? read(FD, room, STEP) : -1;
        if (n < 0 && room && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(0);
        worker.in.len += (size_t)n;
        take_all(&worker);
    }
}

void tp_mapping_main(int argc, char **argv) {
    if (argc != 2 || strcmp(argv[0], "touchpoint-map") != 0 || strcmp(argv[1], "--map") != 0)
        return;
    settle_down();
    live();
}
