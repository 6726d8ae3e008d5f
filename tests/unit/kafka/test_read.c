/* A topic read from its beginning to the end that it has now, as the daemon's settings say, and what is said where that
 * cannot be. */
#include "cluster.h"

#include "daemon/kafka/read.h"

struct read {
    size_t n, most;
    uint64_t total; /* as it was told first */
    int32_t partition;
    int64_t offset;
    bool seen[MAX_RECORDS];
};

static void on_total(void *arg, uint64_t total) {
    struct read *read = arg;
    assert_int_equal(read->n, 0);
    read->total = total;
}

static bool on_message(void *arg, const struct tp_kafka_message *message) {
    struct read *read = arg;
    size_t number;
    char id[32], key[32];
    assert_int_equal(sscanf(message->value.at, "{\"n\":%zu}", &number), 1);
    snprintf(id, sizeof id, "id-%zu", number);
    snprintf(key, sizeof key, "customer-%zu", number % 5);
    assert_true(tp_str_is(message->key, key));
    assert_true(tp_str_is(tp_kafka_message_header(message, "ce_id"), id));
    assert_null(tp_kafka_message_header(message, "ce_").at);
    assert_false(read->seen[number]);
    read->seen[number] = true;
    assert_true(message->partition >= read->partition);
    assert_int_equal(message->offset, message->partition == read->partition ? read->offset + 1 : 0);
    read->partition = message->partition;
    read->offset = message->offset;
    return ++read->n < read->most;
}

static void produced(struct cluster *cluster, size_t n) {
    cluster_open(cluster);
    produce(cluster, 0, n);
    UNTIL(cluster, cluster->n_done == n);
}

static size_t read_all(struct cluster *cluster, size_t most) {
    struct read *read = test_calloc(1, sizeof *read);
    struct tp_buf fault = TP_BUF_INIT;
    *read = (struct read){.most = most, .offset = -1};
    const struct tp_kafka_reading reading = {
        .topic = INTERACTIONS, .on_total = on_total, .on_message = on_message, .arg = read};
    assert_int_equal(tp_kafka_read(&cluster->settings, &reading, &fault), 0);
    assert_int_equal(fault.len, 0);
    assert_true(read->total >= read->n);
    size_t n = read->n;
    test_free(read);
    return n;
}

static void all_is_read_partition_by_partition(void **state) {
    struct cluster *cluster = *state;
    produced(cluster, 1000);
    assert_int_equal(read_all(cluster, MAX_RECORDS), 1000);
    assert_int_equal(read_all(cluster, MAX_RECORDS), 1000); /* and again: nobody remembers */
}

static void until_there_was_enough(void **state) {
    struct cluster *cluster = *state;
    produced(cluster, 1000);
    assert_int_equal(read_all(cluster, 10), 10);
}

static void an_empty_topic_has_nothing(void **state) { assert_int_equal(read_all(*state, MAX_RECORDS), 0); }

static void properties_for_a_producer_are_no_fault(void **state) {
    struct cluster *cluster = *state;
    cluster_property(cluster, "linger.ms", "50");
    cluster_property(cluster, "compression.type", "zstd");
    assert_int_equal(read_all(cluster, MAX_RECORDS), 0);
}

static void fails(struct cluster *cluster, const char *topic, int expected, const char *because) {
    struct tp_buf fault = TP_BUF_INIT;
    const struct tp_kafka_reading reading = {.topic = topic, .on_message = on_message};
    assert_int_equal(tp_kafka_read(&cluster->settings, &reading, &fault), expected);
    tp_buf_addc(&fault, '\0');
    assert_non_null(strstr(fault.at, because));
    tp_buf_free(&fault);
}

static void a_stop_is_heard_while_nobody_answers(void **state) {
    struct cluster *cluster = *state;
    struct tp_buf fault = TP_BUF_INIT;
    const atomic_bool stop = true;
    const struct tp_kafka_reading reading = {.topic = INTERACTIONS, .on_message = on_message, .stop = &stop};
    cluster->settings.kafka.brokers = (char *)(uintptr_t) "127.0.0.1:1";
    assert_int_equal(tp_kafka_read(&cluster->settings, &reading, &fault), TP_ESTOPPING);
    tp_buf_free(&fault);
}

static void no_broker_is_said(void **state) {
    struct cluster *cluster = *state;
    cluster->settings.kafka.brokers = (char *)(uintptr_t) "127.0.0.1:1";
    fails(cluster, INTERACTIONS, TP_EUNAVAILABLE, "Connection refused");
}

static void a_property_that_is_wrong_is_said(void **state) {
    struct cluster *cluster = *state;
    cluster_property(cluster, "no.such.thing", "1");
    fails(cluster, INTERACTIONS, TP_ECONFIG, "kafka.property.no.such.thing");
}

#define WITH_CLUSTER(name) cmocka_unit_test_setup_teardown(name, cluster_setup, cluster_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_CLUSTER(all_is_read_partition_by_partition),   WITH_CLUSTER(until_there_was_enough),
        WITH_CLUSTER(an_empty_topic_has_nothing),           WITH_CLUSTER(properties_for_a_producer_are_no_fault),
        WITH_CLUSTER(a_stop_is_heard_while_nobody_answers), WITH_CLUSTER(no_broker_is_said),
        WITH_CLUSTER(a_property_that_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
