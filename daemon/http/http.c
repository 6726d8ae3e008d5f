/* Start, drain and stop. Everything is made on the caller's thread before the loops run; from then on each thread's
 * things are touched by that thread only, and draining and closing are mails to it. */
#include "daemon/http/internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log/log.h"

enum { MAX_THREADS = 8, ACCEPTED_AT_ONCE = 64 };

/* --- accepting --- */

static void pause_accepting(struct tp_http_thread *thread, struct evconnlistener *listener, long us) {
    const struct timeval pause = {0, us};
    evconnlistener_disable(listener);
    event_add(thread->accept_again, &pause);
}

/* libevent takes whoever comes for as long as somebody does; those who are here have their turn in between. */
static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int len, void *arg) {
    struct tp_http_thread *thread = arg;
    (void)len;
    tp_http_connection_open(thread, fd, peer);
    if (++thread->accepted % ACCEPTED_AT_ONCE == 0)
        pause_accepting(thread, listener, 0);
}

/* Out of descriptors, most likely: one that can be done without gives its own. The connection stays in the queue, so
 * trying again at once would only spin. */
static void on_accept_error(struct evconnlistener *listener, void *arg) {
    static struct tp_log_limit limit;
    struct tp_http_thread *thread = arg;
    tp_log_limited(&limit, 60, TP_LOG_ERROR, "http_accept_failed", "stage=http error=%s",
                   tp_log_quote(evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR())));
    tp_http_crowd_shed(&thread->http->crowd);
    pause_accepting(thread, listener, 100000);
}

static void on_accept_again(evutil_socket_t fd, short what, void *arg) {
    struct tp_http_thread *thread = arg;
    (void)fd;
    (void)what;
    for (size_t i = 0; i < thread->n_listeners; i++)
        evconnlistener_enable(thread->listeners[i]);
}

static void stop_accepting(struct tp_http_thread *thread) {
    for (size_t i = 0; i < thread->n_listeners; i++)
        evconnlistener_free(thread->listeners[i]);
    thread->n_listeners = 0;
    if (thread->accept_again)
        event_free(thread->accept_again);
    thread->accept_again = NULL;
}

/* --- threads --- */

static void drain_thread(struct tp_mail *mail) {
    struct tp_http_thread *thread =
        (struct tp_http_thread *)((char *)mail - offsetof(struct tp_http_thread, drain_mail));
    stop_accepting(thread);
    thread->draining = true;
    pthread_mutex_lock(&thread->http->lock);
    thread->http->n_drained++;
    pthread_cond_signal(&thread->http->quiet);
    pthread_mutex_unlock(&thread->http->lock);
}

static void close_thread(struct tp_mail *mail) {
    struct tp_http_thread *thread =
        (struct tp_http_thread *)((char *)mail - offsetof(struct tp_http_thread, close_mail));
    stop_accepting(thread);
    for (struct tp_http_connection *connection = thread->connections, *next; connection; connection = next) {
        next = connection->next;
        if (connection->bev)
            tp_http_connection_lose(connection);
    }
}

void tp_http_thread_begin(struct tp_http_thread *thread) { atomic_fetch_add(&thread->begun, 1); }

void tp_http_thread_end(struct tp_http_thread *thread) {
    unsigned before = atomic_fetch_sub(&thread->begun, 1);
    assert(before > 0);
    if (before > 1 || !thread->draining)
        return;
    pthread_mutex_lock(&thread->http->lock);
    pthread_cond_signal(&thread->http->quiet);
    pthread_mutex_unlock(&thread->http->lock);
}

static int make_threads(struct tp_http *http) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = http->settings->http.threads;
    if (n == 0)
        n = cores < 1 ? 1 : cores > MAX_THREADS ? MAX_THREADS : (size_t)cores;
    http->threads = calloc(n, sizeof *http->threads);
    if (!http->threads)
        return TP_ENOMEM;
    for (; http->n_threads < n; http->n_threads++) {
        struct tp_http_thread *thread = &http->threads[http->n_threads];
        char name[16];
        snprintf(name, sizeof name, "http-%zu", http->n_threads);
        thread->loop = tp_loop_new(name);
        if (!thread->loop)
            return TP_ENOMEM;
        thread->http = http;
        thread->index = http->n_threads;
        thread->drain_mail.deliver = drain_thread;
        thread->close_mail.deliver = close_thread;
        thread->accept_again = evtimer_new(tp_loop_base(thread->loop), on_accept_again, thread);
        thread->listeners = calloc(http->n_addresses, sizeof(struct evconnlistener *));
        if (!thread->accept_again || !thread->listeners) {
            http->n_threads++; /* has a loop to be freed */
            return TP_ENOMEM;
        }
    }
    return 0;
}

