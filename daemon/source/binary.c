/* CloudEvents 1.0, binary mode over HTTP: the body is the data, and the attributes are headers. Their values are
 * percent-encoded UTF-8; older senders put them in double quotes instead, which a receiver has to undo first. */
#include "daemon/source/internal.h"

#include <stdio.h>

#include "common/error.h"

static const struct tp_str prefix = {"ce-", 3};

static int hex(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte that "%xx" at the front of `text` stands for, or -1. */
static int encoded_byte(struct tp_str text) {
    if (text.len < 3 || text.at[0] != '%' || hex(text.at[1]) < 0 || hex(text.at[2]) < 0)
        return -1;
    return hex(text.at[1]) * 16 + hex(text.at[2]);
}

static void unquote(struct tp_str value, struct tp_buf *out) {
    if (value.len < 2 || value.at[0] != '"' || value.at[value.len - 1] != '"') {
        tp_buf_addstr(out, value);
        return;
    }
    for (size_t i = 1; i + 1 < value.len; i++) {
        if (value.at[i] == '\\' && i + 2 < value.len)
            i++;
        tp_buf_addc(out, value.at[i]);
    }
}

/* In place: what is decoded is never longer. */
static void percent_decode(struct tp_buf *value) {
    size_t to = 0;
    for (size_t from = 0; from < value->len; to++) {
        int byte = encoded_byte((struct tp_str){value->at + from, value->len - from});
        value->at[to] = byte < 0 ? value->at[from] : (char)byte;
        from += byte < 0 ? 1 : 3;
    }
    value->len = to;
}

static int attribute_of(struct tp_str header) {
    if (header.len <= prefix.len || memcmp(header.at, prefix.at, prefix.len) != 0)
        return -1;
    struct tp_str name = {header.at + prefix.len, header.len - prefix.len};
    for (int i = 0; i < TP_SOURCE_ATTRIBUTES; i++)
        if (tp_str_is(name, tp_source_attribute_names[i]))
            return i;
    return -1;
}

int tp_source_binary_open(struct tp_source_binary *binary, struct tp_source_headers headers) {
    bool seen[TP_SOURCE_ATTRIBUTES] = {false};
    struct tp_str name, value;
    size_t cursor = 0;
    while (headers.next && headers.next(headers.arg, &cursor, &name, &value) > 0) {
        int attribute = attribute_of(name);
        if (attribute < 0)
            continue;
        binary->twice[attribute] = seen[attribute];
        if (seen[attribute])
            continue;
        seen[attribute] = true;
        unquote(value, &binary->values[attribute]);
        percent_decode(&binary->values[attribute]);
        if (binary->values[attribute].failed)
            return TP_ENOMEM;
    }
    binary->is_event = seen[TP_SOURCE_SPECVERSION];
    return 0;
}

void tp_source_binary_close(struct tp_source_binary *binary) {
    for (int i = 0; i < TP_SOURCE_ATTRIBUTES; i++)
        tp_buf_free(&binary->values[i]);
}

static void refuse_twice(struct tp_source_element *element, int attribute) {
    char path[sizeof element->path];
    snprintf(path, sizeof path, "%s%s", prefix.at, tp_source_attribute_names[attribute]);
    tp_source_refuse(element, TP_EDUPLICATE, path, "there are two headers of this name");
}

void tp_source_binary_read(const struct tp_source_binary *binary, struct tp_source_element *element) {
    struct tp_str attributes[TP_SOURCE_ATTRIBUTES];
    for (int i = 0; i < TP_SOURCE_ATTRIBUTES; i++)
        attributes[i] = tp_buf_str(&binary->values[i]);
    if (tp_source_take_attributes(attributes, prefix.at, element) < 0)
        return;
    for (int i = 0; i < TP_SOURCE_ATTRIBUTES; i++)
        if (binary->twice[i]) {
            refuse_twice(element, i);
            return;
        }
    element->data = element->raw;
}
