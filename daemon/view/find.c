/* Whose an identifier is: who claimed it, and where redirects lead from there. */
#include "daemon/view/internal.h"

#include <stdlib.h>

#include "common/error.h"
#include "daemon/identity/identity.h"

struct asked {
    const struct tp_settings *settings;
    struct tp_redis *redis;
    tp_view_done *done;
    void *arg;
    unsigned redirects;
    char customer_id[TP_UUID_TEXT]; /* "" of nobody */
};

static void answer(struct asked *asked, int status) {
    struct tp_buf json = TP_BUF_INIT;
    tp_buf_adds(&json, "{\"customers\":[");
    if (asked->customer_id[0])
        tp_buf_addf(&json, "{\"id\":\"%s\"}", asked->customer_id);
    tp_buf_adds(&json, "]}");
    if (status == 0 && json.failed)
        status = TP_ENOMEM;
    asked->done(asked->arg, status, status == 0 ? tp_buf_str(&json) : (struct tp_str){0});
    tp_buf_free(&json);
    free(asked);
}

static void follow(struct asked *asked, struct tp_str to);

/* An identifier is claimed before anything has happened to its customer: who leads nowhere is the one. */
static void on_led(void *arg, int status, struct tp_str to) {
    struct asked *asked = arg;
    if (status == 0 && to.len > 0)
        follow(asked, to);
    else
        answer(asked, status);
}

static void follow(struct asked *asked, struct tp_str to) {
    memcpy(asked->customer_id, to.at, TP_UUID_TEXT - 1);
    int status = ++asked->redirects > TP_VIEW_MOST_REDIRECTS
                     ? TP_EUNAVAILABLE
                     : tp_customer_lead(asked->settings, asked->redis, to, on_led, asked);
    if (status < 0)
        answer(asked, status);
}

static void on_claimant(void *arg, int status, struct tp_str customer_id) {
    struct asked *asked = arg;
    if (status == 0 && customer_id.len > 0 && !tp_uuid_valid(customer_id))
        status = TP_ECORRUPT;
    if (status == 0 && customer_id.len > 0)
        follow(asked, customer_id);
    else
        answer(asked, status);
}

int tp_view_find(const struct tp_settings *settings, struct tp_redis *redis, struct tp_identifier identifier,
                 tp_view_done *done, void *arg) {
    struct asked *asked = calloc(1, sizeof *asked);
    if (!asked)
        return TP_ENOMEM;
    *asked = (struct asked){.settings = settings, .redis = redis, .done = done, .arg = arg};
    int status = tp_identity_find(settings, redis, identifier, on_claimant, asked);
    if (status < 0)
        free(asked);
    return status;
}
