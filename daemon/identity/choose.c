/* Whose an interaction is. What is said of customers is what Redis said in this batch, and what the interactions before
 * this one bring, which is written back in one go. So a choice needs no call of its own, but for a merge. */
#include "daemon/identity/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/mapping.h"
#include "common/time.h"

/* A request while it is chosen for. */
struct choosing {
    struct tp_identity *identity;
    struct tp_identity_request *request;
    struct tp_claim **claims;
    size_t n;
    bool shared_leads;       /* it names nothing else */
    struct tp_claim *anchor; /* the strongest that leads, */
    struct tp_claim *known;  /* and of those that somebody has */
    struct tp_view *view;    /* the choice; NULL while it need not be looked at */
    const char *root;
};

static bool leads(const struct choosing *choosing, const struct tp_claim *claim) {
    return choosing->shared_leads || !claim->shared;
}

static bool is_owned(const struct tp_claim *claim) { return claim->owner[0] != '\0'; }

static const char *root_of(const struct choosing *choosing, const struct tp_claim *claim) {
    return tp_people_root(choosing->identity, claim->owner);
}

static size_t index_of(const struct choosing *choosing, const struct tp_claim *claim) {
    size_t i = 0;
    while (choosing->claims[i] != claim)
        i++;
    return i;
}

static struct tp_identifier identifier_of(const struct choosing *choosing, const struct tp_claim *claim) {
    return choosing->request->interaction->identifiers[index_of(choosing, claim)];
}

/* Among equals, the one sent first. */
static void find_strongest(struct choosing *choosing) {
    choosing->shared_leads = true;
    for (size_t i = 0; i < choosing->n; i++)
        choosing->shared_leads = choosing->shared_leads && choosing->claims[i]->shared;
    for (size_t i = 0; i < choosing->n; i++) {
        struct tp_claim *claim = choosing->claims[i];
        if (!leads(choosing, claim))
            continue;
        if (!choosing->anchor || claim->strength < choosing->anchor->strength)
            choosing->anchor = claim;
        if (is_owned(claim) && (!choosing->known || claim->strength < choosing->known->strength))
            choosing->known = claim;
    }
}

static struct choosing begin(struct tp_identity *identity, struct tp_identity_request *request) {
    struct choosing choosing = {.identity = identity,
                                .request = request,
                                .claims = tp_claims_of(identity, request),
                                .n = request->interaction->n_identifiers};
    find_strongest(&choosing);
    return choosing;
}

/* Nothing is to be decided: all that lead somewhere lead to one, and whatever else there is has an owner. */
static bool is_plain(const struct choosing *choosing) {
    if (!choosing->known)
        return false;
    for (size_t i = 0; i < choosing->n; i++) {
        const struct tp_claim *claim = choosing->claims[i];
        if (!is_owned(claim))
            return false;
        if (leads(choosing, claim) && strcmp(root_of(choosing, claim), root_of(choosing, choosing->known)) != 0)
            return false;
    }
    return true;
}

bool tp_choose_survey(struct tp_identity *identity, const struct tp_identity_request *request) {
    struct choosing choosing = begin(identity, (struct tp_identity_request *)(uintptr_t)request);
    bool closely = choosing.known && !request->led_by[0] && !is_plain(&choosing), wants = false;
    if (request->led_by[0])
        wants = tp_people_want(identity, request->led_by, false);
    for (size_t i = 0; i < choosing.n; i++) {
        const struct tp_claim *claim = choosing.claims[i];
        if (is_owned(claim) && !claim->broken)
            wants = tp_people_want(identity, claim->owner, closely && leads(&choosing, claim)) || wants;
    }
    return wants;
}

/* ---- what a customer gets ---- */

static struct tp_str lines_of(const struct tp_view *view) { return tp_buf_str(&view->look.identifiers); }

static void add_line(struct tp_identifier identifier, struct tp_buf *out) {
    tp_buf_addstr(out, identifier.type);
    tp_buf_addc(out, '\t');
    tp_buf_addstr(out, identifier.value);
    tp_buf_addc(out, '\n');
}

/* Where it stands, from the LF before it; NULL when it is not there. */
static char *find_line(const struct tp_view *view, struct tp_identifier identifier) {
    struct tp_buf line = TP_BUF_INIT;
    tp_buf_addc(&line, '\n');
    add_line(identifier, &line);
    struct tp_str lines = lines_of(view);
    char *at = lines.len > 0 && !line.failed ? memmem(lines.at, lines.len, line.at, line.len) : NULL;
    tp_buf_free(&line);
    return at;
}

