/* Health and metrics. Ready means: able to take interactions. Redis or Kafka away is no reason not to be, and is said
 * in the body. */
#include "daemon/api/internal.h"

#include "common/time.h"
#include "daemon/metrics/metrics.h"

void tp_api_healthz(struct tp_http_request *request, void *api) {
    (void)api;
    tp_http_reply(request, 200, NULL, TP_STR("{\"status\":\"alive\"}"));
}

static void write_repair(struct tp_api *api, struct tp_buf *out) {
    struct tp_repair_report report;
    tp_repair_report(api->options.delivery, &report);
    tp_buf_adds(out, ",\"repair\":");
    tp_repair_report_json(&report, out);
}

void tp_api_readyz(struct tp_http_request *request, void *api_) {
    struct tp_api *api = api_;
    struct tp_journal_stats stats;
    struct tp_buf json = TP_BUF_INIT;
    tp_journal_stats(api->options.journal, &stats);
    const char *not_ready = tp_http_draining(api->http) ? "stopping"
                            : stats.failed              ? "journal_failed"
                            : stats.full                ? "journal_full"
                                                        : NULL;
    bool repairing = tp_repair_under_way(api->options.delivery);
    tp_buf_addf(&json, "{\"status\":\"%s\",\"redis\":\"%s\",\"kafka\":\"%s\",\"pending\":%llu",
                not_ready ? not_ready : "ready",
                repairing                                     ? "repairing"
                : tp_delivery_redis_up(api->options.delivery) ? "up"
                                                              : "away",
                tp_delivery_kafka_up(api->options.delivery) ? "up" : "away", (unsigned long long)stats.pending);
    if (repairing)
        write_repair(api, &json);
    tp_buf_addc(&json, '}');
    tp_http_reply(request, not_ready ? 503 : 200, NULL, tp_buf_str(&json));
    tp_buf_free(&json);
}

void tp_api_metrics(struct tp_http_request *request, void *api_) {
    struct tp_api *api = api_;
    struct tp_journal_stats stats;
    struct tp_buf text = TP_BUF_INIT;
    tp_journal_stats(api->options.journal, &stats);
    int64_t age_ms = stats.oldest_ms > 0 ? tp_time_now_ms() - stats.oldest_ms : 0;
    tp_metrics_set(TP_M_JOURNAL_BYTES, (int64_t)stats.bytes);
    tp_metrics_set(TP_M_JOURNAL_MAX, (int64_t)api->options.settings->journal.max_size);
    tp_metrics_set(TP_M_JOURNAL_PENDING, (int64_t)stats.pending);
    tp_metrics_set(TP_M_JOURNAL_QUEUE, (int64_t)stats.queue_bytes);
    tp_metrics_set(TP_M_JOURNAL_AGE, age_ms > 0 ? age_ms / 1000 : 0);
    tp_metrics_write(&text);
    tp_senders_write_metrics(api->options.senders, &text);
    tp_http_reply(request, 200, "text/plain; version=0.0.4; charset=utf-8", tp_buf_str(&text));
    tp_buf_free(&text);
}
