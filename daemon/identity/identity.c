/* A batch is resolved in two rounds at most. Its distinct identifiers are gathered in one table (a claim each), grouped
 * by bucket. Round one looks them up; one that stands only in interactions without other identifiers cannot lead
 * elsewhere, so it is claimed in the same call. Then the interactions choose, in order, and what is still free is
 * claimed for the choice in round two. Another daemon may have been quicker: then its claim is what holds, and the
 * interactions choose again, now with every identifier known. */
#include "daemon/identity/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/metrics/metrics.h"
#include "daemon/redis/home.h"

#include "claim.lua.h"

enum { MAX_TYPES = 64, KEY_BYTES = TP_MAX_IDENTIFIER_BYTES + 64 };

struct tp_redis_script tp_identity_claim_script = {.name = "claim", .text = tp_script_claim};

/* One distinct identifier of the batch. */
struct claim {
    UT_hash_handle hh;
    struct claim *next_in_bucket;
    unsigned bucket;
    bool shared_choice;       /* stands beside other identifiers: what to claim it for is not known yet */
    bool broken;              /* its key holds something else */
    bool wanted;              /* free; to be claimed for `owner` in this round */
    char owner[TP_UUID_TEXT]; /* "" while nobody's */
    unsigned key_len;
    char key[]; /* "type:value" */
};

struct tp_identity {
    const struct tp_settings *settings;
    struct tp_redis *redis;
    size_t n_types;
    struct tp_str types[MAX_TYPES]; /* strongest first; point into the settings */

    struct tp_identity_request *requests;
    size_t n_requests;
    tp_identity_done *done;
    void *arg;
    struct claim *claims;   /* of the batch, by key */
    struct claim **buckets; /* heads of chains */
    unsigned waiting, round;
    int status;
};

/* ---- the batch's table ---- */

static struct claim *find(struct tp_identity *identity, const struct tp_identifier *identifier, char *key,
                          unsigned *ret_len) {
    struct claim *claim = NULL;
    unsigned len = (unsigned)snprintf(key, KEY_BYTES, "%.*s:%.*s", TP_FMT(identifier->type), TP_FMT(identifier->value));
    HASH_FIND(hh, identity->claims, key, len, claim);
    *ret_len = len;
    return claim;
}

static struct claim *claim_of(struct tp_identity *identity, const struct tp_identifier *identifier) {
    char key[KEY_BYTES];
    unsigned len = 0;
    return find(identity, identifier, key, &len);
}

static int gather_one(struct tp_identity *identity, const struct tp_identifier *identifier, bool alone) {
    char key[KEY_BYTES];
    unsigned len = 0;
    struct claim *claim = find(identity, identifier, key, &len);
    if (!claim) {
        claim = calloc(1, sizeof *claim + len + 1);
        if (!claim)
            return TP_ENOMEM;
        memcpy(claim->key, key, len);
        claim->key_len = len;
        claim->bucket = tp_home_of((struct tp_str){key, len}, identity->settings->redis.buckets);
        claim->next_in_bucket = identity->buckets[claim->bucket];
        identity->buckets[claim->bucket] = claim;
        HASH_ADD(hh, identity->claims, key, len, claim);
    }
    claim->shared_choice = claim->shared_choice || !alone;
    return 0;
}

static int gather(struct tp_identity *identity) {
    for (size_t i = 0; i < identity->n_requests; i++) {
        const struct tp_interaction *interaction = identity->requests[i].interaction;
        for (size_t k = 0; k < interaction->n_identifiers; k++)
            if (gather_one(identity, &interaction->identifiers[k], interaction->n_identifiers == 1) < 0)
                return TP_ENOMEM;
    }
    for (struct claim *claim = identity->claims; claim; claim = claim->hh.next) {
        claim->wanted = !claim->shared_choice;
        if (claim->wanted)
            tp_uuid_v7(tp_time_now_ms(), claim->owner);
    }
    return 0;
}

