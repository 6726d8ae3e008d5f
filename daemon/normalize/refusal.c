/* Refusals: where, and what was expected there. A value is never repeated: what is refused may be what somebody typed
 * into the wrong field. */
#include "daemon/normalize/internal.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/error.h"

#define MOST_SHOWN 64 /* of the name of an unknown member */

/* Returns how many bytes of `path` are used. */
static size_t render(const struct tp_place *place, char *path, size_t size) {
    if (!place)
        return 0;
    size_t used = render(place->in, path, size);
    int added = place->name.at ? snprintf(path + used, size - used, "%s%.*s", used ? "." : "", TP_FMT(place->name))
                               : snprintf(path + used, size - used, "[%zu]", place->index);
    used += (size_t)added;
    return used < size ? used : size - 1;
}

int tp_refuse(struct tp_refusal *refusal, int error, const struct tp_place *place, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(refusal->message, sizeof refusal->message, format, args);
    va_end(args);
    refusal->path[0] = 0;
    render(place, refusal->path, sizeof refusal->path);
    refusal->error = error;
    return error;
}

static const char *kind_of(const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

int tp_refuse_type(struct tp_refusal *refusal, const struct tp_place *place, const char *expected,
                   const json_t *value) {
    return tp_refuse(refusal, TP_ETYPE, place, "%s was expected, not %s", expected, kind_of(value));
}

bool tp_refuse_may_show(struct tp_str name) {
    static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:$";
    if (name.len == 0 || name.len > MOST_SHOWN)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!memchr(harmless, name.at[i], sizeof harmless - 1))
            return false;
    return true;
}

int tp_refuse_unknown(struct tp_refusal *refusal, const struct tp_place *in, struct tp_str name) {
    const char *hint = in ? "" : "; free data goes into attributes";
    if (!tp_refuse_may_show(name))
        return tp_refuse(refusal, TP_EUNKNOWN, in, "a member whose name is not known here%s", hint);
    return tp_refuse(refusal, TP_EUNKNOWN, &(struct tp_place){.in = in, .name = name}, "not known here%s", hint);
}
