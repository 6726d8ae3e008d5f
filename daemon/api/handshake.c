/* What senders ask to learn whether this is the place, each in its own way; config/sources/README.md has the table. */
#include "daemon/api/internal.h"

#include <stdio.h>

#include "common/error.h"
#include "common/json.h"

enum { MOST_CHALLENGE = 1024, MOST_ORIGIN = 256, MOST_DEPTH = 32 };

/* ---- asked by GET and OPTIONS ---- */

static void answer_hub(struct tp_http_request *request, const struct tp_sender *sender) {
    struct tp_str challenge = tp_http_query(request, "hub.challenge");
    struct tp_str token = tp_http_query(request, "hub.verify_token");
    bool shows = token.at && tp_verify_shows(token, tp_str(tp_sender_settings(sender)->verify_token));
    bool asks = tp_str_is(tp_http_query(request, "hub.mode"), "subscribe") && challenge.len <= MOST_CHALLENGE;
    if (shows && asks && challenge.len > 0)
        tp_http_reply(request, 200, "text/plain", challenge);
    else
        tp_http_reply_error(request, TP_EFORBIDDEN, "hub.verify_token", "it is not that of this source");
}

static void answer_crc(struct tp_http_request *request, const struct tp_sender *sender) {
    struct tp_str token = tp_http_query(request, "crc_token");
    struct tp_buf json = TP_BUF_INIT;
    if (token.len == 0 || token.len > MOST_CHALLENGE) {
        tp_http_reply_error(request, TP_EREQUIRED, "crc_token", "a token to answer was expected");
        return;
    }
    tp_buf_adds(&json, "{\"response_token\":\"sha256=");
    tp_verify_answer(tp_str(tp_sender_settings(sender)->secrets[0]), token, &json);
    tp_buf_adds(&json, "\"}");
    tp_http_reply(request, 200, NULL, tp_buf_str(&json));
    tp_buf_free(&json);
}

/* It goes back into a header. */
static bool is_origin(struct tp_str text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    return text.len > 0 && text.len <= MOST_ORIGIN;
}

/* CloudEvents, HTTP 1.1 Web Hooks for Event Delivery, section 4. */
static void answer_webhook(struct tp_http_request *request) {
    struct tp_str origin = tp_http_header(request, "webhook-request-origin");
    char headers[MOST_ORIGIN + 128];
    if (!is_origin(origin)) {
        tp_http_reply_error(request, TP_EREQUIRED, "WebHook-Request-Origin", "who wants to send was expected");
        return;
    }
    snprintf(headers, sizeof headers,
             "Allow: GET, HEAD, OPTIONS, POST\r\nWebHook-Allowed-Origin: %.*s\r\nWebHook-Allowed-Rate: *\r\n",
             TP_FMT(origin));
    tp_http_reply_with(request, 200, NULL, headers, TP_STR("{}"));
}

/* Some look whether anybody is there before they are content with an address. */
static void answer_plainly(struct tp_http_request *request) {
    tp_http_reply_with(request, 200, NULL, "Allow: GET, HEAD, OPTIONS, POST\r\n", TP_STR("{}"));
}

void tp_api_handshake(struct tp_http_request *request, const struct tp_sender *sender) {
    enum tp_handshake handshake = tp_sender_kind(sender)->handshake;
    enum tp_http_method method = tp_http_method(request);
    if (handshake == TP_HANDSHAKE_HUB && method == TP_HTTP_GET)
        answer_hub(request, sender);
    else if (handshake == TP_HANDSHAKE_CRC && method == TP_HTTP_GET)
        answer_crc(request, sender);
    else if (handshake == TP_HANDSHAKE_WEBHOOK && method == TP_HTTP_OPTIONS)
        answer_webhook(request);
    else
        answer_plainly(request);
}

/* ---- posted like an event ---- */

static bool is(const json_t *root, const char *name, const char *value) {
    const char *text = json_string_value(json_object_get(root, name));
    return text && strcmp(text, value) == 0;
}

static void echo(struct tp_http_request *request, struct tp_json *json) {
    const json_t *challenge = json_object_get(json->root, "challenge");
    struct tp_buf out = TP_BUF_INIT;
    tp_buf_adds(&out, "{\"challenge\":");
    if (json_is_string(challenge))
        tp_json_write(json, challenge, &out);
    else
        tp_buf_adds(&out, "null");
    tp_buf_addc(&out, '}');
    tp_http_reply(request, 200, NULL, tp_buf_str(&out));
    tp_buf_free(&out);
}

static void on_kept(void *request, struct tp_job *job) {
    if (job->error < 0)
        tp_http_reply_error(request, job->error, NULL, NULL);
    else
        tp_http_reply(request, 200, NULL, TP_STR("{}"));
    tp_job_free(job);
}

/* No request goes out from here, so a person has to say yes; until then the word is where what waits for people is. */
static void keep_subscription(struct tp_desk *desk, struct tp_http_request *request, const struct tp_sender *sender) {
    const struct tp_intake_refusal refusal = {.source = tp_str(tp_sender_settings(sender)->name),
                                              .payload = tp_http_body(request),
                                              .error = TP_ECONFIRM,
                                              .message = "open the SubscribeURL of the payload to confirm it"};
    int error = tp_intake_refuse(desk->intake, &refusal, on_kept, request);
    tp_log(TP_LOG_NOTICE, "confirm_subscription", "stage=source source=%s topic=%s",
           tp_log_quote(tp_sender_settings(sender)->name),
           tp_log_quote(desk->api->options.settings->kafka.topic_rejected));
    if (error < 0)
        tp_http_reply_error(request, error, NULL, NULL);
}

bool tp_api_challenge(struct tp_desk *desk, struct tp_http_request *request, const struct tp_sender *sender) {
    enum tp_handshake handshake = tp_sender_kind(sender)->handshake;
    struct tp_json json;
    struct tp_json_error ignored;
    if (handshake != TP_HANDSHAKE_CHALLENGE && handshake != TP_HANDSHAKE_SNS)
        return false;
    if (tp_json_parse(tp_http_body(request), MOST_DEPTH, &json, &ignored) < 0)
        return false;
    bool challenges = handshake == TP_HANDSHAKE_CHALLENGE && is(json.root, "type", "url_verification");
    bool subscribes = handshake == TP_HANDSHAKE_SNS && is(json.root, "Type", "SubscriptionConfirmation");
    if (challenges)
        echo(request, &json);
    else if (subscribes)
        keep_subscription(desk, request, sender);
    tp_json_free(&json);
    return challenges || subscribes;
}
