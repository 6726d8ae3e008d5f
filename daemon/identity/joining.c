/* Identifiers that lead to another customer than the choice: what speaks against it that the two are one, or the merge
 * that is to be made first. */
#include "daemon/identity/choosing.h"

#include "common/error.h"
#include "common/mapping.h"

/* When, by what, and the two identifiers, that of the survivor first. */
static void write_evidence(const struct tp_choosing *choosing, size_t survivors, size_t losers, struct tp_buf *out) {
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

static void prepare_merge(struct tp_choosing *choosing, const struct tp_view *other, size_t i) {
    struct tp_customer_merge *merge = &choosing->identity->next.merge;
    struct tp_buf *evidence = &choosing->identity->next.evidence;
    bool stays = strcmp(choosing->view->look.customer_id, other->look.customer_id) < 0;
    const struct tp_customer_look *survivor = stays ? &choosing->view->look : &other->look;
    const struct tp_customer_look *loser = stays ? &other->look : &choosing->view->look;
    size_t anchor = tp_choosing_index_of(choosing, choosing->anchor);
    write_evidence(choosing, stays ? anchor : i, stays ? i : anchor, evidence);
    memcpy(merge->survivor, survivor->customer_id, TP_UUID_TEXT);
    memcpy(merge->loser, loser->customer_id, TP_UUID_TEXT);
    merge->survivor_version = survivor->version;
    merge->loser_version = loser->version;
    merge->evidence = tp_buf_str(evidence);
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

static enum tp_against against_merge(const struct tp_choosing *choosing, const struct tp_view *other, size_t i) {
    if (tp_rules_split(tp_buf_str(&choosing->view->look.notes), tp_buf_str(&other->look.notes)))
        return TP_AGAINST_SPLIT;
    return tp_rules_merge(&choosing->identity->rules, tp_lines_of(choosing->view), tp_lines_of(other),
                          choosing->request->interaction->identifiers[i].type, merges_into(choosing->view, other));
}

/* An identifier that leads to another customer than the choice: they are joined, or it is a conflict. */
static enum tp_choice join(struct tp_choosing *choosing, size_t i) {
    struct tp_identity *identity = choosing->identity;
    struct tp_view *other = tp_people_view(identity, tp_choosing_root_of(choosing, choosing->claims[i]));
    if (!other || !choosing->view)
        return TP_CHOSEN_LATER;
    tp_listing_put_right(choosing, choosing->view);
    tp_listing_put_right(choosing, other);
    tp_listing_write(choosing);
    enum tp_against against = against_merge(choosing, other, i);
    choosing->request->against[i] = (unsigned char)against;
    if (against)
        return TP_CHOSEN;
    if (has_begun(identity))
        return TP_CHOSEN_LATER;
    prepare_merge(choosing, other, i);
    return TP_CHOSEN_MERGE;
}

enum tp_choice tp_join_all(struct tp_choosing *choosing) {
    enum tp_choice choice = TP_CHOSEN;
    for (size_t i = 0; choice == TP_CHOSEN && i < choosing->n; i++) {
        const struct tp_claim *claim = choosing->claims[i];
        if (tp_claim_is_owned(claim) && tp_choosing_leads(choosing, claim) &&
            strcmp(tp_choosing_root_of(choosing, claim), choosing->root) != 0 && !choosing->shared_leads)
            choice = join(choosing, i);
    }
    return choice;
}
