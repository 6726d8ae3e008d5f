/* Edits are forgiving, so that each input is one: a place is taken modulo what there is, and an edit of something that
 * is not there does nothing. */
#include "tests/fuzz/image.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "daemon/journal/format.h"
#include "tests/fuzz/fuzz.h"

enum { MOST_BYTES = 65536, MOST_EDITS = 32 };

struct edit {
    uint8_t what, file;
    uint16_t at;
    int32_t value;
} __attribute__((packed));

/* --- files --- */

static void load_file(int dir, const char *name, struct image_file *file) {
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    must(fd >= 0);
    snprintf(file->name, sizeof file->name, "%s", name);
    tp_buf_clear(&file->bytes);
    ssize_t n = read(fd, tp_buf_room(&file->bytes, MOST_BYTES), MOST_BYTES);
    must(n >= 0 && n < MOST_BYTES);
    file->bytes.len = (size_t)n;
    close(fd);
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct image_file *)a)->name, ((const struct image_file *)b)->name);
}

void image_load(struct image *image, const char *dir) {
    DIR *stream = opendir(dir);
    must(stream);
    for (struct dirent *entry; (entry = readdir(stream));) {
        if (entry->d_name[0] == '.')
            continue;
        must(image->n < IMAGE_FILES);
        load_file(dirfd(stream), entry->d_name, &image->files[image->n++]);
    }
    closedir(stream);
    qsort(image->files, image->n, sizeof *image->files, by_name); /* so that a number always means the same file */
}

void image_save(const struct image *image, const char *dir) {
    char path[512];
    for (size_t i = 0; i < image->n; i++) {
        const struct image_file *file = &image->files[i];
        if (file->gone)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, file->name);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        must(fd >= 0 && write(fd, file->bytes.at, file->bytes.len) == (ssize_t)file->bytes.len);
        close(fd);
    }
}

void image_empty(const char *dir) {
    DIR *stream = opendir(dir);
    must(stream);
    for (struct dirent *entry; (entry = readdir(stream));)
        unlinkat(dirfd(stream), entry->d_name, 0);
    closedir(stream);
}

void image_copy(const struct image *from, struct image *to) {
    to->n = from->n;
    for (size_t i = 0; i < from->n; i++) {
        memcpy(to->files[i].name, from->files[i].name, sizeof to->files[i].name);
        tp_buf_clear(&to->files[i].bytes);
        tp_buf_addstr(&to->files[i].bytes, tp_buf_str(&from->files[i].bytes));
        to->files[i].gone = false;
    }
}

/* --- checksums --- */

uint64_t image_segment(const struct image_file *file) {
    uint64_t number;
    return sscanf(file->name, "journal-%20" SCNu64 ".tp", &number) == 1 ? number : 0;
}

uint64_t image_sum_record(const char *record, size_t payload, const char *node, uint64_t segment) {
    const size_t unsummed = sizeof(uint64_t);
    uint64_t seed = XXH3_64bits_withSeed(node, strlen(node), segment);
    return XXH3_64bits_withSeed(record + unsummed, sizeof(struct tp_disk_record) - unsummed + payload, seed);
}

uint64_t image_sum(const void *bytes, size_t len) { return XXH3_64bits(bytes, len - sizeof(uint64_t)); }

/* --- edits --- */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Overwrites what is there; beyond its end a file grows by nothing but `grow`. */
static void put(struct image_file *file, size_t at, const void *bytes, size_t len) {
    if (at < file->bytes.len)
        memcpy(file->bytes.at + at, bytes, least(len, file->bytes.len - at));
}

static void cut(struct image_file *file, size_t len) { file->bytes.len = least(len, file->bytes.len); }

static void grow(struct image_file *file, size_t len, char with) {
    len = least(len, MOST_BYTES - least(file->bytes.len, MOST_BYTES));
    char *to = tp_buf_room(&file->bytes, len + 1);
    memset(to, with, len);
    file->bytes.len += len;
}

static void fill(struct image_file *file, size_t at, size_t len, char with) {
    if (at < file->bytes.len)
        memset(file->bytes.at + at, with, least(len, file->bytes.len - at));
}

/* Stale bytes of another file, as a disk may have them. */
static void copy(struct image *image, struct image_file *file, const struct edit *edit) {
    const struct image_file *from = &image->files[(uint32_t)edit->value % image->n];
    size_t at = (uint32_t)edit->value >> 8 & 0xffff;
    char bytes[2048];
    if (at >= from->bytes.len)
        return;
    size_t len = least(least(((uint32_t)edit->value >> 24) * TP_DISK_ALIGN, sizeof bytes), from->bytes.len - at);
    memcpy(bytes, from->bytes.at + at, len);
    put(file, edit->at, bytes, len);
}

static void rename_to(const struct image *image, struct image_file *file, uint64_t number) {
    char name[sizeof file->name];
    snprintf(name, sizeof name, "journal-%020" PRIu64 ".tp", number);
    for (size_t i = 0; i < image->n; i++)
        if (strcmp(image->files[i].name, name) == 0)
            return;
    memcpy(file->name, name, sizeof name);
}