static void clear(struct tp_identity *identity) {
    struct claim *claim = NULL, *next = NULL;
    HASH_ITER(hh, identity->claims, claim, next) {
        HASH_DEL(identity->claims, claim);
        free(claim);
    }
    memset(identity->buckets, 0, identity->settings->redis.buckets * sizeof *identity->buckets);
}

static void finish(struct tp_identity *identity, int status) {
    tp_identity_done *done = identity->done;
    clear(identity);
    identity->done = NULL;
    if (status == 0)
        tp_metrics_add(TP_M_IDENTITY_RESOLVED, (int64_t)identity->n_requests);
    done(identity->arg, status);
}

/* ---- the choice ---- */

static size_t strength(const struct tp_identity *identity, struct tp_str type) {
    size_t at = 0;
    while (at < identity->n_types && !tp_str_equal(identity->types[at], type))
        at++;
    return at;
}

/* The claim of the strongest identifier that has an owner; among equals, the one sent first. */
static struct claim *strongest(struct tp_identity *identity, const struct tp_interaction *interaction) {
    struct claim *best = NULL;
    size_t best_strength = SIZE_MAX;
    for (size_t i = 0; i < interaction->n_identifiers; i++) {
        struct claim *claim = claim_of(identity, &interaction->identifiers[i]);
        size_t at = strength(identity, interaction->identifiers[i].type);
        if (claim->owner[0] != '\0' && at < best_strength) {
            best = claim;
            best_strength = at;
        }
    }
    return best;
}

/* A bit for each identifier: TP_MAX_IDENTIFIERS is as many as there are bits. */
static uint32_t owned_by_others(struct tp_identity *identity, const struct tp_identity_request *request) {
    const struct tp_interaction *interaction = request->interaction;
    uint32_t others = 0;
    for (size_t i = 0; i < interaction->n_identifiers; i++)
        if (strcmp(claim_of(identity, &interaction->identifiers[i])->owner, request->customer_id) != 0)
            others |= UINT32_C(1) << i;
    return others;
}

static bool is_broken(struct tp_identity *identity, const struct tp_interaction *interaction) {
    for (size_t i = 0; i < interaction->n_identifiers; i++)
        if (claim_of(identity, &interaction->identifiers[i])->broken)
            return true;
    return false;
}

/* True when something is to be claimed for the choice. */
static bool choose(struct tp_identity *identity, struct tp_identity_request *request) {
    const struct tp_interaction *interaction = request->interaction;
    bool claims = false;
    struct claim *best = strongest(identity, interaction);
    request->status = is_broken(identity, interaction) ? TP_ECORRUPT : 0;
    if (request->status < 0)
        return false;
    if (best) {
        memcpy(request->customer_id, best->owner, TP_UUID_TEXT);
    } else {
        tp_uuid_v7(tp_time_now_ms(), request->customer_id);
        tp_metrics_add(TP_M_IDENTITY_CREATED, 1);
    }
    for (size_t i = 0; i < interaction->n_identifiers; i++) {
        struct claim *claim = claim_of(identity, &interaction->identifiers[i]);
        if (claim->owner[0] == '\0') {
            memcpy(claim->owner, request->customer_id, TP_UUID_TEXT);
            claim->wanted = claims = true;
        }
    }
    request->others = owned_by_others(identity, request);
    return claims;
}

/* ---- the rounds ---- */

static void start_round(struct tp_identity *identity);

static void choose_all(struct tp_identity *identity) {
    bool claims = false;
    for (struct claim *claim = identity->claims; claim; claim = claim->hh.next)
        claim->wanted = false;
    for (size_t i = 0; i < identity->n_requests; i++)
        claims = choose(identity, &identity->requests[i]) || claims;
    if (claims)
        start_round(identity);
    else
        finish(identity, 0);
}

/* The claims of a bucket that a round asks for. */
static struct claim *next_asked(struct claim *claim, bool wanted_only) {
    while (claim && wanted_only && !claim->wanted)
        claim = claim->next_in_bucket;
    return claim;
}

#define EACH_ASKED(claim, identity, bucket, wanted_only)                                                               \
    struct claim *claim = next_asked((identity)->buckets[bucket], wanted_only);                                        \
    claim;                                                                                                             \
    claim = next_asked(claim->next_in_bucket, wanted_only)

