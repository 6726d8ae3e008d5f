/* Transactions: a record is done when it is committed, and given again when it was not. The mock knows no records that
 * are not committed, so what stands at the broker is for the scenarios to see, on a real one. */
#include "caller.h"

enum { PRODUCE = 0, END_TRANSACTION = 26 };

static int64_t committed(void) { return tp_metrics_get(TP_M_KAFKA_COMMITTED); }

static int64_t aborted(void) { return tp_metrics_get(TP_M_KAFKA_ABORTED); }

static void fail_the_end(struct cluster *cluster, rd_kafka_resp_err_t error) {
    rd_kafka_mock_push_request_errors(cluster->mock, END_TRANSACTION, 1, error);
}

/* What was there is committed, and the next is open. */
static void open_and_settle(struct cluster *cluster) {
    int64_t before = committed();
    cluster_open(cluster);
    UNTIL(cluster, committed() == before + 1);
}

static void the_first_transaction_says_who_is_there(void **state) {
    open_and_settle(*state);
    assert_int_equal(caller.n_ready, 1);
    assert_string_equal(caller.position, "");
    assert_int_equal(caller.n_closing, 1);
}

static void records_are_done_when_they_are_committed(void **state) {
    struct cluster *cluster = *state;
    int64_t before = committed();
    cluster->settings.kafka.transaction_interval = 10000;
    cluster_open(cluster);
    UNTIL(cluster, committed() == before + 1);
    produce(cluster, 0, 100);
    UNTIL(cluster, caller.n_in == 100);
    UNTIL(cluster, cluster->kafka->topics[TP_TOPIC_INTERACTIONS].out == 0); /* the broker has them all */
    assert_int_equal(cluster->n_done, 0);
    tp_kafka_flush(cluster->kafka);
    UNTIL(cluster, cluster->n_done == 100);
    assert_int_equal(committed(), before + 2);
    assert_all_in_order(cluster, INTERACTIONS, 100);
}

static void what_is_produced_before_all_is_ready_waits(void **state) {
    struct cluster *cluster = *state;
    rd_kafka_mock_broker_set_down(cluster->mock, BROKER);
    cluster_open(cluster);
    produce(cluster, 0, 100);
    assert_int_equal(caller.n_ready, 0);
    rd_kafka_mock_broker_set_up(cluster->mock, BROKER);
    UNTIL(cluster, cluster->n_done == 100);
    assert_int_equal(caller.n_ready, 1);
    assert_all_in_order(cluster, INTERACTIONS, 100);
}

static void half_of_what_may_wait_closes_it(void **state) {
    struct cluster *cluster = *state;
    cluster->settings.kafka.transaction_interval = 10000;
    cluster->settings.delivery.window = 100;
    open_and_settle(cluster);
    produce(cluster, 0, 100);
    UNTIL(cluster, cluster->n_done == 50);
    assert_int_equal(tp_kafka_queued(cluster->kafka), 50);
}

