/* /v1/sources/NAME: each source in its sender's own protocol. What is posted must prove where it comes from before
 * anything of it is kept; the answer is what the kind says, whatever became of the events. */
#include "daemon/api/internal.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/pointer.h"
#include "common/time.h"
#include "daemon/log/log.h"

enum { MOST_DEPTH = 16, MOST_URL = 256 };

/* ---- the reply ---- */

/* The text of a member of what was sent, as it stands within a JSON string. */
static void write_member(struct tp_str body, unsigned max_depth, struct tp_str pointer, struct tp_buf *out) {
    struct tp_json json;
    struct tp_json_error ignored;
    struct tp_buf text = TP_BUF_INIT;
    if (tp_json_parse(body, max_depth, &json, &ignored) < 0)
        return;
    const json_t *value = tp_json_at(json.root, pointer);
    if (json_is_string(value) || json_is_number(value))
        tp_json_write(&json, value, &text);
    bool quoted = text.len > 1 && text.at[0] == '"';
    tp_buf_add(out, text.at + quoted, text.len - 2 * (size_t)quoted);
    tp_buf_free(&text);
    tp_json_free(&json);
}

/* {now} and {json:/POINTER}; other braces are text. */
static void write_template(const char *template, struct tp_str body, unsigned max_depth, struct tp_buf *out) {
    static const char now[] = "{now}", member[] = "{json:";
    while (*template) {
        const char *end = strchr(template, '}');
        if (strncmp(template, now, sizeof now - 1) == 0) {
            tp_buf_addi(out, tp_time_now_ms());
            template += sizeof now - 1;
        } else if (end && strncmp(template, member, sizeof member - 1) == 0) {
            const char *pointer = template + sizeof member - 1;
            write_member(body, max_depth, (struct tp_str){pointer, (size_t)(end - pointer)}, out);
            template = end + 1;
        } else {
            tp_buf_addc(out, *template ++);
        }
    }
}

struct posted {
    struct tp_http_request *request;
    const struct tp_api *api;
    const struct tp_sender *sender;
};

static void reply(const struct posted *posted, const struct tp_job *job) {
    const struct tp_kind *kind = tp_sender_kind(posted->sender);
    struct tp_buf body = TP_BUF_INIT;
    if (*kind->reply.body)
        write_template(kind->reply.body, tp_http_body(posted->request),
                       posted->api->options.settings->normalize.max_depth, &body);
    else
        tp_buf_addf(&body, "{\"accepted\":%zu,\"rejected\":%zu}", job->n_accepted, job->n - job->n_accepted);
    tp_http_reply(posted->request, (int)kind->reply.status, kind->reply.type, tp_buf_str(&body));
    tp_buf_free(&body);
}

static void on_done(void *arg, struct tp_job *job) {
    struct posted *posted = arg;
    if (job->error < 0)
        tp_http_reply_error(posted->request, job->error, NULL, NULL);
    else
        reply(posted, job);
    tp_job_free(job);
    free(posted);
}

/* ---- the request ---- */

static int next_header(const void *arg, size_t *cursor, struct tp_str *ret_name, struct tp_str *ret_value) {
    return tp_http_header_next(arg, cursor, ret_name, ret_value);
}

static const char *method_of(const struct tp_http_request *request) {
    switch (tp_http_method(request)) {
    case TP_HTTP_POST:
        return "POST";
    case TP_HTTP_OPTIONS:
        return "OPTIONS";
    case TP_HTTP_HEAD:
        return "HEAD";
    case TP_HTTP_GET:
        break;
    }
    return "GET";
}

/* The address as the sender knows it. */
static void write_url(const struct tp_api *api, const struct tp_http_request *request, struct tp_buf *out) {
    struct tp_str base = tp_str(api->options.settings->http.external_url), query = tp_http_query_text(request);
    while (base.len > 0 && base.at[base.len - 1] == '/')
        base.len--;
    tp_buf_addstr(out, base);
    tp_buf_addstr(out, tp_http_path(request));
    if (query.len > 0) {
        tp_buf_addc(out, '?');
        tp_buf_addstr(out, query);
    }
}

