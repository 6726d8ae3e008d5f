/* Lines that go together in one request: so many, or so many bytes. A line that is too long to be sent makes a batch of
 * its own, so that all is done with in the file's order. */
#include "ctl/send.h"

#include <stdlib.h>

#include "common/error.h"

void tp_ctl_batch_free(struct tp_ctl_batch *batch) {
    free(batch->lines);
    tp_buf_free(&batch->raw);
    tp_buf_free(&batch->text);
}

static void clear(struct tp_ctl_batch *batch) {
    tp_buf_clear(&batch->raw);
    tp_buf_clear(&batch->text);
    batch->n = 0;
    batch->too_long = false;
}

static int take(struct tp_ctl_batch *batch, const struct tp_ctl_lines *lines, struct tp_str line) {
    struct tp_ctl_batch_line *row = &batch->lines[batch->n++];
    row->number = batch->number = lines->number;
    batch->end = lines->end;
    row->raw_at = batch->raw.len;
    row->raw_len = line.len;
    tp_buf_addstr(&batch->raw, line);
    row->text_at = batch->text.len;
    tp_ctl_event_identify(line, lines->number, &batch->text);
    row->text_len = batch->text.len - row->text_at;
    return batch->raw.failed || batch->text.failed ? TP_ENOMEM : 0;
}

static int next(struct tp_ctl_batch *batch, struct tp_ctl_lines *lines, struct tp_str *ret) {
    if (!batch->holds)
        return tp_ctl_lines_next(lines, ret);
    batch->holds = false;
    *ret = batch->held;
    return batch->held_kind;
}

static void hold(struct tp_ctl_batch *batch, int kind, struct tp_str line) {
    batch->holds = true;
    batch->held_kind = kind;
    batch->held = line;
}

int tp_ctl_batch_fill(struct tp_ctl_batch *batch, struct tp_ctl_lines *lines) {
    struct tp_str line;
    if (!batch->lines && !(batch->lines = calloc(batch->most, sizeof *batch->lines)))
        return TP_ENOMEM;
    clear(batch);
    while (batch->n < batch->most) {
        int kind = next(batch, lines, &line);
        if (kind < 0)
            return kind;
        if (kind == TP_CTL_LINE_NONE)
            break;
        bool fits = kind == TP_CTL_LINE_WHOLE && batch->text.len + line.len <= TP_CTL_MOST_BODY;
        if (batch->n > 0 && !fits) {
            hold(batch, kind, line);
            break;
        }
        batch->too_long = kind == TP_CTL_LINE_TOO_LONG;
        int error = take(batch, lines, batch->too_long ? TP_STR("") : line);
        if (error)
            return error;
        if (batch->too_long)
            break;
    }
    return batch->n > 0;
}
