/* Batches to Redis. Entries gather by lane and claims by bucket, since a script touches one hash tag; what is full goes
 * off at once, and answers are taken when enough calls are under way, so that Redis works while Kafka is read. One
 * connection keeps the calls of a lane in order. */
#include "daemon/restore/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <uthash.h>
#include <xxhash.h>

#include "common/error.h"
#include "common/fault.h"
#include "daemon/log/log.h"
#include "daemon/redis/home.h"

enum {
    MOST_CALLS = 64,      /* under way */
    MOST_CLAIMS = 128,    /* of a call */
    MOST_GATHERED = 4096, /* entries and claims, over all lanes and buckets */
    KNOWN_CLAIMS = 65536  /* remembered, a power of 2 */
};

struct lane {
    size_t n, bytes;
    struct tp_restore_record *records[TP_TIMELINE_MOST_EVENTS];
};

/* A value that was demoted, once. */
struct mark {
    UT_hash_handle hh;
    unsigned bucket;
    struct tp_claim_restored claim;
};

struct bucket {
    size_t n, room;
    struct tp_claim_restored *claims;
};

/* A call under way, and of entries what it carries. */
struct call {
    enum { ENTRIES, CLAIMS, TOLD } kind;
    size_t n;
    struct {
        char customer_id[TP_UUID_TEXT];
        uint64_t sequence;
    } entries[TP_TIMELINE_MOST_EVENTS];
};

struct tp_restore_feed {
    const struct tp_restore_options *options;
    struct tp_redis_blocking *redis;
    struct tp_str released;
    struct tp_restore_progress *progress;
    char entries_sha[41], claims_sha[41], told_sha[41];
    struct lane *lanes;
    struct bucket *buckets;
    struct mark *marks; /* by key; they go behind all claims */
    size_t gathered;
    struct tp_redis_words words; /* of the call that is being made */
    size_t first_call, n_calls;
    struct call calls[MOST_CALLS];
    uint64_t known[KNOWN_CLAIMS]; /* hashes of identifiers and owners that were given lately */
    struct tp_log_limit said_lacking, said_broken;
};

/* ---- answers ---- */

/* Said for each, as far as they are few; the sums are in the progress. */
static void count_lacking(struct tp_restore_feed *feed, const char *customer_id, uint64_t sequence, uint64_t lacking) {
    feed->progress->lacking += lacking;
    feed->progress->customers++;
    tp_log_limited(&feed->said_lacking, 1, TP_LOG_WARNING, "restore_lacks",
                   "customer=%s from=%" PRIu64 " until=%" PRIu64 " what=%s", customer_id, sequence - lacking,
                   sequence - 1, tp_log_quote("Kafka does not have these entries of a timeline any more"));
}

static void count_entry(struct tp_restore_feed *feed, const char *customer_id, uint64_t sequence, long long answer) {
    if (answer > 0)
        count_lacking(feed, customer_id, sequence, (uint64_t)answer);
    if (answer == TP_RESTORED_FILLED && feed->progress->lacking > 0)
        feed->progress->lacking--;
    if (answer == TP_RESTORED_BROKEN) {
        feed->progress->lacking++;
        tp_log_limited(&feed->said_broken, 1, TP_LOG_ERROR, "restore_broken",
                       "customer=%s sequence=%" PRIu64 " what=%s", customer_id, sequence,
                       tp_log_quote("a key of this customer holds something else"));
    }
    feed->progress->entries += answer >= 0 || answer == TP_RESTORED_FILLED;
}

static void count_answer(struct tp_restore_feed *feed, const struct call *call, const redisReply *reply) {
    if (call->kind != ENTRIES && reply->type == REDIS_REPLY_INTEGER)
        *(call->kind == CLAIMS ? &feed->progress->claims : &feed->progress->mappings) += (uint64_t)reply->integer;
    for (size_t i = 0; call->kind == ENTRIES && i < reply->elements && i < call->n; i++)
        count_entry(feed, call->entries[i].customer_id, call->entries[i].sequence, reply->element[i]->integer);
}

static int take_oldest(struct tp_restore_feed *feed) {
    redisReply *reply = NULL;
    int error = tp_redis_blocking_answer(feed->redis, &reply);
    if (error)
        return error;
    count_answer(feed, &feed->calls[feed->first_call], reply);
    feed->first_call = (feed->first_call + 1) % MOST_CALLS;
    feed->n_calls--;
    freeReplyObject(reply);
    return 0;
}

/* ---- calls ---- */