static enum tp_verification verify(const struct tp_api *api, const struct tp_http_request *request,
                                   const struct tp_sender *sender) {
    struct tp_buf url = TP_BUF_INIT;
    write_url(api, request, &url);
    const struct tp_verify_request asked = {.method = tp_str(method_of(request)),
                                            .url = tp_buf_str(&url),
                                            .body = tp_http_body(request),
                                            .headers = {next_header, request},
                                            .now_ms = tp_time_now_ms()};
    enum tp_verification verdict = url.failed ? TP_VERIFY_FAILED : tp_sender_verify(sender, &asked);
    tp_buf_free(&url);
    return verdict;
}

/* Where Amazon SNS says that its certificate is, for a person who has to fetch it. */
static void log_unverified(const struct tp_http_request *request, const struct tp_sender *sender,
                           enum tp_verification verdict) {
    static struct tp_log_limit limit;
    struct tp_json json = {0};
    struct tp_json_error ignored;
    const char *source = tp_log_quote(tp_sender_settings(sender)->name), *url = NULL;
    if (tp_sender_kind(sender)->handshake == TP_HANDSHAKE_SNS &&
        tp_json_parse(tp_http_body(request), MOST_DEPTH, &json, &ignored) == 0)
        url = json_string_value(json_object_get(json.root, "SigningCertURL"));
    if (url && strlen(url) <= MOST_URL)
        tp_log_limited(&limit, 1, TP_LOG_WARNING, "unverified", "stage=verify source=%s reason=%s certificate=%s",
                       source, tp_verify_name(verdict), tp_log_quote(url));
    else
        tp_log_limited(&limit, 1, TP_LOG_WARNING, "unverified", "stage=verify source=%s reason=%s", source,
                       tp_verify_name(verdict));
    tp_json_free(&json);
}

/* Of a request that is not its sender's, nothing is kept. False: it is answered. */
static bool is_proven(struct tp_api *api, struct tp_http_request *request, struct tp_sender *sender) {
    enum tp_verification verdict = verify(api, request, sender);
    if (verdict == TP_VERIFIED && tp_sender_kind(sender)->n_schemes == 0)
        return tp_http_authorize(request, TP_SCOPE_WRITE);
    if (verdict == TP_VERIFIED)
        return true;
    if (verdict == TP_VERIFY_FAILED || verdict == TP_VERIFY_LATER) {
        int error = verdict == TP_VERIFY_LATER ? TP_EUNAVAILABLE : TP_ENOMEM;
        tp_http_reply_error(request, error, NULL,
                            verdict == TP_VERIFY_LATER ? "the certificate is not here yet" : NULL);
        return false;
    }
    tp_sender_count(sender, TP_SENDER_UNVERIFIED, 1);
    log_unverified(request, sender, verdict);
    tp_http_reply_error(request, TP_EUNAUTHORIZED, NULL, "the request does not prove that it is its sender's");
    return false;
}

int tp_api_receive(struct tp_api *api, struct tp_http_request *request, struct tp_str body, struct tp_sender *sender,
                   tp_intake_done *done, void *arg) {
    const struct tp_received received = {.method = tp_str(method_of(request)),
                                         .path = tp_http_path(request),
                                         .query = tp_http_query_text(request),
                                         .body = body,
                                         .headers = {next_header, request}};
    return tp_receiving_take(tp_api_desk(api, request)->receiving, sender, &received, done, arg);
}

static void take(struct tp_api *api, struct tp_http_request *request, struct tp_sender *sender) {
    struct posted *posted = malloc(sizeof *posted);
    int error = TP_ENOMEM;
    if (posted) {
        *posted = (struct posted){request, api, sender};
        error = tp_api_receive(api, request, tp_http_body(request), sender, on_done, posted);
    }
    if (error < 0) {
        free(posted);
        tp_http_reply_error(request, error, NULL, NULL);
    }
}

void tp_api_sources(struct tp_http_request *request, void *api_) {
    struct tp_api *api = api_;
    struct tp_sender *sender = tp_senders_find(api->options.senders, tp_http_param(request, "name"));
    if (!sender)
        tp_http_reply_error(request, TP_ENOTFOUND, NULL, "there is no source of this name");
    else if (tp_http_method(request) != TP_HTTP_POST)
        tp_api_handshake(request, sender);
    else if (is_proven(api, request, sender) && !tp_api_challenge(tp_api_desk(api, request), request, sender))
        take(api, request, sender);
}
