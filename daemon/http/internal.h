/* What the files of this folder share. In reading order:
 *
 *   http.c        start, drain, stop; the threads
 *   listen.c      addresses, and the sockets that listen on them
 *   tally.c       how many connections each address has
 *   crowd.c       how many there are, and who goes when another wants in
 *   connection.c  the life of one connection: its phases, their deadlines, and writing
 *   steps.c       what is done with the bytes at hand
 *   guard.c       what bytes may stand where, before anything is believed
 *   parse.c       http-parser over the head and the body
 *   framing.c     what the fields say of the message: host, length, codings, expectations
 *   route.c       which handler; the path and the query decoded
 *   auth.c        keys
 *   unpack.c      gzip
 *   list.c        comma-separated lists
 *   request.c     what a handler may ask
 *   proxy.c       whom a forwarded address is believed from
 *   reply.c       answers
 *
 * A connection has one request, which is used again for the next one. Both belong to one thread and are never locked;
 * only its place among the others is (crowd.c). */
#pragma once

#include <http_parser.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "common/buf.h"
#include "common/error.h"
#include "daemon/http/http.h"

enum {
    TP_HTTP_MAX_FIELDS = 100,
    TP_HTTP_MAX_SEGMENTS = 8, /* of a path; longer ones are of no route */
    TP_HTTP_MAX_MEMBERS = 64, /* of a query */
    TP_HTTP_SMALL_BODY = 16 * 1024,
};

/* Why a request is refused. error 0: it is not. */
struct tp_http_refusal {
    int error;
    const char *message; /* static */
    const char *headers; /* more header lines, or NULL */
};

/* Each returns its error, so that a check ends with `return tp_http_refuse(...)`. */
int tp_http_refuse(struct tp_http_refusal *refusal, int error, const char *message);

/* list.c: the next item from the left or from the right, which leaves the list; false when none is left. */
bool tp_http_list_first(struct tp_str *list, struct tp_str *ret_item);
bool tp_http_list_last(struct tp_str *list, struct tp_str *ret_item);

/* guard.c */
struct tp_http_guard {
    unsigned state;
    size_t left;       /* bytes of framing that may come before the next bytes of the body */
    const char *fault; /* what was expected instead; static; NULL while all is well */
};
void tp_http_guard_head(struct tp_http_guard *guard);
void tp_http_guard_chunks(struct tp_http_guard *guard);
/* Looks at bytes up to the end of the head, or of the chunked body; returns how many it has seen. */
size_t tp_http_guard_run(struct tp_http_guard *guard, const char *at, size_t len);
bool tp_http_guard_done(const struct tp_http_guard *guard);
/* Between a chunk's size and its data. */
bool tp_http_guard_data(const struct tp_http_guard *guard);

/* unpack.c */
struct tp_http_unpack;
struct tp_http_unpack *tp_http_unpack_new(void); /* NULL when out of memory */
void tp_http_unpack_free(struct tp_http_unpack *unpack);
/* Appends what `packed` unpacks to; `out` stays within `max`. TP_EINVALID, TP_ETOOLARGE, TP_ENOMEM. */
int tp_http_unpack_feed(struct tp_http_unpack *unpack, struct tp_str packed, size_t max, struct tp_buf *out);
bool tp_http_unpack_whole(const struct tp_http_unpack *unpack); /* ends where a gzip member ends */