static bool has_line(const struct tp_view *view, struct tp_identifier identifier) {
    return find_line(view, identifier) != NULL;
}

static struct tp_customer_listing *add_listing(struct tp_identity *identity) {
    if (identity->n_listings == identity->most_listings) {
        size_t most = identity->most_listings ? 2 * identity->most_listings : 64;
        struct tp_customer_listing *listings = reallocarray(identity->listings, most, sizeof *listings);
        if (!listings)
            return NULL;
        identity->listings = listings;
        identity->most_listings = most;
    }
    struct tp_customer_listing *listing = &identity->listings[identity->n_listings++];
    *listing = (struct tp_customer_listing){0};
    return listing;
}

/* From now on the customer has it, here; in Redis when the listings are made. */
static void list(struct choosing *choosing, struct tp_view *view, size_t i) {
    const struct tp_identifier identifier = choosing->request->interaction->identifiers[i];
    struct tp_buf *lines = &view->look.identifiers;
    if (has_line(view, identifier))
        return;
    if (!view->gained)
        view->before = view->look.version;
    view->gained |= UINT32_C(1) << i;
    view->look.version.n_identifiers++;
    if (lines->len == 0)
        tp_buf_addc(lines, '\n');
    add_line(identifier, lines);
    if (lines->failed)
        choosing->identity->status = TP_ENOMEM;
}

/* In the order of the interaction, in which an append without a list would attach them. */
static void write_lines(struct choosing *choosing, struct tp_view *view, const struct tp_interaction *origin) {
    const struct tp_interaction *interaction = choosing->request->interaction;
    struct tp_customer_listing *listing = add_listing(choosing->identity);
    if (!listing) {
        choosing->identity->status = TP_ENOMEM;
        return;
    }
    memcpy(listing->customer_id, view->look.customer_id, TP_UUID_TEXT);
    listing->version = view->before;
    listing->received_ms = origin->received_ms;
    tp_mapping_origin(origin->source, origin->id, &listing->lines);
    tp_buf_addc(&listing->lines, '\n');
    for (size_t i = 0; i < choosing->n; i++)
        if (view->gained >> i & 1)
            add_line(interaction->identifiers[i], &listing->lines);
    view->gained = 0;
    if (listing->lines.failed)
        choosing->identity->status = TP_ENOMEM;
}

static void write_listing(struct choosing *choosing, struct tp_view *view) {
    if (view && view->gained)
        write_lines(choosing, view, choosing->request->interaction);
}

static void write_listings(struct choosing *choosing) {
    write_listing(choosing, choosing->view);
    for (size_t i = 0; i < choosing->n; i++)
        write_listing(choosing, tp_people_view(choosing->identity, root_of(choosing, choosing->claims[i])));
}

/* What somebody has claimed for this customer or a member, and has not got to list: the one identifier that a new
 * customer is known by may be claimed before it is listed. Where it was an interaction of this batch, that is whom it
 * comes from.
 */
static void list_claimed(struct choosing *choosing, struct tp_view *view) {
    const struct tp_identity *identity = choosing->identity;
    for (size_t i = 0; i < choosing->n; i++) {
        const struct tp_identity_request *first = &identity->requests[choosing->claims[i]->first];
        if (strcmp(root_of(choosing, choosing->claims[i]), view->look.customer_id) != 0)
            continue;
        if (first != choosing->request)
            write_listing(choosing, view);
        list(choosing, view, i);
        if (first != choosing->request && view->gained)
            write_lines(choosing, view, first->interaction);
    }
}

/* It is listed here, and was claimed for another: a wish may not come true. Whom a shared one leads to is not looked
 * at, and it counts for nothing.
 */
static bool is_lost(const struct choosing *choosing, const struct tp_view *view, size_t i) {
    const struct tp_claim *claim = choosing->claims[i];
    return is_owned(claim) && !claim->wanted && leads(choosing, claim) &&
           strcmp(root_of(choosing, claim), view->look.customer_id) != 0 &&
           has_line(view, choosing->request->interaction->identifiers[i]);
}

