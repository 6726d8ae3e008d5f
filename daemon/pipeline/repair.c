/* The repair's thread, and what it has to do with delivery's loop. The thread sleeps until the loop finds something
 * wrong, or until somebody asks for everything to be rebuilt; then it mends, again and again, until there is nothing to
 * mend. It asks two things of the loop, by flags that each turn looks at: to be quiet, which is to give up what is with
 * Redis and to say when Kafka has all that was on its way there; and to look at Redis again, which is how the loop
 * learns the number that it works under.
 *
 * Whatever either of them believes in between, nothing is written: each call says a number, and the homes are closed.
 */
#include "daemon/pipeline/repair.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/error.h"
#include "common/json.h"
#include "daemon/metrics/metrics.h"
#include "daemon/pipeline/mend.h"

enum { PAUSE_MS = 500 };

static bool is_under_way(enum tp_repair_state state) { return state != TP_REPAIR_NONE && state != TP_REPAIR_DONE; }

/* ---- waiting ---- */

static void wait_ms(struct tp_repair *repair, unsigned ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&repair->cond, &repair->mutex, &until);
}

void tp_repair_pause(struct tp_repair *repair, unsigned ms) {
    pthread_mutex_lock(&repair->mutex);
    if (!repair->stop)
        wait_ms(repair, ms);
    pthread_mutex_unlock(&repair->mutex);
}

/* ---- the loop's side ---- */

static void tell_quiet(struct tp_delivery *delivery) {
    struct tp_repair *repair = &delivery->repair;
    delivery->placing.repair = delivery->outbox.repair = repair->number;
    pthread_mutex_lock(&repair->mutex);
    repair->quiet_asked = false;
    repair->quiet = true;
    repair->frontier = tp_journal_checkpointed(delivery->options.journal);
    pthread_cond_signal(&repair->cond);
    pthread_mutex_unlock(&repair->mutex);
}

void tp_repair_turn(struct tp_delivery *delivery) {
    struct tp_repair *repair = &delivery->repair;
    if (repair->quiet_asked) {
        tp_placing_give_up(delivery, TP_ECLOSED);
        if (!tp_window_on_its_way(&delivery->window))
            tell_quiet(delivery);
        else
            tp_outbox_flush(delivery);
    }
    if (atomic_exchange(&repair->flush_asked, false))
        tp_outbox_flush(delivery);
    if (atomic_exchange(&repair->look_asked, false))
        tp_placing_look(delivery);
}

void tp_repair_want(struct tp_delivery *delivery) {
    struct tp_repair *repair = &delivery->repair;
    pthread_mutex_lock(&repair->mutex);
    repair->wanted = true;
    pthread_cond_signal(&repair->cond);
    pthread_mutex_unlock(&repair->mutex);
}

/* ---- the thread's side ---- */

void tp_repair_ask_quiet(struct tp_delivery *delivery, uint64_t number) {
    struct tp_repair *repair = &delivery->repair;
    pthread_mutex_lock(&repair->mutex);
    repair->quiet = false;
    repair->number = number;
    repair->quiet_asked = true;
    pthread_mutex_unlock(&repair->mutex);
    tp_delivery_wake(delivery);
}

bool tp_repair_is_quiet(struct tp_repair *repair, uint64_t *ret_frontier) {
    pthread_mutex_lock(&repair->mutex);
    bool quiet = repair->quiet;
    if (quiet)
        *ret_frontier = repair->frontier;
    pthread_mutex_unlock(&repair->mutex);
    return quiet;
}

void tp_repair_enter(struct tp_repair *repair, enum tp_repair_state state, uint64_t number) {
    pthread_mutex_lock(&repair->mutex);
    if (number != repair->report.number)
        repair->report.progress = (struct tp_restore_progress){0};
    repair->report.state = state;
    repair->report.number = number;
    if (state != TP_REPAIR_ASKED) /* it goes on */
        repair->report.waits_for[0] = '\0';
    pthread_mutex_unlock(&repair->mutex);
    tp_metrics_set(TP_M_REPAIRING, is_under_way(state));
}

void tp_repair_note(struct tp_repair *repair, bool all, const struct tp_restore_progress *progress) {
    pthread_mutex_lock(&repair->mutex);
    repair->report.all = all;
    repair->report.progress = *progress;
    pthread_mutex_unlock(&repair->mutex);
    tp_metrics_set(TP_M_REPAIR_RECORDS, (int64_t)progress->records);
}

void tp_repair_leave(struct tp_repair *repair) {
    pthread_mutex_lock(&repair->mutex);
    if (repair->report.state != TP_REPAIR_NONE)
        repair->report.state = repair->rebuild ? TP_REPAIR_ASKED : TP_REPAIR_DONE;
    repair->report.waits_for[0] = '\0';
    pthread_mutex_unlock(&repair->mutex);
    tp_metrics_set(TP_M_REPAIRING, repair->rebuild);
}

