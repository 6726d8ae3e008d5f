/* From a record of the customers' topic to what is put back. */
#include "daemon/restore/internal.h"

#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"

enum { MOST_DEPTH = 256 };

static struct tp_str text_of(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return (struct tp_str){json_string_value(value), json_string_length(value)};
}

/* So that it stays within its place in a line. */
static bool is_word(struct tp_str text, size_t most) {
    return text.len > 0 && text.len <= most && !memchr(text.at, '\t', text.len) && !memchr(text.at, '\n', text.len);
}

static bool read_time(const json_t *object, const char *name, int64_t *ret_ms) {
    struct tp_str text = text_of(object, name);
    return text.at && tp_time_parse(text, ret_ms) == 0;
}

/* "SOURCE TAB EVENT", as a mapping keeps it. */
static bool read_origin(const json_t *object, struct tp_buf *out) {
    struct tp_str source = text_of(object, "source"), event = text_of(object, "event");
    if (!is_word(source, SIZE_MAX) || !event.at)
        return false;
    tp_mapping_origin(source, event, out);
    return true;
}

/* ---- what it has ---- */

/* The member's, where it is not its own. */
static bool read_holder(const json_t *object, struct tp_buf *out) {
    struct tp_str holder = text_of(object, "customer");
    if (holder.at) {
        tp_buf_addc(out, '\t');
        tp_buf_addstr(out, holder);
    }
    tp_buf_addc(out, '\n');
    return !holder.at || tp_uuid_valid(holder);
}

static bool read_identifier(const json_t *object, struct tp_restore_mapping *ret) {
    struct tp_str type = text_of(object, "type"), value = text_of(object, "value");
    int64_t seen_ms;
    if (!is_word(type, TP_MAX_IDENTIFIER_BYTES) || !is_word(value, TP_MAX_IDENTIFIER_BYTES) ||
        !read_time(object, "first_seen", &seen_ms) || !read_origin(object, &ret->origins) ||
        !read_holder(object, &ret->origins))
        return false;
    uint64_t seen = htobe64((uint64_t)seen_ms << 16);
    ret->n++;
    tp_buf_add(&ret->first_seen, &seen, 6);
    tp_buf_addstr(&ret->identifiers, type);
    tp_buf_addc(&ret->identifiers, '\t');
    tp_buf_addstr(&ret->identifiers, value);
    tp_buf_addc(&ret->identifiers, '\n');
    return true;
}

static bool read_identifiers(const json_t *root, struct tp_restore_mapping *ret) {
    const json_t *list = json_object_get(root, "identifiers"), *identifier;
    size_t i;
    tp_buf_addc(&ret->identifiers, '\n');
    json_array_foreach(list, i, identifier) {
        if (!read_identifier(identifier, ret))
            return false;
    }
    return json_is_array(list);
}

static bool read_members(const json_t *root, struct tp_restore_mapping *ret) {
    const json_t *list = json_object_get(root, "members"), *member;
    size_t i;
    json_array_foreach(list, i, member) {
        struct tp_str id = {json_string_value(member), json_string_length(member)};
        if (!tp_uuid_valid(id))
            return false;
        tp_buf_addstr(&ret->members, id);
    }
    return true;
}

static bool read_trait(struct tp_json *json, const char *name, const json_t *trait, struct tp_restore_mapping *ret) {
    const json_t *value = json_object_get(trait, "value");
    struct tp_str holder = text_of(trait, "customer");
    int64_t time_ms;
    if (!value || !is_word(tp_str(name), SIZE_MAX) || !read_time(trait, "time", &time_ms))
        return false;
    if (!holder.at)
        holder = tp_str(ret->customer_id);
    if (!tp_uuid_valid(holder))
        return false;
    tp_buf_adds(&ret->traits, name);
    tp_buf_addf(&ret->traits, "\t%" PRId64 "\t%.*s\t", time_ms, TP_FMT(holder));
    tp_json_write(json, value, &ret->traits);
    tp_buf_addc(&ret->traits, '\n');
    return true;
}

static bool read_traits(struct tp_json *json, struct tp_restore_mapping *ret) {
    const char *name;
    json_t *trait;
    json_object_foreach(json_object_get(json->root, "traits"), name, trait) {
        if (!read_trait(json, name, trait, ret))
            return false;
    }
    return true;
}

/* ---- where it leads ---- */

static bool read_redirect(const json_t *root, struct tp_restore_mapping *ret) {
    struct tp_str to = text_of(root, "redirect");
    const json_t *change = json_object_get(root, "change");
    int64_t time_ms;
    if (!to.at)
        return true;
    if (!tp_uuid_valid(to) || !read_time(change, "time", &time_ms))
        return false;
    memcpy(ret->redirect, to.at, to.len);
    tp_buf_addi(&ret->evidence, time_ms);
    tp_buf_addc(&ret->evidence, '\t');
    return read_origin(change, &ret->evidence);
}

static bool read_all(struct tp_json *json, struct tp_str key, struct tp_restore_mapping *ret) {
    const json_t *root = json->root;
    if (!tp_uuid_valid(key) || !tp_str_equal(text_of(root, "id"), key) ||
        json_integer_value(json_object_get(root, "schema")) != TP_SCHEMA_VERSION)
        return false;
    memcpy(ret->customer_id, key.at, key.len);
    return read_identifiers(root, ret) && read_members(root, ret) && read_traits(json, ret) && read_redirect(root, ret);
}

int tp_restore_mapping_read(const struct tp_kafka_message *message, struct tp_restore_mapping *ret) {
    struct tp_json json;
    struct tp_json_error why;
    *ret = (struct tp_restore_mapping){0};
    int error = tp_json_parse(message->value, MOST_DEPTH, &json, &why);
    if (error)
        return error == TP_ENOMEM ? error : TP_ECORRUPT;
    bool sound = read_all(&json, message->key, ret);
    bool failed = ret->identifiers.failed || ret->origins.failed || ret->first_seen.failed || ret->traits.failed ||
                  ret->members.failed || ret->evidence.failed;
    tp_json_free(&json);
    if (sound && !failed)
        return 0;
    tp_restore_mapping_free(ret);
    return failed ? TP_ENOMEM : TP_ECORRUPT;
}

void tp_restore_mapping_free(struct tp_restore_mapping *mapping) {
    struct tp_buf *const all[] = {&mapping->identifiers, &mapping->origins, &mapping->first_seen,
                                  &mapping->traits,      &mapping->members, &mapping->evidence};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        tp_buf_free(all[i]);
}
