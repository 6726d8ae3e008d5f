/* Lanes: one call of each is under way at a time, and what is appended to a customer keeps its order. */
#include "daemon/timeline/timeline.h"

#include "tests/unit/redis/fake.h"

#define ANN "0190a000-0000-7000-8000-00000000000a"
#define BOB "0190a000-0000-7000-8000-00000000000b"

enum { MOST = 400, WORDS_BEFORE_EVENTS = 8, WORDS_OF_AN_EVENT = 6 };

static const struct tp_settings settings = {
    .redis = {.prefix = (char[]){"tp:"}, .lanes = 1, .buckets = 1},
    .timeline = {.max_events = 10000, .max_age = 3600, .recent_events = 128},
};
static struct tp_timeline *timeline;
static struct tp_interaction interactions[MOST];
static struct tp_append appends[MOST];
static char told[MOST + 1]; /* a letter for each answer */
static size_t told_of[MOST], n_told;
static int failed_with;
static uint32_t told_attached; /* of the last that has an entry */
static uint64_t told_last_sequence;
static char told_merged[64], told_members[64];
static char told_mapping[512]; /* as JSON */
static char told_traits[128];

static void note_entry(const struct tp_entry *entry) {
    struct tp_buf json = TP_BUF_INIT;
    assert_true(tp_str_is(entry->json, "{\"customer\":{}}"));
    assert_int_equal(tp_mapping_write(entry->mapping, &json), 0);
    assert_true(json.len < sizeof told_mapping);
    memcpy(told_mapping, json.at, json.len);
    told_mapping[json.len] = '\0';
    told_attached = entry->attached;
    told_last_sequence = entry->last_sequence;
    snprintf(told_merged, sizeof told_merged, "%.*s", (int)entry->merged.len, entry->merged.at);
    snprintf(told_members, sizeof told_members, "%.*s", (int)entry->members.len, entry->members.at);
    snprintf(told_traits, sizeof told_traits, "%.*s", (int)entry->traits.len, entry->traits.at);
    tp_buf_free(&json);
}

static void on_appended(void *arg, struct tp_append *append, enum tp_append_result result,
                        const struct tp_entry *entry) {
    static const char letters[] = {
        [TP_APPENDED] = 'a', [TP_REPLAYED] = 'r', [TP_DUPLICATE] = 'd', [TP_REUSED] = 'u',     [TP_BROKEN] = 'b',
        [TP_HELD] = 'h',     [TP_MOVED] = 'm',    [TP_ELSEWHERE] = 'o', [TP_IDENTIFIED] = 'i', [TP_DEFERRED] = 'f'};
    assert_ptr_equal(arg, &settings);
    bool has_entry =
        result == TP_APPENDED || result == TP_REPLAYED || result == TP_DUPLICATE || result == TP_IDENTIFIED;
    assert_int_equal(entry != NULL, has_entry);
    if (entry)
        note_entry(entry);
    told_of[n_told] = (size_t)(append - appends);
    told[n_told++] = letters[result];
    told[n_told] = '\0';
}

static void on_failed(void *arg, int status) {
    assert_ptr_equal(arg, &settings);
    failed_with = status;
}

static int set_up(void **state) {
    (void)state;
    const struct tp_timeline_options options = {.settings = &settings,
                                                .node = "node",
                                                .on_appended = on_appended,
                                                .on_failed = on_failed,
                                                .arg = (void *)(uintptr_t)&settings};
    fake_away = false;
    fake_heard = n_told = 0;
    told[0] = told_mapping[0] = '\0';
    told_attached = 0;
    failed_with = 0;
    return tp_timeline_new(&options, &timeline);
}

static int tear_down(void **state) {
    (void)state;
    tp_timeline_free(timeline);
    return fake_calls ? -1 : 0;
}

