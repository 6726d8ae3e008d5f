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
    uint64_t node; /* as the script sees it: eight bytes */
    uint64_t released, generation;
    struct tp_redis_words words; /* of the call that is being made */
    struct tp_buf scratch;       /* of its next word */
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

/* By the answer's first byte; append.lua says which. */
static enum tp_append_result result_of(char letter) {
    static const char letters[] = "ardu";
    const char *at = letter != '\0' ? strchr(letters, letter) : NULL;
    return at ? (enum tp_append_result)(at - letters) : TP_BROKEN;
}

static int read_appended(struct tp_str bytes, const struct tp_interaction *interaction, struct tp_entry *ret) {
    struct tp_reader reader = {.left = bytes};
    *ret = (struct tp_entry){.sequence = tp_timeline_read_number(&reader, 6),
                             .before = reader.left,
                             .json = interaction->json,
                             .customer_at = interaction->customer_at};
    return reader.failed ? TP_ECORRUPT : 0;
}

static enum tp_append_result read_answer(const struct tp_append *append, const redisReply *answer,
                                         struct tp_entry *ret_entry) {
    if (answer->type != REDIS_REPLY_STRING || answer->len == 0)
        return TP_BROKEN;
    enum tp_append_result result = result_of(answer->str[0]);
    struct tp_str rest = {answer->str + 1, answer->len - 1};
    int status = 0;
    if (result == TP_APPENDED)
        status = read_appended(rest, append->interaction, ret_entry);
    else if (result == TP_REPLAYED || result == TP_DUPLICATE)
        status = tp_timeline_entry_read(rest, ret_entry);
    return status < 0 ? TP_BROKEN : result;
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

static void add_u48(struct tp_buf *out, uint64_t number) {
    number = htobe64(number << 16);
    tp_buf_add(out, &number, 6);
}

/* Its customer in this call, when it was received, and the recent that the script will keep of it. */
static void write_mark(const struct tp_timeline *timeline, const struct tp_append *append, size_t index,
                       struct tp_buf *out) {
    const struct tp_interaction *interaction = append->interaction;
    const uint64_t eights[] = {htobe64(interaction->key), htobe64(interaction->content), timeline->node};
    uint16_t customer = htobe16((uint16_t)index);
    tp_buf_add(out, &customer, sizeof customer);
    add_u48(out, (uint64_t)interaction->received_ms);
    tp_buf_add(out, eights, sizeof eights);
    add_u48(out, append->record);
    add_u48(out, (uint64_t)interaction->time_ms);
}

/* As they are stored; those of another customer are left out. */
static void write_identifiers(const struct tp_append *append, struct tp_buf *out) {
    const struct tp_interaction *interaction = append->interaction;
    tp_buf_addc(out, '\n');
    for (size_t i = 0; i < interaction->n_identifiers; i++) {
        if (append->others >> i & 1)
            continue;
        tp_buf_addstr(out, interaction->identifiers[i].type);
        tp_buf_addc(out, '\t');
        tp_buf_addstr(out, interaction->identifiers[i].value);
        tp_buf_addc(out, '\n');
    }
}

static void write_changes(const struct tp_append *append, struct tp_buf *out) {
    for (size_t i = 0; i < append->n_changes; i++) {
        const struct tp_state_change *change = &append->changes[i];
        uint16_t name_len = htobe16((uint16_t)(change->name.len + 2));
        uint32_t value_len = htobe32((uint32_t)change->value.len);
        tp_buf_addc(out, (char)change->kind);
        tp_buf_add(out, &name_len, sizeof name_len);
        tp_buf_addc(out, '\n');
        tp_buf_addstr(out, change->name);
        tp_buf_addc(out, '\t');
        tp_buf_add(out, &value_len, sizeof value_len);
        tp_buf_addstr(out, change->value);
    }
}

static void add_scratch(struct tp_redis_words *words, struct tp_buf *scratch) {
    words->wire.failed = words->wire.failed || scratch->failed;
    tp_redis_word(words, tp_buf_str(scratch));
    tp_buf_clear(scratch);
}

static void add_append(struct tp_timeline *timeline, const struct tp_append *append, size_t index) {
    struct tp_redis_words *words = &timeline->words;
    struct tp_buf *scratch = &timeline->scratch;
    write_mark(timeline, append, index, scratch);
    add_scratch(words, scratch);
    tp_redis_number(words, append->interaction->time_ms);
    tp_timeline_entry_tail(append->interaction, scratch);
    add_scratch(words, scratch);
    write_identifiers(append, scratch);
    add_scratch(words, scratch);
    tp_redis_key(words, TP_STR("\n"), append->last);
    write_changes(append, scratch);
    add_scratch(words, scratch);
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
        tp_timeline_recents_key(words, prefix, call->appends[i]->customer_id);
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
    struct tp_redis_words *words = &timeline->words;
    size_t indexes[MOST_EVENTS_A_CALL];
    struct tp_str prefix = lane_prefix(settings, (unsigned)(call->lane - timeline->lanes), room);
    tp_redis_words_clear(words);
    size_t n_keys = add_keys(words, call, prefix, indexes);
    tp_redis_word(words, TP_STR(TP_HOME_REPAIR));
    tp_redis_word(words, (struct tp_str){(const char *)&timeline->node, sizeof timeline->node});
    tp_redis_number(words, (int64_t)timeline->released);
    tp_redis_number(words, settings->timeline.max_events);
    tp_redis_number(words, settings->timeline.recent_events);
    tp_redis_number(words, oldest_kept(settings, call));
    for (size_t i = 0; i < call->n; i++)
        add_append(timeline, call->appends[i], indexes[i]);
    return tp_redis_eval(timeline->options.redis, &tp_timeline_append_script, n_keys, words, on_answers, call);
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
    timeline->node = htobe64(XXH3_64bits(options->node, strlen(options->node)));
    tp_timeline_forget(timeline);
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
