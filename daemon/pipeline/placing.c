/* To the timeline: identity finds the customer, and the timeline appends. Both stand in Redis, and share its
 * connection.
 *
 * Whatever goes wrong with a call as a whole has one remedy: the connection is given up, which quiets all other calls
 * too, and when Redis is back and its homes are open, all that was not answered begins again, in order. Calls given up
 * may still reach Redis, before or behind those that repeat them: in each lane both begin with the same records, so
 * whichever comes first appends them in order, and the other is answered what is stored.
 *
 * What goes wrong with one record alone is tried again in a while, and a few times only. */
#include "daemon/pipeline/internal.h"

#include <inttypes.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/metrics/metrics.h"
#include "daemon/redis/home.h"

static struct tp_redis_script *const scripts[] = {&tp_home_open_script, &tp_identity_claim_script,
                                                  &tp_timeline_append_script, NULL};

/* ---- Redis comes and goes ---- */

static void set_up(struct tp_placing *placing, bool up) {
    placing->up = up;
    tp_metrics_set(TP_M_REDIS_UP, up);
}

static void give_up(struct tp_placing *placing, int status) {
    if (!placing->up)
        return;
    set_up(placing, false);
    tp_log(TP_LOG_NOTICE, "redis_given_up", "stage=timeline reason=%s", tp_error_code(status));
    tp_redis_reset(placing->redis);
}

/* A new deployment finds nothing; one that was there before finds all as it left it. Anything in between is said. */
static void say_findings(struct tp_delivery *delivery, const struct tp_home_findings *findings) {
    const struct tp_settings *settings = delivery->options.settings;
    bool delivered_before = delivery->placing.opened_before || tp_journal_frontier(delivery->options.journal) > 1;
    bool fresh = !delivered_before && findings->absent == settings->redis.lanes + settings->redis.buckets;
    if (fresh || findings->absent + findings->elsewhere == 0)
        return;
    tp_metrics_add(TP_M_REDIS_LOSSES, 1);
    tp_log(findings->absent > 0 ? TP_LOG_ERROR : TP_LOG_WARNING, "redis_changed", "absent=%u elsewhere=%u what=%s",
           findings->absent, findings->elsewhere,
           tp_log_quote("Redis was restarted, restored or emptied; timelines may lack what Kafka has"));
}

static void on_homes_open(void *arg, int status, const struct tp_home_findings *findings) {
    struct tp_delivery *delivery = arg;
    struct tp_placing *placing = &delivery->placing;
    if (status == TP_ECONFIG)
        tp_log_limited(&placing->said_layout, 30, TP_LOG_ERROR, "redis_layout", "stage=timeline what=%s",
                       tp_log_quote("Redis was laid out for other numbers of redis.lanes or redis.buckets"));
    if (status < 0) {
        tp_redis_reset(placing->redis);
        return;
    }
    say_findings(delivery, findings);
    tp_timeline_forget(placing->timeline);
    placing->n_resolving = 0;
    tp_window_begin_again(&delivery->window);
    placing->opened_before = true;
    set_up(placing, true);
    tp_delivery_soon(delivery);
}

static void on_redis_up(void *arg) {
    struct tp_delivery *delivery = arg;
    struct tp_redis *redis = delivery->placing.redis;
    if (tp_home_open(redis, delivery->options.settings, on_homes_open, delivery) < 0)
        tp_redis_reset(redis);
}

static void on_redis_down(void *arg) {
    struct tp_delivery *delivery = arg;
    set_up(&delivery->placing, false);
}

/* ---- answers of the timeline ---- */

/* A failure of this record alone. */
static void try_again(struct tp_delivery *delivery, struct tp_item *item) {
    if (++item->tries < delivery->options.settings->delivery.tries) {
        tp_window_put_aside(&delivery->window, item);
        return;
    }
    tp_known_forget(delivery->placing.known, &item->interaction);
    tp_outbox_reject(delivery, item, TP_EUNDELIVERABLE);
}

/* The producer takes `out`, so those who wait get a copy. */
static void keep_for_waiters(struct tp_delivery *delivery, struct tp_item *item) {
    if (tp_waitroom_has(delivery->options.waitroom, item->record))
        tp_buf_addstr(&item->waited, tp_buf_str(&item->out));
}

static void on_appended(void *arg, struct tp_append *append, enum tp_append_result result,
                        const struct tp_entry *entry) {
    struct tp_delivery *delivery = arg;
    struct tp_item *item = (struct tp_item *)((char *)append - offsetof(struct tp_item, append));
    if (result == TP_REUSED) {
        tp_known_forget(delivery->placing.known, &item->interaction);
        tp_outbox_reject(delivery, item, TP_EIDREUSED);
    } else if (result == TP_BROKEN || tp_item_enrich(item, entry) < 0) {
        try_again(delivery, item);
    } else {
        keep_for_waiters(delivery, item);
        if (result == TP_APPENDED)
            tp_item_observe(item, TP_H_TIMELINE);
        if (result == TP_DUPLICATE)
            tp_delivery_end(delivery, item, TP_WAS_DUPLICATE);
        else
            tp_outbox_add(delivery, item);
    }
    tp_delivery_soon(delivery);
}

