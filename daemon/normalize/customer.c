/* The customer as senders name them, by members for each type, by a list, or both, made one list of canonical
 * identifiers in the order they were sent. The same person named twice is one identifier. */
#include "daemon/normalize/internal.h"

#include <assert.h>

#include "common/error.h"
#include "common/utf8.h"

struct identifiers {
    size_t sent, n; /* n: without those that turned out to be the same */
    struct {
        size_t type, at, len; /* index of the type; the value in normalizer->values, which may move while it grows */
    } list[TP_MAX_IDENTIFIERS];
};

size_t tp_customer_type(const struct tp_normalizer *normalizer, struct tp_str type) {
    size_t i = 0;
    while (i < normalizer->n_types && !tp_str_equal(normalizer->types[i], type))
        i++;
    return i;
}

static struct tp_str value_of(const struct tp_normalizer *normalizer, const struct identifiers *all, size_t i) {
    return (struct tp_str){normalizer->values.at + all->list[i].at, all->list[i].len};
}

static bool is_new(const struct tp_normalizer *normalizer, const struct identifiers *all, size_t type,
                   struct tp_str value) {
    for (size_t i = 0; i < all->n; i++)
        if (all->list[i].type == type && tp_str_equal(value_of(normalizer, all, i), value))
            return false;
    return true;
}

static int make_canonical(struct tp_normalizer *normalizer, const struct tp_place *place, size_t type,
                          struct tp_str value, struct tp_buf *out, struct tp_refusal *refusal) {
    const struct tp_rule *rule = tp_rules_find(&tp_rules_identifier, TP_STR("value"));
    const char *expected = NULL;
    size_t before = out->len;
    int error = tp_member_check_string(refusal, place, rule, value);
    if (error)
        return error;
    error = tp_canonical_identifier(normalizer->canonical, normalizer->types[type], value, out, &expected);
    if (!error)
        return 0;
    out->len = before;
    return tp_refuse(refusal, error, place, "expected: %s", expected ? expected : tp_error_text(error));
}

static int add(struct tp_task *task, struct identifiers *all, size_t type, const struct tp_place *place,
               const json_t *value) {
    struct tp_buf *values = &task->normalizer->values;
    struct tp_str text = {json_string_value(value), json_string_length(value)};
    size_t at = values->len;
    if (json_is_number(value))
        return tp_refuse(task->refusal, TP_ETYPE, place, "a string was expected, not a number: put it into quotes");
    if (!text.at)
        return tp_refuse_type(task->refusal, place, "a string", value);
    int error = make_canonical(task->normalizer, place, type, text, values, task->refusal);
    if (error)
        return error;
    if (values->failed)
        return tp_refuse(task->refusal, TP_ENOMEM, NULL, "%s", tp_error_text(TP_ENOMEM));
    struct tp_str canonical = {values->at + at, values->len - at};
    if (!is_new(task->normalizer, all, type, canonical)) {
        values->len = at;
        return 0;
    }
    assert(all->n < TP_MAX_IDENTIFIERS);
    all->list[all->n].type = type;
    all->list[all->n].at = at;
    all->list[all->n++].len = canonical.len;
    return 0;
}

/* Those sent are counted, not those left: a phone number costs as much when it stands there for the second time. */
static int count(struct tp_task *task, struct identifiers *all, const struct tp_place *place, size_t more) {
    all->sent += more;
    if (all->sent > TP_MAX_IDENTIFIERS)
        return tp_refuse(task->refusal, TP_ETOOMANY, place, "at most %d identifiers of a customer were expected",
                         TP_MAX_IDENTIFIERS);
    return 0;
}

/* "email": "ann@example.com", or a list of them. */
static int add_by_member(struct tp_task *task, struct identifiers *all, size_t type, const struct tp_place *place,
                         const json_t *value) {
    if (!json_is_array(value)) {
        int error = count(task, all, place->in, 1);
        return error ? error : add(task, all, type, place, value);
    }
    if (json_array_size(value) == 0)
        return tp_refuse(task->refusal, TP_EREQUIRED, place, "at least one value was expected");
    int error = count(task, all, place->in, json_array_size(value));
    for (size_t i = 0; !error && i < json_array_size(value); i++)
        error = add(task, all, type, &(struct tp_place){.in = place, .index = i}, json_array_get(value, i));
    return error;
}

