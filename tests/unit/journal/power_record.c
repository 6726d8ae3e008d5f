/* The recorder: the calls that the linker puts in the place of those that change a directory (--wrap in
 * CMakeLists.txt). Each does what it is asked to do and then notes it. A file is known by the number that it got when
 * it was made; open files and names lead to it. */
#include "power.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { DIRECTORY = -1, PARENT = -2, MOST_FDS = 256, MOST_NAMES = 128 };

static struct {
    pthread_mutex_t lock;
    struct power_log *log; /* NULL: nothing is recorded */
    unsigned n_files, n_names;
    int fds[MOST_FDS]; /* a file's number, DIRECTORY or PARENT */
    struct entry {
        char name[POWER_NAME];
        unsigned file;
    } names[MOST_NAMES];
} recorder = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the log ---- */

static void add(struct power_log *log, const struct power_op *op) {
    struct power_op *ops = realloc(log->ops, (log->n + 1) * sizeof *ops), *copy = ops + log->n++;
    assert(ops);
    log->ops = ops;
    *copy = *op;
    if (!op->bytes)
        return;
    copy->bytes = malloc(op->len + 1);
    assert(copy->bytes);
    memcpy(copy->bytes, op->bytes, op->len);
}

void power_log_free(struct power_log *log) {
    for (size_t i = 0; i < log->n; i++)
        free(log->ops[i].bytes);
    free(log->ops);
    *log = (struct power_log){0};
}

void power_log_copy(const struct power_log *log, size_t n, struct power_log *ret) {
    *ret = (struct power_log){0};
    for (size_t i = 0; i < n; i++)
        add(ret, &log->ops[i]);
}

void power_log_print(const struct power_log *log, size_t until) {
    static const char *const kinds[] = {"mkdir",          "sync parent", "create",      "rename", "unlink",
                                        "sync directory", "write",       "size",        "sync",   "appended",
                                        "durable",        "released",    "checkpointed"};
    for (size_t i = until > 12 ? until - 12 : 0; i < until; i++) {
        const struct power_op *op = &log->ops[i];
        printf("  %zu: %s file %u %s %s at %llu, %zu bytes\n", i, kinds[op->kind], op->file, op->name, op->to,
               (unsigned long long)op->at, op->len);
    }
}

static void note(const struct power_op *op) {
    if (recorder.log)
        add(recorder.log, op);
}

/* ---- names ---- */

static void set_name(char ret[POWER_NAME], const char *name) {
    size_t len = strlen(name);
    assert(len < POWER_NAME);
    memcpy(ret, name, len + 1);
}

static struct entry *find(const char *name) {
    for (unsigned i = 0; i < recorder.n_names; i++)
        if (strcmp(recorder.names[i].name, name) == 0)
            return &recorder.names[i];
    return NULL;
}

static void forget(const char *name) {
    struct entry *entry = find(name);
    if (entry)
        *entry = recorder.names[--recorder.n_names];
}

static void name_file(const char *name, unsigned file) {
    forget(name);
    assert(recorder.n_names < MOST_NAMES);
    struct entry *entry = &recorder.names[recorder.n_names++];
    set_name(entry->name, name);
    entry->file = file;
}

static void rename_file(const char *name, const char *to) {
    struct entry *entry = find(name);
    assert(entry);
    unsigned file = entry->file;
    forget(name);
    name_file(to, file);
}

/* ---- beginning and end ---- */

void power_record_start(struct power_log *log) {
    pthread_mutex_lock(&recorder.lock);
    recorder.n_files = recorder.n_names = 0;
    for (size_t i = 0; i < log->n; i++) {
        const struct power_op *op = &log->ops[i];
        if (op->kind == POWER_CREATE) {
            name_file(op->name, op->file);
            recorder.n_files = op->file + 1;
        } else if (op->kind == POWER_RENAME) {
            rename_file(op->name, op->to);
        } else if (op->kind == POWER_UNLINK) {
            forget(op->name);
        }
    }
    for (int i = 0; i < MOST_FDS; i++)
        recorder.fds[i] = DIRECTORY;
    recorder.log = log;
    pthread_mutex_unlock(&recorder.lock);
}

void power_record_stop(void) {
    pthread_mutex_lock(&recorder.lock);
    recorder.log = NULL;
    pthread_mutex_unlock(&recorder.lock);
}

void power_record_mark(enum power_kind kind, uint64_t number) {
    pthread_mutex_lock(&recorder.lock);
    note(&(struct power_op){.kind = kind, .at = number});
    pthread_mutex_unlock(&recorder.lock);
}

static void found_file(int dir, const char *name, unsigned file, struct power_log *log) {
    static char bytes[1 << 20];
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, bytes, sizeof bytes);
    assert(len >= 0 && len < (ssize_t)sizeof bytes);
    close(fd);
    struct power_op create = {.kind = POWER_CREATE, .file = file};
    set_name(create.name, name);
    add(log, &create);
    add(log, &(struct power_op){.kind = POWER_WRITE, .file = file, .bytes = bytes, .len = (size_t)len});
    add(log, &(struct power_op){.kind = POWER_SYNC, .file = file});
}

void power_record_found(const char *dir, const struct power_told *told, struct power_log *ret) {
    *ret = (struct power_log){0};
    add(ret, &(struct power_op){.kind = POWER_APPENDED, .at = told->appended});
    add(ret, &(struct power_op){.kind = POWER_DURABLE, .at = told->durable});
    add(ret, &(struct power_op){.kind = POWER_RELEASED, .at = told->released});
    add(ret, &(struct power_op){.kind = POWER_CHECKPOINTED, .at = told->checkpointed});
    DIR *stream = opendir(dir);
    if (!stream)
        return;
    add(ret, &(struct power_op){.kind = POWER_MKDIR});
    add(ret, &(struct power_op){.kind = POWER_SYNC_PARENT});
    unsigned file = 0;
    for (struct dirent *entry; (entry = readdir(stream));)
        if (entry->d_name[0] != '.')
            found_file(dirfd(stream), entry->d_name, file++, ret);
    closedir(stream);
    add(ret, &(struct power_op){.kind = POWER_SYNC_DIR});
}

