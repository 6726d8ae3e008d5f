#include "daemon/pipeline/intake.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "common/error.h"
#include "common/fault.h"
#include "common/interaction.h"
#include "common/time.h"
#include "common/utf8.h"
#include "daemon/metrics/metrics.h"

enum { REJECTED_PAYLOAD_BYTES = 512 * 1024 }; /* what is kept of a refused element; the broker takes 1 MB by default */

struct tp_intake {
    struct tp_intake_options options;
    struct tp_normalizer *normalizer;
    struct tp_buf packed;
    struct order *orders; /* that wait */
    bool stopped;         /* nobody waits any more */
};

/* A job on its way: the batch first, so that the journal's pointer is ours. */
struct order {
    struct tp_journal_batch batch;
    struct tp_mail mail;
    struct tp_job *job;
    struct tp_intake *intake;
    tp_intake_done *done;
    void *arg;
    int64_t began_us; /* monotonic */
    uint64_t first;   /* record of the first element */
    unsigned wait_s;
    bool is_command; /* not of events */
    size_t waiting;  /* seats in the waitroom, and news under way */
    struct event *timer;
    struct order *prev, *next; /* among those that wait */
};

/* ---- elements become records ---- */

static char *copy(struct tp_str text) {
    char *to = malloc(text.len + 1);
    if (to) {
        memcpy(to, text.at ? text.at : "", text.len);
        to[text.len] = '\0';
    }
    return to;
}

static int add_verdict(struct tp_job *job, struct tp_str id, int error, const char *path, const char *message) {
    if ((job->n & (job->n - 1)) == 0) { /* full at each power of two */
        struct tp_verdict *more = realloc(job->verdicts, (job->n ? job->n * 2 : 1) * sizeof *more);
        if (!more)
            return TP_ENOMEM;
        job->verdicts = more;
    }
    struct tp_verdict *verdict = &job->verdicts[job->n++];
    *verdict = (struct tp_verdict){.error = error};
    if (id.len > 0)
        verdict->id = copy(id);
    if (error < 0) {
        verdict->path = copy(tp_str(path));
        verdict->message = copy(tp_str(message));
    } else {
        job->n_accepted++;
    }
    return 0;
}

static int refuse(struct order *order, const struct tp_source_element *element, struct tp_str source,
                  const struct tp_refusal *refusal) {
    struct tp_rejection rejection = {
        .source = element->defaults.source.len > 0 ? element->defaults.source : source,
        .id = refusal->id,
        .code = tp_str(tp_error_code(refusal->error)),
        .path = tp_str(refusal->path),
        .message = tp_str(refusal->message),
        .payload = refusal->element.len > 0 ? refusal->element : element->raw,
        .received_ms = order->batch.received_ms,
    };
    struct tp_buf *packed = &order->intake->packed;
    if (rejection.payload.len > REJECTED_PAYLOAD_BYTES)
        rejection.payload.len = REJECTED_PAYLOAD_BYTES;
    tp_buf_clear(packed);
    tp_rejection_pack(&rejection, packed);
    tp_journal_batch_add(&order->batch, TP_RECORD_REJECTION, tp_buf_str(packed));
    return packed->failed ? TP_ENOMEM
                          : add_verdict(order->job, refusal->id, refusal->error, refusal->path, refusal->message);
}

static int admit(struct order *order, const struct tp_interaction *interaction) {
    struct tp_buf *packed = &order->intake->packed;
    tp_buf_clear(packed);
    tp_interaction_pack(interaction, packed);
    tp_journal_batch_add(&order->batch, TP_RECORD_INTERACTION, tp_buf_str(packed));
    if (interaction->n_blocked > 0)
        tp_metrics_add(TP_M_IDENTIFIERS_BLOCKED, (int64_t)interaction->n_blocked);
    return packed->failed ? TP_ENOMEM : add_verdict(order->job, interaction->id, 0, NULL, NULL);
}

