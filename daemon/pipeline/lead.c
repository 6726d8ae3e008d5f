/* The one who repairs: calls a new number in the ledger (the first who does has it); closes every lane and bucket under
 * it, so that nobody can write; brings to Kafka what was on its way there, and waits until each other node has done so
 * and said it; makes Redis what Kafka says; opens; says that it is done. Every step may fail or end with the process:
 * then all begins again under the next number. */
#include "daemon/pipeline/mend.h"

#include <inttypes.h>
#include <string.h>

#include "common/error.h"
#include "common/fault.h"
#include "common/time.h"
#include "daemon/metrics/metrics.h"
#include "daemon/restore/restore.h"

static bool is_silent(const struct tp_mending *m, const struct tp_ledger_node *node) {
    return node->repair < m->number && strcmp(node->node, m->delivery->node) != 0;
}

/* Without transactions nothing can hold it back, and what it still brings to Kafka may contradict what is restored. */
static int do_without(struct tp_mending *m, const char *node) {
    if (m->settings->kafka.transactions) {
        tp_log(TP_LOG_WARNING, "repair_fenced", "number=%" PRIu64 " node=%s", m->number, node);
        return tp_ledger_fence(m->settings, node, m->fault);
    }
    tp_log(TP_LOG_ERROR, "repair_passed_over", "number=%" PRIu64 " node=%s what=%s", m->number, node,
           tp_log_quote("it said nothing; what it had on its way to Kafka may come twice or out of order"));
    return 0;
}

static int gather(struct tp_mending *m) {
    int64_t until_ms = tp_time_monotonic_ms() + m->settings->redis.repair_wait;
    for (;;) {
        size_t silent = 0;
        int status = tp_mending_read_ledger(m);
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
        status = tp_mending_beat(m);
        if (status == 0)
            status = tp_mending_pause(m);
        if (status < 0)
            return status;
    }
}

struct watching {
    struct tp_mending *m;
    bool all;
    atomic_bool stop; /* the daemon stops, or another repair has begun */
};

static void on_progress(void *arg, const struct tp_restore_progress *progress) {
    struct watching *watching = arg;
    tp_repair_note(watching->m->repair, watching->all, progress);
    watching->stop = tp_mending_beat(watching->m) < 0;
}

/* Of an earlier moment of one server, as the homes were closed, what came after the newest append that it knows is put
 * back; else everything. */
static int restore(struct tp_mending *m, struct tp_restore_progress *progress) {
    bool all = strcmp(m->homes.origin, "-") == 0;
    struct watching watching = {.m = m, .all = all};
    const struct tp_restore_options options = {.settings = m->settings,
                                               .repair = m->number,
                                               .all = all,
                                               .since_ms =
                                                   all ? 0 : m->homes.latest_ms - m->settings->redis.repair_window,
                                               .stop = &watching.stop,
                                               .on_progress = on_progress,
                                               .arg = &watching};
    tp_log(TP_LOG_NOTICE, "repair_restores", "number=%" PRIu64 " all=%d since_ms=%" PRId64, m->number, all,
           options.since_ms);
    int status = tp_restore(&options, m->fault, progress);
    tp_repair_note(m->repair, all, progress);
    return status == TP_ESTOPPING && !m->repair->stop ? TP_ECLOSED : status;
}

static void say_done(const struct tp_mending *m, const struct tp_restore_progress *progress, int64_t began_ms) {
    tp_metrics_add(TP_M_REPAIRS, 1);
    tp_metrics_set(TP_M_REPAIR_LACKING, (int64_t)progress->lacking);
    tp_log(TP_LOG_NOTICE, "repair_done",
           "number=%" PRIu64 " records=%" PRIu64 " entries=%" PRIu64 " claims=%" PRIu64 " merges=%" PRIu64
           " ms=%" PRId64,
           m->number, progress->records, progress->entries, progress->claims, progress->merges,
           tp_time_monotonic_ms() - began_ms);
    if (progress->lacking > 0)
        tp_log(TP_LOG_ERROR, "repair_lacking", "records=%" PRIu64 " customers=%" PRIu64 " what=%s", progress->lacking,
               progress->customers, tp_log_quote("Kafka does not have them any more, so their timelines lack them"));
}

/* A state of which nobody knows the age; or one from before the last repair, which may have taken out entries that
 * Kafka did not have, and that have other places since (tests/model/shortcut.py finds it). */
static bool is_of_no_use(const struct tp_mending *m) {
    const struct tp_home_findings *homes = &m->homes;
    bool overtaken = homes->least != m->ledger.repair || homes->number != m->ledger.repair;
    return overtaken || homes->latest_ms == 0 || homes->latest_ms > tp_time_now_ms();
}

/* Closed, and nothing on its way any more, of nobody. The homes keep what is to be done with them: it is the same when
 * this one dies and another begins again. */
static int make_still(struct tp_mending *m) {
    struct tp_home_order close = {.what = TP_HOME_CLOSE, .number = m->number};
    uint64_t frontier;
    if (m->rebuild || is_of_no_use(m))
        close.what = TP_HOME_CLOSE_ALL;
    tp_repair_enter(m->repair, TP_REPAIR_CLOSING, m->number);
    int status = tp_mending_order(m, close);
    (void)TP_FAULT("repair.after_close");
    tp_repair_enter(m->repair, TP_REPAIR_GATHERING, m->number);
    if (status == 0)
        status = tp_mending_be_quiet(m, true, &frontier);
    return status == 0 ? gather(m) : status;
}

static int carry_out(struct tp_mending *m) {
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
        status = tp_mending_open(m, m->number);
    }
    (void)TP_FAULT("repair.before_done");
    if (status == 0)
        status = tp_ledger_done(m->settings, m->delivery->node, m->number, m->fault);
    if (status == 0)
        say_done(m, &progress, began_ms);
    return status;
}

/* Another may have been quicker: then it is found in the ledger when all this begins again. */
int tp_mending_lead(struct tp_mending *m) {
    bool ours = false;
    m->number = (m->homes.number > m->ledger.repair ? m->homes.number : m->ledger.repair) + 1;
    int status = tp_ledger_call(m->settings, m->delivery->node, m->number, m->fault, &ours);
    if (status == 0)
        status = ours ? carry_out(m) : TP_ECLOSED;
    if (status == 0 && m->rebuild)
        m->repair->rebuild = false;
    return status;
}
