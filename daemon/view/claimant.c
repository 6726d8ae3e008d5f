/* Who has claimed an identifier, as one of a customer's. */
#include "daemon/view/internal.h"

#include <stdlib.h>

#include "common/error.h"
#include "daemon/identity/identity.h"

struct asked {
    const struct tp_settings *settings;
    struct tp_redis *redis;
    tp_view_claimant_done *done;
    void *arg;
    char customer[TP_UUID_TEXT], claimant[TP_UUID_TEXT];
};

static void answer(struct asked *asked, int status, struct tp_str root) {
    asked->done(asked->arg, status, root, tp_str(asked->claimant));
    free(asked);
}

static void on_root(void *arg, int status, struct tp_str id, const struct tp_customer *customer) {
    struct asked *asked = arg;
    struct tp_str claimant = tp_str(asked->claimant);
    if (status == 0 && !tp_str_equal(claimant, id) && !tp_view_has_member(customer, claimant))
        status = TP_EFORM;
    answer(asked, status, id);
}

/* Of nobody, the customer is asked for all the same, since it may not be there either. */
static void on_claimant(void *arg, int status, struct tp_str claimant) {
    struct asked *asked = arg;
    if (status == 0 && claimant.len > 0 && !tp_uuid_valid(claimant))
        status = TP_ECORRUPT;
    if (status == 0) {
        memcpy(asked->claimant, claimant.at, claimant.len);
        status = tp_view_root(asked->settings, asked->redis, tp_str(asked->customer), tp_customer_read_spans, on_root,
                              asked);
    }
    if (status < 0)
        answer(asked, status, (struct tp_str){0});
}

int tp_view_claimant(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     struct tp_identifier identifier, tp_view_claimant_done *done, void *arg) {
    if (!tp_uuid_valid(customer_id))
        return TP_ENOTFOUND;
    struct asked *asked = calloc(1, sizeof *asked);
    if (!asked)
        return TP_ENOMEM;
    *asked = (struct asked){.settings = settings, .redis = redis, .done = done, .arg = arg};
    memcpy(asked->customer, customer_id.at, customer_id.len);
    int status = tp_identity_find(settings, redis, identifier, on_claimant, asked);
    if (status < 0)
        free(asked);
    return status;
}
