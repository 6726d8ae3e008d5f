/* Where a customer leads, without reading it: one with a thousand members is found as fast as one alone. */
#include "daemon/customer/internal.h"

#include <stdlib.h>

#include "common/error.h"

struct lead {
    tp_customer_led *done;
    void *arg;
};

/* Whom it leads to, and whether that is pending still. */
static int read_lead(const redisReply *reply, struct tp_str *ret) {
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return TP_ECORRUPT;
    const redisReply *to = reply->element[0], *phase = reply->element[1];
    if (to->type != REDIS_REPLY_STRING || phase->type == REDIS_REPLY_STRING)
        return 0;
    *ret = (struct tp_str){to->str, to->len};
    return tp_uuid_valid(*ret) ? 0 : TP_ECORRUPT;
}

static void on_lead(void *arg, int status, const redisReply *reply) {
    struct lead *lead = arg;
    struct tp_str to = {0};
    if (status == 0)
        status = read_lead(reply, &to);
    lead->done(lead->arg, status, to);
    free(lead);
}

int tp_customer_lead(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     tp_customer_led *done, void *arg) {
    char room[TP_HOME_PREFIX_BYTES];
    struct tp_redis_words words = {0};
    struct lead *lead = malloc(sizeof *lead);
    if (!lead)
        return TP_ENOMEM;
    *lead = (struct lead){done, arg};
    tp_redis_word(&words, TP_STR("HMGET"));
    tp_customer_key(&words, tp_customer_prefix(settings, tp_customer_lane(settings, customer_id), room),
                    "m:", customer_id);
    tp_redis_word(&words, TP_STR("to"));
    tp_redis_word(&words, TP_STR("phase"));
    int status = tp_redis_call(redis, &words, on_lead, lead);
    tp_redis_words_free(&words);
    if (status < 0)
        free(lead);
    return status;
}
