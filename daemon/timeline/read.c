/* Reading a customer: its state, and stretches of its timeline. */
#include "daemon/timeline/layout.h"

#include <stdlib.h>

#include "common/error.h"

/* ---- a customer: three questions to one lane, answered in order ---- */

struct customer_read {
    tp_timeline_customer_read *done;
    void *arg;
    int status;
    unsigned waiting;
    struct tp_buf blob;
    struct tp_customer customer;
};

static int read_blob(struct tp_str blob, struct tp_customer *customer) {
    struct tp_reader reader = {.left = blob};
    uint8_t version = tp_read_u8(&reader);
    customer->sequence = tp_read_big(&reader, 6);
    tp_read_bytes(&reader, 4 + 6); /* entries, and the time of the first: Redis is asked */
    size_t state_len = tp_read_big(&reader, 4);
    state_len += tp_read_big(&reader, 4);
    size_t n_identifiers = tp_read_big(&reader, 2);
    size_t identifiers_len = tp_read_big(&reader, 4);
    size_t origins_len = tp_read_big(&reader, 4);
    customer->state = tp_read_bytes(&reader, state_len);
    customer->mapping = tp_timeline_mapping_read(&reader, n_identifiers, identifiers_len, origins_len);
    return reader.failed || version != 3 ? TP_ECORRUPT : 0;
}

static void settle_customer(struct customer_read *read, int status) {
    if (status < 0 && read->status == 0)
        read->status = status;
    if (--read->waiting > 0)
        return;
    if (read->status == 0)
        read->status = read->blob.len == 0 ? TP_ENOTFOUND : read_blob(tp_buf_str(&read->blob), &read->customer);
    read->done(read->arg, read->status, read->status == 0 ? &read->customer : NULL);
    tp_buf_free(&read->blob);
    free(read);
}

static void on_state(void *arg, int status, const redisReply *reply) {
    struct customer_read *read = arg;
    if (status == 0 && reply->type == REDIS_REPLY_STRING)
        tp_buf_add(&read->blob, reply->str, reply->len);
    settle_customer(read, status);
}

static void on_count(void *arg, int status, const redisReply *reply) {
    struct customer_read *read = arg;
    if (status == 0 && reply->type == REDIS_REPLY_INTEGER)
        read->customer.events = (uint64_t)reply->integer;
    settle_customer(read, status);
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
    settle_customer(read, status);
}

static void on_last(void *arg, int status, const redisReply *reply) {
    struct customer_read *read = arg;
    if (status == 0)
        read->customer.last_ms = score(reply);
    settle_customer(read, status);
}

static void ask(struct customer_read *read, struct tp_redis *redis, struct tp_redis_words *words, tp_redis_done *done) {
    read->waiting++;
    int status = tp_redis_call(redis, words, done, read);
    tp_redis_words_free(words);
    if (status < 0)
        settle_customer(read, status);
}

static void ask_end(struct customer_read *read, struct tp_redis *redis, struct tp_str prefix, struct tp_str id,
                    const char *rank, tp_redis_done *done) {
    struct tp_redis_words words = {0};
    tp_redis_word(&words, TP_STR("ZRANGE"));
    tp_timeline_line_key(&words, prefix, id);
    tp_redis_word(&words, tp_str(rank));
    tp_redis_word(&words, tp_str(rank));
    tp_redis_word(&words, TP_STR("WITHSCORES"));
    ask(read, redis, &words, done);
}

int tp_timeline_read_customer(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                              tp_timeline_customer_read *done, void *arg) {
    char room[TP_HOME_PREFIX_BYTES];
    struct tp_str prefix = lane_prefix(settings, tp_home_of(customer_id, settings->redis.lanes), room);
    struct tp_redis_words words = {0};
    struct customer_read *read = calloc(1, sizeof *read);
    if (!read)
        return TP_ENOMEM;
    *read = (struct customer_read){.done = done, .arg = arg, .waiting = 1};
    tp_redis_word(&words, TP_STR("GET"));
    tp_timeline_state_key(&words, prefix, customer_id);
    ask(read, redis, &words, on_state);
    tp_redis_word(&words, TP_STR("ZCARD"));
    tp_timeline_line_key(&words, prefix, customer_id);
    ask(read, redis, &words, on_count);
    ask_end(read, redis, prefix, customer_id, "0", on_first);
    ask_end(read, redis, prefix, customer_id, "-1", on_last);
    settle_customer(read, 0);
    return 0;
}

/* ---- a stretch of a timeline ---- */

struct stretch_read {
    tp_timeline_stretch_read *done;
    void *arg;
};

static int take_entries(const redisReply *reply, struct tp_entry *entries, int64_t *times) {
    for (size_t i = 0; i < reply->elements / 2; i++) {
        const redisReply *entry = reply->element[2 * i], *time = reply->element[2 * i + 1];
        if (entry->type != REDIS_REPLY_STRING || time->type != REDIS_REPLY_STRING ||
            tp_timeline_entry_read((struct tp_str){entry->str, entry->len}, &entries[i]) < 0)
            return TP_ECORRUPT;
        times[i] = (int64_t)strtod(time->str, NULL);
    }
    return 0;
}

static void on_stretch(void *arg, int status, const redisReply *reply) {
    struct stretch_read *read = arg;
    size_t n = status == 0 && reply->type == REDIS_REPLY_ARRAY ? reply->elements / 2 : 0;
    struct tp_entry *entries = n > 0 ? calloc(n, sizeof *entries) : NULL;
    int64_t *times = n > 0 ? calloc(n, sizeof *times) : NULL;
    if (n > 0)
        status = entries && times ? take_entries(reply, entries, times) : TP_ENOMEM;
    read->done(read->arg, status, entries, times, status == 0 ? n : 0);
    free(entries);
    free(times);
    free(read);
}

int tp_timeline_read_stretch(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                             const struct tp_stretch *stretch, tp_timeline_stretch_read *done, void *arg) {
    char room[TP_HOME_PREFIX_BYTES];
    struct tp_redis_words words = {0};
    struct stretch_read *read = malloc(sizeof *read);
    if (!read)
        return TP_ENOMEM;
    *read = (struct stretch_read){done, arg};
    tp_redis_word(&words, TP_STR("ZRANGE"));
    tp_timeline_line_key(&words, lane_prefix(settings, tp_home_of(customer_id, settings->redis.lanes), room),
                         customer_id);
    tp_redis_number(&words, stretch->from_ms);
    tp_redis_number(&words, stretch->until_ms);
    tp_redis_word(&words, TP_STR("BYSCORE"));
    if (!stretch->forward)
        tp_redis_word(&words, TP_STR("REV"));
    tp_redis_word(&words, TP_STR("LIMIT"));
    tp_redis_number(&words, (int64_t)stretch->skip);
    tp_redis_number(&words, (int64_t)stretch->count);
    tp_redis_word(&words, TP_STR("WITHSCORES"));
    int status = tp_redis_call(redis, &words, on_stretch, read);
    tp_redis_words_free(&words);
    if (status < 0)
        free(read);
    return status;
}
