/* POST /v1/customers/ID/split: an operator takes a merge back. It is looked up by which merge the member is one, and
 * that goes to the journal; so it is answered when it is done, or safe, or was refused, and never half-way. */
#include "daemon/api/internal.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"
#include "daemon/view/view.h"

enum { WAIT_S = 10, MOST_DEPTH = 2 };

#define TAKES "{\"member\": ID, \"reason\": TEXT} was expected"

struct asked {
    struct tp_http_request *request;
    struct tp_desk *desk;
    unsigned wait_s;
    struct tp_json json; /* of the body */
    struct tp_str member, reason;
    char id[TP_UUID_TEXT], root[TP_UUID_TEXT];
};

static void free_asked(struct asked *asked) {
    tp_json_free(&asked->json);
    free(asked);
}

/* ---- the answer ---- */

static void refuse(struct asked *asked, int status) {
    if (status == TP_EFORM)
        tp_http_reply_error(asked->request, status, "member",
                            "this is no member of the customer; GET /v1/customers/ID/identity lists them");
    else
        tp_http_reply_error(asked->request, status, NULL, status == TP_ENOTFOUND ? "there is no such customer" : NULL);
    free_asked(asked);
}

static void tell(struct asked *asked, bool done) {
    struct tp_buf json = TP_BUF_INIT;
    if (done)
        tp_buf_addf(&json, "{\"id\":\"%s\",\"customers\":[{\"id\":\"%s\"},{\"id\":\"%.*s\"}]}", asked->id, asked->root,
                    TP_FMT(asked->member));
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

static void on_merge(void *arg, int status, struct tp_str root, uint64_t merge) {
    struct asked *asked = arg;
    if (status == 0) {
        const struct tp_split split = {.id = tp_str(asked->id),
                                       .customer = root,
                                       .member = asked->member,
                                       .merge = merge,
                                       .reason = asked->reason};
        memcpy(asked->root, root.at, root.len);
        status = tp_intake_split(asked->desk->intake, &split, asked->wait_s, on_done, asked);
    }
    if (status < 0)
        refuse(asked, status);
}

/* NULL, or what is wrong with it. */
static const char *read_member(struct asked *asked, const char *name, const json_t *value, int *ret_error) {
    struct tp_str text = {json_string_value(value), json_string_length(value)};
    bool is_member = tp_str_is(tp_str(name), "member");
    *ret_error = TP_EUNKNOWN;
    if (!is_member && !tp_str_is(tp_str(name), "reason"))
        return TAKES;
    *ret_error = TP_ETYPE;
    if (!json_is_string(value))
        return "a text was expected";
    *ret_error = TP_ERANGE;
    if (!is_member && text.len > TP_MAX_REASON_BYTES)
        return "a reason has at most 1,000 bytes";
    *(is_member ? &asked->member : &asked->reason) = text;
    return NULL;
}

/* False: answered. */
static bool read_body(struct asked *asked) {
    struct tp_json_error why;
    const char *name, *wrong = NULL;
    json_t *value;
    int error = tp_json_parse(tp_http_body(asked->request), MOST_DEPTH, &asked->json, &why);
    if (error < 0) {
        asked->json = (struct tp_json){0};
        tp_http_reply_error(asked->request, error, NULL, why.message);
        return false;
    }
    json_object_foreach(asked->json.root, name, value) {
        if ((wrong = read_member(asked, name, value, &error))) {
            tp_http_reply_error(asked->request, error, name, wrong);
            return false;
        }
    }
    if (asked->member.len == 0)
        tp_http_reply_error(asked->request, TP_EREQUIRED, "member", TAKES);
    return asked->member.len > 0;
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
    bool sound = tp_api_is_operator(request) && tp_api_read_wait(request, &asked->wait_s) && read_body(asked);
    if (!sound || !(redis = tp_api_redis(asked->desk, request))) {
        free_asked(asked);
        return;
    }
    int status =
        tp_view_merge(api->options.settings, redis, tp_http_param(request, "id"), asked->member, on_merge, asked);
    if (status < 0)
        refuse(asked, status);
}
