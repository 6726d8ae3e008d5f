/* Through a segment, record by record, over damage. Recovery and delivery read alike: bytes come through a window on
 * the file (what was just written is in the page cache), each record is checked, and where one is not sound the next
 * sound one is looked for at every place where a record may stand. The scan only ever moves forward. */
#include "daemon/journal/internal.h"

#include <endian.h>
#include <errno.h>

#include "common/error.h"

#define WINDOW ((uint64_t)256 * 1024)
#define BLOCK  ((uint64_t)4096)

void tp_scan_start(struct tp_scan *scan, const struct tp_segment *segment, const char *node, uint64_t expect) {
    scan->fd = segment->fd;
    scan->seed = tp_record_seed(node, segment->number);
    scan->at = segment->headed ? sizeof(struct tp_disk_segment) : 0; /* without a header it is damage like any other */
    scan->end = segment->end;
    scan->expect = segment->first > expect ? segment->first : expect;
    tp_buf_clear(&scan->window);
}

void tp_scan_stop(struct tp_scan *scan) {
    struct tp_buf window = scan->window;
    tp_buf_clear(&window);
    *scan = (struct tp_scan){.fd = -1, .expect = 1, .window = window};
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* `len` bytes at `at`, which must not lie beyond the end. */
static int look(struct tp_scan *scan, uint64_t at, size_t len, const char **ret) {
    if (at < scan->window_at || at + len > scan->window_at + scan->window.len) {
        size_t want = (size_t)least(len > WINDOW ? len : WINDOW, scan->end - at);
        tp_buf_clear(&scan->window);
        char *room = tp_buf_room(&scan->window, want);
        if (!room)
            return TP_ENOMEM;
        size_t got;
        if (tp_disk_read(scan->fd, room, want, at, &got) < 0)
            return TP_EIO;
        if (got < want) {
            errno = ENODATA; /* somebody made the file shorter */
            return TP_EIO;
        }
        scan->window.len = want;
        scan->window_at = at;
    }
    *ret = scan->window.at + (at - scan->window_at);
    return 0;
}

/* 1 when a sound record stands there. */
static int check(struct tp_scan *scan, uint64_t at, struct tp_disk_record *ret_head, const char **ret_payload) {
    const char *bytes;
    if (scan->end - at < sizeof *ret_head)
        return 0;
    int r = look(scan, at, sizeof *ret_head, &bytes);
    if (r < 0)
        return r;
    memcpy(ret_head, bytes, sizeof *ret_head);
    if (!tp_record_plausible(ret_head, scan->expect, scan->end - at))
        return 0;
    size_t payload = le32toh(ret_head->length);
    r = look(scan, at, sizeof *ret_head + payload, &bytes);
    if (r < 0 || !tp_record_sound(bytes, payload, scan->seed))
        return r;
    *ret_payload = bytes + sizeof *ret_head;
    return 1;
}

/* On to the next 8 bytes that are not all zero, or to the end. No record begins with zeros. */
static int skip_zeros(struct tp_scan *scan, uint64_t *at) {
    static const char zeros[TP_DISK_ALIGN];
    while (*at < scan->end) {
        const char *bytes;
        size_t len = (size_t)least(BLOCK, scan->end - *at), i = 0, step = TP_DISK_ALIGN;
        int r = look(scan, *at, len, &bytes);
        if (r < 0)
            return r;
        for (; i < len && memcmp(bytes + i, zeros, step = least(step, len - i)) == 0; i += step)
            ;
        *at += i;
        if (i < len)
            break;
    }
    return 0;
}

/* From a place where no sound record stands to the next one, or else to the last byte that is not zero. */
static int resume(struct tp_scan *scan) {
    struct tp_disk_record head;
    const char *payload;
    uint64_t at = scan->at, filled = at;
    int r;
    while ((r = skip_zeros(scan, &at)) == 0 && at < scan->end) {
        r = check(scan, at, &head, &payload);
        if (r != 0)
            break;
        at = filled = least(at + TP_DISK_ALIGN, scan->end);
    }
    if (r < 0)
        return r;
    scan->from = scan->at;
    scan->to = at < scan->end ? at : filled;
    scan->at = scan->to > scan->from ? scan->to : scan->end;
    return scan->to > scan->from ? TP_SCAN_DAMAGE : TP_SCAN_END;
}

int tp_scan_next(struct tp_scan *scan, struct tp_journal_record *ret, uint64_t *ret_synced) {
    struct tp_disk_record head;
    const char *payload;
    int r = check(scan, scan->at, &head, &payload);
    if (r < 0)
        return r;
    if (r == 0)
        return resume(scan);
    *ret = (struct tp_journal_record){.number = le64toh(head.number),
                                      .type = (enum tp_record_type)le16toh(head.type),
                                      .received_ms = (int64_t)le64toh((uint64_t)head.received_ms),
                                      .payload = {payload, le32toh(head.length)}};
    *ret_synced = le64toh(head.synced);
    scan->more = le16toh(head.more);
    scan->at = least(scan->at + tp_record_size(ret->payload.len), scan->end);
    scan->expect = ret->number + 1;
    return TP_SCAN_RECORD;
}
