/* A look at a journal that may be a running daemon's. First what was synced when the look began (survey.c), then all
 * segments from the oldest on. What was synced by then is whole whenever it is read, so damage below that number is
 * real even while the daemon writes; above it, damage and a group that is just being written look alike, and only the
 * lock tells them apart. Records that are gone may have been released meanwhile: the checkpoint, asked again, knows. */
#include "daemon/journal/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/journal/internal.h"

struct look {
    int dir;
    bool (*on_record)(void *arg, const struct tp_inspect_record *record);
    void *arg;
    struct tp_buf *said;
    struct tp_inspection *found;
    size_t n_numbers;
    uint64_t *numbers;
    struct tp_scan scan;
    struct tp_buf damage;
    uint64_t synced;                       /* when the look began */
    uint64_t first_new, first_new_segment; /* all from this segment on have records from this number on */
    size_t ends_in;                        /* index of the first segment that can have a torn end */
    uint64_t expect;                       /* the number of the next record, if none is missing; 0: any will do */
    bool torn;                             /* nothing counts any more */
    bool stopped;                          /* by on_record */
};

static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* ---- the small files ---- */

/* By the kernel's list, where a line is "1: FLOCK  ADVISORY  WRITE PID MAJOR:MINOR:INODE 0 EOF". The device is left
 * out: some file systems show another one in stat. */
static bool is_locked(int dir) {
    struct stat lock;
    FILE *list = fstatat(dir, "lock", &lock, 0) == 0 ? fopen("/proc/locks", "re") : NULL;
    char line[256];
    bool found = false;
    while (list && !found && fgets(line, sizeof line, list)) {
        const char *inode = strrchr(line, ':');
        found = inode && strstr(line, "FLOCK") && strstr(line, "WRITE") && strtoul(inode + 1, NULL, 10) == lock.st_ino;
    }
    if (list)
        fclose(list);
    return found;
}

/* A slot is written while it is read, now and then: so until two looks find the same. */
static int look_at_slots(struct look *look, struct tp_inspect_slot ret[2]) {
    char file[TP_CHECKPOINT_SIZE], before[TP_CHECKPOINT_SIZE];
    int r = tp_checkpoint_read(look->dir, file);
    do {
        memcpy(before, file, sizeof file);
        if (r == 0)
            r = tp_checkpoint_read(look->dir, file);
    } while (r == 0 && memcmp(before, file, sizeof file) != 0);
    for (unsigned i = 0; i < 2; i++) {
        struct tp_checkpoint slot = {0};
        int status = r < 0 ? r : tp_checkpoint_slot(file, i, &slot);
        ret[i] = (struct tp_inspect_slot){status, slot.generation, slot.frontier, slot.last, slot.segment};
    }
    return r == TP_EIO ? r : 0;
}

static const struct tp_inspect_slot *newer(const struct tp_inspect_slot slots[2]) {
    const struct tp_inspect_slot *found = NULL;
    for (int i = 0; i < 2; i++)
        if (slots[i].status == 0 && (!found || slots[i].generation > found->generation))
            found = &slots[i];
    return found;
}

/* As recovery would: the file, or else what the segments say. */
static void look_at_node(struct look *look) {
    struct tp_inspection *found = look->found;
    uint64_t machine;
    found->node_status = tp_node_read(look->dir, found->node, &machine);
    if (found->node_status == 0)
        return;
    found->node[0] = '\0';
    for (size_t i = 0; i < look->n_numbers && !found->node[0]; i++)
        tp_segment_node(look->dir, look->numbers[i], found->node);
}

/* ---- what is wrong ---- */

static struct tp_inspect_damage *last_damage(struct look *look) {
    struct tp_inspect_damage *all = (struct tp_inspect_damage *)(void *)look->damage.at;
    return look->damage.len > 0 ? all + look->damage.len / sizeof *all - 1 : NULL;
}

static void add_damage(struct look *look, enum tp_damage_kind kind, uint64_t segment, uint64_t from, uint64_t to) {
    struct tp_inspect_damage damage = {.kind = kind, .segment = segment, .from = from, .to = to};
    tp_buf_add(&look->damage, &damage, sizeof damage);
}

/* From here on all of the segment is torn, sound records among it. */
static void add_torn(struct look *look, uint64_t segment, uint64_t from) {
    struct tp_inspect_damage *last = last_damage(look);
    look->torn = true;
    if (last && last->kind >= TP_DAMAGE_TORN && last->segment == segment)
        last->to = look->scan.at;
    else
        add_damage(look, look->found->in_use ? TP_DAMAGE_UNFINISHED : TP_DAMAGE_TORN, segment, from, look->scan.at);
}

