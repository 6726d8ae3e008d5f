#include "daemon/mapping/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_FD = 3 };

/* Signals that this process ignores or blocks are not ignored or blocked there; what it minds is worker.c's. */
static int spawn(int theirs, pid_t *ret) {
    static char name[] = "touchpoint-map", option[] = "--map";
    char *const argv[] = {name, option, NULL}, *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_adddup2(&actions, theirs, CHILD_FD);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    int error = posix_spawn(ret, "/proc/self/exe", &actions, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

pid_t tp_mapping_spawn(int *ret_fd) {
    int pair[2];
    pid_t pid = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    /* Onto itself, dup2 would leave it to be closed. */
    int theirs = pair[1] == CHILD_FD ? fcntl(pair[1], F_DUPFD_CLOEXEC, CHILD_FD + 1) : pair[1];
    int error = theirs < 0 ? errno : spawn(theirs, &pid);
    if (theirs >= 0 && theirs != pair[1])
        close(theirs);
    close(pair[1]);
    if (error) {
        close(pair[0]);
        errno = error;
        return -1;
    }
    *ret_fd = pair[0];
    return pid;
}

void tp_mapping_kill(pid_t pid) {
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}
