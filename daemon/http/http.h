/* HTTP/1.1: sockets, threads, limits, routes, replies; knows nothing of what is asked. libevent listeners and
 * bufferevents, one event base a thread with SO_REUSEPORT, http-parser with guards of our own (guard.c) against request
 * smuggling; RFC 9110, RFC 9112.
 *
 * A request is given to its route's handler once its body is whole, unpacked and authorized, on the thread of its
 * connection, and stays there. It is answered by tp_http_reply, at once or later; while a reply is owed nothing more is
 * read from that connection. When the peer leaves before, the request stays valid and the reply goes nowhere: answer it
 * all the same. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/str.h"
#include "daemon/loop/loop.h"
#include "daemon/settings/settings.h"

struct tp_http;
struct tp_http_request;

enum tp_http_method { TP_HTTP_GET = 1, TP_HTTP_HEAD = 2, TP_HTTP_POST = 4, TP_HTTP_OPTIONS = 8 };

struct tp_http_route {
    unsigned methods; /* of enum tp_http_method; another is 405 with Allow */
    const char *path; /* "/v1/customers/:id/timeline": a segment with ':' takes any text, percent-decoded */
    unsigned scope;   /* of enum tp_scope; 0: no key is asked for */
    void (*handle)(struct tp_http_request *request, void *arg);
};

/* Whether the addresses, networks and keys go together, without listening. As tp_http_open. */
int tp_http_check(const struct tp_settings *settings, struct tp_buf *fault);
/* Listens; nothing is taken from the listeners before tp_http_serve, so that its loops can be fitted out in between.
 * `routes` end with a path of NULL and must outlive it; `arg` goes to each handler.
 * Faults of addresses are said in `fault`, one sentence without a line's end. TP_ECONFIG: an address or network that is
 * none, or listening beyond loopback without keys and without http.open. TP_ELOCKED: an address is taken.
 * `settings` are borrowed until tp_http_free. */
int tp_http_open(const struct tp_settings *settings, const struct tp_http_route *routes, void *arg,
                 struct tp_buf *fault, struct tp_http **ret);
/* Starts the threads. */
int tp_http_serve(struct tp_http *http);
/* Both at once. */
int tp_http_start(const struct tp_settings *settings, const struct tp_http_route *routes, void *arg,
                  struct tp_buf *fault, struct tp_http **ret);
/* The addresses really listened on, e.g. "http://127.0.0.1:8080", comma-separated; port 0 is resolved. */
const char *tp_http_addresses(const struct tp_http *http);
/* The loops of its threads, e.g. for a Redis connection each; index as tp_http_thread gives. */
size_t tp_http_threads(const struct tp_http *http);
struct tp_loop *tp_http_loop(const struct tp_http *http, size_t thread);
/* No new connection, no new request on an open one (503 with Connection: close). Any thread. */
void tp_http_drain(struct tp_http *http);
bool tp_http_draining(const struct tp_http *http);
/* Waits up to timeout_ms until all that were begun are answered and written; then closes, and ends the threads. Mail
 * that is posted to their loops afterwards is delivered by tp_http_free, and may still answer (a reply that goes
 * nowhere). */
void tp_http_stop(struct tp_http *http, unsigned timeout_ms);
void tp_http_free(struct tp_http *http); /* stops at once if it was not stopped; NULL is fine */

/* Of a request; all borrowed until it is answered. */
enum tp_http_method tp_http_method(const struct tp_http_request *request);
struct tp_str tp_http_path(const struct tp_http_request *request);
struct tp_str tp_http_param(const struct tp_http_request *request,
                            const char *name); /* of the path; at NULL when absent */
struct tp_str tp_http_query(const struct tp_http_request *request, const char *name); /* decoded; at NULL when absent */
struct tp_str tp_http_query_text(const struct tp_http_request *request);              /* as sent, without its '?' */
/* All query members in order: 1 and the pair, 0 at the end. */
int tp_http_query_next(const struct tp_http_request *request, size_t *cursor, struct tp_str *ret_name,
                       struct tp_str *ret_value);
struct tp_str tp_http_header(const struct tp_http_request *request, const char *name); /* any case; the first one */
/* All headers in order, names in lower case: 1 and the pair, 0 at the end. */
int tp_http_header_next(const struct tp_http_request *request, size_t *cursor, struct tp_str *ret_name,
                        struct tp_str *ret_value);
struct tp_str tp_http_body(const struct tp_http_request *request);   /* unpacked */
const char *tp_http_key_name(const struct tp_http_request *request); /* of the key shown; NULL without */
/* For routes that ask for no key, and want one all the same: whether a key of this scope was shown, or none are
 * configured. False: answered. */
bool tp_http_authorize(struct tp_http_request *request, unsigned scope);
/* The address that the request comes from, or "unix": the socket's peer, or what a trusted proxy says of its own. */
struct tp_str tp_http_peer(const struct tp_http_request *request);
size_t tp_http_thread(const struct tp_http_request *request);
struct tp_loop *tp_http_request_loop(const struct tp_http_request *request);

/* Answers, once, on the request's thread. `body` is copied. content_type NULL: application/json. */
void tp_http_reply(struct tp_http_request *request, int status, const char *content_type, struct tp_str body);
/* The same with more header lines, each "Name: value\r\n". */
void tp_http_reply_with(struct tp_http_request *request, int status, const char *content_type, const char *headers,
                        struct tp_str body);
/* {"error": {"code", "message", "path"}} by the table of errors; 503 with Retry-After. path NULL or "": left out. */
void tp_http_reply_error(struct tp_http_request *request, int error, const char *path, const char *message);
void tp_http_reply_error_with(struct tp_http_request *request, int error, const char *path, const char *message,
                              const char *headers);
