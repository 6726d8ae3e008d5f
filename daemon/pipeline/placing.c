/* To the timeline: identity finds the customer, and the timeline appends. Both stand in Redis, and share its
 * connection.
 *
 * Whatever goes wrong with a call as a whole has one remedy: the connection is given up, which quiets all other calls
 * too, and when Redis is back and its homes are open, all that was not answered begins again, in order. Calls given up
 * may still reach Redis, before or behind those that repeat them: in each lane both begin with the same records, so
 * whichever comes first appends them in order, and the other is answered what is stored. Homes that are not open are
 * the repair's, which asks for another look when they are.
 *
 * What goes wrong with one record alone is tried again in a while, and a few times only; what comes behind it of the
 * same customer waits for that. */
#include "daemon/pipeline/internal.h"

#include <inttypes.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/metrics/metrics.h"
#include "daemon/redis/home.h"

static struct tp_redis_script *const scripts[] = {
    &tp_home_look_script,        &tp_identity_claim_script,   &tp_identity_ties_script,
    &tp_customer_look_script,    &tp_customer_list_script,    &tp_customer_redirect_script,
    &tp_customer_absorb_script,  &tp_customer_confirm_script, &tp_customer_leave_script,
    &tp_customer_give_up_script, &tp_customer_free_script,    &tp_customer_give_script,
    &tp_identity_move_script,    &tp_timeline_append_script,  NULL};

/* ---- Redis comes and goes ---- */

static void set_there(struct tp_placing *placing, bool there) {
    placing->there = there;
    placing->up = placing->up && there;
    tp_metrics_set(TP_M_REDIS_UP, there);
}

static void reset(struct tp_placing *placing) {
    set_there(placing, false);
    tp_redis_reset(placing->redis);
}

void tp_placing_give_up(struct tp_delivery *delivery, int status) {
    struct tp_placing *placing = &delivery->placing;
    if (!placing->up)
        return;
    tp_log(TP_LOG_NOTICE, "redis_given_up", "stage=timeline reason=%s", tp_error_code(status));
    reset(placing);
}

/* ---- its homes ---- */

static void begin(struct tp_delivery *delivery, uint64_t repair) {
    struct tp_placing *placing = &delivery->placing;
    placing->repair = repair;
    placing->n_resolving = placing->n_deferring = placing->n_appending = 0;
    placing->drains = placing->anew = false;
    tp_timeline_begin(placing->timeline, repair);
    tp_window_begin_again(&delivery->window);
    delivery->repair.worked = true;
    placing->up = true;
    tp_delivery_soon(delivery);
}

/* Of a repair that did not wait for this node, what is on its way to Kafka was placed before it. Nothing is placed
 * beside that: with transactions it is refused there, and with it this node. */
static bool was_passed_over(const struct tp_delivery *delivery, uint64_t repair) {
    return repair != delivery->placing.repair && tp_window_on_its_way(&delivery->window);
}

static void on_looked(void *arg, int status, const struct tp_home_findings *homes) {
    struct tp_delivery *delivery = arg;
    struct tp_placing *placing = &delivery->placing;
    placing->looking = false;
    if (status == TP_ECONFIG)
        tp_log_limited(&placing->said_layout, 30, TP_LOG_ERROR, "redis_layout", "stage=timeline what=%s",
                       tp_log_quote("Redis was laid out for other numbers of redis.lanes or redis.buckets"));
    if (status < 0) {
        reset(placing);
        return;
    }
    set_there(placing, true);
    if (!tp_home_all_open(homes) || !delivery->repair.known) {
        tp_placing_give_up(delivery, TP_ELOST);
        tp_repair_want(delivery);
    } else if (was_passed_over(delivery, homes->number)) {
        tp_outbox_flush(delivery);
        delivery->repair.look_asked = true;
    } else if (!placing->up) {
        begin(delivery, homes->number);
    }
}

static void look(struct tp_delivery *delivery, bool one) {
    struct tp_placing *placing = &delivery->placing;
    const struct tp_home_order order = {.what = TP_HOME_LOOK, .one = one, .which = placing->next_home};
    if (placing->looking || !tp_redis_up(placing->redis))
        return;
    placing->looking = true;
    int status = tp_home_ask(placing->redis, delivery->options.settings, &order, on_looked, delivery);
    if (status < 0) {
        placing->looking = false;
        reset(placing);
    }
}

