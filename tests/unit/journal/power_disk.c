/* The model of a disk that may lose its power. Of each file all contents since its last sync are kept, the synced one
 * first; of the directory, what is synced and the calls since. An image takes each sector and each size from any of
 * these contents, and each call or not. */
#include "power.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512, MOST_VERSIONS = 16, MOST_FILES = 512, MOST_NAMES = 128, MOST_PENDING = 64, MOST_BYTES = 16384 };

struct content {
    char bytes[MOST_BYTES]; /* zeros behind the size */
    size_t size;
};

struct file {
    struct content *versions[MOST_VERSIONS]; /* the synced one, then one after each call since */
    unsigned n;
};

struct names {
    unsigned n;
    struct {
        char name[POWER_NAME];
        unsigned file;
    } at[MOST_NAMES];
};

struct power_disk {
    struct file files[MOST_FILES];
    unsigned n_files;
    struct names synced;
    struct power_op pending[MOST_PENDING];
    unsigned n_pending;
    bool made, made_synced; /* the directory itself */
    struct power_told told;
};

struct power_disk *power_disk_new(void) {
    struct power_disk *disk = calloc(1, sizeof *disk);
    assert(disk);
    return disk;
}

void power_disk_free(struct power_disk *disk) {
    for (unsigned i = 0; disk && i < disk->n_files; i++)
        for (unsigned k = 0; k < disk->files[i].n; k++)
            free(disk->files[i].versions[k]);
    free(disk);
}

const struct power_told *power_disk_told(const struct power_disk *disk) { return &disk->told; }

/* ---- what was done ---- */

static struct content *add_version(struct file *file) {
    struct content *content = calloc(1, sizeof *content);
    assert(content && file->n < MOST_VERSIONS);
    if (file->n > 0)
        *content = *file->versions[file->n - 1];
    file->versions[file->n++] = content;
    return content;
}

static void write_to(struct content *content, const struct power_op *op) {
    assert(op->at + op->len <= MOST_BYTES);
    memcpy(content->bytes + op->at, op->bytes, op->len);
    if (op->at + op->len > content->size)
        content->size = op->at + op->len;
}

static void resize(struct content *content, size_t size) {
    assert(size <= MOST_BYTES);
    if (size < content->size)
        memset(content->bytes + size, 0, content->size - size);
    content->size = size;
}

static void sync_file(struct file *file) {
    for (unsigned i = 0; i + 1 < file->n; i++)
        free(file->versions[i]);
    file->versions[0] = file->versions[file->n - 1];
    file->n = 1;
}

static void name_file(struct names *names, const char *name, const unsigned *file) {
    unsigned i = 0;
    while (i < names->n && strcmp(names->at[i].name, name) != 0)
        i++;
    if (!file && i < names->n)
        names->at[i] = names->at[--names->n];
    if (!file)
        return;
    assert(i < MOST_NAMES);
    names->n += i == names->n;
    memcpy(names->at[i].name, name, POWER_NAME);
    names->at[i].file = *file;
}

static void change_names(struct names *names, const struct power_op *op) {
    if (op->kind != POWER_CREATE)
        name_file(names, op->name, NULL);
    if (op->kind == POWER_CREATE)
        name_file(names, op->name, &op->file);
    else if (op->kind == POWER_RENAME)
        name_file(names, op->to, &op->file);
}

/* A rename is told by its names; here it must carry its file, for it may happen though the file's making has not. */
static unsigned file_named(const struct power_disk *disk, const char *name) {
    struct names names = disk->synced;
    for (unsigned i = 0; i < disk->n_pending; i++)
        change_names(&names, &disk->pending[i]);
    for (unsigned i = 0; i < names.n; i++)
        if (strcmp(names.at[i].name, name) == 0)
            return names.at[i].file;
    abort();
}

static void sync_names(struct power_disk *disk) {
    for (unsigned i = 0; i < disk->n_pending; i++)
        change_names(&disk->synced, &disk->pending[i]);
    disk->n_pending = 0;
}

static void change_directory(struct power_disk *disk, const struct power_op *op) {
    assert(disk->n_pending < MOST_PENDING);
    struct power_op pending = *op;
    pending.bytes = NULL;
    if (op->kind == POWER_RENAME)
        pending.file = file_named(disk, op->name);
    if (op->kind == POWER_CREATE) {
        assert(op->file == disk->n_files && disk->n_files < MOST_FILES);
        add_version(&disk->files[disk->n_files++]);
    }
    disk->pending[disk->n_pending++] = pending;
}

static void raise(uint64_t *told, uint64_t number) {
    if (number > *told)
        *told = number;
}

