/* Files, whole or not at all: reads and writes that go on after a part, replacing a small file so that a crash leaves
 * the old or the new one, and the checksum that the small structs share. */
#include "daemon/journal/internal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/error.h"
#include "common/fault.h"

#define WRITE_PARTS 1024 /* IOV_MAX on Linux */

static ssize_t read_some(int fd, void *to, size_t len, uint64_t at) {
    int fault = TP_FAULT("journal.read");
    if (fault > 0)
        return -1;
    return pread(fd, to, fault == TP_FAULT_SHORT ? (len + 1) / 2 : len, (off_t)at);
}

static ssize_t write_some(int fd, const struct iovec *parts, size_t n, uint64_t at) {
    int fault = TP_FAULT("journal.write");
    if (fault > 0)
        return -1;
    if (fault == TP_FAULT_SHORT)
        return pwrite(fd, parts->iov_base, (parts->iov_len + 1) / 2, (off_t)at);
    return pwritev(fd, parts, (int)(n < WRITE_PARTS ? n : WRITE_PARTS), (off_t)at);
}

int tp_disk_read(int fd, void *to, size_t len, uint64_t at, size_t *ret_len) {
    size_t done = 0;
    while (done < len) {
        ssize_t n = read_some(fd, (char *)to + done, len - done, at + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return TP_EIO;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *ret_len = done;
    return 0;
}

int tp_disk_write(int fd, struct iovec *parts, size_t n, uint64_t at) {
    while (n > 0) {
        ssize_t written = write_some(fd, parts, n, at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return TP_EIO;
        at += (uint64_t)written;
        size_t left = (size_t)written;
        while (n > 0 && left >= parts->iov_len) {
            left -= parts->iov_len;
            parts++;
            n--;
        }
        if (n > 0) {
            parts->iov_base = (char *)parts->iov_base + left;
            parts->iov_len -= left;
        }
    }
    return 0;
}

int tp_disk_load(int dir, const char *name, void *to, size_t len, size_t *ret_len) {
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? TP_ENOTFOUND : TP_EIO;
    int r = tp_disk_read(fd, to, len, 0, ret_len);
    int error = errno;
    close(fd);
    errno = error;
    return r;
}

static int write_synced(int dir, const char *name, const void *bytes, size_t len) {
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return TP_EIO;
    struct iovec part = {(void *)bytes, len};
    int r = tp_disk_write(fd, &part, 1, 0);
    if (r == 0 && fsync(fd) < 0)
        r = TP_EIO;
    int error = errno;
    close(fd);
    errno = error;
    return r;
}

int tp_disk_sync_dir(int dir) { return TP_FAULT("journal.sync_directory") || fsync(dir) < 0 ? TP_EIO : 0; }

int tp_disk_replace(int dir, const char *name, const void *bytes, size_t len) {
    char beside[64];
    snprintf(beside, sizeof beside, "%s.new", name);
    int r = write_synced(dir, beside, bytes, len);
    if (r < 0)
        return r;
    return renameat(dir, beside, dir, name) < 0 ? TP_EIO : tp_disk_sync_dir(dir);
}

static uint64_t sum(const void *bytes, size_t len) { return htole64(XXH3_64bits(bytes, len - sizeof(uint64_t))); }

void tp_disk_seal(void *bytes, size_t len, const char *magic) {
    struct tp_disk_head head = {.version = htole32(TP_DISK_VERSION)};
    memcpy(head.magic, magic, strlen(magic));
    memcpy(bytes, &head, sizeof head);
    uint64_t checksum = sum(bytes, len);
    memcpy((char *)bytes + len - sizeof checksum, &checksum, sizeof checksum);
}

int tp_disk_check(const void *bytes, size_t len, const char *magic) {
    struct tp_disk_head head;
    memcpy(&head, bytes, sizeof head);
    uint64_t checksum = sum(bytes, len);
    if (memcmp(head.magic, magic, strlen(magic) + 1) != 0 ||
        memcmp((const char *)bytes + len - sizeof checksum, &checksum, sizeof checksum) != 0)
        return TP_ECORRUPT;
    return le32toh(head.version) == TP_DISK_VERSION ? 0 : TP_ECONFIG;
}

int tp_disk_say_version(struct tp_buf *said, const char *what) {
    tp_buf_addf(said,
                "%s is of another format version than %d, which this touchpointd reads: let the touchpointd that wrote "
                "this journal deliver it to its end, or move the directory away and begin with an empty one\n",
                what, TP_DISK_VERSION);
    return TP_ECONFIG;
}

int tp_disk_say(struct tp_buf *said, const char *what) {
    tp_buf_addf(said, "%s: %s\n", what, strerror(errno));
    return TP_EIO;
}
