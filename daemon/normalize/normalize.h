/* Normalize: makes the canonical interaction of what was sent, and refuses what is not one, with the reason. The rules
 * are one table (rules.c), and config/interaction.schema.json says the same; a test holds both to one verdict.
 * No I/O; a normalizer belongs to one thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/interaction.h"
#include "common/str.h"
#include "daemon/settings/settings.h"

struct tp_normalizer;

struct tp_normalize_rule {
    const char *type;
    const char *form;    /* how its values are made canonical, as a type is (common/identifier.h); "" as its own name */
    const char *blocked; /* likewise, of this type alone */
    const char *scope;   /* "required", "optional" or "off": whether it is SCOPE:VALUE; "" as its own name */
};
struct tp_normalize_options {
    const char *region;  /* for phone numbers without +; "" refuses those */
    const char *types;   /* identifier types, comma-separated */
    const char *blocked; /* values that name nobody, as patterns (common/pattern.h), of whatever type */
    const struct tp_normalize_rule *rules; /* of some types */
    size_t n_rules;
    unsigned max_depth;
    size_t max_event; /* bytes */
};
/* TP_ECONFIG: no type is named. The options are copied. */
int tp_normalizer_new(const struct tp_normalize_options *options, struct tp_normalizer **ret);
/* As the settings say. */
int tp_normalizer_of(const struct tp_settings *settings, struct tp_normalizer **ret);
void tp_normalizer_free(struct tp_normalizer *normalizer);

struct tp_normalize_input {
    struct tp_str data;                   /* the JSON text of one interaction */
    struct tp_str id, source, type, time; /* for what the data leaves out; may be empty */
    struct tp_str default_source;         /* the key's name, or "default"; not empty */
    struct tp_str region;                 /* as the options'; "" for that */
    bool mapped; /* a mapping made it: what config/sources/README.md says is forgiven, and its id alone is what it is */
    int64_t received_ms;
};

struct tp_refusal {
    int error;         /* its code goes to the sender */
    char path[128];    /* "customer.identifiers[0].value"; "" for the whole */
    char message[256]; /* the value's kind and what was expected; never the value itself */
    /* These are valid as the interaction would be. */
    struct tp_str id;      /* the id sent, when it could be read */
    struct tp_str element; /* of what a mapping could not read: that, to be kept in place of the data; else empty */
};

/* 0 and the interaction, whose strings live in the normalizer until the next call; or a TP_E* and the refusal.
 * An interaction without id gets a new one (UUIDv7). Of several faults it is always the same one that is told: what
 * the JSON as a whole lacks, then a member that is unknown, then one that is missing, then the first that does not fit,
 * in the order of the output. */
int tp_normalize(struct tp_normalizer *normalizer, const struct tp_normalize_input *input, struct tp_interaction *ret,
                 struct tp_refusal *ret_refusal);
/* The canonical form of one identifier, for look-ups. TP_ENOTFOUND: no such type. */
int tp_normalize_identifier(struct tp_normalizer *normalizer, struct tp_str type, struct tp_str value,
                            struct tp_buf *out, struct tp_refusal *ret_refusal);
