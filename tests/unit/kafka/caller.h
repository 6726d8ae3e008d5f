/* For the tests of records in transactions: their caller, who notes what it is told, and writes a position. */
#pragma once

#include "cluster.h"

static struct caller {
    int verdict; /* what on_ready answers */
    size_t n_ready, n_closing, n_fenced, n_in;
    char position[64]; /* what on_ready brought last */
    bool in[MAX_RECORDS];
    bool committed[MAX_RECORDS]; /* what is_committed answers */
} caller;

static inline int on_ready(void *arg, struct tp_str position, uint64_t repair) {
    (void)arg;
    assert_int_equal(repair, 0);
    snprintf(caller.position, sizeof caller.position, "%.*s", (int)position.len, position.len ? position.at : "");
    caller.n_ready++;
    return caller.verdict;
}

static inline bool is_committed(void *arg, void *record) {
    (void)arg;
    return caller.committed[(size_t)(uintptr_t)record];
}

static inline void on_given(void *arg, void *record, bool in) {
    size_t number = (size_t)(uintptr_t)record;
    (void)arg;
    assert_true(caller.n_ready > 0);
    assert_int_equal(caller.in[number], !in);
    caller.in[number] = in;
    caller.n_in += in ? 1 : (size_t)-1;
}

static inline void on_closing(void *arg, struct tp_buf *ret_position) {
    (void)arg;
    caller.n_closing++;
    tp_buf_addf(ret_position,
                "{\"node\":\"11111111-2222-4333-8444-555555555555\",\"repair\":0,\"frontier\":%zu,\"done\":[],"
                "\"time\":\"2026-01-01T00:00:00.000Z\"}",
                caller.n_in + 1);
}

static inline void on_fenced(void *arg) {
    (void)arg;
    caller.n_fenced++;
}

static inline int caller_setup(void **state) {
    caller = (struct caller){0};
    if (cluster_setup(state) != 0)
        return -1;
    struct cluster *cluster = *state;
    cluster->settings.kafka.transactions = true;
    cluster->settings.kafka.transaction_interval = 5;
    cluster->transactions = (struct tp_kafka_options){.node = "11111111-2222-4333-8444-555555555555",
                                                      .on_ready = on_ready,
                                                      .is_committed = is_committed,
                                                      .on_given = on_given,
                                                      .on_closing = on_closing,
                                                      .on_fenced = on_fenced};
    return 0;
}
