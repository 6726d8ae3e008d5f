#include "daemon/verify/internal.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/pointer.h"

enum { MOST_DEPTH = 64 };

/* ---- headers ---- */

static enum tp_verification find_header(const struct tp_verify_request *request, const char *name, struct tp_str *ret) {
    struct tp_str each, value;
    unsigned n = 0;
    for (size_t cursor = 0; request->headers.next(request->headers.arg, &cursor, &each, &value) == 1;)
        if (tp_str_is(each, name)) {
            *ret = value;
            n++;
        }
    return n == 1 && ret->len > 0 ? TP_VERIFIED : TP_VERIFY_UNSIGNED;
}

/* ---- fields of a query or a form ---- */

static enum tp_verification find_field(struct tp_str text, const char *name, struct tp_buf *room, struct tp_str *ret) {
    struct tp_verify_field *fields = NULL;
    size_t n = 0, found = 0;
    int error = tp_verify_form(text, room, &fields, &n);
    for (size_t i = 0; error == 0 && i < n; i++)
        if (tp_str_is(fields[i].name, name)) {
            *ret = fields[i].value;
            found++;
        }
    free(fields);
    if (error < 0)
        return error == TP_ENOMEM ? TP_VERIFY_FAILED : TP_VERIFY_MALFORMED;
    return found == 1 && ret->len > 0 ? TP_VERIFIED : TP_VERIFY_UNSIGNED;
}

static struct tp_str query_of(struct tp_str url) {
    tp_str_cut(&url, '?');
    return tp_str_cut(&url, '#');
}

/* ---- JSON ---- */

static enum tp_verification find_json(const struct tp_verify_request *request, const char *pointer, struct tp_buf *room,
                                      struct tp_str *ret) {
    struct tp_json json;
    struct tp_json_error error;
    if (tp_json_parse(request->body, MOST_DEPTH, &json, &error) < 0)
        return TP_VERIFY_MALFORMED;
    const json_t *value = tp_json_at(json.root, tp_str(pointer));
    enum tp_verification verdict = value ? TP_VERIFIED : TP_VERIFY_UNSIGNED;
    if (json_is_string(value))
        tp_buf_add(room, json_string_value(value), json_string_length(value));
    else if (json_is_number(value))
        tp_buf_addstr(room, tp_json_number(&json, value));
    else if (value)
        verdict = TP_VERIFY_MALFORMED;
    tp_json_free(&json);
    *ret = tp_buf_str(room);
    return verdict == TP_VERIFIED && ret->len == 0 ? TP_VERIFY_UNSIGNED : verdict;
}

enum tp_verification tp_verify_find(const struct tp_verify_request *request, struct tp_verify_place place,
                                    struct tp_buf *room, struct tp_str *ret) {
    enum tp_verification verdict = TP_VERIFIED;
    *ret = (struct tp_str){0};
    if (place.in == TP_VERIFY_HEADER)
        verdict = find_header(request, place.name, ret);
    else if (place.in == TP_VERIFY_QUERY)
        verdict = find_field(query_of(request->url), place.name, room, ret);
    else if (place.in == TP_VERIFY_FORM)
        verdict = find_field(request->body, place.name, room, ret);
    else if (place.in == TP_VERIFY_JSON)
        verdict = find_json(request, place.name, room, ret);
    return room->failed ? TP_VERIFY_FAILED : verdict;
}
