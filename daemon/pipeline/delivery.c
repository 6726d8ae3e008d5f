/* The loop of delivery and its life. Each turn moves everything that can be moved: what is over leaves the window, the
 * journal fills it up, and the two legs of the way go on. */
#include "daemon/pipeline/delivery.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "common/error.h"
#include "common/fault.h"
#include "common/time.h"
#include "daemon/metrics/metrics.h"
#include "daemon/pipeline/internal.h"

enum { WINDOW_BYTES = 64 << 20, PULSE_US = 200000 };

void tp_delivery_soon(struct tp_delivery *delivery) {
    if (delivery->turn)
        event_active(delivery->turn, 0, 0);
}

/* ---- the end of an item's way ---- */

static void tell(struct tp_delivery *delivery, struct tp_item *item, struct tp_str event) {
    tp_waitroom_tell(delivery->options.waitroom, item->record, item->outcome, item->error, event);
    item->answered = true;
}

/* A duplicate is there when the one before it is: that has an older record, and may still be on its way to Kafka. So
 * it is told when it leaves the window. */
void tp_delivery_end(struct tp_delivery *delivery, struct tp_item *item, enum tp_outcome outcome) {
    item->stage = TP_AT_END;
    item->outcome = outcome;
    if (!item->answered && outcome != TP_WAS_DUPLICATE)
        tell(delivery, item, tp_buf_str(&item->waited));
    tp_buf_free(&item->out);
}

static void release(struct tp_delivery *delivery) {
    uint64_t frontier = 0;
    for (struct tp_item *item; (item = tp_window_leave(&delivery->window));) {
        if (!item->answered)
            tell(delivery, item, tp_buf_str(&item->waited));
        frontier = item->record + 1;
        tp_item_free(item);
    }
    if (frontier > 0) {
        delivery->outbox.released = frontier;
        tp_journal_release(delivery->options.journal, frontier);
        (void)TP_FAULT("pipeline.after_release");
    }
    tp_metrics_set(TP_M_DELIVERY_WINDOW, (int64_t)delivery->window.n_items);
}

/* ---- from the journal ---- */

/* What Kafka has is over, whatever it is. A rejection is ready as it is; the front has told its sender. */
static void take(struct tp_delivery *delivery, struct tp_item *item) {
    if (tp_outbox_has(delivery, item->record)) {
        item->stage = TP_AT_END;
    } else if (item->is_rejection) {
        item->answered = true;
        tp_item_reject(item, 0, false);
        tp_outbox_add(delivery, item);
    }
    tp_window_add(&delivery->window, item);
}

static bool has_room(const struct tp_delivery *delivery) {
    return delivery->window.n_items < delivery->options.settings->delivery.window &&
           delivery->window.n_bytes < WINDOW_BYTES;
}

static void read_journal(struct tp_delivery *delivery) {
    struct tp_journal_record record;
    int status = 0;
    while (!delivery->stopping && has_room(delivery) &&
           (status = tp_journal_read(delivery->options.journal, &record)) > 0) {
        struct tp_item *item = tp_item_new(&record);
        if (!item) { /* the journal keeps it for the next start */
            tp_log(TP_LOG_ERROR, "out_of_memory", "stage=delivery record=%" PRIu64, record.number);
            abort();
        }
        take(delivery, item);
    }
    if (status < 0) /* asked again at the next pulse */
        tp_log_limited(&delivery->said_unreadable, 10, TP_LOG_ERROR, "journal_unreadable", "stage=delivery error=%s",
                       tp_error_code(status));
}

/* ---- the loop ---- */

static void on_turn(evutil_socket_t fd, short what, void *arg) {
    struct tp_delivery *delivery = arg;
    (void)fd, (void)what;
    release(delivery);
    read_journal(delivery);
    tp_outbox_go_on(delivery);
    tp_placing_go_on(delivery);
    if (delivery->stopping && !delivery->window.oldest)
        delivery->drained = true;
}

