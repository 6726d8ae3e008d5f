/* Writing JSON out again: compactly, members in the order they had, numbers with the text they came with. */
#include "common/json.h"

/* What stands behind the backslash; 'u' where only the long form will do, 0 where the byte goes as it is. */
static char escape_of(unsigned char byte) {
    static const char bytes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    if (byte >= 0x20 && byte != '"' && byte != '\\')
        return 0;
    const char *at = memchr(bytes, byte, sizeof bytes - 1);
    return at ? letters[at - bytes] : 'u';
}

void tp_json_write_string(struct tp_str text, struct tp_buf *out) {
    size_t written = 0; /* what needs no escape is added in runs */
    tp_buf_addc(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        char escape = escape_of(byte);
        if (!escape)
            continue;
        tp_buf_add(out, text.at + written, i - written);
        written = i + 1;
        tp_buf_addc(out, '\\');
        tp_buf_addc(out, escape);
        if (escape == 'u')
            tp_buf_addf(out, "%04x", byte);
    }
    if (text.len > written)
        tp_buf_add(out, text.at + written, text.len - written);
    tp_buf_addc(out, '"');
}

static void write_value(struct tp_json *json, const json_t *value, struct tp_buf *out);

static void write_object(struct tp_json *json, const json_t *object, struct tp_buf *out) {
    json_t *members = (json_t *)object; /* jansson's iterators want it writable, and leave it as it is */
    char before = '{';
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        tp_buf_addc(out, before);
        tp_json_write_string((struct tp_str){json_object_iter_key(at), json_object_iter_key_len(at)}, out);
        tp_buf_addc(out, ':');
        write_value(json, json_object_iter_value(at), out);
        before = ',';
    }
    tp_buf_adds(out, before == '{' ? "{}" : "}");
}

static void write_array(struct tp_json *json, const json_t *array, struct tp_buf *out) {
    tp_buf_addc(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            tp_buf_addc(out, ',');
        write_value(json, json_array_get(array, i), out);
    }
    tp_buf_addc(out, ']');
}

/* As deep as the value, whose depth was bounded when it was parsed. */
static void write_value(struct tp_json *json, const json_t *value, struct tp_buf *out) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        write_object(json, value, out);
        break;
    case JSON_ARRAY:
        write_array(json, value, out);
        break;
    case JSON_STRING:
        tp_json_write_string((struct tp_str){json_string_value(value), json_string_length(value)}, out);
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        tp_buf_addstr(out, tp_json_number(json, value));
        break;
    case JSON_TRUE:
        tp_buf_adds(out, "true");
        break;
    case JSON_FALSE:
        tp_buf_adds(out, "false");
        break;
    case JSON_NULL:
        tp_buf_adds(out, "null");
        break;
    }
}

void tp_json_write(struct tp_json *json, const json_t *value, struct tp_buf *out) {
    struct tp_json none = {0};
    write_value(json ? json : &none, value, out);
}
