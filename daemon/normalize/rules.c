/* The rules of an interaction as it is sent, in the order in which it is forwarded. config/interaction.schema.json says
 * the same in JSON Schema, and tests/cases/interaction.json holds both to one verdict: change all three together.
 *
 * Lengths are characters (Unicode code points), as JSON Schema counts. Only the id is bounded in bytes as well, since
 * it goes into keys. */
#include "daemon/normalize/internal.h"

#define TEN_YEARS  315360000.0        /* seconds */
#define MOST_WHOLE 9007199254740991.0 /* what every JSON reader can hold: 2^53 - 1 */

#define NAME(literal)      .name = {literal, sizeof(literal) - 1}
#define LINE(from, to)     .kind = TP_RULE_LINE, .least = (from), .most = (to)
#define TEXT(from, to)     .kind = TP_RULE_TEXT, .least = (from), .most = (to)
#define WORD(words)        .kind = TP_RULE_WORD, .expected = (words)
#define NUMBER(from, to)   .kind = TP_RULE_NUMBER, .least = (from), .most = (to)
#define WHOLE(from, to)    .kind = TP_RULE_WHOLE, .least = (from), .most = (to)
#define FORM(check, words) .form = (check), .expected = (words)
#define OBJECT(of)         .kind = TP_RULE_OBJECT, .members = &(of)
#define REQUIRED           .need = TP_RULE_REQUIRED
#define OF_ANY             .of = TP_RULE_OF_ANY
#define ONE_OF             .need = TP_RULE_ONE_OF
#define RULES(array)       .n = sizeof(array) / sizeof((array)[0]), .rules = (array)

static const struct tp_rule issue_rules[] = {
    {NAME("id"), LINE(1, 256)},
    {NAME("topic"), LINE(1, 256)},
    {NAME("status"), WORD("open, resolved")},
    {NAME("resolution"), LINE(1, 1024)},
};
static const struct tp_rules issue = {RULES(issue_rules), .least_members = 1};

static const struct tp_rule feedback_rules[] = {
    {NAME("csat"), NUMBER(0, 100), ONE_OF},
    {NAME("nps"), NUMBER(0, 10), ONE_OF},
    {NAME("ces"), NUMBER(0, 100), ONE_OF},
    {NAME("scale"), NUMBER(1, 100)},
};
static const struct tp_rules feedback = {RULES(feedback_rules)};

static const struct tp_rule sentiment_rules[] = {
    {NAME("score"), NUMBER(-1, 1), REQUIRED},
};
static const struct tp_rules sentiment = {RULES(sentiment_rules)};

static const struct tp_rule interaction_rules[] = {
    {NAME("id"), OF_ANY, LINE(1, 256), REQUIRED, .most_bytes = TP_MAX_ID_BYTES},
    {NAME("source"), OF_ANY, LINE(1, 256), REQUIRED, FORM(tp_form_is_source, "printable characters without blanks")},
    {NAME("channel"), OF_ANY, LINE(1, 32), REQUIRED,
     FORM(tp_form_is_channel, "a lower-case word such as call_centre, web, email")},
    {NAME("type"), OF_ANY, LINE(1, 128), REQUIRED,
     FORM(tp_form_is_type, "words of letters, digits and _ joined by . or -, such as call.started")},
    {NAME("time"), OF_ANY, .kind = TP_RULE_TIME, REQUIRED},
    {NAME("direction"), WORD("inbound, outbound, internal")},
    {NAME("conversation"), LINE(1, 256)},
    {NAME("agent"), LINE(1, 256)},
    {NAME("queue"), LINE(1, 256)},
    {NAME("department"), LINE(1, 256)},
    {NAME("wait_s"), NUMBER(0, TEN_YEARS)},
    {NAME("duration_s"), NUMBER(0, TEN_YEARS)},
    {NAME("outcome"), LINE(1, 256)},
    {NAME("issue"), OBJECT(issue)},
    {NAME("feedback"), OBJECT(feedback)},
    {NAME("sentiment"), OBJECT(sentiment)},
    {NAME("subject"), LINE(0, 1024)},
    {NAME("text"), TEXT(0, 65536)},
    {NAME("segment"), LINE(1, 256)},
    {NAME("version"), WHOLE(0, MOST_WHOLE)},
    {NAME("attributes"), .kind = TP_RULE_FREE, .most = 256},
    {NAME("traits"), .of = TP_RULE_OF_IDENTIFY, .kind = TP_RULE_TRAITS},
    {NAME("customer"), OF_ANY, .kind = TP_RULE_CUSTOMER, REQUIRED}, /* the last: identity writes into it */
};
const struct tp_rules tp_rules_interaction = {RULES(interaction_rules)};

static const struct tp_rule identifier_rules[] = {
    {NAME("type"), LINE(1, 256), REQUIRED}, /* and one of those configured */
    {NAME("value"), LINE(1, TP_MAX_IDENTIFIER_BYTES), REQUIRED},
    {NAME("scope"), LINE(1, TP_MAX_SCOPE),
     FORM(tp_form_is_scope, "letters, digits, ., _ and -")}, /* where its type has them */
};
const struct tp_rules tp_rules_identifier = {RULES(identifier_rules)};

const struct tp_rule *tp_rules_find(const struct tp_rules *rules, struct tp_str name) {
    for (size_t i = 0; i < rules->n; i++)
        if (tp_str_equal(rules->rules[i].name, name))
            return &rules->rules[i];
    return NULL;
}
