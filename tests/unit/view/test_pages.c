/* Pages of a timeline, read from sorted sets of the test's own. */
#include "daemon/view/view.h"

#include <stdio.h>

#include "common/uuid.h"
#include "tests/unit/customer/stored.h"

#define ID       "0190a000-0000-7000-8000-" /* and the number of a customer; the first is the root, if one is */
#define CUSTOMER ID "000000000000"
#define MEMBER   ID "000000000001"
#define BARE_KEY "one call"
#define X        "{\"type\":\"x\",\"value\":\"1\"}"

enum { MOST_ENTRIES = 12000, MOST_READ = 12000, MOST_CUSTOMERS = 1001 };

struct happening {
    int64_t time_ms;
    unsigned number, owner, sequence;
    bool is_sms;
    unsigned version; /* of the one interaction that has versions; 0: it is another */
};
static struct happening line[MOST_ENTRIES]; /* in order of time, then of sequence */
static size_t n_line;
static unsigned last_number, attaching; /* the one that attached something; 0: none */
static struct {
    char id[TP_UUID_TEXT];
    unsigned last_sequence;
    bool known, is_member;
    size_t reads;
} customers[MOST_CUSTOMERS];
static unsigned n_members;
static bool versions_forgotten;

static const struct tp_settings settings = {.redis = {.prefix = (char[]){"tp:"}, .lanes = 4, .buckets = 4}};

/* ---- the sorted sets ---- */

static void happens_to(unsigned owner, int64_t time_ms, bool is_sms) {
    size_t at = n_line++;
    assert_true(n_line <= MOST_ENTRIES);
    for (; at > 0 && line[at - 1].time_ms > time_ms; at--)
        line[at] = line[at - 1];
    line[at] = (struct happening){time_ms, ++last_number, owner, ++customers[owner].last_sequence, is_sms, 0};
    customers[owner].known = true;
}

static void happens_in(int64_t time_ms, bool is_sms) { happens_to(0, time_ms, is_sms); }
static void happens(int64_t time_ms) { happens_to(0, time_ms, false); }

static void version_happens_to(unsigned owner, int64_t time_ms, unsigned version) {
    happens_to(owner, time_ms, false);
    for (size_t i = 0; i < n_line; i++)
        if (line[i].number == last_number)
            line[i].version = version;
}

static void is_merged(unsigned owner) {
    customers[owner].known = customers[owner].is_member = true;
    customers[0].known = true;
    n_members++;
}

static redisReply *entry(const struct happening *happening) {
    char bytes[512] = {0};
    for (int i = 0; i < 4; i++)
        bytes[5 - i] = (char)(happening->sequence >> 8 * i & 0xff);
    bytes[14] = happening->version > 0;
    bytes[18] = happening->number == attaching;
    size_t head = happening->version > 0 ? 45 : 29;
    if (happening->version > 0) {
        memcpy(bytes + 25, BARE_KEY, 8);
        bytes[40] = (char)happening->version;
    }
    int len = snprintf(bytes + head, sizeof bytes - head,
                       "{\"number\":%u,\"channel\":\"%s\",\"type\":\"t\",\"customer\":{\"identifiers\":[" X "]}}",
                       happening->number, happening->is_sms ? "sms" : "web");
    bytes[head - 1] = (char)(strstr(bytes + head, "\"identifiers\"") - (bytes + head));
    return fake_text((struct tp_str){bytes, head + (size_t)len});
}

static const char *decimal(int64_t ms) {
    static char text[24];
    snprintf(text, sizeof text, "%lld", (long long)ms);
    return text;
}

static int64_t number(struct tp_str word) { return strtoll(word.at, NULL, 10); }

static unsigned owner_of(struct tp_str key) {
    assert_true(key.len > TP_UUID_TEXT);
    return (unsigned)strtoul(key.at + key.len - 12, NULL, 16);
}

/* ZRANGE key from until BYSCORE [REV] LIMIT skip count WITHSCORES */
static redisReply *stretch(const struct fake_call *call, unsigned owner) {
    bool back = tp_str_is(call->words[5], "REV");
    int64_t from = number(call->words[2]), until = number(call->words[3]);
    int64_t low = back ? until : from, high = back ? from : until;
    size_t skip = (size_t)number(call->words[6 + back]), count = (size_t)number(call->words[7 + back]), n = 0;
    redisReply *reply = fake_array(2 * count);
    for (size_t i = 0; i < n_line && n < count; i++) {
        const struct happening *at = &line[back ? n_line - 1 - i : i];
        if (at->owner != owner || at->time_ms < low || at->time_ms > high || (skip > 0 && skip--))
            continue;
        reply->element[2 * n] = entry(at);
        reply->element[2 * n++ + 1] = fake_text(tp_str(decimal(at->time_ms)));
    }
    reply->elements = 2 * n;
    customers[owner].reads++;
    return reply;
}