/* request.c */
struct tp_http_field {
    uint32_t name, name_len, value, value_len; /* offsets in the head */
};
struct tp_http_member {
    struct tp_str name, value;
};
struct tp_http_request {
    struct tp_http_connection *connection;
    struct tp_buf head; /* as sent, but for field names in lower case */
    struct tp_http_field fields[TP_HTTP_MAX_FIELDS];
    size_t n_fields;
    enum http_method sent_method;
    struct tp_str path, query; /* as sent */
    struct tp_buf decoded;     /* what had to be decoded of both; never grows while it is pointed into */
    struct tp_str segments[TP_HTTP_MAX_SEGMENTS];
    size_t n_segments;
    struct tp_http_member members[TP_HTTP_MAX_MEMBERS];
    size_t n_members;
    const struct tp_http_route *route;
    const char *key_name;
    struct tp_buf body;
    uint64_t length; /* of the body, as promised by Content-Length */
    size_t received; /* bytes of the body before unpacking */
    size_t held;     /* of what all large bodies may take together */
    struct tp_http_unpack *unpack;
    http_parser parser;
    struct tp_http_guard guard;
    const char *framing; /* in the bytes being parsed: where the framing begins that the guard has not seen */
    struct tp_http_refusal refusal;
    bool chunked, gzip, expects_continue, keep_alive, old; /* old: HTTP/1.0 */
    bool in_trailers, complete;
};
void tp_http_request_init(struct tp_http_request *request, struct tp_http_connection *connection);
void tp_http_request_clear(struct tp_http_request *request); /* for the next one; keeps a little memory */
void tp_http_request_free(struct tp_http_request *request);
unsigned tp_http_method_bit(const struct tp_http_request *request); /* of enum tp_http_method; 0 for another */
struct tp_str tp_http_field_name(const struct tp_http_request *request, size_t i);
struct tp_str tp_http_field_value(const struct tp_http_request *request, size_t i);

/* parse.c: each 0, or an error with the request's refusal set. */
int tp_http_parse_head(struct tp_http_request *request);
/* Takes what belongs to the body out of `in`; `complete` says when it is whole. */
int tp_http_parse_body(struct tp_http_request *request, struct evbuffer *in);

/* framing.c: the same; called between the head and the body. */
int tp_http_framing_check(struct tp_http_request *request);

/* route.c: the same. */
int tp_http_target_read(struct tp_http_request *request, struct tp_str target);
int tp_http_route_find(struct tp_http_request *request, const struct tp_http_route *routes);
void tp_http_route_allow(const struct tp_http_request *request, const struct tp_http_route *routes, char *out,
                         size_t size);

/* auth.c */
struct tp_http_auth;
struct tp_http_auth *tp_http_auth_new(const struct tp_settings *settings);
void tp_http_auth_free(struct tp_http_auth *auth);
int tp_http_auth_check(const struct tp_http_auth *auth, struct tp_http_request *request);

/* proxy.c */
struct tp_http_network {
    struct in6_addr address; /* an IPv4 one is mapped */
    unsigned bits;
};
struct tp_http_proxies {
    struct tp_http_network *networks;
    size_t n;
    bool unix_peers;
};
int tp_http_proxies_parse(const char *list, struct tp_buf *fault, struct tp_http_proxies *proxies);
void tp_http_proxies_free(struct tp_http_proxies *proxies);
bool tp_http_from_proxy(const struct tp_http_connection *connection); /* one whose word is taken */
/* The address that trusted proxies say the request comes from; false when they say none. */
bool tp_http_forwarded(const struct tp_http_request *request, struct in6_addr *ret);

/* listen.c */
struct tp_http_address {
    struct sockaddr_storage socket;
    socklen_t len;
    struct tp_str text; /* as configured */
};
int tp_http_addresses_parse(const char *list, struct tp_buf *fault, struct tp_http_address **ret, size_t *ret_n);
bool tp_http_address_local(const struct tp_http_address *address); /* loopback or a Unix socket */
/* The first socket makes sure that nobody else listens there, and turns port 0 into a real one for those after it. */
int tp_http_listen_first(struct tp_http_address *address, struct tp_buf *fault, int *ret_fd);
int tp_http_listen_again(const struct tp_http_address *address, struct tp_buf *fault, int *ret_fd);
void tp_http_listen_remove(const struct tp_http_address *address); /* a Unix socket's file */
void tp_http_address_write(const struct tp_http_address *address, struct tp_buf *out);

