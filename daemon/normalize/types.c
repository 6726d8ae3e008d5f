/* The configured types of identifiers. */
#include "daemon/normalize/internal.h"

#include <stdlib.h>

#include "common/error.h"

static const struct tp_normalize_rule *rule_of(const struct tp_normalize_options *options, struct tp_str type) {
    for (size_t i = 0; i < options->n_rules; i++)
        if (tp_str_is(type, options->rules[i].type))
            return &options->rules[i];
    return NULL;
}

static enum tp_scoping scoping_of(struct tp_str name, const char *scope) {
    if (*scope)
        return strcmp(scope, "required") == 0   ? TP_SCOPING_REQUIRED
               : strcmp(scope, "optional") == 0 ? TP_SCOPING_OPTIONAL
                                                : TP_SCOPING_OFF;
    return tp_form_is_one_of("facebook, instagram, telegram, line, slack", name) ? TP_SCOPING_OPTIONAL : TP_SCOPING_OFF;
}

static bool add(struct tp_types *types, struct tp_str name, const struct tp_normalize_rule *rule) {
    struct tp_type *type = &types->list[types->n++];
    bool has_form = rule && *rule->form != '\0';
    type->name = name;
    type->scoping = scoping_of(name, rule ? rule->scope : "");
    type->form = has_form ? strdup(rule->form) : strndup(name.at, name.len);
    return tp_patterns_read(rule ? rule->blocked : "", &type->blocked) == 0 && type->form;
}

int tp_types_read(const struct tp_normalize_options *options, struct tp_types *types) {
    size_t most = 1;
    for (const char *at = options->types; *at; at++)
        most += *at == ',';
    types->text = strdup(options->types);
    types->list = calloc(most, sizeof *types->list);
    if (!types->text || !types->list || tp_patterns_read(options->blocked, &types->blocked) < 0)
        return TP_ENOMEM;
    for (char *at = types->text; *(at += strspn(at, ", ")); at += strcspn(at, ", ")) {
        struct tp_str name = {at, strcspn(at, ", ")};
        if (!add(types, name, rule_of(options, name)))
            return TP_ENOMEM;
    }
    return types->n > 0 ? 0 : TP_ECONFIG;
}

void tp_types_free(struct tp_types *types) {
    for (size_t i = 0; i < types->n; i++) {
        free(types->list[i].form);
        tp_patterns_free(&types->list[i].blocked);
    }
    free(types->list);
    tp_patterns_free(&types->blocked);
    free(types->text);
}

size_t tp_types_find(const struct tp_types *types, struct tp_str name) {
    size_t i = 0;
    while (i < types->n && !tp_str_equal(types->list[i].name, name))
        i++;
    return i;
}

bool tp_types_block(const struct tp_types *types, size_t type, struct tp_str value) {
    return tp_patterns_match(&types->blocked, value) || tp_patterns_match(&types->list[type].blocked, value);
}