static void append_sized(size_t number, const char *customer, size_t bytes) {
    static char large[1 << 20];
    interactions[number] = (struct tp_interaction){.source = TP_STR("shop"),
                                                   .id = TP_STR("e\"1"),
                                                   .json = TP_STR("{\"customer\":{}}"),
                                                   .customer_at = 13,
                                                   .key = number,
                                                   .time_ms = 1000,
                                                   .received_ms = 7200000 + (int64_t)number,
                                                   .n_identifiers = 1,
                                                   .identifiers = {{TP_STR("x"), TP_STR("ann")}}};
    if (bytes > 0)
        interactions[number].json = (struct tp_str){large, bytes};
    appends[number] = (struct tp_append){
        .interaction = &interactions[number],
        .customer_id = tp_str(customer),
        .record = number + 1,
        .last = TP_STR("last\t7"),
        .changes = {{TP_STATE_ADD, TP_STR("in.web"), TP_STR("1")}, {TP_STATE_SET, TP_STR("mood"), TP_STR("0.5")}},
        .n_changes = 2};
    tp_timeline_append(timeline, &appends[number]);
}

static void append(size_t number, const char *customer) { append_sized(number, customer, 0); }

static uint64_t number_at(struct tp_str word, size_t at, size_t bytes) {
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | (unsigned char)word.at[at + i];
    return number;
}

/* The events of a call, as their records. */
static size_t events_of(const struct fake_call *call, size_t records[MOST]) {
    size_t n = 0;
    for (size_t at = call->n_keys + WORDS_BEFORE_EVENTS; at < call->n; at += WORDS_OF_AN_EVENT)
        records[n++] = number_at(call->words[at], 36, 6);
    return n;
}

/* Each behind its length. That which attached or merged has the customer's mapping and members behind it. */
#define NEW             "\0\0\0\x0c\0\0\0\0\0\1"
#define NEW_OF_TWO      "\0\0\0\x30\0\0\0\0\0\1"
#define STORED          "\0\0\0\x2c\0\0\0\0\0\1keykeyke\0"
#define STORED_OF_TWO   "\0\0\0\x50\0\0\0\0\0\1keykeyke\0"
#define LENGTH_BEFORE   "\0\0\0\0"
#define JSON_BEHIND     "\0\0\0\x0d{\"customer\":{}}"
#define STORED_REST     LENGTH_BEFORE JSON_BEHIND
#define NOTHING         "\0\0\0\0\0\0"
#define SECOND_OF_THREE "\0\0\0\2\0\0"
#define ONE_MERGED      "\0\0\0\0\0\1"
#define AS_OF           "\0\0\0\0\0\7"
#define ATTACHMENTS     "\0\0\0\0\x03\xe8\0\0\0\0\x07\xd0\nx\tann\nx\tb\nshop\t\"e\"\n\n"
#define MAPPING         AS_OF "\0\2\0\0\0\x0b\0\0\0\x0a\0\0\0\0\0\0\0\0\0\0\0\0" ATTACHMENTS
#define MAPPING_OF_TWO  AS_OF "\0\2\0\0\0\x0b\0\0\0\x0a\0\0\0\x24\0\0\0\0\0\0\0\0" ATTACHMENTS BOB
#define TRAITS          "name\t5\t" ANN "\t\"A\"\n"
#define MAPPING_TRAITS  AS_OF "\0\2\0\0\0\x0b\0\0\0\x0a\0\0\0\0\0\0\0\0\0\0\0\x30" ATTACHMENTS TRAITS
#define MAPPING_JSON                                                                                                   \
    "[{\"type\":\"x\",\"value\":\"ann\",\"first_seen\":\"1970-01-01T00:00:01.000Z\",\"source\":\"shop\",\"event\":"    \
    "\"e\"},"                                                                                                          \
    "{\"type\":\"x\",\"value\":\"b\",\"first_seen\":\"1970-01-01T00:00:02.000Z\",\"source\":\"shop\",\"event\":\"e\"}" \
    "]"

static redisReply *appended(size_t sequence) {
    const char answer[] = {'a', 0, 0, 0, 12, 0, 0, 0, 0, (char)(sequence >> 8), (char)sequence, 0, 0, 0, 0, 0, 0};
    return fake_text((struct tp_str){answer, sizeof answer});
}

static void answer_appended(struct fake_call *call) {
    size_t records[MOST], n = events_of(call, records);
    redisReply *reply = fake_array(n);
    for (size_t i = 0; i < n; i++)
        reply->element[i] = appended(i + 1);
    fake_answer(call, 0, reply);
}

