/* To Kafka: the enriched interaction, or what is said of a record that is refused. The producer waits out every outage
 * by itself, so there are three answers only: it has it, it is full, it will never take this one.
 *
 * With kafka.transactions nothing goes there before the position was read, and what that has is over. A record counts
 * as done once its transaction is committed, and the position goes along with it. */
#include "daemon/pipeline/internal.h"

#include <inttypes.h>

#include "common/error.h"
#include "daemon/kafka/ledger.h"
#include "daemon/metrics/metrics.h"
#include "daemon/pipeline/fence.h"

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

static bool took_in(const struct tp_item *item, const char *customer_id) {
    for (size_t i = 0; i < item->n_merged; i++)
        if (strcmp(item->merged[i].customer_id, customer_id) == 0)
            return true;
    return false;
}

/* What tells of a merge goes when Kafka has what it was given of those who were merged: else a repair may find that
 * somebody took in one of whom Kafka has nothing, whose identifiers then are nobody's. In a transaction all of this is
 * there at once. */
static bool is_too_early(const struct tp_delivery *delivery, const struct tp_item *item) {
    if (delivery->options.settings->kafka.transactions || item->is_rejection || item->n_merged == 0)
        return false;
    for (const struct tp_item *other = delivery->window.oldest; other; other = other->next)
        if (other->stage == TP_AT_KAFKA && other->out.len == 0 && took_in(item, other->customer_id))
            return true;
    return false;
}

/* Nothing overtakes one that waits for room, or for those whom it took in. An item is off the list before the
 * producer sees it, since the producer may refuse it, or others, while it is being asked. */
