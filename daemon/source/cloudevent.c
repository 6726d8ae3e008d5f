/* CloudEvents 1.0, structured mode: an envelope of JSON around the interaction. The envelope is parsed once; its data
 * is written out again with its numbers as they were sent, so that normalize sees what it would have seen without it.
 * Attributes that the daemon has no use for (extensions, dataschema, subject) are let through unread. */
#include "daemon/source/internal.h"

#include <stdio.h>

#include "common/base64.h"
#include "common/error.h"

const char *const tp_source_attribute_names[TP_SOURCE_ATTRIBUTES] = {
    [TP_SOURCE_SPECVERSION] = "specversion",
    [TP_SOURCE_ID] = "id",
    [TP_SOURCE_SOURCE] = "source",
    [TP_SOURCE_TYPE] = "type",
    [TP_SOURCE_TIME] = "time",
};

int tp_source_refuse(struct tp_source_element *element, int error, const char *path, const char *message) {
    element->error = error;
    snprintf(element->path, sizeof element->path, "%s", path);
    snprintf(element->message, sizeof element->message, "%s", message);
    return error;
}

static int refuse_attribute(struct tp_source_element *element, int error, const char *prefix, const char *name,
                            const char *message) {
    char path[sizeof element->path];
    snprintf(path, sizeof path, "%s%s", prefix, name);
    return tp_source_refuse(element, error, path, message);
}

int tp_source_take_attributes(const struct tp_str attributes[TP_SOURCE_ATTRIBUTES], const char *prefix,
                              struct tp_source_element *element) {
    element->defaults = (struct tp_source_defaults){
        .id = attributes[TP_SOURCE_ID],
        .source = attributes[TP_SOURCE_SOURCE],
        .type = attributes[TP_SOURCE_TYPE],
        .time = attributes[TP_SOURCE_TIME],
    };
    for (int i = TP_SOURCE_SPECVERSION; i <= TP_SOURCE_TYPE; i++)
        if (attributes[i].len == 0)
            return refuse_attribute(element, TP_EREQUIRED, prefix, tp_source_attribute_names[i],
                                    "a CloudEvent has this attribute, and it is not empty");
    if (!tp_str_is(attributes[TP_SOURCE_SPECVERSION], "1.0"))
        return refuse_attribute(element, TP_EFORM, prefix, "specversion", "1.0 was expected");
    return 0;
}

/* Null is the same as absent, says the JSON format of CloudEvents. */
static const json_t *member(const struct tp_source_envelope *envelope, const char *name) {
    const json_t *value = json_object_get(envelope->json.root, name);
    return json_is_null(value) ? NULL : value;
}

static int member_string(const struct tp_source_envelope *envelope, const char *name, struct tp_source_element *element,
                         struct tp_str *ret) {
    const json_t *value = member(envelope, name);
    *ret = (struct tp_str){0};
    if (!value)
        return 0;
    if (!json_is_string(value))
        return tp_source_refuse(element, TP_ETYPE, name, "a string was expected");
    *ret = (struct tp_str){json_string_value(value), json_string_length(value)};
    return 0;
}

static int read_attributes(const struct tp_source_envelope *envelope, struct tp_source_element *element) {
    struct tp_str attributes[TP_SOURCE_ATTRIBUTES];
    for (int i = 0; i < TP_SOURCE_ATTRIBUTES; i++) {
        int error = member_string(envelope, tp_source_attribute_names[i], element, &attributes[i]);
        if (error)
            return error;
    }
    return tp_source_take_attributes(attributes, "", element);
}

static int read_data(struct tp_source_envelope *envelope, struct tp_source_element *element) {
    struct tp_str type, base64;
    const json_t *data = member(envelope, "data");
    int error = member_string(envelope, "datacontenttype", element, &type);
    if (!error)
        error = member_string(envelope, "data_base64", element, &base64);
    if (error)
        return error;
    if (!tp_source_media_is_json(type))
        return tp_source_refuse(element, TP_EMEDIATYPE, "datacontenttype", "application/json was expected");
    if (data && base64.len > 0)
        return tp_source_refuse(element, TP_EFORM, "data_base64", "either this or data was expected, not both");
    if (!data && base64.len == 0)
        return tp_source_refuse(element, TP_EREQUIRED, "data", "an interaction was expected here");
    if (data)
        tp_json_write(&envelope->json, data, &envelope->data);
    else if (tp_base64_decode(base64, &envelope->data) < 0)
        error = tp_source_refuse(element, TP_EFORM, "data_base64", "base64 (RFC 4648) was expected");
    if (!error && envelope->data.failed)
        error = tp_source_refuse(element, TP_ENOMEM, "", tp_error_text(TP_ENOMEM));
    element->data = tp_buf_str(&envelope->data);
    return error;
}

void tp_source_envelope_clear(struct tp_source_envelope *envelope) {
    tp_json_free(&envelope->json);
    tp_buf_clear(&envelope->data);
}

void tp_source_envelope_read(struct tp_source_envelope *envelope, unsigned max_depth,
                             struct tp_source_element *element) {
    struct tp_json_error why;
    int error = tp_json_parse(element->raw, max_depth, &envelope->json, &why);
    if (error)
        tp_source_refuse(element, error, "", why.message);
    else if (!json_is_object(envelope->json.root))
        tp_source_refuse(element, TP_ETYPE, "", "a CloudEvent, a JSON object, was expected");
    else if (read_attributes(envelope, element) == 0)
        read_data(envelope, element);
}
