/* Private to the choice (choose.c): a request while it is chosen for, and who does what for it: what customers list of
 * its identifiers (listing.c), whom it joins (joining.c), and what comes of it (noting.c). */
#pragma once

#include <string.h>

#include "daemon/identity/internal.h"

/* A request while it is chosen for. */
struct tp_choosing {
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

static inline bool tp_choosing_leads(const struct tp_choosing *choosing, const struct tp_claim *claim) {
    return choosing->shared_leads || !claim->shared;
}

static inline bool tp_claim_is_owned(const struct tp_claim *claim) { return claim->owner[0] != '\0'; }

static inline const char *tp_choosing_root_of(const struct tp_choosing *choosing, const struct tp_claim *claim) {
    return tp_people_root(choosing->identity, claim->owner);
}

static inline size_t tp_choosing_index_of(const struct tp_choosing *choosing, const struct tp_claim *claim) {
    size_t i = 0;
    while (choosing->claims[i] != claim)
        i++;
    return i;
}

static inline struct tp_identifier tp_choosing_identifier_of(const struct tp_choosing *choosing,
                                                             const struct tp_claim *claim) {
    return choosing->request->interaction->identifiers[tp_choosing_index_of(choosing, claim)];
}

/* ---- listing.c ---- */

/* What a customer has, here: in Redis when the listings are made. */
static inline struct tp_str tp_lines_of(const struct tp_view *view) { return tp_buf_str(&view->look.identifiers); }
/* From now on the customer has identifier `i`. */
void tp_listing_add(struct tp_choosing *choosing, struct tp_view *view, size_t i);
/* And what was claimed for it, and it does not list yet. */
void tp_listing_add_claimed(struct tp_choosing *choosing, struct tp_view *view);
/* What it lists is what was claimed for it, as far as this interaction knows. */
void tp_listing_put_right(struct tp_choosing *choosing, struct tp_view *view);
/* What the request's customers got is to be listed in Redis. */
void tp_listing_write(struct tp_choosing *choosing);

/* ---- joining.c ---- */

/* Each identifier that leads to another customer than the choice: they are joined, or it is a conflict. */
enum tp_choice tp_join_all(struct tp_choosing *choosing);

/* ---- noting.c ---- */

/* It is chosen: whose it is, what is another's, and who is to be asked first. */
void tp_note_chosen(struct tp_choosing *choosing);
