/* Events to touchpointd, until there is an answer. A connection that is lost, a daemon that is away or has no room are
 * waited out, and the same bytes sent again: with their ids they are the same events. A request that is refused as a
 * whole, being too large or not readable, is halved until the one event that is the reason stands alone. */
#include "ctl/send.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/error.h"
#include "common/time.h"

enum { FIRST_PAUSE_MS = 250, MOST_PAUSE_MS = 5000, MOST_DEPTH = 512 };
#define USUAL_PATIENCE_S 600
#define MOST_PATIENCE_S  UINT64_C(31536000)

void tp_ctl_courier_free(struct tp_ctl_courier *courier) {
    tp_buf_free(&courier->body);
    tp_ctl_reply_free(&courier->reply);
}

bool tp_ctl_courier_read_patience(const char *text, int64_t *ret_ms) {
    uint64_t seconds = USUAL_PATIENCE_S;
    if (text && !tp_ctl_read_number("--give-up", text, 0, MOST_PATIENCE_S, &seconds))
        return false;
    *ret_ms = (int64_t)seconds * 1000;
    return true;
}

/* ---- until there is an answer ---- */

static void clear_progress(const struct tp_ctl_courier *courier) {
    if (courier->progress)
        tp_ctl_progress_end(courier->progress);
}

static bool passes(long status) { return status == 429 || status == 502 || status == 503 || status == 504; }

static void sleep_ms(int64_t ms) {
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static void say_trouble(const struct tp_ctl_courier *courier, bool answered, int64_t left_ms) {
    clear_progress(courier);
    if (answered)
        tp_ctl_say_reply("no room at the moment", &courier->reply);
    else
        tp_ctl_say("%s", tp_ctl_client_fault(courier->client));
    if (left_ms > 0)
        tp_ctl_say("the same events are sent again, for up to %" PRId64 " s", (left_ms + 999) / 1000);
    else
        tp_ctl_say("given up after %" PRId64 " s", courier->patience_ms / 1000);
}

static int post(struct tp_ctl_courier *courier, const char *const *headers) {
    int64_t pause_ms = FIRST_PAUSE_MS, end_ms = tp_time_monotonic_ms() + courier->patience_ms;
    for (bool waited = false;; waited = true) {
        bool answered =
            tp_ctl_post(courier->client, courier->path, headers, tp_buf_str(&courier->body), &courier->reply) == 0;
        if (answered && !passes(courier->reply.status)) {
            if (waited)
                tp_ctl_say("touchpointd takes events again");
            return 0;
        }
        int64_t left_ms = end_ms - tp_time_monotonic_ms();
        if (!waited || left_ms <= 0)
            say_trouble(courier, answered, left_ms);
        if (left_ms <= 0)
            return TP_EUNAVAILABLE;
        int64_t asked_ms = answered ? courier->reply.retry_after_s * 1000 : 0;
        int64_t wait_ms = asked_ms > pause_ms ? asked_ms : pause_ms;
        sleep_ms(wait_ms < left_ms ? wait_ms : left_ms);
        pause_ms = pause_ms * 2 < MOST_PAUSE_MS ? pause_ms * 2 : MOST_PAUSE_MS;
    }
}

/* ---- the answer ---- */

static int not_an_answer(const struct tp_ctl_courier *courier) {
    clear_progress(courier);
    tp_ctl_say_reply("touchpointd does not take it", &courier->reply);
    return TP_EINVALID;
}

static void read_error(const json_t *error, struct tp_ctl_verdict *ret) {
    ret->code = tp_ctl_member(error, "code");
    ret->path = tp_ctl_member(error, "path");
    ret->message = tp_ctl_member(error, "message");
}

static int tell_each(struct tp_ctl_courier *courier, const json_t *root, size_t first, size_t n) {
    const json_t *events = json_object_get(root, "events");
    if (json_array_size(events) != n)
        return not_an_answer(courier);
    for (size_t i = 0; i < n; i++) {
        const json_t *event = json_array_get(events, i);
        struct tp_ctl_verdict verdict = {.accepted = tp_str_is(tp_ctl_member(event, "status"), "accepted"),
                                         .delivered = json_object_get(event, "event") != NULL,
                                         .duplicate = json_is_true(json_object_get(event, "duplicate"))};
        read_error(json_object_get(event, "error"), &verdict);
        courier->on_verdict(courier->arg, first + i, &verdict);
    }
    return 0;
}

static void tell_refused(struct tp_ctl_courier *courier, const json_t *root, size_t index) {
    struct tp_ctl_verdict verdict = {0};
    read_error(json_object_get(root, "error"), &verdict);
    courier->on_verdict(courier->arg, index, &verdict);
}

/* ---- a request ---- */

static const struct {
    const char *header, *before, *between, *after;
} frames[] = {
    [TP_CTL_FRAME_LINES] = {"Content-Type: application/x-ndjson", "", "\n", "\n"},
    [TP_CTL_FRAME_ARRAY] = {"Content-Type: application/json", "[", ",\n", "]"},
    [TP_CTL_FRAME_CLOUDEVENTS] = {"Content-Type: application/cloudevents-batch+json", "[", ",\n", "]"},
};

static int send_from(struct tp_ctl_courier *courier, enum tp_ctl_frame frame, const struct tp_str *events, size_t first,
                     size_t n) {
    const char *const headers[] = {frames[frame].header, NULL};
    struct tp_json json = {0};
    struct tp_json_error wrong;
    tp_buf_clear(&courier->body);
    for (size_t i = first; i < first + n; i++) {
        tp_buf_adds(&courier->body, i == first ? frames[frame].before : frames[frame].between);
        tp_buf_addstr(&courier->body, events[i]);
    }
    tp_buf_adds(&courier->body, frames[frame].after);
    if (courier->body.failed)
        return TP_ENOMEM;
    int error = post(courier, headers);
    if (error)
        return error;
    long status = courier->reply.status;
    bool whole = status == 400 || status == 413;
    if (whole && n > 1) {
        error = send_from(courier, frame, events, first, n / 2);
        return error ? error : send_from(courier, frame, events, first + n / 2, n - n / 2);
    }
    if (tp_json_parse(tp_buf_str(&courier->reply.body), MOST_DEPTH, &json, &wrong) < 0)
        return not_an_answer(courier);
    if (whole)
        tell_refused(courier, json.root, first);
    else
        error = status == 200 || status == 202 || status == 422 ? tell_each(courier, json.root, first, n)
                                                                : not_an_answer(courier);
    tp_json_free(&json);
    return error;
}

int tp_ctl_courier_send(struct tp_ctl_courier *courier, enum tp_ctl_frame frame, const struct tp_str *events,
                        size_t n) {
    return send_from(courier, frame, events, 0, n);
}
