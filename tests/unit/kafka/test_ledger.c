/* What nodes tell each other of repairs: their last word, and whose a repair is, also when compaction has taken away
 * what was said before. */
#include "cluster.h"

#include "daemon/kafka/ledger.h"
#include "daemon/kafka/read.h"

#define ANN     "0190a000-0000-4000-8000-0000000000aa"
#define BOB     "0190a000-0000-4000-8000-0000000000bb"
#define TOPIC   "touchpoint.checkpoints"
#define NOTHING "{\"frontier\":1,\"done\":[]}"

static int setup(void **state) {
    cluster_setup(state);
    struct cluster *cluster = *state;
    return rd_kafka_mock_topic_create(cluster->mock, TOPIC, PARTITIONS, 1);
}

static struct tp_ledger ledger_of(struct cluster *cluster) {
    struct tp_buf fault = TP_BUF_INIT;
    struct tp_ledger ledger;
    assert_int_equal(tp_ledger_read(&cluster->settings, NULL, &fault, &ledger), 0);
    assert_int_equal(fault.len, 0);
    return ledger;
}

static void answers(struct cluster *cluster, const char *node, uint64_t repair, struct tp_str position) {
    struct tp_buf fault = TP_BUF_INIT;
    assert_int_equal(tp_ledger_answer(&cluster->settings, node, repair, position, &fault), 0);
}

static bool calls(struct cluster *cluster, const char *node, uint64_t number) {
    struct tp_buf fault = TP_BUF_INIT;
    bool ours;
    assert_int_equal(tp_ledger_call(&cluster->settings, node, number, &fault, &ours), 0);
    return ours;
}

static void is_done(struct cluster *cluster, const char *node, uint64_t number) {
    struct tp_buf fault = TP_BUF_INIT;
    assert_int_equal(tp_ledger_done(&cluster->settings, node, number, &fault), 0);
}

static void assert_repair(struct cluster *cluster, uint64_t number, const char *by, bool done) {
    struct tp_ledger ledger = ledger_of(cluster);
    assert_int_equal(ledger.repair, number);
    assert_string_equal(ledger.by, by);
    assert_int_equal(ledger.done, done);
    tp_ledger_free(&ledger);
}

static bool count(void *arg, const struct tp_kafka_message *message) {
    (void)message;
    ++*(size_t *)arg;
    return true;
}

static size_t records(struct cluster *cluster) {
    struct tp_buf fault = TP_BUF_INIT;
    size_t n = 0;
    const struct tp_kafka_reading reading = {.topic = TOPIC, .on_message = count, .arg = &n};
    assert_int_equal(tp_kafka_read(&cluster->settings, &reading, &fault), 0);
    return n;
}

/* As another would, or as compaction leaves it. */
static void is_written(struct cluster *cluster, int32_t partition, const char *key, const char *value) {
    struct tp_buf fault = TP_BUF_INIT;
    assert_int_equal(tp_kafka_tell(&cluster->settings, partition, tp_str(key), tp_str(value), &fault), 0);
}

static void it_is_empty_at_first(void **state) { assert_repair(*state, 0, "", false); }

