/* Pages of a timeline, read from a sorted set of the test's own. */
#include "daemon/view/view.h"

#include <stdio.h>

#include "tests/unit/redis/fake.h"

#define CUSTOMER "0190a000-0000-7000-8000-00000000000a"
#define HEAD     "{\"customer\":\"" CUSTOMER "\",\"events\":["
#define X        "{\"type\":\"x\",\"value\":\"1\"}"

enum { MOST_ENTRIES = 12000, MOST_READ = 12000 };

static struct {
    int64_t time_ms;
    unsigned sequence;
    bool is_sms;
} line[MOST_ENTRIES]; /* in order of time, then of sequence */
static size_t n_line;
static unsigned last_sequence, attaching; /* the one that attached something; 0: none */
static bool known;                        /* the customer has a state */

static const struct tp_settings settings = {.redis = {.prefix = (char[]){"tp:"}, .lanes = 4, .buckets = 4}};

/* ---- the sorted set ---- */

static void happens_in(int64_t time_ms, bool is_sms) {
    size_t at = n_line++;
    assert_true(n_line <= MOST_ENTRIES);
    for (; at > 0 && line[at - 1].time_ms > time_ms; at--)
        line[at] = line[at - 1];
    line[at].time_ms = time_ms;
    line[at].sequence = ++last_sequence;
    line[at].is_sms = is_sms;
    known = true;
}

static void happens(int64_t time_ms) { happens_in(time_ms, false); }

static redisReply *entry(size_t at) {
    char bytes[512] = {0};
    const char *channel = line[at].is_sms ? "sms" : "web";
    for (int i = 0; i < 4; i++)
        bytes[5 - i] = (char)(line[at].sequence >> 8 * i & 0xff);
    bytes[18] = line[at].sequence == attaching;
    int len = snprintf(bytes + 27, sizeof bytes - 27,
                       "{\"number\":%u,\"channel\":\"%s\",\"type\":\"t\",\"customer\":{\"identifiers\":[" X "]}}",
                       line[at].sequence, channel);
    bytes[26] = (char)(strstr(bytes + 27, "\"identifiers\"") - (bytes + 27));
    return fake_text((struct tp_str){bytes, 27 + (size_t)len});
}

static redisReply *score(size_t at) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)line[at].time_ms);
    return fake_text(tp_str(text));
}

static int64_t number(struct tp_str word) { return strtoll(word.at, NULL, 10); }

/* ZRANGE key from until BYSCORE [REV] LIMIT skip count WITHSCORES */
static redisReply *stretch(const struct fake_call *call) {
    bool back = tp_str_is(call->words[5], "REV");
    int64_t from = number(call->words[2]), until = number(call->words[3]);
    int64_t low = back ? until : from, high = back ? from : until;
    size_t skip = (size_t)number(call->words[6 + back]), count = (size_t)number(call->words[7 + back]), n = 0;
    redisReply *reply = fake_array(2 * count);
    for (size_t i = 0; i < n_line && n < count; i++) {
        size_t at = back ? n_line - 1 - i : i;
        if (line[at].time_ms < low || line[at].time_ms > high || (skip > 0 && skip--))
            continue;
        reply->element[2 * n] = entry(at);
        reply->element[2 * n++ + 1] = score(at);
    }
    reply->elements = 2 * n;
    return reply;
}

static size_t serve(void) {
    size_t n = 0;
    for (struct fake_call *call; (call = fake_hear()); n++) {
        if (tp_str_is(call->words[0], "GET"))
            fake_answer(call, 0, known ? fake_text((struct tp_str){(char[35]){3}, 35}) : fake_nil());
        else if (tp_str_is(call->words[0], "ZCARD"))
            fake_answer(call, 0, fake_integer((long long)n_line));
        else if (tp_str_is(call->words[4], "BYSCORE"))
            fake_answer(call, 0, stretch(call));
        else
            fake_answer(call, 0, fake_array(0));
    }
    return n;
}

/* ---- reading ---- */

static int page_status;
static char cursor[64];
static unsigned ids[MOST_READ];
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
    assert_memory_equal(text, HEAD, sizeof HEAD - 1);
    while ((at = strstr(at, "{\"number\":"))) {
        assert_true(n_ids < MOST_READ);
        ids[n_ids++] = (unsigned)strtoul(at + 10, &at, 10);
    }
    note_changes(text);
    at = strstr(text, "],\"next\":");
    assert_non_null(at);
    assert_true(sscanf(at, "],\"next\":\"%63[^\"]\"}", cursor) == 1 || strcmp(at, "],\"next\":null}") == 0);
    test_free(text);
}

static int ask(const struct tp_view_query *query) {
    *cursor = '\0';
    return tp_view_timeline(&settings, NULL, TP_STR(CUSTOMER), query, on_page, NULL);
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
    char kept[64];
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

static int set_up(void **state) {
    (void)state;
    n_line = n_changes = 0;
    last_sequence = attaching = 0;
    known = fake_away = false;
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
        n_line = last_sequence = 0;
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
        n_line = last_sequence = 0;
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

    known = true;
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
                                        "1-10000000000000000"};
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

static void damage_and_absence_are_told(void **state) {
    (void)state;
    const struct tp_view_query query = everything(50, false);
    fake_away = true;
    assert_int_equal(ask(&query), TP_EUNAVAILABLE);
    fake_away = false;

    assert_int_equal(ask(&query), 0);
    fake_answer(fake_hear(), TP_EUNAVAILABLE, NULL);
    assert_int_equal(page_status, TP_EUNAVAILABLE);

    assert_int_equal(ask(&query), 0);
    redisReply *reply = fake_array(2);
    reply->element[0] = fake_text(TP_STR("not an entry"));
    reply->element[1] = fake_text(TP_STR("5"));
    fake_answer(fake_hear(), 0, reply);
    assert_int_equal(page_status, TP_ECORRUPT);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
