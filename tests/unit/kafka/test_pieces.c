/* Records of several pieces, most with transactions and without: all of it is there before one is done, each topic has
 * its own in order, and what fails is given again as a whole. */
#include "caller.h"

enum { PRODUCE = 0, MOST = TP_KAFKA_MOST_PIECES };

static size_t customers_of(size_t number) { return number % 3; }

static struct tp_kafka_topic *topic_of(struct cluster *cluster, enum tp_topic id) {
    return &cluster->kafka->topics[id];
}

/* The first transaction, if any, is over. */
static void open_cluster(struct cluster *cluster) {
    int64_t before = tp_metrics_get(TP_M_KAFKA_COMMITTED);
    cluster_open(cluster);
    if (cluster->settings.kafka.transactions)
        UNTIL(cluster, tp_metrics_get(TP_M_KAFKA_COMMITTED) == before + 1);
}

static int give(struct cluster *cluster, size_t number, const size_t *more_bytes) {
    struct tp_buf values[MOST] = {TP_BUF_INIT};
    struct tp_kafka_piece pieces[MOST];
    size_t n = 1 + customers_of(number);
    char key[16], id[32];
    snprintf(key, sizeof key, "customer-%zu", number % 5);
    snprintf(id, sizeof id, "id-%zu", number);
    const struct tp_kafka_header header = {"ce_id", tp_str(id)};
    for (size_t i = 0; i < n; i++) {
        tp_buf_addf(&values[i], "{\"n\":%zu}%*s", number, more_bytes ? (int)more_bytes[i] : 0, "");
        pieces[i] = (struct tp_kafka_piece){i ? TP_TOPIC_CUSTOMERS : TP_TOPIC_INTERACTIONS, tp_str(key), &values[i],
                                            &header, 1};
    }
    int error = tp_kafka_produce(cluster->kafka, pieces, n, (void *)(uintptr_t)number);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(values[i].len > 0, error != 0); /* taken, or left alone */
        tp_buf_free(&values[i]);
    }
    return error;
}

static void give_all(struct cluster *cluster, size_t from, size_t to) {
    for (size_t number = from; number < to; number++)
        assert_int_equal(give(cluster, number, NULL), 0);
}

static bool has_customers(size_t number) { return customers_of(number) > 0; }

static size_t assert_customers_in_order(struct cluster *cluster, size_t n) {
    return assert_in_order(cluster, CUSTOMERS, n, has_customers);
}

static size_t count_at(struct cluster *cluster, const char *topic, size_t number) {
    static struct consumed records[MAX_RECORDS];
    size_t count = consume(cluster, topic, records, MAX_RECORDS), found = 0;
    char id[32];
    snprintf(id, sizeof id, "id-%zu", number);
    for (size_t i = 0; i < count; i++)
        found += strcmp(records[i].header, id) == 0;
    return found;
}

/* Answers how many customers' records the broker has. */
static size_t assert_all_there(struct cluster *cluster, size_t n) {
    for (size_t number = 0; number < n; number++)
        assert_int_equal(cluster->status[number], 0);
    assert_int_equal(tp_kafka_queued(cluster->kafka), 0);
    assert_int_equal(topic_of(cluster, TP_TOPIC_CUSTOMERS)->wanted, 0);
    assert_int_equal(topic_of(cluster, TP_TOPIC_INTERACTIONS)->wanted, 0);
    assert_all_in_order(cluster, INTERACTIONS, n);
    return assert_customers_in_order(cluster, n);
}

/* ---- all is well ---- */

static void all_pieces_arrive_in_order(void **state) {
    struct cluster *cluster = *state;
    int64_t customers = tp_metrics_get(TP_M_KAFKA_CUSTOMERS), interactions = tp_metrics_get(TP_M_KAFKA_PRODUCED);
    open_cluster(cluster);
    give_all(cluster, 0, 300);
    assert_int_equal(tp_kafka_queued(cluster->kafka), 300);
    UNTIL(cluster, cluster->n_done == 300);
    assert_int_equal(assert_all_there(cluster, 300), 300);
    assert_int_equal(tp_metrics_get(TP_M_KAFKA_CUSTOMERS), customers + 300);
    assert_int_equal(tp_metrics_get(TP_M_KAFKA_PRODUCED), interactions + 300);
}

