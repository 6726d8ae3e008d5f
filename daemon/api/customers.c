/* Look-ups: GET /v1/customers... */
#include "daemon/api/internal.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/view/view.h"

static void on_view(void *arg, int status, struct tp_str json) {
    if (status < 0)
        tp_http_reply_error(arg, status, NULL, status == TP_ENOTFOUND ? "there is no such customer" : NULL);
    else
        tp_http_reply(arg, 200, NULL, json);
}

struct tp_redis *tp_api_redis(struct tp_desk *desk, struct tp_http_request *request) {
    const char *why = tp_repair_under_way(desk->api->options.delivery)
                          ? "Redis is being repaired; what was accepted is safe and will be there"
                      : !desk->redis || !tp_redis_up(desk->redis)
                          ? "Redis is away; what was accepted is safe and will be there"
                          : NULL;
    if (!why)
        return desk->redis;
    tp_http_reply_error(request, TP_EUNAVAILABLE, NULL, why);
    return NULL;
}

/* ---- GET /v1/customers?TYPE=VALUE ---- */

void tp_api_find_customers(struct tp_http_request *request, void *api_) {
    struct tp_api *api = api_;
    struct tp_desk *desk = tp_api_desk(api, request);
    struct tp_str type = {0}, value = {0}, more = {0};
    size_t cursor = 0;
    if (tp_http_query_next(request, &cursor, &type, &value) == 0 ||
        tp_http_query_next(request, &cursor, &more, &more) > 0) {
        tp_http_reply_error(request, TP_EINVALID, NULL, "one TYPE=VALUE was expected, such as ?email=ann@example.com");
        return;
    }
    struct tp_buf canonical = TP_BUF_INIT;
    struct tp_refusal refusal;
    struct tp_normalizer *normalizer = tp_intake_normalizer(desk->intake);
    int status = tp_normalize_identifier(normalizer, type, value, &canonical, &refusal);
    struct tp_redis *redis = NULL;
    if (status < 0)
        tp_http_reply_error(request, TP_EINVALID, refusal.path, refusal.message);
    else if ((redis = tp_api_redis(desk, request))) {
        const struct tp_identifier identifier = {type, tp_buf_str(&canonical)};
        status = tp_view_find(api->options.settings, redis, identifier, on_view, request);
        if (status < 0)
            on_view(request, status, (struct tp_str){0});
    }
    tp_buf_free(&canonical);
}

/* ---- GET /v1/customers/ID and GET /v1/customers/ID/identity ---- */

typedef int view_call(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                      tp_view_done *done, void *arg);

static void get(struct tp_api *api, struct tp_http_request *request, view_call *call) {
    struct tp_redis *redis = tp_api_redis(tp_api_desk(api, request), request);
    if (!redis)
        return;
    int status = call(api->options.settings, redis, tp_http_param(request, "id"), on_view, request);
    if (status < 0)
        on_view(request, status, (struct tp_str){0});
}

void tp_api_get_customer(struct tp_http_request *request, void *api) { get(api, request, tp_view_customer); }

void tp_api_get_identity(struct tp_http_request *request, void *api) { get(api, request, tp_view_identity); }

/* ---- GET /v1/customers/ID/timeline ---- */

static const char *read_limit(struct tp_str text, struct tp_view_query *query) {
    unsigned limit = 0;
    for (size_t i = 0; i < text.len && limit <= TP_VIEW_LIMIT; i++)
        limit = text.at[i] >= '0' && text.at[i] <= '9' ? limit * 10 + (unsigned)(text.at[i] - '0') : TP_VIEW_LIMIT + 1;
    query->limit = limit;
    return limit >= 1 && limit <= TP_VIEW_LIMIT ? NULL : "a whole number from 1 to 500 was expected";
}

static const char *read_order(struct tp_str text, struct tp_view_query *query) {
    query->ascending = tp_str_is(text, "asc");
    return query->ascending || tp_str_is(text, "desc") ? NULL : "asc or desc was expected";
}

static const char *read_time(struct tp_str text, int64_t *ret_ms) {
    return tp_time_parse(text, ret_ms) < 0 ? "a time in RFC 3339 was expected, with + written as %2B" : NULL;
}

/* NULL, or what was expected of the member. */
static const char *read_member(struct tp_str name, struct tp_str value, struct tp_view_query *query) {
    if (tp_str_is(name, "limit"))
        return read_limit(value, query);
    if (tp_str_is(name, "order"))
        return read_order(value, query);
    if (tp_str_is(name, "since"))
        return read_time(value, &query->since_ms);
    if (tp_str_is(name, "until"))
        return read_time(value, &query->until_ms);
    if (tp_str_is(name, "channel"))
        query->channel = value;
    else if (tp_str_is(name, "type"))
        query->type = value;
    else if (tp_str_is(name, "cursor"))
        query->cursor = value;
    else
        return "limit, cursor, channel, type, since, until or order was expected";
    return NULL;
}

static bool read_query(struct tp_http_request *request, struct tp_view_query *query) {
    struct tp_str name, value;
    size_t cursor = 0;
    while (tp_http_query_next(request, &cursor, &name, &value) > 0) {
        const char *expected = read_member(name, value, query);
        char path[64];
        if (!expected)
            continue;
        snprintf(path, sizeof path, "%.*s", (int)(name.len < sizeof path ? name.len : sizeof path - 1), name.at);
        tp_http_reply_error(request, TP_EINVALID, path, expected);
        return false;
    }
    return true;
}

void tp_api_get_timeline(struct tp_http_request *request, void *api_) {
    struct tp_api *api = api_;
    struct tp_view_query query = {.limit = 50, .until_ms = INT64_MAX / 2};
    if (!read_query(request, &query))
        return;
    struct tp_redis *redis = tp_api_redis(tp_api_desk(api, request), request);
    if (!redis)
        return;
    int status = tp_view_timeline(api->options.settings, redis, tp_http_param(request, "id"), &query, on_view, request);
    if (status == TP_EFORM)
        tp_http_reply_error(request, TP_EINVALID, "cursor", "the `next` of an earlier page was expected");
    else if (status < 0)
        on_view(request, status, (struct tp_str){0});
}
