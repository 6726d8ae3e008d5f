/* Lanes: each a queue of appends, and at most one call under way. A call takes what has gathered, up to a bound in
 * events and bytes that keeps the script short; its answers come back in the same order. A generation number tells the
 * answers of calls that were forgotten from those that still count. */
#include "daemon/timeline/timeline.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/error.h"
#include "daemon/log/log.h"
#include "daemon/metrics/metrics.h"
#include "daemon/timeline/layout.h"

#include "append.lua.h"

enum { MOST_EVENTS_A_CALL = 128, MOST_BYTES_A_CALL = 1 << 20 };

struct tp_redis_script tp_timeline_append_script = {.name = "append", .text = tp_script_append};

struct lane {
    struct tp_timeline *timeline;
    struct tp_append *waiting, **last;
    bool busy;
};

struct tp_timeline {
    struct tp_timeline_options options;
    uint64_t node, released, generation;
    struct lane lanes[];
};

/* A call under way: the appends that it carries, in order. */
struct lane_call {
    struct lane *lane;
    uint64_t generation;
    size_t n;
    struct tp_append *appends[MOST_EVENTS_A_CALL];
};

/* ---- answers ---- */

static enum tp_append_result result_of(const redisReply *answer) {
    static const char *const words[] = {"appended", "replayed", "duplicate", "reused"};
    if (answer->type != REDIS_REPLY_ARRAY || answer->elements < 1 || answer->element[0]->type != REDIS_REPLY_STRING)
        return TP_BROKEN;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(answer->element[0]->str, words[i]) == 0)
            return (enum tp_append_result)i;
    return TP_BROKEN;
}

static enum tp_append_result read_answer(const struct tp_append *append, const redisReply *answer,
                                         struct tp_entry *ret_entry) {
    enum tp_append_result result = result_of(answer);
    if (result == TP_APPENDED && answer->elements == 3) {
        *ret_entry = (struct tp_entry){
            .sequence = (uint64_t)answer->element[1]->integer,
            .before = {answer->element[2]->str, answer->element[2]->len},
            .json = append->interaction->json,
            .customer_at = append->interaction->customer_at,
        };
    } else if (result == TP_REPLAYED || result == TP_DUPLICATE) {
        const redisReply *entry = answer->elements == 2 ? answer->element[1] : NULL;
        if (!entry || entry->type != REDIS_REPLY_STRING ||
            tp_timeline_entry_read((struct tp_str){entry->str, entry->len}, ret_entry) < 0)
            return TP_BROKEN;
    }
    return result;
}

/* `answer` NULL: the script failed. */
static void tell(struct tp_timeline *timeline, struct tp_append *append, const redisReply *answer) {
    static const enum tp_metric counted[] = {TP_M_TIMELINE_APPENDED, TP_M_TIMELINE_REPLAYED, TP_M_TIMELINE_DUPLICATE,
                                             TP_M_TIMELINE_REUSED};
    struct tp_entry entry = {0};
    enum tp_append_result result = answer ? read_answer(append, answer, &entry) : TP_BROKEN;
    bool known = result != TP_REUSED && result != TP_BROKEN;
    if (result != TP_BROKEN)
        tp_metrics_add(counted[result], 1);
    timeline->options.on_appended(timeline->options.arg, append, result, known ? &entry : NULL);
}

static void send_lane(struct lane *lane);

static void on_answers(void *arg, int status, const redisReply *reply) {
    struct lane_call *call = arg;
    struct lane *lane = call->lane;
    struct tp_timeline *timeline = lane->timeline;
    if (call->generation != timeline->generation)
        goto out;
    lane->busy = false;
    bool whole = status == 0 && reply->type == REDIS_REPLY_ARRAY && reply->elements == call->n;
    if (!whole && (status == 0 || status == TP_ECONFIG))
        status = TP_ECORRUPT;
    bool told = status == 0 || status == TP_ECORRUPT;
    for (size_t i = 0; told && i < call->n && call->generation == timeline->generation; i++)
        tell(timeline, call->appends[i], whole ? reply->element[i] : NULL);
    if (!told)
        timeline->options.on_failed(timeline->options.arg, status);
    else if (call->generation == timeline->generation)
        send_lane(lane);
out:
    free(call);
}

/* ---- calls ---- */

/* The index of an append's customer within its call; a new one gets the next. */
static size_t customer_index(const struct lane_call *call, size_t upto, const size_t *indexes, size_t n_customers) {
    for (size_t i = 0; i < upto; i++)
        if (tp_str_equal(call->appends[i]->customer_id, call->appends[upto]->customer_id))
            return indexes[i];
    return n_customers + 1;
}

static void add_bytes8(struct tp_redis_words *words, uint64_t value) {
    value = htobe64(value);
    tp_redis_word(words, (struct tp_str){(const char *)&value, sizeof value});
}

static void add_changes(struct tp_redis_words *words, const struct tp_append *append) {
    tp_redis_number(words, (int64_t)append->n_changes);
    for (size_t i = 0; i < append->n_changes; i++) {
        const struct tp_state_change *change = &append->changes[i];
        char kind = (char)change->kind;
        tp_redis_word(words, (struct tp_str){&kind, 1});
        tp_redis_word(words, change->name);
        if (change->kind == TP_STATE_TEXT)
            tp_redis_word(words, change->text);
        else
            tp_redis_number(words, change->number);
    }
}

