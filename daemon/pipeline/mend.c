/* What is due: nothing, to open what is new, to repair, or to follow another's repair. A node that finds its own
 * earlier repair not done has died meanwhile, and calls the next. design.md has why a repair is as it is, and what
 * breaks when a step is left out. */
#include "daemon/pipeline/mend.h"

#include <string.h>

#include "common/error.h"
#include "daemon/kafka/read.h"
#include "daemon/metrics/metrics.h"

/* ---- a new node, a new deployment ---- */

/* Once in a node's life, before it delivers anything: whoever repairs must know whom to wait for. */
static int introduce(struct tp_mending *m) {
    int status = tp_mending_node(m, m->delivery->node) ? 0 : tp_mending_say(m, 0, 1);
    if (status == 0)
        m->repair->known = true;
    return status;
}

static bool stop_at_first(void *arg, const struct tp_kafka_message *message) {
    (void)message;
    *(bool *)arg = true;
    return false;
}

/* Nothing was ever delivered, so nothing can have been lost. */
static int is_unused(struct tp_mending *m, bool *ret_unused) {
    bool any = m->homes.number > 0 || m->homes.elsewhere > 0 || m->rebuild;
    struct tp_buf why = TP_BUF_INIT;
    const struct tp_kafka_reading reading = {.topic = m->settings->kafka.topic_interactions,
                                             .on_message = stop_at_first,
                                             .arg = &any,
                                             .stop = &m->repair->stop};
    int status = any ? 0 : tp_kafka_read(m->settings, &reading, &why);
    if (status < 0 && status != TP_ENOTFOUND)
        tp_buf_addstr(m->fault, tp_buf_str(&why));
    tp_buf_free(&why);
    *ret_unused = !any;
    return status == TP_ENOTFOUND ? 0 : status;
}

/* Nor is anybody there who may have something on its way. */
static bool is_alone(const struct tp_mending *m) {
    return !m->repair->worked && m->ledger.repair == 0 &&
           m->ledger.n_nodes == (tp_mending_node(m, m->delivery->node) != NULL);
}

/* ---- what is to be done ---- */

/* Called by another, and not done as far as the ledger and the homes know. */
static bool is_anothers(const struct tp_mending *m) {
    return m->ledger.repair > 0 && !m->ledger.done && strcmp(m->ledger.by, m->delivery->node) != 0 &&
           m->ledger.repair >= m->homes.number;
}

static void say_loss(struct tp_mending *m) {
    const struct tp_home_findings *homes = &m->homes;
    if (m->repair->said_loss || homes->absent + homes->elsewhere == 0)
        return;
    m->repair->said_loss = true;
    tp_metrics_add(TP_M_REDIS_LOSSES, 1);
    tp_log(homes->absent > 0 ? TP_LOG_ERROR : TP_LOG_WARNING, "redis_changed", "absent=%u elsewhere=%u what=%s",
           homes->absent, homes->elsewhere,
           tp_log_quote("Redis was restarted, restored or emptied; what it lacks is put back from Kafka"));
}

static bool is_well(const struct tp_mending *m) { return tp_home_all_open(&m->homes) && !m->rebuild; }

static int do_what_is_due(struct tp_mending *m) {
    bool unused = false;
    if (!is_well(m) && m->repair->worked)
        tp_repair_enter(m->repair, TP_REPAIR_ASKED, m->homes.number);
    int status = tp_mending_read_ledger(m);
    if (status == 0 && !m->repair->known)
        status = introduce(m);
    if (status < 0 || is_well(m))
        return status;
    status = is_unused(m, &unused);
    if (status < 0)
        return status;
    if (unused && is_alone(m))
        return tp_mending_open(m, 0);
    if (!unused)
        say_loss(m);
    return is_anothers(m) ? tp_mending_follow(m) : tp_mending_lead(m);
}

int tp_mend(struct tp_delivery *delivery, struct tp_buf *fault) {
    struct tp_repair *repair = &delivery->repair;
    struct tp_mending m = {.delivery = delivery,
                           .settings = delivery->options.settings,
                           .repair = repair,
                           .fault = fault,
                           .rebuild = repair->rebuild};
    int status = tp_mending_look(&m);
    if (status == 0 && !(is_well(&m) && repair->known))
        status = do_what_is_due(&m);
    if (status == 0) {
        repair->said_loss = false;
        tp_repair_leave(repair);
    }
    tp_ledger_free(&m.ledger);
    return status;
}
