/* Reading a customer: four questions to one lane, answered in order. */
#include "daemon/customer/customer.h"

#include <stdlib.h>

#include "common/error.h"
#include "daemon/customer/keys.h"

enum { VERSION = 4, MOST_DIGITS = 18 };
enum role { ALONE, ROOT, MEMBER };

struct customer_read {
    tp_customer_read_done *done;
    void *arg;
    int status;
    unsigned waiting;
    struct tp_buf blob;
    const redisReply *merges; /* the last answer, which is still there when all are understood */
    struct tp_customer_member *members;
    struct tp_customer customer;
};

/* ---- what it is ---- */

static int read_blob(struct tp_str blob, struct tp_customer *customer, enum role *ret_role) {
    struct tp_reader reader = {.left = blob};
    uint8_t version = tp_read_u8(&reader);
    customer->sequence = tp_read_big(&reader, 6);
    tp_read_bytes(&reader, 4 + 6); /* entries, and the time of the first: Redis is asked */
    size_t state_len = tp_read_big(&reader, 4);
    state_len += tp_read_big(&reader, 4);
    size_t n_identifiers = tp_read_big(&reader, 2);
    size_t identifiers_len = tp_read_big(&reader, 4), origins_len = tp_read_big(&reader, 4);
    uint8_t role = tp_read_u8(&reader);
    tp_read_u8(&reader); /* how many are not told yet */
    customer->state = tp_read_bytes(&reader, state_len);
    customer->mapping = tp_mapping_read(&reader, n_identifiers, identifiers_len, origins_len);
    *ret_role = role;
    return reader.failed || version != VERSION || role > MEMBER ? TP_ECORRUPT : 0;
}

/* ---- who was merged with it ---- */

static struct tp_str text_of(const redisReply *reply) {
    return reply->type == REDIS_REPLY_STRING ? (struct tp_str){reply->str, reply->len} : (struct tp_str){0};
}

static bool read_number(struct tp_str digits, int64_t *ret) {
    *ret = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return false;
        *ret = *ret * 10 + (digits.at[i] - '0');
    }
    return digits.len > 0;
}

/* "INTO TAB FIRST TAB LAST TAB MERGE TAB EVIDENCE" */
static bool read_row(struct tp_str id, struct tp_str row, struct tp_customer_member *ret) {
    ret->id = id;
    ret->into = tp_str_cut(&row, '\t');
    struct tp_str first = tp_str_cut(&row, '\t'), last = tp_str_cut(&row, '\t');
    tp_str_cut(&row, '\t');
    ret->evidence = row;
    return tp_uuid_valid(id) && tp_uuid_valid(ret->into) && first.len <= MOST_DIGITS && last.len <= MOST_DIGITS &&
           read_number(first, &ret->first_ms) && read_number(last, &ret->last_ms);
}

static int by_id(const void *one, const void *other) {
    const struct tp_customer_member *a = one, *b = other;
    return memcmp(a->id.at, b->id.at, TP_UUID_TEXT - 1);
}

static int read_members(struct customer_read *read) {
    const struct tp_str row = TP_STR("row ");
    const redisReply *fields = read->merges;
    size_t n = 0;
    read->members = calloc(fields->elements / 2 + 1, sizeof *read->members);
    if (!read->members)
        return TP_ENOMEM;
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        struct tp_str name = text_of(fields->element[i]);
        if (!tp_str_begins(name, row.at))
            continue;
        struct tp_str id = {name.at + row.len, name.len - row.len};
        if (!read_row(id, text_of(fields->element[i + 1]), &read->members[n++]))
            return TP_ECORRUPT;
    }
    qsort(read->members, n, sizeof *read->members, by_id);
    read->customer.members = read->members;
    read->customer.n_members = n;
    return 0;
}

static struct tp_str field(const redisReply *fields, const char *name) {
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (tp_str_is(text_of(fields->element[i]), name))
            return text_of(fields->element[i + 1]);
    return (struct tp_str){0};
}