void tp_outbox_go_on(struct tp_delivery *delivery) {
    struct tp_outbox *outbox = &delivery->outbox;
    for (struct tp_item *item; outbox->ready && (item = take_oldest(outbox));) {
        if (tp_outbox_has(delivery, item->record)) {
            tp_delivery_end(delivery, item, item->is_rejection ? TP_WAS_REFUSED : TP_DELIVERED);
            continue;
        }
        int status = is_too_early(delivery, item) ? TP_EFULL : tp_item_produce(item, outbox->kafka, delivery->node);
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
    item->in = false;
    if (status == 0 && !item->is_rejection)
        tp_item_observe(item, TP_H_DELIVERY);
    if (status < 0)
        tp_outbox_reject(delivery, item, status);
    else
        tp_delivery_end(delivery, item, item->is_rejection ? TP_WAS_REFUSED : TP_DELIVERED);
    if (status < 0 || delivery->window.oldest == item || delivery->outbox.oldest)
        tp_delivery_soon(delivery);
}

static void on_room(void *arg) { tp_delivery_soon(arg); }

bool tp_outbox_is_empty(const struct tp_delivery *delivery) {
    return !delivery->outbox.oldest && tp_kafka_queued(delivery->outbox.kafka) == 0;
}

void tp_outbox_flush(struct tp_delivery *delivery) { tp_kafka_flush(delivery->outbox.kafka); }

/* ---- the position ---- */

bool tp_outbox_is_in_doubt(const struct tp_delivery *delivery) {
    const struct tp_item *oldest = delivery->window.oldest;
    return !delivery->outbox.ready && oldest && oldest->record < delivery->outbox.read_up_to;
}

bool tp_outbox_has(const struct tp_delivery *delivery, uint64_t record) {
    const struct tp_outbox *outbox = &delivery->outbox;
    return record < outbox->read_up_to && tp_position_has(&outbox->position, record);
}

/* Somebody else has worked under this node's name since we did: whoever started this one does not know that, and must
 * not start it again. */
static int leave_to_another(struct tp_delivery *delivery) {
    tp_fence_close(delivery->options.settings->journal.dir);
    tp_log(TP_LOG_ERROR, "fenced", "stage=kafka node=%s what=%s", delivery->node,
           tp_log_quote(tp_error_text(TP_EFENCED)));
    return TP_EFENCED;
}

/* A repair that we do not know of yet may have ended our transaction, and gone on without it. What is in memory was
 * placed before it; the next life begins with what Kafka has. */
static int begin_another_life(const struct tp_delivery *delivery, uint64_t repair) {
    tp_log(TP_LOG_ERROR, "passed_over", "stage=kafka node=%s repair=%" PRIu64 " what=%s", delivery->node, repair,
           tp_log_quote("a repair of Redis has gone on without this node, which begins again"));
    return TP_EFENCED;
}

static int judge(struct tp_delivery *delivery, const struct tp_position *read, uint64_t repair) {
    const struct tp_outbox *outbox = &delivery->outbox;
    bool ours = strcmp(read->life, outbox->life) == 0 || strcmp(read->life, outbox->position.life) == 0;
    bool known = repair <= outbox->repair || repair <= delivery->placing.repair;
    return !outbox->ready || (ours && known) ? 0
           : ours                            ? begin_another_life(delivery, repair)
                                             : leave_to_another(delivery);
}

static int on_ready(void *arg, struct tp_str text, uint64_t repair) {
    struct tp_delivery *delivery = arg;
    struct tp_outbox *outbox = &delivery->outbox;
    struct tp_position read = {0};
    int status = tp_position_read(text, &read);
    if (status < 0)
        tp_log(TP_LOG_ERROR, "position_unreadable", "stage=kafka node=%s what=%s", delivery->node,
               tp_log_quote(tp_error_text(status)));
    else
        status = judge(delivery, &read, repair);
    if (status < 0) {
        tp_position_free(&read);
        return status;
    }
    tp_position_free(&outbox->position);
    outbox->position = read;
    outbox->repair = repair;
    if (strcmp(read.life, outbox->life) == 0)
        outbox->read_up_to = UINT64_MAX; /* it may have what was accepted in this life */
    outbox->ready = true;
    tp_delivery_soon(delivery);
    return 0;
}

static bool is_committed(void *arg, void *record) {
    const struct tp_delivery *delivery = arg;
    const struct tp_item *item = record;
    return tp_outbox_has(delivery, item->record);
}

static void on_given(void *arg, void *record, bool in) {
    struct tp_item *item = record;
    (void)arg;
    item->in = in;
}

/* The window as it is when the open transaction is committed; behind it, where nothing was read yet, what was read of
 * the position at the start. */
static void on_closing(void *arg, struct tp_buf *ret_position) {
    struct tp_delivery *delivery = arg;
    const struct tp_outbox *outbox = &delivery->outbox;
    const struct tp_item *item = delivery->window.oldest;
    uint64_t behind = item ? item->record : outbox->released;
    struct tp_position position = {.frontier = behind};
    struct tp_buf text = TP_BUF_INIT;
    memcpy(position.life, outbox->life, TP_UUID_TEXT);
    for (; item; item = item->next) {
        if (item->stage == TP_AT_END || item->in || tp_outbox_has(delivery, item->record))
            tp_position_add(&position, item->record, item->record);
        behind = item->record + 1;
    }
    if (behind < outbox->read_up_to)
        tp_position_take_over(&position, &outbox->position, behind, outbox->read_up_to - 1);
    tp_position_write(&position, &text);
    tp_ledger_node_write(delivery->node, delivery->placing.repair, tp_buf_str(&text), ret_position);
    tp_buf_free(&text);
    tp_position_free(&position);
}

static void on_fenced(void *arg) {
    struct tp_delivery *delivery = arg;
    delivery->options.on_fenced();
}

/* All that the journal had at the start may be in Kafka, and nothing that it takes from now on: the position may be of
 * a journal that this one is an older copy of. */
static uint64_t end_of(struct tp_journal *journal) {
    struct tp_journal_stats stats;
    tp_journal_stats(journal, &stats);
    return tp_journal_frontier(journal) + stats.pending;
}

int tp_outbox_open(struct tp_delivery *delivery, struct tp_buf *fault) {
    struct tp_outbox *outbox = &delivery->outbox;
    const struct tp_kafka_options options = {.settings = delivery->options.settings,
                                             .base = tp_loop_base(delivery->loop),
                                             .on_done = on_produced,
                                             .on_room = on_room,
                                             .node = delivery->node,
                                             .on_ready = on_ready,
                                             .is_committed = is_committed,
                                             .on_given = on_given,
                                             .on_closing = on_closing,
                                             .on_fenced = on_fenced,
                                             .arg = delivery};
    outbox->newest = &outbox->oldest;
    if (!tp_fence_is_open(options.settings->journal.dir, fault))
        return TP_EFENCED;
    outbox->ready = !options.settings->kafka.transactions;
    outbox->read_up_to = outbox->ready ? 0 : end_of(delivery->options.journal);
    outbox->released = tp_journal_frontier(delivery->options.journal);
    tp_uuid_v4(outbox->life);
    return tp_kafka_open(&options, fault, &outbox->kafka);
}

void tp_outbox_close(struct tp_delivery *delivery) {
    tp_kafka_close(delivery->outbox.kafka);
    tp_position_free(&delivery->outbox.position);
}
