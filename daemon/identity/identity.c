/* A batch is resolved in two rounds at most. Its distinct identifiers are gathered in one table (claims.c). Round one
 * looks them up; one that stands only in interactions without other identifiers cannot lead elsewhere, so it is claimed
 * in the same call. Then the interactions choose, in order, and what is still free is claimed for the choice in round
 * two. Another daemon may have been quicker: then its claim is what holds, and the interactions choose again, now with
 * every identifier known. */
#include "daemon/identity/identity.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/identity/internal.h"
#include "daemon/metrics/metrics.h"

/* ---- the choice ---- */

static bool all_shared(struct tp_claim *const *claims, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!claims[i]->shared)
            return false;
    return true;
}

/* The claim of the strongest identifier that has an owner; among equals, the one sent first. A shared one leads nowhere
 * where there is another, known or not: it may be somebody else who uses it this time. */
static struct tp_claim *strongest(struct tp_claim *const *claims, size_t n) {
    bool shared_leads = all_shared(claims, n);
    struct tp_claim *best = NULL;
    for (size_t i = 0; i < n; i++) {
        bool leads = claims[i]->owner[0] != '\0' && (shared_leads || !claims[i]->shared);
        if (leads && (!best || claims[i]->strength < best->strength))
            best = claims[i];
    }
    return best;
}

static bool any_broken(struct tp_claim *const *claims, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (claims[i]->broken)
            return true;
    return false;
}

/* What is free becomes the choice's; what is another's stays so: a bit each, of which TP_MAX_IDENTIFIERS has enough.
 * True when something is to be claimed. */
static bool take_or_note(struct tp_claim **claims, size_t n, struct tp_identity_request *request) {
    bool taken = false;
    request->others = 0;
    for (size_t i = 0; i < n; i++) {
        if (claims[i]->owner[0] == '\0') {
            memcpy(claims[i]->owner, request->customer_id, TP_UUID_TEXT);
            claims[i]->wanted = taken = true;
        } else if (memcmp(claims[i]->owner, request->customer_id, TP_UUID_TEXT) != 0) {
            request->others |= UINT32_C(1) << i;
        }
    }
    return taken;
}

/* True when something is to be claimed for the choice. */
static bool choose(struct tp_identity *identity, struct tp_identity_request *request) {
    struct tp_claim **claims = tp_claims_of(identity, request);
    size_t n = request->interaction->n_identifiers;
    request->status = any_broken(claims, n) ? TP_ECORRUPT : 0;
    if (request->status < 0)
        return false;
    struct tp_claim *best = strongest(claims, n);
    if (best) {
        memcpy(request->customer_id, best->owner, TP_UUID_TEXT);
    } else {
        tp_uuid_v7(tp_time_now_ms(), request->customer_id);
        tp_metrics_add(TP_M_IDENTITY_CREATED, 1);
    }
    return take_or_note(claims, n, request);
}

/* ---- the batch ---- */

static void finish(struct tp_identity *identity, int status) {
    tp_identity_done *done = identity->done;
    identity->done = NULL;
    if (status == 0)
        tp_metrics_add(TP_M_IDENTITY_RESOLVED, (int64_t)identity->n_requests);
    done(identity->arg, status);
}

static void choose_all(struct tp_identity *identity) {
    bool claims = false;
    for (struct tp_claim *claim = identity->claims; claim; claim = claim->hh.next)
        claim->wanted = false;
    for (size_t i = 0; i < identity->n_requests; i++)
        claims = choose(identity, &identity->requests[i]) || claims;
    if (claims)
        tp_claims_ask(identity);
    else
        finish(identity, 0);
}

void tp_identity_answered(struct tp_identity *identity, int status) {
    if (status < 0)
        finish(identity, status);
    else
        choose_all(identity);
}

int tp_identity_resolve(struct tp_identity *identity, uint64_t repair, struct tp_identity_request *requests, size_t n,
                        tp_identity_done *done, void *arg) {
    identity->repair = repair;
    identity->requests = requests;
    identity->n_requests = n;
    identity->done = done;
    identity->arg = arg;
    identity->round = 0;
    identity->status = 0;
    tp_claims_clear(identity);
    if (tp_claims_gather(identity) < 0)
        return TP_ENOMEM;
    tp_claims_ask(identity);
    return 0;
}

struct tp_str tp_identity_conflict(const struct tp_identity *identity, const struct tp_identity_request *request,
                                   size_t i) {
    const struct tp_claim *claim = tp_claims_of(identity, request)[i];
    bool conflicts = request->others >> i & 1 && !claim->shared;
    return conflicts ? tp_str(claim->owner) : (struct tp_str){0};
}

/* ---- life ---- */

static bool is_shared(const struct tp_settings *settings, struct tp_str type) {
    for (size_t i = 0; i < settings->n_identifiers; i++)
        if (tp_str_is(type, settings->identifiers[i].type))
            return settings->identifiers[i].shared;
    return false;
}

static void read_types(struct tp_identity *identity, const char *text) {
    while (*text != '\0' && identity->n_types < TP_MAX_TYPES) {
        struct tp_str type = {text, strcspn(text, ", ")};
        if (type.len > 0) {
            identity->shared[identity->n_types] = is_shared(identity->settings, type);
            identity->types[identity->n_types++] = type;
        }
        text += type.len + strspn(text + type.len, ", ");
    }
}

int tp_identity_new(const struct tp_settings *settings, struct tp_redis *redis, struct tp_identity **ret) {
    struct tp_identity *identity = calloc(1, sizeof *identity);
    if (!identity)
        return TP_ENOMEM;
    identity->settings = settings;
    identity->redis = redis;
    identity->buckets = calloc(settings->redis.buckets, sizeof(struct tp_claim *));
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
    tp_claims_clear(identity);
    tp_redis_words_free(&identity->words);
    free(identity->links);
    free(identity->buckets);
    free(identity);
}
