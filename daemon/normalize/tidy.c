/* What a mapping made is forgiven what a program that posts by itself is refused for: config/sources/README.md says
 * what. It is put right in the parsed object, so that the rules behind it see nothing of that.
 *
 * A number that is taken out stays alive (normalizer->aside): its text is found by its address, which another value
 * could get. */
#include "daemon/normalize/internal.h"

#include <math.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/utf8.h"

static struct tp_str string_of(const json_t *value) {
    return (struct tp_str){json_string_value(value), json_string_length(value)};
}

static bool is_nothing(const json_t *value) {
    return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
}

static void put_aside(struct tp_normalizer *normalizer, json_t *value) {
    if (!normalizer->aside)
        normalizer->aside = json_array();
    if (json_is_number(value))
        json_array_append(normalizer->aside, value);
}

static json_t *as_string(struct tp_normalizer *normalizer, json_t *value) {
    struct tp_str text = tp_json_number(&normalizer->json, value);
    put_aside(normalizer, value);
    return json_stringn_nocheck(text.at, text.len);
}

/* ---- texts ---- */

static size_t bytes_of(struct tp_str text, size_t characters) {
    size_t at = 0;
    while (at < text.len && characters > 0) {
        at++;
        while (at < text.len && ((unsigned char)text.at[at] & 0xc0) == 0x80)
            at++;
        characters--;
    }
    return at;
}

/* C0 and DEL are one byte, C1 two. */
static void blank_controls(char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool c1 = byte == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0;
        if (byte < 0x20 || byte == 0x7f || c1)
            text[i] = ' ';
        if (c1)
            text[i + 1] = ' ';
    }
}

static struct tp_str trim(struct tp_str text) {
    while (text.len > 0 && text.at[0] == ' ')
        text = (struct tp_str){text.at + 1, text.len - 1};
    while (text.len > 0 && text.at[text.len - 1] == ' ')
        text.len--;
    return text;
}

json_t *tp_tidy_line(struct tp_str text, size_t most) {
    char *copy = malloc(text.len + 1);
    if (!copy)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.at, text.len);
    blank_controls(copy, text.len);
    struct tp_str line = trim((struct tp_str){copy, text.len});
    line.len = bytes_of(line, most);
    json_t *made = json_stringn_nocheck(line.at, line.len);
    free(copy);
    return made;
}

/* NULL: it is right as it is. An id is never cut: two would become one. */
static json_t *tidy_text(const struct tp_rule *rule, struct tp_str text) {
    bool too_long = (double)tp_form_characters(text) > rule->most;
    if (rule->most_bytes > 0)
        return NULL;
    if (rule->kind == TP_RULE_LINE && (too_long || !tp_form_is_line(text)))
        return tp_tidy_line(text, (size_t)rule->most);
    return too_long ? json_stringn_nocheck(text.at, bytes_of(text, (size_t)rule->most)) : NULL;
}

/* ---- members ---- */

static json_t *read_number(const struct tp_rule *rule, const char *text) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number))
        return NULL;
    return rule->kind == TP_RULE_WHOLE ? json_integer((json_int_t)number) : json_real(number);
}

static bool is_within(const struct tp_rule *rule, const json_t *value) {
    double number = json_number_value(value);
    return number >= rule->least && number <= rule->most;
}

static void tidy_number(struct tp_normalizer *normalizer, json_t *object, const struct tp_rule *rule, json_t *value) {
    json_t *made = json_is_string(value) ? read_number(rule, json_string_value(value)) : NULL;
    if (made)
        json_object_set_new_nocheck(object, rule->name.at, made);
    else if (json_is_string(value))
        json_object_del(object, rule->name.at);
    value = json_object_get(object, rule->name.at);
    if (json_is_number(value) && !is_within(rule, value)) {
        put_aside(normalizer, value);
        json_object_del(object, rule->name.at);
    }
}

static void tidy_string(struct tp_normalizer *normalizer, json_t *object, const struct tp_rule *rule, json_t *value) {
    if (json_is_number(value)) {
        json_object_set_new_nocheck(object, rule->name.at, as_string(normalizer, value));
        value = json_object_get(object, rule->name.at);
    }
    json_t *made = json_is_string(value) ? tidy_text(rule, string_of(value)) : NULL;
    if (made)
        json_object_set_new_nocheck(object, rule->name.at, made);
}

