#include "daemon/pipeline/position.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"

enum { DEPTH = 3 };

void tp_position_free(struct tp_position *position) {
    free(position->done);
    *position = (struct tp_position){0};
}

static void append(struct tp_position *position, struct tp_range range) {
    if (position->n_done == position->room) {
        size_t room = position->room ? 2 * position->room : 16;
        struct tp_range *done = reallocarray(position->done, room, sizeof *done);
        if (!done) {
            position->failed = true;
            return;
        }
        position->done = done;
        position->room = room;
    }
    position->done[position->n_done++] = range;
}

void tp_position_add(struct tp_position *position, uint64_t first, uint64_t last) {
    struct tp_range *highest = position->n_done ? &position->done[position->n_done - 1] : NULL;
    assert(first <= last && first >= position->frontier && (!highest || first > highest->last));
    if (first == position->frontier)
        position->frontier = last + 1;
    else if (highest && first == highest->last + 1)
        highest->last = last;
    else
        append(position, (struct tp_range){first, last});
}

static int compare(const void *record, const void *range) {
    uint64_t number = *(const uint64_t *)record;
    const struct tp_range *at = range;
    return number < at->first ? -1 : number > at->last;
}

bool tp_position_has(const struct tp_position *position, uint64_t record) {
    return record < position->frontier ||
           (position->n_done && bsearch(&record, position->done, position->n_done, sizeof *position->done, compare));
}

static void add_within(struct tp_position *position, struct tp_range range, uint64_t first, uint64_t last) {
    if (range.first < first)
        range.first = first;
    if (range.last > last)
        range.last = last;
    if (range.first <= range.last)
        tp_position_add(position, range.first, range.last);
}

void tp_position_take_over(struct tp_position *position, const struct tp_position *from, uint64_t first,
                           uint64_t last) {
    if (from->frontier > 0)
        add_within(position, (struct tp_range){0, from->frontier - 1}, first, last);
    for (size_t i = 0; i < from->n_done; i++)
        add_within(position, from->done[i], first, last);
}

/* ---- as text ---- */

void tp_position_write(const struct tp_position *position, struct tp_buf *out) {
    tp_buf_addf(out, "{\"frontier\":%" PRIu64 ",\"done\":[", position->frontier);
    for (size_t i = 0; i < position->n_done; i++)
        tp_buf_addf(out, "%s[%" PRIu64 ",%" PRIu64 "]", i ? "," : "", position->done[i].first, position->done[i].last);
    tp_buf_addf(out, "],\"life\":\"%s\"}", position->life);
    out->failed = out->failed || position->failed;
}

static bool read_number(const json_t *value, uint64_t *ret) {
    *ret = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

/* In order, and with at least one in between that is not done. */
static bool read_range(const json_t *value, struct tp_position *ret) {
    struct tp_range range;
    uint64_t above = ret->n_done ? ret->done[ret->n_done - 1].last + 1 : ret->frontier;
    if (json_array_size(value) != 2 || !read_number(json_array_get(value, 0), &range.first) ||
        !read_number(json_array_get(value, 1), &range.last) || range.first <= above || range.last < range.first)
        return false;
    append(ret, range);
    return true;
}

static bool read_all(const json_t *root, struct tp_position *ret) {
    const json_t *done = json_object_get(root, "done"), *life = json_object_get(root, "life");
    bool right = read_number(json_object_get(root, "frontier"), &ret->frontier) && json_is_array(done);
    for (size_t i = 0; right && i < json_array_size(done); i++)
        right = read_range(json_array_get(done, i), ret);
    if (json_string_length(life) == TP_UUID_TEXT - 1) /* an answer to a repair, given without transactions, has none */
        memcpy(ret->life, json_string_value(life), TP_UUID_TEXT);
    return right;
}

int tp_position_read(struct tp_str text, struct tp_position *ret) {
    struct tp_json json;
    struct tp_json_error why;
    struct tp_position position = {0};
    if (text.len == 0) {
        *ret = position;
        return 0;
    }
    if (tp_json_parse(text, DEPTH, &json, &why) < 0)
        return TP_ECORRUPT;
    bool right = read_all(json.root, &position);
    tp_json_free(&json);
    if (right && !position.failed) {
        *ret = position;
        return 0;
    }
    int error = position.failed ? TP_ENOMEM : TP_ECORRUPT;
    tp_position_free(&position);
    return error;
}
