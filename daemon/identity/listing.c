/* What customers list of a request's identifiers: what they get, what was claimed for them, and what they listed and
 * another was quicker to claim. It is so here at once, and in Redis when the listings are made. */
#include "daemon/identity/choosing.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/mapping.h"

void tp_listing_write_line(struct tp_identifier identifier, struct tp_buf *out) {
    tp_buf_addstr(out, identifier.type);
    tp_buf_addc(out, '\t');
    tp_buf_addstr(out, identifier.value);
    tp_buf_addc(out, '\n');
}

/* Where it stands, from the LF before it; NULL when it is not there. */
static char *find_line(const struct tp_view *view, struct tp_identifier identifier) {
    struct tp_buf line = TP_BUF_INIT;
    tp_buf_addc(&line, '\n');
    tp_listing_write_line(identifier, &line);
    struct tp_str lines = tp_lines_of(view);
    char *at = lines.len > 0 && !line.failed ? memmem(lines.at, lines.len, line.at, line.len) : NULL;
    tp_buf_free(&line);
    return at;
}

static bool has_line(const struct tp_view *view, struct tp_identifier identifier) {
    return find_line(view, identifier) != NULL;
}

struct tp_customer_listing *tp_listing_new(struct tp_identity *identity) {
    if (identity->n_listings == identity->most_listings) {
        size_t most = identity->most_listings ? 2 * identity->most_listings : 64;
        struct tp_customer_listing *listings = reallocarray(identity->listings, most, sizeof *listings);
        if (!listings) {
            identity->status = TP_ENOMEM;
            return NULL;
        }
        identity->listings = listings;
        identity->most_listings = most;
    }
    struct tp_customer_listing *listing = &identity->listings[identity->n_listings++];
    *listing = (struct tp_customer_listing){0};
    return listing;
}

/* From now on the customer has it, here; in Redis when the listings are made. */
void tp_listing_add(struct tp_choosing *choosing, struct tp_view *view, size_t i) {
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
    tp_listing_write_line(identifier, lines);
    if (lines->failed)
        choosing->identity->status = TP_ENOMEM;
}

/* In the order of the interaction, in which an append without a list would attach them. */
static void write_lines(struct tp_choosing *choosing, struct tp_view *view, const struct tp_interaction *origin) {
    const struct tp_interaction *interaction = choosing->request->interaction;
    struct tp_customer_listing *listing = tp_listing_new(choosing->identity);
    if (!listing)
        return;
    memcpy(listing->customer_id, view->look.customer_id, TP_UUID_TEXT);
    listing->version = view->before;
    listing->received_ms = origin->received_ms;
    tp_mapping_origin(origin->source, origin->id, &listing->lines);
    tp_buf_addc(&listing->lines, '\n');
    for (size_t i = 0; i < choosing->n; i++)
        if (view->gained >> i & 1)
            tp_listing_write_line(interaction->identifiers[i], &listing->lines);
    view->gained = 0;
    if (listing->lines.failed)
        choosing->identity->status = TP_ENOMEM;
}

static void write_listing(struct tp_choosing *choosing, struct tp_view *view) {
    if (view && view->gained)
        write_lines(choosing, view, choosing->request->interaction);
}

void tp_listing_write(struct tp_choosing *choosing) {
    write_listing(choosing, choosing->view);
    for (size_t i = 0; i < choosing->n; i++)
        write_listing(choosing, tp_people_view(choosing->identity, tp_choosing_root_of(choosing, choosing->claims[i])));
}

/* What somebody has claimed for this customer or a member, and has not got to list: the one identifier that a new
 * customer is known by may be claimed before it is listed. Where it was an interaction of this batch, that is whom it
 * comes from.
 */
void tp_listing_add_claimed(struct tp_choosing *choosing, struct tp_view *view) {
    const struct tp_identity *identity = choosing->identity;
    for (size_t i = 0; i < choosing->n; i++) {
        const struct tp_identity_request *first = &identity->requests[choosing->claims[i]->first];
        if (strcmp(tp_choosing_root_of(choosing, choosing->claims[i]), view->look.customer_id) != 0)
            continue;
        if (first != choosing->request)
            write_listing(choosing, view);
        tp_listing_add(choosing, view, i);
        if (first != choosing->request && view->gained)
            write_lines(choosing, view, first->interaction);
    }
}

/* It is listed here, and was claimed for another: a wish may not come true. Whom a shared one leads to is not looked
 * at, and it counts for nothing.
 */
static bool is_lost(const struct tp_choosing *choosing, const struct tp_view *view, size_t i) {
    const struct tp_claim *claim = choosing->claims[i];
    return tp_claim_is_owned(claim) && !claim->wanted && tp_choosing_leads(choosing, claim) &&
           strcmp(tp_choosing_root_of(choosing, claim), view->look.customer_id) != 0 &&
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

static void write_lost(struct tp_choosing *choosing, struct tp_view *view, struct tp_customer_listing *listing) {
    memcpy(listing->customer_id, view->look.customer_id, TP_UUID_TEXT);
    listing->version = view->look.version;
    for (size_t i = 0; i < choosing->n; i++) {
        if (!is_lost(choosing, view, i))
            continue;
        tp_buf_adds(&listing->lost, choosing->claims[i]->owner);
        tp_buf_addc(&listing->lost, '\t');
        tp_listing_write_line(choosing->request->interaction->identifiers[i], &listing->lost);
        cut_line(view, choosing->request->interaction->identifiers[i]);
    }
    view->look.version.generation++;
}

/* What somebody listed with this customer, also one who died, and another was quicker to claim. It would speak for a
 * customer, or against one, that it does not belong to. */
static void take_back(struct tp_choosing *choosing, struct tp_view *view) {
    size_t i = 0;
    while (i < choosing->n && !is_lost(choosing, view, i))
        i++;
    if (i == choosing->n)
        return;
    write_listing(choosing, view);
    struct tp_customer_listing *listing = tp_listing_new(choosing->identity);
    if (listing)
        write_lost(choosing, view, listing);
    if (listing && listing->lost.failed)
        choosing->identity->status = TP_ENOMEM;
}

/* What it lists is what was claimed for it, as far as this interaction knows. */
void tp_listing_put_right(struct tp_choosing *choosing, struct tp_view *view) {
    take_back(choosing, view);
    tp_listing_add_claimed(choosing, view);
}
