/* Mending, step by step; design.md has why it is so, and what breaks when a step is left out.
 *
 * The one who repairs: call a new number in the ledger (the first who does has it); close every lane and bucket under
 * it, so that nobody can write; bring to Kafka what was on its way there, and wait until each other node has done so
 * and said it; make Redis what Kafka says; open; say that it is done.
 *
 * One who follows: when all is closed under the new number, bring to Kafka what was on its way, say so, and wait until
 * all is open. If nothing is heard of the one who repairs, by beats at the first lane's home, for redis.repair_wait,
 * call the next number. So does a node that finds its own earlier repair not done: it died meanwhile.
 *
 * Every step may fail or end with the process; then all begins again under the next number. */
#include "daemon/pipeline/mend.h"

#include <inttypes.h>
#include <string.h>

#include "common/error.h"
#include "common/fault.h"
#include "common/time.h"
#include "daemon/kafka/ledger.h"
#include "daemon/kafka/read.h"
#include "daemon/metrics/metrics.h"
#include "daemon/pipeline/repair.h"
#include "daemon/redis/home.h"
#include "daemon/restore/restore.h"

enum { PACE_MS = 200 };

struct mending {
    struct tp_delivery *delivery;
    const struct tp_settings *settings;
    struct tp_repair *repair;
    struct tp_buf *fault;
    struct tp_home_findings homes; /* as they were seen last */
    struct tp_ledger ledger;       /* as it was read last */
    uint64_t number;               /* of the repair, this node's or another's */
    uint64_t beat;
    bool rebuild;
};

/* ---- the homes and the ledger ---- */

static int order_homes(struct mending *m, struct tp_home_order order) {
    struct tp_home_findings homes;
    int status = m->repair->stop ? TP_ESTOPPING : tp_home_order(m->settings, &order, m->fault, &homes);
    if (status == 0 && !order.one)
        m->homes = homes;
    return status;
}

static int look(struct mending *m) { return order_homes(m, (struct tp_home_order){.what = TP_HOME_LOOK}); }

/* Others see that it goes on; and this one, when a newer repair has begun. */
static int beat(struct mending *m) {
    return order_homes(
        m, (struct tp_home_order){.what = TP_HOME_BEAT, .one = true, .number = m->number, .beat = ++m->beat});
}

static int read_ledger(struct mending *m) {
    tp_ledger_free(&m->ledger);
    return tp_ledger_read(m->settings, &m->repair->stop, m->fault, &m->ledger);
}

static int pause_a_little(struct mending *m) {
    tp_repair_pause(m->repair, PACE_MS);
    return m->repair->stop ? TP_ESTOPPING : 0;
}

/* ---- a new deployment, a new node ---- */

static const struct tp_ledger_node *node_in_ledger(const struct mending *m, const char *node) {
    for (size_t i = 0; i < m->ledger.n_nodes; i++)
        if (strcmp(m->ledger.nodes[i].node, node) == 0)
            return &m->ledger.nodes[i];
    return NULL;
}

/* With transactions the node's word is its position, and stands in one: the loop writes both, and the ledger shows when
 * they are there. */
static int say_by_transaction(struct mending *m, uint64_t number) {
    for (;;) {
        const struct tp_ledger_node *node = node_in_ledger(m, m->delivery->node);
        if (node && node->repair >= number)
            return 0;
        m->repair->flush_asked = true;
        tp_delivery_wake(m->delivery);
        int status = pause_a_little(m);
        if (status == 0)
            status = read_ledger(m);
        if (status < 0)
            return status;
    }
}

/* This node works under `number` from now on. */
static int say(struct mending *m, uint64_t number, uint64_t frontier) {
    struct tp_buf position = TP_BUF_INIT;
    if (m->settings->kafka.transactions)
        return say_by_transaction(m, number);
    tp_buf_addf(&position, "{\"frontier\":%" PRIu64 ",\"done\":[]}", frontier);
    int status = tp_ledger_answer(m->settings, m->delivery->node, number, tp_buf_str(&position), m->fault);
    tp_buf_free(&position);
    return status;
}

