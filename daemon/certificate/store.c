#include "daemon/certificate/internal.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/log/log.h"

enum { MOST = 16 };
#define LEFT_ALONE_MS INT64_C(10000) /* after a failure */

struct entry {
    enum { NOTHING, WANTED, FETCHED, FAILED } state;
    char url[TP_CERTIFICATE_URL_BYTES + 1];
    int64_t asked_ms, failed_ms; /* monotonic */
    struct tp_buf pem;
};

struct tp_certificates {
    struct tp_certificates_options options;
    pthread_mutex_t mutex; /* over all that follows */
    pthread_cond_t wanted;
    pthread_t thread;
    bool runs;
    atomic_bool stopped;
    struct entry entries[MOST];
};

static int64_t now_ms(void) { return tp_time_monotonic_us() / 1000; }

/* ---- the thread ---- */

static struct entry *next_wanted(struct tp_certificates *store) {
    struct entry *next = NULL;
    for (struct entry *entry = store->entries; entry < store->entries + MOST; entry++)
        if (entry->state == WANTED && (!next || entry->asked_ms < next->asked_ms))
            next = entry;
    return next;
}

static void settle(struct entry *entry, bool fetched, struct tp_buf *pem) {
    entry->state = fetched ? FETCHED : FAILED;
    entry->failed_ms = now_ms();
    tp_buf_free(&entry->pem);
    entry->pem = *pem;
    *pem = TP_BUF_INIT;
}

/* The mutex is held but for the fetch itself; meanwhile the entry stays, since it is wanted. */
static void fetch(struct tp_certificates *store, struct entry *entry) {
    struct tp_buf pem = TP_BUF_INIT;
    char url[sizeof entry->url], why[256];
    memcpy(url, entry->url, sizeof url);
    pthread_mutex_unlock(&store->mutex);
    bool fetched = tp_certificate_fetch(url, store->options.trusted, &store->stopped, &pem, why);
    if (fetched)
        tp_log(TP_LOG_NOTICE, "certificate_fetched", "stage=verify certificate=%s", tp_log_quote(url));
    else
        tp_log(TP_LOG_WARNING, "certificate_failed", "stage=verify certificate=%s error=%s", tp_log_quote(url),
               tp_log_quote(why));
    pthread_mutex_lock(&store->mutex);
    settle(entry, fetched, &pem);
    tp_buf_free(&pem);
}

static void *run(void *arg) {
    struct tp_certificates *store = arg;
    pthread_mutex_lock(&store->mutex);
    while (!atomic_load(&store->stopped)) {
        struct entry *entry = next_wanted(store);
        if (entry)
            fetch(store, entry);
        else
            pthread_cond_wait(&store->wanted, &store->mutex);
    }
    pthread_mutex_unlock(&store->mutex);
    return NULL;
}

/* ---- asked ---- */

static struct entry *entry_of(struct tp_certificates *store, struct tp_str url) {
    for (struct entry *entry = store->entries; entry < store->entries + MOST; entry++)
        if (entry->state != NOTHING && tp_str_is(url, entry->url))
            return entry;
    return NULL;
}

/* What failed goes first, then what was not asked for longest; not what is wanted, of which one is under way. */
static bool goes_before(const struct entry *one, const struct entry *other) {
    if (one->state != other->state && (one->state == NOTHING || other->state == NOTHING))
        return one->state == NOTHING;
    if (one->state != other->state)
        return one->state == FAILED;
    return one->asked_ms < other->asked_ms;
}

static struct entry *make_room(struct tp_certificates *store) {
    struct entry *room = NULL;
    for (struct entry *entry = store->entries; entry < store->entries + MOST; entry++)
        if (entry->state != WANTED && (!room || goes_before(entry, room)))
            room = entry;
    return room;
}

static int want(struct tp_certificates *store, struct entry *entry, struct tp_str url) {
    tp_buf_clear(&entry->pem);
    memcpy(entry->url, url.at, url.len);
    entry->url[url.len] = '\0';
    entry->state = WANTED;
    if (!store->runs && pthread_create(&store->thread, NULL, run, store) == 0)
        store->runs = true;
    pthread_cond_signal(&store->wanted);
    return store->runs ? TP_EUNAVAILABLE : TP_ENOMEM;
}

static bool rests(const struct entry *entry, int64_t now) {
    return entry->state == FAILED && now < entry->failed_ms + LEFT_ALONE_MS;
}

static int find(struct tp_certificates *store, struct tp_str url, struct tp_buf *out) {
    int64_t now = now_ms();
    struct entry *entry = entry_of(store, url);
    if (entry && (entry->state == WANTED || rests(entry, now)))
        return TP_EUNAVAILABLE;
    if (!entry)
        entry = make_room(store);
    if (!entry)
        return TP_EUNAVAILABLE;
    entry->asked_ms = now;
    if (entry->state != FETCHED || !tp_str_is(url, entry->url))
        return want(store, entry, url);
    tp_buf_addstr(out, tp_buf_str(&entry->pem));
    return out->failed ? TP_ENOMEM : 0;
}

int tp_certificates_find(struct tp_certificates *store, struct tp_str url, struct tp_buf *out) {
    if (!tp_certificate_may_fetch(store->options.hosts, url))
        return TP_EFORBIDDEN;
    pthread_mutex_lock(&store->mutex);
    int status = find(store, url, out);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

/* ---- life ---- */

int tp_certificates_new(const struct tp_certificates_options *options, struct tp_certificates **ret) {
    struct tp_certificates *store = calloc(1, sizeof *store);
    if (!store || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(store);
        return TP_ENOMEM;
    }
    store->options = *options;
    pthread_mutex_init(&store->mutex, NULL);
    pthread_cond_init(&store->wanted, NULL);
    *ret = store;
    return 0;
}

void tp_certificates_free(struct tp_certificates *store) {
    if (!store)
        return;
    pthread_mutex_lock(&store->mutex);
    atomic_store(&store->stopped, true);
    pthread_cond_signal(&store->wanted);
    pthread_mutex_unlock(&store->mutex);
    if (store->runs)
        pthread_join(store->thread, NULL);
    for (size_t i = 0; i < MOST; i++)
        tp_buf_free(&store->entries[i].pem);
    pthread_cond_destroy(&store->wanted);
    pthread_mutex_destroy(&store->mutex);
    curl_global_cleanup();
    free(store);
}