static int take_element(struct order *order, const struct tp_source_element *element,
                        const struct tp_intake_request *request, bool single) {
    struct tp_interaction interaction;
    struct tp_refusal refusal = {.error = element->error};
    if (element->error < 0) {
        memcpy(refusal.path, element->path, sizeof element->path);
        memcpy(refusal.message, element->message, sizeof element->message);
        return refuse(order, element, request->default_source, &refusal);
    }
    struct tp_normalize_input input = {
        .data = element->data,
        .id = element->defaults.id,
        .source = element->defaults.source,
        .type = element->defaults.type,
        .time = element->defaults.time,
        .default_source = request->default_source,
        .received_ms = order->batch.received_ms,
    };
    if (single && input.id.len == 0)
        input.id = request->idempotency_key;
    input.mapped = request->mapped;
    input.region = request->region;
    if (tp_normalize(order->intake->normalizer, &input, &interaction, &refusal) < 0)
        return refuse(order, element, request->default_source, &refusal);
    return admit(order, &interaction);
}

static int take_lines(struct order *order, const struct tp_intake_request *request) {
    struct tp_str left = request->body;
    struct tp_buf id = TP_BUF_INIT;
    int status = 0;
    while (status == 0 && left.len > 0) {
        struct tp_source_element element = {.raw = tp_str_cut(&left, '\n')};
        tp_buf_clear(&id);
        tp_buf_addstr(&id, request->id);
        tp_buf_addf(&id, ".%zu", order->job->n);
        element.data = element.raw;
        element.defaults.id = tp_buf_str(&id);
        status = id.failed ? TP_ENOMEM : take_element(order, &element, request, false);
    }
    tp_buf_free(&id);
    return status;
}

static int take_body(struct order *order, const struct tp_intake_request *request, const char **ret_message) {
    const struct tp_settings *settings = order->intake->options.settings;
    struct tp_source_reader *reader = NULL;
    struct tp_source_element element;
    int status = tp_source_open(request->content_type, request->headers, request->body, settings->normalize.max_events,
                                settings->normalize.max_depth, &reader, ret_message);
    if (status < 0)
        return status;
    bool single = tp_source_single(reader);
    while (status == 0 && tp_source_next(reader, &element) > 0)
        status = take_element(order, &element, request, single);
    tp_source_close(reader);
    return status;
}

static int take_elements(struct order *order, const struct tp_intake_request *request, const char **ret_message) {
    int status = request->mapped ? take_lines(order, request) : take_body(order, request, ret_message);
    return status == 0 && order->batch.records.failed ? TP_ENOMEM : status;
}

/* ---- durable, and then ---- */

static void stop_waiting(struct order *order) {
    if (!order->timer)
        return;
    event_free(order->timer);
    order->timer = NULL;
    DL_DELETE(order->intake->orders, order);
}

static void free_order(struct order *order) {
    if (!order)
        return;
    tp_buf_free(&order->batch.records);
    tp_job_free(order->job);
    free(order);
}

static void finish(struct order *order) {
    struct tp_job *job = order->job;
    stop_waiting(order);
    order->job = NULL;
    order->done(order->arg, job);
}

/* The job is answered once, and the order goes when nobody can bring it news any more. */
static void settle(struct order *order) {
    if (order->job && order->waiting == 0)
        finish(order);
    if (!order->job && order->waiting == 0)
        free_order(order);
}

static void on_news(struct tp_mail *mail) {
    struct tp_news *news = (struct tp_news *)mail;
    struct order *order = news->waiter;
    struct tp_verdict *verdict = order->job ? &order->job->verdicts[news->index] : NULL;
    if (verdict && news->outcome == TP_WAS_REFUSED) {
        verdict->error = news->error;
        verdict->path = copy(TP_STR(""));
        verdict->message = copy(tp_str(tp_error_text(news->error)));
        order->job->n_accepted--;
    } else if (verdict) {
        verdict->delivered = true;
        verdict->duplicate = news->outcome == TP_WAS_DUPLICATE;
        verdict->event_len = news->event_len;
        verdict->event = copy((struct tp_str){news->event, news->event_len});
    }
    free(news);
    order->waiting--;
    settle(order);
}

/* The time is up: what is not done in it is told as accepted. */
static void on_timeout(evutil_socket_t fd, short what, void *arg) {
    struct order *order = arg;
    (void)fd, (void)what;
    assert(order->job);
    for (size_t i = 0; i < order->job->n; i++)
        if (tp_waitroom_leave(order->intake->options.waitroom, order->first + i))
            order->waiting--;
    finish(order);
    settle(order);
}

