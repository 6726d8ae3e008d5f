#include "daemon/pipeline/intake.h"

#include <stdlib.h>

#include "common/error.h"
#include "daemon/pipeline/order.h"

static int submit(struct tp_order *order, int status) {
    if (status == 0)
        status = tp_order_submit(order);
    if (status < 0)
        tp_order_free(order);
    return status;
}

int tp_intake_take(struct tp_intake *intake, const struct tp_intake_request *request, tp_intake_done *done, void *arg,
                   const char **ret_message) {
    struct tp_order *order = tp_order_new(intake, request->wait_s, done, arg);
    *ret_message = NULL;
    int status = order ? tp_order_take(order, request, ret_message) : TP_ENOMEM;
    bool taken = status == 0;
    status = submit(order, status);
    if (taken && status == TP_ETOOLARGE)
        *ret_message = "more events than the journal takes at once: send fewer at a time";
    return status;
}

int tp_intake_refuse(struct tp_intake *intake, const struct tp_intake_refusal *refusal, tp_intake_done *done,
                     void *arg) {
    struct tp_order *order = tp_order_new(intake, 0, done, arg);
    return submit(order, order ? tp_order_refuse(order, refusal) : TP_ENOMEM);
}

int tp_intake_split(struct tp_intake *intake, const struct tp_split *split, unsigned wait_s, tp_intake_done *done,
                    void *arg) {
    struct tp_order *order = tp_order_new(intake, wait_s, done, arg);
    return submit(order, order ? tp_order_take_split(order, split) : TP_ENOMEM);
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
    tp_orders_end(intake);
}

void tp_intake_free(struct tp_intake *intake) {
    if (!intake)
        return;
    tp_normalizer_free(intake->normalizer);
    tp_buf_free(&intake->packed);
    free(intake);
}