/* --- starting --- */

static int refuse_openness(const struct tp_http *http, struct tp_buf *fault) {
    if (http->settings->n_keys > 0 || http->settings->http.open)
        return 0;
    for (size_t i = 0; i < http->n_addresses; i++) {
        if (tp_http_address_local(&http->addresses[i]))
            continue;
        tp_buf_addf(fault,
                    "http.listen: %.*s is beyond loopback, and no key is configured: everybody there could read and "
                    "write. Configure a key (key \"NAME\" { file = \"PATH\" }), or set http.open = yes",
                    TP_FMT(http->addresses[i].text));
        return TP_ECONFIG;
    }
    return 0;
}

static int give_listener(struct tp_http_thread *thread, int fd) {
    const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
    struct evconnlistener *listener =
        evconnlistener_new(tp_loop_base(thread->loop), on_accept, thread, flags, 0, fd); /* 0: listens already */
    if (!listener) {
        close(fd);
        return TP_ENOMEM;
    }
    evconnlistener_set_error_cb(listener, on_accept_error);
    thread->listeners[thread->n_listeners++] = listener;
    return 0;
}

static int open_address(struct tp_http *http, struct tp_http_address *address, struct tp_buf *fault) {
    int fd;
    int rc = tp_http_listen_first(address, fault, &fd);
    if (rc != 0)
        return rc;
    http->n_opened++;
    rc = give_listener(&http->threads[0], fd);
    bool shared = address->socket.ss_family != AF_UNIX;
    for (size_t i = 1; rc == 0 && shared && i < http->n_threads; i++) {
        rc = tp_http_listen_again(address, fault, &fd);
        if (rc == 0)
            rc = give_listener(&http->threads[i], fd);
    }
    return rc;
}

static int open_addresses(struct tp_http *http, struct tp_buf *fault) {
    struct tp_buf text = TP_BUF_INIT;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < http->n_addresses; i++) {
        rc = open_address(http, &http->addresses[i], fault);
        if (i > 0)
            tp_buf_addc(&text, ',');
        tp_http_address_write(&http->addresses[i], &text);
    }
    tp_buf_addc(&text, '\0');
    http->addresses_text = tp_buf_take(&text);
    return rc == 0 && !http->addresses_text ? TP_ENOMEM : rc;
}

int tp_http_serve(struct tp_http *http) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < http->n_threads; i++)
        rc = tp_loop_start(http->threads[i].loop);
    return rc;
}

static int read_settings(struct tp_http *http, struct tp_buf *fault) {
    int rc = tp_http_proxies_parse(http->settings->http.trusted_proxies, fault, &http->proxies);
    if (rc == 0)
        rc = tp_http_addresses_parse(http->settings->http.listen, fault, &http->addresses, &http->n_addresses);
    return rc == 0 ? refuse_openness(http, fault) : rc;
}

int tp_http_check(const struct tp_settings *settings, struct tp_buf *fault) {
    struct tp_http http = {.settings = settings};
    int rc = read_settings(&http, fault);
    tp_http_proxies_free(&http.proxies);
    free(http.addresses);
    return rc;
}

/* As many as configured, where the system has descriptors for them and for all else that is open here. */
static unsigned most_connections(unsigned wanted) {
    const rlim_t others = 512, needed = wanted + others;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    if (limit.rlim_cur < needed) {
        limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= needed)
        return wanted;
    unsigned most = (unsigned)(limit.rlim_cur > 2 * others ? limit.rlim_cur - others : limit.rlim_cur / 2);
    most = most < wanted ? most : wanted;
    tp_log(TP_LOG_WARNING, "http_descriptors", "stage=http max_connections=%u descriptors=%llu possible=%u", wanted,
           (unsigned long long)limit.rlim_cur, most);
    return most;
}

