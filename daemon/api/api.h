/* The API: which path does what, in the words of HTTP. Each thread of the front has a desk: an intake, a connection to
 * Redis for reading, and the thread's normalizer.
 * Routes and what they answer: routes.c; POST /v1/events: events.c; /v1/sources: sources.c and handshake.c; Segment's
 * paths: segment.c; look-ups: customers.c; a split: split.c; a rebuild: rebuild.c; health and metrics: health.c. */
#pragma once

#include "common/buf.h"
#include "daemon/http/http.h"
#include "daemon/journal/journal.h"
#include "daemon/pipeline/delivery.h"
#include "daemon/pipeline/senders.h"
#include "daemon/pipeline/waitroom.h"
#include "daemon/settings/settings.h"

struct tp_api;

struct tp_api_options {
    const struct tp_settings *settings;
    struct tp_journal *journal;
    struct tp_waitroom *waitroom;
    struct tp_delivery *delivery;
    struct tp_senders *senders;
};

/* Listens and serves. TP_ECONFIG with the reason in `fault`. */
int tp_api_start(const struct tp_api_options *options, struct tp_buf *fault, struct tp_api **ret);
/* Asks every thread of the front for a sign of life, and says whether all gave one since the last time. */
bool tp_api_ping(struct tp_api *api);
const char *tp_api_addresses(const struct tp_api *api);
/* Takes no new request, gives those under way up to timeout_ms, and closes. Those who wait for delivery are given half
 * of it, and then told what is known. */
void tp_api_stop(struct tp_api *api, unsigned timeout_ms);
void tp_api_free(struct tp_api *api); /* NULL is fine */
