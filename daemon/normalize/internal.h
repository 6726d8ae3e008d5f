/* Between the files of this folder: the rules are one table (rules.c), each member is checked and written by its rule
 * (member.c), identifiers are made canonical (customer.c) as their types want it (types.c), each within its scope
 * (scope.c), and what is refused is named (refusal.c). What a mapping made is put right before (tidy.c). */
#pragma once

#include <xxhash.h>

#include "common/buf.h"
#include "common/identifier.h"
#include "common/json.h"
#include "common/pattern.h"
#include "daemon/normalize/normalize.h"

/* types.c: of identifiers */
#define TP_MAX_SCOPE 64 /* characters, and so bytes */
enum tp_scoping { TP_SCOPING_OFF, TP_SCOPING_OPTIONAL, TP_SCOPING_REQUIRED };
struct tp_type {
    struct tp_str name;
    char *form;
    enum tp_scoping scoping;
    struct tp_patterns blocked;
};
struct tp_types {
    char *text;                 /* what the names point into */
    struct tp_patterns blocked; /* of any type */
    struct tp_type *list;       /* strongest first */
    size_t n;
};

struct tp_normalizer {
    unsigned max_depth;
    size_t max_event;
    struct tp_region {
        char *name;
        struct tp_canonical *canonical;
    } * regions; /* the first is the usual one */
    size_t n_regions;
    struct tp_canonical *canonical; /* of the one that counts now */
    struct tp_types types;
    /* Of the current interaction, until the next call. */
    struct tp_json json;
    struct tp_buf out, values, traits;
    json_t *aside;  /* NULL, or a list of what is not in the document any more */
    json_t *nobody; /* NULL, or what a mapping says of whom nothing names */
    XXH3_state_t *hash;
};

/* One call's work: where it reads from, and where it puts what it finds. */
struct tp_task {
    struct tp_normalizer *normalizer;
    int64_t received_ms;
    bool forgives; /* identifiers that are not of their form are put aside */
    struct tp_interaction *interaction;
    struct tp_refusal *refusal;
    size_t time_at, time_end,
        received_end; /* offsets in the output, of the time's value and of what is filled in behind */
};

/* refusal.c */

