/* Is a broker there? librdkafka's statistics say so once a second, without a request of ours: a broker counts when it
 * is connected, and not silent for long while an answer is owed (a machine that vanished, a process that was stopped).
 * Acknowledged records say so at once; that all brokers are down, librdkafka says at once too.
 *
 * What librdkafka logs goes to our log, few lines of it: an outage is told once, by kafka_down and kafka_up. */
#include "daemon/kafka/internal.h"

#include <jansson.h>

void tp_kafka_set_up(struct tp_kafka *kafka, bool up) {
    if (atomic_exchange(&kafka->up, up) == up)
        return;
    tp_metrics_set(TP_M_KAFKA_UP, up);
    tp_log(up ? TP_LOG_NOTICE : TP_LOG_WARNING, up ? "kafka_up" : "kafka_down", "stage=kafka queued=%zu",
           atomic_load(&kafka->queued));
}

static bool connected(const json_t *broker) {
    const char *state = json_string_value(json_object_get(broker, "state"));
    return state && strcmp(state, "UP") == 0;
}

void tp_kafka_on_statistics(struct tp_kafka *kafka, rd_kafka_event_t *event) {
    json_t *statistics = json_loads(rd_kafka_event_stats(event), 0, NULL);
    const char *name;
    json_t *broker;
    bool up = false;
    json_object_foreach(json_object_get(statistics, "brokers"), name, broker) up = up || connected(broker);
    if (statistics)
        tp_kafka_set_up(kafka, up);
    json_decref(statistics);
}

void tp_kafka_on_error(struct tp_kafka *kafka, rd_kafka_event_t *event) {
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    if (rd_kafka_event_error_is_fatal(event))
        tp_kafka_producer_fail(kafka);
    else if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        tp_kafka_set_up(kafka, false);
    else
        tp_log_limited(&kafka->complaint, 30, TP_LOG_WARNING, "kafka_trouble", "stage=kafka error=%s reason=%s",
                       rd_kafka_err2name(error), tp_log_quote(rd_kafka_event_error_string(event)));
}

void tp_kafka_on_log(struct tp_kafka *kafka, rd_kafka_event_t *event) {
    const char *facility, *text;
    int level;
    if (rd_kafka_event_log(event, &facility, &text, &level) != 0)
        return;
    /* Told at each start, see conf.c; and at a start after a kill, while the transaction left open is being ended. */
    bool known =
        strstr(text, "enable.gapless.guarantee is experimental") || strstr(text, "Failed to acquire transactional PID");
    if (level <= TP_LOG_WARNING && !known)
        tp_log_limited(&kafka->chatter, 30, TP_LOG_WARNING, "kafka_library", "facility=%s text=%s", facility,
                       tp_log_quote(text));
    else
        tp_log(TP_LOG_DEBUG, "kafka_library", "facility=%s text=%s", facility, tp_log_quote(text));
}
