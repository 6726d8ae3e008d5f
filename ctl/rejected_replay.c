/* `rejected replay`: what was refused is sent again, as if it came in now, and what becomes of it is awaited. What one
 * request takes has one form; events and CloudEvents go in turns, so that the order stays that of the topic. */
#include "ctl/rejected.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "daemon/settings/settings.h"

enum { BATCH = 100 };

/* Sent in this batch. */
struct waiting {
    struct tp_buf about; /* place, source and reason, as JSON members */
    char place[40];
    struct tp_buf source, id, event;
    bool told;
};

struct replay {
    const struct tp_ctl_rejected *asked;
    struct tp_ctl_courier courier;
    struct tp_ctl_table *table;
    enum tp_ctl_frame frame;
    size_t n, bytes;
    struct waiting batch[BATCH];
    uint64_t accepted, refused, skipped;
    int error;
};

/* ---- what became of one ---- */

static void free_waiting(struct waiting *one) {
    tp_buf_free(&one->about);
    tp_buf_free(&one->source);
    tp_buf_free(&one->id);
    tp_buf_free(&one->event);
}

static void add_text(struct tp_buf *out, const char *before, const char *name, struct tp_str value) {
    tp_buf_addf(out, "%s\"%s\":", before, name);
    tp_json_write_string(value, out);
}

static void print_json(const struct waiting *one, const char *result, const struct tp_ctl_verdict *why) {
    struct tp_buf line = TP_BUF_INIT;
    tp_buf_addc(&line, '{');
    tp_buf_addstr(&line, tp_buf_str(&one->about));
    add_text(&line, ",", "result", tp_str(result));
    if (why->code.len > 0) {
        add_text(&line, ",\"error\":{", "code", why->code);
        add_text(&line, ",", "path", why->path);
        add_text(&line, ",", "message", why->message);
        tp_buf_addc(&line, '}');
    } else if (why->message.len > 0) {
        add_text(&line, ",", "why", why->message);
    }
    tp_buf_adds(&line, "}\n");
    tp_ctl_write(&line, stdout);
    tp_buf_free(&line);
}

static void tell(struct replay *replay, struct waiting *one, const char *result, const struct tp_ctl_verdict *why) {
    one->told = true;
    if (replay->asked->options->json) {
        print_json(one, result, why);
        return;
    }
    tp_ctl_table_add(replay->table, tp_str(one->place));
    tp_ctl_table_add(replay->table, tp_buf_str(&one->source));
    tp_ctl_table_add(replay->table, tp_buf_str(&one->id));
    tp_ctl_table_add(replay->table, tp_str(result));
    tp_ctl_table_add(replay->table, why->code);
    tp_ctl_table_add(replay->table, why->path);
    tp_ctl_table_add(replay->table, why->message);
}

static void on_verdict(void *arg, size_t index, const struct tp_ctl_verdict *verdict) {
    struct replay *replay = arg;
    replay->accepted += verdict->accepted;
    replay->refused += !verdict->accepted;
    tell(replay, &replay->batch[index],
         !verdict->accepted   ? "refused"
         : verdict->duplicate ? "duplicate"
                              : "accepted",
         verdict);
}

/* ---- a batch ---- */

static void tell_not_sent(struct replay *replay, struct waiting *one, const char *why) {
    replay->skipped++;
    tell(replay, one, "not sent", &(struct tp_ctl_verdict){.message = tp_str(why)});
}

static void flush(struct replay *replay) {
    struct tp_str events[BATCH];
    for (size_t i = 0; i < replay->n; i++)
        events[i] = tp_buf_str(&replay->batch[i].event);
    if (replay->n > 0 && !replay->error)
        replay->error = tp_ctl_courier_send(&replay->courier, replay->frame, events, replay->n);
    for (size_t i = 0; i < replay->n; i++) {
        if (!replay->batch[i].told)
            tell_not_sent(replay, &replay->batch[i], "touchpointd did not take it");
        free_waiting(&replay->batch[i]);
    }
    replay->n = replay->bytes = 0;
}

static bool fits(const struct replay *replay, const struct tp_ctl_plan *plan) {
    return replay->n == 0 ||
           (replay->n < BATCH && replay->frame == plan->frame && replay->bytes + plan->event.len <= TP_CTL_MOST_BODY);
}

static struct waiting describe(const struct tp_ctl_rejection *rejection) {
    struct waiting one = {0};
    snprintf(one.place, sizeof one.place, "%" PRId32 "/%" PRId64, rejection->partition, rejection->offset);
    tp_ctl_rejection_write(rejection, &one.about);
    tp_buf_addstr(&one.source, rejection->source);
    tp_buf_addstr(&one.id, rejection->id);
    return one;
}

static bool on_rejection(void *arg, const struct tp_ctl_rejection *rejection) {
    struct replay *replay = arg;
    struct tp_ctl_plan plan;
    tp_ctl_plan(rejection, replay->asked->settings->kafka.topic_rejected, &plan);
    if (!plan.why_not && !fits(replay, &plan))
        flush(replay);
    struct waiting one = describe(rejection);
    one.event = plan.event;
    if (plan.why_not) {
        tell_not_sent(replay, &one, plan.why_not);
    } else if (replay->asked->dry_run) {
        replay->accepted++;
        tell(replay, &one, "would be sent", &(struct tp_ctl_verdict){0});
    }
    if (one.told) {
        free_waiting(&one);
    } else {
        replay->frame = plan.frame;
        replay->bytes += one.event.len;
        replay->batch[replay->n++] = one;
    }
    return replay->error == 0;
}

/* ---- the whole ---- */

static void report(const struct replay *replay) {
    if (replay->asked->options->json)
        return;
    tp_ctl_table_print(replay->table, replay->asked->options, stdout);
    if (replay->asked->dry_run)
        printf("%" PRIu64 " would be sent, %" PRIu64 " cannot be\n", replay->accepted, replay->skipped);
    else
        printf("%" PRIu64 " accepted, %" PRIu64 " refused again, %" PRIu64 " not sent\n", replay->accepted,
               replay->refused, replay->skipped);
}

int tp_ctl_rejected_replay(const struct tp_ctl_rejected *asked) {
    static const char *const titles[] = {"PARTITION/OFFSET", "SOURCE", "ID", "RESULT", "CODE", "PATH", "MESSAGE"};
    struct replay *replay = calloc(1, sizeof *replay);
    if (!replay)
        return tp_ctl_say("%s", tp_error_text(TP_ENOMEM)), EXIT_FAULT;
    replay->asked = asked;
    replay->table = tp_ctl_table_new(titles, 7);
    replay->courier = (struct tp_ctl_courier){.client = tp_ctl_client_new(asked->options),
                                              .path = "/v1/events?wait=10",
                                              .patience_ms = asked->patience_ms,
                                              .on_verdict = on_verdict,
                                              .arg = replay};
    int status = EXIT_FAULT;
    if (replay->table && replay->courier.client) {
        status = tp_ctl_rejected_each(asked, on_rejection, replay);
        flush(replay);
        report(replay);
    }
    if (replay->error || replay->refused + replay->skipped > 0)
        status = EXIT_FAULT;
    tp_ctl_table_free(replay->table);
    tp_ctl_client_free(replay->courier.client);
    tp_ctl_courier_free(&replay->courier);
    free(replay);
    return status;
}