static void on_lane_failed(void *arg, int status) {
    struct tp_delivery *delivery = arg;
    give_up(&delivery->placing, status);
}

/* ---- there ---- */

static void on_resolved(void *arg, int status) {
    struct tp_delivery *delivery = arg;
    struct tp_placing *placing = &delivery->placing;
    if (status < 0) {
        give_up(placing, status);
        return;
    }
    size_t n = placing->n_resolving;
    placing->n_resolving = 0;
    for (size_t i = 0; i < n; i++) {
        struct tp_item *item = placing->resolving[i];
        if (placing->requests[i].status < 0) {
            try_again(delivery, item);
            continue;
        }
        if (tp_known_otherwise(placing->known, &item->interaction)) {
            tp_metrics_add(TP_M_TIMELINE_REUSED, 1); /* as the timeline would count it */
            tp_outbox_reject(delivery, item, TP_EIDREUSED);
            continue;
        }
        memcpy(item->customer_id, placing->requests[i].customer_id, TP_UUID_TEXT);
        tp_item_prepare_append(item);
        item->append.others = placing->requests[i].others;
        tp_timeline_append(placing->timeline, &item->append);
    }
    tp_timeline_send(placing->timeline, tp_journal_checkpointed(delivery->options.journal));
    tp_delivery_soon(delivery);
}

/* In a steady flow a batch begins every so many ms and not with each arrival: what a call costs beside its events is
 * then shared by many. The first after a pause does not wait, nor does anything when enough has gathered. */
static bool is_early(struct tp_delivery *delivery) {
    struct tp_placing *placing = &delivery->placing;
    int64_t wait_ms = placing->next_ms - tp_time_monotonic_ms();
    if (wait_ms <= 0 || delivery->window.n_at_start >= TP_PLACING_ENOUGH || delivery->stopping)
        return false;
    const struct timeval wait = {0, wait_ms * 1000};
    if (!evtimer_pending(placing->due, NULL))
        evtimer_add(placing->due, &wait);
    return true;
}

static void on_due(evutil_socket_t fd, short what, void *arg) {
    (void)fd, (void)what;
    tp_delivery_soon(arg);
}

/* One batch at a time, so that each is appended behind the one before. */
void tp_placing_go_on(struct tp_delivery *delivery) {
    struct tp_placing *placing = &delivery->placing;
    struct tp_item *item = NULL;
    if (!placing->up || placing->n_resolving > 0 || is_early(delivery))
        return;
    while (placing->n_resolving < TP_PLACING_BATCH && (item = tp_window_next(&delivery->window))) {
        placing->requests[placing->n_resolving] = (struct tp_identity_request){.interaction = &item->interaction};
        placing->resolving[placing->n_resolving++] = item;
    }
    if (placing->n_resolving == 0)
        return;
    placing->next_ms = tp_time_monotonic_ms() + TP_PLACING_PACE_MS;
    int status = tp_identity_resolve(placing->identity, placing->requests, placing->n_resolving, on_resolved, delivery);
    if (status < 0)
        give_up(placing, status);
}

/* ---- life ---- */

int tp_placing_open(struct tp_delivery *delivery) {
    const struct tp_settings *settings = delivery->options.settings;
    struct tp_placing *placing = &delivery->placing;
    const struct tp_redis_options redis = {.settings = settings,
                                           .base = tp_loop_base(delivery->loop),
                                           .name = "delivery",
                                           .scripts = scripts,
                                           .on_up = on_redis_up,
                                           .on_down = on_redis_down,
                                           .arg = delivery};
    int status = tp_redis_open(&redis, &placing->redis);
    if (status < 0)
        return status;
    const struct tp_timeline_options timeline = {.settings = settings,
                                                 .redis = placing->redis,
                                                 .node = delivery->node,
                                                 .on_appended = on_appended,
                                                 .on_failed = on_lane_failed,
                                                 .arg = delivery};
    placing->known = tp_known_new();
    placing->due = evtimer_new(redis.base, on_due, delivery);
    status = placing->known && placing->due ? tp_identity_new(settings, placing->redis, &placing->identity) : TP_ENOMEM;
    return status < 0 ? status : tp_timeline_new(&timeline, &placing->timeline);
}

void tp_placing_close(struct tp_delivery *delivery) {
    struct tp_placing *placing = &delivery->placing;
    if (placing->due)
        event_free(placing->due);
    placing->up = false; /* the calls that end now are not to be given up once more */
    tp_redis_close(placing->redis);
    tp_identity_free(placing->identity);
    tp_timeline_free(placing->timeline);
    tp_known_free(placing->known);
}