static void a_topic_that_is_absent_is_an_empty_ledger(void **state) {
    struct cluster *cluster = *state;
    rd_kafka_mock_topic_set_error(cluster->mock, TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    assert_repair(cluster, 0, "", false);
}

static void a_nodes_last_word_counts(void **state) {
    struct cluster *cluster = *state;
    answers(cluster, ANN, 0, TP_STR(NOTHING));
    answers(cluster, BOB, 3, TP_STR("{\"frontier\":7,\"done\":[]}"));
    answers(cluster, ANN, 4, TP_STR("{\"frontier\":12,\"done\":[[14,17],[20,20]]}"));
    struct tp_ledger ledger = ledger_of(cluster);
    assert_int_equal(ledger.n_nodes, 2);
    const struct tp_ledger_node *ann = &ledger.nodes[strcmp(ledger.nodes[0].node, ANN) == 0 ? 0 : 1];
    assert_string_equal(ann->node, ANN);
    assert_int_equal(ann->repair, 4);
    assert_int_equal(ann->frontier, 12);
    assert_true(ann->time_ms > 0);
    assert_true(tp_str_is(tp_buf_str(&ann->position), "{\"frontier\":12,\"done\":[[14,17],[20,20]]}"));
    tp_ledger_free(&ledger);
}

static void the_first_to_call_a_number_has_it(void **state) {
    struct cluster *cluster = *state;
    assert_true(calls(cluster, ANN, 1));
    assert_false(calls(cluster, BOB, 1));
    assert_true(calls(cluster, ANN, 1)); /* asked again, after it was killed */
    assert_repair(cluster, 1, ANN, false);
}

static void of_two_that_call_at_once_too(void **state) {
    struct cluster *cluster = *state;
    is_written(cluster, 0, "repair 1 " BOB,
               "{\"number\":1,\"by\":\"" BOB "\",\"state\":\"called\",\"time\":\"2026-01-02T03:04:05.678Z\"}");
    is_written(cluster, 0, "repair 1 " ANN,
               "{\"number\":1,\"by\":\"" ANN "\",\"state\":\"called\",\"time\":\"2026-01-02T03:04:05.678Z\"}");
    assert_repair(cluster, 1, BOB, false);
    assert_false(calls(cluster, ANN, 1));
    assert_true(calls(cluster, BOB, 1));
}

/* Said anew it would stand behind the word of one who came later and gave up, once compaction has dropped the first. */
static void what_was_called_is_not_called_again(void **state) {
    struct cluster *cluster = *state;
    assert_true(calls(cluster, ANN, 1));
    assert_true(calls(cluster, ANN, 1));
    assert_false(calls(cluster, BOB, 1));
    assert_int_equal(records(cluster), 1);
}

static void one_that_is_done_is_nobodys(void **state) {
    struct cluster *cluster = *state;
    assert_true(calls(cluster, ANN, 1));
    is_done(cluster, ANN, 1);
    assert_repair(cluster, 1, ANN, true);
    assert_false(calls(cluster, ANN, 1));
    assert_true(calls(cluster, BOB, 2));
    assert_repair(cluster, 2, BOB, false);
    assert_false(calls(cluster, ANN, 1)); /* long past */
    assert_repair(cluster, 2, BOB, false);
}

/* Its `done` has taken the place of its `called`: what is first now is the word of one who came later and gave up. */
static void compaction_does_not_change_whose_it_was(void **state) {
    struct cluster *cluster = *state;
    is_written(cluster, 0, "repair 1 " BOB,
               "{\"number\":1,\"by\":\"" BOB "\",\"state\":\"called\",\"time\":\"2026-01-02T03:04:05.678Z\"}");
    is_done(cluster, ANN, 1);
    assert_repair(cluster, 1, ANN, true);
    assert_false(calls(cluster, BOB, 1));
}

static void what_is_of_another_form_is_passed_over(void **state) {
    struct cluster *cluster = *state;
    static const char *const foreign[][2] = {
        {"node " ANN, ""},
        {"node " ANN, "{}"},
        {"node " ANN, "{\"node\":\"" ANN "\",\"repair\":1,\"time\":\"2026-01-02T03:04:05.678Z\"}"},
        {"node " ANN,
         "{\"node\":\"ann\",\"repair\":1,\"frontier\":1,\"done\":[],\"time\":\"2026-01-02T03:04:05.678Z\"}"},
        {"repair 1 " ANN, "not JSON"},
        {"repair 1 " ANN,
         "{\"number\":-1,\"by\":\"" ANN "\",\"state\":\"called\",\"time\":\"2026-01-02T03:04:05.678Z\"}"},
        {"repair 1 " ANN,
         "{\"number\":1,\"by\":\"" ANN "\",\"state\":\"planned\",\"time\":\"2026-01-02T03:04:05.678Z\"}"},
        {"something", "{\"number\":1,\"by\":\"" ANN "\",\"state\":\"called\",\"time\":\"2026-01-02T03:04:05.678Z\"}"},
    };
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        is_written(cluster, 0, foreign[i][0], foreign[i][1]);
    struct tp_ledger ledger = ledger_of(cluster);
    assert_int_equal(ledger.n_nodes, 0);
    assert_int_equal(ledger.repair, 0);
    tp_ledger_free(&ledger);
}

/* Told once more by who was killed behind it: the last word counts. */
static void a_split_is_there_once(void **state) {
    struct cluster *cluster = *state;
    struct tp_ledger_split split = {
        .member = ANN, .customer = BOB, .merge = 3, .sequence = 17, .time_ms = 1767323046000};
    tp_buf_adds(&split.state, "\nin.web\t2\nlast\t5\tsms\tt\t\"e\"");
    for (size_t i = 0; i < 3; i++, split.sequence++) {
        split.merge = i < 2 ? 3 : 4;
        struct tp_buf key = TP_BUF_INIT, value = TP_BUF_INIT;
        tp_ledger_split_write(&split, &key, &value);
        is_written(cluster, 0, key.at, value.at);
        tp_buf_free(&key);
        tp_buf_free(&value);
    }
    struct tp_ledger ledger = ledger_of(cluster);
    assert_int_equal(ledger.n_splits, 2);
    assert_int_equal(ledger.splits[0].merge + ledger.splits[1].merge, 3 + 4);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(ledger.splits[i].member, ANN);
        assert_string_equal(ledger.splits[i].customer, BOB);
        assert_int_equal(ledger.splits[i].time_ms, 1767323046000);
        assert_true(tp_str_equal(tp_buf_str(&ledger.splits[i].state), tp_buf_str(&split.state)));
    }
    tp_ledger_free(&ledger);
    tp_buf_free(&split.state);
}

