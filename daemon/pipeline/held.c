/* A set of names: customer ids, and "type:value" of identifiers. */
#include "daemon/pipeline/held.h"

#include <stdlib.h>
#include <uthash.h>

enum { MOST_NAME = TP_MAX_IDENTIFIER_BYTES + 64 };

struct tp_held_name {
    UT_hash_handle hh;
    char text[];
};

static void add(struct tp_held *held, const char *text, size_t len) {
    struct tp_held_name *name = NULL;
    HASH_FIND(hh, held->names, text, len, name);
    if (name)
        return;
    name = malloc(sizeof *name + len);
    if (!name) {
        held->everybody = true;
        return;
    }
    memcpy(name->text, text, len);
    HASH_ADD(hh, held->names, text, len, name);
}

static bool has(const struct tp_held *held, const char *text, size_t len) {
    struct tp_held_name *name = NULL;
    HASH_FIND(hh, held->names, text, len, name);
    return name != NULL;
}

static size_t name_of(const struct tp_identifier *identifier, char room[MOST_NAME]) {
    int len = snprintf(room, MOST_NAME, "%.*s:%.*s", TP_FMT(identifier->type), TP_FMT(identifier->value));
    return len < MOST_NAME ? (size_t)len : MOST_NAME - 1;
}

void tp_held_add(struct tp_held *held, const struct tp_item *item) {
    const struct tp_interaction *interaction = &item->interaction;
    char room[MOST_NAME];
    if (item->customer_id[0] != '\0')
        add(held, item->customer_id, strlen(item->customer_id));
    for (size_t i = 0; i < interaction->n_identifiers; i++)
        add(held, room, name_of(&interaction->identifiers[i], room));
}

bool tp_held_has(const struct tp_held *held, const struct tp_item *item) {
    const struct tp_interaction *interaction = &item->interaction;
    char room[MOST_NAME];
    if (held->everybody)
        return true;
    if (!held->names)
        return false;
    if (item->customer_id[0] != '\0' && has(held, item->customer_id, strlen(item->customer_id)))
        return true;
    for (size_t i = 0; i < interaction->n_identifiers; i++)
        if (has(held, room, name_of(&interaction->identifiers[i], room)))
            return true;
    return false;
}

void tp_held_clear(struct tp_held *held) {
    struct tp_held_name *name, *next;
    HASH_ITER(hh, held->names, name, next) {
        HASH_DEL(held->names, name);
        free(name);
    }
    held->everybody = false;
}
