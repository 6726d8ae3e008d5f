/* Several timelines as one. Each is a source, of which a stretch is there at a time. A source of which more is to come
 * has none of it before `from_ms`; so the first of all entries that are there is the next one of all, once no such
 * source begins before it. */
#include "daemon/view/union.h"

#include <stdlib.h>

#include "common/error.h"
#include "daemon/view/newest.h"

/* Of a thousand members most have little or nothing on a page, and what is new is the root's: its stretch is long,
 * those of members are short, and both a stretch and how many are read at once grow where more is wanted. */
enum { STRETCH = 100, SHORT_STRETCH = 12, FEW_AT_ONCE = 4, MOST_AT_ONCE = 64 };

struct stored {
    int64_t time_ms;
    struct tp_entry entry;
};

struct source {
    struct tp_union *line;
    char customer_id[TP_UUID_TEXT];
    int64_t from_ms, end_ms; /* what is to be read lies between, in the direction of the line */
    bool has_last, ended, under_way;
    uint64_t last_sequence; /* at from_ms, up to this one */
    size_t stretch;         /* so many are read next */
    size_t skip;            /* so many at from_ms are behind */
    struct stored *entries;
    size_t at, n;
    struct tp_buf bytes;      /* of the entries */
    struct tp_newest *newest; /* while it is asked: a place for each entry, and in front those that have a version */
};

struct tp_union {
    const struct tp_settings *settings;
    struct tp_redis *redis;
    bool ascending;
    struct source *sources, *next; /* the one whose entry comes next; NULL: none */
    size_t n_sources, at_once;
    tp_union_read_done *done;
    void *arg;
    unsigned waiting;
    int status;
};

static bool is_before(const struct tp_union *line, int64_t one_ms, int64_t other_ms) {
    return line->ascending ? one_ms < other_ms : one_ms > other_ms;
}

static int compare_ids(const struct tp_union *line, const char *one, const char *other) {
    int order = memcmp(one, other, TP_UUID_TEXT - 1);
    return line->ascending ? order : -order;
}

/* ---- the next ---- */

static bool is_unread(const struct source *source) { return !source->ended && source->at == source->n; }

static int64_t time_of(const struct source *source) { return source->entries[source->at].time_ms; }

static bool comes_first(const struct source *one, const struct source *other) {
    if (time_of(one) != time_of(other))
        return is_before(one->line, time_of(one), time_of(other));
    return compare_ids(one->line, one->customer_id, other->customer_id) < 0;
}

static struct source *find_next(struct tp_union *line) {
    struct source *next = NULL;
    for (struct source *source = line->sources; source < line->sources + line->n_sources; source++)
        if (source->at < source->n && (!next || comes_first(source, next)))
            next = source;
    return next;
}

/* Of those that may have what comes before the next entry or at its time, the one that begins first. */
static struct source *find_unread(const struct tp_union *line) {
    struct source *first = NULL;
    for (struct source *source = line->sources; source < line->sources + line->n_sources; source++)
        if (is_unread(source) && !source->under_way &&
            (!line->next || !is_before(line, time_of(line->next), source->from_ms)) &&
            (!first || is_before(line, source->from_ms, first->from_ms)))
            first = source;
    return first;
}

enum tp_union_next tp_union_look(struct tp_union *line, struct tp_union_entry *ret) {
    line->next = find_next(line);
    if (find_unread(line))
        return TP_UNION_UNREAD;
    if (!line->next)
        return TP_UNION_END;
    const struct stored *stored = &line->next->entries[line->next->at];
    *ret = (struct tp_union_entry){{stored->time_ms, tp_str(line->next->customer_id), stored->entry.sequence},
                                   stored->entry};
    return TP_UNION_ENTRY;
}

void tp_union_pass(struct tp_union *line) { line->next->at++; }

/* ---- reading ---- */

static void settle(struct tp_union *line, int status) {
    if (status < 0 && line->status == 0)
        line->status = status;
    if (--line->waiting == 0)
        line->done(line->arg, line->status);
}

