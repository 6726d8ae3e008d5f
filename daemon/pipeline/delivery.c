#include "daemon/pipeline/delivery.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/identity/identity.h"
#include "daemon/kafka/kafka.h"
#include "daemon/log/log.h"
#include "daemon/loop/loop.h"
#include "daemon/metrics/metrics.h"
#include "daemon/pipeline/item.h"
#include "daemon/redis/home.h"
#include "daemon/redis/redis.h"
#include "daemon/timeline/timeline.h"

enum { BATCH = 512, WINDOW_BYTES = 64 << 20, PULSE_MS = 200 };

struct tp_delivery {
    struct tp_delivery_options options;
    const char *node;
    struct tp_loop *loop;
    struct tp_mail wake;
    atomic_bool woken;
    struct event *turn, *pulse_timer;
    atomic_uint_fast64_t pulse;

    /* The window: all that is read and not released, in order of record. */
    struct tp_item *oldest, **newest;
    struct tp_item *cursor; /* the first that may be at its start; NULL: none */
    size_t n_items, n_bytes;
    atomic_bool stopping, drained;

    struct tp_redis *redis;
    atomic_bool redis_up; /* connected, and all homes open */
    bool opened_before;
    struct tp_identity *identity;
    struct tp_identity_request requests[BATCH];
    struct tp_item *resolving[BATCH];
    size_t n_resolving;
    struct tp_timeline *timeline;

    struct tp_kafka *kafka;
    struct tp_item *out, **last_out; /* wait for room in the producer, in order */
    struct tp_log_limit said_reused, said_undeliverable, said_layout;
};

static struct tp_redis_script *const scripts[] = {&tp_home_open_script, &tp_identity_claim_script,
                                                  &tp_timeline_append_script, NULL};

/* Everything that can be moved is moved at the loop's next turn, once, however many callbacks ask for it. */
static void soon(struct tp_delivery *delivery) { event_active(delivery->turn, 0, 0); }

/* ---- the end of an item's way ---- */

static void release(struct tp_delivery *delivery) {
    uint64_t frontier = 0;
    while (delivery->oldest && delivery->oldest->stage == TP_AT_END) {
        struct tp_item *item = delivery->oldest;
        delivery->oldest = item->next;
        if (!delivery->oldest)
            delivery->newest = &delivery->oldest;
        frontier = item->record + 1;
        delivery->n_items--;
        delivery->n_bytes -= item->packed.len;
        tp_item_free(item);
    }
    if (frontier > 0)
        tp_journal_release(delivery->options.journal, frontier);
    tp_metrics_set(TP_M_DELIVERY_WINDOW, (int64_t)delivery->n_items);
}

static void tell(struct tp_delivery *delivery, struct tp_item *item, enum tp_outcome outcome, struct tp_str event) {
    tp_waitroom_tell(delivery->options.waitroom, item->record, outcome, item->error, event);
}

static void end(struct tp_item *item) {
    item->stage = TP_AT_END;
    tp_buf_free(&item->out);
}

/* ---- to Kafka ---- */

static void reject(struct tp_delivery *delivery, struct tp_item *item, int error);

static void queue_out(struct tp_delivery *delivery, struct tp_item *item) {
    item->stage = TP_AT_KAFKA;
    item->next_out = NULL;
    *delivery->last_out = item;
    delivery->last_out = &item->next_out;
}

/* In order: nothing overtakes one that waits for room. */
static void send_out(struct tp_delivery *delivery) {
    while (delivery->out) {
        struct tp_item *item = delivery->out;
        int status = tp_item_produce(item, delivery->kafka, delivery->node);
        if (status == TP_EFULL || status == TP_ENOMEM)
            return;
        delivery->out = item->next_out;
        if (!delivery->out)
            delivery->last_out = &delivery->out;
        if (status < 0)
            reject(delivery, item, status);
    }
}

/* To the rejected topic instead. A rejection that the broker does not take either goes there without its payload; when
 * even that fails, nothing more can be done than to say so. */
static void reject(struct tp_delivery *delivery, struct tp_item *item, int error) {
    bool again = item->is_rejection;
    if (again && item->rejection.payload.len == 0) {
        tp_log(TP_LOG_ERROR, "record_lost", "stage=kafka record=%" PRIu64 " reason=%s", item->record,
               tp_error_code(error));
        end(item);
        return;
    }
    tp_item_reject(item, error, again);
    if (!again && error == TP_EIDREUSED)
        tp_log_limited(&delivery->said_reused, 10, TP_LOG_WARNING, "id_reused", "stage=timeline record=%" PRIu64,
                       item->record);
    else if (!again)
        tp_log_limited(&delivery->said_undeliverable, 10, TP_LOG_ERROR, "undeliverable",
                       "stage=delivery record=%" PRIu64 " reason=%s", item->record, tp_error_code(error));
    if (!again && error != TP_EIDREUSED)
        tp_metrics_add(TP_M_DELIVERY_UNDELIVERABLE, 1);
    queue_out(delivery, item);
}

