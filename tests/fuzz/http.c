/* The HTTP front, as it is: a real socket, the real listener and event loop, and routes that answer. The input is what
 * one client sends. It is sent twice at the same time, over two connections, whole and in pieces; and once more by a
 * client that does not stay for the answers.
 *
 * What has to hold: each request gets one answer, and each answer has its request, by a second opinion on where
 * requests end (framing.c); a handler sees of a request what was sent; how bytes were cut on their way changes nothing;
 * behind an answer that closes nothing is answered; and no connection is left in the end. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xxhash.h>

#include <event2/event.h>

#include "daemon/http/http.h"
#include "daemon/log/log.h"
#include "daemon/metrics/metrics.h"
#include "tests/fuzz/framing.h"

enum { MOST_REQUESTS = 512, MOST_PIECES = 8, IDLE_PASSES = 3 };

/* --- the server --- */

static struct tp_http *http;
static struct event_base *base;
static struct sockaddr_un address = {.sun_family = AF_UNIX};

/* What handlers saw, of both connections; an answer says in a header which of these it belongs to. */
static struct handled {
    enum tp_http_method method;
    struct tp_buf path, body;
    bool answered;
} handled[MOST_REQUESTS];
static size_t n_handled;
static struct tp_http_request *waiting[2];
static size_t n_waiting;

static size_t note(struct tp_http_request *request) {
    must(n_handled < MOST_REQUESTS);
    struct handled *seen = &handled[n_handled];
    seen->method = tp_http_method(request);
    seen->answered = false;
    tp_buf_clear(&seen->path);
    tp_buf_clear(&seen->body);
    tp_buf_addstr(&seen->path, tp_http_path(request));
    tp_buf_addstr(&seen->body, tp_http_body(request));
    return n_handled++;
}

static void answer(struct tp_http_request *request, int status, size_t number) {
    char header[48];
    snprintf(header, sizeof header, "Number: %zu\r\n", number);
    struct tp_str body = tp_buf_str(&handled[number].body);
    tp_http_reply_with(request, status, "text/plain", header, status == 204 ? (struct tp_str){0} : body);
}

/* Everything that a handler may ask for is read, so that the sanitizers see where it points to. */
static void read_all(const struct tp_http_request *request) {
    struct tp_buf all = TP_BUF_INIT;
    struct tp_str name, value;
    for (size_t cursor = 0; tp_http_query_next(request, &cursor, &name, &value) > 0;) {
        tp_buf_addstr(&all, name);
        tp_buf_addstr(&all, value);
    }
    for (size_t cursor = 0; tp_http_header_next(request, &cursor, &name, &value) > 0;) {
        tp_buf_addstr(&all, name);
        tp_buf_addstr(&all, value);
    }
    tp_buf_addstr(&all, tp_http_param(request, "id"));
    tp_buf_addstr(&all, tp_http_header(request, "X-Forwarded-For"));
    must(fuzz_is_line(tp_http_peer(request)));
    tp_buf_free(&all);
}

static void handle(struct tp_http_request *request, void *arg) {
    (void)arg;
    read_all(request);
    answer(request, tp_http_method(request) == TP_HTTP_OPTIONS ? 204 : 200, note(request));
}

static void handle_later(struct tp_http_request *request, void *arg) {
    (void)arg;
    must(n_waiting < 2); /* while a reply is owed its connection gives nothing */
    waiting[n_waiting++] = request;
}

static bool answer_waiting(void) {
    bool any = n_waiting > 0;
    while (n_waiting > 0) {
        struct tp_http_request *request = waiting[--n_waiting];
        answer(request, 200, note(request));
    }
    return any;
}

static const struct tp_http_route routes[] = {
    {TP_HTTP_POST | TP_HTTP_GET, "/e", 0, handle},
    {TP_HTTP_GET, "/v1/customers/:id/timeline", 0, handle},
    {TP_HTTP_POST | TP_HTTP_GET, "/later", 0, handle_later},
    {TP_HTTP_OPTIONS, "/none", 0, handle},
    {0, NULL, 0, NULL},
};

static void remove_socket(void) { unlink(address.sun_path); }

