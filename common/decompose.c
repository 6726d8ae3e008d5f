/* What was composed, taken apart. The document is parsed for what its members say; where they stand is found in the
 * text, member by member, since the stored JSON must come back as it was, byte by byte. */
#include "common/interaction.h"

#include "common/error.h"
#include "common/json_scan.h"
#include "common/time.h"
#include "common/uuid.h"

enum { MOST_DEPTH = 514 }; /* normalize.max_depth at its most */

#define ID     TP_STR("\"id\":\"")
#define CHANGE TP_STR("\"change\":")

/* ---- the text ---- */

/* The length of the value that the text begins with; it is known to be JSON without blanks. */
static size_t value_len(struct tp_str text) {
    size_t depth = 0, i = 0;
    for (; i < text.len; i++) {
        char byte = text.at[i];
        if (byte == '"')
            i += tp_json_string_len(tp_json_from(text, i)) - 1;
        else if (byte == '{' || byte == '[')
            depth++;
        else if (depth == 0 && (byte == ',' || byte == '}'))
            return i;
        else if (byte == '}' || byte == ']')
            depth--;
    }
    return i;
}

/* The value of a member of the whole; without bytes when there is none. */
static struct tp_str find_member(struct tp_str object, const char *name) {
    struct tp_str rest = tp_json_from(object, 1);
    while (rest.len > 0 && rest.at[0] == '"') {
        struct tp_str key = {rest.at + 1, tp_json_string_len(rest) - 2};
        rest = tp_json_from(rest, key.len + 3); /* its quotes and the colon */
        struct tp_str value = {rest.at, value_len(rest)};
        if (tp_str_is(key, name))
            return value;
        rest = tp_json_from(rest, value.len + 1);
    }
    return (struct tp_str){0};
}

/* How many bytes were put in at the front of the customer: id and change, each with its comma. 0 when they are not
 * there.
 */
static size_t spliced_len(struct tp_str customer, struct tp_str customer_id) {
    size_t len = ID.len + customer_id.len + 2; /* a quote and a comma */
    if (customer.len < len + 2 || memcmp(customer.at + 1, ID.at, ID.len) != 0)
        return 0;
    struct tp_str rest = tp_json_from(customer, 1 + len);
    if (!tp_str_begins(rest, CHANGE.at))
        return len;
    size_t change = CHANGE.len + value_len(tp_json_from(rest, CHANGE.len)) + 1;
    return change < rest.len ? len + change : 0;
}

/* The json as it was before the customer's id, the change and the context were put in. */
static int take_out(struct tp_str composed, struct tp_decomposed *decomposed) {
    struct tp_str customer = find_member(composed, "customer"), context = find_member(composed, "context");
    size_t spliced = customer.at ? spliced_len(customer, decomposed->resolved.customer_id) : 0;
    if (spliced == 0 || !context.at || context.at < customer.at ||
        context.at + context.len + 1 != composed.at + composed.len)
        return TP_ECORRUPT;
    size_t customer_at = (size_t)(customer.at + 1 - composed.at);
    const char *tail = composed.at + customer_at + spliced, *end = context.at - strlen(",\"context\":");
    if (*tail != '"')
        return TP_ECORRUPT; /* a blank, which nothing of ours has */
    tp_buf_add(&decomposed->text, composed.at, customer_at);
    tp_buf_add(&decomposed->text, tail, (size_t)(end - tail));
    tp_buf_addc(&decomposed->text, '}');
    decomposed->context = context;
    decomposed->interaction.json = tp_buf_str(&decomposed->text);
    decomposed->interaction.customer_at = customer_at;
    return decomposed->text.failed || decomposed->merged.failed ? TP_ENOMEM : 0;
}

/* So that nothing of what is read here rests on a guess. */
static int compare(struct tp_str composed, const struct tp_decomposed *decomposed) {
    const struct tp_interaction *interaction = &decomposed->interaction;
    struct tp_buf again = TP_BUF_INIT;
    tp_interaction_compose(interaction->json, interaction->customer_at, &decomposed->resolved, decomposed->context,
                           &again);
    int error = again.failed ? TP_ENOMEM : tp_str_equal(tp_buf_str(&again), composed) ? 0 : TP_ECORRUPT;
    tp_buf_free(&again);
    return error;
}

/* ---- what its members say ---- */

static bool read_string(const json_t *object, const char *name, size_t most, struct tp_str *ret) {
    const json_t *value = json_object_get(object, name);
    *ret = (struct tp_str){json_string_value(value), json_string_length(value)};
    return ret->len > 0 && ret->len <= most;
}

static bool read_time(const json_t *object, const char *name, int64_t *ret_ms) {
    struct tp_str text;
    return read_string(object, name, TP_TIME_TEXT, &text) && tp_time_parse(text, ret_ms) == 0;
}

