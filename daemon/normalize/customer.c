/* The customer as senders name them, by members for each type, by a list, or both, made one list of canonical
 * identifiers in the order they were sent. The same person named twice is one identifier. A value that names nobody,
 * such as "null", is not an identifier: it is put aside, and stands on the event; so is one that a mapping made and
 * that is not of its form. */
#include "daemon/normalize/internal.h"

#include <assert.h>

#include "common/error.h"
#include "common/utf8.h"

struct values {
    size_t n; /* without those that turned out to be the same */
    struct {
        size_t type, at, len; /* index of the type; the value in normalizer->values, which may move while it grows */
        bool malformed;
    } list[TP_MAX_IDENTIFIERS];
};

struct identifiers {
    size_t sent;
    struct values known, dropped;
};

static struct tp_str value_of(const struct tp_normalizer *normalizer, const struct values *values, size_t i) {
    return (struct tp_str){normalizer->values.at + values->list[i].at, values->list[i].len};
}

static bool is_new(const struct tp_normalizer *normalizer, const struct values *values, size_t type,
                   struct tp_str value) {
    for (size_t i = 0; i < values->n; i++)
        if (values->list[i].type == type && tp_str_equal(value_of(normalizer, values, i), value))
            return false;
    return true;
}

/* What the buffer has from `at` on becomes one of the values, or goes when it is one already. */
static void keep(struct tp_normalizer *normalizer, struct values *values, size_t type, size_t at) {
    struct tp_str value = {normalizer->values.at + at, normalizer->values.len - at};
    if (!is_new(normalizer, values, type, value)) {
        normalizer->values.len = at;
        return;
    }
    assert(values->n < TP_MAX_IDENTIFIERS);
    values->list[values->n].malformed = false;
    values->list[values->n].type = type;
    values->list[values->n].at = at;
    values->list[values->n++].len = value.len;
}

/* Shown as far as a value may be long. */
static int drop_malformed(struct tp_task *task, struct identifiers *all, size_t type, struct tp_str text) {
    struct tp_buf *values = &task->normalizer->values;
    size_t at = values->len, n = all->dropped.n;
    json_t *line = tp_tidy_line(text, TP_MAX_IDENTIFIER_BYTES);
    tp_buf_add(values, json_string_value(line), json_string_length(line));
    json_decref(line);
    if (!line || values->failed)
        return tp_refuse(task->refusal, TP_ENOMEM, NULL, "%s", tp_error_text(TP_ENOMEM));
    *task->refusal = (struct tp_refusal){.id = task->refusal->id};
    keep(task->normalizer, &all->dropped, type, at);
    if (all->dropped.n > n)
        all->dropped.list[n].malformed = true;
    return 0;
}

static const struct tp_rule *value_rule(void) { return tp_rules_find(&tp_rules_identifier, TP_STR("value")); }

/* A value is blocked as it was sent, which may not even be of its type's form, or as it is when it is canonical. */
static int add(struct tp_task *task, struct identifiers *all, size_t type, const struct tp_place *place,
               const struct tp_scoped *sent) {
    struct tp_normalizer *normalizer = task->normalizer;
    struct tp_buf *values = &normalizer->values;
    size_t at = values->len;
    bool blocked = tp_types_block(&normalizer->types, type, sent->value);
    int error = 0;
    if (blocked)
        tp_scope_write(sent, values);
    else
        error = tp_scope_canonical(normalizer, place, &normalizer->types.list[type], sent, task->refusal, values);
    if (error)
        return error;
    if (values->failed)
        return tp_refuse(task->refusal, TP_ENOMEM, NULL, "%s", tp_error_text(TP_ENOMEM));
    struct tp_str kept = {values->at + at, values->len - at};
    blocked = blocked || (!tp_str_equal(kept, sent->value) && tp_scope_blocks(&normalizer->types, type, kept));
    keep(normalizer, blocked ? &all->dropped : &all->known, type, at);
    return 0;
}

