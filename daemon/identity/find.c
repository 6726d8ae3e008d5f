/* The look-up of one identifier, for those who read. */
#include "daemon/identity/identity.h"

#include <stdlib.h>

#include "common/error.h"
#include "daemon/identity/internal.h"
#include "daemon/redis/home.h"

struct lookup {
    tp_identity_found *found;
    void *arg;
};

static void on_owner(void *arg, int status, const redisReply *reply) {
    struct lookup *lookup = arg;
    bool demoted = false;
    lookup->found(lookup->arg, status, tp_identity_owner_read(reply, &demoted));
    free(lookup);
}

int tp_identity_find(const struct tp_settings *settings, struct tp_redis *redis, struct tp_identifier identifier,
                     tp_identity_found *found, void *arg) {
    char prefix[TP_HOME_PREFIX_BYTES];
    struct tp_redis_words words = {0};
    struct tp_buf key = TP_BUF_INIT;
    struct lookup *lookup = malloc(sizeof *lookup);
    int status = TP_ENOMEM;
    tp_buf_addf(&key, "%.*s:%.*s", TP_FMT(identifier.type), TP_FMT(identifier.value));
    if (!lookup || key.failed)
        goto out;
    *lookup = (struct lookup){found, arg};
    unsigned bucket = tp_home_of(tp_buf_str(&key), settings->redis.buckets);
    size_t prefix_len = tp_home_prefix(settings, TP_HOME_BUCKET, bucket, prefix);
    tp_redis_word(&words, TP_STR("GET"));
    tp_redis_key(&words, (struct tp_str){prefix, prefix_len}, tp_buf_str(&key));
    status = tp_redis_call(redis, &words, on_owner, lookup);
out:
    if (status < 0)
        free(lookup);
    tp_redis_words_free(&words);
    tp_buf_free(&key);
    return status;
}