static const struct happening *end_of(unsigned owner, bool last) {
    for (size_t i = 0; i < n_line; i++) {
        const struct happening *at = &line[last ? n_line - 1 - i : i];
        if (at->owner == owner)
            return at;
    }
    return NULL;
}

static redisReply *blob(unsigned owner) {
    const struct stored stored = {.sequence = 1,
                                  .role = customers[owner].is_member    ? STORED_MEMBER
                                          : owner == 0 && n_members > 0 ? STORED_ROOT
                                                                        : STORED_ALONE};
    return customers[owner].known ? stored_blob(&stored) : fake_nil();
}

static redisReply *end(unsigned owner, bool last) {
    const struct happening *happening = end_of(owner, last);
    return happening ? stored_end(decimal(happening->time_ms)) : fake_array(0);
}

static void write_span(unsigned owner, char *out) {
    const struct happening *ends[] = {end_of(owner, false), end_of(owner, true)};
    for (size_t i = 0; i < 2; i++) {
        uint64_t ms = htobe64((uint64_t)(ends[i] ? ends[i]->time_ms : 0));
        memcpy(out + 6 * i, (const char *)&ms + 2, 6);
    }
}

static redisReply *merges(unsigned owner) {
    char ids[MOST_CUSTOMERS * TP_UUID_TEXT] = "", spans[MOST_CUSTOMERS * 12];
    size_t n = 0;
    if (customers[owner].is_member)
        return stored_spans(CUSTOMER, "", TP_STR(""));
    for (unsigned i = 0; owner == 0 && n < n_members; i++) {
        if (!customers[i].is_member)
            continue;
        snprintf(ids + n * (TP_UUID_TEXT - 1), TP_UUID_TEXT, ID "%012x", i);
        write_span(i, spans + 12 * n++);
    }
    return stored_spans("", ids, (struct tp_str){spans, 12 * n});
}

/* v:ID of the root. */
static redisReply *versions(const struct fake_call *call) {
    struct tp_buf lines = TP_BUF_INIT;
    redisReply *reply = fake_array(call->n - 2);
    for (unsigned owner = 0; owner < MOST_CUSTOMERS; owner++) {
        const struct happening *newest = NULL;
        for (size_t i = 0; i < n_line; i++)
            if (line[i].owner == owner && line[i].version > (newest ? newest->version : 0))
                newest = &line[i];
        if (newest)
            tp_buf_addf(&lines, "%u %u 5 %s\n", newest->version, newest->sequence,
                        owner > 0 ? customers[owner].id : "");
    }
    for (size_t i = 2; i < call->n; i++) {
        assert_true(tp_str_is(call->words[i], BARE_KEY));
        reply->element[i - 2] = versions_forgotten ? fake_nil() : fake_text(tp_buf_str(&lines));
    }
    tp_buf_free(&lines);
    return reply;
}

/* Else it asks for the first or the last. */
static bool is_stretch(const struct fake_call *call) {
    return call->n > 4 && tp_str_is(call->words[4], "BYSCORE") && !tp_str_is(call->words[2], "+inf") &&
           !tp_str_is(call->words[3], "+inf");
}

static redisReply *reply_to(const struct fake_call *call) {
    unsigned owner = owner_of(call->words[1]);
    if (call->words[1].at[call->words[1].len - TP_UUID_TEXT - 1] == 'v')
        return versions(call);
    if (tp_str_is(call->words[0], "GETRANGE"))
        return blob(owner);
    if (tp_str_is(call->words[0], "HMGET"))
        return merges(owner);
    return is_stretch(call) ? stretch(call, owner) : end(owner, tp_str_is(call->words[2], "+inf"));
}

static void serve(void) {
    for (struct fake_call *call; (call = fake_hear());)
        fake_answer(call, 0, reply_to(call));
}

/* ---- reading ---- */

static int page_status;
static char cursor[128], head[256];
static unsigned asked; /* a customer */
static unsigned ids[MOST_READ], owners[MOST_READ];
static size_t n_ids, n_changes;
static char change[128]; /* the last that was told */