/* The first line of what was said. */
static void say_in_the_way(struct tp_repair *repair, int status, struct tp_buf *fault) {
    struct tp_str rest = fault->len > 0 ? tp_buf_str(fault) : tp_str(tp_error_text(status));
    struct tp_str line = tp_str_cut(&rest, '\n');
    char text[sizeof repair->report.waits_for];
    snprintf(text, sizeof text, "%.*s", TP_FMT(line));
    pthread_mutex_lock(&repair->mutex);
    memcpy(repair->report.waits_for, text, sizeof text);
    pthread_mutex_unlock(&repair->mutex);
    tp_log_limited(&repair->said_waits, 10, TP_LOG_WARNING, "repair_waits", "reason=%s what=%s", tp_error_code(status),
                   tp_log_quote(text));
}

static void mend(struct tp_delivery *delivery) {
    struct tp_repair *repair = &delivery->repair;
    struct tp_buf fault = TP_BUF_INIT;
    int status = tp_mend(delivery, &fault);
    if (status == 0) {
        repair->look_asked = true;
        tp_delivery_wake(delivery);
    } else if (status != TP_ESTOPPING) {
        say_in_the_way(repair, status, &fault);
        tp_repair_want(delivery);
        tp_repair_pause(repair, PAUSE_MS);
    }
    tp_buf_free(&fault);
}

static void *run(void *arg) {
    struct tp_delivery *delivery = arg;
    struct tp_repair *repair = &delivery->repair;
    pthread_mutex_lock(&repair->mutex);
    for (;;) {
        while (!repair->stop && !repair->wanted)
            pthread_cond_wait(&repair->cond, &repair->mutex);
        if (repair->stop)
            break;
        repair->wanted = false;
        pthread_mutex_unlock(&repair->mutex);
        mend(delivery);
        pthread_mutex_lock(&repair->mutex);
    }
    pthread_mutex_unlock(&repair->mutex);
    return NULL;
}

/* ---- for those outside ---- */

void tp_repair_report(struct tp_delivery *delivery, struct tp_repair_report *ret) {
    struct tp_repair *repair = &delivery->repair;
    pthread_mutex_lock(&repair->mutex);
    *ret = repair->report;
    pthread_mutex_unlock(&repair->mutex);
    if (is_under_way(ret->state) &&
        !tp_delivery_kafka_up(delivery)) /* known before the thread's own calls have run out of time */
        snprintf(ret->waits_for, sizeof ret->waits_for, "kafka: no broker answers");
}

bool tp_repair_under_way(struct tp_delivery *delivery) {
    struct tp_repair_report report;
    tp_repair_report(delivery, &report);
    return is_under_way(report.state);
}

void tp_repair_report_json(const struct tp_repair_report *report, struct tp_buf *out) {
    static const char *const states[] = {"none",      "asked",   "closing",   "gathering",
                                         "restoring", "opening", "following", "done"};
    const struct tp_restore_progress *progress = &report->progress;
    tp_buf_addf(out, "{\"number\":%" PRIu64 ",\"state\":\"%s\",\"waits_for\":", report->number, states[report->state]);
    if (report->waits_for[0] != '\0')
        tp_json_write_string(tp_str(report->waits_for), out);
    else
        tp_buf_adds(out, "null");
    tp_buf_addf(out, ",\"records\":%" PRIu64 ",\"total\":%" PRIu64 ",\"entries\":%" PRIu64 ",\"claims\":%" PRIu64,
                progress->records, progress->total, progress->entries, progress->claims);
    tp_buf_addf(out, ",\"merges\":%" PRIu64 ",\"lacking\":%" PRIu64 ",\"customers\":%" PRIu64 "}", progress->merges,
                progress->lacking, progress->customers);
}

void tp_repair_rebuild(struct tp_delivery *delivery) {
    struct tp_repair *repair = &delivery->repair;
    pthread_mutex_lock(&repair->mutex);
    repair->rebuild = true;
    if (!is_under_way(repair->report.state))
        repair->report.state = TP_REPAIR_ASKED;
    pthread_mutex_unlock(&repair->mutex);
    tp_repair_want(delivery);
}

/* ---- life ---- */

int tp_repair_open(struct tp_delivery *delivery) {
    struct tp_repair *repair = &delivery->repair;
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&repair->mutex, NULL);
    pthread_cond_init(&repair->cond, &clock);
    pthread_condattr_destroy(&clock);
    repair->known = repair->worked = tp_journal_frontier(delivery->options.journal) > 1;
    repair->opened = true;
    repair->runs = pthread_create(&repair->thread, NULL, run, delivery) == 0;
    return repair->runs ? 0 : TP_ENOMEM;
}

void tp_repair_close(struct tp_delivery *delivery) {
    struct tp_repair *repair = &delivery->repair;
    if (!repair->opened)
        return;
    pthread_mutex_lock(&repair->mutex);
    repair->stop = true;
    pthread_cond_signal(&repair->cond);
    pthread_mutex_unlock(&repair->mutex);
    if (repair->runs)
        pthread_join(repair->thread, NULL);
    pthread_cond_destroy(&repair->cond);
    pthread_mutex_destroy(&repair->mutex);
}
