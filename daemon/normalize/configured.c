#include "daemon/normalize/normalize.h"

#include <stdlib.h>

#include "common/error.h"

int tp_normalizer_of(const struct tp_settings *settings, struct tp_normalizer **ret) {
    struct tp_normalize_rule *rules = calloc(settings->n_identifiers + 1, sizeof *rules);
    if (!rules)
        return TP_ENOMEM;
    for (size_t i = 0; i < settings->n_identifiers; i++) {
        const struct tp_identifier_rule *rule = &settings->identifiers[i];
        rules[i] = (struct tp_normalize_rule){
            .type = rule->type, .form = rule->form, .blocked = rule->blocked, .scope = rule->scope};
    }
    const struct tp_normalize_options options = {
        .region = settings->normalize.region,
        .types = settings->identity.types,
        .blocked = settings->identity.blocked,
        .rules = rules,
        .n_rules = settings->n_identifiers,
        .max_depth = settings->normalize.max_depth,
        .max_event = settings->normalize.max_event,
    };
    int status = tp_normalizer_new(&options, ret);
    free(rules);
    return status;
}
