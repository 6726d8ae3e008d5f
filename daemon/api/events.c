/* POST /v1/events. */
#include "daemon/api/internal.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/fault.h"
#include "common/json.h"

enum { MOST_WAIT_S = 60 };

/* ---- the reply ---- */

static void write_text(const char *name, const char *text, struct tp_buf *out) {
    tp_buf_adds(out, ",\"");
    tp_buf_adds(out, name);
    tp_buf_adds(out, "\":");
    tp_json_write_string(tp_str(text), out);
}

static void write_verdict(const struct tp_verdict *verdict, size_t index, struct tp_buf *out) {
    tp_buf_adds(out, index ? ",{\"index\":" : "{\"index\":");
    tp_buf_addi(out, (int64_t)index);
    if (verdict->id)
        write_text("id", verdict->id, out);
    if (verdict->error < 0) {
        tp_buf_addf(out, ",\"status\":\"rejected\",\"error\":{\"code\":\"%s\"", tp_error_code(verdict->error));
        if (verdict->path && verdict->path[0] != '\0')
            write_text("path", verdict->path, out);
        write_text("message", verdict->message ? verdict->message : tp_error_text(verdict->error), out);
        tp_buf_addc(out, '}');
    } else {
        tp_buf_adds(out, ",\"status\":\"accepted\"");
    }
    if (verdict->duplicate)
        tp_buf_adds(out, ",\"duplicate\":true");
    if (verdict->event) {
        tp_buf_adds(out, ",\"event\":");
        tp_buf_add(out, verdict->event, verdict->event_len);
    }
    tp_buf_addc(out, '}');
}

static void write_job(const struct tp_job *job, struct tp_buf *out) {
    tp_buf_adds(out, "{\"accepted\":");
    tp_buf_addi(out, (int64_t)job->n_accepted);
    tp_buf_adds(out, ",\"rejected\":");
    tp_buf_addi(out, (int64_t)(job->n - job->n_accepted));
    tp_buf_adds(out, ",\"events\":[");
    for (size_t i = 0; i < job->n; i++)
        write_verdict(&job->verdicts[i], i, out);
    tp_buf_adds(out, "]}");
}

/* 422: nothing was accepted. 200: the sender asked to wait, and all that was accepted is where it belongs. */
static int status_of(const struct tp_job *job, bool waited) {
    if (job->n_accepted == 0)
        return 422;
    for (size_t i = 0; i < job->n; i++)
        if (job->verdicts[i].error == 0 && !job->verdicts[i].delivered)
            return 202;
    return waited ? 200 : 202;
}

struct asked {
    struct tp_http_request *request;
    bool waits;
};

static void on_done(void *arg, struct tp_job *job) {
    struct asked *asked = arg;
    struct tp_buf json = TP_BUF_INIT;
    (void)TP_FAULT("api.before_reply");
    if (job->error < 0) {
        tp_http_reply_error(asked->request, job->error, NULL, NULL);
    } else {
        write_job(job, &json);
        if (json.failed)
            tp_http_reply_error(asked->request, TP_ENOMEM, NULL, NULL);
        else
            tp_http_reply(asked->request, status_of(job, asked->waits), NULL, tp_buf_str(&json));
    }
    (void)TP_FAULT("api.after_reply");
    tp_buf_free(&json);
    tp_job_free(job);
    free(asked);
}

/* ---- the request ---- */

static int next_header(const void *arg, size_t *cursor, struct tp_str *ret_name, struct tp_str *ret_value) {
    return tp_http_header_next(arg, cursor, ret_name, ret_value);
}

static int read_seconds(struct tp_str text, unsigned *ret) {
    unsigned wait_s = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || wait_s > MOST_WAIT_S)
            return TP_EINVALID;
        wait_s = wait_s * 10 + (unsigned)(text.at[i] - '0');
    }
    if (wait_s > MOST_WAIT_S || text.len == 0)
        return TP_EINVALID;
    *ret = wait_s;
    return 0;
}

bool tp_api_read_wait(struct tp_http_request *request, unsigned *wait_s) {
    struct tp_str text = tp_http_query(request, "wait");
    if (!text.at || read_seconds(text, wait_s) == 0)
        return true;
    tp_http_reply_error(request, TP_EINVALID, "wait", "a whole number of seconds from 0 to 60 was expected");
    return false;
}

void tp_api_post_events(struct tp_http_request *request, void *api) {
    struct tp_desk *desk = tp_api_desk(api, request);
    const char *key = tp_http_key_name(request), *message = NULL;
    struct tp_intake_request intake = {
        .content_type = tp_http_header(request, "content-type"),
        .body = tp_http_body(request),
        .idempotency_key = tp_http_header(request, "idempotency-key"),
        .headers = {next_header, request},
        .default_source = tp_str(key ? key : "default"),
    };
    if (!tp_api_read_wait(request, &intake.wait_s))
        return;
    struct asked *asked = malloc(sizeof *asked);
    int status = TP_ENOMEM;
    if (asked) {
        *asked = (struct asked){request, intake.wait_s > 0};
        status = tp_intake_take(desk->intake, &intake, on_done, asked, &message);
    }
    if (status < 0) {
        free(asked);
        tp_http_reply_error(request, status, NULL, message);
    }
}
