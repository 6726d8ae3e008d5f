/* A look at the daemon as a person reads it: a verdict, a table of the stages, and how long interactions take. */
#include "ctl/internal.h"

#include <string.h>

/* ---- what a stage has to say beyond its numbers ---- */

enum stage { HTTP, JOURNAL, IDENTITY, TIMELINE, KAFKA };
enum unit { COUNT, BYTES, SECONDS };

static const struct fact {
    enum stage stage;
    enum unit unit;
    const char *name, *series;
} facts[] = {
    {HTTP, COUNT, "rejected", "touchpoint_events_total{status=\"rejected\"}"},
    {HTTP, COUNT, "requests", "touchpoint_http_requests_total"},
    {HTTP, COUNT, "answered 5xx", "touchpoint_http_responses_total{class=\"5xx\"}"},
    {HTTP, COUNT, "connections", "touchpoint_http_connections"},
    {JOURNAL, SECONDS, "oldest waits", "touchpoint_journal_oldest_seconds"},
    {JOURNAL, BYTES, "on disk", "touchpoint_journal_bytes"},
    {JOURNAL, COUNT, "refused for want of room", "touchpoint_journal_full_total"},
    {JOURNAL, BYTES, "damaged", "touchpoint_journal_corrupt_bytes_total"},
    {IDENTITY, COUNT, "new customers", "touchpoint_identity_created_total"},
    {IDENTITY, COUNT, "losses of Redis' data", "touchpoint_redis_losses_total"},
    {IDENTITY, COUNT, "repairs", "touchpoint_redis_repairs_total"},
    {TIMELINE, COUNT, "lacking in Kafka", "touchpoint_redis_repair_lacking_records"},
    {TIMELINE, COUNT, "duplicates", "touchpoint_timeline_total{result=\"duplicate\"}"},
    {TIMELINE, COUNT, "replayed", "touchpoint_timeline_total{result=\"replayed\"}"},
    {TIMELINE, COUNT, "ids reused", "touchpoint_timeline_total{result=\"id_reused\"}"},
    {KAFKA, COUNT, "rejected", "touchpoint_kafka_acknowledged_total{topic=\"rejected\"}"},
    {KAFKA, COUNT, "given up", "touchpoint_delivery_undeliverable_total"},
    {KAFKA, COUNT, "tried again", "touchpoint_kafka_retried_total"},
    {KAFKA, COUNT, "producers replaced", "touchpoint_kafka_producers_rebuilt_total"},
};

static void add_amount(struct tp_buf *out, enum unit unit, double value) {
    if (unit == BYTES)
        tp_ctl_add_bytes(out, (uint64_t)value);
    else if (unit == SECONDS)
        tp_ctl_add_gap(out, value);
    else
        tp_ctl_add_count(out, (uint64_t)value);
}

/* What is zero is not worth a word. */
static void add_facts(struct tp_ctl_table *table, const struct tp_ctl_look *look, size_t stage) {
    struct tp_buf text = TP_BUF_INIT;
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        double value = facts[i].stage == stage ? tp_ctl_look_value(look, facts[i].series) : 0;
        if (value <= 0)
            continue;
        tp_buf_addf(&text, "%s%s ", text.len ? ", " : "", facts[i].name);
        add_amount(&text, facts[i].unit, value);
    }
    tp_ctl_table_add(table, tp_buf_str(&text));
    tp_buf_free(&text);
}

/* ---- drawing ---- */

static bool is(const struct tp_ctl_look *look, const char *status) { return strcmp(look->status, status) == 0; }

static void add_state(struct tp_ctl_table *table, const struct tp_ctl_watch *watch, size_t stage) {
    const struct tp_ctl_look *look = &watch->look;
    bool full = is(look, "journal_full"), failed = is(look, "journal_failed");
    bool good = stage == HTTP      ? is(look, "ready")
                : stage == JOURNAL ? !full && !failed
                : stage == KAFKA   ? look->kafka_up
                                   : look->redis_up;
    if (stage == HTTP)
        tp_ctl_table_addf(table, "%s", good ? "ready" : "refuses");
    else if (stage == JOURNAL)
        tp_ctl_table_addf(table, "%s", full ? "full" : failed ? "failed" : "has room");
    else if (stage == KAFKA)
        tp_ctl_table_addf(table, "Kafka %s%s", good ? "up" : "away", watch->kafka_away);
    else
        tp_ctl_table_addf(table, "Redis %s%s",
                          good              ? "up"
                          : look->repairing ? "is repaired"
                                            : "away",
                          watch->redis_away);
    tp_ctl_table_colour(table, good ? TP_CTL_GOOD : TP_CTL_BAD);
}

