/* Customers looked at, and identifiers listed with them. */
#include "daemon/customer/internal.h"

#include <endian.h>
#include <string.h>

#include "common/error.h"
#include "common/time.h"

#include "list.lua.h"
#include "look.lua.h"

struct tp_redis_script tp_customer_look_script = {.name = "look_at_customers", .text = tp_script_look};
struct tp_redis_script tp_customer_list_script = {.name = "list_identifiers", .text = tp_script_list};

static void write_number(size_t customer, struct tp_redis_words *words) {
    uint16_t number = htobe16((uint16_t)customer);
    tp_redis_word(words, (struct tp_str){(const char *)&number, sizeof number});
}

/* ---- look ---- */

static struct tp_str look_id(const void *items, size_t i) {
    return tp_str(((const struct tp_customer_look *)items)[i].customer_id);
}

static void write_minute(struct tp_redis_words *words) { tp_redis_number(words, tp_time_now_ms() / 60000); }

static void write_look(const void *items, size_t i, size_t customer, struct tp_redis_words *words) {
    write_number(customer, words);
    tp_redis_word(words, tp_str(((const struct tp_customer_look *)items)[i].member));
}

static bool is_look(const redisReply *answer) {
    static const int types[] = {REDIS_REPLY_STRING, REDIS_REPLY_STRING,  REDIS_REPLY_INTEGER, REDIS_REPLY_INTEGER,
                                REDIS_REPLY_STRING, REDIS_REPLY_INTEGER, REDIS_REPLY_INTEGER, REDIS_REPLY_STRING};
    enum { N = sizeof types / sizeof types[0] };
    bool is = answer->type == REDIS_REPLY_ARRAY && answer->elements == N;
    for (size_t i = 0; is && i < N; i++)
        is = answer->element[i]->type == types[i];
    return is;
}

static int take_look(void *items, size_t i, const redisReply *answer) {
    struct tp_customer_look *look = (struct tp_customer_look *)items + i;
    look->broken = answer->type == REDIS_REPLY_NIL;
    if (look->broken)
        return 0;
    if (!is_look(answer))
        return TP_ECORRUPT;
    struct tp_str standing = {answer->element[0]->str, answer->element[0]->len};
    look->standing = tp_str_is(standing, "root")     ? TP_CUSTOMER_ROOT
                     : tp_str_is(standing, "member") ? TP_CUSTOMER_MEMBER
                                                     : TP_CUSTOMER_HALF_WAY;
    snprintf(look->to, sizeof look->to, "%s", answer->element[1]->str);
    look->version.generation = (uint64_t)answer->element[2]->integer;
    look->version.n_identifiers = (size_t)answer->element[3]->integer;
    tp_buf_clear(&look->identifiers);
    tp_buf_add(&look->identifiers, answer->element[4]->str, answer->element[4]->len);
    look->merges = (unsigned)answer->element[5]->integer;
    look->is_member = answer->element[6]->integer == 1;
    tp_buf_clear(&look->notes);
    tp_buf_add(&look->notes, answer->element[7]->str, answer->element[7]->len);
    return look->identifiers.failed || look->notes.failed ? TP_ENOMEM : 0;
}

void tp_customer_look_free(struct tp_customer_look *look) {
    tp_buf_free(&look->identifiers);
    tp_buf_free(&look->notes);
}

int tp_customer_look(const struct tp_customer_calls *calls, struct tp_customer_look *looks, size_t n,
                     tp_customer_done *done, void *arg) {
    static const struct tp_spread_kind kind = {&tp_customer_look_script, look_id, write_minute, write_look, take_look};
    return tp_spread(calls, &kind, looks, n, done, arg);
}

/* ---- list ---- */

static struct tp_str listing_id(const void *items, size_t i) {
    return tp_str(((const struct tp_customer_listing *)items)[i].customer_id);
}

static void write_listing(const void *items, size_t i, size_t customer, struct tp_redis_words *words) {
    const struct tp_customer_listing *listing = (const struct tp_customer_listing *)items + i;
    uint64_t received = htobe64((uint64_t)listing->received_ms << 16);
    write_number(customer, words);
    if (listing->as_it_is)
        tp_redis_word(words, TP_STR(""));
    else
        tp_redis_number(words, (int64_t)listing->version.generation);
    tp_redis_number(words, (int64_t)listing->version.n_identifiers);
    tp_redis_word(words, (struct tp_str){(const char *)&received, 6});
    tp_redis_word(words, tp_buf_str(&listing->lines));
    tp_redis_word(words, tp_buf_str(&listing->lost));
    words->wire.failed = words->wire.failed || listing->lines.failed || listing->lost.failed;
}

static int take_listing(void *items, size_t i, const redisReply *answer) {
    struct tp_customer_listing *listing = (struct tp_customer_listing *)items + i;
    listing->listed = answer->type == REDIS_REPLY_INTEGER && answer->integer == 1;
    return 0;
}

int tp_customer_list(const struct tp_customer_calls *calls, struct tp_customer_listing *listings, size_t n,
                     tp_customer_done *done, void *arg) {
    static const struct tp_spread_kind kind = {&tp_customer_list_script, listing_id, NULL, write_listing, take_listing};
    return tp_spread(calls, &kind, listings, n, done, arg);
}