/* What is no id, or its own, is nobody's: found when all is composed again. */
static void read_merged(const json_t *change, struct tp_decomposed *decomposed) {
    const json_t *ids = json_object_get(change, "customers");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *id = json_array_get(ids, i);
        struct tp_str text = {json_string_value(id), json_string_length(id)};
        if (text.at && tp_uuid_valid(text) && !tp_str_equal(text, decomposed->resolved.customer_id))
            tp_buf_addstr(&decomposed->merged, text);
    }
    decomposed->resolved.merged = tp_buf_str(&decomposed->merged);
}

/* The same identifiers again, in their order. What is read wrongly is found when all is composed again. */
static void read_change(const json_t *customer, struct tp_resolved *resolved) {
    const json_t *change = json_object_get(customer, "change"), *all = json_object_get(customer, "identifiers");
    const json_t *attached = json_object_get(change, "identifiers");
    struct tp_str kind;
    resolved->created = read_string(change, "kind", SIZE_MAX, &kind) && tp_str_is(kind, "created");
    for (size_t i = 0, found = 0; i < json_array_size(all); i++)
        if (json_equal(json_array_get(all, i), json_array_get(attached, found))) {
            resolved->attached |= UINT32_C(1) << i;
            found++;
        }
}

static bool read_customer(const json_t *customer, struct tp_decomposed *decomposed) {
    struct tp_interaction *interaction = &decomposed->interaction;
    const json_t *list = json_object_get(customer, "identifiers");
    interaction->n_identifiers = json_array_size(list);
    if (interaction->n_identifiers < 1 || interaction->n_identifiers > TP_MAX_IDENTIFIERS ||
        !read_string(customer, "id", TP_UUID_TEXT, &decomposed->resolved.customer_id))
        return false;
    bool sound = tp_uuid_valid(decomposed->resolved.customer_id);
    read_change(customer, &decomposed->resolved);
    read_merged(json_object_get(customer, "change"), decomposed);
    for (size_t i = 0; sound && i < interaction->n_identifiers; i++) {
        const json_t *identifier = json_array_get(list, i);
        sound = read_string(identifier, "type", TP_MAX_IDENTIFIER_BYTES, &interaction->identifiers[i].type) &&
                read_string(identifier, "value", TP_MAX_IDENTIFIER_BYTES, &interaction->identifiers[i].value);
    }
    return sound;
}

static void read_version(const json_t *root, struct tp_interaction *interaction) {
    const json_t *version = json_object_get(root, "version");
    json_int_t number = json_integer_value(version);
    interaction->has_version = json_is_integer(version) && number >= 0 && number <= TP_MAX_VERSION;
    interaction->version = interaction->has_version ? (uint64_t)number : 0;
}

static bool read_members(const json_t *root, struct tp_decomposed *decomposed) {
    struct tp_interaction *interaction = &decomposed->interaction;
    return json_integer_value(json_object_get(root, "schema")) == TP_SCHEMA_VERSION &&
           read_string(root, "source", TP_MAX_SOURCE_BYTES, &interaction->source) &&
           read_string(root, "id", TP_MAX_ID_BYTES, &interaction->id) &&
           read_string(root, "channel", SIZE_MAX, &interaction->channel) &&
           read_string(root, "type", SIZE_MAX, &interaction->type) && read_time(root, "time", &interaction->time_ms) &&
           read_time(root, "received_at", &interaction->received_ms) &&
           read_customer(json_object_get(root, "customer"), decomposed);
}

/* ---- the public face ---- */

int tp_interaction_decompose(struct tp_str composed, struct tp_decomposed *ret) {
    struct tp_json_error why;
    struct tp_decomposed decomposed = {0};
    int error = tp_json_parse(composed, MOST_DEPTH, &decomposed.json, &why);
    if (error)
        return error == TP_ENOMEM ? error : TP_ECORRUPT;
    if (composed.at[0] != '{' || !read_members(decomposed.json.root, &decomposed))
        error = TP_ECORRUPT;
    if (!error)
        error = take_out(composed, &decomposed);
    if (!error)
        error = compare(composed, &decomposed);
    if (error) {
        tp_decomposed_free(&decomposed);
        return error;
    }
    read_version(decomposed.json.root, &decomposed.interaction);
    tp_interaction_set_keys(&decomposed.interaction);
    *ret = decomposed;
    return 0;
}

void tp_decomposed_free(struct tp_decomposed *decomposed) {
    if (!decomposed)
        return;
    tp_json_free(&decomposed->json);
    tp_buf_free(&decomposed->text);
    tp_buf_free(&decomposed->merged);
}
