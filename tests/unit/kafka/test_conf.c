/* What librdkafka is told: our defaults, the operator's properties over them, and what no one may change. */
#include "cluster.h"

static void assert_property(struct cluster *cluster, const char *name, const char *expected) {
    char value[128];
    size_t size = sizeof value;
    assert_int_equal(rd_kafka_conf_get(cluster->kafka->conf, name, value, &size), RD_KAFKA_CONF_OK);
    assert_string_equal(value, expected);
}

static void assert_fault(struct cluster *cluster, const char *expected) {
    struct tp_buf fault = TP_BUF_INIT;
    assert_int_equal(cluster_try_open(cluster, &fault), TP_ECONFIG);
    assert_null(cluster->kafka);
    tp_buf_addc(&fault, 0);
    assert_non_null(strstr(fault.at, expected));
    tp_buf_free(&fault);
}

static void the_promises_are_kept_by_default(void **state) {
    struct cluster *cluster = *state;
    cluster_open(cluster);
    assert_property(cluster, "enable.idempotence", "true");
    assert_property(cluster, "acks", "-1");
    assert_property(cluster, "compression.type", "lz4");
    assert_property(cluster, "partitioner", "murmur2_random");
    assert_property(cluster, "message.timeout.ms", "0");
    assert_property(cluster, "client.id", "touchpointd");
    assert_int_equal(cluster->kafka->max_records, 1000);
    assert_int_equal(cluster->kafka->max_bytes, 32 * 1024 * 1024);
    assert_property(cluster, "queue.buffering.max.messages", "12000"); /* never full before our list is */
    assert_property(cluster, "queue.buffering.max.kbytes", "65536");
}

static void the_operator_may_tune(void **state) {
    struct cluster *cluster = *state;
    cluster_property(cluster, "linger.ms", "50");
    cluster_property(cluster, "compression.type", "zstd");
    cluster_open(cluster);
    assert_property(cluster, "linger.ms", "50");
    assert_property(cluster, "compression.type", "zstd");
}

static void but_not_break_a_promise(void **state) {
    struct cluster *cluster = *state;
    cluster_property(cluster, "acks", "1");
    assert_fault(cluster, "kafka.property.acks: is always all");
}

static void nor_by_another_name_of_it(void **state) {
    struct cluster *cluster = *state;
    cluster_property(cluster, "request.required.acks", "1");
    assert_fault(cluster, "kafka.property.request.required.acks: is not passed on");
}

static void a_secret_does_not_stand_in_the_file(void **state) {
    struct cluster *cluster = *state;
    cluster_property(cluster, "sasl.password", "hunter2");
    assert_fault(cluster, "kafka.property.sasl.password: is not passed on: set kafka.password");
}

static void an_unknown_property_is_named(void **state) {
    struct cluster *cluster = *state;
    cluster_property(cluster, "linger.hours", "1");
    assert_fault(cluster, "kafka.property.linger.hours: No such configuration property");
}

static void a_value_that_is_none_is_named(void **state) {
    struct cluster *cluster = *state;
    cluster_property(cluster, "linger.ms", "soon");
    assert_fault(cluster, "kafka.property.linger.ms: ");
}

static void what_does_not_go_together_is_said(void **state) {
    struct cluster *cluster = *state;
    cluster_property(cluster, "max.in.flight", "10"); /* idempotence allows 5 */
    assert_fault(cluster, "max.in.flight");
}

static void a_transaction_ends_before_the_broker_ends_it(void **state) {
    struct cluster *cluster = *state;
    cluster->settings.kafka.transactions = true;
    cluster->settings.kafka.transaction_interval = 2000;
    cluster_property(cluster, "transaction.timeout.ms", "3999");
    assert_fault(cluster, "kafka.transaction_interval: does not go with kafka.property.transaction.timeout.ms");
}

static void a_user_means_sasl(void **state) {
    struct cluster *cluster = *state;
    cluster->settings.kafka.username = (char *)"shop";
    cluster->settings.kafka.password = (char *)"secret";
    cluster_open(cluster);
    assert_property(cluster, "security.protocol", "sasl_plaintext");
    assert_property(cluster, "sasl.mechanism", "PLAIN");
    assert_property(cluster, "sasl.username", "shop");
}

static void and_the_operator_says_which(void **state) {
    struct cluster *cluster = *state;
    cluster->settings.kafka.username = (char *)"shop";
    cluster->settings.kafka.password = (char *)"secret";
    cluster_property(cluster, "security.protocol", "sasl_ssl");
    cluster_property(cluster, "sasl.mechanism", "SCRAM-SHA-512");
    cluster_open(cluster);
    assert_property(cluster, "security.protocol", "sasl_ssl");
    assert_property(cluster, "sasl.mechanism", "SCRAM-SHA-512");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cluster_setup, cluster_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_promises_are_kept_by_default),
        TEST(the_operator_may_tune),
        TEST(but_not_break_a_promise),
        TEST(nor_by_another_name_of_it),
        TEST(a_secret_does_not_stand_in_the_file),
        TEST(an_unknown_property_is_named),
        TEST(a_value_that_is_none_is_named),
        TEST(what_does_not_go_together_is_said),
        TEST(a_transaction_ends_before_the_broker_ends_it),
        TEST(a_user_means_sasl),
        TEST(and_the_operator_says_which),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
