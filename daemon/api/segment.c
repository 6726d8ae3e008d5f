/* Segment's paths: /v1/track and its like, by servers, apps and pages. The write key tells which source it is; from
 * there on what is posted goes the way of all sources. What is answered is what Segment's libraries expect: they send
 * again what is answered 5xx, and drop what is answered 4xx. */
#include "daemon/api/internal.h"

#include <stdlib.h>

#include "common/error.h"
#include "daemon/metrics/metrics.h"

#define DONE TP_STR("{\"success\": true}")

/* ---- pages ---- */

/* Of any source: before it is known which. */
static bool is_welcome_anywhere(const struct tp_api *api, struct tp_str origin) {
    const struct tp_sender *sender = NULL;
    while ((sender = tp_senders_next(api->options.senders, "segment", sender)))
        if (tp_segment_is_welcome(tp_sender_settings(sender)->origins, origin))
            return true;
    return false;
}

/* What lets a page read the answer, ended by NUL; nothing where it may not. */
static void write_leave(const struct tp_http_request *request, bool welcome, const struct tp_str *asked,
                        struct tp_buf *headers) {
    tp_buf_clear(headers);
    if (welcome)
        tp_segment_write_leave(tp_http_header(request, "origin"), asked, headers);
    tp_buf_addc(headers, '\0');
}

static const char *lines_of(const struct tp_buf *headers) { return headers->failed ? "" : headers->at; }

static void answer_preflight(const struct tp_api *api, struct tp_http_request *request) {
    const struct tp_str asked = tp_http_header(request, "access-control-request-headers");
    struct tp_buf leave = TP_BUF_INIT;
    write_leave(request, is_welcome_anywhere(api, tp_http_header(request, "origin")), &asked, &leave);
    tp_http_reply_with(request, 204, NULL, lines_of(&leave), TP_STR(""));
    tp_buf_free(&leave);
}

void tp_api_segment_metrics(struct tp_http_request *request, void *api) {
    struct tp_buf leave = TP_BUF_INIT;
    if (tp_http_method(request) == TP_HTTP_OPTIONS) {
        answer_preflight(api, request);
        return;
    }
    write_leave(request, is_welcome_anywhere(api, tp_http_header(request, "origin")), NULL, &leave);
    tp_http_reply_with(request, 200, NULL, lines_of(&leave), DONE);
    tp_buf_free(&leave);
}

/* ---- whose it is ---- */

static struct tp_sender *sender_of(const struct tp_api *api, struct tp_str key) {
    const struct tp_settings *settings = api->options.settings;
    size_t index = tp_segment_keys_find(api->write_keys, key);
    return index < settings->n_sources
               ? tp_senders_find(api->options.senders, tp_str(settings->source_list[index].name))
               : NULL;
}

struct posted {
    struct tp_http_request *request;
    struct tp_sender *sender;
    struct tp_str body;
    struct tp_buf leave, mended;
};

static void free_posted(struct posted *posted) {
    tp_buf_free(&posted->leave);
    tp_buf_free(&posted->mended);
    free(posted);
}

static void refuse(struct posted *posted, int error, const char *message) {
    tp_http_reply_error_with(posted->request, error, NULL, message, lines_of(&posted->leave));
}

static void refuse_unknown(struct posted *posted) {
    static struct tp_log_limit limit;
    tp_metrics_add(TP_M_SEGMENT_UNKNOWN_KEYS, 1);
    tp_log_limited(&limit, 1, TP_LOG_WARNING, "unverified", "stage=verify kind=segment reason=unknown_write_key");
    refuse(posted, TP_EUNAUTHORIZED, "the write key of a source is needed: Basic KEY:, Bearer KEY, or writeKey");
}

/* Of the header, where there is one, before the body is looked at. False: refused. */
static bool find_by_header(const struct tp_api *api, struct posted *posted) {
    struct tp_str header = tp_http_header(posted->request, "authorization");
    struct tp_buf room = TP_BUF_INIT;
    if (header.len > 0)
        posted->sender = sender_of(api, tp_segment_key_shown(header, &room));
    tp_buf_free(&room);
    if (header.len > 0 && !posted->sender)
        refuse_unknown(posted);
    return header.len == 0 || posted->sender;
}

