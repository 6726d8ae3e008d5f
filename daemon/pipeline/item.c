#include "daemon/pipeline/item.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/time.h"
#include "common/traits.h"
#include "daemon/context/context.h"
#include "daemon/pipeline/told.h"

static int unpack(struct tp_item *item, enum tp_record_type type) {
    if (type == TP_RECORD_SPLIT && tp_split_unpack(tp_buf_str(&item->packed), &item->split) == 0) {
        item->is_split = true;
        return 0;
    }
    if (type == TP_RECORD_INTERACTION) {
        int status = tp_interaction_unpack(tp_buf_str(&item->packed), &item->interaction);
        item->sent = item->interaction.json;
        return status;
    }
    item->is_rejection = true;
    return type == TP_RECORD_REJECTION ? tp_rejection_unpack(tp_buf_str(&item->packed), &item->rejection) : TP_ECORRUPT;
}

struct tp_item *tp_item_new(const struct tp_journal_record *record) {
    struct tp_item *item = calloc(1, sizeof *item);
    if (!item)
        return NULL;
    item->record = record->number;
    item->received_ms = record->received_ms;
    tp_buf_addstr(&item->packed, record->payload);
    if (item->packed.failed) {
        tp_item_free(item);
        return NULL;
    }
    if (unpack(item, record->type) < 0) {
        item->is_rejection = true;
        item->rejection = (struct tp_rejection){
            .source = TP_STR("touchpointd"),
            .code = tp_str(tp_error_code(TP_ECORRUPT)),
            .message = TP_STR("a record of the journal that this version cannot read"),
            .payload = tp_buf_str(&item->packed),
            .received_ms = record->received_ms,
        };
    }
    return item;
}

void tp_item_free(struct tp_item *item) {
    if (!item)
        return;
    tp_buf_free(&item->packed);
    tp_buf_free(&item->told);
    tp_buf_free(&item->changes);
    tp_buf_free(&item->out);
    tp_buf_free(&item->mapping);
    for (size_t i = 0; i < TP_TIMELINE_MOST_TOLD; i++)
        tp_buf_free(&item->merged[i].mapping);
    tp_buf_free(&item->noted.key);
    tp_buf_free(&item->noted.value);
    tp_buf_free(&item->waited);
    free(item);
}

void tp_item_observe(const struct tp_item *item, enum tp_histogram histogram) {
    tp_metrics_observe(histogram, 1000 * (tp_time_now_ms() - item->received_ms));
}

/* ---- what an interaction changes in its customer's state; context.h says what reads it ---- */

static struct tp_context_event event_of(const struct tp_interaction *interaction) {
    return (struct tp_context_event){interaction->id, interaction->channel, interaction->type, interaction->time_ms};
}

/* From then on it is what was said of it; it may be told otherwise when it is placed again. */
static void tell_conflict(struct tp_item *item, struct tp_str conflict) {
    struct tp_interaction *interaction = &item->interaction;
    tp_buf_clear(&item->told);
    interaction->json = item->sent;
    if (conflict.len == 0)
        return;
    if (interaction->identifies) {
        tp_buf_addstr(&item->told, conflict);
        return;
    }
    tp_interaction_put_conflict(item->sent, interaction->customer_at, conflict, &item->told);
    interaction->json = tp_buf_str(&item->told);
}

/* One that identifies is no part of the customer's history. */
static void prepare_changes(struct tp_item *item) {
    struct tp_append *append = &item->append;
    struct tp_buf *text = &item->changes;
    tp_buf_clear(text);
    if (item->interaction.identifies)
        return;
    const struct tp_context_event event = event_of(&item->interaction);
    size_t last_len = tp_context_bring(&event, text);
    append->last = (struct tp_str){text->at, last_len};
    append->changes[0] =
        (struct tp_state_change){TP_STATE_ADD, {text->at + last_len, text->len - last_len}, TP_STR("1")};
    append->n_changes = 1;
}

int tp_item_prepare_append(struct tp_item *item, struct tp_str conflict) {
    tell_conflict(item, conflict);
    item->append = (struct tp_append){
        .interaction = &item->interaction,
        .customer_id = tp_str(item->customer_id),
        .record = item->record,
        .alone = item->tries > 0,
    };
    prepare_changes(item);
    return item->changes.failed || item->told.failed ? TP_ENOMEM : 0;
}

/* ---- what goes to Kafka ---- */

/* Of a retry, that which is stored: it was sent without a time, perhaps, and received at another. */
static int64_t time_of(const struct tp_item *item, const struct tp_entry *entry) {
    int64_t ms = item->interaction.time_ms;
    if (entry->json.at == item->interaction.json.at)
        return ms; /* appended just now: nearly always */
    json_t *root = json_loadb(entry->json.at, entry->json.len, 0, NULL);
    const json_t *time = json_object_get(root, "time");
    (void)tp_time_parse((struct tp_str){json_string_value(time), json_string_length(time)}, &ms);
    json_decref(root);
    return ms;
}