static void cut_line(struct tp_view *view, struct tp_identifier identifier) {
    struct tp_buf *lines = &view->look.identifiers;
    char *line = find_line(view, identifier);
    size_t len = identifier.type.len + 1 + identifier.value.len + 1;
    memmove(line, line + len, (size_t)(lines->at + lines->len - line) - len);
    lines->len -= len;
    view->look.version.n_identifiers--;
}

static void write_lost(struct choosing *choosing, struct tp_view *view, struct tp_customer_listing *listing) {
    memcpy(listing->customer_id, view->look.customer_id, TP_UUID_TEXT);
    listing->version = view->look.version;
    for (size_t i = 0; i < choosing->n; i++) {
        if (!is_lost(choosing, view, i))
            continue;
        tp_buf_adds(&listing->lost, choosing->claims[i]->owner);
        tp_buf_addc(&listing->lost, '\t');
        add_line(choosing->request->interaction->identifiers[i], &listing->lost);
        cut_line(view, choosing->request->interaction->identifiers[i]);
    }
    view->look.version.generation++;
}

/* What somebody listed with this customer, also one who died, and another was quicker to claim. It would speak for a
 * customer, or against one, that it does not belong to. */
static void take_back(struct choosing *choosing, struct tp_view *view) {
    size_t i = 0;
    while (i < choosing->n && !is_lost(choosing, view, i))
        i++;
    if (i == choosing->n)
        return;
    write_listing(choosing, view);
    struct tp_customer_listing *listing = add_listing(choosing->identity);
    if (listing)
        write_lost(choosing, view, listing);
    if (!listing || listing->lost.failed)
        choosing->identity->status = TP_ENOMEM;
}

static void write_lost_claim(struct tp_identity *identity, const struct tp_claim *claim) {
    struct tp_str value = {claim->key, claim->key_len}, type = tp_str_cut(&value, ':');
    struct tp_customer_listing *listing = add_listing(identity);
    if (!listing) {
        identity->status = TP_ENOMEM;
        return;
    }
    memcpy(listing->customer_id, claim->lost, TP_UUID_TEXT);
    listing->as_it_is = true;
    tp_buf_adds(&listing->lost, claim->owner);
    tp_buf_addc(&listing->lost, '\t');
    add_line((struct tp_identifier){type, value}, &listing->lost);
}

void tp_choose_lost(struct tp_identity *identity) {
    for (struct tp_claim *claim = identity->claims; claim; claim = claim->hh.next) {
        if (claim->lost[0])
            write_lost_claim(identity, claim);
        claim->lost[0] = '\0';
    }
}

/* What it lists is what was claimed for it, as far as this interaction knows. */
static void put_right(struct choosing *choosing, struct tp_view *view) {
    take_back(choosing, view);
    list_claimed(choosing, view);
}

/* ---- merges ---- */

/* When, by what, and the two identifiers, that of the survivor first. */
static void write_evidence(const struct choosing *choosing, size_t survivors, size_t losers, struct tp_buf *out) {
    const struct tp_interaction *interaction = choosing->request->interaction;
    const size_t which[] = {survivors, losers};
    tp_buf_clear(out);
    tp_buf_addi(out, interaction->received_ms);
    tp_buf_addc(out, '\t');
    tp_mapping_origin(interaction->source, interaction->id, out);
    for (size_t i = 0; i < 2; i++) {
        const struct tp_identifier *identifier = &interaction->identifiers[which[i]];
        tp_buf_addc(out, '\t');
        tp_buf_addstr(out, identifier->type);
        tp_buf_addc(out, '\t');
        tp_buf_addstr(out, identifier->value);
    }
}

static void prepare_merge(struct choosing *choosing, const struct tp_view *other, size_t i) {
    struct tp_customer_merge *merge = &choosing->identity->next.merge;
    struct tp_buf *evidence = &choosing->identity->next.evidence;
    bool stays = strcmp(choosing->view->look.customer_id, other->look.customer_id) < 0;
    const struct tp_customer_look *survivor = stays ? &choosing->view->look : &other->look;
    const struct tp_customer_look *loser = stays ? &other->look : &choosing->view->look;
    size_t anchor = index_of(choosing, choosing->anchor);
    write_evidence(choosing, stays ? anchor : i, stays ? i : anchor, evidence);
    memcpy(merge->survivor, survivor->customer_id, TP_UUID_TEXT);
    memcpy(merge->loser, loser->customer_id, TP_UUID_TEXT);
    merge->survivor_version = survivor->version;
    merge->loser_version = loser->version;
    merge->evidence = tp_buf_str(evidence);
    choosing->identity->next.claims[0] = choosing->anchor;
    choosing->identity->next.claims[1] = choosing->claims[i];
    choosing->identity->next.received_ms = choosing->request->interaction->received_ms;
    if (evidence->failed)
        choosing->identity->status = TP_ENOMEM;
}

