#include "daemon/identity/rules.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* So that what is told of a customer fits into a record of Kafka, of 1 MB: each identifier there has a time, a source
 * and an event beside its line. */
enum { MOST_IDENTIFIERS = 2000, MOST_BYTES = 200000, USUAL_LIMIT = 100 };

const char *tp_against_name(enum tp_against against) {
    static const char *const names[] = {"", "split", "unique", "weaker", "single", "limit", "rate", "shared"};
    return names[against];
}

/* ---- the types ---- */

/* What those are that are known by name, where the settings do not say it. */
static const struct usual {
    const char *type, *unique;
    unsigned limit;
} usual[] = {
    {"customer_id", "on", USUAL_LIMIT}, {"email", "merges", 2}, {"phone", "merges", 2}, {"whatsapp", "merges", 2}};

static struct usual usual_of(struct tp_str type) {
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (tp_str_is(type, usual[i].type))
            return usual[i];
    return (struct usual){"", "off", USUAL_LIMIT};
}

static const struct tp_identifier_rule *set_for(const struct tp_settings *settings, struct tp_str type) {
    for (size_t i = 0; i < settings->n_identifiers; i++)
        if (tp_str_is(type, settings->identifiers[i].type))
            return &settings->identifiers[i];
    return NULL;
}

static struct tp_type_rule rule_of(const struct tp_settings *settings, struct tp_str type) {
    const struct tp_identifier_rule *set = set_for(settings, type);
    const struct usual by_name = usual_of(type);
    const char *unique = set && set->unique[0] ? set->unique : by_name.unique;
    struct tp_type_rule rule = {.name = type, .limit = by_name.limit, .shared = set && set->shared};
    rule.unique = strcmp(unique, "on") == 0;
    rule.single = strcmp(unique, "merges") == 0;
    if (rule.unique)
        rule.limit = 1;
    if (set && set->limit > 0)
        rule.limit = set->limit;
    return rule;
}

void tp_rules_read(const struct tp_settings *settings, struct tp_rules *ret) {
    const char *text = settings->identity.types;
    *ret = (struct tp_rules){.merges_per_minute = settings->identity.merges_per_minute};
    while (*text != '\0' && ret->n_types < TP_RULES_MOST_TYPES) {
        struct tp_str type = {text, strcspn(text, ", ")};
        if (type.len > 0)
            ret->types[ret->n_types++] = rule_of(settings, type);
        text += type.len + strspn(text + type.len, ", ");
    }
}

size_t tp_rules_strength(const struct tp_rules *rules, struct tp_str type) {
    size_t at = 0;
    while (at < rules->n_types && !tp_str_equal(rules->types[at].name, type))
        at++;
    return at;
}

const struct tp_type_rule *tp_rules_of(const struct tp_rules *rules, struct tp_str type) {
    size_t at = tp_rules_strength(rules, type);
    return at < rules->n_types ? &rules->types[at] : NULL;
}

/* ---- two sides ---- */

/* What a side has, by the strength of the type; those that are not configured come last. */
struct side {
    struct tp_str lines;
    size_t strongest; /* SIZE_MAX: it has nothing */
    unsigned counts[TP_RULES_MOST_TYPES + 1];
};

static bool next_line(struct tp_str *rest, struct tp_identifier *ret) {
    if (rest->len > 0 && rest->at[0] == '\n')
        tp_str_cut(rest, '\n');
    if (rest->len == 0)
        return false;
    struct tp_str line = tp_str_cut(rest, '\n');
    ret->type = tp_str_cut(&line, '\t');
    ret->value = line;
    return true;
}

static void count(const struct tp_rules *rules, struct tp_identifier identifier, struct side *side) {
    size_t strength = tp_rules_strength(rules, identifier.type);
    if (strength < rules->n_types && rules->types[strength].shared)
        return;
    side->counts[strength]++;
    side->strongest = strength < side->strongest ? strength : side->strongest;
}

static struct side side_of(const struct tp_rules *rules, struct tp_str lines) {
    struct side side = {.lines = lines, .strongest = SIZE_MAX};
    struct tp_identifier identifier;
    for (struct tp_str rest = lines; next_line(&rest, &identifier);)
        count(rules, identifier, &side);
    return side;
}

static bool has(const struct side *side, struct tp_identifier wanted) {
    struct tp_identifier identifier;
    for (struct tp_str rest = side->lines; next_line(&rest, &identifier);)
        if (tp_str_equal(identifier.type, wanted.type) && tp_str_equal(identifier.value, wanted.value))
            return true;
    return false;
}