static int write_interaction(struct tp_item *item, const struct tp_entry *entry, const struct tp_resolved *resolved,
                             int64_t time_ms) {
    struct tp_context_event event = event_of(&item->interaction);
    struct tp_buf context = TP_BUF_INIT;
    event.time_ms = time_ms;
    int status = tp_context_write(&event, entry->sequence, entry->before, &context);
    tp_buf_clear(&item->out);
    if (status == 0)
        tp_interaction_compose(entry->json, entry->customer_at, resolved, tp_buf_str(&context), &item->out);
    tp_buf_free(&context);
    return status < 0 ? status : item->out.failed ? TP_ENOMEM : 0;
}

static void write_cause(const struct tp_interaction *interaction, int64_t time_ms, struct tp_buf *out) {
    tp_told_cause(interaction->source, interaction->id, time_ms, out);
}

/* What is known of the customer now: of one that was merged since, only where it leads. */
static int write_known(const struct tp_item *item, const struct tp_entry *entry, struct tp_buf *out) {
    const struct tp_told told = {tp_str(item->customer_id),
                                 entry->redirect,
                                 entry->last_sequence,
                                 entry->mapping,
                                 entry->members,
                                 entry->traits};
    tp_buf_clear(out);
    int status = tp_told_begin(&told, out);
    tp_buf_adds(out, ",\"change\":");
    return status;
}

/* The customer as a whole, and what changed and why. Empty where nothing did. */
static int write_mapping(struct tp_item *item, const struct tp_entry *entry, const struct tp_resolved *resolved,
                         int64_t time_ms) {
    struct tp_buf *out = &item->mapping, cause = TP_BUF_INIT;
    tp_buf_clear(out);
    if (!tp_resolved_changed(resolved))
        return 0;
    write_cause(&item->interaction, time_ms, &cause);
    int status = write_known(item, entry, out);
    tp_interaction_write_change(entry->json, entry->customer_at, resolved, tp_buf_str(&cause), out);
    tp_buf_addc(out, '}');
    out->failed = out->failed || cause.failed;
    tp_buf_free(&cause);
    return status < 0 ? status : out->failed ? TP_ENOMEM : 0;
}

/* All that becomes of one that identifies: the customer as a whole, and what was said. */
static int write_identified(struct tp_item *item, const struct tp_entry *entry) {
    const struct tp_interaction *interaction = &item->interaction;
    struct tp_buf *out = &item->out;
    int status = write_known(item, entry, out);
    tp_buf_adds(out, "{\"kind\":\"identified\",\"identifiers\":");
    tp_interaction_write_attached(entry->json, entry->customer_at, entry->attached, out);
    if (interaction->traits.len > 0) {
        tp_buf_adds(out, ",\"traits\":");
        tp_traits_write_names(interaction->traits, out);
    }
    if (item->told.len > 0)
        tp_buf_addf(out, ",\"conflict\":[%.*s]", TP_FMT(tp_buf_str(&item->told)));
    write_cause(interaction, interaction->time_ms, out);
    tp_buf_adds(out, "}}");
    return status < 0 ? status : out->failed ? TP_ENOMEM : 0;
}

/* Of each that was merged into it: where it leads. What it had is the customer's by now. */
static int write_merged(struct tp_item *item, const struct tp_resolved *resolved, int64_t time_ms) {
    struct tp_buf cause = TP_BUF_INIT;
    bool failed = false;
    item->n_merged = resolved->merged.len / (TP_UUID_TEXT - 1);
    if (item->n_merged == 0)
        return 0;
    if (item->n_merged > TP_TIMELINE_MOST_TOLD)
        return TP_ECORRUPT;
    write_cause(&item->interaction, time_ms, &cause);
    for (size_t i = 0; i < item->n_merged; i++) {
        struct tp_buf *out = &item->merged[i].mapping;
        memcpy(item->merged[i].customer_id, resolved->merged.at + i * (TP_UUID_TEXT - 1), TP_UUID_TEXT - 1);
        tp_buf_clear(out);
        tp_told_begin(&(struct tp_told){.customer_id = tp_str(item->merged[i].customer_id),
                                        .redirect = tp_str(item->customer_id)},
                      out);
        tp_buf_addf(out, ",\"change\":{\"kind\":\"merged\",\"into\":\"%s\"", item->customer_id);
        tp_buf_addstr(out, tp_buf_str(&cause));
        tp_buf_adds(out, "}}");
        failed = failed || out->failed || cause.failed;
    }
    tp_buf_free(&cause);
    return failed ? TP_ENOMEM : 0;
}

int tp_item_enrich(struct tp_item *item, const struct tp_entry *entry) {
    if (item->interaction.identifies)
        return write_identified(item, entry);
    const struct tp_resolved resolved = tp_entry_resolved(entry, tp_str(item->customer_id));
    int64_t time_ms = time_of(item, entry);
    int status = write_mapping(item, entry, &resolved, time_ms);
    if (status == 0)
        status = write_merged(item, &resolved, time_ms);
    return status < 0 ? status : write_interaction(item, entry, &resolved, time_ms);
}