static void on_wake(struct tp_mail *mail) {
    struct tp_delivery *delivery = (struct tp_delivery *)((char *)mail - offsetof(struct tp_delivery, wake));
    delivery->woken = false;
    tp_delivery_soon(delivery);
}

void tp_delivery_wake(struct tp_delivery *delivery) {
    if (!atomic_exchange(&delivery->woken, true))
        tp_loop_post(delivery->loop, &delivery->wake);
}

static void on_pulse(evutil_socket_t fd, short what, void *arg) {
    struct tp_delivery *delivery = arg;
    (void)fd, (void)what;
    delivery->pulse++;
    tp_window_take_up(&delivery->window);
    tp_placing_watch(delivery);
    tp_delivery_soon(delivery);
}

/* ---- life ---- */

static int open_parts(struct tp_delivery *delivery, struct tp_buf *fault) {
    const struct timeval pulse = {0, PULSE_US};
    struct event_base *base = tp_loop_base(delivery->loop);
    delivery->turn = event_new(base, -1, EV_PERSIST, on_turn, delivery);
    delivery->pulse_timer = event_new(base, -1, EV_PERSIST, on_pulse, delivery);
    if (!delivery->turn || !delivery->pulse_timer || event_add(delivery->pulse_timer, &pulse) < 0)
        return TP_ENOMEM;
    int status = tp_outbox_open(delivery, fault);
    if (status == 0)
        status = tp_placing_open(delivery);
    return status < 0 ? status : tp_loop_start(delivery->loop);
}

int tp_delivery_start(const struct tp_delivery_options *options, struct tp_buf *fault, struct tp_delivery **ret) {
    struct tp_delivery *delivery = calloc(1, sizeof *delivery);
    if (!delivery)
        return TP_ENOMEM;
    delivery->options = *options;
    delivery->node = tp_journal_node(options->journal);
    delivery->wake.deliver = on_wake;
    tp_window_init(&delivery->window);
    delivery->loop = tp_loop_new("delivery");
    int status = delivery->loop ? open_parts(delivery, fault) : TP_ENOMEM;
    if (status < 0) {
        tp_delivery_free(delivery);
        return status;
    }
    *ret = delivery;
    return 0;
}

/* Waiting for a Redis or a Kafka that is away would be in vain: the journal keeps what is under way. */
enum { GRACE_MS = 2000 };

void tp_delivery_stop(struct tp_delivery *delivery, unsigned timeout_ms) {
    bool can_finish = delivery->placing.up && tp_delivery_kafka_up(delivery);
    int64_t until = tp_time_monotonic_ms() + (can_finish || timeout_ms < GRACE_MS ? timeout_ms : GRACE_MS);
    delivery->stopping = true;
    tp_delivery_wake(delivery);
    while (!delivery->drained && tp_time_monotonic_ms() < until)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    tp_log(TP_LOG_INFO, "delivery_stopped", "under_way=%" PRId64, tp_metrics_get(TP_M_DELIVERY_WINDOW));
    tp_loop_stop(delivery->loop);
}

static void free_event(struct event **event) {
    if (*event)
        event_free(*event);
    *event = NULL;
}

void tp_delivery_free(struct tp_delivery *delivery) {
    if (!delivery)
        return;
    tp_placing_close(delivery);
    tp_outbox_close(delivery);
    free_event(&delivery->pulse_timer);
    free_event(&delivery->turn); /* a wake that the journal posted after the stop finds none */
    tp_window_free(&delivery->window);
    tp_loop_free(delivery->loop);
    free(delivery);
}

bool tp_delivery_redis_up(const struct tp_delivery *delivery) { return delivery->placing.there; }

bool tp_delivery_kafka_up(const struct tp_delivery *delivery) { return tp_kafka_up(delivery->outbox.kafka); }

uint64_t tp_delivery_pulse(const struct tp_delivery *delivery) { return delivery->pulse; }
