/* Private to view/: of the versions of an interaction that a root and its members have, which is the newest. Each of
 * them shows its own newest by itself; beyond that the root's v:ID says which. */
#pragma once

#include "daemon/redis/redis.h"
#include "daemon/settings/settings.h"

struct tp_newest {
    uint64_t bare_key, version, sequence; /* of an entry, as in struct tp_entry */
    bool is_not;                          /* answered: another has a newer one */
};
struct tp_newest_question {
    struct tp_str root_id, owner_id; /* whose entries they are: the root's, or a member's */
    struct tp_newest *entries;       /* they stay where they are until the answer */
    size_t n;
};
/* An error returned at once: `done` is not called. */
typedef void tp_newest_done(void *arg, int status);
int tp_newest_ask(const struct tp_settings *settings, struct tp_redis *redis, const struct tp_newest_question *question,
                  tp_newest_done *done, void *arg);