/* tally.c */
struct tp_http_tally_entry;
struct tp_http_tally {
    struct tp_http_tally_entry **chains;
    size_t mask;
    uint64_t seed;
};
int tp_http_tally_init(struct tp_http_tally *tally, unsigned most);
void tp_http_tally_free(struct tp_http_tally *tally); /* counts nothing any more */
/* What is counted as one: an IPv4 address, mapped, or the /64 of an IPv6 one, which is what one customer gets. */
struct in6_addr tp_http_tally_key(const struct in6_addr *address);
/* One more of this key, of which there may be `most`; false when it has them, or when out of memory. */
bool tp_http_tally_add(struct tp_http_tally *tally, const struct in6_addr *key, unsigned most);
void tp_http_tally_remove(struct tp_http_tally *tally, const struct in6_addr *key);

/* crowd.c: any thread, but for what is said of a guest, which its own thread says. */
enum tp_http_place {
    TP_PLACE_NONE,      /* in no list: a handler has its request, or it is gone */
    TP_PLACE_ARRIVED,   /* has not asked for anything yet */
    TP_PLACE_IDLE,      /* may ask again */
    TP_PLACE_SENDING,   /* a head or a body */
    TP_PLACE_READING,   /* its reply */
    TP_PLACE_LINGERING, /* told to go; no longer counted */
    TP_PLACE_COUNT
};
struct tp_http_guest {
    struct tp_http_guest *prev, *next; /* in the list of its place */
    enum tp_http_place place;
    int64_t since; /* when it came there; monotonic ms */
    int fd;
    bool counted, named; /* among all; among those of `name` */
    struct in6_addr name;
    _Atomic bool shed; /* final; never begins while in TP_PLACE_NONE */
};
struct tp_http_crowd {
    pthread_mutex_t lock; /* of what follows, and of the guests' places */
    unsigned most, most_of_peer, grace_ms;
    unsigned count, lingering;
    struct tp_http_guest *places[TP_PLACE_COUNT]; /* the oldest first */
    struct tp_http_tally tally;
};
int tp_http_crowd_init(struct tp_http_crowd *crowd, unsigned most, unsigned most_of_peer, unsigned grace_ms);
void tp_http_crowd_free(struct tp_http_crowd *crowd); /* nobody is there any more */
enum tp_http_entry { TP_ENTRY_TAKEN, TP_ENTRY_FULL, TP_ENTRY_PEER_FULL };
/* Takes one in, for whom another may have to go. `address`: whom it counts for; NULL: not known yet. */
enum tp_http_entry tp_http_crowd_enter(struct tp_http_crowd *crowd, struct tp_http_guest *guest, int fd,
                                       const struct in6_addr *address);
/* It counts for this address from now on; false when that one has all it may have, and then it counts for nobody. */
bool tp_http_crowd_rename(struct tp_http_crowd *crowd, struct tp_http_guest *guest, const struct in6_addr *address);
void tp_http_crowd_place(struct tp_http_crowd *crowd, struct tp_http_guest *guest, enum tp_http_place place);
void tp_http_crowd_leave(struct tp_http_crowd *crowd, struct tp_http_guest *guest); /* before its socket is closed */
bool tp_http_crowd_shed(struct tp_http_crowd *crowd); /* one, without another coming; false when none can be */