static void an_aborted_one_is_given_again(void **state) {
    struct cluster *cluster = *state;
    int64_t before = aborted();
    open_and_settle(cluster);
    rd_kafka_mock_push_request_errors(cluster->mock, PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    produce(cluster, 0, 100);
    UNTIL(cluster, cluster->n_done == 100);
    assert_true(aborted() > before);
    assert_int_equal(caller.n_ready, 1);
    assert_all_in_order(cluster, INTERACTIONS, 100);
}

/* Whatever goes along with record 0 is refused with it, the batch and the position too; how many requests that takes is
 * for the scheduler to say. The next is not given before that transaction has been taken back. */
static void the_record_too_large_is_told_and_the_others_arrive(void **state) {
    struct cluster *cluster = *state;
    int64_t before = committed();
    cluster->settings.kafka.transaction_interval = 10000;
    open_and_settle(cluster);
    for (int i = 0; i < 100; i++)
        rd_kafka_mock_push_request_errors(cluster->mock, PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    for (size_t number = 0; number < 15; number += 5) /* of one key, so that they are one batch */
        assert_int_equal(produce_to(cluster, TP_TOPIC_INTERACTIONS, number), 0);
    UNTIL(cluster, cluster->n_done == 1);
    assert_int_equal(cluster->status[0], TP_ETOOLARGE);
    rd_kafka_mock_clear_request_errors(cluster->mock, PRODUCE);
    UNTIL(cluster, cluster->n_done == 3);
    assert_int_equal(cluster->status[5], 0);
    assert_int_equal(cluster->status[10], 0);
    assert_int_equal(cluster->kafka->topics[TP_TOPIC_INTERACTIONS].suspects, 0);
    assert_int_equal(committed(), before + 3); /* the first; and each of the two its own */
}

static void a_commit_that_the_coordinator_puts_off_is_waited_for(void **state) {
    struct cluster *cluster = *state;
    int64_t before = committed();
    open_and_settle(cluster);
    fail_the_end(cluster, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    produce(cluster, 0, 10);
    UNTIL(cluster, cluster->n_done == 10);
    assert_int_equal(committed(), before + 2);
    assert_int_equal(caller.n_ready, 1);
}

/* The broker says that it has another producer, or has ended the transaction itself: the position tells. */
static void an_end_that_was_not_learned_is_read(void **state) {
    static struct consumed records[MAX_RECORDS];
    struct cluster *cluster = *state;
    cluster->settings.kafka.transaction_interval = 10000;
    open_and_settle(cluster);
    for (size_t number = 0; number < 40; number++)
        caller.committed[number] = true;
    produce(cluster, 0, 100);
    UNTIL(cluster, caller.n_in == 100);
    fail_the_end(cluster, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    tp_kafka_flush(cluster->kafka);
    UNTIL(cluster, cluster->n_done == 40);
    for (size_t number = 0; number < 40; number++)
        assert_int_equal(cluster->status[number], 0);
    assert_int_equal(caller.n_ready, 2);
    assert_string_not_equal(caller.position, ""); /* what the first transaction left */
    assert_int_equal(caller.n_in, 40);
    UNTIL(cluster, caller.n_in == 100);
    tp_kafka_flush(cluster->kafka);
    UNTIL(cluster, cluster->n_done == 100);
    assert_int_equal(consume(cluster, INTERACTIONS, records, MAX_RECORDS), 100 + 60);
    assert_int_equal(caller.n_fenced, 0);
}

static void who_was_overtaken_gives_no_more(void **state) {
    struct cluster *cluster = *state;
    open_and_settle(cluster);
    caller.verdict = TP_EFENCED;
    fail_the_end(cluster, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    produce(cluster, 0, 10);
    UNTIL(cluster, caller.n_fenced == 1);
    produce(cluster, 10, 20);
    assert_false(tp_kafka_up(cluster->kafka));
    assert_int_equal(cluster->n_done, 0);
}

static void a_fatal_error_gets_a_new_producer(void **state) {
    struct cluster *cluster = *state;
    open_and_settle(cluster);
    produce(cluster, 0, 100);
    rd_kafka_test_fatal_error(cluster->kafka->producer, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "as it is");
    UNTIL(cluster, cluster->n_done == 100);
    assert_int_equal(caller.n_ready, 2);
    assert_all_in_order(cluster, INTERACTIONS, 100);
}

static void a_topic_that_is_not_there_holds_up_no_other(void **state) {
    struct cluster *cluster = *state;
    rd_kafka_mock_topic_set_error(cluster->mock, INTERACTIONS, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    open_and_settle(cluster);
    produce(cluster, 0, 50);
    assert_int_equal(produce_to(cluster, TP_TOPIC_REJECTED, 1000), 0);
    UNTIL(cluster, cluster->status[1000] == 0);
    assert_int_equal(cluster->n_done, 1);
    rd_kafka_mock_topic_set_error(cluster->mock, INTERACTIONS, RD_KAFKA_RESP_ERR_NO_ERROR);
    UNTIL(cluster, cluster->n_done == 51);
    assert_all_in_order(cluster, INTERACTIONS, 50);
}

/* Neither for brokers, nor for what a commit comes to: the alarm of the setup would end a close that hangs. */
static void closing_waits_for_nothing(void **state) {
    struct cluster *cluster = *state;
    open_and_settle(cluster);
    produce(cluster, 0, 10);
    UNTIL(cluster, cluster->n_done == 10);
    rd_kafka_mock_broker_set_down(cluster->mock, BROKER);
    produce(cluster, 10, 100);
    size_t closed = caller.n_closing;
    UNTIL(cluster, caller.n_closing == closed + 1);
    tp_kafka_close(cluster->kafka);
    cluster->kafka = NULL;
    assert_int_equal(cluster->n_done, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, caller_setup, cluster_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_first_transaction_says_who_is_there),
        TEST(records_are_done_when_they_are_committed),
        TEST(what_is_produced_before_all_is_ready_waits),
        TEST(half_of_what_may_wait_closes_it),
        TEST(an_aborted_one_is_given_again),
        TEST(the_record_too_large_is_told_and_the_others_arrive),
        TEST(a_commit_that_the_coordinator_puts_off_is_waited_for),
        TEST(an_end_that_was_not_learned_is_read),
        TEST(who_was_overtaken_gives_no_more),
        TEST(a_fatal_error_gets_a_new_producer),
        TEST(a_topic_that_is_not_there_holds_up_no_other),
        TEST(closing_waits_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