/* The words are made. The call's place is filled by who calls. */
static int send_words(struct tp_restore_feed *feed, const char *sha, size_t n_keys, struct call **ret) {
    int error = feed->n_calls == MOST_CALLS ? take_oldest(feed) : 0;
    if (!error)
        error = tp_redis_blocking_send(feed->redis, sha, n_keys, &feed->words);
    if (error)
        return error;
    (void)TP_FAULT("restore.after_batch");
    *ret = &feed->calls[(feed->first_call + feed->n_calls++) % MOST_CALLS];
    return 0;
}

static void forget_records(struct lane *lane) {
    for (size_t i = 0; i < lane->n; i++)
        tp_restore_record_free(lane->records[i]);
    lane->n = lane->bytes = 0;
}

static int send_lane(struct tp_restore_feed *feed, struct lane *lane) {
    struct tp_restored *entries[TP_TIMELINE_MOST_EVENTS];
    struct call *call = NULL;
    for (size_t i = 0; i < lane->n; i++)
        entries[i] = &lane->records[i]->entry;
    const struct tp_restore_call words = {.settings = feed->options->settings,
                                          .lane = (unsigned)(lane - feed->lanes),
                                          .repair = feed->options->repair,
                                          .released = feed->released,
                                          .entries = entries,
                                          .n = lane->n};
    size_t n_keys = tp_timeline_restore(&words, &feed->words);
    int error = send_words(feed, feed->entries_sha, n_keys, &call);
    if (error)
        return error;
    call->kind = ENTRIES;
    call->n = lane->n;
    for (size_t i = 0; i < lane->n; i++) {
        memcpy(call->entries[i].customer_id, entries[i]->append.customer_id.at, TP_UUID_TEXT);
        call->entries[i].sequence = entries[i]->sequence;
    }
    feed->gathered -= lane->n;
    forget_records(lane);
    return 0;
}

static int send_bucket(struct tp_restore_feed *feed, struct bucket *bucket) {
    struct call *call = NULL;
    size_t n_keys = tp_identity_restore(feed->options->settings, (unsigned)(bucket - feed->buckets),
                                        feed->options->repair, bucket->claims, bucket->n, &feed->words);
    int error = send_words(feed, feed->claims_sha, n_keys, &call);
    if (error)
        return error;
    call->kind = CLAIMS;
    feed->gathered -= bucket->n;
    bucket->n = 0;
    return 0;
}

static int send_all(struct tp_restore_feed *feed) {
    const struct tp_settings *settings = feed->options->settings;
    int error = 0;
    for (unsigned i = 0; !error && i < settings->redis.lanes; i++)
        if (feed->lanes[i].n > 0)
            error = send_lane(feed, &feed->lanes[i]);
    for (unsigned i = 0; !error && i < settings->redis.buckets; i++)
        if (feed->buckets[i].n > 0)
            error = send_bucket(feed, &feed->buckets[i]);
    return error;
}

/* ---- gathering ---- */

/* Whether it is another claim than that which was given last under the same hash. */
static bool is_news(struct tp_restore_feed *feed, const struct tp_claim_restored *claim) {
    uint64_t hash =
        XXH3_64bits_withSeed(claim->key, claim->key_len, XXH3_64bits(claim->customer_id, sizeof claim->customer_id));
    uint64_t *known = &feed->known[hash % KNOWN_CLAIMS];
    bool news = *known != hash;
    *known = hash;
    return news;
}

static int grow(struct bucket *bucket) {
    size_t room = bucket->room ? 2 * bucket->room : 8;
    struct tp_claim_restored *claims = reallocarray(bucket->claims, room, sizeof *claims);
    if (!claims)
        return TP_ENOMEM;
    bucket->claims = claims;
    bucket->room = room;
    return 0;
}

static int gather_claim(struct tp_restore_feed *feed, unsigned number, const struct tp_claim_restored *claim) {
    struct bucket *bucket = &feed->buckets[number];
    if (bucket->n == bucket->room && grow(bucket) < 0)
        return TP_ENOMEM;
    bucket->claims[bucket->n++] = *claim;
    feed->gathered++;
    return bucket->n == MOST_CLAIMS ? send_bucket(feed, bucket) : 0;
}

int tp_restore_feed_claim(struct tp_restore_feed *feed, const struct tp_identifier *identifier,
                          struct tp_str customer_id) {
    struct tp_claim_restored claim;
    unsigned number = tp_identity_restored(feed->options->settings, identifier, customer_id, &claim);
    return is_news(feed, &claim) ? gather_claim(feed, number, &claim) : 0;
}

/* Those that are another customer's are left to that one's records. */
static int add_claims(struct tp_restore_feed *feed, const struct tp_append *append) {
    int error = 0;
    for (size_t i = 0; !error && i < append->interaction->n_identifiers; i++)
        if (!(append->others >> i & 1))
            error = tp_restore_feed_claim(feed, &append->interaction->identifiers[i], append->customer_id);
    return error;
}