static void wait(struct order *order) {
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
    struct order *order = (struct order *)((char *)mail - offsetof(struct order, mail));
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
    struct order *order = (struct order *)batch;
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

static struct order *new_order(struct tp_intake *intake, unsigned wait_s, tp_intake_done *done, void *arg) {
    struct order *order = calloc(1, sizeof *order);
    if (!order)
        return NULL;
    *order = (struct order){.job = calloc(1, sizeof *order->job),
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

static int append(struct order *order) {
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

int tp_intake_take(struct tp_intake *intake, const struct tp_intake_request *request, tp_intake_done *done, void *arg,
                   const char **ret_message) {
    struct order *order = new_order(intake, request->wait_s, done, arg);
    *ret_message = NULL;
    int status = order ? take_elements(order, request, ret_message) : TP_ENOMEM;
    if (status == 0 && (status = append(order)) == TP_ETOOLARGE)
        *ret_message = "more events than the journal takes at once: send fewer at a time";
    if (status < 0)
        free_order(order);
    return status;
}

int tp_intake_refuse(struct tp_intake *intake, const struct tp_intake_refusal *refusal, tp_intake_done *done,
                     void *arg) {
    const struct tp_source_element element = {.raw = refusal->payload};
    struct tp_refusal said = {.error = refusal->error};
    struct order *order = new_order(intake, 0, done, arg);
    snprintf(said.path, sizeof said.path, "%s", refusal->path ? refusal->path : "");
    snprintf(said.message, sizeof said.message, "%s",
             refusal->message ? refusal->message : tp_error_text(refusal->error));
    said.message[tp_utf8_prefix(tp_str(said.message))] = '\0'; /* cut, maybe within a character */
    int status = order ? refuse(order, &element, refusal->source, &said) : TP_ENOMEM;
    if (status == 0)
        status = append(order);
    if (status < 0)
        free_order(order);
    return status;
}

static int take_split(struct order *order, const struct tp_split *split) {
    struct tp_split received = *split;
    struct tp_buf *packed = &order->intake->packed;
    order->is_command = true;
    received.received_ms = order->batch.received_ms;
    tp_buf_clear(packed);
    tp_split_pack(&received, packed);
    tp_journal_batch_add(&order->batch, TP_RECORD_SPLIT, tp_buf_str(packed));
    return packed->failed || order->batch.records.failed ? TP_ENOMEM
                                                         : add_verdict(order->job, split->id, 0, NULL, NULL);
}

int tp_intake_split(struct tp_intake *intake, const struct tp_split *split, unsigned wait_s, tp_intake_done *done,
                    void *arg) {
    struct order *order = new_order(intake, wait_s, done, arg);
    int status = order ? take_split(order, split) : TP_ENOMEM;
    if (status == 0)
        status = append(order);
    if (status < 0)
        free_order(order);
    return status;
}

/* ---- life ---- */

void tp_job_free(struct tp_job *job) {
    if (!job)
        return;
    for (size_t i = 0; i < job->n; i++) {
        free(job->verdicts[i].id);
        free(job->verdicts[i].path);
        free(job->verdicts[i].message);
        free(job->verdicts[i].event);
    }
    free(job->verdicts);
    free(job);
}

struct tp_normalizer *tp_intake_normalizer(struct tp_intake *intake) {
    return intake->normalizer;
}

int tp_intake_new(const struct tp_intake_options *options, struct tp_intake **ret) {
    struct tp_intake *intake = calloc(1, sizeof *intake);
    if (!intake)
        return TP_ENOMEM;
    intake->options = *options;
    int status = tp_normalizer_of(options->settings, &intake->normalizer);
    if (status < 0) {
        free(intake);
        return status;
    }
    *ret = intake;
    return 0;
}

void tp_intake_stop(struct tp_intake *intake) {
    intake->stopped = true;
    while (intake->orders)
        on_timeout(-1, 0, intake->orders);
}

void tp_intake_free(struct tp_intake *intake) {
    if (!intake)
        return;
    tp_normalizer_free(intake->normalizer);
    tp_buf_free(&intake->packed);
    free(intake);
}