static void note_changes(const char *text) {
    for (const char *at = text; (at = strstr(at, "\"change\":")); at++, n_changes++)
        snprintf(change, sizeof change, "%.*s", (int)strcspn(at, "]"), at);
}

static void on_page(void *arg, int status, struct tp_str json) {
    assert_null(arg);
    page_status = status;
    if (status < 0)
        return;
    char *text = test_malloc(json.len + 1), *at = text;
    memcpy(text, json.at, json.len);
    text[json.len] = '\0';
    assert_memory_equal(text, head, strlen(head));
    while ((at = strstr(at, "{\"number\":"))) {
        assert_true(n_ids < MOST_READ);
        ids[n_ids] = (unsigned)strtoul(at + 10, &at, 10);
        owners[n_ids++] = (unsigned)strtoul(strstr(at, "{\"id\":\"" ID) + 7 + sizeof ID - 1, NULL, 16);
    }
    note_changes(text);
    at = strstr(text, "],\"next\":");
    assert_non_null(at);
    assert_true(sscanf(at, "],\"next\":\"%127[^\"]\"}", cursor) == 1 || strcmp(at, "],\"next\":null}") == 0);
    test_free(text);
}

static int ask(const struct tp_view_query *query) {
    *cursor = '\0';
    if (customers[asked].is_member)
        snprintf(head, sizeof head, "{\"customer\":\"" CUSTOMER "\",\"requested\":\"%s\",\"events\":[",
                 customers[asked].id);
    else
        snprintf(head, sizeof head, "{\"customer\":\"%s\",\"events\":[", customers[asked].id);
    return tp_view_timeline(&settings, NULL, tp_str(customers[asked].id), query, on_page, NULL);
}

static void read_page(const struct tp_view_query *query) {
    size_t before = n_ids;
    assert_int_equal(ask(query), 0);
    serve();
    assert_int_equal(page_status, 0);
    assert_true(n_ids - before <= query->limit);
}

/* All pages, `between` before each but the first. */
static void read_all(struct tp_view_query query, void (*between)(void)) {
    char kept[128];
    n_ids = 0;
    read_page(&query);
    for (size_t pages = 1; *cursor; pages++) {
        assert_true(pages < 10000);
        if (between)
            between();
        strcpy(kept, cursor);
        query.cursor = tp_str(kept);
        read_page(&query);
    }
}

static struct tp_view_query everything(unsigned limit, bool ascending) {
    return (struct tp_view_query){.limit = limit, .ascending = ascending, .until_ms = INT64_MAX / 2};
}

static void forget(void) {
    n_line = 0;
    last_number = attaching = n_members = asked = 0;
    versions_forgotten = false;
    memset(customers, 0, sizeof customers);
    for (unsigned i = 0; i < MOST_CUSTOMERS; i++)
        snprintf(customers[i].id, sizeof customers[i].id, ID "%012x", i);
}

static int set_up(void **state) {
    (void)state;
    forget();
    n_changes = 0;
    fake_away = false;
    return 0;
}

/* ---- the promises ---- */