/* Whatever goes first: what is waiting when it may go, or has to go again, is given topic by topic. */
static void what_is_told_of_customers_alone_keeps_its_place(void **state) {
    struct cluster *cluster = *state;
    cluster_open(cluster);
    for (size_t number = 0; number < 60; number++) {
        char key[16];
        struct tp_buf value = TP_BUF_INIT;
        snprintf(key, sizeof key, "customer-%zu", number % 5);
        const struct tp_kafka_header header = {"ce_id", TP_STR("alone")};
        const struct tp_kafka_piece alone = {TP_TOPIC_CUSTOMERS, tp_str(key), &value, &header, 1};
        tp_buf_addf(&value, "{\"n\":%zu}", number);
        if (has_customers(number))
            assert_int_equal(give(cluster, number, NULL), 0);
        else
            assert_int_equal(tp_kafka_produce(cluster->kafka, &alone, 1, (void *)(uintptr_t)number), 0);
        tp_buf_free(&value);
    }
    UNTIL(cluster, cluster->n_done == 60);
    assert_in_order(cluster, CUSTOMERS, 60, any_number);
    assert_int_equal(topic_of(cluster, TP_TOPIC_INTERACTIONS)->wanted, 0);
}

/* There may be nothing else for days. */
static void customers_alone_need_no_interaction(void **state) {
    struct cluster *cluster = *state;
    struct tp_buf value = TP_BUF_INIT;
    const struct tp_kafka_piece alone = {.topic = TP_TOPIC_CUSTOMERS, .key = TP_STR("customer-0"), .value = &value};
    cluster_open(cluster);
    tp_buf_adds(&value, "{\"n\":0}");
    assert_int_equal(tp_kafka_produce(cluster->kafka, &alone, 1, (void *)0), 0);
    UNTIL(cluster, cluster->n_done == 1);
}

static const char *const keys[MOST] = {"one", "one", "two", "three", "four", "five"};

static int give_of_many_keys(struct cluster *cluster) {
    const struct tp_kafka_header other = {"other", TP_STR("x")};
    struct tp_buf values[MOST] = {TP_BUF_INIT};
    struct tp_kafka_header headers[MOST][2];
    struct tp_kafka_piece pieces[MOST];
    char ids[MOST][16];
    for (size_t i = 0; i < MOST; i++) {
        snprintf(ids[i], sizeof ids[i], "id-%zu", i);
        tp_buf_addf(&values[i], "v%zu", i);
        headers[i][0] = (struct tp_kafka_header){"ce_id", tp_str(ids[i])};
        headers[i][1] = other;
        pieces[i] = (struct tp_kafka_piece){i ? TP_TOPIC_CUSTOMERS : TP_TOPIC_INTERACTIONS, tp_str(keys[i]), &values[i],
                                            headers[i], 1 + (i == 0)};
    }
    return tp_kafka_produce(cluster->kafka, pieces, MOST, (void *)2);
}

static void assert_piece(const struct consumed *record, size_t i) {
    char text[16];
    snprintf(text, sizeof text, "v%zu", i);
    assert_string_equal(record->value, text);
    snprintf(text, sizeof text, "id-%zu", i);
    assert_string_equal(record->header, text);
}

static const struct consumed *of_key(const struct consumed *records, const char *key) {
    for (size_t i = 0; i < MOST - 1; i++)
        if (strcmp(records[i].key, key) == 0)
            return &records[i];
    fail_msg("no record of %s", key);
    return NULL;
}