/* connection.c */
enum tp_http_phase {
    TP_PHASE_IDLE,    /* nothing of a request is here */
    TP_PHASE_HEAD,    /* a part of its head */
    TP_PHASE_BODY,    /* its head; its body is on the way */
    TP_PHASE_OWED,    /* the handler has it */
    TP_PHASE_WRITING, /* the reply is on the way */
    TP_PHASE_LINGER,  /* closing: reading on for a while, so that the peer is not reset before it has read the reply */
    TP_PHASE_GONE,    /* the peer is gone; the handler still has the request */
    TP_PHASE_DEAD,    /* to be freed */
};
#define TP_HTTP_NEVER INT64_MAX
struct tp_http_connection {
    struct tp_http_thread *thread;
    struct tp_http_connection *prev, *next; /* of the thread */
    struct bufferevent *bev;                /* NULL once the socket is closed */
    struct tp_http_guest guest;
    enum tp_http_phase phase;
    bool running; /* tp_http_connection_run is on the stack */
    bool begun;   /* counted in the thread's `begun` */
    bool eof, closing;
    size_t scanned;  /* of the head, by the guard */
    size_t lingered; /* bytes read while lingering */
    struct event *timer;
    int64_t deadline, alarm; /* monotonic ms: when the phase must end; when the timer is set for (0: not) */
    struct in6_addr peer;
    bool peer_unix;
    char peer_text[INET6_ADDRSTRLEN];
    struct tp_http_request request;
};
void tp_http_connection_open(struct tp_http_thread *thread, evutil_socket_t fd, const struct sockaddr *peer);
/* Closes the socket. The connection itself stays while the handler has its request, or while its steps run. */
void tp_http_connection_lose(struct tp_http_connection *connection);
void tp_http_connection_free(struct tp_http_connection *connection); /* its socket is closed */
/* The next phase, without a deadline; and one for it, from when on the connection waits, and may be shed. */
void tp_http_connection_enter(struct tp_http_connection *connection, enum tp_http_phase phase);
void tp_http_connection_deadline(struct tp_http_connection *connection, unsigned ms);
/* What the socket takes goes now; the rest follows by the bufferevent. False when the peer is gone. */
bool tp_http_connection_send(struct tp_http_connection *connection, struct iovec *parts, int n_parts);
/* Ends the request: sends the reply, then goes on with the next request or closes. */
void tp_http_connection_answer(struct tp_http_connection *connection, struct iovec *parts, int n_parts, bool close);

/* steps.c */
void tp_http_connection_run(struct tp_http_connection *connection);
void tp_http_connection_refuse(struct tp_http_connection *connection, int error, const char *message);
void tp_http_connection_refuse_peer(struct tp_http_connection *connection); /* its address has too many */

/* reply.c */
void tp_http_reply_refusal(struct tp_http_request *request);

/* http.c */
struct tp_http_thread {
    struct tp_http *http;
    size_t index;
    struct tp_loop *loop;
    struct evconnlistener **listeners;
    size_t n_listeners;
    struct event *accept_again;
    unsigned accepted; /* in all */
    struct tp_http_connection *connections;
    bool draining;
    _Atomic unsigned begun; /* requests begun and not yet answered; changed by this thread only */
    struct tp_mail drain_mail, close_mail;
    struct tp_buf out;  /* where replies are put together */
    unsigned sent_away; /* with 503 */
    char date[32];
    int64_t date_s;
};
struct tp_http {
    const struct tp_settings *settings;
    const struct tp_http_route *routes;
    void *arg;
    struct tp_http_auth *auth;
    struct tp_http_proxies proxies;
    struct tp_http_address *addresses;
    size_t n_addresses, n_opened;
    char *addresses_text;
    struct tp_http_thread *threads;
    size_t n_threads;
    struct tp_http_crowd crowd;
    _Atomic size_t bodies; /* bytes of memory that bodies take, but for small ones */
    _Atomic bool draining;
    bool stopped;
    pthread_mutex_t lock; /* of what follows, for who waits in tp_http_stop */
    pthread_cond_t quiet;
    size_t n_drained; /* threads that take nothing new any more */
};
static inline const struct tp_settings *tp_http_settings(const struct tp_http_connection *connection) {
    return connection->thread->http->settings;
}
void tp_http_thread_begin(struct tp_http_thread *thread); /* a request is begun */
void tp_http_thread_end(struct tp_http_thread *thread);   /* and answered, or given up */
