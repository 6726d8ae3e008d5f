/* Private to api/. */
#pragma once

#include <stdatomic.h>

#include "daemon/api/api.h"
#include "daemon/api/segment.h"
#include "daemon/kind/kind.h"
#include "daemon/log/log.h"
#include "daemon/pipeline/intake.h"
#include "daemon/pipeline/receiving.h"
#include "daemon/pipeline/repair.h"
#include "daemon/pipeline/senders.h"
#include "daemon/redis/redis.h"

/* What a thread of the front has for itself. */
struct tp_desk {
    struct tp_mail ping; /* first */
    atomic_bool pinged;  /* and not answered yet */
    struct tp_mail stop;
    struct event *patience; /* while stopping: until those who wait for delivery are told what is known */
    struct tp_api *api;
    struct tp_intake *intake;
    struct tp_receiving *receiving;
    struct tp_redis *redis;
};

struct tp_api {
    struct tp_api_options options;
    struct tp_http *http;
    unsigned patience_ms;
    size_t n_desks;
    struct tp_desk *desks;
    struct tp_segment_keys *write_keys;
};

struct tp_desk *tp_api_desk(struct tp_api *api, const struct tp_http_request *request);

/* For looking up; NULL: it is not there, and the request is answered. */
struct tp_redis *tp_api_redis(struct tp_desk *desk, struct tp_http_request *request);
/* Whole seconds, 0 to 60, of the query's `wait`; as it was when absent. False: answered. */
bool tp_api_read_wait(struct tp_http_request *request, unsigned *wait_s);
/* What only those who run it may ask: without keys, whoever is on this machine. False: answered. */
bool tp_api_is_operator(struct tp_http_request *request);

/* handshake.c: what a sender asks other than by POST; and whether what it posts, once it is proven, is such a question,
 * and answered. */
void tp_api_handshake(struct tp_http_request *request, const struct tp_sender *sender);
bool tp_api_challenge(struct tp_desk *desk, struct tp_http_request *request, const struct tp_sender *sender);

/* sources.c: what a source sends, once it is proven, as tp_receiving_take. `body` is borrowed until `done` is called.
 */
int tp_api_receive(struct tp_api *api, struct tp_http_request *request, struct tp_str body, struct tp_sender *sender,
                   tp_intake_done *done, void *arg);

void tp_api_sources(struct tp_http_request *request, void *api);
void tp_api_segment(struct tp_http_request *request, void *api);
void tp_api_segment_settings(struct tp_http_request *request, void *api);
void tp_api_segment_metrics(struct tp_http_request *request, void *api);
void tp_api_post_events(struct tp_http_request *request, void *api);
void tp_api_find_customers(struct tp_http_request *request, void *api);
void tp_api_get_customer(struct tp_http_request *request, void *api);
void tp_api_get_identity(struct tp_http_request *request, void *api);
void tp_api_get_timeline(struct tp_http_request *request, void *api);
void tp_api_split_customer(struct tp_http_request *request, void *api);
void tp_api_rebuild(struct tp_http_request *request, void *api);
void tp_api_healthz(struct tp_http_request *request, void *api);
void tp_api_readyz(struct tp_http_request *request, void *api);
void tp_api_metrics(struct tp_http_request *request, void *api);