/* As many as there may be, of several keys. */
static void each_piece_has_its_own_key_value_and_headers(void **state) {
    struct cluster *cluster = *state;
    struct consumed interaction, customers[MOST];
    open_cluster(cluster);
    assert_int_equal(give_of_many_keys(cluster), 0);
    UNTIL(cluster, cluster->n_done == 1);
    assert_int_equal(cluster->status[2], 0);
    assert_int_equal(consume(cluster, INTERACTIONS, &interaction, 1), 1);
    assert_int_equal(consume(cluster, CUSTOMERS, customers, MOST), MOST - 1);
    assert_string_equal(interaction.key, keys[0]);
    assert_piece(&interaction, 0);
    for (size_t i = 1; i < MOST; i++)
        assert_piece(of_key(customers, keys[i]), i);
    assert_int_equal(topic_of(cluster, TP_TOPIC_CUSTOMERS)->wanted, 0);
}

static void pieces_of_one_key_are_in_order(void **state) {
    struct cluster *cluster = *state;
    struct consumed customers[2];
    const struct tp_kafka_header header = {"ce_id", TP_STR("id")};
    struct tp_buf values[3] = {TP_BUF_INIT};
    struct tp_kafka_piece pieces[3];
    for (size_t i = 0; i < 3; i++) {
        tp_buf_addf(&values[i], "v%zu", i);
        pieces[i] = (struct tp_kafka_piece){i ? TP_TOPIC_CUSTOMERS : TP_TOPIC_INTERACTIONS, TP_STR("a"), &values[i],
                                            &header, 1};
    }
    open_cluster(cluster);
    assert_int_equal(tp_kafka_produce(cluster->kafka, pieces, 3, (void *)2), 0);
    UNTIL(cluster, cluster->n_done == 1);
    assert_int_equal(consume(cluster, CUSTOMERS, customers, 2), 2);
    assert_string_equal(customers[0].value, "v1");
    assert_string_equal(customers[1].value, "v2");
}

/* The mock never answers the request to make topics; what is there is used all the same. */
static void topics_that_cannot_be_made_are_used_as_they_are(void **state) {
    struct cluster *cluster = *state;
    cluster->settings.kafka.partitions = PARTITIONS;
    open_cluster(cluster);
    give_all(cluster, 0, 50);
    UNTIL(cluster, cluster->n_done == 50);
    assert_all_there(cluster, 50);
}

/* ---- one piece is late: its topic has a broker of its own, which is away ---- */

static int setup_two_brokers(void **state) { return cluster_setup_of(state, 2); }

static size_t reported_in_part(struct cluster *cluster) {
    const struct tp_kafka_record *record;
    size_t count = 0;
    TAILQ_FOREACH(record, &topic_of(cluster, TP_TOPIC_INTERACTIONS)->records, link)
    count += record->n_out > 0 && record->n_out < record->n_parts;
    return count;
}

static void is_done_with_the_last(struct cluster *cluster, const char *late) {
    enum { OTHER = 2 };
    for (int partition = 0; partition < PARTITIONS; partition++) {
        rd_kafka_mock_partition_set_leader(cluster->mock, INTERACTIONS, partition, BROKER);
        rd_kafka_mock_partition_set_leader(cluster->mock, CUSTOMERS, partition, BROKER);
        rd_kafka_mock_partition_set_leader(cluster->mock, late, partition, OTHER);
    }
    rd_kafka_mock_broker_set_down(cluster->mock, OTHER);
    open_cluster(cluster);
    for (size_t number = 2; number < 60; number += 3)
        assert_int_equal(give(cluster, number, NULL), 0);
    UNTIL(cluster, reported_in_part(cluster) == 20);
    assert_int_equal(cluster->n_done, 0);
    assert_int_equal(topic_of(cluster, TP_TOPIC_INTERACTIONS)->out, 20);
    rd_kafka_mock_broker_set_up(cluster->mock, OTHER);
    UNTIL(cluster, cluster->n_done == 20);
    assert_int_equal(tp_kafka_queued(cluster->kafka), 0);
}

static void a_record_is_done_when_its_customers_are_there(void **state) { is_done_with_the_last(*state, CUSTOMERS); }

