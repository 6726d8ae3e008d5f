/* Three brokers: leaders move and brokers die while records are under way; and what a broker may answer that is no
 * record's fault. Everything arrives, in order. */
#include "cluster.h"

enum { BROKERS = 3, PRODUCE = 0, INIT_PRODUCER_ID = 22 };

static int setup(void **state) { return cluster_setup_of(state, BROKERS); }

static void move_leaders(struct cluster *cluster, int broker) {
    for (int partition = 0; partition < PARTITIONS; partition++)
        assert_int_equal(rd_kafka_mock_partition_set_leader(cluster->mock, INTERACTIONS, partition, broker), 0);
}

static void leaders_move_while_records_are_under_way(void **state) {
    struct cluster *cluster = *state;
    cluster_open(cluster);
    for (size_t from = 0; from < 900; from += 100) {
        produce(cluster, from, from + 90);
        move_leaders(cluster, (int)(from / 100 % BROKERS) + 1);
        produce(cluster, from + 90, from + 100);
        UNTIL(cluster, cluster->n_done > from);
    }
    UNTIL(cluster, cluster->n_done == 900);
    assert_all_in_order(cluster, INTERACTIONS, 900);
}

static void a_leader_dies_and_another_takes_over(void **state) {
    struct cluster *cluster = *state;
    cluster_open(cluster);
    move_leaders(cluster, 1);
    produce(cluster, 0, 300);
    UNTIL(cluster, cluster->n_done > 0);
    rd_kafka_mock_broker_set_down(cluster->mock, 1);
    produce(cluster, 300, 600);
    move_leaders(cluster, 2);
    UNTIL(cluster, cluster->n_done == 600);
    rd_kafka_mock_broker_set_up(cluster->mock, 1);
    move_leaders(cluster, 1);
    produce(cluster, 600, 900);
    UNTIL(cluster, cluster->n_done == 900);
    assert_all_in_order(cluster, INTERACTIONS, 900);
}

/* Somebody is there, though not the one that is needed: what waits is not taken for undeliverable. */
static void a_partition_without_a_leader_is_waited_for(void **state) {
    struct cluster *cluster = *state;
    cluster_open(cluster);
    move_leaders(cluster, -1);
    produce(cluster, 0, 100);
    UNTIL(cluster, tp_kafka_up(cluster->kafka));
    assert_int_equal(cluster->n_done, 0);
    move_leaders(cluster, 3);
    UNTIL(cluster, cluster->n_done == 100);
    assert_all_in_order(cluster, INTERACTIONS, 100);
}

/* A batch is taken, and its answer comes after it was given up: it is sent again. */
static void answers_that_come_too_late(void **state) {
    struct cluster *cluster = *state;
    cluster_property(cluster, "socket.timeout.ms", "1000");
    cluster_property(cluster, "request.timeout.ms", "500");
    cluster_open(cluster);
    produce(cluster, 0, 100);
    UNTIL(cluster, cluster->n_done == 100);
    for (int broker = 1; broker <= BROKERS; broker++)
        rd_kafka_mock_broker_push_request_error_rtts(cluster->mock, broker, PRODUCE, 2, RD_KAFKA_RESP_ERR_NO_ERROR,
                                                     3000, RD_KAFKA_RESP_ERR_NO_ERROR, 3000);
    produce(cluster, 100, 300);
    UNTIL(cluster, cluster->n_done == 300);
    assert_all_in_order(cluster, INTERACTIONS, 300);
}

static void a_sequence_that_the_broker_does_not_expect(void **state) {
    struct cluster *cluster = *state;
    cluster_open(cluster);
    produce(cluster, 0, 100);
    UNTIL(cluster, cluster->n_done == 100);
    rd_kafka_mock_push_request_errors(cluster->mock, PRODUCE, 2, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    produce(cluster, 100, 600);
    UNTIL(cluster, cluster->n_done == 600);
    assert_all_in_order(cluster, INTERACTIONS, 600);
}

/* Its coordinator moves, or is still reading its log: the producer has no number yet, and waits for one. */
static void a_coordinator_that_is_not_ready(void **state) {
    struct cluster *cluster = *state;
    rd_kafka_mock_push_request_errors(cluster->mock, INIT_PRODUCER_ID, 4,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
                                      RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
    cluster_open(cluster);
    produce(cluster, 0, 100);
    UNTIL(cluster, cluster->n_done == 100);
    assert_all_in_order(cluster, INTERACTIONS, 100);
}

/* A right that an operator takes away and gives back: fatal for each producer, and for no record. */
static void a_producer_that_may_not_be_idempotent(void **state) {
    struct cluster *cluster = *state;
    int64_t before = tp_metrics_get(TP_M_KAFKA_REBUILT);
    rd_kafka_mock_push_request_errors(cluster->mock, INIT_PRODUCER_ID, 2,
                                      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
    cluster_open(cluster);
    produce(cluster, 0, 100);
    UNTIL(cluster, cluster->n_done == 100);
    assert_int_equal(tp_metrics_get(TP_M_KAFKA_REBUILT), before + 2);
    assert_all_in_order(cluster, INTERACTIONS, 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, cluster_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(leaders_move_while_records_are_under_way),   TEST(a_leader_dies_and_another_takes_over),
        TEST(a_partition_without_a_leader_is_waited_for), TEST(answers_that_come_too_late),
        TEST(a_sequence_that_the_broker_does_not_expect), TEST(a_coordinator_that_is_not_ready),
        TEST(a_producer_that_may_not_be_idempotent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
