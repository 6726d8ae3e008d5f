/* A body's JSON as a mapping gets it. Its text is taken as it is but for two things: members that hold JSON in base64
 * become what they hold, and whole numbers that a double cannot hold become strings, since jq has only those. */
#include "daemon/source/internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "common/base64.h"
#include "common/error.h"
#include "common/json.h"
#include "common/utf8.h"
#include "daemon/source/request.h"

enum { SAFE_DIGITS = 15, STEP = 16 * 1024, TOKEN_BYTES = 128 };

static int parse(struct tp_str text, unsigned max_depth, struct tp_json *ret, char message[160]) {
    struct tp_json_error why;
    int error = tp_json_parse(text, max_depth, ret, &why);
    if (error < 0)
        snprintf(message, 160, "%s", why.message);
    return error;
}

/* ---- numbers ---- */

static bool is_beyond(struct tp_str number) {
    size_t digits = 0;
    for (size_t i = 0; i < number.len; i++) {
        if (number.at[i] == '.' || number.at[i] == 'e' || number.at[i] == 'E')
            return false;
        digits += number.at[i] != '-';
    }
    return digits > SAFE_DIGITS && llabs(strtoll(number.at, NULL, 10)) > (INT64_C(1) << 53);
}

static void write_with_safe_numbers(const struct tp_json *json, struct tp_str text, struct tp_buf *out) {
    const char *done = text.at;
    for (size_t i = 0; i < json->n_numbers; i++) {
        struct tp_str number = json->numbers[i].text;
        if (!is_beyond(number))
            continue;
        tp_buf_add(out, done, (size_t)(number.at - done));
        tp_buf_addc(out, '"');
        tp_buf_addstr(out, number);
        tp_buf_addc(out, '"');
        done = number.at + number.len;
    }
    tp_buf_add(out, done, (size_t)(text.at + text.len - done));
}

/* ---- members that hold JSON ---- */

/* gzip (RFC 1952), as far as it goes. False: it is none, or more than `max`. */
static bool unpack(struct tp_str packed, size_t max, struct tp_buf *out) {
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)packed.at, .avail_in = (uInt)packed.len};
    int rc = packed.len > UINT_MAX || inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK ? Z_MEM_ERROR : Z_OK;
    if (rc != Z_OK)
        return false;
    while (rc == Z_OK && out->len <= max) {
        stream.next_out = (unsigned char *)tp_buf_room(out, STEP);
        stream.avail_out = STEP;
        rc = stream.next_out ? inflate(&stream, Z_NO_FLUSH) : Z_MEM_ERROR;
        out->len += STEP - stream.avail_out;
    }
    inflateEnd(&stream);
    return rc == Z_STREAM_END && out->len <= max;
}

static bool is_json(struct tp_str text, unsigned max_depth) {
    struct tp_json json;
    struct tp_json_error ignored;
    if (tp_json_parse(text, max_depth, &json, &ignored) < 0)
        return false;
    tp_json_free(&json);
    return true;
}

/* What it holds; as it stands there when that is no JSON. */
static void write_held(const struct tp_source_request *request, const json_t *value, struct tp_buf *out) {
    struct tp_buf bytes = TP_BUF_INIT, unpacked = TP_BUF_INIT;
    const struct tp_str text = {json_string_value(value), json_string_length(value)};
    struct tp_str held = {0};
    if (tp_base64_decode(text, &bytes) == 0)
        held = tp_source_bare(tp_buf_str(&bytes));
    if (tp_str_begins(held, "\x1f\x8b") && unpack(tp_buf_str(&bytes), request->max_unpacked, &unpacked))
        held = tp_source_bare(tp_buf_str(&unpacked));
    if (held.len > 0 && is_json(held, request->max_depth))
        tp_buf_addstr(out, held);
    else
        tp_json_write_string(text, out);
    tp_buf_free(&bytes);
    tp_buf_free(&unpacked);
}

/* `pointer` begins with a slash, or is at its end. */
static void write_along(const struct tp_source_request *request, struct tp_json *json, const json_t *value,
                        const char *pointer, struct tp_buf *out);

static void write_list(const struct tp_source_request *request, struct tp_json *json, const json_t *list,
                       const char *pointer, struct tp_buf *out) {
    tp_buf_addc(out, '[');
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i > 0)
            tp_buf_addc(out, ',');
        write_along(request, json, json_array_get(list, i), pointer, out);
    }
    tp_buf_addc(out, ']');
}

static void write_object(const struct tp_source_request *request, struct tp_json *json, const json_t *object,
                         const char *pointer, struct tp_buf *out) {
    size_t len = strcspn(pointer + 1, "/");
    const struct tp_str token = {pointer + 1, len};
    void *members = (void *)(uintptr_t)object; /* jansson's iterators want it so, and change nothing */
    tp_buf_addc(out, '{');
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        struct tp_str name = {json_object_iter_key(at), json_object_iter_key_len(at)};
        if (out->at[out->len - 1] != '{')
            tp_buf_addc(out, ',');
        tp_json_write_string(name, out);
        tp_buf_addc(out, ':');
        if (tp_str_equal(name, token))
            write_along(request, json, json_object_iter_value(at), pointer + 1 + len, out);
        else
            tp_json_write(json, json_object_iter_value(at), out);
    }
    tp_buf_addc(out, '}');
}

static void write_along(const struct tp_source_request *request, struct tp_json *json, const json_t *value,
                        const char *pointer, struct tp_buf *out) {
    bool any = pointer[0] == '/' && pointer[1] == '*';
    if (*pointer == '\0' && json_is_string(value))
        write_held(request, value, out);
    else if (any && json_is_array(value))
        write_list(request, json, value, pointer + 2, out);
    else if (*pointer == '/' && json_is_object(value))
        write_object(request, json, value, pointer, out);
    else
        tp_json_write(json, value, out);
}

static int decode_members(const struct tp_source_request *request, struct tp_str text, struct tp_buf *out,
                          char message[160]) {
    struct tp_json json;
    int error = parse(text, request->max_depth, &json, message);
    if (error < 0)
        return error;
    write_along(request, &json, json.root, request->decode, out);
    tp_json_free(&json);
    return out->failed ? TP_ENOMEM : 0;
}

int tp_source_write_body(const struct tp_source_request *request, struct tp_str text, struct tp_buf *out,
                         char message[160]) {
    struct tp_buf decoded = TP_BUF_INIT;
    struct tp_json json;
    int error = 0;
    if (*request->decode) {
        error = decode_members(request, text, &decoded, message);
        text = tp_buf_str(&decoded);
    }
    /* What was held there may be as deep again. */
    if (error == 0)
        error = parse(text, *request->decode ? 2 * request->max_depth : request->max_depth, &json, message);
    if (error == 0) {
        write_with_safe_numbers(&json, text, out);
        tp_json_free(&json);
    }
    tp_buf_free(&decoded);
    return error;
}