static struct tp_str put(struct tp_buf *bytes, struct tp_str text) {
    struct tp_str copy = {bytes->at + bytes->len, text.len};
    tp_buf_addstr(bytes, text);
    return copy;
}

static void store_entry(struct source *source, const struct tp_entry *entry, int64_t time_ms) {
    struct stored *stored = &source->entries[source->n++];
    *stored = (struct stored){time_ms, *entry};
    stored->entry.merged = put(&source->bytes, entry->merged);
    stored->entry.before = put(&source->bytes, entry->before);
    stored->entry.json = put(&source->bytes, entry->json);
}

static int store(struct source *source, const struct tp_entry *entries, const int64_t *times, size_t from, size_t n) {
    size_t bytes = 1; /* all at once, since it must not move */
    for (size_t i = from; i < n; i++)
        bytes += entries[i].merged.len + entries[i].before.len + entries[i].json.len;
    free(source->entries);
    source->entries = calloc(n + 1, sizeof *source->entries);
    source->at = source->n = 0;
    tp_buf_clear(&source->bytes);
    if (!source->entries || !tp_buf_room(&source->bytes, bytes))
        return TP_ENOMEM;
    for (size_t i = from; i < n; i++)
        store_entry(source, &entries[i], times[i]);
    return 0;
}

static size_t more(size_t n, size_t most) { return 2 * n < most ? 2 * n : most; }

static bool is_behind(const struct source *source, const struct tp_entry *entry, int64_t time_ms) {
    if (!source->has_last || time_ms != source->from_ms)
        return false;
    return source->line->ascending ? entry->sequence <= source->last_sequence
                                   : entry->sequence >= source->last_sequence;
}

/* The next stretch begins at the time where this one ends, and what is behind comes again and is passed over: what
 * arrives meanwhile moves nothing. Where a whole stretch is of one time, the next one skips it. */
static int take(struct source *source, const struct tp_entry *entries, const int64_t *times, size_t n) {
    size_t behind = 0;
    while (behind < n && is_behind(source, &entries[behind], times[behind]))
        behind++;
    source->ended = n < source->stretch;
    source->stretch = more(source->stretch, STRETCH);
    source->skip = n > 0 && times[n - 1] == source->from_ms ? source->skip + n : 0;
    if (behind < n) {
        source->has_last = true;
        source->from_ms = times[n - 1];
        source->last_sequence = entries[n - 1].sequence;
    }
    return store(source, entries, times, behind, n);
}

/* ---- versions ---- */

static void leave_out(struct source *source) {
    const struct tp_newest *answer = source->newest;
    size_t kept = 0;
    for (size_t i = 0; i < source->n; i++)
        if (!source->entries[i].entry.has_version || !answer++->is_not)
            source->entries[kept++] = source->entries[i];
    source->n = kept;
}

static void on_newest(void *arg, int status) {
    struct source *source = arg;
    if (status == 0)
        leave_out(source);
    free(source->newest);
    source->newest = NULL;
    source->under_way = false;
    settle(source->line, status);
}

/* 0: the answer comes later. */
static int ask_newest(struct source *source) {
    const struct tp_union *line = source->line;
    struct tp_newest_question question = {tp_str(line->sources[0].customer_id), tp_str(source->customer_id), NULL, 0};
    question.entries = source->newest = calloc(source->n, sizeof *source->newest);
    for (size_t i = 0; source->newest && i < source->n; i++) {
        const struct tp_entry *entry = &source->entries[i].entry;
        if (entry->has_version)
            source->newest[question.n++] = (struct tp_newest){entry->bare_key, entry->version, entry->sequence, false};
    }
    int status = source->newest ? tp_newest_ask(line->settings, line->redis, &question, on_newest, source) : TP_ENOMEM;
    if (status < 0) {
        free(source->newest);
        source->newest = NULL;
    }
    return status;
}

/* Who is alone shows the newest of its own, and has no others. */
static bool may_have_older(const struct source *source) {
    for (size_t i = 0; source->line->n_sources > 1 && i < source->n; i++)
        if (source->entries[i].entry.has_version)
            return true;
    return false;
}

