/* A batch is resolved in turns. Its distinct identifiers are gathered in one table and looked up in one round of calls
 * (claims.c); one that stands only in interactions without other identifiers cannot lead elsewhere, so it is claimed in
 * the same round. Mostly that is all. Where there is something to decide, the customers are looked at (people.c), the
 * interactions choose, in order (choose.c), and what they brought is listed with customers, then claimed for them. A
 * merge is made alone, between two turns. Whenever somebody else was quicker, the next turn begins with what is so by
 * then; nothing that was done is wrong because of it. */
#include "daemon/identity/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/fault.h"
#include "daemon/identity/internal.h"
#include "daemon/metrics/metrics.h"

enum { MOST_TURNS = 100 }; /* without a request more that is resolved */

static void clear_listings(struct tp_identity *identity) {
    for (size_t i = 0; i < identity->n_listings; i++) {
        tp_buf_free(&identity->listings[i].lines);
        tp_buf_free(&identity->listings[i].lost);
    }
    identity->n_listings = 0;
}

static void finish(struct tp_identity *identity, int status) {
    tp_identity_done *done = identity->done;
    identity->done = NULL;
    clear_listings(identity);
    tp_people_clear(identity, status < 0);
    identity->pending[0] = '\0';
    if (status == 0)
        tp_metrics_add(TP_M_IDENTITY_RESOLVED, (int64_t)identity->n_requests);
    done(identity->arg, status);
}

/* ---- what was chosen goes to Redis ---- */

/* Somebody else was quicker. Whatever was looked at is looked at again. */
static void begin_again(struct tp_identity *identity) {
    identity->batch++;
    clear_listings(identity);
    tp_ties_clear(identity);
    tp_claims_settle(identity, false);
    tp_people_clear(identity, false);
    identity->n_made = 0;
    tp_identity_go_on(identity, 0);
}

static void unlist_lost(struct tp_identity *identity);

/* What is chosen from here on knows of those that are demoted now, and of what is not listed any more. */
static void on_counted(struct tp_identity *identity, int status) {
    if (status == 0 && tp_promised_broken(identity))
        unlist_lost(identity);
    else
        tp_identity_go_on(identity, status);
}

static void commit(struct tp_identity *identity) {
    clear_listings(identity);
    tp_claims_settle(identity, true);
    tp_metrics_add(TP_M_IDENTITY_CREATED, (int64_t)identity->n_made);
    identity->n_made = 0;
    identity->turns = identity->cut > identity->at ? 0 : identity->turns;
    identity->at = identity->cut;
    if (!tp_ties_count(identity, on_counted))
        on_counted(identity, 0);
}

static void on_unlisted(void *arg, int status) {
    struct tp_identity *identity = arg;
    if (status < 0)
        finish(identity, status);
    else
        begin_again(identity);
}

static void unlist_lost(struct tp_identity *identity) {
    int status = 0;
    clear_listings(identity);
    tp_promised_take_back(identity);
    if (identity->n_listings == 0)
        begin_again(identity);
    else
        status = tp_customer_list(&identity->calls, identity->listings, identity->n_listings, on_unlisted, identity);
    if (status < 0)
        finish(identity, status);
}

void tp_identity_answered(struct tp_identity *identity, int status) {
    (void)TP_FAULT("identity.after_claim");
    if (status < 0)
        finish(identity, status);
    else if (identity->outrun)
        unlist_lost(identity);
    else
        commit(identity);
}

static void claim(struct tp_identity *identity) {
    if (tp_claims_wanted(identity))
        tp_claims_ask(identity);
    else
        commit(identity);
}

static void list_again(struct tp_identity *identity) {
    tp_promised_note(identity);
    begin_again(identity);
}

static void on_listed(void *arg, int status) {
    struct tp_identity *identity = arg;
    bool listed = true;
    (void)TP_FAULT("identity.after_list");
    for (size_t i = 0; i < identity->n_listings; i++)
        listed = listed && identity->listings[i].listed;
    if (status < 0)
        finish(identity, status);
    else if (listed)
        claim(identity);
    else
        list_again(identity);
}

static void list_and_claim(struct tp_identity *identity) {
    int status = 0;
    if (identity->n_listings == 0)
        claim(identity);
    else
        status = tp_customer_list(&identity->calls, identity->listings, identity->n_listings, on_listed, identity);
    if (status < 0)
        finish(identity, status);
}

static void on_merged(void *arg, int status, bool merged) {
    struct tp_identity *identity = arg;
    tp_metrics_add(TP_M_IDENTITY_MERGED, merged);
    tp_people_forget(identity, identity->next.merge.loser);
    tp_people_forget(identity, identity->next.merge.survivor);
    identity->at = 0; /* those before may be the loser's */
    identity->turns = merged ? 0 : identity->turns;
    tp_identity_go_on(identity, status);
}

static void merge(struct tp_identity *identity) {
    if (!identity->quiet) {
        finish(identity, TP_IDENTITY_LATER);
        return;
    }
    int status = tp_customer_merge(&identity->calls, &identity->next.merge, on_merged, identity);
    if (status < 0)
        finish(identity, status);
}

/* ---- an identifier that was taken back ---- */

static void on_taken_back(void *arg, int status, bool now, struct tp_str owner) {
    struct tp_identity *identity = arg;
    (void)now;
    if (status == 0) {
        tp_people_forget(identity, tp_people_root(identity, identity->given_up->owner));
        snprintf(identity->given_up->owner, TP_UUID_TEXT, "%.*s", TP_FMT(owner));
    }
    identity->given_up = NULL;
    tp_identity_go_on(identity, status);
}