static unsigned merges_into(const struct tp_view *one, const struct tp_view *other) {
    bool first = strcmp(one->look.customer_id, other->look.customer_id) < 0;
    return first ? one->look.merges : other->look.merges;
}

static bool has_begun(const struct tp_identity *identity) {
    return identity->n_listings > 0 || tp_claims_wanted(identity);
}

static enum tp_against against_merge(const struct choosing *choosing, const struct tp_view *other, size_t i) {
    if (tp_rules_split(tp_buf_str(&choosing->view->look.notes), tp_buf_str(&other->look.notes)))
        return TP_AGAINST_SPLIT;
    return tp_rules_merge(&choosing->identity->rules, lines_of(choosing->view), lines_of(other),
                          choosing->request->interaction->identifiers[i].type, merges_into(choosing->view, other));
}

/* An identifier that leads to another customer than the choice: they are joined, or it is a conflict. */
static enum tp_choice join(struct choosing *choosing, size_t i) {
    struct tp_identity *identity = choosing->identity;
    struct tp_view *other = tp_people_view(identity, root_of(choosing, choosing->claims[i]));
    if (!other || !choosing->view)
        return TP_CHOSEN_LATER;
    put_right(choosing, choosing->view);
    put_right(choosing, other);
    write_listings(choosing);
    enum tp_against against = against_merge(choosing, other, i);
    choosing->request->against[i] = (unsigned char)against;
    if (against)
        return TP_CHOSEN;
    if (has_begun(identity))
        return TP_CHOSEN_LATER;
    prepare_merge(choosing, other, i);
    return TP_CHOSEN_MERGE;
}

static enum tp_choice join_all(struct choosing *choosing) {
    enum tp_choice choice = TP_CHOSEN;
    for (size_t i = 0; choice == TP_CHOSEN && i < choosing->n; i++) {
        const struct tp_claim *claim = choosing->claims[i];
        if (is_owned(claim) && leads(choosing, claim) && strcmp(root_of(choosing, claim), choosing->root) != 0 &&
            !choosing->shared_leads)
            choice = join(choosing, i);
    }
    return choice;
}

/* ---- the choice ---- */

static void choose_new(struct choosing *choosing) {
    choosing->view = tp_people_make(choosing->identity);
    choosing->root = choosing->view ? choosing->view->look.customer_id : "";
}

/* The anchor's customer; where nobody has it, that of the strongest that somebody has, if the anchor may be its. */
static void choose_root(struct choosing *choosing) {
    struct tp_identity *identity = choosing->identity;
    if (!choosing->known) {
        choose_new(choosing);
        return;
    }
    choosing->root = root_of(choosing, choosing->known);
    choosing->view = tp_people_view(identity, choosing->root);
    if (is_owned(choosing->anchor) || !choosing->view)
        return;
    put_right(choosing, choosing->view);
    if (!choosing->anchor->shared &&
        tp_rules_attach(&identity->rules, lines_of(choosing->view), identifier_of(choosing, choosing->anchor),
                        identifier_of(choosing, choosing->known).type))
        choose_new(choosing);
}

/* A free one becomes the choice's, if it may. */
static void take_free(struct choosing *choosing, size_t i) {
    struct tp_claim *claim = choosing->claims[i];
    const struct tp_identifier identifier = choosing->request->interaction->identifiers[i];
    enum tp_against against = TP_AGAINST_NOTHING;
    if (claim != choosing->anchor && !claim->shared)
        against = tp_rules_attach(&choosing->identity->rules, lines_of(choosing->view), identifier,
                                  identifier_of(choosing, choosing->anchor).type);
    choosing->request->against[i] = (unsigned char)against;
    if (against)
        return;
    list(choosing, choosing->view, i);
    memcpy(claim->owner, choosing->root, TP_UUID_TEXT);
    claim->wanted = true;
}

static void take_all_free(struct choosing *choosing) {
    list_claimed(choosing, choosing->view);
    for (size_t i = 0; i < choosing->n; i++)
        if (!is_owned(choosing->claims[i]))
            take_free(choosing, i);
}

