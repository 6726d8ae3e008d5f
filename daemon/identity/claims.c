/* The batch's distinct identifiers in one table, grouped by bucket, and the calls that ask for them: one a bucket and
 * round, all under way together. */
#include "daemon/identity/internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/metrics/metrics.h"
#include "daemon/redis/home.h"

#include "claim.lua.h"

enum { KEY_BYTES = TP_MAX_IDENTIFIER_BYTES + 64 };

struct tp_redis_script tp_identity_claim_script = {.name = "claim", .text = tp_script_claim};

/* ---- the table ---- */

static unsigned write_key(const struct tp_identifier *identifier, char key[KEY_BYTES]) {
    struct tp_str type = identifier->type, value = identifier->value;
    assert(type.len + 1 + value.len <= KEY_BYTES);
    memcpy(key, type.at, type.len);
    key[type.len] = ':';
    memcpy(key + type.len + 1, value.at, value.len);
    return (unsigned)(type.len + 1 + value.len);
}

static struct tp_claim *add(struct tp_identity *identity, const char *key, unsigned len, struct tp_str type) {
    struct tp_claim *claim = calloc(1, sizeof *claim + len + 1);
    if (!claim)
        return NULL;
    memcpy(claim->key, key, len);
    claim->key_len = len;
    claim->first = SIZE_MAX;
    const struct tp_type_rule *rule = tp_rules_of(&identity->rules, type);
    claim->strength = tp_rules_strength(&identity->rules, type);
    claim->shared = rule && rule->shared;
    claim->bucket = tp_home_of((struct tp_str){key, len}, identity->settings->redis.buckets);
    claim->next_in_bucket = identity->buckets[claim->bucket];
    identity->buckets[claim->bucket] = claim;
    HASH_ADD(hh, identity->claims, key, len, claim);
    return claim;
}

static int link_claim(struct tp_identity *identity, struct tp_claim *claim) {
    if (identity->n_links == identity->most_links) {
        size_t most = identity->most_links ? 2 * identity->most_links : 256;
        struct tp_claim **links = reallocarray(identity->links, most, sizeof(struct tp_claim *));
        if (!links)
            return TP_ENOMEM;
        identity->links = links;
        identity->most_links = most;
    }
    identity->links[identity->n_links++] = claim;
    return 0;
}

static int gather_one(struct tp_identity *identity, size_t request, const struct tp_identifier *identifier,
                      bool alone) {
    char key[KEY_BYTES];
    struct tp_claim *claim = NULL;
    unsigned len = write_key(identifier, key);
    HASH_FIND(hh, identity->claims, key, len, claim);
    if (!claim)
        claim = add(identity, key, len, identifier->type);
    if (!claim)
        return TP_ENOMEM;
    claim->first = request < claim->first ? request : claim->first;
    claim->shared_choice = claim->shared_choice || !alone;
    return link_claim(identity, claim);
}

int tp_claims_gather(struct tp_identity *identity) {
    for (size_t i = 0; i < identity->n_requests; i++) {
        const struct tp_interaction *interaction = identity->requests[i].interaction;
        identity->requests[i].first_claim = identity->n_links;
        for (size_t k = 0; k < interaction->n_identifiers; k++)
            if (gather_one(identity, i, &interaction->identifiers[k], interaction->n_identifiers == 1) < 0)
                return TP_ENOMEM;
    }
    for (struct tp_claim *claim = identity->claims; claim; claim = claim->hh.next) {
        claim->wanted = !claim->shared_choice;
        if (claim->wanted)
            tp_uuid_v7(tp_time_now_ms(), claim->owner);
    }
    return 0;
}

bool tp_claims_wanted(const struct tp_identity *identity) {
    const struct tp_claim *claim = identity->claims;
    while (claim && !claim->wanted)
        claim = claim->hh.next;
    return claim != NULL;
}

/* "MEMBER TAB TYPE:VALUE TAB s TAB" in notes of splits (customer.h). */
static bool is_given_up(const struct tp_claim *claim, struct tp_str notes, char ret_to[TP_UUID_TEXT]) {
    struct tp_buf needle = TP_BUF_INIT;
    tp_buf_addf(&needle, "\t%.*s\ts\t", (int)claim->key_len, claim->key);
    const char *at = needle.failed ? NULL : memmem(notes.at, notes.len, needle.at, needle.len);
    tp_buf_free(&needle);
    if (!at || at - notes.at < TP_UUID_TEXT - 1)
        return false;
    snprintf(ret_to, TP_UUID_TEXT, "%.*s", TP_UUID_TEXT - 1, at - (TP_UUID_TEXT - 1));
    return true;
}

static bool any_notes(const struct tp_identity *identity) {
    const struct tp_view *view = identity->views;
    while (view && view->look.notes.len == 0)
        view = view->hh.next;
    return view != NULL;
}

struct tp_claim *tp_claims_given_up(const struct tp_identity *identity, char ret_to[TP_UUID_TEXT]) {
    if (!any_notes(identity))
        return NULL;
    for (struct tp_claim *claim = identity->claims; claim; claim = claim->hh.next) {
        const struct tp_view *view =
            claim->owner[0] && !claim->wanted ? tp_people_view(identity, tp_people_root(identity, claim->owner)) : NULL;
        if (view && view->look.notes.len > 0 && is_given_up(claim, tp_buf_str(&view->look.notes), ret_to))
            return claim;
    }
    return NULL;
}

