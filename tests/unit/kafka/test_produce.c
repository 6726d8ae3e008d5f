/* Records out, while all is well and when the bound is reached. */
#include "cluster.h"

static void a_record_arrives_with_its_key_and_headers(void **state) {
    struct cluster *cluster = *state;
    struct consumed record;
    int64_t before = tp_metrics_get(TP_M_KAFKA_PRODUCED);
    cluster_open(cluster);
    produce(cluster, 7, 8);
    assert_int_equal(tp_kafka_queued(cluster->kafka), 1);
    UNTIL(cluster, cluster->n_done == 1);
    assert_int_equal(cluster->status[7], 0);
    assert_int_equal(tp_kafka_queued(cluster->kafka), 0);
    assert_true(tp_kafka_up(cluster->kafka));
    assert_int_equal(tp_metrics_get(TP_M_KAFKA_PRODUCED), before + 1);
    assert_int_equal(consume(cluster, INTERACTIONS, &record, 1), 1);
    assert_string_equal(record.key, "customer-2");
    assert_string_equal(record.value, "{\"n\":7}");
    assert_string_equal(record.header, "id-7");
}

static void records_of_one_key_keep_their_order(void **state) {
    struct cluster *cluster = *state;
    cluster_open(cluster);
    produce(cluster, 0, 1000);
    UNTIL(cluster, cluster->n_done == 1000);
    assert_all_in_order(cluster, INTERACTIONS, 1000);
}

static void each_topic_gets_its_own(void **state) {
    struct cluster *cluster = *state;
    struct consumed record;
    cluster_open(cluster);
    assert_int_equal(produce_to(cluster, TP_TOPIC_INTERACTIONS, 0), 0);
    assert_int_equal(produce_to(cluster, TP_TOPIC_REJECTED, 1), 0);
    UNTIL(cluster, cluster->n_done == 2);
    assert_int_equal(consume(cluster, REJECTED, &record, 1), 1);
    assert_string_equal(record.header, "id-1");
}

static void a_record_without_key_and_headers_is_fine(void **state) {
    struct cluster *cluster = *state;
    struct tp_buf value = TP_BUF_INIT;
    cluster_open(cluster);
    tp_buf_adds(&value, "x");
    const struct tp_kafka_piece piece = {.topic = TP_TOPIC_REJECTED, .value = &value};
    assert_int_equal(tp_kafka_produce(cluster->kafka, &piece, 1, (void *)3), 0);
    UNTIL(cluster, cluster->n_done == 1);
    assert_int_equal(cluster->status[3], 0);
}

static void no_room_is_said_and_then_that_there_is(void **state) {
    struct cluster *cluster = *state;
    cluster->settings.delivery.window = 10;
    rd_kafka_mock_broker_set_down(cluster->mock, BROKER);
    cluster_open(cluster);
    produce(cluster, 0, 10);
    assert_int_equal(produce_to(cluster, TP_TOPIC_INTERACTIONS, 10), TP_EFULL);
    assert_int_equal(cluster->n_room, 0);
    rd_kafka_mock_broker_set_up(cluster->mock, BROKER);
    UNTIL(cluster, cluster->n_room == 1);
    produce(cluster, 10, 11);
    UNTIL(cluster, cluster->n_done == 11);
    assert_int_equal(cluster->n_room, 1); /* told once, and only who asked */
}

static void bytes_are_bounded_as_well(void **state) {
    struct cluster *cluster = *state;
    struct tp_buf value = TP_BUF_INIT;
    const struct tp_kafka_piece piece = {.topic = TP_TOPIC_INTERACTIONS, .key = TP_STR("key"), .value = &value};
    int error = 0;
    size_t taken = 0;
    rd_kafka_mock_broker_set_down(cluster->mock, BROKER);
    cluster_open(cluster);
    for (; !error; taken += !error) {
        tp_buf_free(&value);
        memset(tp_buf_room(&value, 900000), 'x', 900000);
        value.len = 900000;
        error = tp_kafka_produce(cluster->kafka, &piece, 1, NULL);
    }
    assert_int_equal(error, TP_EFULL);
    assert_int_equal(taken, 32 * 1024 * 1024 / 900000);
    tp_buf_free(&value);
}

static void too_large_is_refused_and_nothing_taken(void **state) {
    struct cluster *cluster = *state;
    struct tp_buf value = TP_BUF_INIT;
    const struct tp_kafka_piece piece = {.topic = TP_TOPIC_INTERACTIONS, .key = TP_STR("key"), .value = &value};
    cluster_property(cluster, "message.max.bytes", "2000");
    cluster_open(cluster);
    memset(tp_buf_room(&value, 2000), 'x', 2000);
    value.len = 2000;
    assert_int_equal(tp_kafka_produce(cluster->kafka, &piece, 1, NULL), TP_ETOOLARGE);
    assert_int_equal(value.len, 2000);
    value.len = 1800;
    assert_int_equal(tp_kafka_produce(cluster->kafka, &piece, 1, NULL), 0);
    UNTIL(cluster, cluster->n_done == 1);
    assert_int_equal(cluster->status[0], 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cluster_setup, cluster_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_record_arrives_with_its_key_and_headers),
        TEST(records_of_one_key_keep_their_order),
        TEST(each_topic_gets_its_own),
        TEST(a_record_without_key_and_headers_is_fine),
        TEST(no_room_is_said_and_then_that_there_is),
        TEST(bytes_are_bounded_as_well),
        TEST(too_large_is_refused_and_nothing_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
