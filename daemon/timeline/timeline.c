/* Lanes: each a queue of appends, and at most one call under way. A call takes what has gathered, up to a bound in
 * events and bytes that keeps the script short; its answers come back in the same order. A generation number tells
 * calls that were forgotten from those that still count: here, when they are answered, and in Redis, where one may land
 * at any time after. */
#include "daemon/timeline/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/log/log.h"
#include "daemon/metrics/metrics.h"
#include "daemon/timeline/layout.h"

#include "append.lua.h"

struct tp_redis_script tp_timeline_append_script = {.name = "append", .text = tp_script_append};

struct lane {
    struct tp_timeline *timeline;
    struct tp_append *waiting, **last;
    bool busy;
};

struct tp_timeline {
    struct tp_timeline_options options;
    uint64_t node; /* as the script sees it: eight bytes */
    uint64_t repair, released;
    uint64_t generation, least_generation; /* of the calls that count; the next one's, at the least */
    struct tp_redis_words words;           /* of the call that is being made */
    struct tp_buf scratch;                 /* of its next word */
    struct lane lanes[];
};

/* A call under way: the appends that it carries, in order. */
struct lane_call {
    struct lane *lane;
    uint64_t generation;
    size_t n;
    struct tp_append *appends[TP_TIMELINE_MOST_EVENTS];
};

/* ---- answers ---- */

/* By the answer's first byte; append.lua says which. */
static enum tp_append_result result_of(char letter) {
    static const char letters[] = "ardumoif";
    const char *at = letter != '\0' ? strchr(letters, letter) : NULL;
    return at ? (enum tp_append_result)(at - letters) : TP_BROKEN;
}

static int read_appended(struct tp_str bytes, const struct tp_interaction *interaction, struct tp_entry *ret) {
    struct tp_reader reader = {.left = bytes};
    *ret = (struct tp_entry){.json = interaction->json, .customer_at = interaction->customer_at};
    ret->sequence = tp_read_big(&reader, 6);
    ret->attached = (uint32_t)tp_read_big(&reader, 4);
    ret->merged = tp_read_bytes(&reader, (TP_UUID_TEXT - 1) * tp_read_big(&reader, 2));
    ret->before = reader.left;
    return reader.failed ? TP_ECORRUPT : 0;
}

static int read_identified(struct tp_str bytes, const struct tp_interaction *interaction, struct tp_entry *ret) {
    struct tp_reader reader = {.left = bytes};
    *ret = (struct tp_entry){.json = interaction->json, .customer_at = interaction->customer_at};
    ret->attached = (uint32_t)tp_read_big(&reader, 4);
    return reader.failed ? TP_ECORRUPT : 0;
}

static int read_mapping(struct tp_reader reader, struct tp_entry *entry) {
    entry->last_sequence = tp_read_big(&reader, 6);
    size_t n = tp_read_big(&reader, 2), identifiers_len = tp_read_big(&reader, 4),
           origins_len = tp_read_big(&reader, 4), members_len = tp_read_big(&reader, 4),
           redirect_len = tp_read_big(&reader, 4), traits_len = tp_read_big(&reader, 4);
    entry->mapping = tp_mapping_read(&reader, n, identifiers_len, origins_len);
    entry->members = tp_read_bytes(&reader, members_len);
    entry->redirect = tp_read_bytes(&reader, redirect_len);
    entry->traits = tp_read_bytes(&reader, traits_len);
    return reader.failed ? TP_ECORRUPT : 0;
}

static enum tp_append_result read_owner(enum tp_append_result result, struct tp_str owner, struct tp_append *append) {
    if (!tp_uuid_valid(owner))
        return TP_BROKEN;
    memcpy(append->owner, owner.at, owner.len);
    append->owner[owner.len] = '\0';
    return result;
}

static int read_told(enum tp_append_result result, struct tp_str told, const struct tp_interaction *interaction,
                     struct tp_entry *ret) {
    if (result == TP_IDENTIFIED)
        return read_identified(told, interaction, ret);
    return result == TP_APPENDED ? read_appended(told, interaction, ret) : tp_timeline_entry_read(told, ret);
}

static enum tp_append_result read_answer(struct tp_append *append, const redisReply *answer,
                                         struct tp_entry *ret_entry) {
    if (answer->type != REDIS_REPLY_STRING || answer->len == 0)
        return TP_BROKEN;
    enum tp_append_result result = result_of(answer->str[0]);
    struct tp_reader reader = {.left = {answer->str + 1, answer->len - 1}};
    if (result == TP_ELSEWHERE || result == TP_DEFERRED)
        return read_owner(result, reader.left, append);
    if (result == TP_REUSED || result == TP_MOVED || result == TP_BROKEN)
        return result;
    struct tp_str told = tp_read_bytes(&reader, tp_read_big(&reader, 4));
    int status = read_told(result, told, append->interaction, ret_entry);
    if (status == 0 && (result == TP_IDENTIFIED || ret_entry->attached || ret_entry->merged.len > 0))
        status = read_mapping(reader, ret_entry);
    return status < 0 ? TP_BROKEN : result;
}

