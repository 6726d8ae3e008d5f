/* Whether a rejection can be sent again, and as what.
 *
 * Its payload is one of three things. As it came in: an interaction, which may have left out its source, time and id;
 * what the daemon had filled in then is put in now, so that it is the interaction that it would have been. A CloudEvent
 * of structured or batch mode, which has its attributes with it. Or, of an interaction that was accepted and could not
 * be delivered, its canonical form; that has two members more than a sender may send, and loses them.
 *
 * Without an id it gets one made of its place in the topic, which is the same at each replay. */
#include "ctl/rejected.h"

#include <inttypes.h>

#include "common/error.h"

enum { MOST_DEPTH = 512, TOPIC_BYTES = 200 };
#define KEPT_BYTES ((size_t)512 * 1024) /* of a payload, by the daemon */

static void insert(struct tp_buf *event, const char *name, struct tp_str value) {
    struct tp_buf longer = TP_BUF_INIT;
    tp_ctl_event_insert(tp_buf_str(event), name, value, &longer);
    tp_buf_free(event);
    *event = longer;
}

static void insert_id(const struct tp_ctl_rejection *rejection, const char *topic, struct tp_buf *event) {
    char made[TOPIC_BYTES + 48];
    snprintf(made, sizeof made, "%.*s/%" PRId32 "/%" PRId64, TOPIC_BYTES, topic, rejection->partition,
             rejection->offset);
    insert(event, "id", rejection->id.len > 0 ? rejection->id : tp_str(made));
}

static void plan_event(const struct tp_ctl_rejection *rejection, const char *topic, const json_t *root,
                       struct tp_ctl_plan *ret) {
    ret->frame = TP_CTL_FRAME_ARRAY;
    if (!json_object_get(root, "type") && !tp_str_is(rejection->path, "type")) {
        ret->why_not = "its type was in a header of the request, and headers are not kept";
        return;
    }
    if (!json_object_get(root, "time"))
        insert(&ret->event, "time", rejection->received_at);
    if (!json_object_get(root, "source"))
        insert(&ret->event, "source", rejection->source);
    if (!json_object_get(root, "id"))
        insert_id(rejection, topic, &ret->event);
}

/* It has its id and its source, or could not be read as a CloudEvent and cannot now. */
static void plan_cloudevent(const struct tp_ctl_rejection *rejection, const json_t *root, struct tp_ctl_plan *ret) {
    ret->frame = TP_CTL_FRAME_CLOUDEVENTS;
    if (!json_object_get(root, "time"))
        insert(&ret->event, "time", rejection->received_at);
}

static bool was_accepted(const struct tp_ctl_rejection *rejection, const json_t *root) {
    return rejection->path.len == 0 && json_object_get(root, "schema") && json_object_get(root, "received_at");
}

static void undo_canonical(struct tp_json *json, struct tp_buf *event) {
    json_object_del(json->root, "schema");
    json_object_del(json->root, "received_at");
    tp_buf_clear(event);
    tp_json_write(json, json->root, event);
}

static void plan_object(const struct tp_ctl_rejection *rejection, const char *topic, struct tp_json *json,
                        struct tp_ctl_plan *ret) {
    if (json_object_get(json->root, "specversion")) {
        plan_cloudevent(rejection, json->root, ret);
        return;
    }
    if (was_accepted(rejection, json->root))
        undo_canonical(json, &ret->event);
    plan_event(rejection, topic, json->root, ret);
}

void tp_ctl_plan(const struct tp_ctl_rejection *rejection, const char *topic, struct tp_ctl_plan *ret) {
    struct tp_json json;
    struct tp_json_error error;
    struct tp_str payload = tp_buf_str(&rejection->payload);
    *ret = (struct tp_ctl_plan){.why_not = rejection->unreadable};
    if (ret->why_not)
        return;
    if (!rejection->has_payload) {
        ret->why_not = "its payload was too large for the topic, and is not there";
        return;
    }
    if (tp_json_parse(payload, MOST_DEPTH, &json, &error) < 0) {
        ret->why_not = payload.len == KEPT_BYTES ? "only the first 512 KiB of its payload were kept"
                                                 : "its payload is not sound JSON, and would be refused again";
        return;
    }
    if (json_is_object(json.root)) {
        tp_buf_addstr(&ret->event, payload);
        plan_object(rejection, topic, &json, ret);
    } else {
        ret->why_not = "its payload is no JSON object, and would be refused again";
    }
    if (!ret->why_not && ret->event.failed)
        ret->why_not = tp_error_text(TP_ENOMEM);
    tp_json_free(&json);
}
