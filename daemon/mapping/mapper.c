/* All that wait have been sent already, so that the process never waits for us; it answers in order, and the one in
 * front is the one that it is at. When that takes too long, or ends two processes, it alone fails: the others are sent
 * anew. What counts is the processor's time that it takes, since a busy machine is not the mapping's fault. */
#include "daemon/mapping/internal.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#include "common/error.h"
#include "daemon/log/log.h"
#include "daemon/metrics/metrics.h"

enum { START_MS = 60000, MOST_WAITING = 10000, MOST_TRIES = 2 };

struct job {
    struct tp_buf frame;
    tp_mapped *done;
    void *arg;
    unsigned tries;
    struct job *prev, *next;
};

struct tp_mapper {
    const struct tp_mapping_set *set;
    struct tp_loop *loop;
    struct job *jobs;
    size_t n_jobs;
    pid_t pid; /* 0: there is none */
    struct bufferevent *pipe;
    struct event *deadline; /* of the job in front, or of the start */
    int64_t began_us;       /* what the process had taken when that job came to the front */
    bool ready;
};

static void start(struct tp_mapper *mapper);

/* ---- jobs ---- */

static void free_job(struct job *job) {
    tp_buf_free(&job->frame);
    free(job);
}

static void answer_first(struct tp_mapper *mapper, int status, struct tp_str text) {
    struct job *job = mapper->jobs;
    DL_DELETE(mapper->jobs, job);
    mapper->n_jobs--;
    job->done(job->arg, status, text);
    free_job(job);
}

static void arm(struct tp_mapper *mapper, int64_t us) {
    const struct timeval time = {us / 1000000, (suseconds_t)(us % 1000000)};
    event_add(mapper->deadline, &time);
}

/* The processor's time that the process has taken so far. */
static int64_t taken_us(const struct tp_mapper *mapper) {
    clockid_t clock;
    struct timespec taken = {0};
    if (clock_getcpuclockid(mapper->pid, &clock) == 0)
        clock_gettime(clock, &taken);
    return (int64_t)taken.tv_sec * 1000000 + taken.tv_nsec / 1000;
}

static int64_t limit_us(const struct tp_mapper *mapper) {
    return INT64_C(1000) * (mapper->ready ? mapper->set->limits.timeout_ms : START_MS);
}

static void set_deadline(struct tp_mapper *mapper) {
    mapper->began_us = taken_us(mapper);
    if (mapper->jobs)
        arm(mapper, limit_us(mapper));
    else
        event_del(mapper->deadline);
}

/* ---- the process ---- */

static void end_process(struct tp_mapper *mapper) {
    if (mapper->pipe)
        bufferevent_free(mapper->pipe);
    if (mapper->pid > 0)
        tp_mapping_kill(mapper->pid);
    mapper->pipe = NULL;
    mapper->pid = 0;
    mapper->ready = false;
    event_del(mapper->deadline);
}

/* Every job failed to start it: their senders come again. */
static void turn_away(struct tp_mapper *mapper) {
    while (mapper->jobs && !mapper->pipe)
        answer_first(mapper, TP_EUNAVAILABLE, TP_STR("no process can be started"));
}

static void on_end(struct tp_mapper *mapper, enum tp_metric counted, int status, const char *text) {
    static struct tp_log_limit limit;
    bool was_ready = mapper->ready;
    end_process(mapper);
    tp_metrics_add(counted, 1);
    tp_log_limited(&limit, 10, TP_LOG_WARNING, "mapping_stopped", "stage=source reason=%s", tp_log_quote(text));
    if (!was_ready)
        turn_away(mapper);
    else if (mapper->jobs && (status == TP_ETIMEOUT || ++mapper->jobs->tries == MOST_TRIES))
        answer_first(mapper, status, tp_str(text));
    if (mapper->jobs && !mapper->pipe) /* whoever was answered may have come with the next */
        start(mapper);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg) {
    struct tp_mapper *mapper = arg;
    int64_t left_us = limit_us(mapper) - (taken_us(mapper) - mapper->began_us);
    (void)fd, (void)what;
    if (left_us > 0)
        arm(mapper, left_us);
    else
        on_end(mapper, TP_M_MAPPING_TIMEOUTS, TP_ETIMEOUT, "it takes too long");
}

static void on_closed(struct bufferevent *pipe, short what, void *arg) {
    (void)pipe, (void)what;
    on_end(arg, TP_M_MAPPING_ENDED, TP_EINTERNAL, "its process ended");
}

static bool take(struct tp_mapper *mapper, enum tp_mapping_frame kind, struct tp_str bytes) {
    if (!mapper->ready) {
        mapper->ready = kind == TP_MAPPING_READY;
        return mapper->ready;
    }
    if (!mapper->jobs)
        return false;
    if (kind == TP_MAPPING_TOO_MUCH)
        tp_metrics_add(TP_M_MAPPING_TOO_MUCH, 1);
    answer_first(mapper, tp_mapping_status(kind), bytes);
    return true;
}

