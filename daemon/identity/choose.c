/* Whose an interaction is. What is said of customers is what Redis said in this batch, and what the interactions before
 * this one bring, which is written back in one go. So a choice needs no call of its own, but for a merge. */
#include "daemon/identity/choosing.h"

#include "common/error.h"

/* Among equals, the one sent first. */
static void find_strongest(struct tp_choosing *choosing) {
    choosing->shared_leads = true;
    for (size_t i = 0; i < choosing->n; i++)
        choosing->shared_leads = choosing->shared_leads && choosing->claims[i]->shared;
    for (size_t i = 0; i < choosing->n; i++) {
        struct tp_claim *claim = choosing->claims[i];
        if (!tp_choosing_leads(choosing, claim))
            continue;
        if (!choosing->anchor || claim->strength < choosing->anchor->strength)
            choosing->anchor = claim;
        if (tp_claim_is_owned(claim) && (!choosing->known || claim->strength < choosing->known->strength))
            choosing->known = claim;
    }
}

static struct tp_choosing begin(struct tp_identity *identity, struct tp_identity_request *request) {
    struct tp_choosing choosing = {.identity = identity,
                                   .request = request,
                                   .claims = tp_claims_of(identity, request),
                                   .n = request->interaction->n_identifiers};
    find_strongest(&choosing);
    return choosing;
}

/* Nothing is to be decided: all that lead somewhere lead to one, and whatever else there is has an owner. */
static bool is_plain(const struct tp_choosing *choosing) {
    if (!choosing->known)
        return false;
    for (size_t i = 0; i < choosing->n; i++) {
        const struct tp_claim *claim = choosing->claims[i];
        if (!tp_claim_is_owned(claim))
            return false;
        if (tp_choosing_leads(choosing, claim) &&
            strcmp(tp_choosing_root_of(choosing, claim), tp_choosing_root_of(choosing, choosing->known)) != 0)
            return false;
    }
    return true;
}

bool tp_choose_survey(struct tp_identity *identity, const struct tp_identity_request *request) {
    struct tp_choosing choosing = begin(identity, (struct tp_identity_request *)(uintptr_t)request);
    bool closely = choosing.known && !request->led_by[0] && !is_plain(&choosing), wants = false;
    if (request->led_by[0])
        wants = tp_people_want(identity, request->led_by, false);
    for (size_t i = 0; i < choosing.n; i++) {
        const struct tp_claim *claim = choosing.claims[i];
        if (tp_claim_is_owned(claim) && !claim->broken)
            wants = tp_people_want(identity, claim->owner, closely && tp_choosing_leads(&choosing, claim)) || wants;
    }
    return wants;
}

/* ---- the choice ---- */

static void choose_new(struct tp_choosing *choosing) {
    choosing->view = tp_people_make(choosing->identity);
    choosing->root = choosing->view ? choosing->view->look.customer_id : "";
}

/* The anchor's customer; where nobody has it, that of the strongest that somebody has, if the anchor may be its. */
static void choose_root(struct tp_choosing *choosing) {
    struct tp_identity *identity = choosing->identity;
    if (!choosing->known) {
        choose_new(choosing);
        return;
    }
    choosing->root = tp_choosing_root_of(choosing, choosing->known);
    choosing->view = tp_people_view(identity, choosing->root);
    if (tp_claim_is_owned(choosing->anchor) || !choosing->view)
        return;
    tp_listing_put_right(choosing, choosing->view);
    if (!choosing->anchor->shared && tp_rules_attach(&identity->rules, tp_lines_of(choosing->view),
                                                     tp_choosing_identifier_of(choosing, choosing->anchor),
                                                     tp_choosing_identifier_of(choosing, choosing->known).type))
        choose_new(choosing);
}

/* A free one becomes the choice's, if it may. */
static void take_free(struct tp_choosing *choosing, size_t i) {
    struct tp_claim *claim = choosing->claims[i];
    const struct tp_identifier identifier = choosing->request->interaction->identifiers[i];
    enum tp_against against = TP_AGAINST_NOTHING;
    if (claim != choosing->anchor && !claim->shared)
        against = tp_rules_attach(&choosing->identity->rules, tp_lines_of(choosing->view), identifier,
                                  tp_choosing_identifier_of(choosing, choosing->anchor).type);
    choosing->request->against[i] = (unsigned char)against;
    if (against)
        return;
    tp_listing_add(choosing, choosing->view, i);
    memcpy(claim->owner, choosing->root, TP_UUID_TEXT);
    claim->wanted = true;
}

static void take_all_free(struct tp_choosing *choosing) {
    tp_listing_add_claimed(choosing, choosing->view);
    for (size_t i = 0; i < choosing->n; i++)
        if (!tp_claim_is_owned(choosing->claims[i]))
            take_free(choosing, i);
}

static bool is_broken(const struct tp_choosing *choosing) {
    for (size_t i = 0; i < choosing->n; i++) {
        const struct tp_claim *claim = choosing->claims[i];
        const struct tp_view *view = tp_people_view(choosing->identity, tp_choosing_root_of(choosing, claim));
        if (claim->broken || (view && view->look.broken))
            return true;
    }
    return false;
}

/* The anchor first, since what speaks against the others is asked of whom it is. */
static enum tp_choice choose_closely(struct tp_choosing *choosing) {
    if (!choosing->view || !choosing->anchor)
        return TP_CHOSEN_LATER;
    if (!tp_claim_is_owned(choosing->anchor))
        take_free(choosing, tp_choosing_index_of(choosing, choosing->anchor));
    enum tp_choice choice = tp_join_all(choosing);
    if (choice == TP_CHOSEN)
        take_all_free(choosing);
    tp_listing_write(choosing);
    return choice;
}

enum tp_choice tp_choose(struct tp_identity *identity, struct tp_identity_request *request) {
    struct tp_choosing choosing = begin(identity, request);
    bool plain = is_plain(&choosing);
    memset(request->against, 0, sizeof request->against);
    request->status = is_broken(&choosing) ? TP_ECORRUPT : 0;
    if (request->status < 0)
        return TP_CHOSEN;
    if (request->led_by[0]) {
        choosing.root = tp_people_root(identity, request->led_by);
        tp_note_chosen(&choosing);
        return TP_CHOSEN;
    }
    choose_root(&choosing);
    enum tp_choice choice = plain ? TP_CHOSEN : choose_closely(&choosing);
    if (choice == TP_CHOSEN)
        tp_note_chosen(&choosing);
    return choice;
}