/* Of whom this one leads to, if it is that one's member. */
static uint64_t bound_of(const struct choosing *choosing, const char *claimant) {
    const struct tp_person *person = tp_people_find(choosing->identity, claimant);
    return person && person->root[0] ? person->bound : 0;
}

static void note(struct choosing *choosing) {
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
        if (!is_owned(claim) || strcmp(root_of(choosing, claim), choosing->root) != 0) {
            request->others |= bit;
        } else {
            request->of_members |= bit;
            request->bound = bound > request->bound ? bound : request->bound;
        }
    }
}

/* It may be the one that everybody comes with, or the anchor. */
static void note_tie(struct choosing *choosing, struct tp_claim *claim) {
    const char *other = root_of(choosing, claim);
    int64_t received_ms = choosing->request->interaction->received_ms;
    if (claim->shared)
        return;
    tp_ties_note(choosing->identity, claim, other, choosing->root, received_ms);
    tp_ties_note(choosing->identity, choosing->anchor, choosing->root, other, received_ms);
}

/* Values that are another customer's than the event, which would have tied the two. */
static void note_ties(struct choosing *choosing) {
    for (size_t i = 0; i < choosing->n; i++) {
        struct tp_claim *claim = choosing->claims[i];
        if (is_owned(claim) && strcmp(root_of(choosing, claim), choosing->root) != 0)
            note_tie(choosing, claim);
    }
}

/* The strongest of those whose type is not shared. */
static const struct tp_claim *find_arbiter(const struct choosing *choosing) {
    const struct tp_claim *arbiter = NULL;
    for (size_t i = 0; i < choosing->n; i++) {
        const struct tp_claim *claim = choosing->claims[i];
        if ((!claim->shared || claim->demoted) && (!arbiter || claim->strength < arbiter->strength))
            arbiter = claim;
    }
    return arbiter;
}

/* The customer that a demoted value leads to is asked before the event goes to another. */
static void note_arbiter(const struct choosing *choosing) {
    struct tp_identity_request *request = choosing->request;
    const struct tp_claim *arbiter = find_arbiter(choosing);
    request->arbiter[0] = '\0';
    if (!arbiter || !arbiter->demoted || request->led_by[0] || request->interaction->identifies ||
        strcmp(root_of(choosing, arbiter), choosing->root) == 0)
        return;
    memcpy(request->arbiter, root_of(choosing, arbiter), TP_UUID_TEXT);
    request->arbiter_bound = bound_of(choosing, arbiter->owner);
    request->arbiter_for = index_of(choosing, arbiter);
}

static bool is_broken(const struct choosing *choosing) {
    for (size_t i = 0; i < choosing->n; i++) {
        const struct tp_claim *claim = choosing->claims[i];
        const struct tp_view *view = tp_people_view(choosing->identity, root_of(choosing, claim));
        if (claim->broken || (view && view->look.broken))
            return true;
    }
    return false;
}

static void note_all(struct choosing *choosing) {
    note(choosing);
    note_arbiter(choosing);
    if (!choosing->request->led_by[0])
        note_ties(choosing);
}

/* The anchor first, since what speaks against the others is asked of whom it is. */
static enum tp_choice choose_closely(struct choosing *choosing) {
    if (!choosing->view || !choosing->anchor)
        return TP_CHOSEN_LATER;
    if (!is_owned(choosing->anchor))
        take_free(choosing, index_of(choosing, choosing->anchor));
    enum tp_choice choice = join_all(choosing);
    if (choice == TP_CHOSEN)
        take_all_free(choosing);
    write_listings(choosing);
    return choice;
}

enum tp_choice tp_choose(struct tp_identity *identity, struct tp_identity_request *request) {
    struct choosing choosing = begin(identity, request);
    bool plain = is_plain(&choosing);
    memset(request->against, 0, sizeof request->against);
    request->status = is_broken(&choosing) ? TP_ECORRUPT : 0;
    if (request->status < 0)
        return TP_CHOSEN;
    if (request->led_by[0]) {
        choosing.root = tp_people_root(identity, request->led_by);
        note_all(&choosing);
        return TP_CHOSEN;
    }
    choose_root(&choosing);
    enum tp_choice choice = plain ? TP_CHOSEN : choose_closely(&choosing);
    if (choice == TP_CHOSEN)
        note_all(&choosing);
    return choice;
}