static void on_produced(void *arg, void *record, int status) {
    struct tp_delivery *delivery = arg;
    struct tp_item *item = record;
    if (status < 0) {
        reject(delivery, item, status);
    } else {
        if (!item->answered)
            tell(delivery, item, item->is_rejection ? TP_WAS_REFUSED : TP_DELIVERED, tp_buf_str(&item->waited));
        end(item);
    }
    if (status < 0 || delivery->oldest == item)
        soon(delivery);
}

static void on_room(void *arg) { soon(arg); }

/* ---- answers of the timeline ---- */

/* A failure of this record alone: again, a few times, then to the rejected topic. */
static void try_again(struct tp_delivery *delivery, struct tp_item *item) {
    if (++item->tries >= delivery->options.settings->delivery.tries) {
        reject(delivery, item, TP_EUNDELIVERABLE);
        return;
    }
    item->stage = TP_AT_START;
    if (!delivery->cursor || delivery->cursor->record > item->record)
        delivery->cursor = item;
}

static void on_appended(void *arg, struct tp_append *append, enum tp_append_result result,
                        const struct tp_entry *entry) {
    struct tp_delivery *delivery = arg;
    struct tp_item *item = (struct tp_item *)((char *)append - offsetof(struct tp_item, append));
    if (result == TP_REUSED) {
        reject(delivery, item, TP_EIDREUSED);
    } else if (result == TP_BROKEN || tp_item_enrich(item, entry) < 0) {
        try_again(delivery, item);
    } else if (result == TP_DUPLICATE) {
        tell(delivery, item, TP_WAS_DUPLICATE, tp_buf_str(&item->out));
        end(item);
    } else {
        if (tp_waitroom_has(delivery->options.waitroom, item->record))
            tp_buf_addstr(&item->waited, tp_buf_str(&item->out));
        queue_out(delivery, item);
    }
    soon(delivery);
}

/* ---- beginning again ---- */

static void begin_again(struct tp_delivery *delivery) {
    tp_timeline_forget(delivery->timeline);
    delivery->n_resolving = 0;
    delivery->cursor = NULL;
    for (struct tp_item *item = delivery->oldest; item; item = item->next) {
        if (item->stage == TP_AT_TIMELINE)
            item->stage = TP_AT_START;
        if (item->stage == TP_AT_START && !delivery->cursor)
            delivery->cursor = item;
    }
}

/* A call on the way to the timeline failed as a whole. The connection is given up, which quiets all others too; when it
 * is back and the homes are open, what was not answered begins again. */
static void give_up(struct tp_delivery *delivery, int status) {
    if (!delivery->redis_up)
        return;
    delivery->redis_up = false;
    tp_metrics_set(TP_M_REDIS_UP, 0);
    tp_log(TP_LOG_NOTICE, "redis_given_up", "stage=timeline reason=%s", tp_error_code(status));
    tp_redis_reset(delivery->redis);
}

/* A new deployment finds nothing; one that was there before finds all as it left it. Anything in between is said. */
static void say_findings(struct tp_delivery *delivery, const struct tp_home_findings *findings) {
    unsigned all = delivery->options.settings->redis.lanes + delivery->options.settings->redis.buckets;
    bool fresh = !delivery->opened_before && findings->absent == all;
    if (fresh || findings->absent + findings->elsewhere == 0)
        return;
    tp_metrics_add(TP_M_REDIS_LOSSES, 1);
    tp_log(findings->absent > 0 ? TP_LOG_ERROR : TP_LOG_WARNING, "redis_changed", "absent=%u elsewhere=%u what=%s",
           findings->absent, findings->elsewhere,
           tp_log_quote("Redis was restarted, restored or emptied; timelines may lack what Kafka has"));
}

static void on_homes_open(void *arg, int status, const struct tp_home_findings *findings) {
    struct tp_delivery *delivery = arg;
    if (status < 0) {
        if (status == TP_ECONFIG)
            tp_log_limited(&delivery->said_layout, 30, TP_LOG_ERROR, "redis_layout", "stage=timeline what=%s",
                           tp_log_quote("Redis was laid out for other numbers of redis.lanes or redis.buckets"));
        tp_redis_reset(delivery->redis);
        return;
    }
    say_findings(delivery, findings);
    begin_again(delivery);
    delivery->redis_up = delivery->opened_before = true;
    tp_metrics_set(TP_M_REDIS_UP, 1);
    soon(delivery);
}

