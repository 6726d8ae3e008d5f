/* What an operator sends who takes something back. */
#include "daemon/api/split.h"

#include "common/error.h"

enum { MOST_DEPTH = 3 };

#define TAKES                                                                                                          \
    "{\"member\": ID} or {\"identifier\": {\"type\": TYPE, \"value\": VALUE}}, and \"reason\": TEXT, was expected"

static struct tp_str text_of(const json_t *value) {
    return (struct tp_str){json_string_value(value), json_string_length(value)};
}

/* Whether all its members are these texts. */
static bool read_identifier(const json_t *value, struct tp_split_body *body) {
    body->type = text_of(json_object_get(value, "type"));
    body->value = text_of(json_object_get(value, "value"));
    return json_object_size(value) == 2 && body->type.len > 0 && body->value.at;
}

/* NULL, or what is wrong with it. */
static const char *read_text(const char *name, const json_t *value, struct tp_split_body *body, int *ret_error) {
    bool is_member = tp_str_is(tp_str(name), "member");
    *ret_error = TP_ETYPE;
    if (!json_is_string(value))
        return "a text was expected";
    *ret_error = TP_ERANGE;
    if (!is_member && json_string_length(value) > TP_MAX_REASON_BYTES)
        return "a reason has at most 1,000 bytes";
    *(is_member ? &body->member : &body->reason) = text_of(value);
    return NULL;
}

static const char *read_member(const char *name, const json_t *value, struct tp_split_body *body, int *ret_error) {
    if (tp_str_is(tp_str(name), "member") || tp_str_is(tp_str(name), "reason"))
        return read_text(name, value, body, ret_error);
    *ret_error = TP_EUNKNOWN;
    if (!tp_str_is(tp_str(name), "identifier"))
        return TAKES;
    *ret_error = TP_ETYPE;
    return read_identifier(value, body) ? NULL : "{\"type\": TYPE, \"value\": VALUE} was expected";
}

static bool refuse(struct tp_http_request *request, int error, const char *path, const char *message) {
    tp_http_reply_error(request, error, path, message);
    return false;
}

/* An id or an identifier, not both. */
static bool is_whole(struct tp_http_request *request, const struct tp_split_body *body) {
    if (body->member.len == 0 && body->type.len == 0)
        return refuse(request, TP_EREQUIRED, "member", TAKES);
    if (body->member.len > 0 && body->type.len > 0)
        return refuse(request, TP_EINVALID, "identifier", "a member or an identifier was expected, one at a time");
    return true;
}

bool tp_api_read_split(struct tp_http_request *request, struct tp_split_body *ret) {
    struct tp_json_error why;
    const char *name, *wrong = NULL;
    json_t *value;
    *ret = (struct tp_split_body){0};
    int error = tp_json_parse(tp_http_body(request), MOST_DEPTH, &ret->json, &why);
    if (error < 0) {
        ret->json = (struct tp_json){0};
        return refuse(request, error, NULL, why.message);
    }
    json_object_foreach(ret->json.root, name, value) {
        if ((wrong = read_member(name, value, ret, &error)))
            return refuse(request, error, name, wrong);
    }
    return is_whole(request, ret);
}
