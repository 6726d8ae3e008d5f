/* A merge, or an identifier, is taken back, as an operator has asked (common/split.h): in Redis first, and then it is
 * told on the customers' topic of each whom it changed, whole and as it is by now. It may have been done before, by a
 * life that was killed behind it: then it is told again.
 *
 * The customer that the operator named may have been merged itself meanwhile. Then it leads elsewhere, and who has
 * given the member up is, with it, the one at the end of that way. */
#include "daemon/pipeline/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/fault.h"
#include "common/json.h"
#include "daemon/kafka/ledger.h"
#include "daemon/metrics/metrics.h"
#include "daemon/pipeline/told.h"

enum { MOST_REDIRECTS = 64 };
enum { MEMBER, CUSTOMER, ROOT, N_TOLD }; /* in this order; the last only where it is another */
static_assert((int)N_TOLD <= (int)TP_TIMELINE_MOST_TOLD, "an item has room for them");

struct splitting {
    struct tp_delivery *delivery;
    struct tp_item *item;
    unsigned redirects;
    struct tp_buf why; /* of an identifier, as customer.h has it */
    struct tp_ledger_split noted;
    char customer_id[TP_UUID_TEXT]; /* that is being read */
};

/* ---- the end ---- */

static void end(struct splitting *splitting) {
    struct tp_delivery *delivery = splitting->delivery;
    tp_ledger_split_free(&splitting->noted);
    tp_buf_free(&splitting->why);
    free(splitting);
    tp_delivery_soon(delivery);
}

/* A failure of this record alone: the others wait until it has been tried often enough. */
static void reject(struct splitting *splitting) {
    splitting->delivery->placing.split = NULL;
    tp_outbox_reject(splitting->delivery, splitting->item, TP_EUNDELIVERABLE);
    end(splitting);
}

static void try_again(struct splitting *splitting) {
    struct tp_delivery *delivery = splitting->delivery;
    struct tp_item *item = splitting->item;
    if (++item->tries >= delivery->options.settings->delivery.tries) {
        reject(splitting);
        return;
    }
    tp_window_put_aside(&delivery->window, item);
    end(splitting);
}

static void fail(struct splitting *splitting, int status) {
    if (status == TP_ECORRUPT || status == TP_ENOTFOUND) {
        try_again(splitting);
        return;
    }
    tp_placing_give_up(splitting->delivery, status);
    end(splitting);
}

static void done(struct splitting *splitting) {
    splitting->delivery->placing.split = NULL;
    tp_outbox_add(splitting->delivery, splitting->item);
    end(splitting);
}

/* ---- what is told ---- */

static void write_change(const struct tp_split *split, size_t which, struct tp_buf *out) {
    tp_buf_adds(out, ",\"change\":{\"kind\":\"split\"");
    if (which == MEMBER)
        tp_buf_addf(out, ",\"from\":\"%.*s\"", TP_FMT(split->customer));
    else
        tp_buf_addf(out, ",\"customers\":[\"%.*s\"]", TP_FMT(split->member));
    if (tp_split_takes_identifier(split)) {
        tp_buf_adds(out, ",\"identifiers\":[");
        tp_interaction_write_identifier(split->identifier, out);
        tp_buf_adds(out, "}]");
    }
    tp_told_cause(TP_SOURCE_OPERATOR, split->id, split->received_ms, out);
    if (split->reason.len > 0) {
        tp_buf_adds(out, ",\"reason\":");
        tp_json_write_string(split->reason, out);
    }
    tp_buf_adds(out, "}}");
}

static void keep(struct tp_str text, struct tp_buf *out) {
    tp_buf_clear(out);
    tp_buf_addstr(out, text);
}

static void note_identifier(const struct tp_split *split, struct tp_ledger_split *noted) {
    keep(split->identifier.type, &noted->type);
    keep(split->identifier.value, &noted->value);
    memcpy(noted->claimant, split->claimant.at, TP_UUID_TEXT - 1);
    memcpy(noted->command, split->id.at, TP_UUID_TEXT - 1);
}

/* For those who repair, since interactions go on telling of the merge, or that the identifier was attached: what the
 * member had, and who gave it up. */
static int note(struct splitting *splitting, const struct tp_customer *customer) {
    struct tp_item *item = splitting->item;
    struct tp_ledger_split *noted = &splitting->noted;
    if (tp_split_takes_identifier(&item->split))
        note_identifier(&item->split, noted);
    else if (item->n_merged == MEMBER)
        keep(customer->state, &noted->state);
    memcpy(noted->member, item->split.member.at, TP_UUID_TEXT - 1);
    memcpy(noted->customer, splitting->customer_id, TP_UUID_TEXT);
    noted->merge = item->split.merge;
    noted->sequence = customer->sequence;
    noted->time_ms = item->split.received_ms;
    tp_buf_clear(&item->noted.key);
    tp_buf_clear(&item->noted.value);
    tp_ledger_split_write(noted, &item->noted.key, &item->noted.value);
    bool failed = noted->state.failed || noted->type.failed || noted->value.failed;
    return failed || item->noted.key.failed || item->noted.value.failed ? TP_ENOMEM : 0;
}

