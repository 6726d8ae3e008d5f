#include "daemon/view/newest.h"

#include <endian.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/uuid.h"
#include "daemon/customer/keys.h"

struct asking {
    struct tp_newest *entries;
    size_t n;
    char owner[TP_UUID_TEXT]; /* as v:ID has it: "" for the root */
    tp_newest_done *done;
    void *arg;
};

/* One of "VERSION SEQUENCE TIME OWNER LF". */
struct line {
    uint64_t version, sequence;
    struct tp_str owner;
};

static uint64_t cut_number(struct tp_str *line) {
    struct tp_str digits = tp_str_cut(line, ' ');
    uint64_t number = 0;
    for (size_t i = 0; i < digits.len && digits.at[i] >= '0' && digits.at[i] <= '9'; i++)
        number = number * 10 + (uint64_t)(digits.at[i] - '0');
    return number;
}

static struct line cut_line(struct tp_str *lines) {
    struct tp_str rest = tp_str_cut(lines, '\n');
    struct line line = {.version = cut_number(&rest)};
    line.sequence = cut_number(&rest);
    cut_number(&rest); /* the time */
    line.owner = rest;
    return line;
}

/* Not, where somebody has a newer one, or its owner has named another. What v:ID does not tell of is. */
static bool is_not_newest(const struct tp_newest *entry, const char *owner, struct tp_str lines) {
    bool named = lines.len == 0, passed = false;
    while (lines.len > 0) {
        struct line line = cut_line(&lines);
        passed = passed || line.version > entry->version;
        named = named || (tp_str_is(line.owner, owner) && line.sequence == entry->sequence);
    }
    return passed || !named;
}

static void on_lines(void *arg, int status, const redisReply *reply) {
    struct asking *asking = arg;
    if (status == 0 && (reply->type != REDIS_REPLY_ARRAY || reply->elements != asking->n))
        status = TP_ECORRUPT;
    for (size_t i = 0; status == 0 && i < asking->n; i++) {
        const redisReply *lines = reply->element[i];
        bool known = lines->type == REDIS_REPLY_STRING;
        asking->entries[i].is_not =
            known && is_not_newest(&asking->entries[i], asking->owner, (struct tp_str){lines->str, lines->len});
    }
    asking->done(asking->arg, status);
    free(asking);
}

int tp_newest_ask(const struct tp_settings *settings, struct tp_redis *redis, const struct tp_newest_question *question,
                  tp_newest_done *done, void *arg) {
    char room[TP_HOME_PREFIX_BYTES];
    struct tp_redis_words words = {0};
    struct asking *asking = malloc(sizeof *asking);
    struct tp_str root_id = question->root_id;
    if (!asking)
        return TP_ENOMEM;
    *asking = (struct asking){.entries = question->entries, .n = question->n, .done = done, .arg = arg};
    if (!tp_str_equal(root_id, question->owner_id))
        memcpy(asking->owner, question->owner_id.at, TP_UUID_TEXT - 1);
    tp_redis_word(&words, TP_STR("HMGET"));
    tp_customer_key(&words, tp_customer_prefix(settings, tp_customer_lane(settings, root_id), room), "v:", root_id);
    for (size_t i = 0; i < question->n; i++) {
        uint64_t name = htobe64(question->entries[i].bare_key);
        tp_redis_word(&words, (struct tp_str){(const char *)&name, sizeof name});
    }
    int status = tp_redis_call(redis, &words, on_lines, asking);
    tp_redis_words_free(&words);
    if (status < 0)
        free(asking);
    return status;
}
