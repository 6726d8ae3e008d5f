/* Where the journal ends, for recovery and for those who only look. Only the newest segments can have a torn end: a
 * segment is begun when the one before is synced. Surveyed from the newest back to one that is sure to tell where it
 * stands, they give the highest number known synced; above that number damage is the torn end, and so is a batch that
 * is not whole. Nothing is changed here. */
#include "daemon/journal/internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/error.h"

static int by_number(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

int tp_survey_list(int dir, uint64_t **ret, size_t *ret_n) {
    int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again < 0 ? NULL : fdopendir(again);
    if (!stream) {
        if (again >= 0)
            close(again);
        return TP_EIO;
    }
    struct tp_buf numbers = TP_BUF_INIT;
    for (struct dirent *entry; (entry = readdir(stream));) {
        uint64_t number = tp_segment_parse(entry->d_name);
        if (number > 0)
            tp_buf_add(&numbers, &number, sizeof number);
    }
    closedir(stream);
    if (numbers.failed) {
        tp_buf_free(&numbers);
        return TP_ENOMEM;
    }
    *ret_n = numbers.len / sizeof **ret;
    *ret = (uint64_t *)(void *)tp_buf_take(&numbers);
    if (*ret_n > 0)
        qsort(*ret, *ret_n, sizeof **ret, by_number);
    return 0;
}

int tp_survey(struct tp_scan *scan, const struct tp_segment *segment, const char *node, uint64_t expect,
              uint64_t synced, struct tp_survey *ret) {
    struct tp_journal_record record;
    uint64_t named;
    *ret = (struct tp_survey){0};
    tp_scan_start(scan, segment, node, expect);
    for (;;) {
        int r = tp_scan_next(scan, &record, &named);
        if (r < 0 || r == TP_SCAN_END)
            return r;
        if (r == TP_SCAN_DAMAGE) {
            ret->cut = tp_survey_torn(scan, synced);
            if (ret->cut)
                return 0;
            ret->end = scan->at;
            continue;
        }
        ret->records++;
        if (named > ret->synced)
            ret->synced = named;
        ret->cut = record.number > synced && scan->more; /* unless the rest of its batch follows */
        if (ret->cut)
            continue;
        ret->end = scan->at;
        ret->last = record.number;
    }
}

bool tp_survey_torn(const struct tp_scan *scan, uint64_t synced) { return scan->expect > synced; }

int tp_survey_back(struct tp_scan *scan, const struct tp_segment *segment, const char *node, uint64_t *synced,
                   bool *ret_sure) {
    struct tp_survey whole;
    int r = tp_survey(scan, segment, node, 1, UINT64_MAX, &whole);
    if (r < 0)
        return r;
    if (whole.synced > *synced)
        *synced = whole.synced;
    if (segment->headed && segment->first - 1 > *synced)
        *synced = segment->first - 1;
    *ret_sure = segment->headed && whole.records > 0;
    return 0;
}
