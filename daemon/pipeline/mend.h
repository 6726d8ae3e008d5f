/* Private to pipeline/: mending, what its thread does when Redis is not as it should be. One thread.
 *
 * mend.c decides what is due; lead.c carries a repair out; follow.c answers another node's; mending.c has what these
 * share: orders to the homes, words in the ledger, and a loop that is quiet. Results are 0 or an error, said in
 * `fault`. */
#pragma once

#include "daemon/kafka/ledger.h"
#include "daemon/pipeline/internal.h"
#include "daemon/redis/home.h"

struct tp_mending {
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

/* Looks at Redis, and does what is to be done until every lane and bucket is open under one number. 0; TP_ESTOPPING;
 * else what was in the way: to be begun again in a while. */
int tp_mend(struct tp_delivery *delivery, struct tp_buf *fault);

/* ---- lead.c ---- */
/* Calls the next number, and repairs under it. TP_ECLOSED: another was quicker, or has begun a newer one. */
int tp_mending_lead(struct tp_mending *m);

/* ---- follow.c ---- */
/* Until all is open again; or, when the one who repairs is not heard of any more, as the one who repairs instead.
 * TP_ECLOSED: it was in vain, since a newer one has begun. */
int tp_mending_follow(struct tp_mending *m);

/* ---- mending.c ---- */
int tp_mending_order(struct tp_mending *m, struct tp_home_order order);
int tp_mending_look(struct tp_mending *m);
int tp_mending_open(struct tp_mending *m, uint64_t number);
/* Others see that it goes on; and this one, when a newer repair has begun. */
int tp_mending_beat(struct tp_mending *m);
int tp_mending_read_ledger(struct tp_mending *m);
const struct tp_ledger_node *tp_mending_node(const struct tp_mending *m,
                                             const char *node); /* NULL: not in the ledger */
int tp_mending_pause(struct tp_mending *m);
/* Nothing of this node is on its way any more, nor will be before the homes are open under m->number. */
int tp_mending_be_quiet(struct tp_mending *m, bool beats, uint64_t *ret_frontier);
/* Tells the ledger that this node works under `number` from now on. */
int tp_mending_say(struct tp_mending *m, uint64_t number, uint64_t frontier);
