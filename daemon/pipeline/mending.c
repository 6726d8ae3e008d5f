/* What those who repair and those who follow have in common. */
#include "daemon/pipeline/mend.h"

#include <inttypes.h>
#include <string.h>

#include "common/error.h"

enum { PACE_MS = 200 };

int tp_mending_order(struct tp_mending *m, struct tp_home_order order) {
    struct tp_home_findings homes;
    int status = m->repair->stop ? TP_ESTOPPING : tp_home_order(m->settings, &order, m->fault, &homes);
    if (status == 0 && !order.one)
        m->homes = homes;
    return status;
}

int tp_mending_look(struct tp_mending *m) { return tp_mending_order(m, (struct tp_home_order){.what = TP_HOME_LOOK}); }

int tp_mending_beat(struct tp_mending *m) {
    return tp_mending_order(
        m, (struct tp_home_order){.what = TP_HOME_BEAT, .one = true, .number = m->number, .beat = ++m->beat});
}

int tp_mending_read_ledger(struct tp_mending *m) {
    tp_ledger_free(&m->ledger);
    return tp_ledger_read(m->settings, &m->repair->stop, m->fault, &m->ledger);
}

int tp_mending_pause(struct tp_mending *m) {
    tp_repair_pause(m->repair, PACE_MS);
    return m->repair->stop ? TP_ESTOPPING : 0;
}

int tp_mending_open(struct tp_mending *m, uint64_t number) {
    return tp_mending_order(m, (struct tp_home_order){.what = TP_HOME_OPEN, .number = number});
}

const struct tp_ledger_node *tp_mending_node(const struct tp_mending *m, const char *node) {
    for (size_t i = 0; i < m->ledger.n_nodes; i++)
        if (strcmp(m->ledger.nodes[i].node, node) == 0)
            return &m->ledger.nodes[i];
    return NULL;
}

/* With transactions the node's word is its position, and stands in one: the loop writes both, and the ledger shows when
 * they are there. */
static int say_by_transaction(struct tp_mending *m, uint64_t number) {
    for (;;) {
        const struct tp_ledger_node *node = tp_mending_node(m, m->delivery->node);
        if (node && node->repair >= number)
            return 0;
        m->repair->flush_asked = true;
        tp_delivery_wake(m->delivery);
        int status = tp_mending_pause(m);
        if (status == 0)
            status = tp_mending_read_ledger(m);
        if (status < 0)
            return status;
    }
}

int tp_mending_say(struct tp_mending *m, uint64_t number, uint64_t frontier) {
    struct tp_buf position = TP_BUF_INIT;
    if (m->settings->kafka.transactions)
        return say_by_transaction(m, number);
    tp_buf_addf(&position, "{\"frontier\":%" PRIu64 ",\"done\":[]}", frontier);
    int status = tp_ledger_answer(m->settings, m->delivery->node, number, tp_buf_str(&position), m->fault);
    tp_buf_free(&position);
    return status;
}

int tp_mending_be_quiet(struct tp_mending *m, bool beats, uint64_t *ret_frontier) {
    int status = 0;
    tp_repair_ask_quiet(m->delivery, m->number);
    while (status == 0 && !tp_repair_is_quiet(m->repair, ret_frontier)) {
        status = tp_mending_pause(m);
        if (status == 0 && beats)
            status = tp_mending_beat(m);
    }
    return status;
}
