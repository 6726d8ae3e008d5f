#include "daemon/api/api.h"

#include <stdlib.h>

#include "common/error.h"
#include "daemon/api/internal.h"

enum { POSTED = TP_HTTP_POST | TP_HTTP_OPTIONS }; /* by pages too, which ask before */

static const struct tp_http_route routes[] = {
    {TP_HTTP_POST, "/v1/events", TP_SCOPE_WRITE, tp_api_post_events},
    {TP_HTTP_GET | TP_HTTP_HEAD | TP_HTTP_OPTIONS | TP_HTTP_POST, "/v1/sources/:name", 0, tp_api_sources},
    {POSTED, "/v1/track", 0, tp_api_segment},
    {POSTED, "/v1/identify", 0, tp_api_segment},
    {POSTED, "/v1/page", 0, tp_api_segment},
    {POSTED, "/v1/screen", 0, tp_api_segment},
    {POSTED, "/v1/group", 0, tp_api_segment},
    {POSTED, "/v1/alias", 0, tp_api_segment},
    {POSTED, "/v1/batch", 0, tp_api_segment},
    {POSTED, "/v1/t", 0, tp_api_segment},
    {POSTED, "/v1/i", 0, tp_api_segment},
    {POSTED, "/v1/p", 0, tp_api_segment},
    {POSTED, "/v1/s", 0, tp_api_segment},
    {POSTED, "/v1/g", 0, tp_api_segment},
    {POSTED, "/v1/a", 0, tp_api_segment},
    {POSTED, "/v1/b", 0, tp_api_segment},
    {POSTED, "/v1/m", 0, tp_api_segment_metrics},
    {TP_HTTP_GET | TP_HTTP_HEAD | TP_HTTP_OPTIONS, "/v1/projects/:key/settings", 0, tp_api_segment_settings},
    {TP_HTTP_GET | TP_HTTP_HEAD, "/v1/customers", TP_SCOPE_READ, tp_api_find_customers},
    {TP_HTTP_GET | TP_HTTP_HEAD, "/v1/customers/:id", TP_SCOPE_READ, tp_api_get_customer},
    {TP_HTTP_GET | TP_HTTP_HEAD, "/v1/customers/:id/identity", TP_SCOPE_READ, tp_api_get_identity},
    {TP_HTTP_GET | TP_HTTP_HEAD, "/v1/customers/:id/timeline", TP_SCOPE_READ, tp_api_get_timeline},
    {TP_HTTP_POST, "/v1/customers/:id/split", TP_SCOPE_ADMIN, tp_api_split_customer},
    {TP_HTTP_GET | TP_HTTP_HEAD | TP_HTTP_POST, "/v1/rebuild", TP_SCOPE_ADMIN, tp_api_rebuild},
    {TP_HTTP_GET | TP_HTTP_HEAD, "/healthz", 0, tp_api_healthz},
    {TP_HTTP_GET | TP_HTTP_HEAD, "/readyz", 0, tp_api_readyz},
    {TP_HTTP_GET | TP_HTTP_HEAD, "/metrics", 0, tp_api_metrics},
    {0, NULL, 0, NULL},
};

struct tp_desk *tp_api_desk(struct tp_api *api, const struct tp_http_request *request) {
    return &api->desks[tp_http_thread(request)];
}

/* On the desk's own thread: the connection belongs to its loop from the first moment. */
struct opening {
    struct tp_mail mail;
    struct tp_desk *desk;
    struct tp_loop *loop;
};

static void open_redis(struct tp_mail *mail) {
    struct opening *opening = (struct opening *)mail;
    const struct tp_redis_options redis = {
        .settings = opening->desk->api->options.settings, .base = tp_loop_base(opening->loop), .name = "view"};
    if (tp_redis_open(&redis, &opening->desk->redis) < 0)
        opening->desk->redis = NULL;
    free(opening);
}

static void on_ping(struct tp_mail *mail) { ((struct tp_desk *)mail)->pinged = false; }