static int add_mark(struct tp_restore_feed *feed, const struct tp_identifier *identifier, struct tp_str customer_id) {
    struct tp_claim_restored claim;
    unsigned bucket = tp_identity_restored(feed->options->settings, identifier, customer_id, &claim);
    struct mark *mark = NULL;
    HASH_FIND(hh, feed->marks, claim.key, claim.key_len, mark);
    if (mark)
        return 0;
    mark = calloc(1, sizeof *mark);
    if (!mark)
        return TP_ENOMEM;
    mark->bucket = bucket;
    mark->claim = claim;
    mark->claim.demoted = true;
    HASH_ADD(hh, feed->marks, claim.key, claim.key_len, mark);
    return 0;
}

/* The event that says so may be read before that which claimed the value. */
static int add_marks(struct tp_restore_feed *feed, const struct tp_restore_record *record) {
    struct tp_identifier identifier;
    struct tp_str customer_id;
    int error = 0;
    for (size_t i = 0; !error && tp_restore_record_demoted(record, &i, &identifier, &customer_id);)
        error = add_mark(feed, &identifier, customer_id);
    return error;
}

static int gather_marks(struct tp_restore_feed *feed) {
    int error = 0;
    for (const struct mark *mark = feed->marks; !error && mark; mark = mark->hh.next)
        error = gather_claim(feed, mark->bucket, &mark->claim);
    return error;
}

int tp_restore_feed_add(struct tp_restore_feed *feed, struct tp_restore_record *record) {
    const struct tp_append *append = &record->entry.append;
    struct lane *lane = &feed->lanes[tp_home_of(append->customer_id, feed->options->settings->redis.lanes)];
    int error = add_claims(feed, append);
    if (!error)
        error = add_marks(feed, record);
    lane->records[lane->n++] = record;
    lane->bytes += append->interaction->json.len;
    feed->gathered++;
    if (!error && (lane->n == TP_TIMELINE_MOST_EVENTS || lane->bytes >= TP_TIMELINE_MOST_BYTES))
        error = send_lane(feed, lane);
    if (!error && feed->gathered >= MOST_GATHERED)
        error = send_all(feed);
    return error;
}

int tp_restore_feed_told(struct tp_restore_feed *feed, const struct tp_customer_told *told) {
    struct call *call = NULL;
    size_t n_keys = tp_customer_told(feed->options->settings, feed->options->repair, told, &feed->words);
    int error = send_words(feed, feed->told_sha, n_keys, &call);
    if (!error)
        call->kind = TOLD;
    return error;
}

int tp_restore_feed_finish(struct tp_restore_feed *feed) {
    int error = send_all(feed);
    if (!error)
        error = gather_marks(feed);
    if (!error)
        error = send_all(feed);
    while (!error && feed->n_calls > 0)
        error = take_oldest(feed);
    return error;
}

/* ---- life ---- */

int tp_restore_feed_new(const struct tp_restore_options *options, struct tp_redis_blocking *redis,
                        struct tp_str released, struct tp_restore_progress *progress, struct tp_restore_feed **ret) {
    struct tp_restore_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return TP_ENOMEM;
    feed->options = options;
    feed->redis = redis;
    feed->released = released;
    feed->progress = progress;
    feed->lanes = calloc(options->settings->redis.lanes, sizeof *feed->lanes);
    feed->buckets = calloc(options->settings->redis.buckets, sizeof *feed->buckets);
    int error = feed->lanes && feed->buckets ? 0 : TP_ENOMEM;
    if (!error)
        error = tp_redis_blocking_load(redis, &tp_timeline_restore_script, feed->entries_sha);
    if (!error)
        error = tp_redis_blocking_load(redis, &tp_identity_restore_script, feed->claims_sha);
    if (!error)
        error = tp_redis_blocking_load(redis, &tp_customer_told_script, feed->told_sha);
    if (error)
        tp_restore_feed_free(feed);
    else
        *ret = feed;
    return error;
}

void tp_restore_feed_free(struct tp_restore_feed *feed) {
    if (!feed)
        return;
    for (unsigned i = 0; feed->lanes && i < feed->options->settings->redis.lanes; i++)
        forget_records(&feed->lanes[i]);
    for (unsigned i = 0; feed->buckets && i < feed->options->settings->redis.buckets; i++)
        free(feed->buckets[i].claims);
    for (struct mark *mark = feed->marks, *next; mark; mark = next) {
        next = mark->hh.next;
        HASH_DEL(feed->marks, mark);
        free(mark);
    }
    free(feed->lanes);
    free(feed->buckets);
    tp_redis_words_free(&feed->words);
    free(feed);
}
