/* From a record of the interactions topic to what is put back. What the record's value does not tell stands in its
 * headers: whose record it was and which, what its content was, and which identifiers are another customer's. */
#include "daemon/restore/internal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/error.h"
#include "daemon/context/context.h"

static bool read_number(const struct tp_kafka_message *message, const char *name, int base, uint64_t most,
                        uint64_t *ret) {
    struct tp_str text = tp_kafka_message_header(message, name);
    char digits[24], *end;
    if (text.len == 0 || text.len >= sizeof digits)
        return false;
    memcpy(digits, text.at, text.len);
    digits[text.len] = '\0';
    *ret = strtoull(digits, &end, base);
    return *end == '\0' && *ret <= most;
}

static bool read_headers(const struct tp_kafka_message *message, struct tp_restore_record *record) {
    struct tp_str node = tp_kafka_message_header(message, "tp_node");
    uint64_t others = 0;
    if (!tp_uuid_valid(node) ||
        !read_number(message, "tp_record", 10, (UINT64_C(1) << 48) - 1, &record->entry.append.record) ||
        !read_number(message, "tp_content", 16, UINT64_MAX, &record->decomposed.interaction.content))
        return false;
    if (tp_kafka_message_header(message, "tp_others").at && !read_number(message, "tp_others", 10, UINT32_MAX, &others))
        return false;
    memcpy(record->node, node.at, node.len);
    record->entry.node = tp_str(record->node);
    record->entry.append.others = (uint32_t)others;
    return true;
}

/* One that was told by its bare id was taken when its version said nothing. */
static void read_key(const struct tp_kafka_message *message, struct tp_interaction *interaction) {
    if (interaction->has_version && tp_str_equal(tp_kafka_message_header(message, "ce_id"), interaction->id)) {
        interaction->has_version = false;
        tp_interaction_set_keys(interaction);
    }
}

/* What it brought to the state, and what that was before. */
static int read_state(struct tp_restore_record *record) {
    const struct tp_interaction *interaction = &record->decomposed.interaction;
    const struct tp_context_event event = {interaction->id, interaction->channel, interaction->type,
                                           interaction->time_ms};
    const json_t *context = json_object_get(record->decomposed.json.root, "context");
    struct tp_append *append = &record->entry.append;
    int error =
        tp_context_read(context, &event, &record->entry.sequence, &record->last, &record->counts, &record->versions);
    if (error)
        return error;
    size_t last_len = tp_context_bring(&event, &record->brought);
    if (record->brought.failed)
        return TP_ENOMEM;
    append->last = (struct tp_str){record->brought.at, last_len};
    append->changes[0] = (struct tp_state_change){
        TP_STATE_ADD, {record->brought.at + last_len, record->brought.len - last_len}, TP_STR("1")};
    append->n_changes = 1;
    record->entry.last = tp_buf_str(&record->last);
    record->entry.counts = tp_buf_str(&record->counts);
    record->entry.versions = tp_buf_str(&record->versions);
    return 0;
}

int tp_restore_record_new(const struct tp_kafka_message *message, struct tp_restore_record **ret) {
    struct tp_restore_record *record = calloc(1, sizeof *record);
    if (!record)
        return TP_ENOMEM;
    int error = tp_interaction_decompose(message->value, &record->decomposed);
    if (!error)
        error = read_headers(message, record) ? read_state(record) : TP_ECORRUPT;
    if (!error)
        read_key(message, &record->decomposed.interaction);
    if (error) {
        tp_restore_record_free(record);
        return error;
    }
    record->entry.append.interaction = &record->decomposed.interaction;
    record->entry.append.customer_id = record->decomposed.resolved.customer_id;
    record->entry.attached = record->decomposed.resolved.attached;
    record->entry.merged = record->decomposed.resolved.merged;
    *ret = record;
    return 0;
}

static struct tp_str text_of(const json_t *object, const char *name) {
    const json_t *text = json_object_get(object, name);
    return (struct tp_str){json_string_value(text), json_string_length(text)};
}

/* What names none of the event's values is none of ours. */
static bool is_named(const struct tp_interaction *interaction, struct tp_identifier identifier) {
    for (size_t i = 0; i < interaction->n_identifiers; i++)
        if (tp_str_equal(interaction->identifiers[i].type, identifier.type) &&
            tp_str_equal(interaction->identifiers[i].value, identifier.value))
            return true;
    return false;
}

bool tp_restore_record_demoted(const struct tp_restore_record *record, size_t *i, struct tp_identifier *ret,
                               struct tp_str *ret_customer) {
    const json_t *customer = json_object_get(record->decomposed.json.root, "customer");
    const json_t *conflict = json_object_get(customer, "conflict");
    while (*i < json_array_size(conflict)) {
        const json_t *one = json_array_get(conflict, (*i)++);
        *ret = (struct tp_identifier){text_of(one, "type"), text_of(one, "value")};
        *ret_customer = text_of(one, "customer");
        if (tp_str_is(text_of(one, "reason"), "shared") && ret_customer->at && tp_uuid_valid(*ret_customer) &&
            is_named(&record->decomposed.interaction, *ret))
            return true;
    }
    return false;
}

void tp_restore_record_free(struct tp_restore_record *record) {
    if (!record)
        return;
    tp_decomposed_free(&record->decomposed);
    tp_buf_free(&record->brought);
    tp_buf_free(&record->last);
    tp_buf_free(&record->counts);
    tp_buf_free(&record->versions);
    free(record);
}
