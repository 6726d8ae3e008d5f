/* An event's text, completed. What is there stays as it is, byte for byte: members are inserted behind the first brace,
 * and nothing is written anew. */
#include "ctl/send.h"

#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

enum { MOST_DEPTH = 512 };

/* Whether there is a member already, which the new one is to be parted from. */
static bool has_members(struct tp_str rest) {
    size_t blank = 0;
    while (blank < rest.len && strchr(" \t\r\n", rest.at[blank]))
        blank++;
    return blank < rest.len && rest.at[blank] != '}';
}

void tp_ctl_event_insert(struct tp_str object, const char *name, struct tp_str value, struct tp_buf *out) {
    size_t brace = (size_t)((const char *)memchr(object.at, '{', object.len) - object.at) + 1;
    struct tp_str head = {object.at, brace}, rest = {object.at + brace, object.len - brace};
    tp_buf_addstr(out, head);
    tp_buf_addf(out, "\"%s\":", name);
    tp_json_write_string(value, out);
    tp_buf_adds(out, has_members(rest) ? "," : "");
    tp_buf_addstr(out, rest);
}

static bool lacks_id(struct tp_str line) {
    struct tp_json json;
    struct tp_json_error error;
    if (tp_json_parse(line, MOST_DEPTH, &json, &error) < 0)
        return false; /* touchpointd will say what is wrong with it */
    bool lacks = json_is_object(json.root) && !json_object_get(json.root, "id");
    tp_json_free(&json);
    return lacks;
}

void tp_ctl_event_identify(struct tp_str line, uint64_t number, struct tp_buf *out) {
    if (!lacks_id(line)) {
        tp_buf_addstr(out, line);
        return;
    }
    char id[64];
    XXH128_hash_t hash = XXH3_128bits(line.at, line.len);
    snprintf(id, sizeof id, "line-%" PRIu64 "-%016" PRIx64 "%016" PRIx64, number, hash.high64, hash.low64);
    tp_ctl_event_insert(line, "id", tp_str(id), out);
}
