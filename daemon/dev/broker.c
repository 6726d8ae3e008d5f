/* The development broker: librdkafka's mock cluster, one node in this process, on a port of 127.0.0.1 that it chooses.
 * Any Kafka client may read and write it. Its log is in memory, the latest 5 MB of each partition. */
#include "daemon/dev/internal.h"

#include "common/error.h"
#include "daemon/log/log.h"

static void on_log(const rd_kafka_t *handle, int level, const char *facility, const char *text) {
    (void)handle, (void)level;
    tp_log(TP_LOG_DEBUG, "dev_broker", "facility=%s text=%s", facility, tp_log_quote(text));
}

static int make_topics(struct tp_dev_broker *broker, const struct tp_settings *settings, struct tp_buf *fault) {
    const char *const names[] = {settings->kafka.topic_interactions, settings->kafka.topic_customers,
                                 settings->kafka.topic_rejected, settings->kafka.topic_checkpoints};
    int partitions = settings->kafka.partitions ? (int)settings->kafka.partitions : 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        rd_kafka_resp_err_t error = rd_kafka_mock_topic_create(broker->cluster, names[i], partitions, 1);
        if (error) {
            tp_buf_addf(fault, "--dev: the broker has no topic %s: %s\n", names[i], rd_kafka_err2str(error));
            return TP_EUNAVAILABLE;
        }
    }
    return 0;
}

int tp_dev_broker_start(struct tp_dev_broker *broker, const struct tp_settings *settings, struct tp_buf *fault) {
    char reason[256] = "no port of 127.0.0.1 to listen on";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, on_log);
    broker->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (!broker->handle)
        rd_kafka_conf_destroy(conf);
    else
        broker->cluster = rd_kafka_mock_cluster_new(broker->handle, 1);
    if (broker->cluster)
        return make_topics(broker, settings, fault);
    tp_buf_addf(fault, "--dev: cannot start the broker: %s\n", reason);
    return TP_EUNAVAILABLE;
}

void tp_dev_broker_stop(struct tp_dev_broker *broker) {
    if (broker->cluster)
        rd_kafka_mock_cluster_destroy(broker->cluster);
    if (broker->handle)
        rd_kafka_destroy(broker->handle);
    *broker = (struct tp_dev_broker){0};
}