static void on_redis_up(void *arg) {
    struct tp_delivery *delivery = arg;
    if (tp_home_open(delivery->redis, delivery->options.settings, on_homes_open, delivery) < 0)
        tp_redis_reset(delivery->redis);
}

static void on_redis_down(void *arg) {
    struct tp_delivery *delivery = arg;
    delivery->redis_up = false;
    tp_metrics_set(TP_M_REDIS_UP, 0);
}

static void on_lane_failed(void *arg, int status) { give_up(arg, status); }

/* ---- to the timeline ---- */

static void on_resolved(void *arg, int status) {
    struct tp_delivery *delivery = arg;
    if (status < 0) {
        give_up(delivery, status);
        return;
    }
    size_t n = delivery->n_resolving;
    delivery->n_resolving = 0;
    for (size_t i = 0; i < n; i++) {
        struct tp_item *item = delivery->resolving[i];
        if (delivery->requests[i].status < 0) {
            try_again(delivery, item);
            continue;
        }
        memcpy(item->customer_id, delivery->requests[i].customer_id, TP_UUID_TEXT);
        tp_item_prepare_append(item);
        tp_timeline_append(delivery->timeline, &item->append);
    }
    tp_timeline_send(delivery->timeline, tp_journal_checkpointed(delivery->options.journal));
    soon(delivery);
}

/* Interactions at their start, in order, up to a batch. */
static void gather(struct tp_delivery *delivery) {
    struct tp_item *item = delivery->cursor;
    for (; item && delivery->n_resolving < BATCH; item = item->next) {
        if (item->stage != TP_AT_START)
            continue;
        item->stage = TP_AT_TIMELINE;
        delivery->requests[delivery->n_resolving] = (struct tp_identity_request){.interaction = &item->interaction};
        delivery->resolving[delivery->n_resolving++] = item;
    }
    delivery->cursor = item;
}

static void resolve(struct tp_delivery *delivery) {
    if (!delivery->redis_up || delivery->n_resolving > 0)
        return;
    gather(delivery);
    if (delivery->n_resolving == 0)
        return;
    int status =
        tp_identity_resolve(delivery->identity, delivery->requests, delivery->n_resolving, on_resolved, delivery);
    if (status < 0)
        give_up(delivery, status);
}

/* ---- from the journal ---- */

static void take(struct tp_delivery *delivery, struct tp_item *item) {
    *delivery->newest = item;
    delivery->newest = &item->next;
    delivery->n_items++;
    delivery->n_bytes += item->packed.len;
    if (item->is_rejection) {
        item->answered = true; /* the front told the sender */
        tp_item_reject(item, 0, false);
        queue_out(delivery, item);
    } else if (!delivery->cursor) {
        delivery->cursor = item;
    }
}

static void read_journal(struct tp_delivery *delivery) {
    struct tp_journal_record record;
    while (!delivery->stopping && delivery->n_items < delivery->options.settings->delivery.window &&
           delivery->n_bytes < WINDOW_BYTES && tp_journal_read(delivery->options.journal, &record) > 0) {
        struct tp_item *item = tp_item_new(&record);
        if (!item) { /* the journal keeps it for the next start */
            tp_log(TP_LOG_ERROR, "out_of_memory", "stage=delivery record=%" PRIu64, record.number);
            abort();
        }
        take(delivery, item);
    }
}

static void on_turn(evutil_socket_t fd, short what, void *arg) {
    struct tp_delivery *delivery = arg;
    (void)fd, (void)what;
    release(delivery);
    read_journal(delivery);
    send_out(delivery);
    resolve(delivery);
    if (delivery->stopping && !delivery->oldest)
        delivery->drained = true;
}

/* ---- life ---- */

static void on_wake(struct tp_mail *mail) {
    struct tp_delivery *delivery = (struct tp_delivery *)((char *)mail - offsetof(struct tp_delivery, wake));
    delivery->woken = false;
    soon(delivery);
}

void tp_delivery_wake(struct tp_delivery *delivery) {
    if (!atomic_exchange(&delivery->woken, true))
        tp_loop_post(delivery->loop, &delivery->wake);
}

static void on_pulse(evutil_socket_t fd, short what, void *arg) {
    struct tp_delivery *delivery = arg;
    (void)fd, (void)what;
    delivery->pulse++;
    tp_metrics_set(TP_M_KAFKA_UP, tp_kafka_up(delivery->kafka));
    tp_metrics_set(TP_M_KAFKA_QUEUE, (int64_t)tp_kafka_queued(delivery->kafka));
    soon(delivery);
}