/* Once in a node's life, before it delivers anything: whoever repairs must know whom to wait for. */
static int introduce(struct mending *m) {
    int status = node_in_ledger(m, m->delivery->node) ? 0 : say(m, 0, 1);
    if (status == 0)
        m->repair->known = true;
    return status;
}

static bool stop_at_first(void *arg, const struct tp_kafka_message *message) {
    (void)message;
    *(bool *)arg = true;
    return false;
}

static int any_interaction(struct mending *m, bool *ret_any) {
    struct tp_buf why = TP_BUF_INIT;
    const struct tp_kafka_reading reading = {.topic = m->settings->kafka.topic_interactions,
                                             .on_message = stop_at_first,
                                             .arg = ret_any,
                                             .stop = &m->repair->stop};
    *ret_any = false;
    int status = tp_kafka_read(m->settings, &reading, &why);
    if (status < 0 && status != TP_ENOTFOUND)
        tp_buf_addstr(m->fault, tp_buf_str(&why));
    tp_buf_free(&why);
    return status == TP_ENOTFOUND ? 0 : status;
}

/* Nobody has ever delivered anything: there is nothing that could have been lost. */
static int is_new(struct mending *m, bool *ret_new) {
    bool alone = m->ledger.n_nodes == (node_in_ledger(m, m->delivery->node) != NULL);
    bool any = true;
    int status = 0;
    if (!m->repair->worked && !m->rebuild && alone && m->ledger.repair == 0 && m->homes.number == 0 &&
        m->homes.absent + m->homes.open == m->homes.homes)
        status = any_interaction(m, &any);
    *ret_new = !any;
    return status;
}

/* ---- what both do: nothing of this node is on its way any more ---- */

static int be_quiet(struct mending *m, bool beats, uint64_t *ret_frontier) {
    int status = 0;
    tp_repair_ask_quiet(m->delivery, m->number);
    while (status == 0 && !tp_repair_is_quiet(m->repair, ret_frontier)) {
        status = pause_a_little(m);
        if (status == 0 && beats)
            status = beat(m);
    }
    return status;
}

/* ---- the one who repairs ---- */

static bool is_silent(const struct mending *m, const struct tp_ledger_node *node) {
    return node->repair < m->number && strcmp(node->node, m->delivery->node) != 0;
}

/* Without transactions nothing can hold it back, and what it still brings to Kafka may contradict what is restored. */
static int do_without(struct mending *m, const char *node) {
    if (m->settings->kafka.transactions) {
        tp_log(TP_LOG_WARNING, "repair_fenced", "number=%" PRIu64 " node=%s", m->number, node);
        return tp_ledger_fence(m->settings, node, m->fault);
    }
    tp_log(TP_LOG_ERROR, "repair_passed_over", "number=%" PRIu64 " node=%s what=%s", m->number, node,
           tp_log_quote("it said nothing; what it had on its way to Kafka may come twice or out of order"));
    return 0;
}

static int gather(struct mending *m) {
    int64_t until_ms = tp_time_monotonic_ms() + m->settings->redis.repair_wait;
    for (;;) {
        size_t silent = 0;
        int status = read_ledger(m);
        bool over = tp_time_monotonic_ms() > until_ms;
        for (size_t i = 0; status == 0 && i < m->ledger.n_nodes; i++) {
            if (!is_silent(m, &m->ledger.nodes[i]))
                continue;
            silent++;
            if (over)
                status = do_without(m, m->ledger.nodes[i].node);
        }
        if (status < 0 || silent == 0 || over)
            return status;
        status = beat(m);
        if (status == 0)
            status = pause_a_little(m);
        if (status < 0)
            return status;
    }
}

struct watching {
    struct mending *m;
    bool all;
    atomic_bool stop; /* the daemon stops, or another repair has begun */
};

static void on_progress(void *arg, const struct tp_restore_progress *progress) {
    struct watching *watching = arg;
    tp_repair_note(watching->m->repair, watching->all, progress);
    watching->stop = beat(watching->m) < 0;
}

/* An earlier moment of one server lacks what came after the newest append that it knows. Of a state that nobody knows
 * the age of, all is made anew. */
