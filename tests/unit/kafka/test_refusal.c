/* A broker that refuses: whole batches, and of these only the record that it means is given up. */
#include "cluster.h"

/* Three records of one key, so that they are one batch. */
static void produce_a_batch(struct cluster *cluster) {
    for (size_t number = 0; number < 15; number += 5)
        assert_int_equal(produce_to(cluster, TP_TOPIC_INTERACTIONS, number), 0);
}

static void refuse(struct cluster *cluster, rd_kafka_resp_err_t error, int times) {
    while (times-- > 0)
        rd_kafka_mock_push_request_errors(cluster->mock, 0 /* Produce */, 1, error);
}

static void a_batch_too_large_is_sent_record_by_record(void **state) {
    struct cluster *cluster = *state;
    refuse(cluster, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1);
    cluster_open(cluster);
    produce_a_batch(cluster);
    UNTIL(cluster, cluster->n_done == 3);
    for (size_t number = 0; number < 15; number += 5)
        assert_int_equal(cluster->status[number], 0);
    assert_all_in_order(cluster, INTERACTIONS, 1);
}

static void the_record_too_large_is_told_and_the_others_arrive(void **state) {
    struct cluster *cluster = *state;
    struct consumed records[8];
    refuse(cluster, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 2);
    cluster_open(cluster);
    produce_a_batch(cluster);
    UNTIL(cluster, cluster->n_done == 3);
    assert_int_equal(cluster->status[0], TP_ETOOLARGE);
    assert_int_equal(cluster->status[5], 0);
    assert_int_equal(cluster->status[10], 0);
    assert_int_equal(consume(cluster, INTERACTIONS, records, 8), 2);
    assert_string_equal(records[0].header, "id-5");
    assert_string_equal(records[1].header, "id-10");
}

static void a_record_refused_again_and_again_is_given_up(void **state) {
    struct cluster *cluster = *state;
    refuse(cluster, RD_KAFKA_RESP_ERR_INVALID_RECORD, 1 + 3); /* with its batch, and three tries alone */
    cluster_open(cluster);
    produce_a_batch(cluster);
    UNTIL(cluster, cluster->n_done == 3);
    assert_int_equal(cluster->status[0], TP_EUNDELIVERABLE);
    assert_int_equal(cluster->status[5], 0);
    assert_int_equal(cluster->status[10], 0);
}

static void a_record_refused_less_often_arrives(void **state) {
    struct cluster *cluster = *state;
    refuse(cluster, RD_KAFKA_RESP_ERR_INVALID_RECORD, 1 + 2);
    cluster_open(cluster);
    produce_a_batch(cluster);
    UNTIL(cluster, cluster->n_done == 3);
    assert_int_equal(cluster->status[0], 0);
}

static void afterwards_all_is_as_before(void **state) {
    struct cluster *cluster = *state;
    refuse(cluster, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1);
    cluster_open(cluster);
    produce_a_batch(cluster);
    UNTIL(cluster, cluster->n_done == 3);
    produce(cluster, 100, 200);
    assert_int_equal(cluster->kafka->topics[TP_TOPIC_INTERACTIONS].suspects, 0);
    UNTIL(cluster, cluster->n_done == 103);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cluster_setup, cluster_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_batch_too_large_is_sent_record_by_record),
        TEST(the_record_too_large_is_told_and_the_others_arrive),
        TEST(a_record_refused_again_and_again_is_given_up),
        TEST(a_record_refused_less_often_arrives),
        TEST(afterwards_all_is_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
