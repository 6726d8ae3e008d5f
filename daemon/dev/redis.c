/* The private redis-server: a child of ours that ends with us, also when we are killed (PR_SET_PDEATHSIG). It has a
 * process group of its own, so that Ctrl-C reaches only the daemon, which drains first and then ends it.
 *
 * It listens on 127.0.0.1, on 16379 when that is free, so that redis-cli reaches it. Everything is said on its command
 * line: append-only file, synced each second, no snapshots. */
#include "daemon/dev/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "common/error.h"
#include "daemon/log/log.h"

#define PORT       16379
#define ADDRESS    "127.0.0.1"
#define WAIT_TRIES 200
#define NOT_FOUND  127 /* as a shell says it */

static const struct timespec a_moment = {0, 50000000L};

static void become_redis(const char *data, const char *port) {
    char *const arguments[] = {"redis-server",
                               "--bind",
                               ADDRESS,
                               "--port",
                               (char *)(uintptr_t)port,
                               "--protected-mode",
                               "yes",
                               "--dir",
                               (char *)(uintptr_t)data,
                               "--appendonly",
                               "yes",
                               "--appendfsync",
                               "everysec",
                               "--save",
                               "",
                               "--daemonize",
                               "no",
                               NULL};
    execvp("redis-server", arguments);
    execvp("valkey-server", arguments);
    _exit(NOT_FOUND);
}

/* In the child: the standard output is `log`, signals are as in a new process, the lock goes along. */
static void prepare_child(pid_t parent, int log, int lock) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(0); /* it was gone before we asked to be told */
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    fcntl(lock, F_SETFD, 0);
}

static bool answers(uint16_t port) {
    redisContext *context = redisConnectWithTimeout(ADDRESS, port, (struct timeval){1, 0});
    redisReply *reply = NULL;
    if (context && !context->err && redisSetTimeout(context, (struct timeval){1, 0}) == REDIS_OK)
        reply = redisCommand(context, "PING");
    bool pong = reply && reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, "PONG") == 0;
    freeReplyObject(reply);
    if (context)
        redisFree(context);
    return pong;
}

static bool has_ended(struct tp_dev_redis *redis, int *ret_status) {
    if (waitpid(redis->pid, ret_status, WNOHANG) != redis->pid)
        return false;
    redis->pid = 0;
    return true;
}

static int wait_for_answer(struct tp_dev_redis *redis, const char *log, struct tp_buf *fault) {
    int status = 0;
    for (int i = 0; i < WAIT_TRIES; i++) {
        if (has_ended(redis, &status)) {
            if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
                tp_buf_adds(fault, "--dev needs redis-server, which is not installed (package redis-server)\n");
            else
                tp_buf_addf(fault, "redis-server ended at once; it says why in %s\n", log);
            return TP_EUNAVAILABLE;
        }
        if (answers(redis->port))
            return 0; /* LOADING is no PONG */
        nanosleep(&a_moment, NULL);
    }
    tp_buf_addf(fault, "redis-server does not answer on port %u; see %s\n", (unsigned)redis->port, log);
    return TP_EUNAVAILABLE;
}

static int start_child(struct tp_dev_redis *redis, const char *data, const char *log_path, int lock,
                       struct tp_buf *fault) {
    char port[8];
    pid_t parent = getpid();
    snprintf(port, sizeof port, "%u", (unsigned)redis->port);
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    redis->pid = log < 0 ? -1 : fork();
    if (redis->pid == 0) {
        prepare_child(parent, log, lock);
        become_redis(data, port);
    }
    int error = errno;
    if (log >= 0)
        close(log);
    if (redis->pid > 0)
        return 0;
    redis->pid = 0;
    tp_buf_addf(fault, "cannot start redis-server, with its log in %s: %s\n", log_path, strerror(error));
    return TP_EUNAVAILABLE;
}

int tp_dev_redis_start(struct tp_dev_redis *redis, const char *dir, int lock, struct tp_buf *fault) {
    char data[TP_DEV_PATH], log[TP_DEV_PATH];
    snprintf(data, sizeof data, "%s/redis-data", dir);
    snprintf(log, sizeof log, "%s/redis.log", dir);
    int error = tp_dev_make_directory(data, fault);
    if (error)
        return error;
    redis->port = tp_dev_free_port(ADDRESS, PORT);
    error = start_child(redis, data, log, lock, fault);
    if (error)
        return error;
    error = wait_for_answer(redis, log, fault);
    if (error)
        tp_dev_redis_stop(redis);
    return error;
}

void tp_dev_redis_stop(struct tp_dev_redis *redis) {
    int status;
    if (!redis->pid)
        return;
    kill(redis->pid, SIGTERM);
    for (int i = 0; i < WAIT_TRIES; i++) {
        if (has_ended(redis, &status))
            return;
        nanosleep(&a_moment, NULL);
    }
    tp_log(TP_LOG_WARNING, "dev_redis_killed", "pid=%d", (int)redis->pid);
    kill(redis->pid, SIGKILL);
    waitpid(redis->pid, &status, 0);
    redis->pid = 0;
}