static int restore(struct mending *m, struct tp_restore_progress *progress) {
    int64_t latest_ms = m->homes.latest_ms;
    bool all = strcmp(m->homes.origin, "-") == 0 || latest_ms == 0 || latest_ms > tp_time_now_ms();
    struct watching watching = {.m = m, .all = all};
    const struct tp_restore_options options = {.settings = m->settings,
                                               .repair = m->number,
                                               .all = all,
                                               .since_ms = all ? 0 : latest_ms - m->settings->redis.repair_window,
                                               .stop = &watching.stop,
                                               .on_progress = on_progress,
                                               .arg = &watching};
    tp_log(TP_LOG_NOTICE, "repair_restores", "number=%" PRIu64 " all=%d since_ms=%" PRId64, m->number, all,
           options.since_ms);
    int status = tp_restore(&options, m->fault, progress);
    tp_repair_note(m->repair, all, progress);
    return status == TP_ESTOPPING && !m->repair->stop ? TP_ECLOSED : status;
}

static void say_done(const struct mending *m, const struct tp_restore_progress *progress, int64_t began_ms) {
    tp_metrics_add(TP_M_REPAIRS, 1);
    tp_metrics_set(TP_M_REPAIR_LACKING, (int64_t)progress->lacking);
    tp_log(TP_LOG_NOTICE, "repair_done",
           "number=%" PRIu64 " records=%" PRIu64 " entries=%" PRIu64 " claims=%" PRIu64 " ms=%" PRId64, m->number,
           progress->records, progress->entries, progress->claims, tp_time_monotonic_ms() - began_ms);
    if (progress->lacking > 0)
        tp_log(TP_LOG_ERROR, "repair_lacking", "records=%" PRIu64 " customers=%" PRIu64 " what=%s", progress->lacking,
               progress->customers, tp_log_quote("Kafka does not have them any more, so their timelines lack them"));
}

/* Closed, and nothing on its way any more, of nobody. */
static int make_still(struct mending *m) {
    uint64_t frontier;
    tp_repair_enter(m->repair, TP_REPAIR_CLOSING, m->number);
    int status = order_homes(
        m, (struct tp_home_order){.what = m->rebuild ? TP_HOME_CLOSE_ALL : TP_HOME_CLOSE, .number = m->number});
    (void)TP_FAULT("repair.after_close");
    tp_repair_enter(m->repair, TP_REPAIR_GATHERING, m->number);
    if (status == 0)
        status = be_quiet(m, true, &frontier);
    return status == 0 ? gather(m) : status;
}

static int open_homes(struct mending *m, uint64_t number) {
    return order_homes(m, (struct tp_home_order){.what = TP_HOME_OPEN, .number = number});
}

static int carry_out(struct mending *m) {
    int64_t began_ms = tp_time_monotonic_ms();
    struct tp_restore_progress progress = {0};
    tp_log(TP_LOG_NOTICE, "repair_begins", "number=%" PRIu64, m->number);
    int status = make_still(m);
    if (status == 0) {
        tp_repair_enter(m->repair, TP_REPAIR_RESTORING, m->number);
        status = restore(m, &progress);
    }
    (void)TP_FAULT("repair.before_open");
    if (status == 0) {
        tp_repair_enter(m->repair, TP_REPAIR_OPENING, m->number);
        status = open_homes(m, m->number);
    }
    (void)TP_FAULT("repair.before_done");
    if (status == 0)
        status = tp_ledger_done(m->settings, m->delivery->node, m->number, m->fault);
    if (status == 0)
        say_done(m, &progress, began_ms);
    return status;
}

/* Another may have been quicker: then it is found in the ledger when all this begins again. */
static int call_and_carry_out(struct mending *m) {
    bool ours = false;
    m->number = (m->homes.number > m->ledger.repair ? m->homes.number : m->ledger.repair) + 1;
    int status = tp_ledger_call(m->settings, m->delivery->node, m->number, m->fault, &ours);
    if (status == 0)
        status = ours ? carry_out(m) : TP_ECLOSED;
    if (status == 0 && m->rebuild)
        m->repair->rebuild = false;
    return status;
}

