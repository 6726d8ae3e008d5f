/* To Kafka: the enriched interaction, or what is said of a record that is refused. The producer waits out every outage
 * by itself, so there are three answers only: it has it, it is full, it will never take this one. */
#include "daemon/pipeline/internal.h"

#include <inttypes.h>

#include "common/error.h"
#include "daemon/metrics/metrics.h"

void tp_outbox_add(struct tp_delivery *delivery, struct tp_item *item) {
    struct tp_outbox *outbox = &delivery->outbox;
    item->stage = TP_AT_KAFKA;
    item->next_out = NULL;
    *outbox->newest = item;
    outbox->newest = &item->next_out;
}

static void say_rejected(struct tp_outbox *outbox, const struct tp_item *item) {
    if (item->error == TP_EIDREUSED) {
        tp_log_limited(&outbox->said_reused, 10, TP_LOG_WARNING, "id_reused", "stage=timeline record=%" PRIu64,
                       item->record);
        return;
    }
    tp_metrics_add(TP_M_DELIVERY_UNDELIVERABLE, 1);
    tp_log_limited(&outbox->said_undeliverable, 10, TP_LOG_ERROR, "undeliverable",
                   "stage=delivery record=%" PRIu64 " reason=%s", item->record, tp_error_code(item->error));
}

/* A rejection that the broker does not take either goes there without its payload; when even that fails, nothing more
 * can be done than to say so. */
void tp_outbox_reject(struct tp_delivery *delivery, struct tp_item *item, int error) {
    bool again = item->is_rejection;
    if (again && item->rejection.payload.len == 0) {
        tp_log(TP_LOG_ERROR, "record_lost", "stage=kafka record=%" PRIu64 " reason=%s", item->record,
               tp_error_code(error));
        tp_delivery_end(delivery, item, TP_WAS_REFUSED);
        return;
    }
    tp_item_reject(item, error, again);
    if (!again)
        say_rejected(&delivery->outbox, item);
    tp_outbox_add(delivery, item);
}

static struct tp_item *take_oldest(struct tp_outbox *outbox) {
    struct tp_item *item = outbox->oldest;
    if (!item)
        return NULL;
    outbox->oldest = item->next_out;
    if (!outbox->oldest)
        outbox->newest = &outbox->oldest;
    return item;
}

static void put_back(struct tp_outbox *outbox, struct tp_item *item) {
    item->next_out = outbox->oldest;
    if (!outbox->oldest)
        outbox->newest = &item->next_out;
    outbox->oldest = item;
}

/* Nothing overtakes one that waits for room. An item is off the list before the producer sees it, since the producer
 * may refuse it, or others, while it is being asked. */
void tp_outbox_go_on(struct tp_delivery *delivery) {
    struct tp_outbox *outbox = &delivery->outbox;
    for (struct tp_item *item; (item = take_oldest(outbox));) {
        int status = tp_item_produce(item, outbox->kafka, delivery->node);
        if (status == TP_EFULL || status == TP_ENOMEM) {
            put_back(outbox, item);
            return;
        }
        if (status < 0)
            tp_outbox_reject(delivery, item, status);
    }
}

static void on_produced(void *arg, void *record, int status) {
    struct tp_delivery *delivery = arg;
    struct tp_item *item = record;
    if (status == 0 && !item->is_rejection)
        tp_item_observe(item, TP_H_DELIVERY);
    if (status < 0)
        tp_outbox_reject(delivery, item, status);
    else
        tp_delivery_end(delivery, item, item->is_rejection ? TP_WAS_REFUSED : TP_DELIVERED);
    if (status < 0 || delivery->window.oldest == item)
        tp_delivery_soon(delivery);
}

static void on_room(void *arg) { tp_delivery_soon(arg); }

int tp_outbox_open(struct tp_delivery *delivery, struct tp_buf *fault) {
    struct tp_outbox *outbox = &delivery->outbox;
    const struct tp_kafka_options options = {.settings = delivery->options.settings,
                                             .base = tp_loop_base(delivery->loop),
                                             .on_done = on_produced,
                                             .on_room = on_room,
                                             .arg = delivery};
    outbox->newest = &outbox->oldest;
    return tp_kafka_open(&options, fault, &outbox->kafka);
}

void tp_outbox_close(struct tp_delivery *delivery) { tp_kafka_close(delivery->outbox.kafka); }