static int open_parts(struct tp_delivery *delivery, struct tp_buf *fault) {
    const struct tp_settings *settings = delivery->options.settings;
    struct event_base *base = tp_loop_base(delivery->loop);
    const struct tp_redis_options redis = {.settings = settings,
                                           .base = base,
                                           .name = "delivery",
                                           .scripts = scripts,
                                           .on_up = on_redis_up,
                                           .on_down = on_redis_down,
                                           .arg = delivery};
    const struct tp_kafka_options kafka = {
        .settings = settings, .base = base, .on_done = on_produced, .on_room = on_room, .arg = delivery};
    struct tp_timeline_options timeline = {.settings = settings,
                                           .node = delivery->node,
                                           .on_appended = on_appended,
                                           .on_failed = on_lane_failed,
                                           .arg = delivery};
    int status = tp_kafka_open(&kafka, fault, &delivery->kafka);
    if (status == 0)
        status = tp_redis_open(&redis, &delivery->redis);
    timeline.redis = delivery->redis;
    if (status == 0)
        status = tp_identity_new(settings, delivery->redis, &delivery->identity);
    if (status == 0)
        status = tp_timeline_new(&timeline, &delivery->timeline);
    return status;
}

int tp_delivery_start(const struct tp_delivery_options *options, struct tp_buf *fault, struct tp_delivery **ret) {
    const struct timeval pulse = {0, PULSE_MS * 1000};
    struct tp_delivery *delivery = calloc(1, sizeof *delivery);
    int status = TP_ENOMEM;
    if (!delivery)
        return status;
    delivery->options = *options;
    delivery->node = tp_journal_node(options->journal);
    delivery->newest = &delivery->oldest;
    delivery->last_out = &delivery->out;
    delivery->wake.deliver = on_wake;
    delivery->loop = tp_loop_new("delivery");
    if (!delivery->loop)
        goto fail;
    delivery->turn = event_new(tp_loop_base(delivery->loop), -1, EV_PERSIST, on_turn, delivery);
    status = delivery->turn ? open_parts(delivery, fault) : TP_ENOMEM;
    if (status < 0)
        goto fail;
    delivery->pulse_timer = event_new(tp_loop_base(delivery->loop), -1, EV_PERSIST, on_pulse, delivery);
    if (!delivery->pulse_timer || event_add(delivery->pulse_timer, &pulse) < 0 ||
        (status = tp_loop_start(delivery->loop)) < 0)
        goto fail;
    *ret = delivery;
    return 0;
fail:
    tp_delivery_free(delivery);
    return status;
}

/* Waiting for a Redis or a Kafka that is away would be in vain: the journal keeps what is under way. */
enum { GRACE_MS = 2000 };

void tp_delivery_stop(struct tp_delivery *delivery, unsigned timeout_ms) {
    bool can_finish = delivery->redis_up && tp_kafka_up(delivery->kafka);
    int64_t until = tp_time_monotonic_ms() + (can_finish || timeout_ms < GRACE_MS ? timeout_ms : GRACE_MS);
    delivery->stopping = true;
    tp_delivery_wake(delivery);
    while (!delivery->drained && tp_time_monotonic_ms() < until)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    tp_log(TP_LOG_INFO, "delivery_stopped", "under_way=%" PRId64, tp_metrics_get(TP_M_DELIVERY_WINDOW));
    tp_loop_stop(delivery->loop);
}

void tp_delivery_free(struct tp_delivery *delivery) {
    if (!delivery)
        return;
    delivery->redis_up = false;
    tp_redis_close(delivery->redis);
    tp_identity_free(delivery->identity);
    tp_timeline_free(delivery->timeline);
    tp_kafka_close(delivery->kafka);
    if (delivery->pulse_timer)
        event_free(delivery->pulse_timer);
    if (delivery->turn)
        event_free(delivery->turn);
    while (delivery->oldest) {
        struct tp_item *item = delivery->oldest;
        delivery->oldest = item->next;
        tp_item_free(item);
    }
    tp_loop_free(delivery->loop);
    free(delivery);
}

bool tp_delivery_redis_up(const struct tp_delivery *delivery) { return delivery->redis_up; }

bool tp_delivery_kafka_up(const struct tp_delivery *delivery) { return tp_kafka_up(delivery->kafka); }

uint64_t tp_delivery_pulse(const struct tp_delivery *delivery) { return delivery->pulse; }
