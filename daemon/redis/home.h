/* home: how a script notices that Redis is not what it was. Every lane and every bucket has a key `home` that says
 *
 *   state    open, or closed for a repair
 *   server   on which it was opened or closed: master_replid, which a restart, a failover and a restored dump change
 *   number   of the repair that did so; 0: none was needed yet
 *   count    how many there are of its kind: another number would look for customers where they are not
 *   origin   closed only: the other server whose earlier moment this state is; '-': of no use, or not whole
 *   beat     closed only: how far the repair has come, which tells others that it goes on
 *
 * Every script compares state, server and number before its first write (home.lua), and is refused when the home is
 * absent or elsewhere (TP_ELOST) or closed or of another number (TP_ECLOSED): FLUSHALL closes no connection, and a
 * failover or a restored dump may bring back an older state. */
#pragma once

#include "daemon/redis/redis.h"

enum tp_home_kind { TP_HOME_LANE, TP_HOME_BUCKET };

/* "tp:{L12}:" or "tp:{I12}:", the hash tag that all keys of one lane or bucket share. Returns its length. */
#define TP_HOME_PREFIX_BYTES 96
size_t tp_home_prefix(const struct tp_settings *settings, enum tp_home_kind kind, unsigned number,
                      char out[TP_HOME_PREFIX_BYTES]);
/* The lane of a customer, the bucket of an identifier. */
unsigned tp_home_of(struct tp_str name, unsigned count);

struct tp_home_findings {
    unsigned homes, absent, elsewhere; /* asked; of these without a home; of another server */
    unsigned open, closed;             /* of this server */
    uint64_t least, number;            /* the lowest and the highest number that they name */
    char origin[64];                   /* of all that are closed, when they have one and the same; else "-" */
    int64_t latest_ms;                 /* the newest append that the lanes remember; 0: none */
    uint64_t beats;
};
/* All are open here, under one number. */
static inline bool tp_home_all_open(const struct tp_home_findings *findings) {
    return findings->open == findings->homes && findings->least == findings->number;
}
/* All are closed here, under this number. */
static inline bool tp_home_all_closed(const struct tp_home_findings *findings, uint64_t number) {
    return findings->closed == findings->homes && findings->least == number && findings->number == number;
}

/* What is asked of all lanes and buckets, or of one: one script call each, all under way together. */
struct tp_home_order {
    enum {
        TP_HOME_LOOK,
        TP_HOME_CLOSE,
        TP_HOME_CLOSE_ALL, /* and whatever is there is of no use */
        TP_HOME_BEAT,      /* closed already: it goes on */
        TP_HOME_OPEN
    } what;
    bool one;       /* only `which`: lanes first, then buckets */
    unsigned which; /* taken modulo their number */
    uint64_t number, beat;
};
/* Status 0 and how they are now; TP_EUNAVAILABLE; TP_ELOST or TP_ECLOSED: one at least did not allow it; TP_ECONFIG:
 * they were laid out for another number of lanes or buckets. One thread: that of the connection. */
typedef void tp_home_done(void *arg, int status, const struct tp_home_findings *findings);
int tp_home_ask(struct tp_redis *redis, const struct tp_settings *settings, const struct tp_home_order *order,
                tp_home_done *done, void *arg);
/* The same for a thread that waits, over a connection of its own; why it failed is a line in `fault`. */
int tp_home_order(const struct tp_settings *settings, const struct tp_home_order *order, struct tp_buf *fault,
                  struct tp_home_findings *ret);

extern struct tp_redis_script tp_home_look_script; /* to be named to tp_redis_open by those who look */