static void add_number(struct tp_ctl_table *table, double value) {
    struct tp_buf text = TP_BUF_INIT;
    tp_ctl_add_count(&text, (uint64_t)value);
    tp_ctl_table_add(table, tp_buf_str(&text));
    tp_buf_free(&text);
}

static void add_rate(struct tp_ctl_table *table, const struct tp_ctl_watch *watch, const char *series) {
    double rate;
    if (!tp_ctl_look_rate(&watch->look, &watch->before, series, &rate))
        tp_ctl_table_add(table, TP_STR("-"));
    else if (rate > 0 && rate < 10)
        tp_ctl_table_addf(table, "%.1f", rate);
    else
        add_number(table, rate + 0.5);
}

static void draw_stages(const struct tp_ctl_watch *watch, FILE *out) {
    static const char *const titles[] = {"STAGE", "STATE", ">DONE", ">A SECOND", ">WAITS", "ALSO"};
    struct tp_ctl_table *table = tp_ctl_table_new(titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; table && i < TP_CTL_STAGES; i++) {
        const struct tp_ctl_stage *stage = &tp_ctl_stages[i];
        tp_ctl_table_add(table, tp_str(stage->name));
        add_state(table, watch, i);
        add_number(table, tp_ctl_look_value(&watch->look, stage->done));
        add_rate(table, watch, stage->done);
        if (stage->waits)
            add_number(table, tp_ctl_look_value(&watch->look, stage->waits));
        else
            tp_ctl_table_add(table, TP_STR(""));
        add_facts(table, &watch->look, i);
    }
    if (table)
        tp_ctl_table_print(table, watch->options, out);
    tp_ctl_table_free(table);
}

static void add_quantile(struct tp_ctl_table *table, const struct tp_ctl_watch *watch, const char *series, double q) {
    struct tp_str before = watch->on ? tp_buf_str(&watch->before.metrics) : TP_STR("");
    struct tp_buf text = TP_BUF_INIT;
    double seconds;
    if (tp_ctl_quantile(tp_buf_str(&watch->look.metrics), before, series, q, &seconds))
        tp_ctl_add_latency(&text, seconds);
    else
        tp_buf_addc(&text, '-');
    tp_ctl_table_add(table, tp_buf_str(&text));
    tp_buf_free(&text);
}

/* Of the time since the look before, or, for a single answer, of all since the daemon's start. */
static void draw_latencies(const struct tp_ctl_watch *watch, FILE *out) {
    static const char *const titles[] = {"LATENCY", ">HALF WITHIN", ">99 % WITHIN"};
    struct tp_ctl_table *table = tp_ctl_table_new(titles, sizeof titles / sizeof titles[0]);
    bool any = false;
    for (size_t i = 0; table && i < TP_CTL_LATENCIES; i++) {
        char count[96];
        double value;
        snprintf(count, sizeof count, "%s_count", tp_ctl_latencies[i].series);
        if (!tp_ctl_metric(tp_buf_str(&watch->look.metrics), count, &value))
            continue;
        any = true;
        tp_ctl_table_add(table, tp_str(tp_ctl_latencies[i].meaning));
        add_quantile(table, watch, tp_ctl_latencies[i].series, 0.50);
        add_quantile(table, watch, tp_ctl_latencies[i].series, 0.99);
    }
    if (any) {
        fputc('\n', out);
        tp_ctl_table_print(table, watch->options, out);
    }
    tp_ctl_table_free(table);
}

static const char *verdict(const struct tp_ctl_look *look) {
    if (is(look, "stopping"))
        return "is stopping";
    if (is(look, "journal_full"))
        return "refuses interactions: its journal is full";
    if (!is(look, "ready"))
        return "refuses interactions: its journal has failed";
    if (look->repairing)
        return "takes interactions, which wait until Redis is made anew from Kafka";
    return look->redis_up && look->kafka_up ? "is well"
           : look->kafka_up                 ? "takes interactions, which wait until Redis is back"
           : look->redis_up                 ? "takes interactions, which wait until Kafka is back"
                                            : "takes interactions, which wait until Redis and Kafka are back";
}

void tp_ctl_draw(const struct tp_ctl_watch *watch, FILE *out) {
    const struct tp_ctl_look *look = &watch->look;
    bool healthy = tp_ctl_look_healthy(look), colour = watch->options->colour;
    fputs(colour ? healthy ? "\033[1;32m" : "\033[1;31m" : "", out);
    if (look->reached)
        fprintf(out, "touchpointd at %s %s", watch->options->url, verdict(look));
    else
        tp_ctl_print(tp_buf_str(&look->fault), out);
    fputs(colour ? "\033[0m\n" : "\n", out);
    if (look->reached) {
        fputc('\n', out);
        draw_stages(watch, out);
        draw_latencies(watch, out);
    }
}