/* `answer` NULL: the script failed. */
static void tell(struct tp_timeline *timeline, struct tp_append *append, const redisReply *answer) {
    static const enum tp_metric counted[] = {[TP_APPENDED] = TP_M_TIMELINE_APPENDED,
                                             [TP_REPLAYED] = TP_M_TIMELINE_REPLAYED,
                                             [TP_DUPLICATE] = TP_M_TIMELINE_DUPLICATE,
                                             [TP_REUSED] = TP_M_TIMELINE_REUSED,
                                             [TP_IDENTIFIED] = TP_M_IDENTITY_IDENTIFIED};
    struct tp_entry entry = {0};
    enum tp_append_result result = answer ? read_answer(append, answer, &entry) : TP_BROKEN;
    bool known = result == TP_APPENDED || result == TP_REPLAYED || result == TP_DUPLICATE || result == TP_IDENTIFIED;
    if (known || result == TP_REUSED)
        tp_metrics_add(counted[result], 1);
    timeline->options.on_appended(timeline->options.arg, append, result, known ? &entry : NULL);
}

static void send_lane(struct lane *lane);

/* The clock was set back, or another works with a copy of this journal: to be begun again, in a later one. */
static int overtaken(struct tp_timeline *timeline, uint64_t generation) {
    timeline->least_generation = generation + 1;
    return TP_EUNAVAILABLE;
}

static void on_answers(void *arg, int status, const redisReply *reply) {
    struct lane_call *call = arg;
    struct lane *lane = call->lane;
    struct tp_timeline *timeline = lane->timeline;
    if (call->generation != timeline->generation)
        goto out;
    lane->busy = false;
    if (status == 0 && reply->type == REDIS_REPLY_INTEGER)
        status = overtaken(timeline, (uint64_t)reply->integer);
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

static int send_call(struct tp_timeline *timeline, struct lane_call *call) {
    const struct tp_settings *settings = timeline->options.settings;
    char room[TP_HOME_PREFIX_BYTES];
    struct tp_redis_words *words = &timeline->words;
    size_t indexes[TP_TIMELINE_MOST_EVENTS];
    struct tp_str prefix = tp_customer_prefix(settings, (unsigned)(call->lane - timeline->lanes), room);
    tp_redis_words_clear(words);
    tp_timeline_keys(call->appends, call->n, prefix, words, indexes);
    size_t n_keys = words->n;
    tp_redis_number(words, (int64_t)timeline->repair);
    tp_redis_word(words, (struct tp_str){(const char *)&timeline->node, sizeof timeline->node});
    tp_redis_number(words, (int64_t)timeline->released);
    tp_redis_number(words, settings->timeline.max_events);
    tp_redis_number(words, settings->timeline.recent_events);
    tp_redis_number(words, tp_timeline_oldest(settings, call->appends, call->n));
    tp_redis_number(words, tp_timeline_newest(call->appends, call->n));
    tp_redis_number(words, (int64_t)call->generation);
    for (size_t i = 0; i < call->n; i++)
        tp_timeline_event(call->appends[i], timeline->node, indexes[i], words, &timeline->scratch);
    return tp_redis_eval(timeline->options.redis, &tp_timeline_append_script, n_keys, words, on_answers, call);
}

static void take_waiting(struct lane *lane, struct lane_call *call) {
    size_t bytes = 0;
    while (lane->waiting && call->n < TP_TIMELINE_MOST_EVENTS && bytes < TP_TIMELINE_MOST_BYTES) {
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

/* Off the lane's list first, all of them: who is told may do what it likes. */
static struct tp_append *take_out(struct lane *lane, struct tp_str customer_id) {
    struct tp_append *out = NULL, **last_out = &out, **at = &lane->waiting;
    while (*at) {
        struct tp_append *append = *at;
        if (tp_str_equal(append->customer_id, customer_id)) {
            *at = append->next;
            *last_out = append;
            last_out = &append->next;
        } else {
            at = &append->next;
        }
    }
    *last_out = NULL;
    lane->last = at;
    return out;
}

void tp_timeline_hold(struct tp_timeline *timeline, struct tp_str customer_id) {
    unsigned lane = tp_home_of(customer_id, timeline->options.settings->redis.lanes);
    struct tp_append *out = take_out(&timeline->lanes[lane], customer_id);
    for (struct tp_append *next; out; out = next) {
        next = out->next;
        timeline->options.on_appended(timeline->options.arg, out, TP_HELD, NULL);
    }
}

void tp_timeline_begin(struct tp_timeline *timeline, uint64_t repair) {
    uint64_t now = (uint64_t)tp_time_now_ms(); /* so that it is later than those of an earlier life */
    timeline->generation = now > timeline->least_generation ? now : timeline->least_generation;
    timeline->least_generation = timeline->generation + 1;
    timeline->repair = repair;
    for (unsigned i = 0; i < timeline->options.settings->redis.lanes; i++)
        timeline->lanes[i] = (struct lane){.timeline = timeline, .last = &timeline->lanes[i].waiting};
}

int tp_timeline_new(const struct tp_timeline_options *options, struct tp_timeline **ret) {
    size_t lanes = options->settings->redis.lanes;
    struct tp_timeline *timeline = calloc(1, sizeof *timeline + lanes * sizeof timeline->lanes[0]);
    if (!timeline)
        return TP_ENOMEM;
    timeline->options = *options;
    timeline->node = tp_timeline_node(tp_str(options->node));
    tp_timeline_begin(timeline, 0);
    *ret = timeline;
    return 0;
}

void tp_timeline_free(struct tp_timeline *timeline) {
    if (!timeline)
        return;
    tp_redis_words_free(&timeline->words);
    tp_buf_free(&timeline->scratch);
    free(timeline);
}
