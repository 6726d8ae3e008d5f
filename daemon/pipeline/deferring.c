/* Between identity and the timeline, for the few events that name a demoted value: the customer whom that one leads to,
 * its arbiter (identity.h), is asked first, and remembers whose the event is to be (customer/deferred.lua); so that a
 * retry and a replay find it, also where they lead elsewhere by then, and a daemon that does not know of the demotion.
 * The batch waits for these answers, so that all of it is appended in its order.
 *
 * Why each event has one place. Whoever places an event goes by its arbiter first: who knows of the demotion asks, and
 * who does not appends right there. What the arbiter does first decides for ever: either it has the entry, and answers
 * so; or it remembers a customer, and answers that one, whoever asks. The event is then appended at the root of that
 * customer, by all of them, which is the same question as for an identifier that this customer had claimed, and so is
 * the answer: a root appends it once, and hands on what it remembers when it is merged or split. A kill in between
 * changes nothing, since it is only then that the event is appended. tests/model/identity.py is the protocol. */
#include "daemon/pipeline/internal.h"

#include "common/error.h"
#include "common/fault.h"

static struct tp_identity_request *request_of(struct tp_placing *placing, const struct tp_item *item) {
    return &placing->requests[item->turn];
}

/* Its append as it is, but for the arbiter in place of its customer. Of what the arbiter has of it already, only what
 * was attached there is that one's own. */
static int ask(struct tp_delivery *delivery, struct tp_item *item) {
    struct tp_placing *placing = &delivery->placing;
    const struct tp_identity_request *request = request_of(placing, item);
    int status = tp_item_prepare_append(item, TP_STR(""));
    if (status < 0)
        return status;
    item->append.customer_id = tp_str(request->arbiter);
    item->append.bound = request->arbiter_bound;
    item->append.others = ~(UINT32_C(1) << request->arbiter_for);
    memcpy(item->append.defer_to, request->customer_id, TP_UUID_TEXT);
    item->of_members = UINT32_MAX;
    item->defers = true;
    placing->n_deferring++;
    placing->n_appending++;
    tp_timeline_append(placing->timeline, &item->append);
    return 0;
}

bool tp_deferring_begin(struct tp_delivery *delivery, size_t n) {
    struct tp_placing *placing = &delivery->placing;
    for (size_t i = 0; i < n; i++) {
        struct tp_item *item = placing->resolving[i];
        item->turn = i;
        if (placing->requests[i].status == 0 && placing->requests[i].arbiter[0] && ask(delivery, item) < 0)
            placing->anew = true;
    }
    if (placing->n_deferring > 0)
        tp_timeline_send(placing->timeline, tp_journal_checkpointed(delivery->options.journal));
    return placing->n_deferring > 0;
}

void tp_deferring_lead(struct tp_placing *placing, struct tp_item *item) {
    memcpy(item->led_by, item->append.owner, TP_UUID_TEXT);
    item->led_under = placing->repair;
}

bool tp_deferring_takes(struct tp_delivery *delivery, struct tp_item *item, enum tp_append_result result) {
    struct tp_placing *placing = &delivery->placing;
    struct tp_identity_request *request = request_of(placing, item);
    item->defers = false;
    (void)TP_FAULT("pipeline.after_defer");
    if (result == TP_DEFERRED && strcmp(item->append.owner, request->customer_id) == 0)
        return true;
    if (result == TP_DEFERRED)
        tp_deferring_lead(placing, item);
    if (result == TP_MOVED)
        tp_identity_moved(placing->identity, tp_str(request->arbiter));
    bool again = result == TP_DEFERRED || result == TP_HELD || (result == TP_MOVED && ++item->moves % TP_MOST_MOVES);
    if (again) {
        placing->anew = true;
        return true;
    }
    const char *whose = result == TP_MOVED || result == TP_BROKEN ? request->customer_id : request->arbiter;
    memcpy(item->customer_id, whose, TP_UUID_TEXT);
    item->append.defer_to[0] = '\0';
    item->append.others = 0;
    placing->resolving[item->turn] = NULL; /* what was answered is so */
    return false;
}
