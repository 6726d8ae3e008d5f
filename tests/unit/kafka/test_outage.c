/* Brokers that are away, producers that fail, topics that are not there: everything waits, and arrives in order. */
#include "cluster.h"

static struct tp_kafka_topic *interactions(struct cluster *cluster) {
    return &cluster->kafka->topics[TP_TOPIC_INTERACTIONS];
}

static void a_broker_away_at_the_start_is_no_fault(void **state) {
    struct cluster *cluster = *state;
    rd_kafka_mock_broker_set_down(cluster->mock, BROKER);
    cluster_open(cluster);
    assert_false(tp_kafka_up(cluster->kafka));
    produce(cluster, 0, 100);
    rd_kafka_mock_broker_set_up(cluster->mock, BROKER);
    UNTIL(cluster, cluster->n_done == 100);
    assert_true(tp_kafka_up(cluster->kafka));
    assert_all_in_order(cluster, INTERACTIONS, 100);
}

static void an_outage_is_noticed_and_waited_out(void **state) {
    struct cluster *cluster = *state;
    cluster_open(cluster);
    produce(cluster, 0, 300);
    UNTIL(cluster, cluster->n_done == 300);
    rd_kafka_mock_broker_set_down(cluster->mock, BROKER);
    produce(cluster, 300, 600);
    UNTIL(cluster, !tp_kafka_up(cluster->kafka));
    produce(cluster, 600, 900);
    rd_kafka_mock_broker_set_up(cluster->mock, BROKER);
    UNTIL(cluster, cluster->n_done == 900);
    assert_true(tp_kafka_up(cluster->kafka));
    assert_all_in_order(cluster, INTERACTIONS, 900);
}

/* Without a single record: the statistics tell. */
static void a_broker_that_comes_back_is_noticed_when_idle(void **state) {
    struct cluster *cluster = *state;
    cluster_open(cluster);
    UNTIL(cluster, tp_kafka_up(cluster->kafka));
    rd_kafka_mock_broker_set_down(cluster->mock, BROKER);
    UNTIL(cluster, !tp_kafka_up(cluster->kafka));
    rd_kafka_mock_broker_set_up(cluster->mock, BROKER);
    UNTIL(cluster, tp_kafka_up(cluster->kafka));
}

static void a_fatal_error_gets_a_new_producer(void **state) {
    struct cluster *cluster = *state;
    int64_t before = tp_metrics_get(TP_M_KAFKA_REBUILT);
    cluster_open(cluster);
    produce(cluster, 0, 300);
    UNTIL(cluster, cluster->n_done > 0);
    rd_kafka_t *first = cluster->kafka->producer;
    produce(cluster, 300, 600);
    rd_kafka_test_fatal_error(first, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "as the test wants it");
    produce(cluster, 600, 900);
    UNTIL(cluster, cluster->n_done == 900);
    assert_int_equal(tp_metrics_get(TP_M_KAFKA_REBUILT), before + 1);
    assert_all_in_order(cluster, INTERACTIONS, 900);
}

static void the_new_producer_may_fail_too(void **state) {
    struct cluster *cluster = *state;
    int64_t before = tp_metrics_get(TP_M_KAFKA_REBUILT);
    cluster_open(cluster);
    for (size_t round = 0; round < 3; round++) {
        produce(cluster, round * 100, round * 100 + 100);
        rd_kafka_test_fatal_error(cluster->kafka->producer, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, "again");
        UNTIL(cluster, tp_metrics_get(TP_M_KAFKA_REBUILT) == before + (int64_t)round + 1);
    }
    UNTIL(cluster, cluster->n_done == 300);
    assert_all_in_order(cluster, INTERACTIONS, 300);
}

