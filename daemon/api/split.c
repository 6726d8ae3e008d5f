/* POST /v1/customers/ID/split: an operator takes a merge back, or an identifier. It is looked up by which merge the
 * member is one, or who has claimed the identifier, and that goes to the journal; so it is answered when it is done, or
 * safe, or was refused, and never half-way. */
#include "daemon/api/split.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"
#include "daemon/view/view.h"

enum { WAIT_S = 10 };

struct asked {
    struct tp_http_request *request;
    struct tp_desk *desk;
    unsigned wait_s;
    struct tp_split_body body;
    struct tp_buf canonical; /* the identifier's value */
    char id[TP_UUID_TEXT], root[TP_UUID_TEXT];
    char member[TP_UUID_TEXT]; /* that is to be one of its own; or the new one, which gets the identifier */
};

static void free_asked(struct asked *asked) {
    tp_json_free(&asked->body.json);
    tp_buf_free(&asked->canonical);
    free(asked);
}

/* ---- the answer ---- */

static void refuse(struct asked *asked, int status) {
    if (status == TP_EFORM)
        tp_http_reply_error(asked->request, status, asked->body.member.len > 0 ? "member" : "identifier",
                            "this is none of the customer's; GET /v1/customers/ID/identity lists them");
    else
        tp_http_reply_error(asked->request, status, NULL, status == TP_ENOTFOUND ? "there is no such customer" : NULL);
    free_asked(asked);
}

static void tell(struct asked *asked, bool done) {
    struct tp_buf json = TP_BUF_INIT;
    if (done)
        tp_buf_addf(&json, "{\"id\":\"%s\",\"customers\":[{\"id\":\"%s\"},{\"id\":\"%s\"}]}", asked->id, asked->root,
                    asked->member);
    else
        tp_buf_addf(&json, "{\"id\":\"%s\",\"status\":\"accepted\"}", asked->id);
    tp_http_reply(asked->request, done ? 200 : 202, NULL, tp_buf_str(&json));
    tp_buf_free(&json);
    free_asked(asked);
}

static void on_done(void *arg, struct tp_job *job) {
    struct asked *asked = arg;
    int status = job->error < 0 ? job->error : job->verdicts[0].error;
    if (status < 0)
        refuse(asked, status);
    else
        tell(asked, job->verdicts[0].delivered);
    tp_job_free(job);
}

/* ---- the request ---- */

static void go_on(struct asked *asked, int status, struct tp_str root, const struct tp_split *found) {
    if (status == 0) {
        struct tp_split split = *found;
        memcpy(asked->root, root.at, root.len);
        split.id = tp_str(asked->id);
        split.customer = root;
        split.member = tp_str(asked->member);
        split.reason = asked->body.reason;
        status = tp_intake_split(asked->desk->intake, &split, asked->wait_s, on_done, asked);
    }
    if (status < 0)
        refuse(asked, status);
}

static void on_merge(void *arg, int status, struct tp_str root, uint64_t merge) {
    go_on(arg, status, root, &(struct tp_split){.merge = merge});
}

/* The customer who gets it is made here, so that it is the same one however often this is carried out. */
static void on_claimant(void *arg, int status, struct tp_str root, struct tp_str claimant) {
    struct asked *asked = arg;
    const struct tp_split found = {.identifier = {asked->body.type, tp_buf_str(&asked->canonical)},
                                   .claimant = claimant};
    tp_uuid_v7(tp_time_now_ms(), asked->member);
    go_on(asked, status, root, &found);
}

static int ask_for_identifier(struct asked *asked, struct tp_redis *redis) {
    struct tp_normalizer *normalizer = tp_intake_normalizer(asked->desk->intake);
    struct tp_refusal refusal;
    int status = tp_normalize_identifier(normalizer, asked->body.type, asked->body.value, &asked->canonical, &refusal);
    if (status < 0) {
        tp_http_reply_error(asked->request, TP_EINVALID, "identifier", refusal.message);
        free_asked(asked);
        return 0;
    }
    const struct tp_identifier identifier = {asked->body.type, tp_buf_str(&asked->canonical)};
    return tp_view_claimant(asked->desk->api->options.settings, redis, tp_http_param(asked->request, "id"), identifier,
                            on_claimant, asked);
}

static int ask(struct asked *asked, struct tp_redis *redis) {
    if (asked->body.member.len == 0)
        return ask_for_identifier(asked, redis);
    snprintf(asked->member, sizeof asked->member, "%.*s", TP_FMT(asked->body.member));
    return tp_view_merge(asked->desk->api->options.settings, redis, tp_http_param(asked->request, "id"),
                         asked->body.member, on_merge, asked);
}

void tp_api_split_customer(struct tp_http_request *request, void *api_) {
    struct tp_api *api = api_;
    struct asked *asked = calloc(1, sizeof *asked);
    if (!asked) {
        tp_http_reply_error(request, TP_ENOMEM, NULL, NULL);
        return;
    }
    *asked = (struct asked){.request = request, .desk = tp_api_desk(api, request), .wait_s = WAIT_S};
    tp_uuid_v4(asked->id);
    struct tp_redis *redis = NULL;
    bool sound = tp_api_is_operator(request) && tp_api_read_wait(request, &asked->wait_s) &&
                 tp_api_read_split(request, &asked->body);
    if (!sound || !(redis = tp_api_redis(asked->desk, request))) {
        free_asked(asked);
        return;
    }
    int status = ask(asked, redis);
    if (status < 0)
        refuse(asked, status);
}
