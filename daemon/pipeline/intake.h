/* Intake: the way before the journal, source -> normalize -> journal. A request's body becomes a batch of records, each
 * an interaction or a refusal, durable together; only then is its sender told.
 * One intake a thread of the front, on whose loop everything happens. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/split.h"
#include "common/str.h"
#include "daemon/journal/journal.h"
#include "daemon/loop/loop.h"
#include "daemon/normalize/normalize.h"
#include "daemon/pipeline/waitroom.h"
#include "daemon/settings/settings.h"
#include "daemon/source/source.h"

struct tp_intake;

struct tp_intake_options {
    const struct tp_settings *settings;
    struct tp_journal *journal;
    struct tp_waitroom *waitroom;
    struct tp_loop *loop;
};
int tp_intake_new(const struct tp_intake_options *options, struct tp_intake **ret);
/* Its loop has stopped: those who wait are answered with what is known. */
void tp_intake_stop(struct tp_intake *intake);
void tp_intake_free(struct tp_intake *intake);
/* The thread's normalizer, for look-ups by an identifier. */
struct tp_normalizer *tp_intake_normalizer(struct tp_intake *intake);

/* What became of one element of the body, in the order it had. */
struct tp_verdict {
    char *id;  /* sent or given; NULL when it could not be read */
    int error; /* 0: accepted; otherwise why it was refused, with path and message */
    char *path, *message;
    bool delivered, duplicate; /* with wait: it is in the timeline and in Kafka; it had been before */
    char *event;               /* then the enriched interaction */
    size_t event_len;
};

struct tp_job {
    size_t n, n_accepted;
    struct tp_verdict *verdicts;
    int error; /* of the whole: nothing was accepted (TP_EIO). Otherwise 0 */
};
void tp_job_free(struct tp_job *job);

struct tp_intake_request {
    struct tp_str content_type, body, idempotency_key; /* borrowed for the call only */
    struct tp_source_headers headers;
    struct tp_str default_source;
    unsigned wait_s; /* 0: answered when durable */
    /* What a mapping made: a JSON value on each line of the body, of this country where it is not "". Those without an
     * id get `id` and their place. */
    bool mapped;
    struct tp_str region, id;
};
/* `done` is called once, later, on the loop, and owns the job. An error at once refuses the request as a whole, with a
 * sentence in *ret_message (static, or NULL): then `done` is not called. */
typedef void tp_intake_done(void *arg, struct tp_job *job);
/* What cannot be read at all goes to the rejected topic. A job of one. */
struct tp_intake_refusal {
    struct tp_str source, payload;
    int error;
    const char *path, *message; /* may be NULL */
};
int tp_intake_refuse(struct tp_intake *intake, const struct tp_intake_refusal *refusal, tp_intake_done *done,
                     void *arg);
/* An operator's word instead of interactions: its time of receipt is now. A job of one, without an event. */
int tp_intake_split(struct tp_intake *intake, const struct tp_split *split, unsigned wait_s, tp_intake_done *done,
                    void *arg);
int tp_intake_take(struct tp_intake *intake, const struct tp_intake_request *request, tp_intake_done *done, void *arg,
                   const char **ret_message);