/* How many different values the two have of a type that both have; 0 of one that only one of them has. Customers hardly
 * ever have one in common, since each was claimed once; so it is looked for only where it decides. */
static unsigned both(const struct tp_rules *rules, const struct side *one, const struct side *other, size_t strength) {
    unsigned common = 0;
    struct tp_identifier identifier;
    if (one->counts[strength] == 0 || other->counts[strength] == 0)
        return 0;
    for (struct tp_str rest = other->lines; next_line(&rest, &identifier);)
        common += tp_rules_strength(rules, identifier.type) == strength && has(one, identifier);
    return one->counts[strength] + other->counts[strength] - common;
}

static bool too_large(const struct side *one, const struct side *other) {
    unsigned n = 0;
    for (size_t i = 0; i <= TP_RULES_MOST_TYPES; i++)
        n += one->counts[i] + other->counts[i];
    return n > MOST_IDENTIFIERS || one->lines.len + other->lines.len > MOST_BYTES;
}

/* Whether there is anything that several values of the type could be against. */
static bool decides(const struct tp_type_rule *rule, unsigned most, bool merging) {
    return rule->unique || (rule->single && merging) || most > rule->limit;
}

/* Each has one that the other has not. A claim that was lost leaves its value listed with two. */
static bool brings_together(const struct side *one, const struct side *other, size_t strength, unsigned values) {
    return values > one->counts[strength] && values > other->counts[strength];
}

static enum tp_against against(const struct tp_rules *rules, const struct side *one, const struct side *other,
                               struct tp_str by, bool merging) {
    static const struct tp_type_rule unknown = {.limit = USUAL_LIMIT};
    bool single = false, limit = too_large(one, other);
    size_t strength = tp_rules_strength(rules, by);
    for (size_t i = 0; i <= rules->n_types; i++) {
        const struct tp_type_rule *rule = i < rules->n_types ? &rules->types[i] : &unknown;
        if (!decides(rule, one->counts[i] + other->counts[i], merging))
            continue;
        unsigned values = both(rules, one, other, i);
        if (values < 2)
            continue;
        if (rule->unique)
            return TP_AGAINST_UNIQUE;
        single = single || (merging && rule->single && brings_together(one, other, i, values));
        limit = limit || values > rule->limit;
    }
    if (one->strongest < strength && other->strongest < strength)
        return TP_AGAINST_WEAKER;
    return single ? TP_AGAINST_SINGLE : limit ? TP_AGAINST_LIMIT : TP_AGAINST_NOTHING;
}

enum tp_against tp_rules_attach(const struct tp_rules *rules, struct tp_str one, struct tp_identifier identifier,
                                struct tp_str by) {
    char line[2 * TP_MAX_IDENTIFIER_BYTES + 2];
    int len = snprintf(line, sizeof line, "%.*s\t%.*s\n", TP_FMT(identifier.type), TP_FMT(identifier.value));
    const struct side side = side_of(rules, one), other = side_of(rules, (struct tp_str){line, (size_t)len});
    return has(&side, identifier) ? TP_AGAINST_NOTHING : against(rules, &side, &other, by, false);
}

enum tp_against tp_rules_merge(const struct tp_rules *rules, struct tp_str one, struct tp_str other, struct tp_str by,
                               unsigned merges) {
    const struct side side = side_of(rules, one), second = side_of(rules, other);
    enum tp_against found = against(rules, &side, &second, by, true);
    return found || merges < rules->merges_per_minute ? found : TP_AGAINST_RATE;
}

/* ---- splits ---- */

/* "MEMBER TAB MERGE TAB SIDE TAB", of the other side. */
static bool has_other_side(struct tp_str notes, struct tp_str member, struct tp_str merge, char side) {
    struct tp_buf needle = TP_BUF_INIT;
    tp_buf_addf(&needle, "\t%.*s\t%.*s\t%c\t", TP_FMT(member), TP_FMT(merge), side == 'm' ? 's' : 'm');
    bool has = needle.failed || memmem(notes.at, notes.len, needle.at, needle.len) != NULL;
    tp_buf_free(&needle);
    return has;
}

bool tp_rules_split(struct tp_str one, struct tp_str other) {
    while (one.len > 0 && other.len > 0) {
        struct tp_str note = tp_str_cut(&one, '\n');
        tp_str_cut(&note, '\t'); /* the holder */
        struct tp_str member = tp_str_cut(&note, '\t'), merge = tp_str_cut(&note, '\t');
        if (note.len > 0 && has_other_side(other, member, merge, note.at[0]))
            return true;
    }
    return false;
}