void power_disk_apply(struct power_disk *disk, const struct power_op *op) {
    switch (op->kind) {
    case POWER_MKDIR:
        disk->made = true;
        break;
    case POWER_SYNC_PARENT:
        disk->made_synced = disk->made;
        break;
    case POWER_CREATE:
    case POWER_RENAME:
    case POWER_UNLINK:
        change_directory(disk, op);
        break;
    case POWER_SYNC_DIR:
        sync_names(disk);
        break;
    case POWER_WRITE:
        write_to(add_version(&disk->files[op->file]), op);
        break;
    case POWER_SIZE:
        resize(add_version(&disk->files[op->file]), (size_t)op->at);
        break;
    case POWER_SYNC:
        sync_file(&disk->files[op->file]);
        break;
    case POWER_APPENDED:
        raise(&disk->told.appended, op->at);
        break;
    case POWER_DURABLE:
        raise(&disk->told.durable, op->at);
        break;
    case POWER_RELEASED:
        raise(&disk->told.released, op->at);
        break;
    case POWER_CHECKPOINTED:
        raise(&disk->told.checkpointed, op->at);
        break;
    }
}

/* ---- what may be left of it ---- */

/* The versions that differ, the newest first. */
static unsigned distinct(const struct file *file, size_t at, size_t len, unsigned ret[MOST_VERSIONS]) {
    unsigned n = 0;
    for (unsigned i = file->n; i-- > 0;) {
        bool known = false;
        for (unsigned k = 0; k < n && !known; k++)
            known = memcmp(file->versions[i]->bytes + at, file->versions[ret[k]]->bytes + at, len) == 0;
        if (!known)
            ret[n++] = i;
    }
    return n;
}

static unsigned distinct_sizes(const struct file *file, size_t ret[MOST_VERSIONS]) {
    unsigned n = 0;
    for (unsigned i = file->n; i-- > 0;) {
        bool known = false;
        for (unsigned k = 0; k < n && !known; k++)
            known = file->versions[i]->size == ret[k];
        if (!known)
            ret[n++] = file->versions[i]->size;
    }
    return n;
}

static uint64_t times(uint64_t ways, unsigned n, uint64_t most) { return ways * n < most ? ways * n : most; }

uint64_t power_disk_ways(const struct power_disk *disk, uint64_t most) {
    unsigned versions[MOST_VERSIONS];
    size_t sizes[MOST_VERSIONS];
    uint64_t ways = disk->made && !disk->made_synced ? 2 : 1;
    for (unsigned i = 0; i < disk->n_pending; i++)
        ways = times(ways, 2, most);
    for (unsigned i = 0; i < disk->n_files; i++) {
        const struct file *file = &disk->files[i];
        if (file->n == 1)
            continue;
        ways = times(ways, distinct_sizes(file, sizes), most);
        for (size_t at = 0; at < MOST_BYTES; at += SECTOR)
            ways = times(ways, distinct(file, at, SECTOR, versions), most);
    }
    return ways;
}

static unsigned choose(struct power_choice *choice, unsigned n) {
    if (n == 1)
        return 0;
    if (choice->drawn)
        return (unsigned)random() % n;
    assert(choice->at < sizeof choice->digits);
    if (choice->at == choice->n)
        choice->digits[choice->n++] = 0;
    choice->limits[choice->at] = (unsigned char)n;
    return choice->digits[choice->at++];
}

bool power_choice_next(struct power_choice *choice) {
    choice->at = 0;
    if (choice->drawn)
        return true;
    while (choice->n > 0 && choice->digits[choice->n - 1] + 1 == choice->limits[choice->n - 1])
        choice->n--;
    if (choice->n > 0)
        choice->digits[choice->n - 1]++;
    return choice->n > 0;
}

static void make_file(const struct file *file, struct power_choice *choice, int dir, const char *name) {
    char bytes[MOST_BYTES];
    unsigned versions[MOST_VERSIONS];
    size_t sizes[MOST_VERSIONS];
    size_t size = sizes[choose(choice, distinct_sizes(file, sizes))];
    for (size_t at = 0; at < size; at += SECTOR) {
        unsigned chosen = versions[choose(choice, distinct(file, at, SECTOR, versions))];
        memcpy(bytes + at, file->versions[chosen]->bytes + at, SECTOR);
    }
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t written = write(fd, bytes, size);
    assert(written == (ssize_t)size);
    close(fd);
}

static void empty(int dir) {
    DIR *stream = fdopendir(dup(dir));
    assert(stream);
    rewinddir(stream);
    for (struct dirent *entry; (entry = readdir(stream));)
        unlinkat(dir, entry->d_name, 0);
    closedir(stream);
}

void power_disk_make(const struct power_disk *disk, struct power_choice *choice, const char *path) {
    struct names names = disk->synced;
    int dir = mkdir(path, 0700) < 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (dir < 0)
        dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    empty(dir);
    bool there = disk->made && (disk->made_synced || choose(choice, 2) == 0);
    for (unsigned i = 0; there && i < disk->n_pending; i++)
        if (choose(choice, 2) == 0)
            change_names(&names, &disk->pending[i]);
    for (unsigned i = 0; there && i < names.n; i++)
        make_file(&disk->files[names.at[i].file], choice, dir, names.at[i].name);
    close(dir);
    if (!there)
        rmdir(path);
}