static int read_text(struct tp_task *task, const struct tp_place *place, const json_t *value,
                     const struct tp_rule *rule, struct tp_str *ret) {
    *ret = (struct tp_str){json_string_value(value), json_string_length(value)};
    if (json_is_number(value))
        return tp_refuse(task->refusal, TP_ETYPE, place, "a string was expected, not a number: put it into quotes");
    if (!ret->at)
        return tp_refuse_type(task->refusal, place, "a string", value);
    return tp_member_check_string(task->refusal, place, rule, *ret);
}

/* A value with its scope in it, if it has one. */
static int add_value(struct tp_task *task, struct identifiers *all, size_t type, const struct tp_place *place,
                     const json_t *value) {
    struct tp_str text;
    int error = read_text(task, place, value, value_rule(), &text);
    if (!error) {
        const struct tp_scoped sent = tp_scope_cut(&task->normalizer->types.list[type], text);
        error = add(task, all, type, place, &sent);
    }
    return error && error != TP_ENOMEM && task->forgives && text.at ? drop_malformed(task, all, type, text) : error;
}

/* A value and its scope, each by itself. */
static int add_scoped(struct tp_task *task, struct identifiers *all, size_t type, const struct tp_place *identifier,
                      const json_t *value, const json_t *scope) {
    const struct tp_place value_place = {.in = identifier, .name = TP_STR("value")};
    const struct tp_place scope_place = {.in = identifier, .name = TP_STR("scope")};
    struct tp_scoped sent;
    int error = read_text(task, &value_place, value, value_rule(), &sent.value);
    if (!error && task->normalizer->types.list[type].scoping == TP_SCOPING_OFF)
        return tp_refuse(task->refusal, TP_EFORM, &scope_place, "no scope was expected of this type of identifier");
    if (!error)
        error = read_text(task, &scope_place, scope, tp_rules_find(&tp_rules_identifier, TP_STR("scope")), &sent.scope);
    if (!error)
        error = add(task, all, type, &value_place, &sent);
    bool forgiven = error && error != TP_ENOMEM && task->forgives && sent.value.at;
    return forgiven ? drop_malformed(task, all, type, sent.value) : error;
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
        return error ? error : add_value(task, all, type, place, value);
    }
    if (json_array_size(value) == 0)
        return tp_refuse(task->refusal, TP_EREQUIRED, place, "at least one value was expected");
    int error = count(task, all, place->in, json_array_size(value));
    for (size_t i = 0; !error && i < json_array_size(value); i++)
        error = add_value(task, all, type, &(struct tp_place){.in = place, .index = i}, json_array_get(value, i));
    return error;
}

/* {"type": "email", "value": "ann@example.com"}, {"type": "facebook", "value": "123", "scope": "page-77"} */
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
    size_t type = tp_types_find(&task->normalizer->types,
                                (struct tp_str){json_string_value(found[0]), json_string_length(found[0])});
    if (type == task->normalizer->types.n)
        return tp_refuse(task->refusal, TP_EFORM, &type_place, "a configured type of identifier was expected");
    return found[2] ? add_scoped(task, all, type, place, found[1], found[2])
                    : add_value(task, all, type, &value_place, found[1]);
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
        size_t type = tp_types_find(&normalizer->types, name);
        if (tp_str_is(name, "identifiers"))
            error = add_list(task, all, &member, value);
        else if (type < normalizer->types.n)
            error = add_by_member(task, all, type, &member, value);
        else
            error = tp_refuse_unknown(task->refusal, place, name);
    }
    return error;
}

static void write_value(struct tp_normalizer *normalizer, const struct values *values, size_t i) {
    struct tp_buf *out = &normalizer->out;
    if (i > 0)
        tp_buf_addc(out, ',');
    tp_interaction_write_identifier(
        (struct tp_identifier){normalizer->types.list[values->list[i].type].name, value_of(normalizer, values, i)},
        out);
}