/* {"type": "email", "value": "ann@example.com"} */
static int add_described(struct tp_task *task, struct identifiers *all, const struct tp_place *place,
                         const json_t *identifier) {
    const json_t *found[TP_RULES_MOST];
    int error = tp_members_find(task, place, &tp_rules_identifier, identifier, found);
    if (error)
        return error;
    const struct tp_place type_place = {.in = place, .name = TP_STR("type")};
    const struct tp_place value_place = {.in = place, .name = TP_STR("value")};
    if (!json_is_string(found[0]))
        return tp_refuse_type(task->refusal, &type_place, "a string", found[0]);
    size_t type =
        tp_customer_type(task->normalizer, (struct tp_str){json_string_value(found[0]), json_string_length(found[0])});
    if (type == task->normalizer->n_types)
        return tp_refuse(task->refusal, TP_EFORM, &type_place, "a configured type of identifier was expected");
    return add(task, all, type, &value_place, found[1]);
}

static int add_list(struct tp_task *task, struct identifiers *all, const struct tp_place *place, const json_t *list) {
    if (!json_is_array(list))
        return tp_refuse_type(task->refusal, place, "an array", list);
    if (json_array_size(list) == 0)
        return tp_refuse(task->refusal, TP_EREQUIRED, place, "at least one identifier was expected");
    int error = count(task, all, place->in, json_array_size(list));
    for (size_t i = 0; !error && i < json_array_size(list); i++)
        error = add_described(task, all, &(struct tp_place){.in = place, .index = i}, json_array_get(list, i));
    return error;
}

static int collect(struct tp_task *task, const struct tp_place *place, const json_t *customer,
                   struct identifiers *all) {
    const struct tp_normalizer *normalizer = task->normalizer;
    void *members = (void *)customer; /* jansson's iterators want it so, and change nothing */
    int error = 0;
    for (void *at = json_object_iter(members); at && !error; at = json_object_iter_next(members, at)) {
        struct tp_str name = {json_object_iter_key(at), json_object_iter_key_len(at)};
        const struct tp_place member = {.in = place, .name = name};
        const json_t *value = json_object_iter_value(at);
        size_t type = tp_customer_type(normalizer, name);
        if (tp_str_is(name, "identifiers"))
            error = add_list(task, all, &member, value);
        else if (type < normalizer->n_types)
            error = add_by_member(task, all, type, &member, value);
        else
            error = tp_refuse_unknown(task->refusal, place, name);
    }
    return error;
}

static void write_customer(struct tp_task *task, const struct identifiers *all) {
    struct tp_normalizer *normalizer = task->normalizer;
    struct tp_interaction *interaction = task->interaction;
    struct tp_buf *out = &normalizer->out;
    tp_buf_addc(out, '{');
    interaction->customer_at = out->len;
    tp_buf_adds(out, "\"identifiers\":[");
    interaction->n_identifiers = all->n;
    for (size_t i = 0; i < all->n; i++) {
        struct tp_identifier *identifier = &interaction->identifiers[i];
        identifier->type = normalizer->types[all->list[i].type];
        identifier->value = value_of(normalizer, all, i);
        tp_buf_adds(out, i ? ",{\"type\":" : "{\"type\":");
        tp_json_write_string(identifier->type, out);
        tp_buf_adds(out, ",\"value\":");
        tp_json_write_string(identifier->value, out);
        tp_buf_addc(out, '}');
    }
    tp_buf_adds(out, "]}");
}

int tp_customer_write(struct tp_task *task, const struct tp_place *place, const json_t *customer) {
    struct identifiers all = {0};
    if (!json_is_object(customer))
        return tp_refuse_type(task->refusal, place, "an object", customer);
    int error = collect(task, place, customer, &all);
    if (error)
        return error;
    if (all.n == 0) {
        const struct tp_place list = {.in = place, .name = TP_STR("identifiers")};
        return tp_refuse(task->refusal, TP_EREQUIRED, &list, "at least one identifier was expected");
    }
    write_customer(task, &all);
    return 0;
}

int tp_normalize_identifier(struct tp_normalizer *normalizer, struct tp_str type, struct tp_str value,
                            struct tp_buf *out, struct tp_refusal *ret_refusal) {
    *ret_refusal = (struct tp_refusal){0};
    const struct tp_place place = {.name = type};
    size_t index = tp_customer_type(normalizer, type);
    if (index == normalizer->n_types)
        return tp_refuse(ret_refusal, TP_ENOTFOUND, NULL, "a configured type of identifier was expected");
    if (!tp_utf8_valid(value))
        return tp_refuse(ret_refusal, TP_EUTF8, &place, "UTF-8 was expected");
    return make_canonical(normalizer, &place, index, value, out, ret_refusal);
}