static int tell(struct splitting *splitting, const struct tp_customer *customer) {
    struct tp_item *item = splitting->item;
    struct tp_buf *out = &item->merged[item->n_merged].mapping, members = TP_BUF_INIT;
    struct tp_told told = {.customer_id = tp_str(splitting->customer_id),
                           .redirect = customer->to,
                           .sequence = customer->sequence,
                           .mapping = customer->mapping,
                           .traits = customer->traits};
    memcpy(item->merged[item->n_merged].customer_id, splitting->customer_id, TP_UUID_TEXT);
    for (size_t i = 0; i < customer->n_members; i++)
        tp_buf_addstr(&members, customer->members[i].id);
    told.members = tp_buf_str(&members);
    tp_buf_clear(out);
    int status = tp_told_begin(&told, out);
    write_change(&item->split, item->n_merged, out);
    item->n_merged++;
    bool failed = out->failed || members.failed;
    tp_buf_free(&members);
    return status < 0 ? status : failed ? TP_ENOMEM : 0;
}

/* ---- the way ---- */

static void look(struct splitting *splitting, struct tp_str customer_id);
static int split(struct splitting *splitting);

/* It is in that merge still, under another number: a repair has made it once more since this was asked for. */
static bool is_made_again(const struct splitting *splitting, const struct tp_customer *customer) {
    const struct tp_item *item = splitting->item;
    return !tp_split_takes_identifier(&item->split) && item->n_merged == MEMBER && customer->to.len > 0 &&
           customer->merge != item->split.merge && customer->merged_ms > 0 &&
           customer->merged_ms <= item->split.received_ms;
}

static void split_again(struct splitting *splitting, uint64_t merge) {
    splitting->item->split.merge = merge;
    int status = split(splitting);
    if (status < 0)
        fail(splitting, status);
}

/* Between whom the operator named and the one at the end of the way nobody has changed. */
static bool is_told(const struct splitting *splitting, const struct tp_customer *customer) {
    return splitting->item->n_merged < ROOT || customer->to.len == 0;
}

static void on_looked(void *arg, int status, const struct tp_customer *customer) {
    struct splitting *splitting = arg;
    if (status == 0 && is_made_again(splitting, customer)) {
        split_again(splitting, customer->merge);
        return;
    }
    if (status == 0)
        status = note(splitting, customer);
    if (status == 0 && is_told(splitting, customer))
        status = tell(splitting, customer);
    if (status < 0)
        fail(splitting, status);
    else if (splitting->item->n_merged == CUSTOMER)
        look(splitting, splitting->item->split.customer);
    else if (customer->to.len > 0 && ++splitting->redirects <= MOST_REDIRECTS)
        look(splitting, customer->to);
    else
        done(splitting);
}

static void look(struct splitting *splitting, struct tp_str customer_id) {
    struct tp_delivery *delivery = splitting->delivery;
    const struct tp_settings *settings = delivery->options.settings;
    memcpy(splitting->customer_id, customer_id.at, TP_UUID_TEXT - 1);
    tp_identity_moved(delivery->placing.identity, customer_id);
    int status = tp_customer_read(settings, delivery->placing.redis, customer_id, on_looked, splitting);
    if (status < 0)
        fail(splitting, status);
}

static void say(const struct tp_item *item, bool split) {
    tp_metrics_add(TP_M_IDENTITY_SPLIT, split);
    tp_log(TP_LOG_NOTICE, "split", "stage=identity record=%" PRIu64 " command=%.*s customer=%.*s member=%.*s done=%s",
           item->record, TP_FMT(item->split.id), TP_FMT(item->split.customer), TP_FMT(item->split.member),
           split ? "now" : "before");
}

static void on_split(void *arg, int status, bool split) {
    struct splitting *splitting = arg;
    (void)TP_FAULT("pipeline.after_split");
    if (status < 0) {
        fail(splitting, status);
        return;
    }
    say(splitting->item, split);
    splitting->item->n_merged = 0;
    look(splitting, splitting->item->split.member);
}

/* Two operators may have said so at once: then the identifier is another new customer's. */
static void on_taken(void *arg, int status, bool now, struct tp_str owner) {
    struct splitting *splitting = arg;
    if (status == 0 && !tp_str_equal(owner, splitting->item->split.member))
        reject(splitting);
    else
        on_split(splitting, status, now);
}

static int take_identifier(struct splitting *splitting, const struct tp_customer_calls *calls) {
    const struct tp_split *asked = &splitting->item->split;
    tp_buf_clear(&splitting->why);
    tp_buf_addi(&splitting->why, asked->received_ms);
    tp_buf_addc(&splitting->why, '\t');
    tp_mapping_origin(TP_SOURCE_OPERATOR, asked->id, &splitting->why);
    const struct tp_identity_taking taking = {asked->identifier, asked->claimant, asked->member,
                                              tp_buf_str(&splitting->why)};
    return splitting->why.failed ? TP_ENOMEM : tp_identity_take_back(calls, &taking, on_taken, splitting);
}

static int split(struct splitting *splitting) {
    const struct tp_delivery *delivery = splitting->delivery;
    const struct tp_split *asked = &splitting->item->split;
    const struct tp_customer_calls calls = {delivery->options.settings, delivery->placing.redis,
                                            delivery->placing.repair};
    if (tp_split_takes_identifier(asked))
        return take_identifier(splitting, &calls);
    return tp_customer_split(&calls, asked->member, asked->merge, on_split, splitting);
}

void tp_splitting_begin(struct tp_delivery *delivery, struct tp_item *item) {
    struct splitting *splitting = calloc(1, sizeof *splitting);
    (void)TP_FAULT("pipeline.before_split");
    if (splitting)
        *splitting = (struct splitting){.delivery = delivery, .item = item};
    int status = splitting ? split(splitting) : TP_ENOMEM;
    if (status == 0)
        return;
    if (splitting)
        tp_buf_free(&splitting->why);
    free(splitting);
    tp_placing_give_up(delivery, status);
}
