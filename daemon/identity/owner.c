/* What the key of a claim says. */
#include "daemon/identity/internal.h"

struct tp_str tp_identity_owner_read(const redisReply *reply, bool *ret_demoted) {
    struct tp_str owner = {0};
    *ret_demoted = false;
    if (!reply || reply->type != REDIS_REPLY_STRING)
        return owner;
    owner = (struct tp_str){reply->str, reply->len};
    struct tp_str rest = owner, id = tp_str_cut(&rest, ' ');
    *ret_demoted = tp_str_is(rest, "shared");
    return *ret_demoted ? id : owner;
}