static int set_up_desk(struct tp_api *api, size_t thread) {
    struct tp_desk *desk = &api->desks[thread];
    struct tp_loop *loop = tp_http_loop(api->http, thread);
    const struct tp_intake_options intake = {.settings = api->options.settings,
                                             .journal = api->options.journal,
                                             .waitroom = api->options.waitroom,
                                             .loop = loop};
    struct opening *opening = calloc(1, sizeof *opening);
    if (!opening)
        return TP_ENOMEM;
    desk->api = api;
    desk->ping.deliver = on_ping;
    *opening = (struct opening){.mail.deliver = open_redis, .desk = desk, .loop = loop};
    tp_loop_post(loop, &opening->mail);
    int status = tp_intake_new(&intake, &desk->intake);
    const struct tp_receiving_options receiving = {
        .settings = api->options.settings, .senders = api->options.senders, .intake = desk->intake, .loop = loop};
    return status == 0 ? tp_receiving_new(&receiving, &desk->receiving) : status;
}

int tp_api_start(const struct tp_api_options *options, struct tp_buf *fault, struct tp_api **ret) {
    struct tp_api *api = calloc(1, sizeof *api);
    if (!api)
        return TP_ENOMEM;
    api->options = *options;
    int status = tp_segment_keys_new(options->settings, &api->write_keys);
    if (status == 0)
        status = tp_http_open(options->settings, routes, api, fault, &api->http);
    if (status == 0) {
        size_t threads = tp_http_threads(api->http);
        api->desks = calloc(threads, sizeof *api->desks);
        api->n_desks = api->desks ? threads : 0;
        status = api->desks ? 0 : TP_ENOMEM;
    }
    for (size_t i = 0; status == 0 && i < api->n_desks; i++)
        status = set_up_desk(api, i);
    if (status == 0)
        status = tp_http_serve(api->http);
    if (status < 0) {
        tp_api_free(api);
        return status;
    }
    *ret = api;
    return 0;
}

const char *tp_api_addresses(const struct tp_api *api) { return tp_http_addresses(api->http); }

bool tp_api_ping(struct tp_api *api) {
    bool alive = true;
    for (size_t i = 0; i < api->n_desks; i++) {
        struct tp_desk *desk = &api->desks[i];
        if (atomic_exchange(&desk->pinged, true))
            alive = false;
        else
            tp_loop_post(tp_http_loop(api->http, i), &desk->ping);
    }
    return alive;
}

/* Who asked to wait for delivery may have asked for longer than a stop can take, and what it sent is safe already. So
 * it is told, while its connection is still there. */
static void on_patience_end(evutil_socket_t fd, short what, void *arg) {
    struct tp_desk *desk = arg;
    (void)fd, (void)what;
    tp_intake_stop(desk->intake);
}

static void limit_patience(struct tp_mail *mail) {
    struct tp_desk *desk = (struct tp_desk *)((char *)mail - offsetof(struct tp_desk, stop));
    struct tp_loop *loop = tp_http_loop(desk->api->http, (size_t)(desk - desk->api->desks));
    unsigned ms = desk->api->patience_ms;
    const struct timeval time = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
    desk->patience = evtimer_new(tp_loop_base(loop), on_patience_end, desk);
    if (!desk->patience || event_add(desk->patience, &time) < 0)
        tp_intake_stop(desk->intake);
}

void tp_api_stop(struct tp_api *api, unsigned timeout_ms) {
    tp_http_drain(api->http);
    api->patience_ms = timeout_ms / 2;
    for (size_t i = 0; i < api->n_desks; i++) {
        api->desks[i].stop.deliver = limit_patience;
        tp_loop_post(tp_http_loop(api->http, i), &api->desks[i].stop);
    }
    tp_http_stop(api->http, timeout_ms);
}

void tp_api_free(struct tp_api *api) {
    if (!api)
        return;
    if (api->http)
        tp_http_stop(api->http, 0);
    for (size_t i = 0; i < api->n_desks; i++) {
        tp_redis_close(api->desks[i].redis);
        if (api->desks[i].patience)
            event_free(api->desks[i].patience);
        if (api->desks[i].receiving)
            tp_receiving_stop(api->desks[i].receiving);
        if (api->desks[i].intake)
            tp_intake_stop(api->desks[i].intake);
    }
    tp_http_free(api->http);
    for (size_t i = 0; i < api->n_desks; i++) {
        tp_receiving_free(api->desks[i].receiving);
        tp_intake_free(api->desks[i].intake);
    }
    tp_segment_keys_free(api->write_keys);
    free(api->desks);
    free(api);
}
