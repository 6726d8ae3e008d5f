/* Power loss. power_record.c writes down each call by which the journal changes its directory; power_disk.c makes from
 * that record the disks that a loss of power at any point may leave.
 *
 * What is supposed of a disk is what POSIX promises, and no more. A sector of 512 bytes is old or new, never torn.
 * Until a file is synced, each of its sectors, and its size, may be as after any of the calls since its last sync, one
 * independent of the other. Until the directory is synced, each name that was made, renamed or removed may be so or not
 * yet, each by itself. A synced file whose name was not synced may be gone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum power_kind {
    POWER_MKDIR,
    POWER_SYNC_PARENT,
    POWER_CREATE, /* file, name */
    POWER_RENAME, /* name, to */
    POWER_UNLINK, /* name */
    POWER_SYNC_DIR,
    POWER_WRITE, /* file, at, bytes, len */
    POWER_SIZE,  /* file, at: the size */
    POWER_SYNC,  /* file */
    /* What was told between the calls; `at` is a record's number. */
    POWER_APPENDED,     /* the journal has it */
    POWER_DURABLE,      /* its sender, or delivery, was told of all up to here */
    POWER_RELEASED,     /* all below is */
    POWER_CHECKPOINTED, /* and will stay so */
};

struct power_told {
    uint64_t appended, durable, released, checkpointed; /* the highest of each */
};

#define POWER_NAME 64

struct power_op {
    enum power_kind kind;
    unsigned file; /* files are numbered as they are made */
    char name[POWER_NAME], to[POWER_NAME];
    uint64_t at;
    char *bytes;
    size_t len;
};

struct power_log {
    struct power_op *ops;
    size_t n;
};
void power_log_free(struct power_log *log);
void power_log_copy(const struct power_log *log, size_t n, struct power_log *ret); /* its first n */
void power_log_print(const struct power_log *log, size_t until);                   /* the last few before `until` */

/* ---- power_record.c ---- */
/* What the journal does from now on is added to the log. It must begin where the log ends. */
void power_record_start(struct power_log *log);
void power_record_stop(void);
void power_record_mark(enum power_kind kind, uint64_t number); /* any thread; nothing while nothing is recorded */
/* A log that has led to the directory as it is, all of it synced, with what was told. */
void power_record_found(const char *dir, const struct power_told *told, struct power_log *ret);

/* ---- power_disk.c ---- */

struct power_disk;
struct power_disk *power_disk_new(void); /* nothing was done yet */
void power_disk_free(struct power_disk *disk);
void power_disk_apply(struct power_disk *disk, const struct power_op *op);
const struct power_told *power_disk_told(const struct power_disk *disk);
/* How many different images there may be; `most` when there are more. */
uint64_t power_disk_ways(const struct power_disk *disk, uint64_t most);

/* One way through all that may be so or otherwise. From {0} on the ways come one after the other, and the first is that
 * everything happened: what a kill without a power loss leaves. Else each is drawn. */
struct power_choice {
    bool drawn;
    unsigned n, at;
    unsigned char digits[512], limits[512];
};
bool power_choice_next(struct power_choice *choice); /* false: that was the last */
/* Makes `dir`, which is emptied or made as need be, or is not there afterwards. */
void power_disk_make(const struct power_disk *disk, struct power_choice *choice, const char *dir);
