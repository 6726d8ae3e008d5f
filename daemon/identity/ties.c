/* Whom values would tie. What the events of a turn have shown is counted where the claims are, one call a bucket, all
 * under way together; only values that just had a conflict are asked for. Merges do not count: who clears cookies
 * comes as somebody new each week. */
#include "daemon/identity/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "daemon/log/log.h"
#include "daemon/metrics/metrics.h"
#include "daemon/redis/home.h"

#include "ties.lua.h"

enum { ID = TP_UUID_TEXT - 1 };

struct tp_redis_script tp_identity_ties_script = {.name = "ties", .text = tp_script_ties};

/* ---- what is to be counted ---- */

static bool has(const struct tp_buf *ties, const char *customer_id) {
    size_t at = 0;
    while (at < ties->len && memcmp(ties->at + at, customer_id, ID) != 0)
        at += ID;
    return at < ties->len;
}

/* No more than it takes to demote it. */
static void add(struct tp_identity *identity, struct tp_claim *claim, const char *customer_id) {
    size_t enough = (identity->settings->identity.shared_after + 1) * (size_t)ID;
    if (claim->ties.len < enough && !has(&claim->ties, customer_id))
        tp_buf_add(&claim->ties, customer_id, ID);
    if (claim->ties.failed)
        identity->status = TP_ENOMEM;
}

void tp_ties_note(struct tp_identity *identity, struct tp_claim *claim, const char *one, const char *other,
                  int64_t received_ms) {
    if (claim->shared || identity->settings->identity.shared_after == 0)
        return;
    add(identity, claim, one);
    add(identity, claim, other);
    claim->tied_ms = received_ms > claim->tied_ms ? received_ms : claim->tied_ms;
    identity->tied = true;
}

void tp_ties_clear(struct tp_identity *identity) {
    for (struct tp_claim *claim = identity->tied ? identity->claims : NULL; claim; claim = claim->hh.next) {
        tp_buf_clear(&claim->ties);
        claim->tied_ms = 0;
    }
    identity->tied = false;
}

/* ---- the calls ---- */

static struct tp_claim *next_tied(struct tp_claim *claim) {
    while (claim && claim->ties.len == 0)
        claim = claim->next_in_bucket;
    return claim;
}

#define EACH_TIED(claim, identity, bucket)                                                                             \
    struct tp_claim *claim = next_tied((identity)->buckets[bucket]);                                                   \
    claim;                                                                                                             \
    claim = next_tied(claim->next_in_bucket)

static void demote(const struct tp_identity *identity, struct tp_claim *claim, long long customers) {
    size_t type_len = strcspn(claim->key, ":");
    claim->demoted = claim->shared = true;
    tp_metrics_add(TP_M_IDENTITY_DEMOTED, 1);
    tp_log(TP_LOG_WARNING, "identifier_demoted", "stage=identity type=%.*s customers=%lld within_s=%" PRIu64 " what=%s",
           (int)type_len, claim->key, customers, identity->settings->identity.shared_within,
           tp_log_quote("a value that so many customers come with is one that they share"));
}

struct ties_call {
    struct tp_identity *identity;
    unsigned bucket;
};

static void settle(struct tp_identity *identity, int status) {
    if (status < 0)
        identity->status = status;
    if (--identity->waiting > 0)
        return;
    tp_ties_clear(identity);
    identity->then(identity, identity->status);
}

/* In the order of the bucket's chain, as the call was. */
static void on_counted(void *arg, int status, const redisReply *reply) {
    struct ties_call *call = arg;
    struct tp_identity *identity = call->identity;
    size_t i = 0;
    for (EACH_TIED(claim, identity, call->bucket)) {
        const redisReply *answer = status == 0 && i < reply->elements ? reply->element[i] : NULL;
        if (answer && answer->type == REDIS_REPLY_INTEGER && answer->integer > 0)
            demote(identity, claim, answer->integer);
        i++;
    }
    free(call);
    settle(identity, status);
}

static int call_bucket(struct tp_identity *identity, unsigned bucket) {
    const struct tp_settings *settings = identity->settings;
    char prefix_text[TP_HOME_PREFIX_BYTES], name[sizeof "tied " + TP_MAX_IDENTIFIER_BYTES + 64];
    struct tp_str prefix = {prefix_text, tp_home_prefix(settings, TP_HOME_BUCKET, bucket, prefix_text)};
    struct tp_redis_words *words = &identity->words;
    struct ties_call *call = malloc(sizeof *call);
    if (!call)
        return TP_ENOMEM;
    *call = (struct ties_call){identity, bucket};
    tp_redis_words_clear(words);
    tp_redis_key(words, prefix, TP_STR("home"));
    for (EACH_TIED(claim, identity, bucket)) {
        int len = snprintf(name, sizeof name, "tied %.*s", (int)claim->key_len, claim->key);
        tp_redis_key(words, prefix, (struct tp_str){claim->key, claim->key_len});
        tp_redis_key(words, prefix, (struct tp_str){name, (size_t)len}); /* no type has a blank */
    }
    size_t n_keys = words->n;
    tp_redis_number(words, (int64_t)identity->calls.repair);
    tp_redis_number(words, settings->identity.shared_after);
    tp_redis_number(words, (int64_t)settings->identity.shared_within * 1000);
    for (EACH_TIED(claim, identity, bucket)) {
        tp_redis_number(words, claim->tied_ms);
        tp_redis_word(words, tp_buf_str(&claim->ties));
    }
    int status = tp_redis_eval(identity->redis, &tp_identity_ties_script, n_keys, words, on_counted, call);
    if (status < 0)
        free(call);
    return status;
}

bool tp_ties_count(struct tp_identity *identity, void (*then)(struct tp_identity *identity, int status)) {
    if (!identity->tied)
        return false;
    identity->then = then;
    identity->waiting = 1; /* so that answers that fail at once do not end it */
    for (unsigned bucket = 0; bucket < identity->settings->redis.buckets; bucket++) {
        if (!next_tied(identity->buckets[bucket]))
            continue;
        identity->waiting++;
        int status = call_bucket(identity, bucket);
        if (status < 0)
            settle(identity, status);
    }
    settle(identity, 0);
    return true;
}