static struct tp_str text_of_split(struct tp_item *item) {
    tp_buf_clear(&item->told);
    tp_split_json(&item->split, &item->told);
    return tp_buf_str(&item->told);
}

void tp_item_reject(struct tp_item *item, int error, bool bare) {
    if (!item->is_rejection) {
        item->rejection = (struct tp_rejection){
            .source = item->is_split ? TP_SOURCE_OPERATOR : item->interaction.source,
            .id = item->is_split ? item->split.id : item->interaction.id,
            .code = tp_str(tp_error_code(error)),
            .message = tp_str(tp_error_text(error)),
            .payload = item->is_split ? text_of_split(item) : item->sent,
            .received_ms = item->received_ms,
        };
        item->is_rejection = true;
        item->error = error;
    }
    if (bare)
        item->rejection.payload.len = 0;
    tp_buf_clear(&item->out);
    tp_rejection_json(&item->rejection, &item->out);
}

static int produce_rejection(struct tp_item *item, struct tp_kafka *kafka, const struct tp_kafka_header ours[3]) {
    const struct tp_kafka_piece piece = {TP_TOPIC_REJECTED, item->rejection.source, &item->out, ours, 3};
    return tp_kafka_produce(kafka, &piece, 1, item);
}

static int produce_identified(struct tp_item *item, struct tp_kafka *kafka, const struct tp_kafka_header ours[3]) {
    const struct tp_kafka_piece piece = {TP_TOPIC_CUSTOMERS, tp_str(item->customer_id), &item->out, ours, 3};
    return tp_kafka_produce(kafka, &piece, 1, item);
}

/* With the customer's mapping, where that changed, and of those that were merged into it. */
static int produce_interaction(struct tp_item *item, struct tp_kafka *kafka, const struct tp_kafka_header ours[3]) {
    const struct tp_interaction *interaction = &item->interaction;
    char time[TP_TIME_TEXT], content[17], others[TP_DECIMAL], id[TP_MAX_EVENT_ID_BYTES + 1];
    tp_time_format(interaction->time_ms, time);
    snprintf(content, sizeof content, "%016" PRIx64, interaction->content);
    const struct tp_kafka_header headers[] = {
        {"ce_specversion", TP_STR("1.0")},
        {"ce_id", tp_interaction_event_id(interaction, id)},
        {"ce_source", interaction->source},
        {"ce_type", interaction->type},
        {"ce_time", tp_str(time)},
        ours[0],
        ours[1],
        ours[2],
        {"tp_content", tp_str(content)},
        {"tp_others", tp_decimal(item->append.others, others)},
    };
    size_t n_headers = sizeof headers / sizeof headers[0] - (item->append.others == 0);
    struct tp_str key = tp_str(item->customer_id);
    static_assert(2 + TP_TIMELINE_MOST_TOLD <= TP_KAFKA_MOST_PIECES, "one record has them all");
    struct tp_kafka_piece pieces[2 + TP_TIMELINE_MOST_TOLD] = {
        {TP_TOPIC_INTERACTIONS, key, &item->out, headers, n_headers},
        {TP_TOPIC_CUSTOMERS, key, &item->mapping, ours, 3}};
    size_t n = item->mapping.len > 0 ? 2 : 1;
    for (size_t i = 0; i < item->n_merged; i++)
        pieces[n++] = (struct tp_kafka_piece){TP_TOPIC_CUSTOMERS, tp_str(item->merged[i].customer_id),
                                              &item->merged[i].mapping, ours, 3};
    return tp_kafka_produce(kafka, pieces, n, item);
}

/* Each whom it changed, in one transaction. */
static int produce_split(struct tp_item *item, struct tp_kafka *kafka, const struct tp_kafka_header ours[3]) {
    struct tp_kafka_piece pieces[TP_TIMELINE_MOST_TOLD + 1];
    for (size_t i = 0; i < item->n_merged; i++)
        pieces[i] = (struct tp_kafka_piece){TP_TOPIC_CUSTOMERS, tp_str(item->merged[i].customer_id),
                                            &item->merged[i].mapping, ours, 3};
    pieces[item->n_merged] =
        (struct tp_kafka_piece){TP_TOPIC_CHECKPOINTS, tp_buf_str(&item->noted.key), &item->noted.value, ours, 3};
    return tp_kafka_produce(kafka, pieces, item->n_merged + 1, item);
}

int tp_item_produce(struct tp_item *item, struct tp_kafka *kafka, const char *node) {
    char record[24];
    snprintf(record, sizeof record, "%" PRIu64, item->record);
    const struct tp_kafka_header ours[] = {
        {"content-type", TP_STR("application/json")}, {"tp_node", tp_str(node)}, {"tp_record", tp_str(record)}};
    return item->is_rejection             ? produce_rejection(item, kafka, ours)
           : item->is_split               ? produce_split(item, kafka, ours)
           : item->interaction.identifies ? produce_identified(item, kafka, ours)
                                          : produce_interaction(item, kafka, ours);
}