static bool read_body(const struct tp_api *api, struct posted *posted) {
    struct tp_segment_body body;
    char message[160];
    posted->body = tp_segment_body_mend(tp_http_body(posted->request), &posted->mended);
    int error = tp_segment_body_read(posted->body, api->options.settings->normalize.max_depth, &body, message);
    if (error < 0) {
        refuse(posted, error, message);
        return false;
    }
    if (!posted->sender)
        posted->sender = sender_of(api, body.write_key);
    tp_segment_body_free(&body);
    if (!posted->sender)
        refuse_unknown(posted);
    return posted->sender;
}

/* Where origins are configured, other pages may not send; what comes from no page has none. */
static bool is_from_a_welcome_page(struct posted *posted) {
    struct tp_str origin = tp_http_header(posted->request, "origin");
    const char *origins = tp_sender_settings(posted->sender)->origins;
    bool welcome = tp_segment_is_welcome(origins, origin);
    write_leave(posted->request, welcome, NULL, &posted->leave);
    if (welcome || origin.len == 0 || !*origins)
        return true;
    tp_sender_count(posted->sender, TP_SENDER_UNVERIFIED, 1);
    refuse(posted, TP_EFORBIDDEN, "pages of this origin may not send");
    return false;
}

/* ---- the paths ---- */

static void on_done(void *arg, struct tp_job *job) {
    struct posted *posted = arg;
    if (job->error < 0)
        refuse(posted, job->error, NULL);
    else
        tp_http_reply_with(posted->request, 200, NULL, lines_of(&posted->leave), DONE);
    tp_job_free(job);
    free_posted(posted);
}

static bool is_taken(struct tp_api *api, struct posted *posted) {
    write_leave(posted->request, is_welcome_anywhere(api, tp_http_header(posted->request, "origin")), NULL,
                &posted->leave);
    if (!find_by_header(api, posted) || !read_body(api, posted) || !is_from_a_welcome_page(posted))
        return false;
    int error = tp_api_receive(api, posted->request, posted->body, posted->sender, on_done, posted);
    if (error < 0)
        refuse(posted, error, NULL);
    return error == 0;
}

void tp_api_segment(struct tp_http_request *request, void *api) {
    if (tp_http_method(request) == TP_HTTP_OPTIONS) {
        answer_preflight(api, request);
        return;
    }
    struct posted *posted = calloc(1, sizeof *posted);
    if (!posted) {
        tp_http_reply_error(request, TP_ENOMEM, NULL, NULL);
        return;
    }
    posted->request = request;
    if (!is_taken(api, posted))
        free_posted(posted);
}

/* As whoever asks knows it. */
static void write_address(const struct tp_api *api, const struct tp_http_request *request, struct tp_buf *out) {
    const char *external = api->options.settings->http.external_url;
    bool secure = tp_str_is(tp_http_header(request, "x-forwarded-proto"), "https");
    if (*external) {
        tp_buf_adds(out, external);
        return;
    }
    tp_buf_adds(out, secure ? "https://" : "http://");
    tp_buf_addstr(out, tp_http_header(request, "host"));
}

void tp_api_segment_settings(struct tp_http_request *request, void *api_) {
    struct tp_api *api = api_;
    struct tp_buf headers = TP_BUF_INIT, address = TP_BUF_INIT, json = TP_BUF_INIT;
    struct tp_str key = tp_http_param(request, "key");
    struct tp_sender *sender = sender_of(api, key);
    if (tp_http_method(request) == TP_HTTP_OPTIONS) {
        answer_preflight(api, request);
        return;
    }
    struct tp_str origin = tp_http_header(request, "origin");
    write_leave(request,
                sender ? tp_segment_is_welcome(tp_sender_settings(sender)->origins, origin)
                       : is_welcome_anywhere(api, origin),
                NULL, &headers);
    write_address(api, request, &address);
    tp_segment_write_settings(key, tp_buf_str(&address), &json);
    if (!sender)
        tp_http_reply_error_with(request, TP_ENOTFOUND, NULL, "there is no source with this write key",
                                 lines_of(&headers));
    else if (json.failed)
        tp_http_reply_error(request, TP_ENOMEM, NULL, NULL);
    else
        tp_http_reply_with(request, 200, NULL, lines_of(&headers), tp_buf_str(&json));
    tp_buf_free(&headers);
    tp_buf_free(&address);
    tp_buf_free(&json);
}
