/* How far a file was sent: FILE.sent beside it, one JSON object, replaced as a whole after each batch and synced, so
 * that a kill or a crash leaves the old one or the new one; the batch between them is sent twice and happens once. A
 * hash of the file's beginning goes with it, so that another file under the name is not begun in its middle. */
#include "ctl/send.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/error.h"

#define MARK_BYTES UINT64_C(65536)

struct names {
    struct tp_buf path, beside;
};

static int name(const char *path, struct names *ret) {
    *ret = (struct names){0};
    tp_buf_addf(&ret->path, "%s.sent", path);
    tp_buf_addc(&ret->path, '\0');
    tp_buf_addf(&ret->beside, "%s.sent.new", path);
    tp_buf_addc(&ret->beside, '\0');
    return ret->path.failed || ret->beside.failed ? TP_ENOMEM : 0;
}

static void free_names(struct names *names) {
    tp_buf_free(&names->path);
    tp_buf_free(&names->beside);
}

/* The hash of the first `len` bytes; false when there are fewer. */
static bool hash_beginning(int fd, uint64_t len, uint64_t *ret) {
    char bytes[MARK_BYTES];
    for (uint64_t done = 0; done < len;) {
        ssize_t n = pread(fd, bytes + done, len - done, (off_t)done);
        if (n <= 0)
            return false;
        done += (uint64_t)n;
    }
    *ret = XXH3_64bits(bytes, len);
    return true;
}

static uint64_t mark_len(uint64_t bytes) { return bytes < MARK_BYTES ? bytes : MARK_BYTES; }

/* ---- read ---- */

static uint64_t number(const json_t *root, const char *member) {
    json_int_t value = json_integer_value(json_object_get(root, member));
    return value > 0 ? (uint64_t)value : 0;
}

static bool belongs(const json_t *root, int fd, const struct tp_ctl_position *position) {
    struct stat status;
    uint64_t hash;
    char text[24];
    if (fstat(fd, &status) < 0 || (uint64_t)status.st_size < position->bytes ||
        !hash_beginning(fd, mark_len(position->bytes), &hash))
        return false;
    snprintf(text, sizeof text, "%016" PRIx64, hash);
    return tp_str_is(tp_ctl_member(root, "beginning"), text);
}

static int read_position(const char *path, int fd, struct tp_ctl_position *ret) {
    char text[1024];
    struct tp_json json;
    struct tp_json_error error;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? 0 : TP_EIO;
    ssize_t len = read(file, text, sizeof text);
    close(file);
    if (len < 0)
        return TP_EIO;
    if (tp_json_parse((struct tp_str){text, (size_t)len}, 4, &json, &error) < 0)
        return TP_ECONFIG;
    struct tp_ctl_position found = {number(json.root, "bytes"), number(json.root, "lines"),
                                    number(json.root, "accepted"), number(json.root, "refused")};
    bool ours = belongs(json.root, fd, &found);
    tp_json_free(&json);
    if (!ours)
        return TP_ECONFIG;
    *ret = found;
    return 1;
}

int tp_ctl_position_load(const char *path, int fd, struct tp_ctl_position *ret) {
    struct names names;
    int r = name(path, &names);
    if (r == 0)
        r = read_position(names.path.at, fd, ret);
    free_names(&names);
    return r;
}

/* ---- write ---- */

static int write_synced(const char *path, const struct tp_buf *text) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return TP_EIO;
    bool written = write(file, text->at, text->len) == (ssize_t)text->len && fsync(file) == 0;
    int error = errno;
    close(file);
    errno = error;
    return written ? 0 : TP_EIO;
}

int tp_ctl_position_save(const char *path, int fd, const struct tp_ctl_position *position) {
    struct names names;
    struct tp_buf text = TP_BUF_INIT;
    uint64_t hash;
    int r = name(path, &names);
    if (r == 0 && !hash_beginning(fd, mark_len(position->bytes), &hash))
        r = TP_EIO;
    if (r == 0) {
        tp_buf_addf(&text,
                    "{\"bytes\":%" PRIu64 ",\"lines\":%" PRIu64 ",\"accepted\":%" PRIu64 ",\"refused\":%" PRIu64
                    ",\"beginning\":\"%016" PRIx64 "\"}\n",
                    position->bytes, position->lines, position->accepted, position->refused, hash);
        r = write_synced(names.beside.at, &text);
    }
    if (r == 0 && rename(names.beside.at, names.path.at) < 0)
        r = TP_EIO;
    tp_buf_free(&text);
    free_names(&names);
    return r;
}

void tp_ctl_position_remove(const char *path) {
    struct names names;
    if (name(path, &names) == 0) {
        unlink(names.path.at);
        unlink(names.beside.at);
    }
    free_names(&names);
}
