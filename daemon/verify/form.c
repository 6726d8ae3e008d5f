#include "daemon/verify/internal.h"

#include <stdlib.h>
#include <strings.h>

#include "common/error.h"
#include "common/percent.h"

static const char form_type[] = "application/x-www-form-urlencoded";

bool tp_verify_is_form(const struct tp_verify_request *request) {
    struct tp_str type = {0};
    struct tp_buf room = TP_BUF_INIT;
    const struct tp_verify_place place = {TP_VERIFY_HEADER, "content-type"};
    bool said = tp_verify_find(request, place, &room, &type) == TP_VERIFIED;
    bool is_form =
        said && type.len >= sizeof form_type - 1 && strncasecmp(type.at, form_type, sizeof form_type - 1) == 0;
    tp_buf_free(&room);
    return is_form;
}

static size_t count_fields(struct tp_str text) {
    size_t n = text.len > 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == '&';
    return n;
}

/* The room was made for all of it. */
static int decode(struct tp_str text, struct tp_buf *room, struct tp_str *ret) {
    *ret = (struct tp_str){room->at + room->len, 0};
    int error = tp_percent_decode(text, true, room->at + room->len, &ret->len);
    room->len += ret->len;
    return error;
}

static int read_fields(struct tp_str text, struct tp_buf *room, struct tp_verify_field *fields, size_t *ret_n) {
    int error = 0;
    for (*ret_n = 0; error == 0 && text.len > 0;) {
        struct tp_str value = tp_str_cut(&text, '&'), name = tp_str_cut(&value, '=');
        struct tp_verify_field *field = &fields[*ret_n];
        if (name.len == 0 && value.len == 0)
            continue;
        error = decode(name, room, &field->name);
        if (error == 0)
            error = decode(value, room, &field->value);
        ++*ret_n;
    }
    return error;
}

int tp_verify_form(struct tp_str text, struct tp_buf *room, struct tp_verify_field **ret, size_t *ret_n) {
    *ret = calloc(count_fields(text) + 1, sizeof **ret);
    if (!*ret || !tp_buf_room(room, text.len + 1))
        return TP_ENOMEM;
    return read_fields(text, room, *ret, ret_n);
}

static int compare_texts(struct tp_str one, struct tp_str other) {
    size_t shorter = one.len < other.len ? one.len : other.len;
    int order = shorter > 0 ? memcmp(one.at, other.at, shorter) : 0;
    return order ? order : (one.len > other.len) - (one.len < other.len);
}

static int compare(const void *left, const void *right) {
    const struct tp_verify_field *one = left, *other = right;
    int order = compare_texts(one->name, other->name);
    return order ? order : compare_texts(one->value, other->value);
}

int tp_verify_write_sorted_form(struct tp_str text, struct tp_buf *out) {
    struct tp_buf room = TP_BUF_INIT;
    struct tp_verify_field *fields = NULL;
    size_t n = 0;
    int error = tp_verify_form(text, &room, &fields, &n);
    if (error == 0 && n > 0)
        qsort(fields, n, sizeof *fields, compare);
    for (size_t i = 0; error == 0 && i < n; i++) {
        if (i > 0 && compare(&fields[i - 1], &fields[i]) == 0)
            continue;
        tp_buf_addstr(out, fields[i].name);
        tp_buf_addstr(out, fields[i].value);
    }
    free(fields);
    tp_buf_free(&room);
    return error;
}