static void a_call_says_what_the_script_reads(void **state) {
    (void)state;
    append(0, ANN);
    append(1, BOB);
    append(2, ANN);
    tp_timeline_send(timeline, 77);
    struct fake_call *call = fake_hear();
    assert_ptr_equal(call->script, &tp_timeline_append_script);
    static const char *const keys[] = {"tp:{L0}:home",   "tp:{L0}:released", "tp:{L0}:c:" ANN, "tp:{L0}:r:" ANN,
                                       "tp:{L0}:t:" ANN, "tp:{L0}:m:" ANN,   "tp:{L0}:v:" ANN, "tp:{L0}:c:" BOB,
                                       "tp:{L0}:r:" BOB, "tp:{L0}:t:" BOB,   "tp:{L0}:m:" BOB, "tp:{L0}:v:" BOB};
    assert_int_equal(call->n_keys, 12);
    for (size_t i = 0; i < 12; i++)
        assert_true(tp_str_is(call->words[i], keys[i]));
    const struct tp_str *arguments = call->words + call->n_keys;
    assert_true(tp_str_is(arguments[0], "0") && arguments[1].len == 8 && tp_str_is(arguments[2], "77"));
    assert_true(tp_str_is(arguments[3], "10000") && tp_str_is(arguments[4], "128"));
    assert_true(tp_str_is(arguments[5], "3600002")); /* an hour before the newest */
    assert_true(tp_str_is(arguments[6], "7200002"));
    static const size_t customers[] = {1, 2, 1};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(number_at(arguments[WORDS_BEFORE_EVENTS + i * WORDS_OF_AN_EVENT], 0, 2), customers[i]);
    const struct tp_str *event = arguments + WORDS_BEFORE_EVENTS;
    assert_int_equal(event[0].len, 2 + 4 + 6 + 36);
    assert_int_equal(number_at(event[0], 2, 4), 0); /* bound to nothing */
    assert_int_equal(number_at(event[0], 6, 6), 7200000);
    assert_int_equal(number_at(event[0], 12, 8), 0); /* its key */
    assert_memory_equal(event[0].at + 28, arguments[1].at, 8);
    assert_int_equal(number_at(event[0], 36, 6), 1);
    assert_int_equal(number_at(event[0], 42, 6), 1000);
    assert_true(tp_str_is(event[1], "1000"));
    assert_true(tp_str_is(event[3], "shop\t\"e\\\"1\"\nx\tann\n"));
    assert_true(tp_str_is(event[4], "\nlast\t7"));
    assert_true(tp_str_equal(event[5], TP_STR("a\0\x08\nin.web\t\0\0\0\0011"
                                              "s\0\x06\nmood\t\0\0\0\0030.5")));
    answer_appended(call);
    assert_string_equal(told, "aaa");
}

static void what_an_event_is_bound_to_is_said(void **state) {
    (void)state;
    append(0, ANN);
    append(1, ANN);
    appends[0].bound = 8;
    appends[1].bound = TP_BOUND_NEVER;
    tp_timeline_send(timeline, 0);
    struct fake_call *call = fake_hear();
    const struct tp_str *events = call->words + call->n_keys + WORDS_BEFORE_EVENTS;
    assert_int_equal(number_at(events[0], 2, 4), 8);
    assert_int_equal(number_at(events[WORDS_OF_AN_EVENT], 2, 4), UINT32_MAX);
    answer_appended(call);
}

static void of_what_is_deferred_only_whose_it_is_to_be_is_given(void **state) {
    (void)state;
    append(0, ANN);
    appends[0].bound = 8;
    strcpy(appends[0].defer_to, BOB);
    tp_timeline_send(timeline, 0);
    struct fake_call *call = fake_hear();
    const struct tp_str *event = call->words + call->n_keys + WORDS_BEFORE_EVENTS;
    assert_int_equal(number_at(event[0], 2, 4), TP_BOUND_DEFER + 8);
    assert_true(tp_str_is(event[2], BOB));
    for (size_t i = 4; i < WORDS_OF_AN_EVENT; i++)
        assert_int_equal(event[i].len, 0);
    redisReply *reply = fake_array(1);
    reply->element[0] = fake_text(TP_STR("f" ANN));
    fake_answer(call, 0, reply);
    assert_string_equal(told, "f");
    assert_string_equal(appends[0].owner, ANN);
}

