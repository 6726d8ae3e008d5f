/* `touchpointd --dev`: its own Redis and broker started, the settings pointed at them, and told to a person. */
#include "daemon/dev/dev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/dev/internal.h"

static int replace(char **setting, struct tp_buf *text) {
    tp_buf_addc(text, 0);
    char *taken = tp_buf_take(text);
    if (!taken)
        return TP_ENOMEM;
    free(*setting);
    *setting = taken;
    return 0;
}

static int replace_with(char **setting, const char *before, const char *after) {
    struct tp_buf text = TP_BUF_INIT;
    tp_buf_addf(&text, "%s%s", before, after);
    return replace(setting, &text);
}

/* The settings of the real Redis and Kafka, their logins among them, give way. */
static int point_at(const struct tp_dev *dev, struct tp_settings *settings) {
    struct tp_buf text = TP_BUF_INIT;
    tp_buf_addf(&text, "redis://127.0.0.1:%u", (unsigned)dev->redis.port);
    int error = replace(&settings->redis.url, &text);
    if (!error) {
        tp_dev_free_listen(settings->http.listen, &text);
        error = replace(&settings->http.listen, &text);
    }
    if (!error)
        error = replace_with(&settings->kafka.brokers, rd_kafka_mock_cluster_bootstraps(dev->broker.cluster), "");
    if (!error)
        error = replace_with(&settings->journal.dir, dev->dir, "/journal");
    if (error)
        return error;
    *settings->redis.password = *settings->kafka.username = *settings->kafka.password = 0;
    settings->kafka.partitions = 0; /* the topics are there, and this broker knows no request to make some */
    return 0;
}

static int write_files(const struct tp_dev *dev, struct tp_buf *fault) {
    const char *listen = dev->settings->http.listen, *brokers = dev->settings->kafka.brokers;
    char http[TP_DEV_PATH];
    snprintf(http, sizeof http, "%.*s", (int)strcspn(listen, ","), listen);
    int error = tp_dev_write_file(dev->dir, "redis", dev->settings->redis.url + strlen("redis://"), fault);
    if (!error)
        error = tp_dev_write_file(dev->dir, "kafka", brokers, fault);
    if (!error)
        error = tp_dev_write_file(dev->dir, "http", http, fault);
    return error;
}

static int start(struct tp_dev *dev, struct tp_settings *settings, struct tp_buf *fault) {
    int error = tp_dev_make_directory(dev->dir, fault);
    if (error)
        return error;
    dev->lock = tp_dev_lock(dev->dir, fault);
    if (dev->lock < 0)
        return TP_ELOCKED;
    error = tp_dev_redis_start(&dev->redis, dev->dir, dev->lock, fault);
    if (!error)
        error = tp_dev_broker_start(&dev->broker, settings, fault);
    if (!error)
        error = point_at(dev, settings);
    if (!error)
        error = write_files(dev, fault);
    return error;
}

int tp_dev_start(struct tp_settings *settings, struct tp_buf *fault, struct tp_dev **ret) {
    struct tp_dev *dev = calloc(1, sizeof *dev);
    if (!dev)
        return TP_ENOMEM;
    dev->settings = settings;
    dev->lock = -1;
    int error = TP_ECONFIG;
    if ((size_t)snprintf(dev->dir, sizeof dev->dir, "%s", settings->dev.dir) >= sizeof dev->dir)
        tp_buf_adds(fault, "dev.dir: the path is too long\n");
    else
        error = start(dev, settings, fault);
    if (error)
        tp_dev_stop(dev);
    else
        *ret = dev;
    return error;
}

/* Of several addresses the commands name the first. */
void tp_dev_greet(const struct tp_dev *dev, const char *http_addresses) {
    const char *key = dev->settings->n_keys ? " -H 'Authorization: Bearer KEY'" : "";
    const char *broker = dev->settings->kafka.brokers;
    int first = (int)strcspn(http_addresses, ", ");
    printf("\ntouchpointd is ready, with a Redis and a broker of its own, to try it out.\n\n");
    printf("  HTTP    %s\n", http_addresses);
    printf("  Redis   127.0.0.1:%u\n", (unsigned)dev->redis.port);
    printf("  Kafka   %s\n\n", broker);
    printf("  What lasts:     the journal and Redis' data, in %s\n", dev->dir);
    printf("  What does not:  the broker's log. It is in memory, and gone when touchpointd stops.\n\n");
    printf("Send:\n  curl -s%s %.*s/v1/events -H 'Content-Type: application/json' \\\n"
           "    -d '{\"channel\": \"web\", \"type\": \"page.viewed\", \"customer\": {\"email\": "
           "\"ann@example.com\"}}'\n\n",
           key, first, http_addresses);
    printf("Look up:\n  curl -s%s '%.*s/v1/customers?email=ann@example.com'\n\n", key, first, http_addresses);
    printf("Consume:\n  kcat -b %s -t %s -C -c 1\n\n", broker, dev->settings->kafka.topic_interactions);
    printf("Ctrl-C stops it all.\n\n");
    fflush(stdout);
}

void tp_dev_stop(struct tp_dev *dev) {
    if (!dev)
        return;
    tp_dev_broker_stop(&dev->broker);
    tp_dev_redis_stop(&dev->redis);
    if (dev->lock >= 0) {
        tp_dev_remove_file(dev->dir, "redis");
        tp_dev_remove_file(dev->dir, "kafka");
        tp_dev_remove_file(dev->dir, "http");
        close(dev->lock);
    }
    free(dev);
}
