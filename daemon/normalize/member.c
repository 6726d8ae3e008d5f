/* Members checked by their rules and written in the same step. What is unknown is refused first, in the order that it
 * was sent, then what is missing, then what does not fit, both in the order of the rules: one fault, always the same.
 */
#include "daemon/normalize/internal.h"

#include <assert.h>

#include "common/error.h"
#include "common/time.h"

#define MOST_AHEAD_MS (INT64_C(24) * 60 * 60 * 1000) /* of the daemon's clock: more is a sender's fault */

static struct tp_place member_of(const struct tp_place *in, const struct tp_rule *rule) {
    return (struct tp_place){.in = in, .name = rule->name};
}

static int refuse_missing(struct tp_task *task, const struct tp_place *place, const struct tp_rule *rule) {
    struct tp_place member = member_of(place, rule);
    return tp_refuse(task->refusal, TP_EREQUIRED, &member, "this member is required");
}

static int refuse_choice(struct tp_task *task, const struct tp_place *place, const struct tp_rules *rules,
                         size_t chosen) {
    struct tp_buf names = TP_BUF_INIT;
    for (size_t i = 0; i < rules->n; i++)
        if (rules->rules[i].need == TP_RULE_ONE_OF)
            tp_buf_addf(&names, "%s%.*s", names.len ? ", " : "", TP_FMT(rules->rules[i].name));
    int error = tp_refuse(task->refusal, chosen ? TP_EFORM : TP_EREQUIRED, place, "exactly one of %.*s was expected",
                          (int)names.len, names.at);
    tp_buf_free(&names);
    return error;
}

static int check_needs(struct tp_task *task, const struct tp_place *place, const struct tp_rules *rules,
                       const json_t *const found[TP_RULES_MOST]) {
    size_t alternatives = 0, chosen = 0, present = 0;
    for (size_t i = 0; i < rules->n; i++) {
        bool alternative = rules->rules[i].need == TP_RULE_ONE_OF;
        if (!found[i] && rules->rules[i].need == TP_RULE_REQUIRED)
            return refuse_missing(task, place, &rules->rules[i]);
        present += found[i] != NULL;
        alternatives += alternative;
        chosen += alternative && found[i];
    }
    if (alternatives > 0 && chosen != 1)
        return refuse_choice(task, place, rules, chosen);
    if (present < rules->least_members)
        return tp_refuse(task->refusal, TP_EREQUIRED, place, "at least one member was expected");
    return 0;
}

int tp_members_find(struct tp_task *task, const struct tp_place *place, const struct tp_rules *rules,
                    const json_t *object, const json_t *found[TP_RULES_MOST]) {
    assert(rules->n <= TP_RULES_MOST);
    memset(found, 0, TP_RULES_MOST * sizeof *found);
    if (!json_is_object(object))
        return tp_refuse_type(task->refusal, place, "an object", object);
    void *members = (void *)object; /* jansson's iterators want it so, and change nothing */
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        struct tp_str name = {json_object_iter_key(at), json_object_iter_key_len(at)};
        const struct tp_rule *rule = tp_rules_find(rules, name);
        if (!rule)
            return tp_refuse_unknown(task->refusal, place, name);
        found[rule - rules->rules] = json_object_iter_value(at);
    }
    return check_needs(task, place, rules, found);
}

int tp_member_check_string(struct tp_refusal *refusal, const struct tp_place *place, const struct tp_rule *rule,
                           struct tp_str text) {
    size_t characters = tp_form_characters(text);
    if ((double)characters < rule->least || (double)characters > rule->most)
        return tp_refuse(refusal, TP_ERANGE, place, "%.0f to %.0f characters were expected", rule->least, rule->most);
    if (rule->most_bytes > 0 && text.len > rule->most_bytes)
        return tp_refuse(refusal, TP_ERANGE, place, "at most %zu bytes were expected", rule->most_bytes);
    if (rule->kind == TP_RULE_LINE && !tp_form_is_line(text))
        return tp_refuse(refusal, TP_EFORM, place, "a string without control characters was expected");
    if (rule->form && !rule->form(text))
        return tp_refuse(refusal, TP_EFORM, place, "expected: %s", rule->expected);
    return 0;
}

static int write_string(struct tp_task *task, const struct tp_place *place, const struct tp_rule *rule,
                        struct tp_str text) {
    int error = 0;
    if (rule->kind != TP_RULE_WORD)
        error = tp_member_check_string(task->refusal, place, rule, text);
    else if (!tp_form_is_one_of(rule->expected, text))
        error = tp_refuse(task->refusal, TP_EFORM, place, "one of %s was expected", rule->expected);
    if (!error)
        tp_json_write_string(text, &task->normalizer->out);
    return error;
}