static void and_when_its_first_is_there(void **state) { is_done_with_the_last(*state, INTERACTIONS); }

static void in_a_transaction_when_that_is_committed(void **state) {
    struct cluster *cluster = *state;
    cluster->settings.kafka.transaction_interval = 10000;
    open_cluster(cluster);
    give_all(cluster, 0, 60);
    UNTIL(cluster, caller.n_in == 60);
    UNTIL(cluster, topic_of(cluster, TP_TOPIC_INTERACTIONS)->out == 0);
    assert_int_equal(cluster->n_done, 0);
    int64_t before = tp_metrics_get(TP_M_KAFKA_COMMITTED);
    tp_kafka_flush(cluster->kafka);
    UNTIL(cluster, cluster->n_done == 60);
    assert_int_equal(tp_metrics_get(TP_M_KAFKA_COMMITTED), before + 1);
    assert_all_there(cluster, 60);
}

/* ---- the other topic is not there ---- */

static bool any_given(struct cluster *cluster, size_t from) {
    const struct tp_kafka_record *record;
    bool any = false;
    TAILQ_FOREACH(record, &topic_of(cluster, TP_TOPIC_INTERACTIONS)->records, link)
    any = any || (record->given && (size_t)(uintptr_t)record->owners >= from);
    return any;
}

static void nothing_that_needs_it_is_done(struct cluster *cluster, size_t n) {
    for (size_t number = 0; number < n; number++)
        assert_true(customers_of(number) == 0 || cluster->status[number] == 1);
}

