/* The merge by which somebody is a member. */
#include "daemon/view/internal.h"

#include <stdlib.h>

#include "common/error.h"

struct asked {
    const struct tp_settings *settings;
    struct tp_redis *redis;
    tp_view_merge_done *done;
    void *arg;
    char root[TP_UUID_TEXT], member[TP_UUID_TEXT];
};

static void answer(struct asked *asked, int status, uint64_t merge) {
    asked->done(asked->arg, status, tp_str(asked->root), merge);
    free(asked);
}

/* It was one a moment ago; it may be pending still, or has just been given up. */
static void on_member(void *arg, int status, const struct tp_customer *member) {
    if (status == 0 && member->to.len == 0)
        status = TP_EUNAVAILABLE;
    answer(arg, status == TP_ENOTFOUND ? TP_ECORRUPT : status, status == 0 ? member->merge : 0);
}

bool tp_view_has_member(const struct tp_customer *customer, struct tp_str member) {
    size_t i = 0;
    while (i < customer->n_members && !tp_str_equal(customer->members[i].id, member))
        i++;
    return i < customer->n_members;
}

static void on_root(void *arg, int status, struct tp_str id, const struct tp_customer *customer) {
    struct asked *asked = arg;
    memcpy(asked->root, id.at, id.len);
    if (status == 0)
        status = tp_view_has_member(customer, tp_str(asked->member))
                     ? tp_customer_read(asked->settings, asked->redis, tp_str(asked->member), on_member, asked)
                     : TP_EFORM;
    if (status < 0)
        answer(asked, status, 0);
}

int tp_view_merge(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                  struct tp_str member, tp_view_merge_done *done, void *arg) {
    if (!tp_uuid_valid(member))
        return TP_EFORM;
    struct asked *asked = calloc(1, sizeof *asked);
    if (!asked)
        return TP_ENOMEM;
    *asked = (struct asked){.settings = settings, .redis = redis, .done = done, .arg = arg};
    memcpy(asked->member, member.at, member.len);
    int status = tp_view_root(settings, redis, customer_id, tp_customer_read_spans, on_root, asked);
    if (status < 0)
        free(asked);
    return status;
}
