/* The state directory: made, locked, and the small files in it that tell scripts the addresses. */
#include "daemon/dev/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/log/log.h"

#define LOCK_TRIES 50

static const struct timespec a_moment = {0, 100000000L};

int tp_dev_make_directory(const char *path, struct tp_buf *fault) {
    char part[TP_DEV_PATH];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(part, 0700); /* what cannot be made shows below */
        *slash = '/';
    }
    if (mkdir(part, 0700) == 0 || errno == EEXIST)
        return 0;
    tp_buf_addf(fault, "dev.dir: cannot make %s: %s\n", path, strerror(errno));
    return TP_EIO;
}

int tp_dev_lock(const char *dir, struct tp_buf *fault) {
    char path[TP_DEV_PATH];
    snprintf(path, sizeof path, "%s/lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        tp_buf_addf(fault, "dev.dir: cannot open %s: %s\n", path, strerror(errno));
        return -1;
    }
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        if (i == 0)
            tp_log(TP_LOG_NOTICE, "dev_waits", "for=%s", tp_log_quote(path));
        nanosleep(&a_moment, NULL);
    }
    tp_buf_addf(fault, "dev.dir: %s is in use by another touchpointd --dev, or by its redis-server\n", dir);
    close(fd);
    return -1;
}

int tp_dev_write_file(const char *dir, const char *name, const char *text, struct tp_buf *fault) {
    char path[TP_DEV_PATH];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "we");
    bool written = file && fprintf(file, "%s\n", text) > 0;
    if (file && fclose(file) == 0 && written)
        return 0;
    tp_buf_addf(fault, "dev.dir: cannot write %s: %s\n", path, strerror(errno));
    return TP_EIO;
}

void tp_dev_remove_file(const char *dir, const char *name) {
    char path[TP_DEV_PATH];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    unlink(path);
}
