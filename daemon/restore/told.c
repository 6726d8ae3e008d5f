/* From what a record tells of a customer as a whole to what each has of it: the customer, and its members. */
#include "daemon/restore/internal.h"

#include <endian.h>
#include <string.h>

#include "common/error.h"
#include "common/mapping.h"

/* What is told of one customer; the one of the record, or a member, whose is what says so. */
struct told {
    const char *customer_id;
    struct tp_buf identifiers, origins, first_seen, traits;
};

static void begin_told(struct told *told, const char *customer_id) {
    *told = (struct told){.customer_id = customer_id};
    tp_buf_addc(&told->identifiers, '\n');
}

static void end_told(struct told *told) {
    tp_buf_free(&told->identifiers);
    tp_buf_free(&told->origins);
    tp_buf_free(&told->first_seen);
    tp_buf_free(&told->traits);
}

static int send_told(struct tp_restore_feed *feed, const struct told *told) {
    const struct tp_customer_told words = {tp_str(told->customer_id), tp_buf_str(&told->identifiers),
                                           tp_buf_str(&told->origins), tp_buf_str(&told->first_seen),
                                           tp_buf_str(&told->traits)};
    if (told->identifiers.failed || told->origins.failed || told->first_seen.failed || told->traits.failed)
        return TP_ENOMEM;
    return told->first_seen.len > 0 || told->traits.len > 0 ? tp_restore_feed_told(feed, &words) : 0;
}

static struct tp_str holder_of(struct tp_str trait) {
    tp_str_cut(&trait, '\t');
    tp_str_cut(&trait, '\t');
    return tp_str_cut(&trait, '\t');
}

static void add_traits(const struct tp_restore_mapping *mapping, struct told *told) {
    for (struct tp_str rest = tp_buf_str(&mapping->traits); rest.len > 0;) {
        struct tp_str line = tp_str_cut(&rest, '\n');
        if (tp_str_is(holder_of(line), told->customer_id)) {
            tp_buf_addstr(&told->traits, line);
            tp_buf_addc(&told->traits, '\n');
        }
    }
}

static void add_identifier(const struct tp_attachment *attachment, struct told *told) {
    tp_buf_addstr(&told->identifiers, attachment->identifier.type);
    tp_buf_addc(&told->identifiers, '\t');
    tp_buf_addstr(&told->identifiers, attachment->identifier.value);
    tp_buf_addc(&told->identifiers, '\n');
    tp_buf_addstr(&told->origins, attachment->source);
    tp_buf_addc(&told->origins, '\t');
    tp_buf_addstr(&told->origins, attachment->event);
    tp_buf_addc(&told->origins, '\n');
    uint64_t seen = htobe64((uint64_t)attachment->first_seen_ms << 16);
    tp_buf_add(&told->first_seen, &seen, 6);
}

static struct tp_mapping mapping_of(const struct tp_restore_mapping *mapping) {
    return (struct tp_mapping){mapping->n, tp_buf_str(&mapping->first_seen), tp_buf_str(&mapping->identifiers),
                               tp_buf_str(&mapping->origins)};
}

/* A member's own: what the root's record has of it. */
static int add_member(struct tp_restore_feed *feed, const struct tp_restore_mapping *mapping, const char *member) {
    struct tp_mapping rest = mapping_of(mapping);
    struct tp_attachment attachment = {0};
    struct told told;
    begin_told(&told, member);
    while (tp_mapping_next(&rest, &attachment))
        if (tp_str_is(attachment.holder, member))
            add_identifier(&attachment, &told);
    add_traits(mapping, &told);
    int error = send_told(feed, &told);
    end_told(&told);
    return error;
}

/* Each for whose it is. */
static int claim_all(struct tp_restore_feed *feed, const struct tp_restore_mapping *mapping) {
    struct tp_mapping rest = mapping_of(mapping);
    struct tp_attachment attachment = {0};
    int error = 0;
    while (!error && tp_mapping_next(&rest, &attachment)) {
        struct tp_str own = tp_str(mapping->customer_id);
        error =
            tp_restore_feed_claim(feed, &attachment.identifier, attachment.holder.len > 0 ? attachment.holder : own);
    }
    return error;
}

/* The customer itself lists its members' identifiers too, in the order in which it got them. */
static int add_own(struct tp_restore_feed *feed, const struct tp_restore_mapping *mapping) {
    struct told told = {mapping->customer_id, mapping->identifiers, mapping->origins, mapping->first_seen, {0}};
    add_traits(mapping, &told);
    int error = send_told(feed, &told);
    tp_buf_free(&told.traits);
    return error;
}

int tp_restore_told(struct tp_restore_feed *feed, const struct tp_restore_mapping *mapping) {
    int error = claim_all(feed, mapping);
    if (!error)
        error = add_own(feed, mapping);
    for (size_t at = 0; !error && at < mapping->members.len; at += TP_UUID_TEXT - 1) {
        char member[TP_UUID_TEXT] = "";
        memcpy(member, mapping->members.at + at, TP_UUID_TEXT - 1);
        error = add_member(feed, mapping, member);
    }
    return error;
}
