/* The checkpoint: how far delivery has come, in two slots that are written in turn. */
#include "daemon/journal/internal.h"

#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/error.h"
#include "common/fault.h"

#define NAME "checkpoint"

static void encode(const struct tp_checkpoint *checkpoint, struct tp_disk_checkpoint *ret) {
    *ret = (struct tp_disk_checkpoint){.generation = htole64(checkpoint->generation),
                                       .frontier = htole64(checkpoint->frontier),
                                       .last = htole64(checkpoint->last),
                                       .segment = htole64(checkpoint->segment)};
    tp_disk_seal(ret, sizeof *ret, TP_DISK_MAGIC_SLOT);
}

static uint64_t place(uint64_t generation) { return generation % 2 * TP_DISK_SLOT; }

/* From 1 on. */
static bool counts(uint64_t number) { return number != 0 && le64toh(number) <= TP_DISK_MOST; }

int tp_checkpoint_slot(const char file[TP_CHECKPOINT_SIZE], unsigned index, struct tp_checkpoint *ret) {
    struct tp_disk_checkpoint slot;
    uint64_t at = (uint64_t)index * TP_DISK_SLOT;
    memcpy(&slot, file + at, sizeof slot);
    int r = tp_disk_check(&slot, sizeof slot, TP_DISK_MAGIC_SLOT);
    if (r < 0)
        return r;
    if (place(le64toh(slot.generation)) != at || !counts(slot.generation) || !counts(slot.frontier) ||
        le64toh(slot.last) > TP_DISK_MOST || le64toh(slot.segment) > TP_DISK_MOST)
        return TP_ECORRUPT;
    *ret = (struct tp_checkpoint){.fd = -1,
                                  .generation = le64toh(slot.generation),
                                  .frontier = le64toh(slot.frontier),
                                  .last = le64toh(slot.last),
                                  .segment = le64toh(slot.segment)};
    return 0;
}

/* Takes the slot when it is sound and newer than what was found so far. */
static int take(const char *file, unsigned index, struct tp_checkpoint *found) {
    struct tp_checkpoint slot;
    int r = tp_checkpoint_slot(file, index, &slot);
    if (r == 0 && slot.generation > found->generation)
        *found = slot;
    return r;
}

static int choose(const char *file, struct tp_buf *said, struct tp_checkpoint *found) {
    int first = take(file, 0, found), second = take(file, 1, found);
    if (first == TP_ECONFIG || second == TP_ECONFIG)
        return tp_disk_say_version(said, "the file checkpoint");
    if (first < 0 && second < 0) {
        tp_buf_adds(said, "both slots of the file checkpoint are damaged, so it is not known what was delivered; "
                          "`touchpointctl journal reset-checkpoint` has everything that the journal holds delivered "
                          "again\n");
        return TP_ECORRUPT;
    }
    found->older = first < 0 || second < 0;
    if (found->older)
        tp_buf_adds(said, "one slot of the file checkpoint was damaged; going on from the other, some records may be "
                          "delivered again\n");
    return 0;
}

int tp_checkpoint_read(int dir, char ret_file[TP_CHECKPOINT_SIZE]) {
    size_t len;
    memset(ret_file, 0, TP_CHECKPOINT_SIZE);
    return tp_disk_load(dir, NAME, ret_file, TP_CHECKPOINT_SIZE, &len);
}

int tp_checkpoint_load(int dir, struct tp_buf *said, struct tp_checkpoint *ret) {
    char file[TP_CHECKPOINT_SIZE];
    struct tp_checkpoint found = {.fd = -1};
    int r = tp_checkpoint_read(dir, file);
    if (r < 0)
        return r == TP_EIO ? tp_disk_say(said, NAME) : r;
    r = choose(file, said, &found);
    if (r < 0)
        return r;
    found.fd = openat(dir, NAME, O_WRONLY | O_CLOEXEC);
    if (found.fd < 0)
        return tp_disk_say(said, NAME);
    *ret = found;
    return 0;
}

int tp_checkpoint_reset(int dir, struct tp_buf *said) {
    char file[TP_CHECKPOINT_SIZE];
    struct tp_checkpoint found = {.fd = -1};
    struct tp_buf unsaid = TP_BUF_INIT;
    int r = tp_checkpoint_read(dir, file);
    if (r == TP_ENOTFOUND)
        tp_buf_adds(said, "there is no file checkpoint: the next start delivers everything that the journal holds\n");
    if (r == TP_EIO)
        tp_disk_say(said, NAME);
    if (r < 0)
        return r;
    r = choose(file, &unsaid, &found);
    if (r == TP_ECONFIG)
        tp_buf_addstr(said, tp_buf_str(&unsaid));
    tp_buf_free(&unsaid);
    if (r == 0)
        tp_buf_adds(said, "the checkpoint is sound: touchpointd goes on from it\n");
    if (r != TP_ECORRUPT)
        return TP_ECONFIG;
    bool moved = renameat(dir, NAME, dir, NAME ".damaged") == 0 && tp_disk_sync_dir(dir) == 0;
    return moved ? 0 : tp_disk_say(said, "moving the file " NAME " away");
}

int tp_checkpoint_make(int dir, struct tp_checkpoint *checkpoint) {
    char file[TP_CHECKPOINT_SIZE] = {0};
    struct tp_disk_checkpoint slot;
    for (checkpoint->generation = 1;; checkpoint->generation++) {
        encode(checkpoint, &slot);
        memcpy(file + place(checkpoint->generation), &slot, sizeof slot);
        if (checkpoint->generation == 2)
            break;
    }
    int r = tp_disk_replace(dir, NAME, file, sizeof file);
    if (r < 0)
        return r;
    checkpoint->fd = openat(dir, NAME, O_WRONLY | O_CLOEXEC);
    return checkpoint->fd < 0 ? TP_EIO : 0;
}

int tp_checkpoint_write(struct tp_checkpoint *checkpoint) {
    struct tp_disk_checkpoint slot;
    checkpoint->generation++;
    encode(checkpoint, &slot);
    struct iovec part = {&slot, sizeof slot};
    if (TP_FAULT("journal.checkpoint_write") ||
        tp_disk_write(checkpoint->fd, &part, 1, place(checkpoint->generation)) < 0)
        return TP_EIO;
    return TP_FAULT("journal.checkpoint_sync") || fdatasync(checkpoint->fd) < 0 ? TP_EIO : 0;
}
