/* Reading a customer: four questions to one lane, answered in order. */
#include "daemon/customer/customer.h"

#include <stdlib.h>

#include "common/error.h"
#include "daemon/customer/keys.h"
#include "daemon/customer/stored.h"

struct customer_read {
    struct tp_redis *redis;
    struct tp_str prefix, id; /* while it asks */
    tp_customer_read_done *done;
    void *arg;
    int status;
    unsigned waiting;
    struct tp_buf blob;
    struct tp_stored stored; /* its graph is the last answer, which is still there when all are understood */
    struct tp_customer_member *members;
    struct tp_customer customer;
};

/* ---- the answers ---- */

static int understand(struct customer_read *read) {
    read->stored.blob = tp_buf_str(&read->blob);
    return read->blob.failed ? TP_ENOMEM : tp_stored_read(&read->stored, &read->customer, &read->members);
}

static void settle(struct customer_read *read, int status) {
    if (status < 0 && read->status == 0)
        read->status = status;
    if (--read->waiting > 0)
        return;
    if (read->status == 0)
        read->status = understand(read);
    read->done(read->arg, read->status, read->status == 0 ? &read->customer : NULL);
    tp_buf_free(&read->blob);
    free(read->members);
    free(read);
}

static void on_blob(void *arg, int status, const redisReply *reply) {
    struct customer_read *read = arg;
    if (status == 0 && reply->type == REDIS_REPLY_STRING)
        tp_buf_add(&read->blob, reply->str, reply->len);
    settle(read, status);
}

static int64_t score(const redisReply *reply) {
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[1]->type != REDIS_REPLY_STRING)
        return 0;
    return (int64_t)strtod(reply->element[1]->str, NULL);
}

static void on_first(void *arg, int status, const redisReply *reply) {
    struct customer_read *read = arg;
    if (status == 0)
        read->customer.first_ms = score(reply);
    settle(read, status);
}

static void on_last(void *arg, int status, const redisReply *reply) {
    struct customer_read *read = arg;
    if (status == 0)
        read->customer.last_ms = score(reply);
    settle(read, status);
}

static void on_graph(void *arg, int status, const redisReply *reply) {
    struct customer_read *read = arg;
    read->stored.graph = reply;
    settle(read, status);
}

/* ---- the questions ---- */

static void ask(struct customer_read *read, const char *command, const char *kind, const char *const *more, size_t n,
                tp_redis_done *done) {
    struct tp_redis_words words = {0};
    tp_redis_word(&words, tp_str(command));
    tp_customer_key(&words, read->prefix, kind, read->id);
    for (size_t i = 0; i < n; i++)
        tp_redis_word(&words, tp_str(more[i]));
    read->waiting++;
    int status = tp_redis_call(read->redis, &words, done, read);
    tp_redis_words_free(&words);
    if (status < 0)
        settle(read, status);
}

#define ASK(read, command, kind, done, ...)                                                                            \
    ask(read, command, kind, (const char *const[]){__VA_ARGS__},                                                       \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), done)

static void ask_all(struct customer_read *read) {
    if (read->stored.bare)
        ASK(read, "GETRANGE", "c:", on_blob, "0", "36");
    else
        ask(read, "GET", "c:", NULL, 0, on_blob);
    ASK(read, "ZRANGE", "t:", on_first, "0", "+inf", "BYSCORE", "LIMIT", "0", "1", "WITHSCORES");
    ASK(read, "ZRANGE", "t:", on_last, "+inf", "0", "BYSCORE", "REV", "LIMIT", "0", "1", "WITHSCORES");
    if (read->stored.bare)
        ask(read, "HMGET", "m:", tp_stored_names, TP_STORED_N, on_graph);
    else
        ask(read, "HGETALL", "m:", NULL, 0, on_graph);
}

static int start(const struct tp_settings *settings, struct customer_read start, struct tp_str customer_id) {
    char room[TP_HOME_PREFIX_BYTES];
    struct customer_read *read = malloc(sizeof *read);
    if (!read)
        return TP_ENOMEM;
    *read = start;
    read->prefix = tp_customer_prefix(settings, tp_customer_lane(settings, customer_id), room);
    read->id = customer_id;
    read->waiting = 1;
    ask_all(read);
    settle(read, 0);
    return 0;
}

int tp_customer_read(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     tp_customer_read_done *done, void *arg) {
    return start(settings, (struct customer_read){.redis = redis, .done = done, .arg = arg}, customer_id);
}

int tp_customer_read_spans(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                           tp_customer_read_done *done, void *arg) {
    const struct customer_read spans = {.redis = redis, .done = done, .arg = arg, .stored = {.bare = true}};
    return start(settings, spans, customer_id);
}
