/* Traits as they are sent, each written twice: as a member of the event, and as timeline gives it to its script. */
#include "daemon/normalize/internal.h"

#include "common/error.h"
#include "common/traits.h"

static int check_name(struct tp_task *task, const struct tp_place *place, struct tp_str name) {
    if (name.len == 0 || name.len > TP_MAX_TRAIT_NAME_BYTES)
        return tp_refuse(task->refusal, TP_ERANGE, place, "names of 1 to %d bytes were expected",
                         TP_MAX_TRAIT_NAME_BYTES);
    if (!tp_form_is_line(name))
        return tp_refuse(task->refusal, TP_EFORM, place, "names without control characters were expected");
    return 0;
}

static int take(struct tp_task *task, const struct tp_place *place, struct tp_str name, const json_t *value) {
    struct tp_normalizer *normalizer = task->normalizer;
    struct tp_buf *out = &normalizer->out, *traits = &normalizer->traits;
    int error = check_name(task, place, name);
    if (error)
        return error;
    tp_json_write_string(name, out);
    tp_buf_addc(out, ':');
    size_t at = out->len;
    tp_json_write(&normalizer->json, value, out);
    if (out->len - at > TP_MAX_TRAIT_BYTES) {
        const struct tp_place trait = {.in = place, .name = name};
        return tp_refuse(task->refusal, TP_ERANGE, tp_refuse_may_show(name) ? &trait : place,
                         "a value of at most %d bytes of JSON was expected", TP_MAX_TRAIT_BYTES);
    }
    tp_buf_addstr(traits, name);
    tp_buf_addc(traits, '\t');
    tp_buf_add(traits, out->at + at, out->len - at);
    tp_buf_addc(traits, '\n');
    return 0;
}

int tp_traits_take(struct tp_task *task, const struct tp_place *place, const json_t *traits) {
    struct tp_buf *out = &task->normalizer->out;
    void *members = (void *)traits; /* jansson's iterators want it so, and change nothing */
    int error = 0;
    if (!json_is_object(traits))
        return tp_refuse_type(task->refusal, place, "an object", traits);
    if (json_object_size(traits) > TP_MAX_TRAITS)
        return tp_refuse(task->refusal, TP_ETOOMANY, place, "at most %d members were expected", TP_MAX_TRAITS);
    tp_buf_addc(out, '{');
    for (void *at = json_object_iter(members); at && !error; at = json_object_iter_next(members, at)) {
        if (out->len > 0 && out->at[out->len - 1] != '{')
            tp_buf_addc(out, ',');
        const struct tp_str name = {json_object_iter_key(at), json_object_iter_key_len(at)};
        error = take(task, place, name, json_object_iter_value(at));
    }
    tp_buf_addc(out, '}');
    return error;
}
