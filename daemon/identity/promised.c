/* Values that a customer lists and that are claimed for another in the end. A turn is begun again where one of its
 * customers has changed meanwhile, and what it chooses then may be something else; and somebody else may be quicker to
 * claim. Either way the customer is not to go on listing them. */
#include "daemon/identity/internal.h"

#include <string.h>

#include "common/error.h"

/* ---- what was listed in a turn that is begun again ---- */

static struct tp_claim *claim_of(const struct tp_identity *identity, struct tp_str line) {
    char key[TP_MAX_IDENTIFIER_BYTES + 64];
    struct tp_claim *claim = NULL;
    if (line.len > sizeof key)
        return NULL;
    memcpy(key, line.at, line.len);
    char *tab = memchr(key, '\t', line.len);
    if (tab)
        *tab = ':';
    HASH_FIND(hh, identity->claims, key, line.len, claim);
    return claim;
}

static void note(struct tp_identity *identity, const struct tp_customer_listing *listing) {
    struct tp_str lines = tp_buf_str(&listing->lines);
    tp_str_cut(&lines, '\n'); /* the origin */
    while (lines.len > 0) {
        struct tp_claim *claim = claim_of(identity, tp_str_cut(&lines, '\n'));
        if (claim)
            memcpy(claim->promised, listing->customer_id, TP_UUID_TEXT);
    }
}

void tp_promised_note(struct tp_identity *identity) {
    for (size_t i = 0; i < identity->n_listings; i++)
        if (identity->listings[i].listed)
            note(identity, &identity->listings[i]);
}

bool tp_promised_broken(struct tp_identity *identity) {
    bool any = false;
    for (struct tp_claim *claim = identity->claims; claim; claim = claim->hh.next) {
        if (!claim->promised[0] || !claim->owner[0])
            continue;
        const char *root = tp_people_root(identity, claim->promised);
        if (strcmp(root, tp_people_root(identity, claim->owner)) != 0) {
            memcpy(claim->lost, root, TP_UUID_TEXT);
            any = true;
        }
        claim->promised[0] = '\0';
    }
    return any;
}

/* ---- taking it back ---- */

static void take_back(struct tp_identity *identity, const struct tp_claim *claim) {
    struct tp_str value = {claim->key, claim->key_len}, type = tp_str_cut(&value, ':');
    struct tp_customer_listing *listing = tp_listing_new(identity);
    if (!listing)
        return;
    memcpy(listing->customer_id, claim->lost, TP_UUID_TEXT);
    listing->as_it_is = true;
    tp_buf_adds(&listing->lost, claim->owner);
    tp_buf_addc(&listing->lost, '\t');
    tp_listing_write_line((struct tp_identifier){type, value}, &listing->lost);
}

void tp_promised_take_back(struct tp_identity *identity) {
    for (struct tp_claim *claim = identity->claims; claim; claim = claim->hh.next) {
        if (claim->lost[0])
            take_back(identity, claim);
        claim->lost[0] = '\0';
    }
}