/* One that is half-way may not be listed by whom it leads to: until that is known, it is read as it is. */
static int read_to(struct customer_read *read) {
    if (field(read->merges, "phase").len > 0)
        return read_members(read);
    int64_t merge = 0;
    struct tp_str number = field(read->merges, "merge");
    read->customer.to = field(read->merges, "to");
    if (!tp_uuid_valid(read->customer.to) || number.len > MOST_DIGITS || !read_number(number, &merge))
        return TP_ECORRUPT;
    read->customer.merge = (uint64_t)merge;
    return 0;
}

/* c:ID says what it is; a merge may have come between the two answers. */
static int understand(struct customer_read *read) {
    enum role role = ALONE;
    int status = read->blob.len == 0 ? TP_ENOTFOUND : read_blob(tp_buf_str(&read->blob), &read->customer, &role);
    if (status < 0 || role == ALONE)
        return status;
    if (read->merges->type != REDIS_REPLY_ARRAY)
        return TP_ECORRUPT;
    return role == MEMBER ? read_to(read) : read_members(read);
}

/* ---- the answers ---- */

static void settle(struct customer_read *read, int status) {
    if (status < 0 && read->status == 0)
        read->status = status;
    if (--read->waiting > 0)
        return;
    if (read->status == 0)
        read->status = read->blob.failed ? TP_ENOMEM : understand(read);
    read->done(read->arg, read->status, read->status == 0 ? &read->customer : NULL);
    tp_buf_free(&read->blob);
    free(read->members);
    free(read);
}

static void on_blob(void *arg, int status, const redisReply *reply) {
    struct customer_read *read = arg;
    if (status == 0)
        tp_buf_addstr(&read->blob, text_of(reply));
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

static void on_merges(void *arg, int status, const redisReply *reply) {
    struct customer_read *read = arg;
    read->merges = reply;
    settle(read, status);
}

/* ---- the questions ---- */

static void ask(struct customer_read *read, struct tp_redis *redis, struct tp_redis_words *words, tp_redis_done *done) {
    read->waiting++;
    int status = tp_redis_call(redis, words, done, read);
    tp_redis_words_free(words);
    if (status < 0)
        settle(read, status);
}

static void ask_whole(struct customer_read *read, struct tp_redis *redis, struct tp_str prefix, struct tp_str id,
                      const char *command, const char *kind, tp_redis_done *done) {
    struct tp_redis_words words = {0};
    tp_redis_word(&words, tp_str(command));
    tp_customer_key(&words, prefix, kind, id);
    ask(read, redis, &words, done);
}

static void ask_end(struct customer_read *read, struct tp_redis *redis, struct tp_str prefix, struct tp_str id,
                    const char *rank, tp_redis_done *done) {
    struct tp_redis_words words = {0};
    tp_redis_word(&words, TP_STR("ZRANGE"));
    tp_customer_key(&words, prefix, "t:", id);
    tp_redis_word(&words, tp_str(rank));
    tp_redis_word(&words, tp_str(rank));
    tp_redis_word(&words, TP_STR("WITHSCORES"));
    ask(read, redis, &words, done);
}

int tp_customer_read(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     tp_customer_read_done *done, void *arg) {
    char room[TP_HOME_PREFIX_BYTES];
    struct tp_str prefix = tp_customer_prefix(settings, tp_customer_lane(settings, customer_id), room);
    struct customer_read *read = calloc(1, sizeof *read);
    if (!read)
        return TP_ENOMEM;
    *read = (struct customer_read){.done = done, .arg = arg, .waiting = 1};
    ask_whole(read, redis, prefix, customer_id, "GET", "c:", on_blob);
    ask_end(read, redis, prefix, customer_id, "0", on_first);
    ask_end(read, redis, prefix, customer_id, "-1", on_last);
    ask_whole(read, redis, prefix, customer_id, "HGETALL", "m:", on_merges);
    settle(read, 0);
    return 0;
}