/* The numbers from `expect` to `last` are not there. Damaged bytes that were met since the last record had them. */
static int add_missing(struct look *look, uint64_t segment, uint64_t at, uint64_t last) {
    struct tp_inspect_slot slots[2];
    int r = look->found->in_use ? look_at_slots(look, slots) : 0;
    if (r < 0)
        return r;
    if (look->found->in_use && newer(slots))
        look->expect = most(look->expect, newer(slots)->frontier);
    if (look->expect > last)
        return 0;
    struct tp_inspect_damage *damage = last_damage(look);
    if (!damage || damage->kind != TP_DAMAGE_CORRUPT || damage->last > 0)
        add_damage(look, TP_DAMAGE_MISSING, segment, at, at);
    damage = last_damage(look);
    if (damage) {
        damage->first = look->expect;
        damage->last = last;
    }
    return 0;
}

/* ---- the segments ---- */

/* TP_ENOTFOUND: it was released meanwhile; TP_ECONFIG: it is not to be looked into. */
static int open_segment(struct look *look, size_t index, struct tp_buf *said, struct tp_segment **ret) {
    size_t before = said->len;
    int r = tp_segment_open(look->dir, look->numbers[index], O_RDONLY, look->found->node, said, ret);
    if (r == TP_ENOTFOUND)
        said->len = before;
    return r;
}

static int find_synced(struct look *look) {
    look->ends_in = look->n_numbers;
    for (bool sure = false; look->ends_in > 0 && !sure;) {
        struct tp_segment *segment = NULL;
        struct tp_buf unsaid = TP_BUF_INIT;
        int r = open_segment(look, --look->ends_in, &unsaid, &segment);
        tp_buf_free(&unsaid);
        if (r == 0)
            r = tp_survey_back(&look->scan, segment, look->found->node, &look->synced, &sure);
        tp_segment_free(segment);
        if (r < 0 && r != TP_ENOTFOUND && r != TP_ECONFIG)
            return r;
    }
    return 0;
}

static void count(struct tp_inspection *found, struct tp_inspect_segment *row, const struct tp_journal_record *record) {
    if (row->first == 0) {
        row->first = record->number;
        row->received_from_ms = row->received_to_ms = record->received_ms;
    }
    row->last = record->number;
    if (record->received_ms < row->received_from_ms)
        row->received_from_ms = record->received_ms;
    if (record->received_ms > row->received_to_ms)
        row->received_to_ms = record->received_ms;
    row->interactions += record->type == TP_RECORD_INTERACTION;
    row->rejections += record->type == TP_RECORD_REJECTION;
    row->splits += record->type == TP_RECORD_SPLIT;
    row->unknown += record->type < TP_RECORD_INTERACTION || record->type > TP_RECORD_SPLIT;
    found->records++;
    found->released += record->number < found->frontier;
    found->pending += record->number >= found->frontier;
}

static int take_record(struct look *look, struct tp_inspect_segment *row, uint64_t at,
                       const struct tp_journal_record *record) {
    const struct tp_inspect_record seen = {record, row->number, at, look->scan.at - at};
    int r =
        look->expect > 0 && record->number > look->expect ? add_missing(look, row->number, at, record->number - 1) : 0;
    look->expect = record->number + 1;
    count(look->found, row, record);
    look->stopped = look->on_record && !look->on_record(look->arg, &seen);
    return r;
}

/* Where in the segment begins what recovery would cut off, or UINT64_MAX. */
static int find_torn(struct look *look, size_t index, const struct tp_segment *segment, uint64_t *ret) {
    struct tp_survey kept = {0};
    uint64_t expect = look->scan.expect;
    int r = index < look->ends_in ? 0 : tp_survey(&look->scan, segment, look->found->node, expect, look->synced, &kept);
    *ret = kept.cut ? kept.end : UINT64_MAX;
    look->scan.expect = expect;
    return r;
}

static int go_through(struct look *look, size_t index, const struct tp_segment *segment,
                      struct tp_inspect_segment *row) {
    struct tp_journal_record record;
    uint64_t synced, torn_from;
    if (look->first_new_segment > 0 && row->number >= look->first_new_segment)
        look->scan.expect = most(look->scan.expect, look->first_new);
    int found = find_torn(look, index, segment, &torn_from);
    if (found < 0)
        return found;
    tp_scan_start(&look->scan, segment, look->found->node, look->scan.expect);
    for (int r = 0; r == 0 && !look->stopped;) {
        uint64_t at = look->scan.at;
        int event = tp_scan_next(&look->scan, &record, &synced);
        if (event < 0 || event == TP_SCAN_END)
            return event;
        if (row->state == TP_SEGMENT_SPARE)
            row->state = TP_SEGMENT_ACTIVE;
        bool torn = look->scan.at > torn_from || (event == TP_SCAN_DAMAGE && tp_survey_torn(&look->scan, look->synced));
        if (look->torn || (index >= look->ends_in && torn))
            add_torn(look, row->number, at);
        else if (event == TP_SCAN_DAMAGE)
            add_damage(look, TP_DAMAGE_CORRUPT, row->number, look->scan.from, look->scan.to);
        else
            r = take_record(look, row, at, &record);
        if (r < 0)
            return r;
    }
    return 0;
}