/* ---- the calls ---- */

int __real_mkdir(const char *path, mode_t mode);
int __real_openat(int dir, const char *name, int flags, ...);
int __real_renameat(int dir, const char *name, int to_dir, const char *to);
int __real_unlinkat(int dir, const char *name, int flags);
ssize_t __real_pwritev(int fd, const struct iovec *parts, int n, off_t at);
int __real_posix_fallocate(int fd, off_t at, off_t len);
int __real_ftruncate(int fd, off_t len);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_openat(int dir, const char *name, int flags, ...);
int __wrap_renameat(int dir, const char *name, int to_dir, const char *to);
int __wrap_unlinkat(int dir, const char *name, int flags);
ssize_t __wrap_pwritev(int fd, const struct iovec *parts, int n, off_t at);
int __wrap_posix_fallocate(int fd, off_t at, off_t len);
int __wrap_ftruncate(int fd, off_t len);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);

/* Whether the call went well and is to be noted; the lock is then held. */
static bool noting(bool well) {
    if (!well)
        return false;
    pthread_mutex_lock(&recorder.lock);
    if (!recorder.log)
        pthread_mutex_unlock(&recorder.lock);
    return recorder.log;
}

static void noted(void) { pthread_mutex_unlock(&recorder.lock); }

static unsigned file_of(int fd) {
    assert(fd >= 0 && fd < MOST_FDS && recorder.fds[fd] >= 0);
    return (unsigned)recorder.fds[fd];
}

int __wrap_mkdir(const char *path, mode_t mode) {
    int r = __real_mkdir(path, mode);
    if (noting(r == 0)) {
        note(&(struct power_op){.kind = POWER_MKDIR});
        noted();
    }
    return r;
}

static int opened(const char *name, int flags) {
    struct entry *entry = find(name);
    if (entry && (flags & O_TRUNC))
        note(&(struct power_op){.kind = POWER_SIZE, .file = entry->file});
    if (entry)
        return (int)entry->file;
    if (strcmp(name, "..") == 0)
        return PARENT;
    if (!(flags & O_CREAT))
        return DIRECTORY;
    struct power_op create = {.kind = POWER_CREATE, .file = recorder.n_files++};
    set_name(create.name, name);
    note(&create);
    name_file(name, create.file);
    return (int)create.file;
}

int __wrap_openat(int dir, const char *name, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    int fd = __real_openat(dir, name, flags, mode);
    if (noting(fd >= 0)) {
        assert(fd < MOST_FDS);
        recorder.fds[fd] = opened(name, flags);
        noted();
    }
    return fd;
}

int __wrap_renameat(int dir, const char *name, int to_dir, const char *to) {
    int r = __real_renameat(dir, name, to_dir, to);
    if (noting(r == 0)) {
        struct power_op op = {.kind = POWER_RENAME};
        set_name(op.name, name);
        set_name(op.to, to);
        note(&op);
        rename_file(name, to);
        noted();
    }
    return r;
}

int __wrap_unlinkat(int dir, const char *name, int flags) {
    int r = __real_unlinkat(dir, name, flags);
    if (noting(r == 0)) {
        struct power_op op = {.kind = POWER_UNLINK};
        set_name(op.name, name);
        note(&op);
        forget(name);
        noted();
    }
    return r;
}

ssize_t __wrap_pwritev(int fd, const struct iovec *parts, int n, off_t at) {
    ssize_t r = __real_pwritev(fd, parts, n, at);
    if (noting(r >= 0)) {
        struct power_op op = {.kind = POWER_WRITE, .file = file_of(fd), .at = (uint64_t)at, .len = (size_t)r};
        op.bytes = malloc((size_t)r + 1);
        assert(op.bytes);
        size_t done = 0;
        for (int i = 0; i < n && done < op.len; done += parts[i++].iov_len)
            memcpy(op.bytes + done, parts[i].iov_base, parts[i].iov_len);
        note(&op);
        free(op.bytes);
        noted();
    }
    return r;
}

static void note_size(int fd, off_t size) {
    note(&(struct power_op){.kind = POWER_SIZE, .file = file_of(fd), .at = (uint64_t)size});
}

int __wrap_posix_fallocate(int fd, off_t at, off_t len) {
    int r = __real_posix_fallocate(fd, at, len);
    if (noting(r == 0)) {
        note_size(fd, at + len);
        noted();
    }
    return r;
}

int __wrap_ftruncate(int fd, off_t len) {
    int r = __real_ftruncate(fd, len);
    if (noting(r == 0)) {
        note_size(fd, len);
        noted();
    }
    return r;
}

static void note_sync(int fd) {
    int file = recorder.fds[fd];
    if (file >= 0)
        note(&(struct power_op){.kind = POWER_SYNC, .file = (unsigned)file});
    else
        note(&(struct power_op){.kind = file == PARENT ? POWER_SYNC_PARENT : POWER_SYNC_DIR});
}

int __wrap_fsync(int fd) {
    int r = __real_fsync(fd);
    if (noting(r == 0)) {
        note_sync(fd);
        noted();
    }
    return r;
}

int __wrap_fdatasync(int fd) {
    int r = __real_fdatasync(fd);
    if (noting(r == 0)) {
        note_sync(fd);
        noted();
    }
    return r;
}