static void on_readable(struct bufferevent *pipe, void *arg) {
    struct tp_mapper *mapper = arg;
    struct evbuffer *in = bufferevent_get_input(pipe);
    enum tp_mapping_frame kind;
    struct tp_str bytes;
    size_t taken;
    for (;;) {
        size_t len = evbuffer_get_length(in);
        unsigned char head[TP_MAPPING_HEAD];
        if (evbuffer_copyout(in, head, sizeof head) < (ssize_t)sizeof head)
            break;
        struct tp_reader reader = {.left = {(const char *)head + 1, sizeof head - 1}};
        if (len < TP_MAPPING_HEAD + tp_read_u32(&reader))
            break;
        const struct tp_str all = {(const char *)evbuffer_pullup(in, -1), len};
        if (!all.at || tp_mapping_read_frame(all, &kind, &bytes, &taken) != 1 || !take(mapper, kind, bytes)) {
            on_closed(pipe, 0, mapper);
            return;
        }
        evbuffer_drain(in, taken);
    }
    set_deadline(mapper);
}

static int write_begin(struct tp_mapper *mapper) {
    struct tp_buf set = TP_BUF_INIT;
    tp_mapping_write_set(mapper->set, &set);
    int failed = set.failed ? -1 : bufferevent_write(mapper->pipe, set.at, set.len);
    struct job *job;
    DL_FOREACH(mapper->jobs, job)
    failed = failed ? failed : bufferevent_write(mapper->pipe, job->frame.at, job->frame.len);
    tp_buf_free(&set);
    return failed;
}

static int try_start(struct tp_mapper *mapper) {
    int fd;
    mapper->pid = tp_mapping_spawn(&fd);
    if (mapper->pid < 0) {
        mapper->pid = 0;
        return -1;
    }
    evutil_make_socket_nonblocking(fd);
    mapper->pipe = bufferevent_socket_new(tp_loop_base(mapper->loop), fd, BEV_OPT_CLOSE_ON_FREE);
    if (!mapper->pipe) {
        close(fd);
        return -1;
    }
    bufferevent_setcb(mapper->pipe, on_readable, NULL, on_closed, mapper);
    bufferevent_enable(mapper->pipe, EV_READ | EV_WRITE);
    return write_begin(mapper);
}

static void start(struct tp_mapper *mapper) {
    if (try_start(mapper) == 0) {
        set_deadline(mapper);
        return;
    }
    tp_log(TP_LOG_ERROR, "mapping_failed", "stage=source error=%s", tp_log_quote(strerror(errno)));
    end_process(mapper);
    turn_away(mapper);
}

/* ---- from outside ---- */

int tp_mapper_new(const struct tp_mapping_set *set, struct tp_loop *loop, struct tp_mapper **ret) {
    struct tp_mapper *mapper = calloc(1, sizeof *mapper);
    if (!mapper)
        return TP_ENOMEM;
    *mapper = (struct tp_mapper){.set = set, .loop = loop};
    mapper->deadline = evtimer_new(tp_loop_base(loop), on_deadline, mapper);
    if (!mapper->deadline) {
        free(mapper);
        return TP_ENOMEM;
    }
    *ret = mapper;
    return 0;
}

static void begin(struct tp_mapper *mapper, struct job *job) {
    bool first = mapper->jobs == NULL;
    DL_APPEND(mapper->jobs, job);
    mapper->n_jobs++;
    if (!mapper->pipe)
        start(mapper); /* which sends it */
    else if (bufferevent_write(mapper->pipe, job->frame.at, job->frame.len) == 0 && first)
        set_deadline(mapper);
}

int tp_mapper_run(struct tp_mapper *mapper, size_t program, struct tp_str input, tp_mapped *done, void *arg) {
    struct job *job = mapper->n_jobs < MOST_WAITING ? calloc(1, sizeof *job) : NULL;
    if (!job)
        return mapper->n_jobs < MOST_WAITING ? TP_ENOMEM : TP_EFULL;
    *job = (struct job){.done = done, .arg = arg};
    tp_mapping_write_run(program, input, &job->frame);
    if (job->frame.failed) {
        free_job(job);
        return TP_ENOMEM;
    }
    begin(mapper, job);
    return 0;
}

void tp_mapper_free(struct tp_mapper *mapper) {
    if (!mapper)
        return;
    end_process(mapper);
    while (mapper->jobs)
        answer_first(mapper, TP_ESTOPPING, TP_STR("touchpointd is stopping"));
    event_free(mapper->deadline);
    free(mapper);
}