/* A customer's id; or nothing, unless it was claimed: then it is somebody's. */
static bool is_owner(const redisReply *owner, bool claimed) {
    if (!owner || owner->type != REDIS_REPLY_STRING)
        return false;
    return owner->len == 0 ? !claimed : tp_uuid_valid((struct tp_str){owner->str, owner->len});
}

/* The answers are in the order of the bucket's chain, as the call was. */
static void take_answers(struct tp_identity *identity, unsigned bucket, const redisReply *reply) {
    bool wanted_only = identity->round > 1;
    size_t i = 0;
    for (EACH_ASKED(claim, identity, bucket, wanted_only)) {
        const redisReply *owner = i < reply->elements ? reply->element[i++] : NULL;
        claim->broken = !is_owner(owner, claim->wanted);
        if (claim->broken)
            continue;
        if (!wanted_only && claim->wanted && strcmp(owner->str, claim->owner) == 0)
            tp_metrics_add(TP_M_IDENTITY_CREATED, 1);
        memcpy(claim->owner, owner->str, owner->len + 1);
    }
}

struct bucket_call {
    struct tp_identity *identity;
    unsigned bucket;
};

static void settle(struct tp_identity *identity, int status) {
    if (status < 0)
        identity->status = status;
    if (--identity->waiting > 0)
        return;
    if (identity->status < 0)
        finish(identity, identity->status);
    else
        choose_all(identity);
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
    struct tp_redis_words words = {0};
    struct bucket_call *call = malloc(sizeof *call);
    int status = TP_ENOMEM;
    if (!call)
        goto out;
    *call = (struct bucket_call){identity, bucket};
    tp_redis_key(&words, prefix, TP_STR("home"));
    for (EACH_ASKED(claim, identity, bucket, wanted_only))
        tp_redis_key(&words, prefix, (struct tp_str){claim->key, claim->key_len});
    size_t n_keys = words.n;
    tp_redis_word(&words, TP_STR(TP_HOME_REPAIR));
    for (EACH_ASKED(claim, identity, bucket, wanted_only))
        tp_redis_word(&words, tp_str(claim->wanted ? claim->owner : ""));
    status = tp_redis_eval(identity->redis, &tp_identity_claim_script, n_keys, &words, on_answers, call);
out:
    if (status < 0)
        free(call);
    tp_redis_words_free(&words);
    return status;
}

/* Round one asks for all; a later one only for what is to be claimed. */
static void start_round(struct tp_identity *identity) {
    bool wanted_only = ++identity->round > 1;
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

int tp_identity_resolve(struct tp_identity *identity, struct tp_identity_request *requests, size_t n,
                        tp_identity_done *done, void *arg) {
    identity->requests = requests;
    identity->n_requests = n;
    identity->done = done;
    identity->arg = arg;
    identity->round = 0;
    identity->status = 0;
    if (gather(identity) < 0) {
        clear(identity);
        return TP_ENOMEM;
    }
    start_round(identity);
    return 0;
}

/* ---- life ---- */

static void read_types(struct tp_identity *identity, const char *text) {
    while (*text != '\0' && identity->n_types < MAX_TYPES) {
        size_t len = strcspn(text, ", ");
        if (len > 0)
            identity->types[identity->n_types++] = (struct tp_str){text, len};
        text += len + strspn(text + len, ", ");
    }
}

int tp_identity_new(const struct tp_settings *settings, struct tp_redis *redis, struct tp_identity **ret) {
    struct tp_identity *identity = calloc(1, sizeof *identity);
    if (!identity)
        return TP_ENOMEM;
    identity->settings = settings;
    identity->redis = redis;
    identity->buckets = calloc(settings->redis.buckets, sizeof(struct claim *));
    if (!identity->buckets) {
        free(identity);
        return TP_ENOMEM;
    }
    read_types(identity, settings->identity.types);
    *ret = identity;
    return 0;
}

void tp_identity_free(struct tp_identity *identity) {
    if (!identity)
        return;
    clear(identity);
    free(identity->buckets);
    free(identity);
}