/* Its loop is never started: it is turned here, by hand, so that what it does is over when it is looked at. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    char listen[sizeof address.sun_path + 32];
    struct tp_settings *settings = NULL;
    struct tp_buf fault = TP_BUF_INIT;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/http", fuzz_directory());
    snprintf(listen, sizeof listen, "http.listen=unix:%s", address.sun_path);
    const char *const sets[] = {listen,
                                "http.threads=1",
                                "http.header_timeout=1h", /* so that no deadline passes while the machine is busy */
                                "http.body_timeout=1h",
                                "http.idle_timeout=1h",
                                "http.write_timeout=1h",
                                "http.trusted_proxies=unix,10.0.0.0/8",
                                "http.max_header=1KiB",
                                "http.max_body=1KiB",
                                "http.max_unpacked=2KiB",
                                "normalize.max_event=1KiB"};
    tp_log_set_level("error");
    must(tp_settings_load(NULL, sets, sizeof sets / sizeof *sets, &fault, &settings) == 0);
    must(tp_http_open(settings, routes, NULL, &fault, &http) == 0);
    atexit(remove_socket);
    base = tp_loop_base(tp_http_loop(http, 0));
    return 0;
}

/* --- the client --- */

struct client {
    int fd;
    struct tp_str unsent;
    struct tp_buf got;
    bool ended;
};

static struct client dial(struct tp_str request) {
    struct client client = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), .unsent = request};
    must(client.fd >= 0);
    must(connect(client.fd, (const struct sockaddr *)&address, sizeof address) == 0);
    return client;
}

/* What a server that has closed does not take is dropped. */
static void send_piece(struct client *client, size_t len) {
    ssize_t sent = send(client->fd, client->unsent.at, len, MSG_NOSIGNAL);
    must(sent < 0 || (size_t)sent == len);
    client->unsent = (struct tp_str){client->unsent.at + len, client->unsent.len - len};
    if (client->unsent.len == 0)
        shutdown(client->fd, SHUT_WR);
}

static bool receive(struct client *client) {
    char bytes[16384];
    ssize_t n = client->ended ? 0 : recv(client->fd, bytes, sizeof bytes, 0);
    must(n >= 0 || errno == EAGAIN || errno == ECONNRESET);
    client->ended = n == 0 || (n < 0 && errno == ECONNRESET);
    if (n > 0)
        tp_buf_add(&client->got, bytes, (size_t)n);
    return n > 0;
}

/* Turns the loop until nothing moves any more. */
static void settle(struct client clients[2]) {
    for (int idle = 0; idle < IDLE_PASSES; idle++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        bool moved = answer_waiting();
        for (int i = 0; i < 2; i++)
            moved |= receive(&clients[i]);
        if (moved)
            idle = 0;
    }
}

/* The first connection gets all at once, the second one pieces; where they are cut hangs on the bytes alone. */
static void converse(struct tp_str request, struct client clients[2]) {
    uint64_t cuts = XXH3_64bits(request.at, request.len);
    clients[0] = dial(request);
    clients[1] = dial(request);
    send_piece(&clients[0], request.len);
    for (int left = MOST_PIECES; clients[1].unsent.len > 0; left--) {
        size_t most = clients[1].unsent.len, len = cuts % 2 ? cuts % 7 + 1 : cuts % most + 1;
        send_piece(&clients[1], left > 0 && len < most ? len : most);
        cuts = cuts / 8 + (cuts << 61);
        settle(clients);
    }
    settle(clients);
}

static void hang_up(struct client *client) {
    close(client->fd);
    tp_buf_free(&client->got);
}

/* Sends all and is gone: what is still answered goes nowhere. */
static void leave_early(struct tp_str request) {
    struct client client = dial(request);
    send_piece(&client, request.len);
    hang_up(&client);
    do {
        for (int i = 0; i < IDLE_PASSES; i++)
            event_base_loop(base, EVLOOP_NONBLOCK);
    } while (answer_waiting());
}

/* --- the judgement --- */

struct reply {
    int status;
    bool closes;
    const struct handled *of; /* NULL: no handler saw its request */
    struct tp_str body;
};

static struct tp_str field(struct tp_str head, const char *name) {
    for (struct tp_str line; head.len > 0;) {
        line = tp_str_cut(&head, '\n');
        if (tp_str_begins(line, name))
            return (struct tp_str){line.at + strlen(name), line.len - strlen(name) - 1};
    }
    return (struct tp_str){0};
}

static size_t number(struct tp_str text) { return text.len > 0 ? strtoul(text.at, NULL, 10) : 0; }

static struct tp_str take_head(struct tp_str *rest) {
    const char *end = memmem(rest->at, rest->len, "\r\n\r\n", 4);
    must(end);
    struct tp_str head = {rest->at, (size_t)(end - rest->at) + 2};
    *rest = (struct tp_str){end + 4, rest->len - head.len - 2};
    must(tp_str_begins(head, "HTTP/1.1 "));
    return head;
}

