#include "daemon/pipeline/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log/log.h"

#define NAME "taken-over"

static void path_of(const char *dir, char *path, size_t size) { snprintf(path, size, "%s/" NAME, dir); }

bool tp_fence_is_open(const char *dir, struct tp_buf *fault) {
    char path[4096];
    path_of(dir, path, sizeof path);
    if (access(path, F_OK) < 0)
        return true;
    tp_buf_addf(
        fault,
        "journal.dir: %s: another daemon, with a copy of this journal, has taken over its node at Kafka; what is "
        "here stays here. If that one is gone for good, and had nothing of its own, remove %s\n",
        dir, path);
    return false;
}

void tp_fence_close(const char *dir) {
    char path[4096];
    path_of(dir, path, sizeof path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || fsync(fd) < 0)
        tp_log(TP_LOG_ERROR, "fence_unmarked", "stage=kafka path=%s error=%s", tp_log_quote(path),
               tp_log_quote(strerror(errno)));
    if (fd >= 0)
        close(fd);
}