/* Where in an interaction something stands: a member of another place, or an element of it. NULL is the whole. */
struct tp_place {
    const struct tp_place *in;
    struct tp_str name; /* at NULL: an element */
    size_t index;
};
/* Each returns the error that it says. */
int tp_refuse(struct tp_refusal *refusal, int error, const struct tp_place *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "a string was expected, not a number" */
int tp_refuse_type(struct tp_refusal *refusal, const struct tp_place *place, const char *expected, const json_t *value);
/* A member that is not known; its name is shown only where it looks like one. */
int tp_refuse_unknown(struct tp_refusal *refusal, const struct tp_place *in, struct tp_str name);
/* A name that could be an address or a number of somebody is not shown. */
bool tp_refuse_may_show(struct tp_str name);

/* rules.c */
enum tp_rule_kind {
    TP_RULE_LINE, /* a string without control characters */
    TP_RULE_TEXT, /* any string */
    TP_RULE_WORD, /* one of some words */
    TP_RULE_TIME,
    TP_RULE_NUMBER,
    TP_RULE_WHOLE,  /* a number without fraction and exponent */
    TP_RULE_OBJECT, /* with members by rules of their own */
    TP_RULE_FREE,   /* an object of any members */
    TP_RULE_TRAITS,
    TP_RULE_CUSTOMER,
};
enum tp_rule_need {
    TP_RULE_OPTIONAL,
    TP_RULE_REQUIRED,
    TP_RULE_ONE_OF, /* of all members so marked in one object, exactly one is there */
};
enum tp_rule_of { /* whose member it is */
                  TP_RULE_OF_INTERACTIONS,
                  TP_RULE_OF_IDENTIFY, /* one that only says who somebody is */
                  TP_RULE_OF_ANY
};
struct tp_rule {
    struct tp_str name;
    enum tp_rule_of of;
    enum tp_rule_kind kind;
    enum tp_rule_need need;
    double least, most;          /* of a string its characters, of a number its value, of a free object its members */
    size_t most_bytes;           /* of a string; 0: any */
    bool (*form)(struct tp_str); /* of a line; NULL: any */
    const char *expected;        /* what the form is, in words; or the words themselves, separated by ", " */
    const struct tp_rules *members;
};
struct tp_rules {
    size_t n, least_members;
    const struct tp_rule *rules; /* in the order of the output */
};
#define TP_RULES_MOST 32 /* members of one kind of object */

extern const struct tp_rules tp_rules_interaction, tp_rules_identifier;
const struct tp_rule *tp_rules_find(const struct tp_rules *rules, struct tp_str name);

/* form.c: of strings that are UTF-8. */
size_t tp_form_characters(struct tp_str text);
bool tp_form_is_line(struct tp_str text);
bool tp_form_is_channel(struct tp_str text);
bool tp_form_is_type(struct tp_str text);
bool tp_form_is_source(struct tp_str text);
bool tp_form_is_scope(struct tp_str text);
bool tp_form_is_one_of(const char *words, struct tp_str text);

/* member.c */

/* Each rule's member of `object`, or NULL where it is absent. Refused: unknown ones, then those that are missing. */
int tp_members_find(struct tp_task *task, const struct tp_place *place, const struct tp_rules *rules,
                    const json_t *object, const json_t *found[TP_RULES_MOST]);
/* Checks each member by its rule, in the order of the rules, and writes it. */
int tp_members_write(struct tp_task *task, const struct tp_place *place, const struct tp_rules *rules,
                     const json_t *object);
/* A string by its rule, whatever its kind of rule says beyond that. */
int tp_member_check_string(struct tp_refusal *refusal, const struct tp_place *place, const struct tp_rule *rule,
                           struct tp_str text);

/* scope.c */

/* A value, and whose it is: empty where it is nobody's in particular. */
struct tp_scoped {
    struct tp_str scope, value;
};
/* SCOPE:VALUE cut, where the type has scopes and the text has one. */
struct tp_scoped tp_scope_cut(const struct tp_type *type, struct tp_str text);
/* Appends the canonical text of it, or nothing. Refused: a value without the scope that its type wants, and one that
 * its form makes look as if it had one. */
int tp_scope_canonical(struct tp_normalizer *normalizer, const struct tp_place *place, const struct tp_type *type,
                       const struct tp_scoped *scoped, struct tp_refusal *refusal, struct tp_buf *out);
/* As it was sent. */
void tp_scope_write(const struct tp_scoped *scoped, struct tp_buf *out);
/* Whether this value names nobody, with its scope or without. */
bool tp_scope_blocks(const struct tp_types *types, size_t type, struct tp_str value);

/* traits.c */
int tp_traits_take(struct tp_task *task, const struct tp_place *place, const json_t *traits);

/* tidy.c: of an object that a mapping made */
void tp_tidy(struct tp_normalizer *normalizer);
void tp_tidy_customer(struct tp_normalizer *normalizer, json_t *customer);
/* Whether it is what the prelude's `each` makes of an element that a mapping failed on; then it is refused for that,
 * and what is kept of it is the element. */
bool tp_tidy_is_unreadable(const json_t *value);
int tp_tidy_refuse_unreadable(struct tp_task *task);
/* A string without control characters, of at most so many; NULL where memory is short. */
json_t *tp_tidy_line(struct tp_str text, size_t most);

/* customer.c */
int tp_customer_write(struct tp_task *task, const struct tp_place *place, const json_t *customer);

/* types.c */

/* TP_ECONFIG: none is named. To be freed in any case. */
int tp_types_read(const struct tp_normalize_options *options, struct tp_types *types);
void tp_types_free(struct tp_types *types); /* what it holds */
/* Its index in the list, or n. */
size_t tp_types_find(const struct tp_types *types, struct tp_str name);
/* Whether this value names nobody. */
bool tp_types_block(const struct tp_types *types, size_t type, struct tp_str value);