static void the_other_topic_may_come_later(void **state) {
    struct cluster *cluster = *state;
    cluster_property(cluster, "topic.metadata.propagation.max.ms", "0"); /* unknown is said at once */
    rd_kafka_mock_topic_set_error(cluster->mock, CUSTOMERS, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    open_cluster(cluster);
    give_all(cluster, 0, 50);
    UNTIL(cluster, evtimer_pending(topic_of(cluster, TP_TOPIC_CUSTOMERS)->pause, NULL));
    assert_false(evtimer_pending(topic_of(cluster, TP_TOPIC_INTERACTIONS)->pause, NULL));
    give_all(cluster, 50, 100);
    assert_false(any_given(cluster, 50)); /* none overtakes those that wait */
    assert_int_equal(produce_to(cluster, TP_TOPIC_REJECTED, 1000), 0);
    UNTIL(cluster, cluster->status[1000] == 0);
    nothing_that_needs_it_is_done(cluster, 100);
    rd_kafka_mock_topic_set_error(cluster->mock, CUSTOMERS, RD_KAFKA_RESP_ERR_NO_ERROR);
    UNTIL(cluster, cluster->n_done == 101);
    assert_all_there(cluster, 100);
}

/* In transactions it is looked for before anything is given. */
static void what_does_not_need_it_goes_as_far_as_it_can(void **state) {
    struct cluster *cluster = *state;
    rd_kafka_mock_topic_set_error(cluster->mock, CUSTOMERS, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    open_cluster(cluster);
    give_all(cluster, 0, 50);
    UNTIL(cluster, cluster->n_done == 1); /* the one in front of those */
    UNTIL(cluster, evtimer_pending(topic_of(cluster, TP_TOPIC_CUSTOMERS)->pause, NULL));
    UNTIL(cluster, !evtimer_pending(topic_of(cluster, TP_TOPIC_CUSTOMERS)->pause, NULL)); /* looked for again */
    UNTIL(cluster, evtimer_pending(topic_of(cluster, TP_TOPIC_CUSTOMERS)->pause, NULL));
    assert_int_equal(cluster->status[0], 0);
    assert_int_equal(cluster->n_done, 1);
    assert_false(any_given(cluster, 1));
    rd_kafka_mock_topic_set_error(cluster->mock, CUSTOMERS, RD_KAFKA_RESP_ERR_NO_ERROR);
    UNTIL(cluster, cluster->n_done == 50);
    assert_int_equal(assert_all_there(cluster, 50), 49); /* once each */
}

/* ---- what is refused ---- */

/* librdkafka itself refuses one of the pieces, others being out already. */
static void refused_is_told_and_others_arrive(struct cluster *cluster, const size_t *more_bytes) {
    cluster_property(cluster, "message.max.bytes", "2000");
    cluster->settings.kafka.transaction_interval = 100;
    open_cluster(cluster);
    int64_t aborted = tp_metrics_get(TP_M_KAFKA_ABORTED);
    cluster->kafka->max_record = 100000; /* so that it is not refused by us */
    give_all(cluster, 0, 5);
    assert_int_equal(give(cluster, 5, more_bytes), 0);
    give_all(cluster, 6, 20);
    UNTIL(cluster, cluster->n_done == 20);
    for (size_t number = 0; number < 20; number++)
        assert_int_equal(cluster->status[number], number == 5 ? TP_ETOOLARGE : 0);
    assert_int_equal(topic_of(cluster, TP_TOPIC_INTERACTIONS)->suspects, 0);
    assert_int_equal(topic_of(cluster, TP_TOPIC_CUSTOMERS)->wanted, 0);
    if (cluster->settings.kafka.transactions) /* its other pieces are not committed, neither time */
        assert_true(tp_metrics_get(TP_M_KAFKA_ABORTED) >= aborted + 2);
    give_all(cluster, 20, 40); /* and all is as before */
    UNTIL(cluster, cluster->n_done == 40);
}

static void a_customer_too_large_is_told_of_the_record(void **state) {
    static const size_t more_bytes[MOST] = {0, 0, 3000};
    refused_is_told_and_others_arrive(*state, more_bytes);
    assert_int_equal(count_at(*state, INTERACTIONS, 5), 0); /* it would have been the last to be given */
}

static void the_first_of_a_record_too_large_is_told(void **state) {
    static const size_t more_bytes[MOST] = {3000, 0, 0};
    refused_is_told_and_others_arrive(*state, more_bytes);
    assert_int_equal(count_at(*state, INTERACTIONS, 5), 0);
}

/* By the broker, as in test_transactions.c. */
static void a_record_that_the_broker_refuses_is_told(void **state) {
    struct cluster *cluster = *state;
    cluster->settings.kafka.transaction_interval = 10000;
    open_cluster(cluster);
    for (int i = 0; i < 200; i++)
        rd_kafka_mock_push_request_errors(cluster->mock, PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    give_all(cluster, 0, 10);
    UNTIL(cluster, cluster->n_done == 1);
    assert_int_equal(cluster->status[0], TP_ETOOLARGE);
    rd_kafka_mock_clear_request_errors(cluster->mock, PRODUCE);
    UNTIL(cluster, cluster->n_done == 10);
    for (size_t number = 1; number < 10; number++)
        assert_int_equal(cluster->status[number], 0);
    assert_int_equal(topic_of(cluster, TP_TOPIC_INTERACTIONS)->suspects, 0);
}

/* librdkafka's reports are made here, in the order that a transaction brings when it fails of one piece. */
static void a_refusal_goes_before_what_was_given_back(void **state) {
    struct cluster *cluster = *state;
    rd_kafka_mock_broker_set_down(cluster->mock, BROKER);
    open_cluster(cluster);
    give_all(cluster, 2, 3);
    struct tp_kafka_topic *interactions = topic_of(cluster, TP_TOPIC_INTERACTIONS);
    struct tp_kafka_record *record = TAILQ_FIRST(&interactions->records);
    tp_kafka_report(&record->parts[1], RD_KAFKA_RESP_ERR__PURGE_QUEUE);
    give_all(cluster, 3, 4);
    assert_false(any_given(cluster, 3)); /* at once */
    tp_kafka_report(&record->parts[2], RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    assert_int_equal(interactions->out, 1);
    tp_kafka_report(&record->parts[0], RD_KAFKA_RESP_ERR__PURGE_QUEUE);
    assert_int_equal(interactions->out, 0);
    assert_true(record->suspect);
}

/* ---- what fails is given again ---- */

static void an_aborted_transaction_is_given_again_with_all_pieces(void **state) {
    static struct consumed records[MAX_RECORDS];
    struct cluster *cluster = *state;
    int64_t before = tp_metrics_get(TP_M_KAFKA_ABORTED);
    cluster->settings.kafka.transaction_interval = 10000;
    open_cluster(cluster);
    give_all(cluster, 0, 60);
    UNTIL(cluster, caller.n_in == 60);
    UNTIL(cluster, topic_of(cluster, TP_TOPIC_INTERACTIONS)->out == 0);
    rd_kafka_mock_push_request_errors(cluster->mock, PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_int_equal(produce_to(cluster, TP_TOPIC_REJECTED, 1000), 0);
    UNTIL(cluster, tp_metrics_get(TP_M_KAFKA_ABORTED) > before);
    assert_int_equal(cluster->n_done, 0);
    UNTIL(cluster, caller.n_in == 61);
    tp_kafka_flush(cluster->kafka);
    UNTIL(cluster, cluster->n_done == 61);
    assert_int_equal(caller.n_ready, 1);
    assert_true(assert_customers_in_order(cluster, 60) >= 2 * 60); /* the mock keeps what was aborted, too */
    assert_true(consume(cluster, INTERACTIONS, records, MAX_RECORDS) >= 2 * 60);
}

static void a_fatal_error_gets_a_new_producer(void **state) {
    struct cluster *cluster = *state;
    int64_t before = tp_metrics_get(TP_M_KAFKA_REBUILT);
    open_cluster(cluster);
    give_all(cluster, 0, 100);
    rd_kafka_test_fatal_error(cluster->kafka->producer, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "as it is");
    give_all(cluster, 100, 200);
    UNTIL(cluster, cluster->n_done == 200);
    assert_int_equal(tp_metrics_get(TP_M_KAFKA_REBUILT), before + 1);
    assert_all_there(cluster, 200);
}

/* One piece of each fails, the other arrives: the record is given again. */
static void what_failed_in_part_is_given_again(void **state) {
    struct cluster *cluster = *state;
    open_cluster(cluster);
    rd_kafka_mock_push_request_errors(cluster->mock, PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    give_all(cluster, 0, 60);
    UNTIL(cluster, cluster->n_done == 60);
    assert_all_there(cluster, 60);
}

/* ---- bounds ---- */

static void the_window_counts_records(void **state) {
    struct cluster *cluster = *state;
    cluster->settings.delivery.window = 10;
    rd_kafka_mock_broker_set_down(cluster->mock, BROKER);
    open_cluster(cluster);
    for (size_t number = 2; number < 32; number += 3)
        assert_int_equal(give(cluster, number, NULL), 0);
    assert_int_equal(topic_of(cluster, TP_TOPIC_INTERACTIONS)->out, 10); /* librdkafka has room for all their pieces */
    assert_int_equal(give(cluster, 32, NULL), TP_EFULL);
    rd_kafka_mock_broker_set_up(cluster->mock, BROKER);
    UNTIL(cluster, cluster->n_room == 1);
    assert_int_equal(give(cluster, 32, NULL), 0);
    UNTIL(cluster, cluster->n_done == 11);
}

static void the_bytes_of_all_pieces_count(void **state) {
    static const size_t more_bytes[MOST] = {900000, 900000, 900000};
    struct cluster *cluster = *state;
    size_t number = 2;
    rd_kafka_mock_broker_set_down(cluster->mock, BROKER);
    open_cluster(cluster);
    while (give(cluster, number, more_bytes) == 0)
        number += 3;
    assert_int_equal(tp_kafka_queued(cluster->kafka), 32 * 1024 * 1024 / 2700000);
    assert_int_equal(topic_of(cluster, TP_TOPIC_INTERACTIONS)->out, tp_kafka_queued(cluster->kafka));
    assert_true(cluster->kafka->refused);
}

static void each_piece_has_the_limit_of_a_message(void **state) {
    static const size_t fine[MOST] = {1800, 1800, 1800}, too_large[MOST] = {0, 0, 2000};
    struct cluster *cluster = *state;
    cluster_property(cluster, "message.max.bytes", "2000");
    open_cluster(cluster);
    assert_int_equal(give(cluster, 2, too_large), TP_ETOOLARGE);
    assert_int_equal(tp_kafka_queued(cluster->kafka), 0);
    assert_int_equal(give(cluster, 2, fine), 0);
    UNTIL(cluster, cluster->n_done == 1);
    assert_int_equal(cluster->status[2], 0);
    cluster->kafka->max_bytes = 4000;
    assert_int_equal(give(cluster, 5, fine), TP_ETOOLARGE); /* there will never be room */
}

/* ASan watches: nothing is left behind. */
static void closing_waits_for_nothing(void **state) {
    struct cluster *cluster = *state;
    open_cluster(cluster);
    give_all(cluster, 0, 10);
    UNTIL(cluster, cluster->n_done == 10);
    rd_kafka_mock_broker_set_down(cluster->mock, BROKER);
    give_all(cluster, 10, 100);
    assert_true(topic_of(cluster, TP_TOPIC_CUSTOMERS)->wanted > 0);
    tp_kafka_close(cluster->kafka);
    cluster->kafka = NULL;
    assert_int_equal(cluster->n_done, 10);
}

#define PLAIN(name) cmocka_unit_test_setup_teardown(name, cluster_setup, cluster_teardown)
#define IN_TRANSACTIONS(name)                                                                                          \
    { #name " (in transactions)", name, caller_setup, cluster_teardown, NULL }
#define OF_TWO_BROKERS(name) cmocka_unit_test_setup_teardown(name, setup_two_brokers, cluster_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        PLAIN(all_pieces_arrive_in_order),
        IN_TRANSACTIONS(all_pieces_arrive_in_order),
        PLAIN(what_is_told_of_customers_alone_keeps_its_place),
        IN_TRANSACTIONS(what_is_told_of_customers_alone_keeps_its_place),
        IN_TRANSACTIONS(customers_alone_need_no_interaction),
        PLAIN(each_piece_has_its_own_key_value_and_headers),
        IN_TRANSACTIONS(each_piece_has_its_own_key_value_and_headers),
        PLAIN(pieces_of_one_key_are_in_order),
        IN_TRANSACTIONS(pieces_of_one_key_are_in_order),
        PLAIN(topics_that_cannot_be_made_are_used_as_they_are),
        OF_TWO_BROKERS(a_record_is_done_when_its_customers_are_there),
        OF_TWO_BROKERS(and_when_its_first_is_there),
        IN_TRANSACTIONS(in_a_transaction_when_that_is_committed),
        PLAIN(the_other_topic_may_come_later),
        IN_TRANSACTIONS(what_does_not_need_it_goes_as_far_as_it_can),
        PLAIN(a_customer_too_large_is_told_of_the_record),
        IN_TRANSACTIONS(a_customer_too_large_is_told_of_the_record),
        PLAIN(the_first_of_a_record_too_large_is_told),
        IN_TRANSACTIONS(the_first_of_a_record_too_large_is_told),
        IN_TRANSACTIONS(a_record_that_the_broker_refuses_is_told),
        PLAIN(a_refusal_goes_before_what_was_given_back),
        IN_TRANSACTIONS(an_aborted_transaction_is_given_again_with_all_pieces),
        PLAIN(a_fatal_error_gets_a_new_producer),
        IN_TRANSACTIONS(a_fatal_error_gets_a_new_producer),
        PLAIN(what_failed_in_part_is_given_again),
        PLAIN(the_window_counts_records),
        PLAIN(the_bytes_of_all_pieces_count),
        PLAIN(each_piece_has_the_limit_of_a_message),
        PLAIN(closing_waits_for_nothing),
        IN_TRANSACTIONS(closing_waits_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