/* The claim was read before it was moved, or whoever moves it was killed: it is finished, in any case. */
static void finish_taking(struct tp_identity *identity) {
    struct tp_str key = {identity->given_up->key, identity->given_up->key_len};
    struct tp_identity_taking taking = {.from = tp_str(identity->given_up->owner), .to = tp_str(identity->given_to)};
    taking.identifier.type = tp_str_cut(&key, ':');
    taking.identifier.value = key;
    int status = tp_identity_take_back(&identity->calls, &taking, on_taken_back, identity);
    if (status < 0)
        finish(identity, status);
}

/* ---- turns ---- */

static bool survey(struct tp_identity *identity) {
    bool wants = false;
    for (size_t i = identity->at; i < identity->n_requests; i++)
        wants = (identity->requests[i].status == 0 && tp_choose_survey(identity, &identity->requests[i])) || wants;
    return wants;
}

/* Those that want to know what cannot be found out, or the one that nothing comes of: the others must not wait. */
static void leave_out(struct tp_identity *identity) {
    bool any = false;
    for (size_t i = identity->at; i < identity->n_requests; i++)
        if (identity->requests[i].status == 0 && tp_choose_survey(identity, &identity->requests[i])) {
            identity->requests[i].status = TP_ECORRUPT;
            any = true;
        }
    if (!any)
        identity->requests[identity->at].status = TP_ECORRUPT;
    tp_people_clear(identity, false);
    identity->pending[0] = '\0';
    identity->turns = 0;
}

static void choose_all(struct tp_identity *identity) {
    enum tp_choice choice = TP_CHOSEN;
    for (identity->cut = identity->at; identity->cut < identity->n_requests; identity->cut++) {
        if (identity->requests[identity->cut].status < 0)
            continue;
        choice = tp_choose(identity, &identity->requests[identity->cut]);
        if (choice != TP_CHOSEN)
            break;
    }
    if (identity->status < 0)
        finish(identity, identity->status);
    else if (choice == TP_CHOSEN_MERGE)
        merge(identity);
    else
        list_and_claim(identity);
}

void tp_identity_go_on(struct tp_identity *identity, int status) {
    if (status == 0)
        status = identity->status;
    if (status == 0 && identity->at < identity->n_requests && ++identity->turns > MOST_TURNS)
        leave_out(identity);
    if (status < 0 || identity->at == identity->n_requests)
        finish(identity, status);
    else if (identity->n_looks > 0 || identity->pending[0] || survey(identity))
        tp_people_ask(identity);
    else if ((identity->given_up = tp_claims_given_up(identity, identity->given_to)))
        finish_taking(identity);
    else
        choose_all(identity);
}

int tp_identity_resolve(struct tp_identity *identity, const struct tp_identity_batch *batch, tp_identity_done *done,
                        void *arg) {
    if (batch->repair != identity->calls.repair)
        tp_people_clear(identity, true); /* what was looked at may have been lost */
    identity->quiet = batch->quiet;
    identity->careful = batch->careful;
    identity->calls = (struct tp_customer_calls){identity->settings, identity->redis, batch->repair};
    identity->requests = batch->requests;
    identity->n_requests = batch->n;
    identity->at = identity->cut = identity->n_made = 0;
    identity->done = done;
    identity->arg = arg;
    identity->round = identity->turns = 0;
    identity->status = 0;
    identity->batch++;
    tp_claims_clear(identity);
    if (tp_claims_gather(identity) < 0)
        return TP_ENOMEM;
    tp_claims_ask(identity);
    return 0;
}

/* ---- what was found ---- */

bool tp_identity_conflict(const struct tp_identity *identity, const struct tp_identity_request *request, size_t i,
                          struct tp_identity_conflict *ret) {
    const struct tp_claim *claim = tp_claims_of(identity, request)[i];
    enum tp_against against = claim->demoted ? TP_AGAINST_SHARED : (enum tp_against)request->against[i];
    if (!(request->others >> i & 1) || (claim->shared && !claim->demoted) || against == TP_AGAINST_NOTHING)
        return false;
    ret->customer_id = tp_str(claim->owner[0] ? tp_people_root(identity, claim->owner) : "");
    ret->reason = tp_against_name(against);
    return true;
}

void tp_identity_moved(struct tp_identity *identity, struct tp_str customer_id) {
    char text[TP_UUID_TEXT] = "";
    memcpy(text, customer_id.at, customer_id.len < sizeof text ? customer_id.len : sizeof text - 1);
    tp_people_forget(identity, text);
}

/* ---- life ---- */

int tp_identity_new(const struct tp_settings *settings, struct tp_redis *redis, struct tp_identity **ret) {
    struct tp_identity *identity = calloc(1, sizeof *identity);
    if (!identity)
        return TP_ENOMEM;
    identity->settings = settings;
    identity->redis = redis;
    identity->buckets = calloc(settings->redis.buckets, sizeof(struct tp_claim *));
    if (!identity->buckets) {
        free(identity);
        return TP_ENOMEM;
    }
    tp_rules_read(settings, &identity->rules);
    *ret = identity;
    return 0;
}

void tp_identity_free(struct tp_identity *identity) {
    if (!identity)
        return;
    tp_claims_clear(identity);
    clear_listings(identity);
    tp_people_clear(identity, true);
    tp_redis_words_free(&identity->words);
    tp_buf_free(&identity->next.evidence);
    free(identity->looks);
    free(identity->listings);
    free(identity->links);
    free(identity->buckets);
    free(identity);
}