static void a_fatal_error_during_an_outage_loses_nothing(void **state) {
    struct cluster *cluster = *state;
    int64_t before = tp_metrics_get(TP_M_KAFKA_REBUILT);
    cluster_open(cluster);
    produce(cluster, 0, 100);
    UNTIL(cluster, cluster->n_done == 100);
    rd_kafka_mock_broker_set_down(cluster->mock, BROKER);
    produce(cluster, 100, 200);
    rd_kafka_test_fatal_error(cluster->kafka->producer, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, "away as well");
    UNTIL(cluster, tp_metrics_get(TP_M_KAFKA_REBUILT) == before + 1);
    assert_int_equal(cluster->n_done, 100);
    rd_kafka_mock_broker_set_up(cluster->mock, BROKER);
    UNTIL(cluster, cluster->n_done == 200);
    assert_all_in_order(cluster, INTERACTIONS, 200);
}

static void errors_that_pass_are_retried_without_us(void **state) {
    struct cluster *cluster = *state;
    rd_kafka_mock_push_request_errors(cluster->mock, 0 /* Produce */, 4, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                                      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND);
    cluster_open(cluster);
    produce(cluster, 0, 100);
    UNTIL(cluster, cluster->n_done == 100);
    assert_all_in_order(cluster, INTERACTIONS, 100);
}

static void an_unknown_topic_waits_and_stops_no_other(void **state) {
    struct cluster *cluster = *state;
    cluster_property(cluster, "topic.metadata.propagation.max.ms", "0"); /* unknown is said at once */
    rd_kafka_mock_topic_set_error(cluster->mock, INTERACTIONS, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    cluster_open(cluster);
    produce(cluster, 0, 50);
    UNTIL(cluster, evtimer_pending(interactions(cluster)->pause, NULL));
    produce(cluster, 50, 100);
    assert_int_equal(produce_to(cluster, TP_TOPIC_REJECTED, 1000), 0);
    UNTIL(cluster, cluster->status[1000] == 0);
    assert_int_equal(cluster->n_done, 1);
    rd_kafka_mock_topic_set_error(cluster->mock, INTERACTIONS, RD_KAFKA_RESP_ERR_NO_ERROR);
    UNTIL(cluster, cluster->n_done == 101);
    assert_all_in_order(cluster, INTERACTIONS, 100);
}

static void a_topic_that_we_may_not_write_is_tried_again(void **state) {
    struct cluster *cluster = *state;
    rd_kafka_mock_push_request_errors(cluster->mock, 0 /* Produce */, 2, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    cluster_open(cluster);
    produce(cluster, 0, 50);
    UNTIL(cluster, cluster->n_done == 50);
    for (size_t number = 0; number < 50; number++)
        assert_int_equal(cluster->status[number], 0);
    assert_all_in_order(cluster, INTERACTIONS, 50);
}

/* The mock never answers the request to make topics; what is there is used all the same. */
static void topics_that_cannot_be_made_are_used_as_they_are(void **state) {
    struct cluster *cluster = *state;
    cluster->settings.kafka.partitions = PARTITIONS;
    cluster_open(cluster);
    produce(cluster, 0, 50);
    UNTIL(cluster, cluster->n_done == 50);
    assert_all_in_order(cluster, INTERACTIONS, 50);
}

/* No more callbacks, and no waiting: the alarm of the setup would end a close that hangs. */
static void closing_waits_for_nothing(void **state) {
    struct cluster *cluster = *state;
    cluster_open(cluster);
    produce(cluster, 0, 100);
    UNTIL(cluster, cluster->n_done == 100);
    rd_kafka_mock_broker_set_down(cluster->mock, BROKER);
    produce(cluster, 100, 500);
    tp_kafka_close(cluster->kafka);
    cluster->kafka = NULL;
    assert_int_equal(cluster->n_done, 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cluster_setup, cluster_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_broker_away_at_the_start_is_no_fault),
        TEST(an_outage_is_noticed_and_waited_out),
        TEST(a_broker_that_comes_back_is_noticed_when_idle),
        TEST(a_fatal_error_gets_a_new_producer),
        TEST(the_new_producer_may_fail_too),
        TEST(a_fatal_error_during_an_outage_loses_nothing),
        TEST(errors_that_pass_are_retried_without_us),
        TEST(an_unknown_topic_waits_and_stops_no_other),
        TEST(a_topic_that_we_may_not_write_is_tried_again),
        TEST(topics_that_cannot_be_made_are_used_as_they_are),
        TEST(closing_waits_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
