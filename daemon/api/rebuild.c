/* /v1/rebuild: makes everything in Redis anew from Kafka, and tells how far that, or a repair, has come. */
#include "daemon/api/internal.h"

#include "common/error.h"

static void reply(struct tp_http_request *request, int status, struct tp_api *api) {
    struct tp_repair_report report;
    struct tp_buf json = TP_BUF_INIT;
    tp_repair_report(api->options.delivery, &report);
    tp_repair_report_json(&report, &json);
    tp_http_reply(request, status, NULL, tp_buf_str(&json));
    tp_buf_free(&json);
}

static bool is_local(struct tp_str peer) {
    return tp_str_is(peer, "unix") || tp_str_is(peer, "::1") || tp_str_begins(peer, "127.");
}

bool tp_api_is_operator(struct tp_http_request *request) {
    if (tp_http_key_name(request) || is_local(tp_http_peer(request)))
        return true;
    tp_http_reply_error(request, TP_EFORBIDDEN, NULL, "without keys this is asked on touchpointd's own machine");
    return false;
}

/* Nothing is lost by it, but look-ups wait until it is done. */
static void start(struct tp_http_request *request, struct tp_api *api) {
    if (!tp_api_is_operator(request))
        return;
    tp_repair_rebuild(api->options.delivery);
    reply(request, 202, api);
}

void tp_api_rebuild(struct tp_http_request *request, void *api) {
    if (tp_http_method(request) == TP_HTTP_POST)
        start(request, api);
    else
        reply(request, 200, api);
}