void tp_claims_settle(struct tp_identity *identity, bool owned) {
    for (struct tp_claim *claim = identity->claims; claim; claim = claim->hh.next) {
        if (claim->wanted && !owned)
            claim->owner[0] = '\0';
        claim->wanted = false;
    }
}

void tp_claims_clear(struct tp_identity *identity) {
    HASH_CLEAR(hh, identity->claims);
    for (unsigned i = 0; i < identity->settings->redis.buckets; i++)
        for (struct tp_claim *claim; (claim = identity->buckets[i]);) {
            identity->buckets[i] = claim->next_in_bucket;
            tp_buf_free(&claim->ties);
            free(claim);
        }
    identity->n_links = 0;
    identity->tied = false;
}

/* ---- the calls ---- */

/* The claims of a bucket that a round asks for. */
static struct tp_claim *next_asked(struct tp_claim *claim, bool wanted_only) {
    while (claim && wanted_only && !claim->wanted)
        claim = claim->next_in_bucket;
    return claim;
}

#define EACH_ASKED(claim, identity, bucket, wanted_only)                                                               \
    struct tp_claim *claim = next_asked((identity)->buckets[bucket], wanted_only);                                     \
    claim;                                                                                                             \
    claim = next_asked(claim->next_in_bucket, wanted_only)

/* A customer's id; or nothing, unless it was claimed: then it is somebody's. */
static bool is_owner(struct tp_str owner, bool claimed) {
    return owner.len == 0 ? owner.at && !claimed : tp_uuid_valid(owner);
}

/* From now on it is no guess, whoever was quicker. Nothing rests yet on those of the first round. */
static void take_owner(struct tp_identity *identity, struct tp_claim *claim, const redisReply *owner) {
    bool wanted = claim->wanted, demoted = false;
    struct tp_str id = tp_identity_owner_read(owner, &demoted);
    claim->wanted = false;
    claim->broken = !is_owner(id, wanted);
    claim->demoted = demoted && !claim->shared; /* of a shared type it needs not to be */
    claim->shared = claim->shared || demoted;
    bool as_wanted = !claim->broken && tp_str_is(id, claim->owner);
    if (identity->round > 1)
        identity->outrun = identity->outrun || !as_wanted;
    if (claim->broken)
        return;
    if (identity->round > 1 && !as_wanted)
        memcpy(claim->lost, claim->owner, sizeof claim->lost);
    if (identity->round == 1 && wanted && as_wanted)
        tp_metrics_add(TP_M_IDENTITY_CREATED, 1);
    snprintf(claim->owner, sizeof claim->owner, "%.*s", TP_FMT(id));
}

/* The answers are in the order of the bucket's chain, as the call was. */
static void take_answers(struct tp_identity *identity, unsigned bucket, const redisReply *reply) {
    bool wanted_only = identity->round > 1;
    size_t i = 0;
    for (struct tp_claim *claim = next_asked(identity->buckets[bucket], wanted_only), *next; claim; claim = next) {
        next = next_asked(claim->next_in_bucket, wanted_only);
        take_owner(identity, claim, i < reply->elements ? reply->element[i] : NULL);
        i++;
    }
}

struct bucket_call {
    struct tp_identity *identity;
    unsigned bucket;
};

static void settle(struct tp_identity *identity, int status) {
    if (status < 0)
        identity->status = status;
    if (--identity->waiting == 0)
        tp_identity_answered(identity, identity->status);
}

static void on_answers(void *arg, int status, const redisReply *reply) {
    struct bucket_call *call = arg;
    struct tp_identity *identity = call->identity;
    if (status == 0)
        take_answers(identity, call->bucket, reply);
    free(call);
    settle(identity, status);
}

static int call_bucket(struct tp_identity *identity, unsigned bucket, bool wanted_only) {
    char prefix_text[TP_HOME_PREFIX_BYTES];
    struct tp_str prefix = {prefix_text, tp_home_prefix(identity->settings, TP_HOME_BUCKET, bucket, prefix_text)};
    struct tp_redis_words *words = &identity->words;
    struct bucket_call *call = malloc(sizeof *call);
    if (!call)
        return TP_ENOMEM;
    *call = (struct bucket_call){identity, bucket};
    tp_redis_words_clear(words);
    tp_redis_key(words, prefix, TP_STR("home"));
    for (EACH_ASKED(claim, identity, bucket, wanted_only))
        tp_redis_key(words, prefix, (struct tp_str){claim->key, claim->key_len});
    size_t n_keys = words->n;
    tp_redis_number(words, (int64_t)identity->calls.repair);
    for (EACH_ASKED(claim, identity, bucket, wanted_only))
        tp_redis_word(words, tp_str(claim->wanted ? claim->owner : ""));
    int status = tp_redis_eval(identity->redis, &tp_identity_claim_script, n_keys, words, on_answers, call);
    if (status < 0)
        free(call);
    return status;
}

/* Round one asks for all; a later one only for what is to be claimed. */
void tp_claims_ask(struct tp_identity *identity) {
    bool wanted_only = ++identity->round > 1;
    identity->outrun = false;
    identity->waiting = 1; /* so that answers that fail at once do not end the round */
    for (unsigned bucket = 0; bucket < identity->settings->redis.buckets; bucket++) {
        if (!next_asked(identity->buckets[bucket], wanted_only))
            continue;
        identity->waiting++;
        int status = call_bucket(identity, bucket, wanted_only);
        if (status < 0)
            settle(identity, status);
    }
    settle(identity, 0);
}
