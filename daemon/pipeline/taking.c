/* What was sent becomes records of the journal: interactions, or refusals that say why. */
#include "daemon/pipeline/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/interaction.h"
#include "common/utf8.h"
#include "daemon/metrics/metrics.h"

enum { REJECTED_PAYLOAD_BYTES = 512 * 1024 }; /* what is kept of a refused element; the broker takes 1 MB by default */

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
        verdict->id = strndup(id.at, id.len);
    if (error < 0) {
        verdict->path = strdup(path);
        verdict->message = strdup(message);
    } else {
        job->n_accepted++;
    }
    return 0;
}

static int refuse(struct tp_order *order, const struct tp_source_element *element, struct tp_str source,
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

static int admit(struct tp_order *order, const struct tp_interaction *interaction) {
    struct tp_buf *packed = &order->intake->packed;
    tp_buf_clear(packed);
    tp_interaction_pack(interaction, packed);
    tp_journal_batch_add(&order->batch, TP_RECORD_INTERACTION, tp_buf_str(packed));
    if (interaction->n_blocked > 0)
        tp_metrics_add(TP_M_IDENTIFIERS_BLOCKED, (int64_t)interaction->n_blocked);
    return packed->failed ? TP_ENOMEM : add_verdict(order->job, interaction->id, 0, NULL, NULL);
}

static int take_element(struct tp_order *order, const struct tp_source_element *element,
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

static int take_lines(struct tp_order *order, const struct tp_intake_request *request) {
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

static int take_body(struct tp_order *order, const struct tp_intake_request *request, const char **ret_message) {
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

int tp_order_take(struct tp_order *order, const struct tp_intake_request *request, const char **ret_message) {
    int status = request->mapped ? take_lines(order, request) : take_body(order, request, ret_message);
    return status == 0 && order->batch.records.failed ? TP_ENOMEM : status;
}

int tp_order_refuse(struct tp_order *order, const struct tp_intake_refusal *refusal) {
    const struct tp_source_element element = {.raw = refusal->payload};
    struct tp_refusal said = {.error = refusal->error};
    snprintf(said.path, sizeof said.path, "%s", refusal->path ? refusal->path : "");
    snprintf(said.message, sizeof said.message, "%s",
             refusal->message ? refusal->message : tp_error_text(refusal->error));
    said.message[tp_utf8_prefix(tp_str(said.message))] = '\0'; /* cut, maybe within a character */
    return refuse(order, &element, refusal->source, &said);
}

int tp_order_take_split(struct tp_order *order, const struct tp_split *split) {
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
