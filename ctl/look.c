/* One look at the daemon: what /readyz and /metrics say of it at a moment, and what two looks say of the time between
 * them. */
#include "ctl/internal.h"

#include "common/error.h"
#include "common/time.h"

const struct tp_ctl_stage tp_ctl_stages[TP_CTL_STAGES] = {
    {"http", "touchpoint_events_total{status=\"accepted\"}", NULL},
    {"journal", "touchpoint_journal_records_total", "touchpoint_journal_pending_records"},
    {"identity", "touchpoint_identity_resolved_total", NULL},
    {"timeline", "touchpoint_timeline_total{result=\"appended\"}", NULL},
    {"kafka", "touchpoint_kafka_acknowledged_total{topic=\"interactions\"}", "touchpoint_kafka_queue_records"},
};

const struct tp_ctl_latency tp_ctl_latencies[TP_CTL_LATENCIES] = {
    {"accept", "touchpoint_accept_seconds", "to 202, on disk"},
    {"timeline", "touchpoint_timeline_seconds", "to the timeline"},
    {"delivery", "touchpoint_delivery_seconds", "to Kafka"},
};

/* ---- looking ---- */

/* A reply of 503 says why it is not ready, and is as good as one of 200. */
static bool take_ready(struct tp_ctl_look *look, const struct tp_ctl_reply *reply) {
    struct tp_json json;
    struct tp_json_error error;
    if (tp_json_parse(tp_buf_str(&reply->body), 8, &json, &error) < 0)
        return false;
    struct tp_str status = tp_ctl_member(json.root, "status");
    snprintf(look->status, sizeof look->status, "%.*s", TP_FMT(status));
    look->redis_up = tp_str_is(tp_ctl_member(json.root, "redis"), "up");
    look->repairing = tp_str_is(tp_ctl_member(json.root, "redis"), "repairing");
    look->kafka_up = tp_str_is(tp_ctl_member(json.root, "kafka"), "up");
    tp_json_free(&json);
    return *look->status != '\0';
}

void tp_ctl_look(struct tp_ctl_client *client, struct tp_ctl_look *ret) {
    struct tp_ctl_reply ready = {0}, metrics = {0};
    const char *fault = NULL;
    tp_ctl_look_clear(ret);
    if (tp_ctl_get(client, "/readyz", &ready) < 0 || tp_ctl_get(client, "/metrics", &metrics) < 0)
        fault = tp_ctl_client_fault(client);
    else if (!take_ready(ret, &ready) || metrics.status != 200)
        fault = "what answers there is not touchpointd";
    ret->at_ms = tp_time_monotonic_ms();
    ret->reached = !fault;
    tp_buf_adds(&ret->fault, fault ? fault : "");
    tp_buf_addstr(&ret->metrics, fault ? TP_STR("") : tp_buf_str(&metrics.body));
    tp_ctl_reply_free(&ready);
    tp_ctl_reply_free(&metrics);
}

void tp_ctl_look_clear(struct tp_ctl_look *look) {
    tp_buf_free(&look->metrics);
    tp_buf_free(&look->fault);
    *look = (struct tp_ctl_look){0};
}

bool tp_ctl_look_healthy(const struct tp_ctl_look *look) {
    return look->reached && tp_str_is(TP_STR("ready"), look->status) && look->redis_up && look->kafka_up;
}

double tp_ctl_look_value(const struct tp_ctl_look *look, const char *series) {
    double value = 0;
    return series && tp_ctl_metric(tp_buf_str(&look->metrics), series, &value) ? value : 0;
}

bool tp_ctl_look_rate(const struct tp_ctl_look *look, const struct tp_ctl_look *before, const char *series,
                      double *ret) {
    double more = tp_ctl_look_value(look, series) - tp_ctl_look_value(before, series);
    if (!look->reached || !before->reached || look->at_ms <= before->at_ms || more < 0)
        return false;
    *ret = more * 1000 / (double)(look->at_ms - before->at_ms);
    return true;
}

/* ---- for programs ---- */

static json_t *number(double value) {
    return value == (double)(json_int_t)value ? json_integer((json_int_t)value) : json_real(value);
}

static json_t *stages_of(const struct tp_ctl_look *look, const struct tp_ctl_look *before) {
    json_t *stages = json_array();
    for (size_t i = 0; i < TP_CTL_STAGES; i++) {
        const struct tp_ctl_stage *stage = &tp_ctl_stages[i];
        json_t *object = json_object();
        double rate;
        json_object_set_new(object, "stage", json_string(stage->name));
        json_object_set_new(object, "done", number(tp_ctl_look_value(look, stage->done)));
        if (tp_ctl_look_rate(look, before, stage->done, &rate))
            json_object_set_new(object, "per_second", number(rate));
        if (stage->waits)
            json_object_set_new(object, "waits", number(tp_ctl_look_value(look, stage->waits)));
        json_array_append_new(stages, object);
    }
    return stages;
}

static void set_quantile(json_t *object, const char *name, const struct tp_ctl_look *look,
                         const struct tp_ctl_look *before, const char *series, double q) {
    double value;
    if (tp_ctl_quantile(tp_buf_str(&look->metrics), tp_buf_str(&before->metrics), series, q, &value))
        json_object_set_new(object, name, number(value));
}

static json_t *latencies_of(const struct tp_ctl_look *look, const struct tp_ctl_look *before) {
    json_t *latencies = json_object();
    for (size_t i = 0; i < TP_CTL_LATENCIES; i++) {
        json_t *object = json_object();
        set_quantile(object, "p50_s", look, before, tp_ctl_latencies[i].series, 0.50);
        set_quantile(object, "p99_s", look, before, tp_ctl_latencies[i].series, 0.99);
        json_object_set_new(latencies, tp_ctl_latencies[i].name, object);
    }
    return latencies;
}

void tp_ctl_look_json(const struct tp_ctl_look *look, const struct tp_ctl_look *before, const char *url,
                      struct tp_buf *out) {
    json_t *root = json_object();
    struct tp_str fault = tp_buf_str(&look->fault);
    json_object_set_new(root, "url", json_string(url));
    json_object_set_new(root, "healthy", json_boolean(tp_ctl_look_healthy(look)));
    json_object_set_new(root, "status", json_string(look->reached ? look->status : "unreachable"));
    if (look->reached) {
        json_object_set_new(root, "redis", json_string(look->redis_up ? "up" : look->repairing ? "repairing" : "away"));
        json_object_set_new(root, "kafka", json_string(look->kafka_up ? "up" : "away"));
        json_object_set_new(root, "waits", number(tp_ctl_look_value(look, "touchpoint_journal_pending_records")));
        json_object_set_new(root, "oldest_s", number(tp_ctl_look_value(look, "touchpoint_journal_oldest_seconds")));
        json_object_set_new(root, "rejected",
                            number(tp_ctl_look_value(look, "touchpoint_events_total{status=\"rejected\"}")));
        json_object_set_new(root, "stages", stages_of(look, before));
        json_object_set_new(root, "latency", latencies_of(look, before));
    } else {
        json_object_set_new(root, "message", json_stringn(fault.at, fault.len));
    }
    tp_json_write(NULL, root, out);
    json_decref(root);
}