static void write_known(struct tp_task *task, const struct values *known) {
    struct tp_normalizer *normalizer = task->normalizer;
    struct tp_interaction *interaction = task->interaction;
    interaction->n_identifiers = known->n;
    tp_buf_adds(&normalizer->out, "\"identifiers\":[");
    for (size_t i = 0; i < known->n; i++) {
        write_value(normalizer, known, i);
        tp_buf_addc(&normalizer->out, '}');
        interaction->identifiers[i] =
            (struct tp_identifier){normalizer->types.list[known->list[i].type].name, value_of(normalizer, known, i)};
    }
    tp_buf_addc(&normalizer->out, ']');
}

static void write_dropped(struct tp_task *task, const struct values *dropped) {
    struct tp_normalizer *normalizer = task->normalizer;
    task->interaction->n_blocked = dropped->n;
    if (dropped->n == 0)
        return;
    tp_buf_adds(&normalizer->out, ",\"dropped\":[");
    for (size_t i = 0; i < dropped->n; i++) {
        write_value(normalizer, dropped, i);
        tp_buf_addf(&normalizer->out, ",\"reason\":\"%s\"}", dropped->list[i].malformed ? "malformed" : "blocked");
    }
    tp_buf_addc(&normalizer->out, ']');
}

/* Whom nothing names that can be taken is known by what a mapping gives for that: the call, the thread. */
static int add_nobody(struct tp_task *task, const struct tp_place *place, struct identifiers *all) {
    size_t type = tp_types_find(&task->normalizer->types, TP_STR("anonymous_id"));
    const json_t *nobody = task->normalizer->nobody;
    if (all->known.n > 0 || !nobody || type == task->normalizer->types.n || all->sent == TP_MAX_IDENTIFIERS)
        return 0;
    return add_value(task, all, type, &(struct tp_place){.in = place, .name = TP_STR("nobody")}, nobody);
}

int tp_customer_write(struct tp_task *task, const struct tp_place *place, const json_t *customer) {
    struct identifiers all = {0};
    struct tp_buf *out = &task->normalizer->out;
    if (!json_is_object(customer))
        return tp_refuse_type(task->refusal, place, "an object", customer);
    int error = collect(task, place, customer, &all);
    if (!error)
        error = add_nobody(task, place, &all);
    if (error)
        return error;
    const struct tp_place list = {.in = place, .name = TP_STR("identifiers")};
    if (all.known.n == 0 && all.dropped.n > 0 && all.dropped.list[0].malformed)
        return tp_refuse(task->refusal, TP_EREQUIRED, &list, "an identifier that is of its form was expected");
    if (all.known.n == 0 && all.dropped.n > 0)
        return tp_refuse(task->refusal, TP_EBLOCKED, &list, "an identifier whose value is not blocked was expected");
    if (all.known.n == 0)
        return tp_refuse(task->refusal, TP_EREQUIRED, &list, "at least one identifier was expected");
    tp_buf_addc(out, '{');
    task->interaction->customer_at = out->len;
    write_known(task, &all.known);
    write_dropped(task, &all.dropped);
    tp_buf_addc(out, '}');
    return 0;
}

int tp_normalize_identifier(struct tp_normalizer *normalizer, struct tp_str type, struct tp_str value,
                            struct tp_buf *out, struct tp_refusal *ret_refusal) {
    *ret_refusal = (struct tp_refusal){0};
    const struct tp_place place = {.name = type};
    size_t index = tp_types_find(&normalizer->types, type);
    if (index == normalizer->types.n)
        return tp_refuse(ret_refusal, TP_ENOTFOUND, NULL, "a configured type of identifier was expected");
    if (!tp_utf8_valid(value))
        return tp_refuse(ret_refusal, TP_EUTF8, &place, "UTF-8 was expected");
    int error = tp_member_check_string(ret_refusal, &place, value_rule(), value);
    if (error)
        return error;
    const struct tp_type *found = &normalizer->types.list[index];
    const struct tp_scoped scoped = tp_scope_cut(found, value);
    return tp_scope_canonical(normalizer, &place, found, &scoped, ret_refusal, out);
}
