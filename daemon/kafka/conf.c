/* What librdkafka is told: our defaults first, then the operator's kafka.property.*, then what no one may change,
 * because a promise stands on it. A property of that last kind in the configuration is a fault, not silently undone.
 *
 * enable.gapless.guarantee turns a batch that the broker refuses into a fatal error. That is what we want: later
 * records of the same partition cannot slip past the refused ones, and the producer that replaces this one gets them
 * all again in order. */
#include "daemon/kafka/internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"

struct property {
    const char *name, *value;
};

static const struct property defaults[] = {
    {"client.id", "touchpointd"},
    {"linger.ms", "20"}, /* as long as placing gathers: what it has placed leaves together, and costs a broker less */
    {"compression.type", "lz4"},
    {"topic.metadata.refresh.interval.ms", "10000"}, /* also how soon a topic made by hand is found */
};

static const struct property promises[] = {
    {"enable.idempotence", "true"},
    {"enable.gapless.guarantee", "true"},
    {"acks", "all"},
    {"message.timeout.ms", "0"}, /* an outage is waited out */
    {"partitioner", "murmur2_random"},
    {"delivery.report.only.error", "false"},
    {"statistics.interval.ms", "1000"}, /* how health.c learns whether a broker is there */
    {"log.queue", "true"},
};

/* Not the operator's to pass on, beside the promises themselves. */
static const struct property elsewhere[] = {
    {"request.required.acks", "acks is always all"},
    {"delivery.timeout.ms", "records wait for as long as an outage lasts"},
    {"message.send.max.retries", "records wait for as long as an outage lasts"},
    {"retries", "records wait for as long as an outage lasts"},
    {"transactional.id", "it is the node's, see kafka.transactions"},
    {"isolation.level", "what is read here is read committed"},
    {"queuing.strategy", "it is first in, first out"},
    {"enabled_events", "the events are touchpointd's"},
    {"bootstrap.servers", "set kafka.brokers instead"},
    {"metadata.broker.list", "set kafka.brokers instead"},
    {"sasl.username", "set kafka.username instead"},
    {"sasl.password", "set kafka.password instead, which names a file or a variable"},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct property *find(const struct property *table, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

static int set(rd_kafka_conf_t *conf, const char *name, const char *value, const char *as, struct tp_buf *fault) {
    char reason[256];
    if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) == RD_KAFKA_CONF_OK)
        return 0;
    tp_buf_addf(fault, "%s: %s\n", as, reason);
    return TP_ECONFIG;
}

static int set_table(rd_kafka_conf_t *conf, const struct property *table, size_t count, struct tp_buf *fault) {
    for (size_t i = 0; i < count; i++) {
        int error = set(conf, table[i].name, table[i].value, table[i].name, fault);
        if (error)
            return error;
    }
    return 0;
}

/* kafka.property.NAME: over the defaults, under the promises. */
static int pass_on(rd_kafka_conf_t *conf, const struct tp_property *property, struct tp_buf *fault) {
    const struct property *promise = find(promises, COUNT(promises), property->name);
    const struct property *other = find(elsewhere, COUNT(elsewhere), property->name);
    if (promise)
        tp_buf_addf(fault, "kafka.property.%s: is always %s, since what touchpointd promises stands on it\n",
                    promise->name, promise->value);
    else if (other)
        tp_buf_addf(fault, "kafka.property.%s: is not passed on: %s\n", other->name, other->value);
    if (promise || other)
        return TP_ECONFIG;
    char as[128];
    snprintf(as, sizeof as, "kafka.property.%s", property->name);
    return set(conf, property->name, property->value, as, fault);
}

static int set_login(rd_kafka_conf_t *conf, const struct tp_settings *settings, struct tp_buf *fault) {
    if (!*settings->kafka.username)
        return 0;
    const struct property login[] = {
        {"security.protocol", "sasl_plaintext"}, /* kafka.property.security.protocol, say sasl_ssl, comes after it */
        {"sasl.mechanism", "PLAIN"},
        {"sasl.username", settings->kafka.username},
        {"sasl.password", settings->kafka.password},
    };
    return set_table(conf, login, COUNT(login), fault);
}

/* Our list is the bound, and has it under the names that librdkafka gives its own. A record is 4 kB on the average, or
 * there is room for fewer than the window; 32 MB, at the least, hold some of the largest. */
