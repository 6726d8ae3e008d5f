/* Names and values, of headers, a query or a form, as one JSON object: a name that stands there several times has a
 * list.
 */
#include "daemon/source/internal.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/percent.h"
#include "common/utf8.h"

void tp_source_write_text(struct tp_str text, struct tp_buf *out) {
    struct tp_buf made = TP_BUF_INIT;
    bool has_nul = text.len > 0 && memchr(text.at, '\0', text.len);
    if (tp_utf8_valid(text) && !has_nul) { /* which no interaction may have */
        tp_json_write_string(text, out);
        return;
    }
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != '\0' && (unsigned char)text.at[i] < 0x80)
            tp_buf_addc(&made, text.at[i]);
        else
            tp_buf_adds(&made, "\xef\xbf\xbd"); /* U+FFFD: something that is not known stood here */
    out->failed = out->failed || made.failed;
    tp_json_write_string(tp_buf_str(&made), out);
    tp_buf_free(&made);
}

int tp_source_add_field(struct tp_source_fields *fields, struct tp_source_field field) {
    if (fields->n == fields->cap) {
        size_t cap = fields->cap ? fields->cap * 2 : 16;
        struct tp_source_field *list = reallocarray(fields->list, cap, sizeof *list);
        if (!list)
            return TP_ENOMEM;
        fields->list = list;
        fields->cap = cap;
    }
    field.order = fields->n;
    fields->list[fields->n++] = field;
    return 0;
}

/* The room was made for all of it. */
static int decode(struct tp_str text, struct tp_buf *room, struct tp_str *ret) {
    *ret = (struct tp_str){room->at + room->len, 0};
    int error = tp_percent_decode(text, true, room->at + room->len, &ret->len);
    room->len += ret->len;
    return error;
}

int tp_source_read_form(struct tp_str text, struct tp_source_fields *fields) {
    int error = tp_buf_room(&fields->room, text.len + 1) ? 0 : TP_ENOMEM;
    while (error == 0 && text.len > 0) {
        struct tp_source_field field = {0};
        struct tp_str value = tp_str_cut(&text, '&'), name = tp_str_cut(&value, '=');
        if (name.len == 0)
            continue;
        error = decode(name, &fields->room, &field.name);
        if (error == 0)
            error = decode(value, &fields->room, &field.value);
        if (error == 0)
            error = tp_source_add_field(fields, field);
    }
    return error;
}

static int compare(const void *left, const void *right) {
    const struct tp_source_field *one = left, *other = right;
    size_t shorter = one->name.len < other->name.len ? one->name.len : other->name.len;
    int order = shorter > 0 ? memcmp(one->name.at, other->name.at, shorter) : 0;
    if (order == 0)
        order = (one->name.len > other->name.len) - (one->name.len < other->name.len);
    return order ? order : (one->order > other->order) - (one->order < other->order);
}

/* From the i-th on, how many have its name. */
static size_t count_same(const struct tp_source_fields *fields, size_t i) {
    size_t n = 1;
    while (i + n < fields->n && tp_str_equal(fields->list[i].name, fields->list[i + n].name))
        n++;
    return n;
}

void tp_source_write_fields(struct tp_source_fields *fields, struct tp_buf *out) {
    if (fields->n > 1)
        qsort(fields->list, fields->n, sizeof *fields->list, compare);
    tp_buf_addc(out, '{');
    for (size_t i = 0, n; i < fields->n; i += n) {
        n = count_same(fields, i);
        if (i > 0)
            tp_buf_addc(out, ',');
        tp_source_write_text(fields->list[i].name, out);
        tp_buf_adds(out, n > 1 ? ":[" : ":");
        for (size_t k = 0; k < n; k++) {
            if (k > 0)
                tp_buf_addc(out, ',');
            tp_source_write_text(fields->list[i + k].value, out);
        }
        if (n > 1)
            tp_buf_addc(out, ']');
    }
    tp_buf_addc(out, '}');
}

void tp_source_free_fields(struct tp_source_fields *fields) {
    free(fields->list);
    tp_buf_free(&fields->room);
}