void tp_placing_look(struct tp_delivery *delivery) { look(delivery, false); }

/* FLUSHALL closes no connection, and where nothing is written nobody is refused, while others are busy. */
void tp_placing_watch(struct tp_delivery *delivery) {
    if (!delivery->placing.up)
        return;
    look(delivery, true);
    delivery->placing.next_home++;
}

static void on_redis_up(void *arg) { tp_placing_look(arg); }

static void on_redis_down(void *arg) {
    struct tp_delivery *delivery = arg;
    set_there(&delivery->placing, false);
}

/* ---- answers of the timeline ---- */

/* A failure of this record alone. */
static void try_again(struct tp_delivery *delivery, struct tp_item *item) {
    if (++item->tries < delivery->options.settings->delivery.tries) {
        tp_window_put_aside(&delivery->window, item);
        tp_timeline_hold(delivery->placing.timeline, tp_str(item->customer_id));
        return;
    }
    tp_known_forget(delivery->placing.known, &item->interaction);
    tp_outbox_reject(delivery, item, TP_EUNDELIVERABLE);
}

/* Behind one that failed, and will be tried again. What fails for all of a customer would take each of them that long,
 * one behind the other: so the wait counts as their own, but for one last try. */
static void hold(struct tp_delivery *delivery, struct tp_item *item) {
    if (item->tries + 1 < delivery->options.settings->delivery.tries)
        item->tries++;
    tp_window_put_aside(&delivery->window, item);
}

/* Its customer was merged, or is not who it was taken for: at once again, as what comes behind it of that customer. */
static void move(struct tp_delivery *delivery, struct tp_item *item) {
    tp_identity_moved(delivery->placing.identity, tp_str(item->customer_id));
    if (++item->moves % TP_MOST_MOVES == 0)
        try_again(delivery, item);
    else
        tp_window_return(&delivery->window, item);
}

/* It is remembered here whose it is: not who it was resolved to. */
static void lead(struct tp_delivery *delivery, struct tp_item *item) {
    tp_deferring_lead(&delivery->placing, item);
    if (++item->moves % TP_MOST_MOVES == 0)
        try_again(delivery, item);
    else
        tp_window_return(&delivery->window, item);
}

/* It was placed before, with whom was merged since: there its answer is, and nothing may become of it but that. */
static void ask_owner(struct tp_delivery *delivery, struct tp_item *item) {
    struct tp_placing *placing = &delivery->placing;
    memcpy(item->customer_id, item->append.owner, TP_UUID_TEXT);
    item->append.bound = TP_BOUND_NEVER;
    placing->n_appending++;
    tp_timeline_append(placing->timeline, &item->append);
    tp_timeline_send(placing->timeline, tp_journal_checkpointed(delivery->options.journal));
}

/* The producer takes `out`, so those who wait get a copy. */
static void keep_for_waiters(struct tp_delivery *delivery, struct tp_item *item) {
    if (tp_waitroom_has(delivery->options.waitroom, item->record))
        tp_buf_addstr(&item->waited, tp_buf_str(&item->out));
}

/* For who restores: what members have claimed is not claimed for this one, unless it was attached here after all. */
static void note_others(struct tp_item *item, const struct tp_entry *entry) {
    item->append.others |= item->of_members & ~entry->attached;
}

static void count_placed(const struct tp_item *item) {
    if (!item->interaction.identifies)
        tp_item_observe(item, TP_H_TIMELINE);
    tp_metrics_add(TP_M_IDENTITY_CONFLICTS, item->told.len > 0);
}

static void take_answer(struct tp_delivery *delivery, struct tp_item *item, enum tp_append_result result,
                        const struct tp_entry *entry) {
    if (result == TP_HELD) {
        hold(delivery, item);
    } else if (result == TP_MOVED) {
        move(delivery, item);
    } else if (result == TP_ELSEWHERE) {
        ask_owner(delivery, item);
    } else if (result == TP_DEFERRED) {
        lead(delivery, item);
    } else if (result == TP_REUSED) {
        tp_known_forget(delivery->placing.known, &item->interaction);
        tp_outbox_reject(delivery, item, TP_EIDREUSED);
    } else if (result == TP_BROKEN || tp_item_enrich(item, entry) < 0) {
        try_again(delivery, item);
    } else {
        note_others(item, entry);
        keep_for_waiters(delivery, item);
        if (result == TP_APPENDED || result == TP_IDENTIFIED)
            count_placed(item);
        if (result == TP_DUPLICATE)
            tp_delivery_end(delivery, item, TP_WAS_DUPLICATE);
        else
            tp_outbox_add(delivery, item);
    }
}

