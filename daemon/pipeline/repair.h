/* Repair, as those outside of delivery see it: a Redis that lost writes is made what Kafka says. mend.c has the steps,
 * repair.c the thread that they block. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/pipeline/delivery.h"
#include "daemon/restore/restore.h"

enum tp_repair_state {
    TP_REPAIR_NONE,      /* in this life */
    TP_REPAIR_ASKED,     /* to begin */
    TP_REPAIR_CLOSING,   /* every lane and bucket */
    TP_REPAIR_GATHERING, /* waits until each node has brought to Kafka what was on its way there */
    TP_REPAIR_RESTORING, /* reads Kafka */
    TP_REPAIR_OPENING,
    TP_REPAIR_FOLLOWING, /* another node repairs */
    TP_REPAIR_DONE
};

struct tp_repair_report {
    enum tp_repair_state state;
    uint64_t number;
    bool all; /* everything is taken out first */
    struct tp_restore_progress progress;
    char waits_for[128]; /* why it does not go on; "" when it does */
};

/* Between noticing and opening: what is on the timelines now is not to be relied on. */
bool tp_repair_under_way(struct tp_delivery *delivery);
void tp_repair_report(struct tp_delivery *delivery, struct tp_repair_report *ret);
/* {"number", "state", "waits_for", "records", "total", "entries", "claims", "merges", "lacking", "customers"} */
void tp_repair_report_json(const struct tp_repair_report *report, struct tp_buf *out);
/* Asks for everything to be rebuilt from Kafka; after a repair that is under way. */
void tp_repair_rebuild(struct tp_delivery *delivery);
