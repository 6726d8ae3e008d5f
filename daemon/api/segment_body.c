/* Bodies, by the limits that Segment documents. Its libraries drop what is answered 400, so nothing but these and
 * broken JSON is. What the messages mean is for the mapping. */
#include "daemon/api/segment.h"

#include <stdio.h>

#include "common/error.h"

/* ---- halves of characters ---- */

static int digit(char byte) {
    byte = tp_ascii_lower(byte);
    return byte >= '0' && byte <= '9' ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The unit that an escape names, \\uXXXX; -1 where there is none. */
static int unit_at(struct tp_str text, size_t at) {
    int unit = 0;
    if (text.len < 6 || at > text.len - 6 || text.at[at] != '\\' || text.at[at + 1] != 'u')
        return -1;
    for (size_t i = at + 2; i < at + 6; i++) {
        if (digit(text.at[i]) < 0)
            return -1;
        unit = unit * 16 + digit(text.at[i]);
    }
    return unit;
}

static bool is_half(int unit) { return unit >= 0xd800 && unit < 0xe000; }

/* The next escape that names a half alone, from *at on. */
static bool find_half(struct tp_str text, size_t *at) {
    const char *found;
    while (*at < text.len && (found = memchr(text.at + *at, '\\', text.len - *at))) {
        *at = (size_t)(found - text.at);
        int first = unit_at(text, *at), second = first >= 0 ? unit_at(text, *at + 6) : -1;
        bool pair = first >= 0xd800 && first < 0xdc00 && second >= 0xdc00 && second < 0xe000;
        if (is_half(first) && !pair)
            return true;
        *at += pair ? 12 : first >= 0 ? 6 : 2;
    }
    return false;
}

struct tp_str tp_segment_body_mend(struct tp_str body, struct tp_buf *room) {
    size_t at = 0;
    if (!find_half(body, &at))
        return body;
    tp_buf_clear(room);
    tp_buf_addstr(room, body);
    for (at = 0; !room->failed && find_half(tp_buf_str(room), &at); at += 6)
        memcpy(room->at + at + 2, "fffd", 4);
    return room->failed ? body : tp_buf_str(room);
}

/* ---- limits ---- */

#define SAY(...) snprintf(message, 160, __VA_ARGS__)

/* As it would be sent alone. */
static bool is_too_large(struct tp_json *json, const json_t *event, struct tp_buf *room) {
    tp_buf_clear(room);
    tp_json_write(json, event, room);
    return room->failed || room->len > TP_SEGMENT_EVENT_BYTES;
}

static int check_batch(struct tp_segment_body *body, const json_t *batch, size_t bytes, char message[160]) {
    size_t n = json_array_size(batch), i = 0;
    struct tp_buf room = TP_BUF_INIT;
    if (n > TP_SEGMENT_BATCH_EVENTS)
        return SAY("a batch of at most %d events was expected", TP_SEGMENT_BATCH_EVENTS), TP_EINVALID;
    if (bytes <= TP_SEGMENT_EVENT_BYTES)
        return 0;
    while (i < n && !is_too_large(&body->json, json_array_get(batch, i), &room))
        i++;
    tp_buf_free(&room);
    if (i < n)
        SAY("batch[%zu]: an event of at most %d bytes was expected", i, TP_SEGMENT_EVENT_BYTES);
    return i < n ? TP_EINVALID : 0;
}

static int check(struct tp_segment_body *body, size_t bytes, char message[160]) {
    const json_t *batch = json_object_get(body->json.root, "batch");
    if (!json_is_object(body->json.root))
        return SAY("an object was expected"), TP_EINVALID;
    if (json_is_array(batch))
        return check_batch(body, batch, bytes, message);
    if (bytes > TP_SEGMENT_EVENT_BYTES)
        return SAY("an event of at most %d bytes was expected", TP_SEGMENT_EVENT_BYTES), TP_EINVALID;
    return 0;
}

int tp_segment_body_read(struct tp_str body, unsigned max_depth, struct tp_segment_body *ret, char message[160]) {
    struct tp_json_error why;
    *ret = (struct tp_segment_body){0};
    if (body.len > TP_SEGMENT_BATCH_BYTES) /* nobody has shown who it is: no more is parsed than must be */
        return SAY("a batch of at most %d bytes was expected", TP_SEGMENT_BATCH_BYTES), TP_EINVALID;
    int error = tp_json_parse(body, max_depth, &ret->json, &why);
    if (error < 0)
        return SAY("%s", why.message), error == TP_ENOMEM ? error : TP_EJSON;
    error = check(ret, body.len, message);
    if (error < 0) {
        tp_segment_body_free(ret);
        return error;
    }
    const json_t *key = json_object_get(ret->json.root, "writeKey");
    ret->write_key = (struct tp_str){json_string_value(key), json_string_length(key)};
    return 0;
}

void tp_segment_body_free(struct tp_segment_body *body) {
    tp_json_free(&body->json);
    *body = (struct tp_segment_body){0};
}
