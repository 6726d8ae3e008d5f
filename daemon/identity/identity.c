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

static size_t strength(const struct tp_identity *identity, struct tp_str type) {
    size_t at = 0;
    while (at < identity->n_types && !tp_str_equal(identity->types[at], type))
        at++;
    return at;
}

/* The claim of the strongest identifier that has an owner; among equals, the one sent first. */
static struct tp_claim *strongest(struct tp_identity *identity, const struct tp_interaction *interaction) {
    struct tp_claim *best = NULL;
    size_t best_strength = SIZE_MAX;
    for (size_t i = 0; i < interaction->n_identifiers; i++) {
        struct tp_claim *claim = tp_claims_of(identity, &interaction->identifiers[i]);
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
        if (strcmp(tp_claims_of(identity, &interaction->identifiers[i])->owner, request->customer_id) != 0)
            others |= UINT32_C(1) << i;
    return others;
}

static bool is_broken(struct tp_identity *identity, const struct tp_interaction *interaction) {
    for (size_t i = 0; i < interaction->n_identifiers; i++)
        if (tp_claims_of(identity, &interaction->identifiers[i])->broken)
            return true;
    return false;
}

/* True when something is to be claimed for the choice. */
static bool choose(struct tp_identity *identity, struct tp_identity_request *request) {
    const struct tp_interaction *interaction = request->interaction;
    bool claims = false;
    struct tp_claim *best = strongest(identity, interaction);
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
        struct tp_claim *claim = tp_claims_of(identity, &interaction->identifiers[i]);
        if (claim->owner[0] == '\0') {
            memcpy(claim->owner, request->customer_id, TP_UUID_TEXT);
            claim->wanted = claims = true;
        }
    }
    request->others = owned_by_others(identity, request);
    return claims;
}

/* ---- the batch ---- */

static void finish(struct tp_identity *identity, int status) {
    tp_identity_done *done = identity->done;
    tp_claims_clear(identity);
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

int tp_identity_resolve(struct tp_identity *identity, struct tp_identity_request *requests, size_t n,
                        tp_identity_done *done, void *arg) {
    identity->requests = requests;
    identity->n_requests = n;
    identity->done = done;
    identity->arg = arg;
    identity->round = 0;
    identity->status = 0;
    if (tp_claims_gather(identity) < 0) {
        tp_claims_clear(identity);
        return TP_ENOMEM;
    }
    tp_claims_ask(identity);
    return 0;
}

/* ---- life ---- */

static void read_types(struct tp_identity *identity, const char *text) {
    while (*text != '\0' && identity->n_types < TP_MAX_TYPES) {
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
    free(identity->buckets);
    free(identity);
}
