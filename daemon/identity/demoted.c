/* Which of a customer's identifiers are demoted, for those who read. */
#include "daemon/identity/identity.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "daemon/identity/internal.h"
#include "daemon/redis/home.h"

struct asking {
    unsigned waiting;
    int status;
    struct tp_buf demoted;
    tp_identity_demoted_found *found;
    void *arg;
};

struct question {
    struct asking *asking;
    size_t len;
    char line[]; /* "TYPE TAB VALUE" */
};

static void settle(struct asking *asking, int status) {
    if (status < 0)
        asking->status = status;
    if (--asking->waiting > 0)
        return;
    if (asking->status == 0 && asking->demoted.failed)
        asking->status = TP_ENOMEM;
    asking->found(asking->arg, asking->status, tp_buf_str(&asking->demoted));
    tp_buf_free(&asking->demoted);
    free(asking);
}

static void on_owner(void *arg, int status, const redisReply *reply) {
    struct question *question = arg;
    struct asking *asking = question->asking;
    bool demoted = false;
    if (status == 0)
        tp_identity_owner_read(reply, &demoted);
    if (demoted) {
        tp_buf_add(&asking->demoted, question->line, question->len);
        tp_buf_addc(&asking->demoted, '\n');
    }
    free(question);
    settle(asking, status);
}

static int ask(const struct tp_settings *settings, struct tp_redis *redis, struct asking *asking, struct tp_str line) {
    char prefix[TP_HOME_PREFIX_BYTES];
    struct tp_redis_words words = {0};
    struct tp_buf key = TP_BUF_INIT;
    struct question *question = malloc(sizeof *question + line.len);
    int status = TP_ENOMEM;
    tp_buf_addstr(&key, line);
    char *tab = question && !key.failed && line.len > 0 ? memchr(key.at, '\t', key.len) : NULL;
    if (!tab)
        goto out;
    *tab = ':';
    question->asking = asking;
    question->len = line.len;
    memcpy(question->line, line.at, line.len);
    unsigned bucket = tp_home_of(tp_buf_str(&key), settings->redis.buckets);
    size_t prefix_len = tp_home_prefix(settings, TP_HOME_BUCKET, bucket, prefix);
    tp_redis_word(&words, TP_STR("GET"));
    tp_redis_key(&words, (struct tp_str){prefix, prefix_len}, tp_buf_str(&key));
    status = tp_redis_call(redis, &words, on_owner, question);
out:
    if (status < 0)
        free(question);
    tp_redis_words_free(&words);
    tp_buf_free(&key);
    return status;
}

int tp_identity_find_demoted(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str lines,
                             tp_identity_demoted_found *found, void *arg) {
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking)
        return TP_ENOMEM;
    *asking = (struct asking){.waiting = 1, .demoted = TP_BUF_INIT, .found = found, .arg = arg};
    tp_str_cut(&lines, '\n');
    while (lines.len > 0) {
        asking->waiting++;
        int status = ask(settings, redis, asking, tp_str_cut(&lines, '\n'));
        if (status < 0)
            settle(asking, status);
    }
    settle(asking, 0);
    return 0;
}
