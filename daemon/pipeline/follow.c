/* One who follows: when all is closed under the new number, brings to Kafka what was on its way, says so, and waits
 * until all is open. If nothing is heard of the one who repairs, by beats at the first lane's home, for
 * redis.repair_wait, it repairs itself, under the next number. */
#include "daemon/pipeline/mend.h"

#include <inttypes.h>

#include "common/error.h"
#include "common/time.h"

static int answer(struct tp_mending *m) {
    uint64_t frontier;
    int status = tp_mending_be_quiet(m, false, &frontier);
    return status == 0 ? tp_mending_say(m, m->number, frontier) : status;
}

static bool same_homes(const struct tp_home_findings *a, const struct tp_home_findings *b) {
    return a->absent == b->absent && a->elsewhere == b->elsewhere && a->open == b->open && a->closed == b->closed &&
           a->number == b->number && a->beats == b->beats;
}

int tp_mending_follow(struct tp_mending *m) {
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
        status = tp_mending_pause(m);
        if (status == 0)
            status = tp_mending_look(m);
        if (!same_homes(&before, &m->homes))
            until_ms = tp_time_monotonic_ms() + patience_ms;
        else if (status == 0 && tp_time_monotonic_ms() > until_ms)
            return tp_mending_lead(m);
    }
    return status < 0 || tp_home_all_open(&m->homes) ? status : TP_ECLOSED;
}