static void add_append(struct tp_redis_words *words, const struct tp_append *append, size_t index,
                       struct tp_buf *room) {
    const struct tp_interaction *interaction = append->interaction;
    tp_redis_number(words, (int64_t)index);
    add_bytes8(words, interaction->key);
    add_bytes8(words, interaction->content);
    tp_redis_number(words, (int64_t)append->record);
    tp_redis_number(words, interaction->time_ms);
    tp_buf_clear(room);
    tp_timeline_entry_tail(interaction, room);
    tp_redis_word(words, tp_buf_str(room));
    tp_buf_clear(room);
    for (size_t i = 0; i < interaction->n_identifiers; i++)
        if ((append->others >> i & 1) == 0)
            tp_buf_addf(room, "%.*s\t%.*s\n", TP_FMT(interaction->identifiers[i].type),
                        TP_FMT(interaction->identifiers[i].value));
    tp_redis_word(words, tp_buf_str(room));
    tp_redis_number(words, interaction->received_ms);
    add_changes(words, append);
}

/* Keys of every customer once, by first appearance. */
static size_t add_keys(struct tp_redis_words *words, const struct lane_call *call, struct tp_str prefix,
                       size_t *indexes) {
    size_t n_customers = 0;
    tp_redis_key(words, prefix, TP_STR("home"));
    tp_redis_key(words, prefix, TP_STR("released"));
    for (size_t i = 0; i < call->n; i++) {
        indexes[i] = customer_index(call, i, indexes, n_customers);
        if (indexes[i] <= n_customers)
            continue;
        n_customers++;
        tp_timeline_state_key(words, prefix, call->appends[i]->customer_id);
        tp_timeline_line_key(words, prefix, call->appends[i]->customer_id);
    }
    return words->n;
}

static int64_t oldest_kept(const struct tp_settings *settings, const struct lane_call *call) {
    int64_t newest = 0;
    for (size_t i = 0; i < call->n; i++)
        newest =
            call->appends[i]->interaction->received_ms > newest ? call->appends[i]->interaction->received_ms : newest;
    int64_t oldest = newest - (int64_t)settings->timeline.max_age * 1000;
    return settings->timeline.max_age == 0 || oldest < 0 ? 0 : oldest;
}

static int send_call(struct tp_timeline *timeline, struct lane_call *call) {
    const struct tp_settings *settings = timeline->options.settings;
    char room[TP_HOME_PREFIX_BYTES];
    struct tp_redis_words words = {0};
    struct tp_buf scratch = TP_BUF_INIT;
    size_t indexes[MOST_EVENTS_A_CALL];
    struct tp_str prefix = lane_prefix(settings, (unsigned)(call->lane - timeline->lanes), room);
    size_t n_keys = add_keys(&words, call, prefix, indexes);
    tp_redis_word(&words, TP_STR(TP_HOME_REPAIR));
    add_bytes8(&words, timeline->node);
    tp_redis_number(&words, (int64_t)timeline->released);
    tp_redis_number(&words, settings->timeline.max_events);
    tp_redis_number(&words, settings->timeline.recent_events);
    tp_redis_number(&words, oldest_kept(settings, call));
    for (size_t i = 0; i < call->n; i++)
        add_append(&words, call->appends[i], indexes[i], &scratch);
    int status = scratch.failed ? TP_ENOMEM
                                : tp_redis_eval(timeline->options.redis, &tp_timeline_append_script, n_keys, &words,
                                                on_answers, call);
    tp_buf_free(&scratch);
    tp_redis_words_free(&words);
    return status;
}

static void take_waiting(struct lane *lane, struct lane_call *call) {
    size_t bytes = 0;
    while (lane->waiting && call->n < MOST_EVENTS_A_CALL && bytes < MOST_BYTES_A_CALL) {
        struct tp_append *append = lane->waiting;
        if (call->n > 0 && (append->alone || call->appends[0]->alone))
            break;
        lane->waiting = append->next;
        call->appends[call->n++] = append;
        bytes += append->interaction->json.len;
    }
    if (!lane->waiting)
        lane->last = &lane->waiting;
}

static void send_lane(struct lane *lane) {
    struct tp_timeline *timeline = lane->timeline;
    if (lane->busy || !lane->waiting)
        return;
    struct lane_call *call = calloc(1, sizeof *call);
    int status = TP_ENOMEM;
    if (call) {
        call->lane = lane;
        call->generation = timeline->generation;
        take_waiting(lane, call);
        lane->busy = true;
        status = send_call(timeline, call);
    }
    if (status < 0) {
        free(call);
        timeline->options.on_failed(timeline->options.arg, status);
    }
}

/* ---- the public face ---- */

void tp_timeline_append(struct tp_timeline *timeline, struct tp_append *append) {
    struct lane *lane = &timeline->lanes[tp_home_of(append->customer_id, timeline->options.settings->redis.lanes)];
    append->next = NULL;
    *lane->last = append;
    lane->last = &append->next;
}

void tp_timeline_send(struct tp_timeline *timeline, uint64_t released) {
    uint64_t generation = timeline->generation;
    timeline->released = released;
    for (unsigned i = 0; i < timeline->options.settings->redis.lanes && generation == timeline->generation; i++)
        send_lane(&timeline->lanes[i]);
}

void tp_timeline_forget(struct tp_timeline *timeline) {
    timeline->generation++;
    for (unsigned i = 0; i < timeline->options.settings->redis.lanes; i++)
        timeline->lanes[i] = (struct lane){.timeline = timeline, .last = &timeline->lanes[i].waiting};
}

int tp_timeline_new(const struct tp_timeline_options *options, struct tp_timeline **ret) {
    size_t lanes = options->settings->redis.lanes;
    struct tp_timeline *timeline = calloc(1, sizeof *timeline + lanes * sizeof timeline->lanes[0]);
    if (!timeline)
        return TP_ENOMEM;
    timeline->options = *options;
    timeline->node = XXH3_64bits(options->node, strlen(options->node));
    tp_timeline_forget(timeline);
    *ret = timeline;
    return 0;
}

void tp_timeline_free(struct tp_timeline *timeline) { free(timeline); }
