/* Reading a stretch of a timeline. */
#include "daemon/timeline/layout.h"

#include <stdlib.h>

#include "common/error.h"

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
    tp_customer_key(&words, tp_customer_prefix(settings, tp_customer_lane(settings, customer_id), room),
                    "t:", customer_id);
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