/* Where its record of this index begins, by the lengths that stand there; NULL when there is none. */
static char *find_record(const struct image_file *file, size_t index) {
    size_t at = sizeof(struct tp_disk_segment);
    struct tp_disk_record head;
    while (image_segment(file) > 0 && at + sizeof head <= file->bytes.len) {
        memcpy(&head, file->bytes.at + at, sizeof head);
        size_t size = (sizeof head + head.length + TP_DISK_ALIGN - 1) / TP_DISK_ALIGN * TP_DISK_ALIGN;
        if (head.length == 0 || size > file->bytes.len - at)
            break;
        if (index-- == 0)
            return file->bytes.at + at;
        at += size;
    }
    return NULL;
}

static void set_field(struct tp_disk_record *head, unsigned field, int64_t value) {
    switch (field % 6) {
    case 0:
        head->length = (uint32_t)value;
        break;
    case 1:
        head->type = (uint16_t)value;
        break;
    case 2:
        head->more = (uint16_t)value;
        break;
    case 3:
        head->number = (uint64_t)value;
        break;
    case 4:
        head->synced = (uint64_t)value;
        break;
    default:
        head->received_ms = value;
    }
}

static void edit_record(struct image_file *file, const char *node, const struct edit *edit, bool seal) {
    char *at = find_record(file, edit->at & 0xff);
    struct tp_disk_record head;
    if (!at)
        return;
    memcpy(&head, at, sizeof head);
    set_field(&head, edit->at >> 8, edit->value);
    memcpy(at, &head, sizeof head);
    size_t left = file->bytes.len - (size_t)(at - file->bytes.at) - sizeof head;
    if (!seal || head.length > left)
        return;
    head.checksum = image_sum_record(at, head.length, node, image_segment(file));
    memcpy(at, &head, sizeof head);
}

/* One of the structs with a checksum at their end: the header of a segment, a slot of the checkpoint, the node. */
static void edit_head(struct image_file *file, const struct edit *edit, bool seal) {
    bool slots = strcmp(file->name, "checkpoint") == 0;
    size_t begin = slots && edit->at & 0x100 ? TP_DISK_SLOT : 0;
    size_t len = slots                     ? sizeof(struct tp_disk_checkpoint)
                 : image_segment(file) > 0 ? sizeof(struct tp_disk_segment)
                                           : sizeof(struct tp_disk_node);
    int64_t value = edit->value;
    if (begin + len > file->bytes.len)
        return;
    put(file, begin + least(edit->at & 0xff, len - sizeof value), &value, sizeof value);
    uint64_t checksum = image_sum(file->bytes.at + begin, len);
    if (seal)
        put(file, begin + len - sizeof checksum, &checksum, sizeof checksum);
}

enum what { POKE, POKE_WORD, FILL, COPY, CUT, GROW, DROP, RENAME, RECORD, HEAD, N_WHAT };
enum { SEALS = 128 }; /* a file's number below it */

static enum what what_of(const struct edit *edit) { return edit->what % N_WHAT; }

static bool seals(const struct edit *edit) { return edit->file < SEALS; }

static enum image_edited severity(const struct edit *edit) {
    enum what what = what_of(edit);
    if ((what == RECORD || what == HEAD) && seals(edit))
        return IMAGE_FORGED;
    return what == COPY || what == RENAME ? IMAGE_MIXED : IMAGE_DAMAGED;
}

static void apply(struct image *image, const char *node, const struct edit *edit) {
    struct image_file *file = &image->files[edit->file % image->n];
    char with = (char)(edit->value >> 24);
    switch (what_of(edit)) {
    case POKE:
        put(file, edit->at, &edit->value, 1);
        break;
    case POKE_WORD:
        put(file, edit->at, &edit->value, sizeof edit->value);
        break;
    case FILL:
        fill(file, edit->at, edit->value & 0xffff, with);
        break;
    case COPY:
        copy(image, file, edit);
        break;
    case CUT:
        cut(file, edit->at);
        break;
    case GROW:
        grow(file, edit->value & 0xffff, with);
        break;
    case DROP:
        file->gone = !file->gone;
        break;
    case RENAME:
        rename_to(image, file, (uint64_t)(int64_t)edit->value);
        break;
    case RECORD:
        edit_record(file, node, edit, seals(edit));
        break;
    default:
        edit_head(file, edit, seals(edit));
    }
}

enum image_edited image_edit(struct image *image, const char *node, struct tp_str edits) {
    struct edit edit;
    enum image_edited worst = IMAGE_DAMAGED;
    for (size_t i = 0; i < MOST_EDITS && edits.len >= sizeof edit; i++) {
        memcpy(&edit, edits.at, sizeof edit);
        apply(image, node, &edit);
        worst = severity(&edit) > worst ? severity(&edit) : worst;
        edits = (struct tp_str){edits.at + sizeof edit, edits.len - sizeof edit};
    }
    return worst;
}
