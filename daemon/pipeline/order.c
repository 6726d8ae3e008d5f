/* Durable, and then: the journal's answer, the news of who waits, and what is told in the end. */
#include "daemon/pipeline/order.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "common/error.h"
#include "common/fault.h"
#include "common/time.h"
#include "daemon/metrics/metrics.h"

static void stop_waiting(struct tp_order *order) {
    if (!order->timer)
        return;
    event_free(order->timer);
    order->timer = NULL;
    DL_DELETE(order->intake->orders, order);
}

void tp_order_free(struct tp_order *order) {
    if (!order)
        return;
    tp_buf_free(&order->batch.records);
    tp_job_free(order->job);
    free(order);
}

static void finish(struct tp_order *order) {
    struct tp_job *job = order->job;
    stop_waiting(order);
    order->job = NULL;
    order->done(order->arg, job);
}

/* The job is answered once, and the order goes when nobody can bring it news any more. */
static void settle(struct tp_order *order) {
    if (order->job && order->waiting == 0)
        finish(order);
    if (!order->job && order->waiting == 0)
        tp_order_free(order);
}

static void on_news(struct tp_mail *mail) {
    struct tp_news *news = (struct tp_news *)mail;
    struct tp_order *order = news->waiter;
    struct tp_verdict *verdict = order->job ? &order->job->verdicts[news->index] : NULL;
    if (verdict && news->outcome == TP_WAS_REFUSED) {
        verdict->error = news->error;
        verdict->path = strdup("");
        verdict->message = strdup(tp_error_text(news->error));
        order->job->n_accepted--;
    } else if (verdict) {
        verdict->delivered = true;
        verdict->duplicate = news->outcome == TP_WAS_DUPLICATE;
        verdict->event_len = news->event_len;
        verdict->event = news->event_len > 0 ? strndup(news->event, news->event_len) : strdup("");
    }
    free(news);
    order->waiting--;
    settle(order);
}

/* The time is up: what is not done in it is told as accepted. */
static void on_timeout(evutil_socket_t fd, short what, void *arg) {
    struct tp_order *order = arg;
    (void)fd, (void)what;
    assert(order->job);
    for (size_t i = 0; i < order->job->n; i++)
        if (tp_waitroom_leave(order->intake->options.waitroom, order->first + i))
            order->waiting--;
    finish(order);
    settle(order);
}

static void wait(struct tp_order *order) {
    const struct timeval time = {order->wait_s, 0};
    struct tp_intake *intake = order->intake;
    if (!intake->stopped)
        order->timer = evtimer_new(tp_loop_base(intake->options.loop), on_timeout, order);
    if (!order->timer) {
        on_timeout(-1, 0, order);
        return;
    }
    DL_APPEND(intake->orders, order);
    event_add(order->timer, &time);
}

static void on_durable_here(struct tp_mail *mail) {
    struct tp_order *order = (struct tp_order *)((char *)mail - offsetof(struct tp_order, mail));
    bool counts = order->job->error == 0 && !order->is_command;
    int64_t accepted = (int64_t)order->job->n_accepted;
    tp_metrics_add(TP_M_EVENTS_ACCEPTED, counts ? accepted : 0);
    tp_metrics_add(TP_M_EVENTS_REJECTED, counts ? (int64_t)order->job->n - accepted : 0);
    if (order->job->error == 0)
        tp_metrics_observe(TP_H_ACCEPT, tp_time_monotonic_us() - order->began_us);
    if (order->waiting > 0)
        wait(order);
    else
        settle(order);
}

/* On the writer's thread, before delivery can see the records: so no news can come too early. */
static void on_durable(struct tp_journal_batch *batch, int status, uint64_t first) {
    struct tp_order *order = (struct tp_order *)batch;
    struct tp_loop *loop = order->intake->options.loop;
    order->first = first;
    order->job->error = status;
    (void)TP_FAULT("intake.after_durable");
    for (size_t i = 0; order->wait_s > 0 && status == 0 && i < order->job->n; i++)
        if (order->job->verdicts[i].error == 0 &&
            tp_waitroom_enter(order->intake->options.waitroom, first + i, loop, order, i, on_news) == 0)
            order->waiting++;
    order->mail.deliver = on_durable_here;
    tp_loop_post(loop, &order->mail);
}

struct tp_order *tp_order_new(struct tp_intake *intake, unsigned wait_s, tp_intake_done *done, void *arg) {
    struct tp_order *order = calloc(1, sizeof *order);
    if (!order)
        return NULL;
    *order = (struct tp_order){.job = calloc(1, sizeof *order->job),
                               .intake = intake,
                               .done = done,
                               .arg = arg,
                               .wait_s = wait_s,
                               .began_us = tp_time_monotonic_us(),
                               .batch = {.received_ms = tp_time_now_ms(), .on_durable = on_durable}};
    if (order->job)
        return order;
    free(order);
    return NULL;
}

int tp_order_submit(struct tp_order *order) {
    if (order->job->n == 0) { /* a mapping that made nothing of it */
        order->mail.deliver = on_durable_here;
        tp_loop_post(order->intake->options.loop, &order->mail);
        return 0;
    }
    (void)TP_FAULT("intake.before_append");
    int status = tp_journal_append(order->intake->options.journal, &order->batch);
    (void)TP_FAULT("intake.after_append");
    return status;
}

void tp_orders_end(struct tp_intake *intake) {
    while (intake->orders)
        on_timeout(-1, 0, intake->orders);
}
