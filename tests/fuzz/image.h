/* A journal's directory as it may be found: files in memory, made from a directory and changed by edits, eight bytes
 * each. An edit can leave checksums right, so that what is behind them is reached too. */
#pragma once

#include "common/buf.h"
#include "common/str.h"

enum { IMAGE_FILES = 24 };

struct image {
    size_t n;
    struct image_file {
        char name[256];
        struct tp_buf bytes;
        bool gone;
    } files[IMAGE_FILES];
};

/* What is read or written is at `dir`; what else lies there stays. */
void image_load(struct image *image, const char *dir);
void image_save(const struct image *image, const char *dir);
void image_empty(const char *dir); /* removes all files */

void image_copy(const struct image *from, struct image *to);
/* What the edits did, the worst of it. */
enum image_edited {
    IMAGE_DAMAGED, /* bytes and files are gone, or others */
    IMAGE_MIXED,   /* bytes or files are where others should be */
    IMAGE_FORGED,  /* checksums were made for numbers that no writer gave: no disk and no crash leaves that */
};
/* `node` is whose checksums are made. */
enum image_edited image_edit(struct image *image, const char *node, struct tp_str edits);

/* The checksum that belongs at the front of a record, and at the end of the other structs (daemon/journal/format.h). */
uint64_t image_sum_record(const char *record, size_t payload, const char *node, uint64_t segment);
uint64_t image_sum(const void *bytes, size_t len);
/* By the file's name; 0 where it is no segment. */
uint64_t image_segment(const struct image_file *file);
