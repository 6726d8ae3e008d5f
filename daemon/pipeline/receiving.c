#include "daemon/pipeline/receiving.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/digest.h"
#include "common/error.h"
#include "common/time.h"
#include "daemon/log/log.h"
#include "daemon/source/request.h"

enum { ID_BYTES = 16 }; /* of the body's digest */

struct tp_receiving {
    struct tp_receiving_options options;
    struct tp_mapper *mapper;
    struct tp_buf described;
};

struct arrival {
    struct tp_receiving *receiving;
    struct tp_sender *sender;
    struct tp_received received;
    char digest[TP_SHA256_HEX];
    tp_intake_done *done;
    void *arg;
    struct tp_job *failed; /* there from the beginning, so that a request is answered even without memory */
};

/* ---- its end ---- */

/* All of it, or one of its elements. */
static bool was_unreadable(const struct tp_job *job) {
    for (size_t i = 0; i < job->n; i++)
        if (job->verdicts[i].error == TP_EUNREADABLE)
            return true;
    return false;
}

static void tell_unreadable(const struct arrival *arrival) {
    static struct tp_log_limit limit;
    tp_sender_count(arrival->sender, TP_SENDER_UNREADABLE, 1);
    tp_log_limited(&limit, 10, TP_LOG_WARNING, "unreadable", "stage=source source=%s",
                   tp_log_quote(tp_sender_settings(arrival->sender)->name));
}

static void count(const struct arrival *arrival, const struct tp_job *job) {
    tp_sender_count(arrival->sender, TP_SENDER_REQUESTS, 1);
    tp_sender_count(arrival->sender, TP_SENDER_ACCEPTED, job->n_accepted);
    tp_sender_count(arrival->sender, TP_SENDER_REJECTED, job->n - job->n_accepted);
    if (was_unreadable(job))
        tell_unreadable(arrival);
}

static void on_done(void *arg, struct tp_job *job) {
    struct arrival *arrival = arg;
    if (job->error == 0)
        count(arrival, job);
    arrival->done(arrival->arg, job);
    tp_job_free(arrival->failed);
    free(arrival);
}

static void fail(struct arrival *arrival, int error) {
    struct tp_job *job = arrival->failed;
    arrival->failed = NULL;
    job->error = error;
    on_done(arrival, job);
}

/* What no mapping can read will be no better when it is sent again. */
static void refuse(struct arrival *arrival, const char *message) {
    const struct tp_intake_refusal refusal = {.source = tp_str(tp_sender_settings(arrival->sender)->name),
                                              .payload = arrival->received.body,
                                              .error = TP_EUNREADABLE,
                                              .message = message};
    int error = tp_intake_refuse(arrival->receiving->options.intake, &refusal, on_done, arrival);
    if (error < 0)
        fail(arrival, error);
}

/* ---- from the request to the intake ---- */

static void take_mapped(struct arrival *arrival, struct tp_str lines) {
    const struct tp_source_settings *source = tp_sender_settings(arrival->sender);
    const struct tp_intake_request intake = {.body = lines,
                                             .default_source = tp_str(source->name),
                                             .mapped = true,
                                             .region = tp_str(source->region),
                                             .id = {arrival->digest, (size_t)2 * ID_BYTES}};
    const char *message;
    int error = tp_intake_take(arrival->receiving->options.intake, &intake, on_done, arrival, &message);
    if (error < 0)
        fail(arrival, error);
}

static void on_mapped(void *arg, int status, struct tp_str text) {
    struct arrival *arrival = arg;
    char message[256];
    snprintf(message, sizeof message, "%.*s", TP_FMT(text));
    if (status == 0)
        take_mapped(arrival, text);
    else if (status == TP_EFORM || status == TP_ETIMEOUT || status == TP_ETOOMANY || status == TP_EINTERNAL)
        refuse(arrival, message);
    else
        fail(arrival, status);
}

static int describe(struct arrival *arrival, char message[160]) {
    const struct tp_source_settings *source = tp_sender_settings(arrival->sender);
    const struct tp_settings *settings = arrival->receiving->options.settings;
    const struct tp_source_request request = {
        .name = tp_str(source->name),
        .kind = tp_str(source->kind),
        .region = tp_str(*source->region ? source->region : settings->normalize.region),
        .method = arrival->received.method,
        .path = arrival->received.path,
        .query = arrival->received.query,
        .body = arrival->received.body,
        .headers = arrival->received.headers,
        .body_sha256 = tp_str(arrival->digest),
        .received_ms = tp_time_now_ms(),
        .decode = tp_sender_kind(arrival->sender)->decode,
        .max_depth = settings->normalize.max_depth,
        .max_unpacked = settings->http.max_unpacked,
    };
    tp_buf_clear(&arrival->receiving->described);
    return tp_source_describe(&request, &arrival->receiving->described, message);
}

static void map(struct arrival *arrival) {
    struct tp_receiving *receiving = arrival->receiving;
    char message[160];
    int error = describe(arrival, message);
    if (error < 0 && error != TP_ENOMEM) {
        refuse(arrival, *message ? message : tp_error_text(error));
        return;
    }
    if (error == 0)
        error = tp_mapper_run(receiving->mapper, tp_sender_mapping(arrival->sender), tp_buf_str(&receiving->described),
                              on_mapped, arrival);
    if (error < 0)
        fail(arrival, error);
}

int tp_receiving_take(struct tp_receiving *receiving, struct tp_sender *sender, const struct tp_received *received,
                      tp_intake_done *done, void *arg) {
    struct arrival *arrival = calloc(1, sizeof *arrival);
    struct tp_job *failed = calloc(1, sizeof *failed);
    if (!arrival || !failed) {
        free(arrival);
        free(failed);
        return TP_ENOMEM;
    }
    *arrival = (struct arrival){
        .receiving = receiving, .sender = sender, .received = *received, .done = done, .arg = arg, .failed = failed};
    tp_hex_of_sha256(received->body, arrival->digest);
    map(arrival);
    return 0;
}

/* ---- life ---- */

int tp_receiving_new(const struct tp_receiving_options *options, struct tp_receiving **ret) {
    struct tp_receiving *receiving = calloc(1, sizeof *receiving);
    if (!receiving)
        return TP_ENOMEM;
    receiving->options = *options;
    int error = tp_mapper_new(tp_senders_mappings(options->senders), options->loop, &receiving->mapper);
    if (error < 0)
        free(receiving);
    else
        *ret = receiving;
    return error;
}

void tp_receiving_stop(struct tp_receiving *receiving) {
    tp_mapper_free(receiving->mapper);
    receiving->mapper = NULL;
}

void tp_receiving_free(struct tp_receiving *receiving) {
    if (!receiving)
        return;
    tp_mapper_free(receiving->mapper);
    tp_buf_free(&receiving->described);
    free(receiving);
}
