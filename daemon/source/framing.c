/* A body taken apart into its elements, before anything is parsed: only brackets, strings, commas and line ends are
 * looked at. So an element that is not JSON is refused alone, while a body whose frame is broken is refused whole, at
 * once: nobody could say which of its elements arrived. */
#include "daemon/source/internal.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/json_scan.h"

static struct tp_str without_blanks_behind(struct tp_str text) {
    while (text.len > 0 && tp_json_is_blank(text.at[text.len - 1]))
        text.len--;
    return text;
}

struct tp_str tp_source_bare(struct tp_str body) {
    const struct tp_str mark = TP_STR("\xef\xbb\xbf");
    if (body.len >= mark.len && memcmp(body.at, mark.at, mark.len) == 0)
        body = (struct tp_str){body.at + mark.len, body.len - mark.len};
    while (body.len > 0 && tp_json_is_blank(body.at[0]))
        body = (struct tp_str){body.at + 1, body.len - 1};
    return without_blanks_behind(body);
}

static int add(struct tp_source_list *list, struct tp_str element, size_t max_events, const char **ret_message) {
    if (list->n == max_events) {
        *ret_message = "more events than one request may have";
        return TP_ETOOMANY;
    }
    if (list->n == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 1;
        struct tp_str *at = reallocarray(list->at, cap, sizeof *at);
        if (!at) {
            *ret_message = tp_error_text(TP_ENOMEM);
            return TP_ENOMEM;
        }
        list->at = at;
        list->cap = cap;
    }
    list->at[list->n++] = element;
    return 0;
}

static size_t string_length(struct tp_str body, size_t at) {
    return tp_json_string_len((struct tp_str){body.at + at, body.len - at});
}

/* The length of the object at the front of `body`, or 0 when it does not end. */
static size_t object_length(struct tp_str body) {
    size_t depth = 0;
    for (size_t i = 0, length; i < body.len; i += length) {
        char byte = body.at[i];
        length = byte == '"' ? string_length(body, i) : 1;
        if (length == 0)
            break;
        if (byte == '{' || byte == '[')
            depth++;
        else if ((byte == '}' || byte == ']') && --depth == 0)
            return i + 1;
    }
    return 0;
}

static int split_object(struct tp_str body, size_t max_events, struct tp_source_list *list, const char **ret_message) {
    size_t length = object_length(body);
    if (length == body.len)
        return add(list, body, max_events, ret_message);
    *ret_message = length == 0 ? "the object does not end"
                               : "there are bytes behind the object; several, one a line, are application/x-ndjson";
    return TP_EJSON;
}

static int split_array(struct tp_str body, size_t max_events, struct tp_source_list *list, const char **ret_message) {
    struct tp_str element;
    int got, error = 0;
    while (!error && (got = tp_json_split(&body, &element)) > 0)
        error = add(list, element, max_events, ret_message);
    if (error)
        return error;
    if (got < 0) {
        *ret_message = "the array does not end, lacks a comma or has bytes behind it";
        return got;
    }
    if (list->n == 0) {
        *ret_message = "the array is empty: at least one event was expected";
        return TP_EINVALID;
    }
    return 0;
}

static int split_lines(struct tp_str body, size_t max_events, struct tp_source_list *list, const char **ret_message) {
    const char *end = body.at + body.len;
    for (const char *at = body.at, *next; at < end; at = next + 1) {
        next = memchr(at, '\n', (size_t)(end - at));
        if (!next)
            next = end;
        struct tp_str line = without_blanks_behind((struct tp_str){at, (size_t)(next - at)});
        if (line.len == 0)
            continue;
        int error = add(list, line, max_events, ret_message);
        if (error)
            return error;
    }
    return 0;
}

/* Lines are guessed only where a second object follows: one that is written over several lines is still one. */
static enum tp_source_frame guess(struct tp_str body) {
    if (body.at[0] != '{')
        return TP_SOURCE_FRAME_JSON;
    size_t at = object_length(body);
    if (at == 0)
        return TP_SOURCE_FRAME_OBJECT;
    while (at < body.len && tp_json_is_blank(body.at[at]))
        at++;
    return at < body.len && body.at[at] == '{' && body.at[at - 1] == '\n' ? TP_SOURCE_FRAME_LINES
                                                                          : TP_SOURCE_FRAME_OBJECT;
}

int tp_source_split(enum tp_source_frame frame, struct tp_str body, size_t max_events, struct tp_source_list *list,
                    const char **ret_message) {
    if (frame == TP_SOURCE_FRAME_GUESS)
        frame = guess(body);
    if (frame == TP_SOURCE_FRAME_LINES)
        return split_lines(body, max_events, list, ret_message);
    if (body.at[0] == '{' && frame != TP_SOURCE_FRAME_ARRAY)
        return split_object(body, max_events, list, ret_message);
    if (body.at[0] == '[' && frame != TP_SOURCE_FRAME_OBJECT)
        return split_array(body, max_events, list, ret_message);
    *ret_message = frame == TP_SOURCE_FRAME_OBJECT  ? "a JSON object was expected"
                   : frame == TP_SOURCE_FRAME_ARRAY ? "a JSON array was expected"
                                                    : "a JSON object or an array of them was expected";
    return TP_EJSON;
}