static void of_what_is_another_customers_only_the_place_is_told(void **state) {
    (void)state;
    append(0, ANN);
    interactions[0].n_identifiers = 3;
    interactions[0].identifiers[1] = (struct tp_identifier){TP_STR("email"), TP_STR("bob@example.com")};
    interactions[0].identifiers[2] = (struct tp_identifier){TP_STR("line"), TP_STR("7")};
    appends[0].others = 1 << 1;
    tp_timeline_send(timeline, 0);
    struct fake_call *call = fake_hear();
    assert_true(
        tp_str_is(call->words[call->n_keys + WORDS_BEFORE_EVENTS + 3], "shop\t\"e\\\"1\"\nx\tann\n\nline\t7\n"));
    answer_appended(call);
}

static void what_comes_meanwhile_goes_with_the_next_call(void **state) {
    (void)state;
    size_t records[MOST];
    append(0, ANN);
    tp_timeline_send(timeline, 0);
    for (size_t i = 1; i < 6; i++) {
        append(i, ANN);
        tp_timeline_send(timeline, 0);
    }
    assert_int_equal(fake_heard, 1);
    answer_appended(fake_hear());
    assert_int_equal(fake_heard, 2);
    struct fake_call *call = fake_hear();
    assert_int_equal(events_of(call, records), 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(records[i], i + 2);
    answer_appended(call);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(told_of[i], i);
    assert_null(fake_hear());
}

static void a_call_is_bounded_in_events_and_in_bytes(void **state) {
    (void)state;
    size_t records[MOST];
    for (size_t i = 0; i < 300; i++)
        append(i, ANN);
    tp_timeline_send(timeline, 0);
    for (size_t sent = 0; sent < 300;) {
        struct fake_call *call = fake_hear();
        size_t n = events_of(call, records);
        assert_in_range(n, 1, 128);
        sent += n;
        answer_appended(call);
    }
    for (size_t i = 0; i < 3; i++)
        append_sized(i, ANN, 700 << 10);
    tp_timeline_send(timeline, 0);
    struct fake_call *call = fake_hear();
    assert_int_equal(events_of(call, records), 2);
    fake_answer(call, TP_ECORRUPT, NULL);
    fake_answer(fake_hear(), TP_ECORRUPT, NULL);
}

static void each_answer_is_told(void **state) {
    (void)state;
    for (size_t i = 0; i < 10; i++)
        append(i, ANN);
    tp_timeline_send(timeline, 0);
    redisReply *reply = fake_array(10);
    reply->element[0] = appended(1);
    reply->element[1] = fake_text(TP_STR("r" STORED NOTHING STORED_REST));
    reply->element[2] = fake_text(TP_STR("d" STORED NOTHING STORED_REST));
    reply->element[3] = fake_text(TP_STR("u"));
    reply->element[4] = fake_text(TP_STR("x"));
    reply->element[5] = fake_text(TP_STR("d")); /* without the entry that it should have */
    reply->element[6] = fake_nil();
    reply->element[7] = fake_text(TP_STR("m"));
    reply->element[8] = fake_text(TP_STR("o" BOB));
    reply->element[9] = fake_text(TP_STR("obob"));
    fake_answer(fake_hear(), 0, reply);
    assert_string_equal(told, "ardubbbmob");
    assert_string_equal(appends[8].owner, BOB);
}

static char answered(struct tp_str answer) {
    n_told = 0;
    append(0, ANN);
    tp_timeline_send(timeline, 0);
    redisReply *reply = fake_array(1);
    reply->element[0] = fake_text(answer);
    fake_answer(fake_hear(), 0, reply);
    assert_int_equal(n_told, 1);
    return told[0];
}

static void what_was_attached_is_told_with_the_mapping(void **state) {
    (void)state;
    static const struct tp_str answers[] = {
        {"a" NEW SECOND_OF_THREE MAPPING, sizeof "a" NEW SECOND_OF_THREE MAPPING - 1},
        {"r" STORED SECOND_OF_THREE STORED_REST MAPPING, sizeof "r" STORED SECOND_OF_THREE STORED_REST MAPPING - 1},
        {"d" STORED SECOND_OF_THREE STORED_REST MAPPING, sizeof "d" STORED SECOND_OF_THREE STORED_REST MAPPING - 1}};
    for (size_t i = 0; i < 3; i++) {
        told_last_sequence = 0;
        told_attached = 0;
        told_mapping[0] = '\0';
        assert_int_equal(answered(answers[i]), answers[i].at[0]);
        assert_int_equal(told_attached, 2);
        assert_int_equal(told_last_sequence, 7);
        assert_string_equal(told_mapping, MAPPING_JSON);
    }
}

static void who_was_merged_is_told_with_the_members(void **state) {
    (void)state;
    static const struct tp_str answers[] = {
        {"a" NEW_OF_TWO ONE_MERGED BOB MAPPING_OF_TWO, sizeof "a" NEW_OF_TWO ONE_MERGED BOB MAPPING_OF_TWO - 1},
        {"r" STORED_OF_TWO ONE_MERGED LENGTH_BEFORE BOB JSON_BEHIND MAPPING_OF_TWO,
         sizeof "r" STORED_OF_TWO ONE_MERGED LENGTH_BEFORE BOB JSON_BEHIND MAPPING_OF_TWO - 1}};
    for (size_t i = 0; i < 2; i++) {
        told_merged[0] = told_members[0] = '\0';
        assert_int_equal(answered(answers[i]), answers[i].at[0]);
        assert_int_equal(told_attached, 0);
        assert_string_equal(told_merged, BOB);
        assert_string_equal(told_members, BOB);
        assert_string_equal(told_mapping, MAPPING_JSON);
    }
}

static void what_identifies_is_told_with_the_mapping_and_traits(void **state) {
    (void)state;
    static const struct tp_str answers[] = {
        {"i\0\0\0\4\0\0\0\2" MAPPING_TRAITS, sizeof "i\0\0\0\4\0\0\0\2" MAPPING_TRAITS - 1},
        {"i\0\0\0\4\0\0\0\0" MAPPING_TRAITS, sizeof "i\0\0\0\4\0\0\0\0" MAPPING_TRAITS - 1},
        {"a" NEW SECOND_OF_THREE MAPPING_TRAITS, sizeof "a" NEW SECOND_OF_THREE MAPPING_TRAITS - 1}};
    static const uint32_t attached[] = {2, 0, 2};
    for (size_t i = 0; i < 3; i++) {
        told_traits[0] = '\0';
        assert_int_equal(answered(answers[i]), answers[i].at[0]);
        assert_int_equal(told_attached, attached[i]);
        assert_string_equal(told_mapping, MAPPING_JSON);
        assert_string_equal(told_traits, TRAITS);
    }
    assert_int_equal(answered(TP_STR("i\0\0\0\4\0\0\0\2")), 'b'); /* always with the mapping */
    assert_int_equal(answered(TP_STR("i\0\0\0\3\0\0\2" MAPPING)), 'b');
}

/* By its empty entry the script knows it. */
static void one_that_identifies_gives_its_traits_alone(void **state) {
    (void)state;
    append(0, ANN);
    interactions[0].identifies = true;
    interactions[0].traits = TP_STR("name\t\"Ann\"\n");
    appends[0].last = TP_STR("");
    tp_timeline_send(timeline, 0);
    struct fake_call *call = fake_hear();
    const struct tp_str *event = call->words + call->n_keys + WORDS_BEFORE_EVENTS;
    assert_true(tp_str_is(event[1], "1000"));
    assert_int_equal(event[2].len, 0);
    assert_true(tp_str_is(event[3], "shop\t\"e\\\"1\"\nx\tann\n"));
    assert_true(tp_str_is(event[5], "name\t\"Ann\"\n"));
    answer_appended(call);
}

static void where_nothing_was_attached_there_is_no_mapping(void **state) {
    (void)state;
    static const struct tp_str answers[] = {
        {"a" NEW NOTHING, sizeof "a" NEW NOTHING - 1},
        {"r" STORED NOTHING STORED_REST, sizeof "r" STORED NOTHING STORED_REST - 1},
        {"d" STORED NOTHING STORED_REST, sizeof "d" STORED NOTHING STORED_REST - 1}};
    for (size_t i = 0; i < 3; i++) {
        told_attached = 99;
        assert_int_equal(answered(answers[i]), answers[i].at[0]);
        assert_int_equal(told_attached, 0);
        assert_string_equal(told_mapping, "[]");
    }
}

/* Wherever it is cut: within what was told, or within the mapping. */
static void an_answer_that_is_cut_is_broken(void **state) {
    (void)state;
    static const struct tp_str answers[] = {
        {"a" NEW SECOND_OF_THREE MAPPING, sizeof "a" NEW SECOND_OF_THREE MAPPING - 1},
        {"d" STORED SECOND_OF_THREE STORED_REST MAPPING, sizeof "d" STORED SECOND_OF_THREE STORED_REST MAPPING - 1},
        {"a" NEW_OF_TWO ONE_MERGED BOB MAPPING_OF_TWO, sizeof "a" NEW_OF_TWO ONE_MERGED BOB MAPPING_OF_TWO - 1}};
    for (size_t i = 0; i < 3; i++)
        for (size_t len = 0; len < answers[i].len; len++)
            if (answered((struct tp_str){answers[i].at, len}) != 'b')
                fail_msg("of answer %zu, %zu bytes are taken", i, len);
}

static void a_length_beyond_the_answer_is_broken(void **state) {
    (void)state;
    assert_int_equal(answered(TP_STR("a\0\0\0\x0d\0\0\0\0\0\1" NOTHING)), 'b');
    assert_int_equal(answered(TP_STR("a\xff\xff\xff\xff\0\0\0\0\0\1" NOTHING)), 'b');
    assert_int_equal(answered(TP_STR("a\0\0\0\x0b\0\0\0\0\0\1" SECOND_OF_THREE MAPPING)), 'b');
    assert_int_equal(answered(TP_STR("a" NEW ONE_MERGED MAPPING)), 'b');
    assert_int_equal(answered(TP_STR("a" NEW SECOND_OF_THREE AS_OF "\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0")), 'b');
    assert_int_equal(answered(TP_STR("a" NEW SECOND_OF_THREE AS_OF "\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0")), 'b');
    assert_int_equal(answered(TP_STR("a" NEW SECOND_OF_THREE AS_OF "\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff")), 'b');
}

static void one_that_was_in_a_call_that_failed_goes_alone(void **state) {
    (void)state;
    size_t records[MOST];
    for (size_t i = 0; i < 4; i++)
        append(i, ANN);
    appends[1].alone = true;
    tp_timeline_send(timeline, 0);
    static const size_t expected[] = {1, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        struct fake_call *call = fake_hear();
        assert_int_equal(events_of(call, records), expected[i]);
        answer_appended(call);
    }
    assert_string_equal(told, "aaaa");
}

static void a_script_that_failed_breaks_its_events_and_no_others(void **state) {
    (void)state;
    append(0, ANN);
    append(1, BOB);
    tp_timeline_send(timeline, 0);
    append(2, ANN);
    fake_answer(fake_hear(), TP_ECORRUPT, NULL);
    assert_string_equal(told, "bb");
    answer_appended(fake_hear());
    assert_string_equal(told, "bba");
    append(3, ANN);
    tp_timeline_send(timeline, 0);
    fake_answer(fake_hear(), 0, fake_array(0)); /* not one answer an event */
    assert_string_equal(told, "bbab");
    assert_int_equal(failed_with, 0);
}

static void a_lost_call_is_told_once_and_its_answers_forgotten(void **state) {
    (void)state;
    append(0, ANN);
    tp_timeline_send(timeline, 0);
    fake_answer(fake_hear(), TP_EUNAVAILABLE, NULL);
    assert_int_equal(failed_with, TP_EUNAVAILABLE);
    assert_string_equal(told, "");

    tp_timeline_begin(timeline, 3);
    append(0, ANN);
    tp_timeline_send(timeline, 0);
    struct fake_call *late = fake_hear();
    append(1, ANN);
    tp_timeline_begin(timeline, 3);
    answer_appended(late);
    assert_string_equal(told, "");
    assert_null(fake_hear());

    append(0, ANN);
    append(1, ANN);
    tp_timeline_send(timeline, 0);
    answer_appended(fake_hear());
    assert_string_equal(told, "aa");
}

static void what_waits_behind_one_that_failed_is_handed_back(void **state) {
    (void)state;
    append(0, ANN);
    tp_timeline_send(timeline, 0);
    append(1, ANN);
    append(2, BOB);
    append(3, ANN);
    tp_timeline_hold(timeline, tp_str(ANN));
    assert_string_equal(told, "hh");
    assert_true(told_of[0] == 1 && told_of[1] == 3);
    answer_appended(fake_hear());
    append(4, BOB);
    answer_appended(fake_hear());
    tp_timeline_send(timeline, 0);
    answer_appended(fake_hear());
    assert_string_equal(told, "hhaaa");
    assert_true(told_of[3] == 2 && told_of[4] == 4);
}

static void calls_carry_the_number_of_the_repair(void **state) {
    (void)state;
    tp_timeline_begin(timeline, 12);
    append(0, ANN);
    tp_timeline_send(timeline, 0);
    struct fake_call *call = fake_hear();
    assert_true(tp_str_is(call->words[call->n_keys], "12"));
    answer_appended(call);
}

static uint64_t generation_of(const struct fake_call *call) {
    return strtoull(call->words[call->n_keys + WORDS_BEFORE_EVENTS - 1].at, NULL, 10);
}

/* The clock was set back since, or somebody else works as this node. */
static void where_a_later_generation_was_seen_the_next_is_later_still(void **state) {
    (void)state;
    append(0, ANN);
    tp_timeline_send(timeline, 0);
    struct fake_call *call = fake_hear();
    uint64_t seen = generation_of(call) + 3600000;
    fake_answer(call, 0, fake_integer((long long)seen));
    assert_int_equal(failed_with, TP_EUNAVAILABLE);
    assert_int_equal(n_told, 0);
    tp_timeline_begin(timeline, 0);
    append(0, ANN);
    tp_timeline_send(timeline, 0);
    call = fake_hear();
    assert_true(generation_of(call) > seen);
    answer_appended(call);
    assert_string_equal(told, "a");
}

static void without_a_connection_it_fails_at_once(void **state) {
    (void)state;
    fake_away = true;
    append(0, ANN);
    tp_timeline_send(timeline, 0);
    assert_int_equal(failed_with, TP_EUNAVAILABLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_call_says_what_the_script_reads),
        TEST(what_an_event_is_bound_to_is_said),
        TEST(of_what_is_deferred_only_whose_it_is_to_be_is_given),
        TEST(of_what_is_another_customers_only_the_place_is_told),
        TEST(what_comes_meanwhile_goes_with_the_next_call),
        TEST(a_call_is_bounded_in_events_and_in_bytes),
        TEST(each_answer_is_told),
        TEST(what_was_attached_is_told_with_the_mapping),
        TEST(who_was_merged_is_told_with_the_members),
        TEST(what_identifies_is_told_with_the_mapping_and_traits),
        TEST(one_that_identifies_gives_its_traits_alone),
        TEST(where_nothing_was_attached_there_is_no_mapping),
        TEST(an_answer_that_is_cut_is_broken),
        TEST(a_length_beyond_the_answer_is_broken),
        TEST(one_that_was_in_a_call_that_failed_goes_alone),
        TEST(a_script_that_failed_breaks_its_events_and_no_others),
        TEST(a_lost_call_is_told_once_and_its_answers_forgotten),
        TEST(what_waits_behind_one_that_failed_is_handed_back),
        TEST(calls_carry_the_number_of_the_repair),
        TEST(where_a_later_generation_was_seen_the_next_is_later_still),
        TEST(without_a_connection_it_fails_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