static void tidy_object(struct tp_normalizer *normalizer, json_t *object, const struct tp_rules *rules);

static void tidy_member(struct tp_normalizer *normalizer, json_t *object, const struct tp_rule *rule, json_t *value) {
    if (is_nothing(value))
        json_object_del(object, rule->name.at);
    else if (rule->kind == TP_RULE_LINE || rule->kind == TP_RULE_TEXT)
        tidy_string(normalizer, object, rule, value);
    else if (rule->kind == TP_RULE_NUMBER || rule->kind == TP_RULE_WHOLE)
        tidy_number(normalizer, object, rule, value);
    else if (rule->kind == TP_RULE_OBJECT && json_is_object(value))
        tidy_object(normalizer, value, rule->members);
    else if (rule->kind == TP_RULE_CUSTOMER && json_is_object(value))
        tp_tidy_customer(normalizer, value);
    value = json_object_get(object, rule->name.at);
    if (rule->kind != TP_RULE_CUSTOMER && (is_nothing(value) || (json_is_object(value) && !json_object_size(value))))
        json_object_del(object, rule->name.at);
}

static void tidy_object(struct tp_normalizer *normalizer, json_t *object, const struct tp_rules *rules) {
    for (size_t i = 0; i < rules->n; i++) {
        json_t *value = json_object_get(object, rules->rules[i].name.at);
        if (value)
            tidy_member(normalizer, object, &rules->rules[i], value);
    }
}

void tp_tidy(struct tp_normalizer *normalizer) {
    tidy_object(normalizer, normalizer->json.root, &tp_rules_interaction);
}

/* ---- what it could not read ---- */

/* ["unreadable", why, the element] */
bool tp_tidy_is_unreadable(const json_t *value) {
    return json_array_size(value) == 3 && tp_str_is(string_of(json_array_get(value, 0)), "unreadable") &&
           json_is_string(json_array_get(value, 1));
}

int tp_tidy_refuse_unreadable(struct tp_task *task) {
    struct tp_normalizer *normalizer = task->normalizer;
    struct tp_refusal *refusal = task->refusal;
    const json_t *told = normalizer->json.root;
    int error = tp_refuse(refusal, TP_EUNREADABLE, NULL, "%s", json_string_value(json_array_get(told, 1)));
    refusal->message[tp_utf8_prefix(tp_str(refusal->message))] = '\0'; /* cut, maybe within a character */
    tp_json_write(&normalizer->json, json_array_get(told, 2), &normalizer->out);
    refusal->element = tp_buf_str(&normalizer->out);
    return error;
}

/* ---- whom it is about ---- */

/* The values of a member of the customer, or the described identifiers of its list. False: nothing is left. */
static bool tidy_values(struct tp_normalizer *normalizer, json_t *list) {
    for (size_t i = json_array_size(list); i-- > 0;) {
        json_t *value = json_array_get(list, i), *named = json_object_get(value, "value");
        if (is_nothing(value) || (json_is_object(value) && (!named || is_nothing(named))))
            json_array_remove(list, i);
        else if (json_is_number(value))
            json_array_set_new(list, i, as_string(normalizer, value));
        else if (json_is_number(named))
            json_object_set_new_nocheck(value, "value", as_string(normalizer, named));
        json_t *scope = json_object_get(value, "scope");
        if (scope && is_nothing(scope))
            json_object_del(value, "scope");
        else if (json_is_number(scope))
            json_object_set_new_nocheck(value, "scope", as_string(normalizer, scope));
    }
    return json_array_size(list) > 0;
}

void tp_tidy_customer(struct tp_normalizer *normalizer, json_t *customer) {
    void *next;
    json_t *nobody = json_object_get(customer, "nobody");
    normalizer->nobody = json_is_number(nobody) ? as_string(normalizer, nobody) : json_incref(nobody);
    json_object_del(customer, "nobody");
    for (void *at = json_object_iter(customer); at; at = next) {
        next = json_object_iter_next(customer, at);
        json_t *value = json_object_iter_value(at);
        if (json_is_number(value))
            json_object_iter_set_new(customer, at, as_string(normalizer, value));
        else if (is_nothing(value) || (json_is_array(value) && !tidy_values(normalizer, value)))
            json_object_del(customer, json_object_iter_key(at));
    }
}