/* "100 Continue" is no answer. */
static void skip_interim(struct tp_str *got) {
    while (tp_str_begins(*got, "HTTP/1.1 100 "))
        take_head(got);
}

/* `to_head`: it is known to answer a HEAD, and has no body. */
static struct reply take_reply(struct tp_str *rest, bool to_head) {
    struct tp_str head = take_head(rest), of = field(head, "Number: ");
    size_t len = number(field(head, "Content-Length: "));
    struct reply reply = {.status = (int)strtol(head.at + strlen("HTTP/1.1 "), NULL, 10)};
    reply.closes = tp_str_is(field(head, "Connection: "), "close");
    if (of.len > 0) {
        must(number(of) < n_handled);
        reply.of = &handled[number(of)];
        must(!reply.of->answered);
        handled[number(of)].answered = true;
    }
    if (reply.closes ? rest->len == 0 : to_head) /* of what was refused it need not be known that it was a HEAD */
        len = 0;
    must(len <= rest->len);
    reply.body = (struct tp_str){rest->at, len};
    *rest = (struct tp_str){rest->at + len, rest->len - len};
    skip_interim(rest);
    return reply;
}

static bool is_method(enum tp_http_method method, struct tp_str name) {
    static const struct {
        enum tp_http_method method;
        const char *name;
    } names[] = {{TP_HTTP_GET, "GET"}, {TP_HTTP_HEAD, "HEAD"}, {TP_HTTP_POST, "POST"}, {TP_HTTP_OPTIONS, "OPTIONS"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].method == method)
            return tp_str_is(name, names[i].name);
    return false;
}

static bool holds(struct tp_str text, struct tp_str part) {
    return part.len == 0 || (text.len > 0 && memmem(text.at, text.len, part.at, part.len));
}

/* `request` is NULL where no whole and clear one begins: it may be refused then, and not be believed. */
static void check(const struct reply *reply, const struct framed_request *request) {
    must(request || (!reply->of && reply->closes));
    must(reply->of ? reply->status < 300 : reply->status >= 400);
    if (!reply->of)
        return;
    struct tp_str body = tp_buf_str(&reply->of->body);
    must(is_method(reply->of->method, request->method));
    must(holds(request->target, tp_buf_str(&reply->of->path)));
    must(request->coded || tp_str_equal(body, tp_buf_str(&request->body)));
    must(reply->body.len == 0 || tp_str_equal(body, reply->body));
}

/* What was answered to what was sent; gives how many answers there were. */
static size_t judge(struct tp_str sent, struct tp_str got, struct reply replies[MOST_REQUESTS]) {
    skip_interim(&got);
    for (size_t n = 0;; n++) {
        struct framed_request request;
        bool whole = framed_read(sent, &request);
        must(!whole || got.len > 0); /* there is an answer to it */
        if (got.len == 0) {
            tp_buf_free(&request.body);
            return n;
        }
        replies[n] = take_reply(&got, whole && tp_str_is(request.method, "HEAD"));
        check(&replies[n], whole ? &request : NULL);
        tp_buf_free(&request.body);
        if (replies[n].closes) {
            must(got.len == 0);
            return n + 1;
        }
        sent = (struct tp_str){sent.at + request.len, sent.len - request.len};
    }
}

/* What is refused may be refused for another reason, since of two faults the later one may be met first. */
static void compare(const struct reply *whole, const struct reply *pieces) {
    must(!whole->of == !pieces->of);
    must(whole->status == pieces->status || (whole->closes && pieces->closes && !whole->of));
    must(!whole->of || whole->of->method == pieces->of->method);
    must(!whole->of || tp_str_equal(tp_buf_str(&whole->of->path), tp_buf_str(&pieces->of->path)));
    must(!whole->of || tp_str_equal(tp_buf_str(&whole->of->body), tp_buf_str(&pieces->of->body)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct reply replies[2][MOST_REQUESTS];
    struct tp_str sent = fuzz_text(data, size);
    struct client clients[2];
    n_handled = 0;
    converse(sent, clients);
    size_t n = judge(sent, tp_buf_str(&clients[0].got), replies[0]);
    must(judge(sent, tp_buf_str(&clients[1].got), replies[1]) == n);
    for (size_t i = 0; i < n; i++)
        compare(&replies[0][i], &replies[1][i]);
    for (size_t i = 0; i < n_handled; i++)
        must(handled[i].answered);
    hang_up(&clients[0]);
    hang_up(&clients[1]);
    leave_early(sent);
    must(tp_metrics_get(TP_M_HTTP_CONNECTIONS) == 0);
    return 0;
}