static int set_bound(rd_kafka_conf_t *conf, const struct tp_settings *settings, struct tp_buf *fault) {
    unsigned long kbytes = 4UL * settings->delivery.window;
    char records_text[24], kbytes_text[24];
    snprintf(records_text, sizeof records_text, "%u", settings->delivery.window);
    snprintf(kbytes_text, sizeof kbytes_text, "%lu", kbytes < 32768 ? 32768 : kbytes);
    int error = set(conf, "queue.buffering.max.messages", records_text, "delivery.window", fault);
    if (!error)
        error = set(conf, "queue.buffering.max.kbytes", kbytes_text, "delivery.window", fault);
    return error;
}

/* Who, where, and what the operator has to say about it. */
static int set_connection(rd_kafka_conf_t *conf, const struct tp_settings *settings, struct tp_buf *fault) {
    int error = set(conf, "bootstrap.servers", settings->kafka.brokers, "kafka.brokers", fault);
    if (!error)
        error = set_login(conf, settings, fault);
    for (size_t i = 0; !error && i < settings->kafka.n_properties; i++)
        error = pass_on(conf, &settings->kafka.properties[i], fault);
    return error;
}

static rd_kafka_conf_t *new_conf(void) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    /* Known since librdkafka 2.5, where it holds up the end of a client for a second. */
    rd_kafka_conf_set(conf, "enable.metrics.push", "false", NULL, 0);
    return conf;
}

/* A broker ends a transaction that is open for too long. */
static int check_interval(const rd_kafka_conf_t *conf, const struct tp_settings *settings, struct tp_buf *fault) {
    if (!settings->kafka.transactions ||
        (size_t)2 * settings->kafka.transaction_interval <= tp_kafka_conf_number(conf, "transaction.timeout.ms"))
        return 0;
    tp_buf_adds(fault, "kafka.transaction_interval: does not go with kafka.property.transaction.timeout.ms; "
                       "expected at most half of it\n");
    return TP_ECONFIG;
}

int tp_kafka_conf_transactional(rd_kafka_conf_t *conf, const char *node, struct tp_buf *fault) {
    return set(conf, "transactional.id", node, "transactional.id", fault);
}

int tp_kafka_conf(const struct tp_settings *settings, struct tp_buf *fault, rd_kafka_conf_t **ret) {
    rd_kafka_conf_t *conf = new_conf();
    int error = set_table(conf, defaults, COUNT(defaults), fault);
    if (!error)
        error = set_bound(conf, settings, fault);
    if (!error)
        error = set_connection(conf, settings, fault);
    if (!error)
        error = set_table(conf, promises, COUNT(promises), fault);
    if (!error)
        error = check_interval(conf, settings, fault);
    if (error) {
        rd_kafka_conf_destroy(conf);
        return error;
    }
    rd_kafka_conf_set_events(conf,
                             RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS);
    *ret = conf;
    return 0;
}

int tp_kafka_conf_reader(const struct tp_settings *settings, struct tp_buf *fault, rd_kafka_conf_t **ret) {
    rd_kafka_conf_t *conf = new_conf();
    int error = set(conf, "client.id", "touchpointctl", "client.id", fault);
    if (!error)
        error = set_connection(conf, settings, fault);
    if (!error)
        error = set(conf, "enable.partition.eof", "true", "enable.partition.eof", fault);
    if (error)
        rd_kafka_conf_destroy(conf);
    else
        *ret = conf;
    return error;
}

size_t tp_kafka_conf_number(const rd_kafka_conf_t *conf, const char *name) {
    char text[32];
    size_t size = sizeof text;
    if (rd_kafka_conf_get(conf, name, text, &size) != RD_KAFKA_CONF_OK)
        return 0;
    return strtoull(text, NULL, 10);
}

static void multiply(rd_kafka_conf_t *conf, const char *name, size_t by) {
    char text[24];
    size_t number = tp_kafka_conf_number(conf, name);
    snprintf(text, sizeof text, "%zu", number < INT_MAX / by ? number * by : INT_MAX);
    rd_kafka_conf_set(conf, name, text, NULL, 0);
}

/* What is counted there is messages, not records; and one counts until all reports that came along with its own are
 * read, when as many may have been given anew. */
void tp_kafka_conf_widen(rd_kafka_conf_t *conf) {
    multiply(conf, "queue.buffering.max.messages", (size_t)2 * TP_KAFKA_MOST_PIECES);
    multiply(conf, "queue.buffering.max.kbytes", 2);
}

int tp_kafka_check(const struct tp_settings *settings, struct tp_buf *fault) {
    rd_kafka_conf_t *conf = NULL;
    int error = tp_kafka_conf(settings, fault, &conf);
    if (!error)
        rd_kafka_conf_destroy(conf);
    return error;
}