/* The time of receipt stands right behind: it is filled in for the sender, like a time that was not sent. */
static int write_time(struct tp_task *task, const struct tp_place *place, struct tp_str text) {
    struct tp_buf *out = &task->normalizer->out;
    char canonical[TP_TIME_TEXT], received[TP_TIME_TEXT];
    int64_t ms;
    int error = tp_time_parse(text, &ms);
    if (error == TP_ERANGE)
        return tp_refuse(task->refusal, error, place, "a time from 1970 to 9999 was expected");
    if (error)
        return tp_refuse(task->refusal, error, place,
                         "an RFC 3339 time with an offset was expected, such as 2026-01-02T03:04:05Z");
    if (ms > task->received_ms + MOST_AHEAD_MS)
        return tp_refuse(task->refusal, TP_ERANGE, place, "a time at most 24 hours ahead was expected");
    tp_time_format(ms, canonical);
    tp_time_format(task->received_ms, received);
    task->interaction->time_ms = ms;
    task->time_at = out->len;
    tp_buf_addc(out, '"');
    tp_buf_adds(out, canonical);
    tp_buf_addc(out, '"');
    task->time_end = out->len;
    tp_buf_adds(out, ",\"received_at\":\"");
    tp_buf_adds(out, received);
    tp_buf_addc(out, '"');
    task->received_end = out->len;
    return 0;
}

static int write_number(struct tp_task *task, const struct tp_place *place, const struct tp_rule *rule,
                        const json_t *value) {
    if (!json_is_number(value))
        return tp_refuse_type(task->refusal, place, "a number", value);
    if (rule->kind == TP_RULE_WHOLE && !json_is_integer(value))
        return tp_refuse(task->refusal, TP_ETYPE, place,
                         "a whole number, written without fraction and exponent, was expected");
    double number = json_number_value(value);
    if (number < rule->least || number > rule->most)
        return tp_refuse(task->refusal, TP_ERANGE, place, "a number from %.16g to %.16g was expected", rule->least,
                         rule->most);
    tp_buf_addstr(&task->normalizer->out, tp_json_number(&task->normalizer->json, value));
    return 0;
}

static int write_free(struct tp_task *task, const struct tp_place *place, const struct tp_rule *rule,
                      const json_t *value) {
    if (!json_is_object(value))
        return tp_refuse_type(task->refusal, place, "an object", value);
    if ((double)json_object_size(value) > rule->most)
        return tp_refuse(task->refusal, TP_ETOOMANY, place, "at most %.0f members were expected", rule->most);
    tp_json_write(&task->normalizer->json, value, &task->normalizer->out);
    return 0;
}

static int write_object(struct tp_task *task, const struct tp_place *place, const struct tp_rule *rule,
                        const json_t *value) {
    tp_buf_addc(&task->normalizer->out, '{');
    int error = tp_members_write(task, place, rule->members, value);
    tp_buf_addc(&task->normalizer->out, '}');
    return error;
}

/* What an event is not told for would be lost. */
static int check_of(struct tp_task *task, const struct tp_place *place, const struct tp_rule *rule) {
    bool identifies = task->interaction->identifies;
    if (rule->of == TP_RULE_OF_ANY || (rule->of == TP_RULE_OF_IDENTIFY) == identifies)
        return 0;
    return tp_refuse(task->refusal, TP_EUNKNOWN, place,
                     identifies ? "not known of an event of type identify"
                                : "known of an event of type identify only; free data goes into attributes");
}

static int write_value(struct tp_task *task, const struct tp_place *place, const struct tp_rule *rule,
                       const json_t *value) {
    struct tp_str text = {json_string_value(value), json_string_length(value)};
    switch (rule->kind) {
    case TP_RULE_LINE:
    case TP_RULE_TEXT:
    case TP_RULE_WORD:
        return text.at ? write_string(task, place, rule, text)
                       : tp_refuse_type(task->refusal, place, "a string", value);
    case TP_RULE_TIME:
        return text.at ? write_time(task, place, text) : tp_refuse_type(task->refusal, place, "a string", value);
    case TP_RULE_NUMBER:
    case TP_RULE_WHOLE:
        return write_number(task, place, rule, value);
    case TP_RULE_OBJECT:
        return write_object(task, place, rule, value);
    case TP_RULE_FREE:
        return write_free(task, place, rule, value);
    case TP_RULE_TRAITS:
        return tp_traits_take(task, place, value);
    case TP_RULE_CUSTOMER:
        break;
    }
    return tp_customer_write(task, place, value);
}

int tp_members_write(struct tp_task *task, const struct tp_place *place, const struct tp_rules *rules,
                     const json_t *object) {
    struct tp_buf *out = &task->normalizer->out;
    const json_t *found[TP_RULES_MOST];
    int error = tp_members_find(task, place, rules, object, found);
    for (size_t i = 0; !error && i < rules->n; i++) {
        const struct tp_rule *rule = &rules->rules[i];
        if (!found[i])
            continue;
        if (out->len > 0 && out->at[out->len - 1] != '{')
            tp_buf_addc(out, ',');
        tp_buf_addc(out, '"');
        tp_buf_addstr(out, rule->name);
        tp_buf_adds(out, "\":");
        struct tp_place member = member_of(place, rule);
        error = check_of(task, &member, rule);
        if (!error)
            error = write_value(task, &member, rule, found[i]);
    }
    return error;
}
