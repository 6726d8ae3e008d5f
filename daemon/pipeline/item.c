#include "daemon/pipeline/item.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/context/context.h"

static int unpack(struct tp_item *item, enum tp_record_type type) {
    if (type == TP_RECORD_INTERACTION)
        return tp_interaction_unpack(tp_buf_str(&item->packed), &item->interaction);
    item->is_rejection = true;
    return type == TP_RECORD_REJECTION ? tp_rejection_unpack(tp_buf_str(&item->packed), &item->rejection) : TP_ECORRUPT;
}

struct tp_item *tp_item_new(const struct tp_journal_record *record) {
    struct tp_item *item = calloc(1, sizeof *item);
    if (!item)
        return NULL;
    item->record = record->number;
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
    tp_buf_free(&item->changes);
    tp_buf_free(&item->out);
    tp_buf_free(&item->waited);
    free(item);
}

void tp_item_observe(const struct tp_item *item, enum tp_histogram histogram) {
    tp_metrics_observe(histogram, 1000 * (tp_time_now_ms() - item->interaction.received_ms));
}

/* ---- what an interaction changes in its customer's state; context.h says what reads it ---- */

static struct tp_context_event event_of(const struct tp_interaction *interaction) {
    return (struct tp_context_event){interaction->id, interaction->channel, interaction->type, interaction->time_ms};
}

void tp_item_prepare_append(struct tp_item *item) {
    const struct tp_interaction *interaction = &item->interaction;
    const struct tp_context_event event = event_of(interaction);
    struct tp_buf *text = &item->changes;
    tp_buf_clear(text);
    size_t last_len = tp_context_bring(&event, text);
    item->append = (struct tp_append){
        .interaction = interaction,
        .customer_id = tp_str(item->customer_id),
        .record = item->record,
        .alone = item->tries > 0,
        .last = {text->at, last_len},
        .changes = {{TP_STATE_ADD, {text->at + last_len, text->len - last_len}, TP_STR("1")}},
        .n_changes = 1,
    };
}

/* ---- what goes to Kafka ---- */

int tp_item_enrich(struct tp_item *item, const struct tp_entry *entry) {
    const struct tp_interaction *interaction = &item->interaction;
    const struct tp_context_event event = event_of(interaction);
    struct tp_buf context = TP_BUF_INIT;
    int status = tp_context_write(&event, entry->sequence, entry->before, &context);
    tp_buf_clear(&item->out);
    if (status == 0)
        tp_interaction_compose(entry->json, entry->customer_at, tp_str(item->customer_id), tp_buf_str(&context),
                               &item->out);
    tp_buf_free(&context);
    return status < 0 ? status : item->out.failed ? TP_ENOMEM : 0;
}

void tp_item_reject(struct tp_item *item, int error, bool bare) {
    if (!item->is_rejection) {
        item->rejection = (struct tp_rejection){
            .source = item->interaction.source,
            .id = item->interaction.id,
            .code = tp_str(tp_error_code(error)),
            .message = tp_str(tp_error_text(error)),
            .payload = item->interaction.json,
            .received_ms = item->interaction.received_ms,
        };
        item->is_rejection = true;
        item->error = error;
    }
    if (bare)
        item->rejection.payload.len = 0;
    tp_buf_clear(&item->out);
    tp_rejection_json(&item->rejection, &item->out);
}

int tp_item_produce(struct tp_item *item, struct tp_kafka *kafka, const char *node) {
    char record[24], time[TP_TIME_TEXT], content[17], others[TP_DECIMAL];
    snprintf(record, sizeof record, "%" PRIu64, item->record);
    snprintf(content, sizeof content, "%016" PRIx64, item->interaction.content);
    if (item->is_rejection) {
        const struct tp_kafka_header headers[] = {
            {"content-type", TP_STR("application/json")}, {"tp_node", tp_str(node)}, {"tp_record", tp_str(record)}};
        return tp_kafka_produce(kafka, TP_TOPIC_REJECTED, item->rejection.source, &item->out, headers, 3, item);
    }
    const struct tp_interaction *interaction = &item->interaction;
    tp_time_format(interaction->time_ms, time);
    const struct tp_kafka_header headers[] = {
        {"ce_specversion", TP_STR("1.0")},  {"ce_id", interaction->id},
        {"ce_source", interaction->source}, {"ce_type", interaction->type},
        {"ce_time", tp_str(time)},          {"content-type", TP_STR("application/json")},
        {"tp_node", tp_str(node)},          {"tp_record", tp_str(record)},
        {"tp_content", tp_str(content)},    {"tp_others", tp_decimal(item->append.others, others)},
    };
    size_t n_headers = sizeof headers / sizeof headers[0] - (item->append.others == 0);
    return tp_kafka_produce(kafka, TP_TOPIC_INTERACTIONS, tp_str(item->customer_id), &item->out, headers, n_headers,
                            item);
}