static void on_stretch(void *arg, int status, const struct tp_entry *entries, const int64_t *times, size_t n) {
    struct source *source = arg;
    if (status == 0)
        status = take(source, entries, times, n);
    if (status == 0 && may_have_older(source)) {
        status = ask_newest(source);
        if (status == 0)
            return;
    }
    source->under_way = false;
    settle(source->line, status);
}

static void ask(struct tp_union *line, struct source *source) {
    const struct tp_stretch stretch = {.forward = line->ascending,
                                       .from_ms = source->from_ms,
                                       .until_ms = source->end_ms,
                                       .skip = source->skip,
                                       .count = source->stretch};
    line->waiting++;
    source->under_way = true;
    int status = tp_timeline_read_stretch(line->settings, line->redis, tp_str(source->customer_id), &stretch,
                                          on_stretch, source);
    if (status < 0) {
        source->under_way = false;
        settle(line, status);
    }
}

void tp_union_read(struct tp_union *line, tp_union_read_done *done, void *arg) {
    struct source *source = NULL;
    line->done = done;
    line->arg = arg;
    line->waiting = 1;
    line->status = 0;
    for (size_t i = 0; i < line->at_once && line->status == 0 && (source = find_unread(line)); i++)
        ask(line, source);
    line->at_once = more(line->at_once, MOST_AT_ONCE);
    settle(line, 0);
}

/* ---- the sources ---- */

/* Where a source begins whose line goes on behind `place`: a customer that comes before that of `place` has nothing
 * more at that time. */
static void begin_behind(struct source *source, const struct tp_union_place *place) {
    const struct tp_union *line = source->line;
    if (source->ended || is_before(line, place->time_ms, source->from_ms))
        return;
    int order = compare_ids(line, source->customer_id, place->customer_id.at);
    source->ended = is_before(line, source->end_ms, place->time_ms) || (order < 0 && source->end_ms == place->time_ms);
    if (source->ended)
        return;
    source->from_ms = place->time_ms + (order >= 0 ? 0 : line->ascending ? 1 : -1);
    source->has_last = order == 0;
    source->last_sequence = place->sequence;
}

static void add_source(struct tp_union *line, struct tp_str customer_id, int64_t first_ms, int64_t last_ms,
                       const struct tp_union_span *span) {
    struct source *source = &line->sources[line->n_sources++];
    int64_t low = first_ms > span->since_ms ? first_ms : span->since_ms;
    int64_t high = last_ms < span->until_ms ? last_ms : span->until_ms;
    *source = (struct source){.line = line,
                              .from_ms = line->ascending ? low : high,
                              .end_ms = line->ascending ? high : low,
                              .ended = low > high,
                              .stretch = line->n_sources == 1 ? STRETCH : SHORT_STRETCH};
    memcpy(source->customer_id, customer_id.at, TP_UUID_TEXT - 1);
    if (span->behind)
        begin_behind(source, span->behind);
}

int tp_union_new(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str root_id,
                 const struct tp_customer *root, const struct tp_union_span *span, struct tp_union **ret) {
    struct tp_union *line = calloc(1, sizeof *line);
    if (!line || !(line->sources = calloc(root->n_members + 1, sizeof *line->sources))) {
        free(line);
        return TP_ENOMEM;
    }
    line->settings = settings;
    line->redis = redis;
    line->ascending = span->ascending;
    line->at_once = FEW_AT_ONCE;
    add_source(line, root_id, root->first_ms, root->last_ms, span);
    for (size_t i = 0; i < root->n_members; i++) {
        const struct tp_customer_member *member = &root->members[i];
        add_source(line, member->id, member->first_ms, member->last_ms, span);
    }
    *ret = line;
    return 0;
}

void tp_union_free(struct tp_union *line) {
    if (!line)
        return;
    for (size_t i = 0; i < line->n_sources; i++) {
        free(line->sources[i].entries);
        tp_buf_free(&line->sources[i].bytes);
    }
    free(line->sources);
    free(line);
}
