/* What comes of a choice: whose the interaction is, which of its identifiers are another's, whom these would have tied,
 * and who is to be asked before it goes there. */
#include "daemon/identity/choosing.h"

/* Of whom this one leads to, if it is that one's member. */
static uint64_t bound_of(const struct tp_choosing *choosing, const char *claimant) {
    const struct tp_person *person = tp_people_find(choosing->identity, claimant);
    return person && person->root[0] ? person->bound : 0;
}

/* Bound to the root as it was when the first of its members here was looked at: it may have given that one up since. */
static void note(struct tp_choosing *choosing) {
    struct tp_identity_request *request = choosing->request;
    memcpy(request->customer_id, choosing->root, TP_UUID_TEXT);
    request->others = request->of_members = 0;
    request->bound = request->led_by[0] ? bound_of(choosing, request->led_by) : 0;
    for (size_t i = 0; i < choosing->n; i++) {
        const struct tp_claim *claim = choosing->claims[i];
        uint64_t bound = bound_of(choosing, claim->owner);
        uint32_t bit = UINT32_C(1) << i;
        if (strcmp(claim->owner, choosing->root) == 0)
            continue;
        if (!tp_claim_is_owned(claim) || strcmp(tp_choosing_root_of(choosing, claim), choosing->root) != 0) {
            request->others |= bit;
        } else {
            request->of_members |= bit;
            request->bound = request->bound == 0 || bound < request->bound ? bound : request->bound;
        }
    }
}

/* It may be the one that everybody comes with, or the anchor. */
static void note_tie(struct tp_choosing *choosing, struct tp_claim *claim) {
    const char *other = tp_choosing_root_of(choosing, claim);
    int64_t received_ms = choosing->request->interaction->received_ms;
    if (claim->shared)
        return;
    tp_ties_note(choosing->identity, claim, other, choosing->root, received_ms);
    tp_ties_note(choosing->identity, choosing->anchor, choosing->root, other, received_ms);
}

/* Values that are another customer's than the event, which would have tied the two. */
static void note_ties(struct tp_choosing *choosing) {
    for (size_t i = 0; i < choosing->n; i++) {
        struct tp_claim *claim = choosing->claims[i];
        if (tp_claim_is_owned(claim) && strcmp(tp_choosing_root_of(choosing, claim), choosing->root) != 0)
            note_tie(choosing, claim);
    }
}

/* The strongest of those whose type is not shared. */
static const struct tp_claim *find_arbiter(const struct tp_choosing *choosing) {
    const struct tp_claim *arbiter = NULL;
    for (size_t i = 0; i < choosing->n; i++) {
        const struct tp_claim *claim = choosing->claims[i];
        if ((!claim->shared || claim->demoted) && (!arbiter || claim->strength < arbiter->strength))
            arbiter = claim;
    }
    return arbiter;
}

/* The customer that a demoted value leads to is asked before the event goes to another. */
static void note_arbiter(const struct tp_choosing *choosing) {
    struct tp_identity_request *request = choosing->request;
    const struct tp_claim *arbiter = find_arbiter(choosing);
    request->arbiter[0] = '\0';
    if (!arbiter || !arbiter->demoted || request->led_by[0] || request->interaction->identifies ||
        strcmp(tp_choosing_root_of(choosing, arbiter), choosing->root) == 0)
        return;
    memcpy(request->arbiter, tp_choosing_root_of(choosing, arbiter), TP_UUID_TEXT);
    request->arbiter_bound = bound_of(choosing, arbiter->owner);
    request->arbiter_for = tp_choosing_index_of(choosing, arbiter);
}

void tp_note_chosen(struct tp_choosing *choosing) {
    note(choosing);
    note_arbiter(choosing);
    if (!choosing->request->led_by[0])
        note_ties(choosing);
}