/* ---- one who follows ---- */

static int answer(struct mending *m) {
    uint64_t frontier;
    int status = be_quiet(m, false, &frontier);
    return status == 0 ? say(m, m->number, frontier) : status;
}

static bool same_homes(const struct tp_home_findings *a, const struct tp_home_findings *b) {
    return a->absent == b->absent && a->elsewhere == b->elsewhere && a->open == b->open && a->closed == b->closed &&
           a->number == b->number && a->beats == b->beats;
}

/* TP_ECLOSED: it was in vain, since a newer one has begun. */
static int follow(struct mending *m) {
    int64_t patience_ms = m->settings->redis.repair_wait, until_ms = tp_time_monotonic_ms() + patience_ms;
    bool answered = false;
    int status = 0;
    m->number = m->ledger.repair;
    tp_log(TP_LOG_NOTICE, "repair_followed", "number=%" PRIu64 " by=%s", m->number, m->ledger.by);
    tp_repair_enter(m->repair, TP_REPAIR_FOLLOWING, m->number);
    while (status == 0 && m->homes.number <= m->number && !tp_home_all_open(&m->homes)) {
        struct tp_home_findings before = m->homes;
        if (!answered && tp_home_all_closed(&m->homes, m->number)) {
            status = answer(m);
            answered = true;
            continue;
        }
        status = pause_a_little(m);
        if (status == 0)
            status = look(m);
        if (!same_homes(&before, &m->homes))
            until_ms = tp_time_monotonic_ms() + patience_ms;
        else if (status == 0 && tp_time_monotonic_ms() > until_ms)
            return call_and_carry_out(m);
    }
    return status < 0 || tp_home_all_open(&m->homes) ? status : TP_ECLOSED;
}

/* ---- what is to be done ---- */

/* Called by another, and not done as far as the ledger and the homes know. */
static bool is_anothers(const struct mending *m) {
    return m->ledger.repair > 0 && !m->ledger.done && strcmp(m->ledger.by, m->delivery->node) != 0 &&
           m->ledger.repair >= m->homes.number;
}

static void say_loss(struct mending *m) {
    const struct tp_home_findings *homes = &m->homes;
    if (m->repair->said_loss || homes->absent + homes->elsewhere == 0)
        return;
    m->repair->said_loss = true;
    tp_metrics_add(TP_M_REDIS_LOSSES, 1);
    tp_log(homes->absent > 0 ? TP_LOG_ERROR : TP_LOG_WARNING, "redis_changed", "absent=%u elsewhere=%u what=%s",
           homes->absent, homes->elsewhere,
           tp_log_quote("Redis was restarted, restored or emptied; what it lacks is put back from Kafka"));
}

static bool is_well(const struct mending *m) { return tp_home_all_open(&m->homes) && !m->rebuild; }

static int do_what_is_due(struct mending *m) {
    bool new = false;
    if (!is_well(m) && m->repair->worked)
        tp_repair_enter(m->repair, TP_REPAIR_ASKED, m->homes.number);
    int status = read_ledger(m);
    if (status == 0 && !m->repair->known)
        status = introduce(m);
    if (status < 0 || is_well(m))
        return status;
    status = is_new(m, &new);
    if (status < 0)
        return status;
    if (new)
        return open_homes(m, 0);
    say_loss(m);
    return is_anothers(m) ? follow(m) : call_and_carry_out(m);
}

int tp_mend(struct tp_delivery *delivery, struct tp_buf *fault) {
    struct tp_repair *repair = &delivery->repair;
    struct mending m = {.delivery = delivery,
                        .settings = delivery->options.settings,
                        .repair = repair,
                        .fault = fault,
                        .rebuild = repair->rebuild};
    int status = look(&m);
    if (status == 0 && !(is_well(&m) && repair->known))
        status = do_what_is_due(&m);
    if (status == 0) {
        repair->said_loss = false;
        tp_repair_leave(repair);
    }
    tp_ledger_free(&m.ledger);
    return status;
}
