/* From a customer to the one that it was merged into. */
#include "daemon/view/internal.h"

#include <stdlib.h>

#include "common/error.h"

struct walk {
    const struct tp_settings *settings;
    struct tp_redis *redis;
    tp_view_root_read *read;
    tp_view_root_done *done;
    void *arg;
    unsigned redirects;
    char id[TP_UUID_TEXT];
};

static void finish(struct walk *walk, int status, const struct tp_customer *customer) {
    if (status == 0 && !customer->is_known && customer->n_members == 0)
        status = TP_ENOTFOUND;
    walk->done(walk->arg, status, tp_str(walk->id), status == 0 ? customer : NULL);
    free(walk);
}

static void on_customer(void *arg, int status, const struct tp_customer *customer) {
    struct walk *walk = arg;
    if (status < 0 || customer->to.len == 0) {
        finish(walk, status, customer);
        return;
    }
    memcpy(walk->id, customer->to.at, TP_UUID_TEXT - 1);
    status = ++walk->redirects > TP_VIEW_MOST_REDIRECTS
                 ? TP_EUNAVAILABLE
                 : walk->read(walk->settings, walk->redis, tp_str(walk->id), on_customer, walk);
    if (status < 0)
        finish(walk, status, NULL);
}

int tp_view_root(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                 tp_view_root_read *read, tp_view_root_done *done, void *arg) {
    if (!tp_uuid_valid(customer_id))
        return TP_ENOTFOUND;
    struct walk *walk = calloc(1, sizeof *walk);
    if (!walk)
        return TP_ENOMEM;
    *walk = (struct walk){.settings = settings, .redis = redis, .read = read, .done = done, .arg = arg};
    memcpy(walk->id, customer_id.at, customer_id.len);
    int status = read(settings, redis, customer_id, on_customer, walk);
    if (status < 0)
        free(walk);
    return status;
}

void tp_view_write_requested(struct tp_str requested, struct tp_str root, struct tp_buf *out) {
    if (!tp_str_equal(requested, root))
        tp_buf_addf(out, ",\"requested\":\"%.*s\"", TP_FMT(requested));
}
