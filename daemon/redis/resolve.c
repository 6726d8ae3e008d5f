/* The thread and the loop share nothing but a pair of sockets: the thread has a copy of the name, and sends one answer.
 * A look-up that was cancelled sends it to a socket that is closed. */
#include "daemon/redis/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct tp_resolve {
    struct event *answered;
    tp_resolved *done;
    void *arg;
};

struct question {
    int fd;
    char host[];
};

struct answer {
    char address[64]; /* "" when there is none */
    char why[128];
};

/* ---- the thread ---- */

static int look_up(const char *host, int family, struct answer *answer) {
    const struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, NULL, &hints, &found);
    if (error)
        return error;
    error = getnameinfo(found->ai_addr, found->ai_addrlen, answer->address, sizeof answer->address, NULL, 0,
                        NI_NUMERICHOST);
    freeaddrinfo(found);
    return error;
}

static void *run(void *arg) {
    struct question *question = arg;
    struct answer answer = {.address = ""};
    int error = look_up(question->host, AF_INET, &answer);
    if (error)
        error = look_up(question->host, AF_INET6, &answer);
    if (error)
        snprintf(answer.why, sizeof answer.why, "%s", gai_strerror(error));
    send(question->fd, &answer, sizeof answer, MSG_NOSIGNAL);
    close(question->fd);
    free(question);
    return NULL;
}

static int start_thread(const char *host, int fd) {
    size_t len = strlen(host) + 1;
    struct question *question = malloc(sizeof *question + len);
    pthread_t thread;
    if (!question)
        return -1;
    question->fd = fd;
    memcpy(question->host, host, len);
    if (pthread_create(&thread, NULL, run, question) != 0) {
        free(question);
        return -1;
    }
    pthread_detach(thread);
    return 0;
}

/* ---- the loop ---- */

static void on_answer(evutil_socket_t fd, short what, void *arg) {
    struct tp_resolve *resolve = arg;
    tp_resolved *done = resolve->done;
    void *owner = resolve->arg;
    struct answer answer;
    (void)what;
    if (recv(fd, &answer, sizeof answer, MSG_WAITALL) != (ssize_t)sizeof answer)
        answer = (struct answer){.why = "no answer"};
    tp_resolve_cancel(resolve);
    done(owner, answer.address[0] != '\0' ? answer.address : NULL, answer.why);
}

struct tp_resolve *tp_resolve_start(struct event_base *base, const char *host, tp_resolved *done, void *arg) {
    int pair[2];
    struct tp_resolve *resolve = calloc(1, sizeof *resolve);
    if (!resolve || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        free(resolve);
        return NULL;
    }
    *resolve = (struct tp_resolve){.done = done, .arg = arg};
    resolve->answered = event_new(base, pair[0], EV_READ, on_answer, resolve);
    if (!resolve->answered || event_add(resolve->answered, NULL) < 0 || start_thread(host, pair[1]) < 0) {
        if (!resolve->answered)
            close(pair[0]);
        close(pair[1]);
        tp_resolve_cancel(resolve);
        return NULL;
    }
    return resolve;
}

void tp_resolve_cancel(struct tp_resolve *resolve) {
    if (!resolve)
        return;
    if (resolve->answered) {
        close(event_get_fd(resolve->answered));
        event_free(resolve->answered);
    }
    free(resolve);
}
