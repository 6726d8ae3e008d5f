/* Content types. One table says which are taken and how their bytes are framed. Parameters are held to the one that is
 * harmless, charset=utf-8: another one may change what the bytes mean, and then it is better said than guessed. */
#include "daemon/source/internal.h"

#include <strings.h>

#include "common/error.h"

static const struct {
    const char *name;
    struct tp_source_media media;
} known[] = {
    {"", {TP_SOURCE_FRAME_GUESS, false}},
    {"text/plain", {TP_SOURCE_FRAME_GUESS, false}},
    {"application/json", {TP_SOURCE_FRAME_JSON, false}},
    {"application/x-ndjson", {TP_SOURCE_FRAME_LINES, false}},
    {"application/ndjson", {TP_SOURCE_FRAME_LINES, false}},
    {"application/jsonl", {TP_SOURCE_FRAME_LINES, false}},
    {"application/x-jsonlines", {TP_SOURCE_FRAME_LINES, false}},
    {"application/cloudevents+json", {TP_SOURCE_FRAME_OBJECT, true}},
    {"application/cloudevents-batch+json", {TP_SOURCE_FRAME_ARRAY, true}},
};

static struct tp_str trim(struct tp_str text) {
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = (struct tp_str){text.at + 1, text.len - 1};
    while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* What stands before the separator; *rest is what stands behind it. */
static struct tp_str cut(struct tp_str *rest, char separator) { return trim(tp_str_cut(rest, separator)); }

static bool equal_any_case(struct tp_str text, const char *other) {
    return text.len == strlen(other) && (text.len == 0 || strncasecmp(text.at, other, text.len) == 0);
}

static bool harmless(struct tp_str parameter) {
    if (parameter.len == 0)
        return true;
    struct tp_str name = cut(&parameter, '='), value = trim(parameter);
    if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
        value = (struct tp_str){value.at + 1, value.len - 2};
    return equal_any_case(name, "charset") && equal_any_case(value, "utf-8");
}

/* The type without its parameters. */
static int parse(struct tp_str content_type, struct tp_str *ret_name) {
    struct tp_str name = cut(&content_type, ';');
    while (content_type.len > 0)
        if (!harmless(cut(&content_type, ';')))
            return TP_EMEDIATYPE;
    *ret_name = name;
    return 0;
}

int tp_source_media(struct tp_str content_type, struct tp_source_media *ret) {
    struct tp_str name;
    if (parse(content_type, &name) < 0)
        return TP_EMEDIATYPE;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (equal_any_case(name, known[i].name)) {
            *ret = known[i].media;
            return 0;
        }
    return TP_EMEDIATYPE;
}

bool tp_source_media_is_json(struct tp_str content_type) {
    const size_t suffix = strlen("+json");
    struct tp_str name;
    if (parse(content_type, &name) < 0)
        return false;
    if (equal_any_case(name, "") || equal_any_case(name, "application/json") || equal_any_case(name, "text/json"))
        return true;
    return name.len > suffix && strncasecmp(name.at + name.len - suffix, "+json", suffix) == 0;
}