static void assert_ids(const unsigned *expected, size_t n) {
    assert_int_equal(n_ids, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(ids[i], expected[i]);
}

#define ASSERT_IDS(...)                                                                                                \
    assert_ids((const unsigned[]){__VA_ARGS__}, sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

static void by_time_and_then_by_sequence(void **state) {
    (void)state;
    happens(20), happens(10), happens(20), happens(30), happens(15);
    read_all(everything(2, false), NULL);
    ASSERT_IDS(4, 3, 1, 5, 2);
    read_all(everything(2, true), NULL);
    ASSERT_IDS(2, 5, 1, 3, 4);
}

static void what_an_entry_attached_is_told_with_it(void **state) {
    (void)state;
    happens(10), happens(20), happens(30);
    read_all(everything(2, false), NULL);
    assert_int_equal(n_changes, 0);
    attaching = 2;
    read_all(everything(2, false), NULL);
    ASSERT_IDS(3, 2, 1);
    assert_int_equal(n_changes, 1);
    assert_string_equal(change, "\"change\":{\"kind\":\"attached\",\"identifiers\":[" X);
    attaching = 1;
    read_all(everything(2, false), NULL);
    assert_int_equal(n_changes, 2);
    assert_string_equal(change, "\"change\":{\"kind\":\"created\",\"identifiers\":[" X);
}

static void bounds_are_inclusive(void **state) {
    (void)state;
    for (int64_t time = 10; time <= 50; time += 10)
        happens(time);
    struct tp_view_query query = everything(500, true);
    query.since_ms = 20;
    query.until_ms = 40;
    read_all(query, NULL);
    ASSERT_IDS(2, 3, 4);
    query.ascending = false;
    query.limit = 1;
    read_all(query, NULL);
    ASSERT_IDS(4, 3, 2);
}

static void assert_all_once(size_t n, bool ascending) {
    assert_int_equal(n_ids, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(ids[i], ascending ? i + 1 : n - i);
}

/* However the limit lies to the stretches in which they are read, and whatever that time is. */
static void many_of_one_time_come_once(void **state) {
    (void)state;
    static const int64_t times[] = {0, 7, 1767268800000};
    static const unsigned limits[] = {1, 7, 99, 100, 101, 250, 500};
    for (size_t t = 0; t < 3; t++) {
        forget();
        for (size_t i = 0; i < 350; i++)
            happens(times[t]);
        happens(times[t] + 1);
        for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
            for (int ascending = 0; ascending < 2; ascending++) {
                read_all(everything(limits[i], ascending), NULL);
                assert_all_once(351, ascending);
            }
    }
}

static void of_all_times_each_comes_once(void **state) {
    (void)state;
    for (int64_t i = 0; i < 1000; i++)
        happens(i / 3);
    for (unsigned limit = 33; limit < 500; limit += 67)
        for (int ascending = 0; ascending < 2; ascending++) {
            read_all(everything(limit, ascending), NULL);
            assert_all_once(1000, ascending);
        }
}

static void something_arrives(void) { happens(1), happens(50), happens(100); }

/* What was there at the start comes once, in order; of what arrives, nothing comes twice. */
static void what_arrives_moves_nothing(void **state) {
    (void)state;
    for (int ascending = 0; ascending < 2; ascending++) {
        forget();
        for (size_t i = 0; i < 330; i++)
            happens(50);
        unsigned next = ascending ? 1 : 330;
        read_all(everything(20, ascending), something_arrives);
        for (size_t i = 0; i < n_ids; i++) {
            if (ids[i] > 330)
                continue;
            assert_int_equal(ids[i], next);
            next += ascending ? 1U : -1U;
        }
        assert_int_equal(next, ascending ? 331 : 0);
        for (size_t i = 0; i < n_ids; i++)
            for (size_t k = 0; k < i; k++)
                assert_int_not_equal(ids[i], ids[k]);
    }
}

/* One request looks at so many entries and no more; what it found so far is a page, and the next goes on. */
static void what_a_filter_seldom_finds_takes_several_requests(void **state) {
    (void)state;
    for (int64_t i = 0; i < 11000; i++)
        happens_in(i, i == 40 || i == 10990);
    struct tp_view_query query = everything(50, false);
    query.channel = TP_STR("sms");
    n_ids = 0;
    read_page(&query);
    assert_int_equal(n_ids, 1);
    assert_true(*cursor);
    read_all(query, NULL);
    ASSERT_IDS(10991, 41);
    query.type = TP_STR("other");
    read_all(query, NULL);
    assert_int_equal(n_ids, 0);
}

static void nobody_is_not_an_empty_timeline(void **state) {
    (void)state;
    const struct tp_view_query query = everything(50, false);
    assert_int_equal(ask(&query), 0);
    serve();
    assert_int_equal(page_status, TP_ENOTFOUND);
    assert_int_equal(tp_view_timeline(&settings, NULL, TP_STR("nobody"), &query, on_page, NULL), TP_ENOTFOUND);

    customers[0].known = true;
    read_page(&query);
    assert_int_equal(page_status, 0);
    assert_string_equal(cursor, "");
}

static void a_cursor_that_is_not_ours_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {"-",
                                        "1",
                                        "1-",
                                        "-1",
                                        "1-2-",
                                        "1-2x",
                                        "+1-2",
                                        "A-1",
                                        "1-A",
                                        " 1-2",
                                        "1-2 ",
                                        "0x1-2",
                                        "8000000000000000-1",
                                        "00000000000000001-1",
                                        "1-10000000000000000",
                                        "1-2-x",
                                        ("1-2-" CUSTOMER "0"),
                                        "1-2-0190A000-0000-7000-8000-000000000000",
                                        ("1-2-3-" CUSTOMER)};
    happens(1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct tp_view_query query = everything(50, false);
        query.cursor = tp_str(wrong[i]);
        assert_int_equal(ask(&query), TP_EFORM);
    }
    struct tp_view_query query = everything(50, false);
    query.cursor = TP_STR("7fffffffffffffff-ffffffffffffffff");
    n_ids = 0;
    read_page(&query);
    assert_int_equal(n_ids, 1);
}

/* Answers what is asked of customers; how many stretches are under way then. */
static size_t ask_for_stretches(const struct tp_view_query *query) {
    size_t n = 0;
    assert_int_equal(ask(query), 0);
    while (fake_calls && !is_stretch(fake_calls)) {
        struct fake_call *call = fake_hear();
        fake_answer(call, 0, reply_to(call));
    }
    for (const struct fake_call *call = fake_calls; call; call = call->next)
        n++;
    return n;
}

static void damage_and_absence_are_told(void **state) {
    (void)state;
    const struct tp_view_query query = everything(50, false);
    happens(1);
    fake_away = true;
    assert_int_equal(ask(&query), 0);
    assert_int_equal(page_status, TP_EUNAVAILABLE);
    fake_away = false;

    assert_int_equal(ask(&query), 0);
    for (int i = 0; i < 4; i++)
        fake_answer(fake_hear(), i == 0 ? TP_ECORRUPT : 0, i == 0 ? NULL : fake_nil());
    assert_int_equal(page_status, TP_ECORRUPT);
    assert_int_equal(ask_for_stretches(&query), 1);
    fake_answer(fake_hear(), TP_EUNAVAILABLE, NULL);
    assert_int_equal(page_status, TP_EUNAVAILABLE);

    assert_int_equal(ask_for_stretches(&query), 1);
    redisReply *reply = fake_array(2);
    reply->element[0] = fake_text(TP_STR("not an entry"));
    reply->element[1] = fake_text(TP_STR("5"));
    fake_answer(fake_hear(), 0, reply);
    assert_int_equal(page_status, TP_ECORRUPT);
}

/* ---- who was merged ---- */

static bool is_ascending;

static int by_place(const void *one, const void *other) {
    const struct happening *a = one, *b = other;
    int order = a->time_ms != b->time_ms ? (a->time_ms < b->time_ms ? -1 : 1)
                : a->owner != b->owner   ? (a->owner < b->owner ? -1 : 1)
                                         : (a->sequence < b->sequence ? -1 : 1);
    return is_ascending ? order : -order;
}

/* What was read is all that there is from the `from`th on, in order, each under its own customer's id. */
static void assert_all_from(size_t from, bool ascending) {
    static struct happening expected[MOST_ENTRIES];
    memcpy(expected, line, n_line * sizeof *line);
    is_ascending = ascending;
    qsort(expected, n_line, sizeof *expected, by_place);
    assert_int_equal(n_ids, n_line - from);
    for (size_t i = 0; i < n_ids; i++) {
        assert_int_equal(ids[i], expected[from + i].number);
        assert_int_equal(owners[i], expected[from + i].owner);
    }
}

static void a_root_has_what_its_members_have_in_one_order(void **state) {
    (void)state;
    happens(20), happens_to(1, 10, false), happens_to(2, 20, false), happens(30), happens_to(1, 20, false);
    happens(20), happens_to(3, 0, false);
    for (unsigned i = 1; i <= 4; i++) /* the fourth has nothing */
        is_merged(i);
    for (asked = 0; asked <= 4; asked++)
        for (unsigned limit = 1; limit < 9; limit++) {
            read_all(everything(limit, false), NULL);
            ASSERT_IDS(4, 3, 5, 6, 1, 2, 7);
            read_all(everything(limit, true), NULL);
            ASSERT_IDS(7, 2, 1, 6, 5, 3, 4);
            assert_all_from(0, true);
        }
}

/* The same numbers in every run. */
static unsigned next(unsigned *dice) {
    *dice = *dice * 1103515245 + 12345;
    return *dice >> 8;
}

/* However they lie to one another and to the stretches. */
static void whatever_lies_where_each_comes_once(void **state) {
    (void)state;
    static const int64_t widths[] = {1, 5, 100, 100000};
    unsigned dice = 7;
    for (size_t run = 0; run < 12; run++) {
        forget();
        for (unsigned i = 1; i < 7; i++)
            is_merged(i);
        for (size_t i = 0; i < 600; i++)
            happens_to(next(&dice) % (i % 5 == 0 ? 7 : 3), next(&dice) % widths[run % 4], false);
        for (unsigned limit = 13; limit <= 500; limit = limit * 3 - 1) {
            read_all(everything(limit, false), NULL);
            assert_all_from(0, false);
            read_all(everything(limit, true), NULL);
            assert_all_from(0, true);
        }
    }
}

static void filters_and_bounds_are_for_all(void **state) {
    (void)state;
    for (unsigned i = 0; i < 30; i++)
        happens_to(i % 3, i, i % 2);
    is_merged(1), is_merged(2);
    struct tp_view_query query = everything(2, true);
    query.since_ms = 10;
    query.until_ms = 16;
    query.channel = TP_STR("sms");
    read_all(query, NULL);
    ASSERT_IDS(12, 14, 16);
    query.ascending = false;
    read_all(query, NULL);
    ASSERT_IDS(16, 14, 12);
}

static size_t n_reads(void) {
    size_t n = 0;
    for (unsigned i = 0; i < MOST_CUSTOMERS; i++)
        n += customers[i].reads;
    return n;
}

/* A page looks where its entries may be, whether many have a little or few have much. */
static void of_many_members_few_are_read(void **state) {
    (void)state;
    for (unsigned each = 1; each <= 11; each += 10)
        for (int ascending = 0; ascending < 2; ascending++) {
            forget();
            for (unsigned i = 1; i <= 1000; i++) {
                for (unsigned k = 0; k < each; k++)
                    happens_to(i, 100 * i + k, false);
                is_merged(i);
            }
            struct tp_view_query query = everything(50, ascending);
            n_ids = 0;
            read_page(&query);
            assert_int_equal(n_ids, 50);
            assert_true(n_reads() <= 50 / each + 16);
            if (each > 1)
                continue;
            read_all(query, NULL);
            assert_all_from(0, ascending);
        }
}

static void a_cursor_names_whose_it_is_where_another_is_asked_for(void **state) {
    (void)state;
    happens(0x20), happens_to(1, 0x10, false), happens_to(1, 0x30, false), happens(0x8);
    is_merged(1);
    static const struct {
        unsigned asked, limit;
        const char *expected;
    } cases[] = {{0, 1, "30-2-" MEMBER}, {0, 2, "20-1"}, {1, 1, "30-2-" MEMBER}, {1, 2, "20-1-" CUSTOMER}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct tp_view_query query = everything(cases[i].limit, false);
        asked = cases[i].asked;
        read_page(&query);
        assert_string_equal(cursor, cases[i].expected);
    }
}

/* Whoever it is merged into, and wherever the page ended. */
static void a_merge_meanwhile_moves_nothing(void **state) {
    (void)state;
    for (unsigned limit = 1; limit < 60; limit++)
        for (int ascending = 0; ascending < 2; ascending++) {
            forget();
            for (unsigned i = 0; i < 60; i++)
                happens_to(1, i / 7, false);
            asked = 1;
            struct tp_view_query query = everything(limit, ascending);
            n_ids = 0;
            read_page(&query);
            struct happening last = *end_of(1, false);
            for (size_t i = 0; i < n_line; i++)
                last = line[i].number == ids[n_ids - 1] ? line[i] : last;
            for (unsigned i = 0; i < 60; i++)
                happens_to(i % 2 ? 0 : 2, i / 7, false);
            is_merged(1), is_merged(2);
            size_t behind = 0;
            is_ascending = ascending;
            for (size_t i = 0; i < n_line; i++)
                behind += line[i].number == last.number || by_place(&line[i], &last) < 0;
            char kept[128];
            strcpy(kept, cursor);
            query.cursor = tp_str(kept);
            query.limit = 500;
            n_ids = 0;
            read_page(&query);
            assert_all_from(behind, ascending);
        }
}

/* That of a customer who was split off, or never was one: it is a place in the order. */
static void a_cursor_of_somebody_else_is_a_place(void **state) {
    (void)state;
    happens(5), happens_to(2, 5, false), happens_to(2, 6, false);
    is_merged(2);
    struct tp_view_query query = everything(50, true);
    query.cursor = TP_STR("5-ff-" MEMBER);
    n_ids = 0;
    read_page(&query);
    ASSERT_IDS(2, 3);
    query.ascending = false;
    n_ids = 0;
    read_page(&query);
    ASSERT_IDS(1);
    query.ascending = true;
    query.cursor = TP_STR("7fffffffffffffff-0-" MEMBER);
    n_ids = 0;
    read_page(&query);
    assert_int_equal(n_ids, 0);
}

static void what_arrives_in_a_root_moves_nothing(void **state) {
    (void)state;
    for (int ascending = 0; ascending < 2; ascending++) {
        forget();
        for (unsigned i = 0; i < 330; i++)
            happens_to(i % 3, 50, false);
        is_merged(1), is_merged(2);
        read_all(everything(20, ascending), something_arrives);
        size_t n = 0;
        for (size_t i = 0; i < n_ids; i++) {
            n += ids[i] <= 330;
            for (size_t k = 0; k < i; k++)
                assert_int_not_equal(ids[i], ids[k]);
        }
        assert_int_equal(n, 330);
    }
}

/* The others that are under way are waited for. */
/* A member's newest is shown where the root has none newer, and the other way round. */
static void of_versions_the_newest_of_all_is_shown(void **state) {
    (void)state;
    for (unsigned newer = 0; newer < 2; newer++)
        for (unsigned limit = 1; limit < 4; limit++) {
            forget();
            is_merged(1);
            happens_to(0, 10, false), happens_to(1, 50, false);
            version_happens_to(newer, 20, 3), version_happens_to(1 - newer, 30, 2);
            happens_to(1, 40, false);
            read_all(everything(limit, false), NULL);
            ASSERT_IDS(2, 5, 3, 1);
            read_all(everything(limit, true), NULL);
            ASSERT_IDS(1, 3, 5, 2);
        }
}

static void of_many_that_are_superseded_none_is_shown(void **state) {
    (void)state;
    is_merged(1);
    for (unsigned i = 0; i < 300; i++)
        version_happens_to(1, 100 + i, 1 + i % 100);
    happens_to(1, 50, false), version_happens_to(0, 1000, 120), happens_to(0, 60, false);
    read_all(everything(2, false), NULL);
    ASSERT_IDS(302, 303, 301);
    read_all(everything(2, true), NULL);
    ASSERT_IDS(301, 303, 302);
}

static void what_is_forgotten_of_versions_hides_nothing(void **state) {
    (void)state;
    is_merged(1);
    version_happens_to(0, 20, 3), version_happens_to(1, 30, 2);
    versions_forgotten = true;
    read_all(everything(5, true), NULL);
    ASSERT_IDS(1, 2);
}

static void a_failure_of_one_is_told_once(void **state) {
    (void)state;
    for (size_t failing = 0; failing < 3; failing++) {
        forget();
        happens(1), happens_to(1, 2, false), happens_to(2, 3, false);
        is_merged(1), is_merged(2);
        const struct tp_view_query query = everything(50, false);
        assert_int_equal(ask_for_stretches(&query), 3);
        page_status = 1;
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(page_status, 1);
            struct fake_call *call = fake_hear();
            fake_answer(call, i == failing ? TP_EUNAVAILABLE : 0, i == failing ? NULL : reply_to(call));
        }
        assert_int_equal(page_status, TP_EUNAVAILABLE);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(by_time_and_then_by_sequence),
        TEST(what_an_entry_attached_is_told_with_it),
        TEST(bounds_are_inclusive),
        TEST(many_of_one_time_come_once),
        TEST(of_all_times_each_comes_once),
        TEST(what_arrives_moves_nothing),
        TEST(what_a_filter_seldom_finds_takes_several_requests),
        TEST(nobody_is_not_an_empty_timeline),
        TEST(a_cursor_that_is_not_ours_is_refused),
        TEST(damage_and_absence_are_told),
        TEST(a_root_has_what_its_members_have_in_one_order),
        TEST(whatever_lies_where_each_comes_once),
        TEST(filters_and_bounds_are_for_all),
        TEST(of_many_members_few_are_read),
        TEST(a_cursor_names_whose_it_is_where_another_is_asked_for),
        TEST(a_merge_meanwhile_moves_nothing),
        TEST(a_cursor_of_somebody_else_is_a_place),
        TEST(what_arrives_in_a_root_moves_nothing),
        TEST(of_versions_the_newest_of_all_is_shown),
        TEST(of_many_that_are_superseded_none_is_shown),
        TEST(what_is_forgotten_of_versions_hides_nothing),
        TEST(a_failure_of_one_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