static void an_identifier_that_was_taken_back_is_there(void **state) {
    struct cluster *cluster = *state;
    struct tp_ledger_split split = {
        .member = ANN, .customer = BOB, .claimant = BOB, .command = ANN, .time_ms = 1767323046000};
    struct tp_buf key = TP_BUF_INIT, value = TP_BUF_INIT;
    tp_buf_adds(&split.type, "email");
    tp_buf_adds(&split.value, "\"ann\"@example.com");
    tp_ledger_split_write(&split, &key, &value);
    is_written(cluster, 0, key.at, value.at);
    struct tp_ledger ledger = ledger_of(cluster);
    assert_int_equal(ledger.n_splits, 1);
    assert_true(tp_ledger_takes_identifier(&ledger.splits[0]));
    assert_true(tp_str_is(tp_buf_str(&ledger.splits[0].value), "\"ann\"@example.com"));
    assert_string_equal(ledger.splits[0].member, ANN);
    assert_string_equal(ledger.splits[0].claimant, BOB);
    assert_string_equal(ledger.splits[0].command, ANN);
    assert_int_equal(ledger.splits[0].time_ms, 1767323046000);
    tp_ledger_free(&ledger);
    tp_ledger_split_free(&split);
    tp_buf_free(&key);
    tp_buf_free(&value);
}

static void what_is_no_split_is_passed_over(void **state) {
    struct cluster *cluster = *state;
    static const char *const values[] = {
        "{}",
        "{\"member\":\"x\",\"merge\":3,\"customer\":\"" BOB
        "\",\"sequence\":1,\"state\":\"\",\"time\":\"2026-01-02T03:04:05.000Z\"}",
        "{\"member\":\"" ANN "\",\"merge\":-3,\"customer\":\"" BOB
        "\",\"sequence\":1,\"state\":\"\",\"time\":\"2026-01-02T03:04:05.000Z\"}",
        "{\"member\":\"" ANN "\",\"merge\":3,\"customer\":\"" BOB
        "\",\"sequence\":1,\"time\":\"2026-01-02T03:04:05.000Z\"}",
        "{\"member\":\"" ANN "\",\"merge\":3,\"customer\":\"" BOB "\",\"sequence\":1,\"state\":\"\",\"time\":5}",
        "{\"member\":\"" ANN "\",\"identifier\":{\"type\":\"x\",\"value\":\"\"},\"customer\":\"" BOB
        "\",\"claimant\":\"" BOB "\",\"command\":\"" BOB "\",\"time\":\"2026-01-02T03:04:05.000Z\"}",
        "{\"member\":\"" ANN "\",\"identifier\":{\"type\":\"x\",\"value\":\"1\"},\"customer\":\"" BOB
        "\",\"command\":\"" BOB "\",\"time\":\"2026-01-02T03:04:05.000Z\"}"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        is_written(cluster, 0, "split x 1", values[i]);
    struct tp_ledger ledger = ledger_of(cluster);
    assert_int_equal(ledger.n_splits, 0);
    tp_ledger_free(&ledger);
}

#define WITH_CLUSTER(name) cmocka_unit_test_setup_teardown(name, setup, cluster_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_CLUSTER(it_is_empty_at_first),
        WITH_CLUSTER(a_topic_that_is_absent_is_an_empty_ledger),
        WITH_CLUSTER(a_nodes_last_word_counts),
        WITH_CLUSTER(the_first_to_call_a_number_has_it),
        WITH_CLUSTER(of_two_that_call_at_once_too),
        WITH_CLUSTER(what_was_called_is_not_called_again),
        WITH_CLUSTER(one_that_is_done_is_nobodys),
        WITH_CLUSTER(compaction_does_not_change_whose_it_was),
        WITH_CLUSTER(a_split_is_there_once),
        WITH_CLUSTER(an_identifier_that_was_taken_back_is_there),
        WITH_CLUSTER(what_is_no_split_is_passed_over),
        WITH_CLUSTER(what_is_of_another_form_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
