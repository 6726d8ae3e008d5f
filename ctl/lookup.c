/* Whose identifier is this, and what is known of them? What the commands about a customer begin with. */
#include "ctl/internal.h"

#include <string.h>

#include "common/error.h"

enum { MOST_DEPTH = 256 };

struct tp_str tp_ctl_member(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return (struct tp_str){json_string_value(value), json_string_length(value)};
}

/* `path` ends with its NUL. Says what is wrong in the name of `what`. */
static int get(struct tp_ctl_client *client, const char *what, const struct tp_buf *path, struct tp_ctl_reply *reply,
               struct tp_json *ret) {
    struct tp_json_error error;
    if (path->failed)
        tp_ctl_say("%s", tp_error_text(TP_ENOMEM));
    else if (tp_ctl_get(client, path->at, reply) < 0)
        tp_ctl_say("%s", tp_ctl_client_fault(client));
    else if (reply->status == 404)
        tp_ctl_say("no customer is known by %s", what);
    else if (reply->status != 200)
        tp_ctl_say_reply(what, reply);
    else if (tp_json_parse(tp_buf_str(&reply->body), MOST_DEPTH, ret, &error) < 0)
        tp_ctl_say("%s: the answer is not touchpointd's: %s", what, error.message);
    else
        return EXIT_DONE;
    return EXIT_FAULT;
}

int tp_ctl_get_customer(struct tp_ctl_client *client, const char *id, const char *rest, struct tp_ctl_reply *reply,
                        struct tp_json *ret) {
    struct tp_buf path = TP_BUF_INIT;
    tp_buf_addf(&path, "/v1/customers/%s%s", id, rest);
    tp_buf_addc(&path, '\0');
    int status = get(client, id, &path, reply, ret);
    tp_buf_free(&path);
    return status;
}

/* ---- by an identifier ---- */

static int take_id(const char *operand, const json_t *root, char ret_id[TP_UUID_TEXT]) {
    const json_t *found = json_array_get(json_object_get(root, "customers"), 0);
    struct tp_str id = tp_ctl_member(found, "id");
    if (!tp_uuid_valid(id))
        return tp_ctl_say("no customer is known by %s", operand), EXIT_FAULT;
    memcpy(ret_id, id.at, TP_UUID_TEXT);
    return EXIT_DONE;
}

int tp_ctl_find_customer(struct tp_ctl_client *client, const char *operand, char ret_id[TP_UUID_TEXT]) {
    const char *equals = strchr(operand, '=');
    if (!equals && tp_uuid_valid(tp_str(operand)))
        return memcpy(ret_id, operand, TP_UUID_TEXT), EXIT_DONE;
    if (!equals || equals == operand) {
        tp_ctl_say("%s: TYPE=VALUE, such as email=ann@example.com, or a customer's id was expected", operand);
        return EXIT_USAGE;
    }
    struct tp_buf path = TP_BUF_INIT;
    struct tp_ctl_reply reply = {0};
    struct tp_json json;
    tp_buf_adds(&path, "/v1/customers?");
    tp_ctl_escape((struct tp_str){operand, (size_t)(equals - operand)}, &path);
    tp_buf_addc(&path, '=');
    tp_ctl_escape(tp_str(equals + 1), &path);
    tp_buf_addc(&path, '\0');
    int status = get(client, operand, &path, &reply, &json);
    if (status == EXIT_DONE) {
        status = take_id(operand, json.root, ret_id);
        tp_json_free(&json);
    }
    tp_ctl_reply_free(&reply);
    tp_buf_free(&path);
    return status;
}
