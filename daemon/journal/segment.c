/* Segment files: made with all their blocks, so that a full disk is met here and never while a batch is written; opened
 * at recovery; removed once they are delivered. */
#include "daemon/journal/internal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/fault.h"

void tp_segment_name(uint64_t number, char ret[TP_SEGMENT_NAME]) {
    snprintf(ret, TP_SEGMENT_NAME, "journal-%020" PRIu64 ".tp", number);
}

uint64_t tp_segment_parse(const char *name) {
    static const char prefix[] = "journal-";
    char again[TP_SEGMENT_NAME];
    if (strncmp(name, prefix, strlen(prefix)) != 0)
        return 0;
    uint64_t number = strtoull(name + strlen(prefix), NULL, 10);
    tp_segment_name(number, again);
    return strcmp(name, again) == 0 && number <= TP_DISK_MOST ? number : 0;
}

static struct tp_segment *new_segment(uint64_t number) {
    struct tp_segment *segment = calloc(1, sizeof *segment);
    if (segment)
        *segment = (struct tp_segment){.number = number, .fd = -1};
    return segment;
}

void tp_segment_free(struct tp_segment *segment) {
    if (!segment)
        return;
    if (segment->fd >= 0)
        close(segment->fd);
    free(segment);
}

/* What passes when somebody makes room; anything else is a broken disk. */
static int verdict(int error) {
    switch (error) {
    case 0:
        return 0;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return TP_EFULL;
    default:
        return TP_EIO;
    }
}

/* 0 or an errno. */
static int allocate(int fd, uint64_t size) {
    int error;
    do
        error = TP_FAULT("journal.allocate") ? errno : posix_fallocate(fd, 0, (off_t)size);
    while (error == EINTR);
    return errno = error;
}

int tp_segment_make(int dir, uint64_t number, uint64_t size, struct tp_segment **ret) {
    char name[TP_SEGMENT_NAME];
    tp_segment_name(number, name);
    struct tp_segment *segment = new_segment(number);
    if (!segment)
        return TP_EFULL;
    segment->size = size;
    segment->fd =
        TP_FAULT("journal.make_segment") ? -1 : openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool made = segment->fd >= 0;
    int r = verdict(made ? allocate(segment->fd, size) : errno);
    if (r == 0 && (TP_FAULT("journal.sync_segment") || fsync(segment->fd) < 0 || tp_disk_sync_dir(dir) < 0))
        r = TP_EIO;
    if (r == 0) {
        *ret = segment;
        return 0;
    }
    int error = errno;
    if (made)
        unlinkat(dir, name, 0);
    tp_segment_free(segment);
    errno = error;
    return r;
}

static int look_at_header(struct tp_segment *segment, const char *node, struct tp_buf *said) {
    struct tp_disk_segment header = {0};
    size_t len;
    if (tp_disk_read(segment->fd, &header, sizeof header, 0, &len) < 0)
        return tp_disk_say(said, "reading a segment");
    int r = tp_disk_check(&header, sizeof header, TP_DISK_MAGIC_SEGMENT);
    if (r == TP_ECONFIG) {
        char what[64];
        snprintf(what, sizeof what, "segment %" PRIu64 " (version %u)", segment->number, le32toh(header.head.version));
        return tp_disk_say_version(said, what);
    }
    if (r < 0 || le64toh(header.number) != segment->number || header.first == 0 || le64toh(header.first) > TP_DISK_MOST)
        return 0;
    if (strncmp(header.node, node, sizeof header.node) != 0) {
        tp_buf_addf(said, "segment %" PRIu64 " belongs to node %.40s, this journal to %s: move it to its own journal\n",
                    segment->number, header.node, node);
        return TP_ECONFIG;
    }
    segment->headed = true;
    segment->first = le64toh(header.first);
    segment->received_ms = (int64_t)le64toh((uint64_t)header.received_ms);
    return 0;
}

void tp_segment_node(int dir, uint64_t number, char ret[TP_UUID_TEXT]) {
    char name[TP_SEGMENT_NAME];
    tp_segment_name(number, name);
    struct tp_disk_segment header;
    size_t len;
    if (tp_disk_load(dir, name, &header, sizeof header, &len) < 0 || len < sizeof header ||
        tp_disk_check(&header, sizeof header, TP_DISK_MAGIC_SEGMENT) < 0 ||
        !tp_uuid_valid((struct tp_str){header.node, TP_UUID_TEXT - 1}))
        return;
    memcpy(ret, header.node, TP_UUID_TEXT);
}

int tp_segment_open(int dir, uint64_t number, int access, const char *node, struct tp_buf *said,
                    struct tp_segment **ret) {
    char name[TP_SEGMENT_NAME];
    tp_segment_name(number, name);
    struct stat status = {0};
    struct tp_segment *segment = new_segment(number);
    if (!segment)
        return TP_ENOMEM;
    segment->state = TP_SEGMENT_SEALED;
    segment->fd = openat(dir, name, access | O_CLOEXEC);
    bool gone = segment->fd < 0 && errno == ENOENT;
    int r = segment->fd < 0 || fstat(segment->fd, &status) < 0 ? tp_disk_say(said, name) : 0;
    if (gone)
        r = TP_ENOTFOUND;
    if (r == 0)
        r = look_at_header(segment, node, said);
    if (r < 0) {
        tp_segment_free(segment);
        return r;
    }
    segment->size = segment->end = (uint64_t)status.st_size;
    *ret = segment;
    return 0;
}

void tp_segment_header(const struct tp_segment *segment, const char *node, struct tp_disk_segment *ret) {
    *ret = (struct tp_disk_segment){.number = htole64(segment->number),
                                    .first = htole64(segment->first),
                                    .received_ms = (int64_t)htole64((uint64_t)segment->received_ms)};
    memcpy(ret->node, node, strlen(node));
    tp_disk_seal(ret, sizeof *ret, TP_DISK_MAGIC_SEGMENT);
}

int tp_segment_unlink(int dir, const struct tp_segment *segment) {
    char name[TP_SEGMENT_NAME];
    tp_segment_name(segment->number, name);
    return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? TP_EIO : 0;
}