static int look_into(struct look *look, size_t index) {
    struct tp_inspection *found = look->found;
    struct tp_segment *segment = NULL;
    int r = open_segment(look, index, look->said, &segment);
    if (r == TP_ENOTFOUND)
        return 0;
    struct tp_inspect_segment *row = &found->segments[found->n_segments++];
    *row = (struct tp_inspect_segment){.number = look->numbers[index], .status = r};
    if (r == TP_ECONFIG)
        return 0;
    if (r == 0) {
        row->bytes = segment->size;
        found->bytes += segment->size;
        row->state = segment->headed ? TP_SEGMENT_ACTIVE : TP_SEGMENT_SPARE;
        if (index == 0 && segment->headed && (look->expect == 0 || segment->first < look->expect))
            look->expect = segment->first;
        r = go_through(look, index, segment, row);
    }
    if (r == TP_EIO)
        tp_disk_say(look->said, "reading a segment");
    tp_segment_free(segment);
    return r;
}

/* Of those that were begun, only the last may still grow. */
static void seal_all_but_the_last(struct tp_inspection *found) {
    bool later = false;
    for (size_t i = found->n_segments; i-- > 0;) {
        struct tp_inspect_segment *row = &found->segments[i];
        if (row->state == TP_SEGMENT_ACTIVE && later)
            row->state = TP_SEGMENT_SEALED;
        later = later || row->state == TP_SEGMENT_ACTIVE;
    }
}

static int look_through(struct look *look) {
    struct tp_inspection *found = look->found;
    int r = 0;
    tp_scan_stop(&look->scan);
    for (size_t i = 0; r == 0 && i < look->n_numbers && !look->stopped; i++)
        r = look_into(look, i);
    uint64_t end = most(look->expect, found->frontier);
    if (r == 0 && !look->stopped && end > 0 && look->synced >= end) {
        look->expect = end;
        r = add_missing(look, found->n_segments > 0 ? found->segments[found->n_segments - 1].number : 0, 0,
                        look->synced);
    }
    seal_all_but_the_last(found);
    return r;
}

/* ---- the whole ---- */

static int look_at_all(struct look *look) {
    struct tp_inspection *found = look->found;
    found->in_use = is_locked(look->dir);
    int r = look_at_slots(look, found->slots);
    const struct tp_inspect_slot *slot = newer(found->slots);
    if (slot) {
        found->frontier = slot->frontier;
        look->synced = slot->last;
        look->first_new = slot->last + 1;
        look->first_new_segment = slot->segment + 1;
        look->expect = found->slots[0].status == found->slots[1].status ? slot->frontier : 0;
    }
    if (r == 0)
        r = tp_survey_list(look->dir, &look->numbers, &look->n_numbers);
    if (r == TP_EIO)
        tp_disk_say(look->said, "looking at the journal's directory");
    if (r < 0)
        return r;
    look_at_node(look);
    found->segments = calloc(look->n_numbers + 1, sizeof *found->segments);
    if (!found->segments)
        return TP_ENOMEM;
    r = find_synced(look);
    if (r == TP_EIO)
        tp_disk_say(look->said, "looking for the journal's end");
    if (r == 0)
        r = look_through(look);
    found->n_damage = look->damage.len / sizeof *found->damage;
    bool failed = look->damage.failed;
    found->damage = (struct tp_inspect_damage *)(void *)tp_buf_take(&look->damage);
    return r == 0 && failed ? TP_ENOMEM : r;
}

int tp_journal_inspect(const char *dir, bool (*on_record)(void *arg, const struct tp_inspect_record *record), void *arg,
                       struct tp_buf *said, struct tp_inspection **ret) {
    struct look look = {.on_record = on_record, .arg = arg, .said = said, .found = calloc(1, sizeof *look.found)};
    if (!look.found)
        return TP_ENOMEM;
    look.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r;
    if (look.dir < 0) {
        r = errno == ENOENT ? TP_ENOTFOUND : TP_EIO;
        tp_disk_say(said, dir);
        goto out;
    }
    r = look_at_all(&look);
    close(look.dir);
    if (r == 0) {
        *ret = look.found;
        look.found = NULL;
    }
out:
    tp_inspection_free(look.found);
    tp_buf_free(&look.scan.window);
    tp_buf_free(&look.damage);
    free(look.numbers);
    return r;
}

void tp_inspection_free(struct tp_inspection *inspection) {
    if (!inspection)
        return;
    free(inspection->segments);
    free(inspection->damage);
    free(inspection);
}