static void place_all(struct tp_delivery *delivery);

static void on_appended(void *arg, struct tp_append *append, enum tp_append_result result,
                        const struct tp_entry *entry) {
    struct tp_delivery *delivery = arg;
    struct tp_placing *placing = &delivery->placing;
    struct tp_item *item = (struct tp_item *)((char *)append - offsetof(struct tp_item, append));
    bool defers = item->defers;
    placing->n_appending--;
    if (!defers || !tp_deferring_takes(delivery, item, result))
        take_answer(delivery, item, result, entry);
    if (defers && --placing->n_deferring == 0 && placing->up)
        place_all(delivery);
    tp_delivery_soon(delivery);
}

static void on_lane_failed(void *arg, int status) {
    struct tp_delivery *delivery = arg;
    tp_placing_give_up(delivery, status);
}

/* ---- there ---- */

/* What is not this customer's, and why, is said on the interaction. */
static void write_conflict(const struct tp_placing *placing, const struct tp_identity_request *request,
                           struct tp_buf *out) {
    const struct tp_interaction *interaction = request->interaction;
    struct tp_identity_conflict conflict;
    for (size_t i = 0; i < interaction->n_identifiers; i++) {
        if (!tp_identity_conflict(placing->identity, request, i, &conflict))
            continue;
        if (out->len > 0)
            tp_buf_addc(out, ',');
        tp_interaction_write_identifier(interaction->identifiers[i], out);
        tp_buf_addf(out, ",\"reason\":\"%s\"", conflict.reason);
        if (conflict.customer_id.len > 0)
            tp_buf_addf(out, ",\"customer\":\"%.*s\"", TP_FMT(conflict.customer_id));
        tp_buf_addc(out, '}');
    }
}

static void append(struct tp_delivery *delivery, struct tp_item *item, const struct tp_identity_request *request) {
    struct tp_placing *placing = &delivery->placing;
    struct tp_buf conflict = TP_BUF_INIT;
    write_conflict(placing, request, &conflict);
    int status = conflict.failed ? TP_ENOMEM : tp_item_prepare_append(item, tp_buf_str(&conflict));
    tp_buf_free(&conflict);
    if (status < 0) {
        try_again(delivery, item);
        return;
    }
    item->append.others = request->others;
    item->append.bound = request->bound;
    item->of_members = request->of_members;
    placing->n_appending++;
    tp_timeline_append(placing->timeline, &item->append);
}

static void place(struct tp_delivery *delivery, struct tp_item *item, const struct tp_identity_request *request) {
    struct tp_placing *placing = &delivery->placing;
    if (request->status < 0) {
        try_again(delivery, item);
        return;
    }
    memcpy(item->customer_id, request->customer_id, TP_UUID_TEXT);
    if (tp_window_holds(&delivery->window, item)) {
        hold(delivery, item);
        return;
    }
    if (!item->interaction.identifies && tp_known_otherwise(placing->known, &item->interaction)) {
        tp_metrics_add(TP_M_TIMELINE_REUSED, 1); /* as the timeline would count it */
        tp_outbox_reject(delivery, item, TP_EIDREUSED);
        return;
    }
    append(delivery, item, request);
}

static void return_all(struct tp_delivery *delivery) {
    struct tp_placing *placing = &delivery->placing;
    for (size_t i = 0; i < placing->n_resolving; i++)
        if (placing->resolving[i])
            tp_window_return(&delivery->window, placing->resolving[i]);
    placing->n_resolving = 0;
    placing->anew = false;
    tp_delivery_soon(delivery);
}

/* But those that are known to be placed. */
static void place_all(struct tp_delivery *delivery) {
    struct tp_placing *placing = &delivery->placing;
    if (placing->anew) {
        return_all(delivery);
        return;
    }
    size_t n = placing->n_resolving;
    placing->n_resolving = 0;
    for (size_t i = 0; i < n; i++)
        if (placing->resolving[i])
            place(delivery, placing->resolving[i], &placing->requests[i]);
    tp_timeline_send(placing->timeline, tp_journal_checkpointed(delivery->options.journal));
    tp_delivery_soon(delivery);
}

