/* Private to identity/: what speaks against it that two are one, or that a value is somebody's. docs/identity.md has
 * the rules as a table, and tests/unit/identity/test_rules.c the same as its cases. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/interaction.h"
#include "common/str.h"
#include "daemon/settings/settings.h"

enum tp_against {
    TP_AGAINST_NOTHING,
    TP_AGAINST_SPLIT,  /* they, or members of theirs, were one, and an operator took that back */
    TP_AGAINST_UNIQUE, /* two values of a type whose values are people */
    TP_AGAINST_WEAKER, /* both sides have something stronger than what they have in common */
    TP_AGAINST_SINGLE, /* a merge would bring together two values of such a type */
    TP_AGAINST_LIMIT,  /* more values of a type, or more in all, than a customer may have */
    TP_AGAINST_RATE,   /* too many merges into one customer in a minute */
    TP_AGAINST_SHARED  /* the value turned out to be shared: none of the rules of this file */
};
/* "split", "unique", "weaker", "single", "limit", "rate", "shared": as it is said on the event; "" of
 * TP_AGAINST_NOTHING. */
const char *tp_against_name(enum tp_against against);

enum { TP_RULES_MOST_TYPES = 64 };

struct tp_type_rule {
    struct tp_str name;
    bool unique;    /* two values are two people */
    bool single;    /* a merge brings no two values of it together; an event may still attach a second one */
    bool shared;    /* several people may use a value: it leads only where nothing else does, and joins nobody */
    unsigned limit; /* values of a customer */
};

struct tp_rules {
    size_t n_types;
    struct tp_type_rule types[TP_RULES_MOST_TYPES]; /* strongest first; names point into the settings */
    unsigned merges_per_minute;
};
void tp_rules_read(const struct tp_settings *settings, struct tp_rules *ret);
/* NULL for a type that is not configured (any more), which is weaker than all, and nothing else is known of it. */
const struct tp_type_rule *tp_rules_of(const struct tp_rules *rules, struct tp_str type);
/* 0 is the strongest. */
size_t tp_rules_strength(const struct tp_rules *rules, struct tp_str type);

/* In what follows `one` and `other` are identifiers as a customer has them: LF, then "TYPE TAB VALUE LF" each
 * (customer.h); empty: none. Types that are shared are as if they were not there. */

/* Whether `identifier`, which nobody has, may become `one`'s, by way of an identifier of type `by` that both have. One
 * that is listed already was decided. */
enum tp_against tp_rules_attach(const struct tp_rules *rules, struct tp_str one, struct tp_identifier identifier,
                                struct tp_str by);
/* Whether the two may become one, since `other` has an identifier of type `by` that came with one of `one`'s; `merges`:
 * how many were merged into the survivor in this minute. */
enum tp_against tp_rules_merge(const struct tp_rules *rules, struct tp_str one, struct tp_str other, struct tp_str by,
                               unsigned merges);
/* The same of notes of splits, as customers have them (customer.h): whether that alone speaks against it. */
bool tp_rules_split(struct tp_str one, struct tp_str other);
