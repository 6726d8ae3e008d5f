/* The events of a call, as customer.lua reads them; both who appends and who restores give them so. */
#include "daemon/timeline/layout.h"

#include <endian.h>
#include <xxhash.h>

uint64_t tp_timeline_node(struct tp_str uuid) { return htobe64(XXH3_64bits(uuid.at, uuid.len)); }

void tp_timeline_add_u48(struct tp_buf *out, uint64_t number) {
    number = htobe64(number << 16);
    tp_buf_add(out, &number, 6);
}

/* ---- whose they are ---- */

/* The index of an append's customer; a new one gets the next. */
static size_t customer_index(struct tp_append *const *appends, size_t upto, const size_t *indexes, size_t n_customers) {
    for (size_t i = 0; i < upto; i++)
        if (tp_str_equal(appends[i]->customer_id, appends[upto]->customer_id))
            return indexes[i];
    return n_customers + 1;
}

void tp_timeline_keys(struct tp_append *const *appends, size_t n, struct tp_str prefix, struct tp_redis_words *words,
                      size_t *ret_indexes) {
    size_t n_customers = 0;
    tp_customer_lane_keys(words, prefix);
    for (size_t i = 0; i < n; i++) {
        ret_indexes[i] = customer_index(appends, i, ret_indexes, n_customers);
        if (ret_indexes[i] <= n_customers)
            continue;
        n_customers++;
        tp_customer_keys(words, prefix, appends[i]->customer_id);
    }
}

int64_t tp_timeline_newest(struct tp_append *const *appends, size_t n) {
    int64_t newest = 0;
    for (size_t i = 0; i < n; i++)
        newest = appends[i]->interaction->received_ms > newest ? appends[i]->interaction->received_ms : newest;
    return newest;
}

int64_t tp_timeline_oldest(const struct tp_settings *settings, struct tp_append *const *appends, size_t n) {
    int64_t oldest = tp_timeline_newest(appends, n) - (int64_t)settings->timeline.max_age * 1000;
    return settings->timeline.max_age == 0 || oldest < 0 ? 0 : oldest;
}

/* ---- an event ---- */

/* Its customer in this call, what it is bound to, when it was received, and the recent that the script will keep of it;
 * behind that its version. */
static void write_mark(const struct tp_append *append, uint64_t node, size_t customer, struct tp_buf *out) {
    const struct tp_interaction *interaction = append->interaction;
    const uint64_t eights[] = {htobe64(interaction->key), htobe64(interaction->content), node};
    uint16_t index = htobe16((uint16_t)customer);
    uint32_t bound = htobe32((uint32_t)append->bound | (append->defer_to[0] ? TP_BOUND_DEFER : 0));
    tp_buf_add(out, &index, sizeof index);
    tp_buf_add(out, &bound, sizeof bound);
    tp_timeline_add_u48(out, (uint64_t)interaction->received_ms);
    tp_buf_add(out, eights, sizeof eights);
    tp_timeline_add_u48(out, append->record);
    tp_timeline_add_u48(out, (uint64_t)interaction->time_ms);
    if (interaction->has_version) {
        const uint64_t version[] = {htobe64(interaction->bare_key), htobe64(interaction->version)};
        tp_buf_add(out, version, sizeof version);
    }
}

/* As they are stored; of those of another customer only that they are there, so that each has its bit. */
static void write_identifiers(const struct tp_append *append, struct tp_buf *out) {
    const struct tp_interaction *interaction = append->interaction;
    tp_mapping_origin(interaction->source, interaction->id, out);
    tp_buf_addc(out, '\n');
    for (size_t i = 0; i < interaction->n_identifiers; i++) {
        if (!(append->others >> i & 1)) {
            tp_buf_addstr(out, interaction->identifiers[i].type);
            tp_buf_addc(out, '\t');
            tp_buf_addstr(out, interaction->identifiers[i].value);
        }
        tp_buf_addc(out, '\n');
    }
}

static void write_changes(const struct tp_append *append, struct tp_buf *out) {
    for (size_t i = 0; i < append->n_changes; i++) {
        const struct tp_state_change *change = &append->changes[i];
        uint16_t name_len = htobe16((uint16_t)(change->name.len + 2));
        uint32_t value_len = htobe32((uint32_t)change->value.len);
        tp_buf_addc(out, (char)change->kind);
        tp_buf_add(out, &name_len, sizeof name_len);
        tp_buf_addc(out, '\n');
        tp_buf_addstr(out, change->name);
        tp_buf_addc(out, '\t');
        tp_buf_add(out, &value_len, sizeof value_len);
        tp_buf_addstr(out, change->value);
    }
}

/* Of one that identifies the entry is empty, by which the script knows it. */
static void write_said(const struct tp_append *append, struct tp_redis_words *words, struct tp_buf *scratch) {
    const struct tp_interaction *interaction = append->interaction;
    if (!interaction->identifies)
        tp_timeline_entry_tail(interaction, scratch);
    tp_timeline_word(words, scratch);
    write_identifiers(append, scratch);
    tp_timeline_word(words, scratch);
    tp_redis_key(words, TP_STR("\n"), append->last);
    if (interaction->identifies)
        tp_buf_addstr(scratch, interaction->traits);
    else
        write_changes(append, scratch);
    tp_timeline_word(words, scratch);
}

/* Its identifiers, since a customer may have been told that one is not its own. */
static void write_deferral(const struct tp_append *append, struct tp_redis_words *words, struct tp_buf *scratch) {
    tp_redis_word(words, tp_str(append->defer_to));
    write_identifiers(append, scratch);
    tp_timeline_word(words, scratch);
    tp_redis_word(words, TP_STR(""));
    tp_redis_word(words, TP_STR(""));
}

void tp_timeline_word(struct tp_redis_words *words, struct tp_buf *scratch) {
    words->wire.failed = words->wire.failed || scratch->failed;
    tp_redis_word(words, tp_buf_str(scratch));
    tp_buf_clear(scratch);
}

void tp_timeline_event(const struct tp_append *append, uint64_t node, size_t customer, struct tp_redis_words *words,
                       struct tp_buf *scratch) {
    write_mark(append, node, customer, scratch);
    tp_timeline_word(words, scratch);
    tp_redis_number(words, append->interaction->time_ms);
    if (append->defer_to[0])
        write_deferral(append, words, scratch);
    else
        write_said(append, words, scratch);
}
