/* home: how a script notices that Redis is not what it was. Every lane and every bucket has a key `home` that says
 * whether it is open, under which repair number, on which server (master_replid) and for how many of its kind. Every
 * script compares it before its first write (home.lua) and is refused when it is absent or differs: FLUSHALL closes no
 * connection, and a failover or a restored dump may bring back an older state. */
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
    unsigned absent;    /* had no home: a new deployment, or one that was emptied */
    unsigned elsewhere; /* were opened on another server: a restart, a failover, a restored dump */
};
/* Opens all lanes and buckets on the server as it is now, and says how they were found. Status 0, TP_EUNAVAILABLE, or
 * TP_ECONFIG when they were laid out for another number of lanes or buckets. */
typedef void tp_home_opened(void *arg, int status, const struct tp_home_findings *findings);
int tp_home_open(struct tp_redis *redis, const struct tp_settings *settings, tp_home_opened *opened, void *arg);

/* The repair number that all calls carry until a repair takes a new one. */
#define TP_HOME_REPAIR "0"
extern struct tp_redis_script tp_home_open_script; /* to be named to tp_redis_open */
