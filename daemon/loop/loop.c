/* A thread with an event base and a mailbox.
 *
 * The mailbox is a stack that any thread pushes on with one compare-and-swap, and that the loop takes whole and turns
 * round, so that each sender's mail keeps its order. Only the push that finds the stack empty writes to the eventfd: a
 * thousand mails wake the loop once. The base itself is never touched from outside, so it needs no locks (NOLOCK).
 * The thread takes no signals: they are main's, and a SIGPIPE stays pending while write(2) says EPIPE. */
#include "daemon/loop/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/error.h"

struct tp_loop {
    struct event_base *base;
    struct event *wake;
    int wake_fd;
    _Atomic(struct tp_mail *) mailbox; /* newest first */
    struct tp_mail stop;
    pthread_t thread;
    bool running;
    char name[16]; /* as long as the kernel keeps */
};

static struct tp_mail *oldest_first(struct tp_mail *newest) {
    struct tp_mail *oldest = NULL;
    while (newest) {
        struct tp_mail *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

static void deliver_all(struct tp_loop *loop) {
    struct tp_mail *mail = oldest_first(atomic_exchange(&loop->mailbox, NULL));
    while (mail) {
        struct tp_mail *next = mail->next; /* the mail is the receiver's from here on */
        mail->deliver(mail);
        mail = next;
    }
}

static void on_wake(evutil_socket_t fd, short what, void *arg) {
    (void)what;
    uint64_t count;
    /* First the eventfd, then the mailbox: a mail that comes in between wakes us once more, for nothing. */
    if (read(fd, &count, sizeof count) > 0)
        deliver_all(arg);
}

struct tp_loop *tp_loop_new(const char *name) {
    struct tp_loop *loop = calloc(1, sizeof *loop);
    struct event_config *config = event_config_new();
    if (!loop || !config)
        goto fail;
    snprintf(loop->name, sizeof loop->name, "%s", name);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_fd < 0)
        goto fail;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    loop->base = event_base_new_with_config(config);
    if (!loop->base)
        goto close_fd;
    loop->wake = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    if (!loop->wake || event_add(loop->wake, NULL) != 0)
        goto free_base;
    event_config_free(config);
    return loop;
free_base:
    if (loop->wake)
        event_free(loop->wake);
    event_base_free(loop->base);
close_fd:
    close(loop->wake_fd);
fail:
    if (config)
        event_config_free(config);
    free(loop);
    return NULL;
}

struct event_base *tp_loop_base(struct tp_loop *loop) {
    return loop->base;
}

static void *run(void *arg) {
    struct tp_loop *loop = arg;
    event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
    return NULL;
}

int tp_loop_start(struct tp_loop *loop) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* the new thread inherits it */
    int rc = pthread_create(&loop->thread, NULL, run, loop);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        return TP_ENOMEM;
    loop->running = true;
    pthread_setname_np(loop->thread, loop->name);
    return 0;
}

void tp_loop_post(struct tp_loop *loop, struct tp_mail *mail) {
    struct tp_mail *newest = atomic_load_explicit(&loop->mailbox, memory_order_relaxed);
    do {
        mail->next = newest;
    } while (!atomic_compare_exchange_weak(&loop->mailbox, &newest, mail));
    if (newest)
        return; /* whoever found it empty wakes the loop */
    const uint64_t one = 1;
    ssize_t written = write(loop->wake_fd, &one, sizeof one);
    (void)written; /* fails only when the counter is full, and then the loop is awake anyway */
}

static void on_stop(struct tp_mail *mail) {
    struct tp_loop *loop = (struct tp_loop *)((char *)mail - offsetof(struct tp_loop, stop));
    event_base_loopexit(loop->base,
                        NULL); /* not loopbreak: bufferevents just freed still have to close their sockets */
}

void tp_loop_stop(struct tp_loop *loop) {
    if (!loop->running)
        return;
    loop->stop.deliver = on_stop;
    tp_loop_post(loop, &loop->stop);
    pthread_join(loop->thread, NULL);
    loop->running = false;
}

void tp_loop_free(struct tp_loop *loop) {
    if (!loop)
        return;
    tp_loop_stop(loop);
    while (atomic_load(&loop->mailbox)) /* mail may bring mail */
        deliver_all(loop);
    event_free(loop->wake);
    event_base_free(loop->base);
    close(loop->wake_fd);
    free(loop);
}