static void on_resolved(void *arg, int status) {
    struct tp_delivery *delivery = arg;
    struct tp_placing *placing = &delivery->placing;
    if (status < 0) {
        tp_placing_give_up(delivery, status);
        return;
    }
    if (status == TP_IDENTITY_LATER) {
        placing->drains = true; /* two are to be merged: what is on its way to either comes first */
        return_all(delivery);
    } else if (!tp_deferring_begin(delivery, placing->n_resolving)) {
        place_all(delivery);
    }
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

/* From its turn on until it is on its way to Kafka. Given up, or aside for a while, it has its turn again. */
static bool splits(struct tp_placing *placing) {
    if (placing->split && placing->split->stage == TP_AT_START)
        placing->split = NULL;
    return placing->split != NULL;
}

/* A split takes its turn when all that stand before it have their places, and what stands behind it waits: whose each
 * of them is, is another question before it than behind it. */
static void meet_split(struct tp_delivery *delivery, struct tp_item *item) {
    struct tp_placing *placing = &delivery->placing;
    tp_window_return(&delivery->window, item);
    if (placing->n_resolving > 0 || placing->n_appending > 0 || !tp_window_is_first(&delivery->window, item))
        return;
    placing->split = tp_window_next(&delivery->window);
    tp_splitting_begin(delivery, item);
}

static void ask_for(struct tp_placing *placing, struct tp_item *item) {
    struct tp_identity_request *request = &placing->requests[placing->n_resolving];
    *request = (struct tp_identity_request){.interaction = &item->interaction};
    if (item->led_under == placing->repair)
        memcpy(request->led_by, item->led_by, TP_UUID_TEXT);
    item->defers = false;
    placing->resolving[placing->n_resolving++] = item;
}

/* Up to a split, whose turn may be now. */
static void gather(struct tp_delivery *delivery) {
    struct tp_placing *placing = &delivery->placing;
    struct tp_item *item = NULL;
    while (placing->n_resolving < TP_PLACING_BATCH && (item = tp_window_next(&delivery->window))) {
        if (tp_outbox_has(delivery, item->record)) {
            tp_delivery_end(delivery, item, TP_DELIVERED);
            continue;
        }
        if (item->is_split) {
            meet_split(delivery, item);
            return;
        }
        ask_for(placing, item);
    }
}

/* One batch at a time, so that each is appended behind the one before. */
void tp_placing_go_on(struct tp_delivery *delivery) {
    struct tp_placing *placing = &delivery->placing;
    tp_repair_turn(delivery);
    placing->drains = placing->drains && placing->n_appending > 0;
    if (!placing->up || placing->n_resolving > 0 || placing->drains || splits(placing) ||
        tp_outbox_is_in_doubt(delivery) || is_early(delivery))
        return;
    gather(delivery);
    if (placing->n_resolving == 0)
        return;
    placing->next_ms = tp_time_monotonic_ms() + TP_PLACING_PACE_MS;
    const struct tp_identity_batch batch = {.repair = placing->repair,
                                            .requests = placing->requests,
                                            .n = placing->n_resolving,
                                            .quiet = placing->n_appending == 0,
                                            .careful =
                                                placing->requests[0].interaction->received_ms <= placing->opened_ms};
    int status = tp_identity_resolve(placing->identity, &batch, on_resolved, delivery);
    if (status < 0)
        tp_placing_give_up(delivery, status);
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
    placing->opened_ms = tp_time_now_ms();
    placing->due = evtimer_new(redis.base, on_due, delivery);
    status = placing->known && placing->due ? tp_identity_new(settings, placing->redis, &placing->identity) : TP_ENOMEM;
    if (status == 0)
        status = tp_timeline_new(&timeline, &placing->timeline);
    return status < 0 ? status : tp_repair_open(delivery);
}

void tp_placing_close(struct tp_delivery *delivery) {
    struct tp_placing *placing = &delivery->placing;
    tp_repair_close(delivery);
    if (placing->due)
        event_free(placing->due);
    placing->up = false; /* the calls that end now are not to be given up once more */
    tp_redis_close(placing->redis);
    tp_identity_free(placing->identity);
    tp_timeline_free(placing->timeline);
    tp_known_free(placing->known);
}