static int prepare(struct tp_http *http, struct tp_buf *fault) {
    const unsigned most = most_connections(http->settings->http.max_connections);
    http_parser_set_max_header_size(UINT32_MAX); /* heads, chunk lines and trailers have bounds of ours */
    http->auth = tp_http_auth_new(http->settings);
    int rc = tp_http_crowd_init(&http->crowd, most, http->settings->http.max_connections_per_peer,
                                http->settings->http.grace);
    if (rc == 0)
        rc = http->auth ? read_settings(http, fault) : TP_ENOMEM;
    if (rc == 0)
        rc = make_threads(http);
    if (rc == 0)
        rc = open_addresses(http, fault);
    return rc;
}

int tp_http_open(const struct tp_settings *settings, const struct tp_http_route *routes, void *arg,
                 struct tp_buf *fault, struct tp_http **ret) {
    struct tp_http *http = calloc(1, sizeof *http);
    pthread_condattr_t attr;
    if (!http)
        return TP_ENOMEM;
    http->settings = settings;
    http->routes = routes;
    http->arg = arg;
    pthread_mutex_init(&http->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&http->quiet, &attr);
    pthread_condattr_destroy(&attr);
    int rc = prepare(http, fault);
    if (rc == 0)
        *ret = http;
    else
        tp_http_free(http);
    return rc;
}

int tp_http_start(const struct tp_settings *settings, const struct tp_http_route *routes, void *arg,
                  struct tp_buf *fault, struct tp_http **ret) {
    struct tp_http *http = NULL;
    int rc = tp_http_open(settings, routes, arg, fault, &http);
    if (rc == 0)
        rc = tp_http_serve(http);
    if (rc == 0)
        *ret = http;
    else
        tp_http_free(http);
    return rc;
}

const char *tp_http_addresses(const struct tp_http *http) { return http->addresses_text; }

size_t tp_http_threads(const struct tp_http *http) { return http->n_threads; }

struct tp_loop *tp_http_loop(const struct tp_http *http, size_t thread) {
    return http->threads[thread].loop;
}

/* --- stopping --- */

void tp_http_drain(struct tp_http *http) {
    if (atomic_exchange(&http->draining, true))
        return;
    for (size_t i = 0; i < http->n_threads; i++)
        tp_loop_post(http->threads[i].loop, &http->threads[i].drain_mail);
}

bool tp_http_draining(const struct tp_http *http) { return atomic_load(&http->draining); }

/* Once a thread has drained, its count only falls. */
static bool is_quiet(struct tp_http *http) {
    if (http->n_drained < http->n_threads)
        return false;
    for (size_t i = 0; i < http->n_threads; i++) {
        if (atomic_load(&http->threads[i].begun) > 0)
            return false;
    }
    return true;
}

static void wait_until_quiet(struct tp_http *http, unsigned timeout_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&http->lock);
    while (!is_quiet(http) && pthread_cond_timedwait(&http->quiet, &http->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&http->lock);
}

void tp_http_stop(struct tp_http *http, unsigned timeout_ms) {
    if (http->stopped)
        return;
    http->stopped = true;
    tp_http_drain(http);
    wait_until_quiet(http, timeout_ms);
    for (size_t i = 0; i < http->n_threads; i++)
        tp_loop_post(http->threads[i].loop, &http->threads[i].close_mail);
    for (size_t i = 0; i < http->n_threads; i++)
        tp_loop_stop(http->threads[i].loop);
    for (size_t i = 0; i < http->n_opened; i++)
        tp_http_listen_remove(&http->addresses[i]);
}

static void free_thread(struct tp_http_thread *thread) {
    tp_loop_free(thread->loop); /* delivers late mail, and with it late replies */
    while (thread->connections)
        tp_http_connection_free(thread->connections);
    free(thread->listeners);
    tp_buf_free(&thread->out);
}

void tp_http_free(struct tp_http *http) {
    if (!http)
        return;
    tp_http_stop(http, 0);
    for (size_t i = 0; i < http->n_threads; i++)
        free_thread(&http->threads[i]);
    free(http->threads);
    tp_http_crowd_free(&http->crowd);
    tp_http_auth_free(http->auth);
    tp_http_proxies_free(&http->proxies);
    free(http->addresses);
    free(http->addresses_text);
    pthread_cond_destroy(&http->quiet);
    pthread_mutex_destroy(&http->lock);
    free(http);
}
