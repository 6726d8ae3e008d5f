/* One customer as JSON, and whose an identifier is; Redis is the test's own. */
#include "daemon/view/view.h"

#include "tests/unit/customer/stored.h"

#define CUSTOMER    "0190a000-0000-7000-8000-00000000000a"
#define MEMBER      "0190a000-0000-7000-8000-00000000000b"
#define THIRD       "0190a000-0000-7000-8000-00000000000c"
#define WHY         "1000\tshop\t\"e-\\\"7\"\temail\tann@example.com\tx\tann \"A\""
#define ONE_SPAN    "\0\0\0\0\0\1\0\0\0\0\0\1"
#define STATE       "\nlast\t5\tsms\tt\t\"e-\\\"7\"\nin.sms\t2\nin.web\t10"
#define IDENTIFIERS "\nemail\tann@example.com\nx\tann \"A\"\n"
#define ORIGINS     "shop\t\"e-1\"\ncalls\t\"e-\\\"2\"\n"

static const struct tp_settings settings = {.redis = {.prefix = (char[]){"tp:"}, .lanes = 4, .buckets = 4}};

static int view_status;
static char view_json[2048];

static void on_view(void *arg, int status, struct tp_str json) {
    assert_null(arg);
    view_status = status;
    assert_true(json.len < sizeof view_json);
    memcpy(view_json, json.at ? json.at : "", json.len);
    view_json[json.len] = '\0';
}

/* Twelve interactions, and two identifiers where there are any. */
static redisReply *blob_of(unsigned role, const char *state, const char *identifiers, const char *origins) {
    struct stored stored = {role, 12, "", state, identifiers, origins, TP_STR("\0\0\0\0\3\xe8\0\0\0\0\7\xd0")};
    if (!*identifiers)
        stored.seen.len = 0;
    return stored_blob(&stored);
}

static redisReply *blob(const char *state, const char *identifiers, const char *origins) {
    return blob_of(STORED_ALONE, state, identifiers, origins);
}

/* GET, ZRANGE of the first and of the last, HGETALL. */
static void answer(redisReply *stored, const char *first, const char *last, redisReply *merges) {
    fake_answer(fake_hear(), 0, stored);
    fake_answer(fake_hear(), 0, stored_end(first));
    fake_answer(fake_hear(), 0, stored_end(last));
    fake_answer(fake_hear(), 0, merges);
}

static void answer_customer(redisReply *stored) {
    answer(stored, "0", "1767268800001", fake_array(0));
    assert_null(fake_hear());
}

static void view_customer(redisReply *stored) {
    assert_int_equal(tp_view_customer(&settings, NULL, TP_STR(CUSTOMER), on_view, NULL), 0);
    answer_customer(stored);
}

static void answer_member(void) {
    answer(blob_of(STORED_MEMBER, STATE, "", ""), "1", "1", STORED_MERGES("to", CUSTOMER, "merge", "1", "phase", ""));
}

/* Timelines, on which there is nothing. */
static void answer_timelines(void) {
    for (struct fake_call *call = fake_hear(); call; call = fake_hear())
        fake_answer(call, 0, fake_array(0));
}

/* The root of two members, one by way of the other. */
static void answer_root(const char *first, const char *last) {
    answer(blob_of(STORED_ROOT, STATE, "", ""), first, last,
           STORED_MERGES("row " THIRD, MEMBER "\t1\t" WHY, "members", THIRD MEMBER, "spans",
                         "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x03\xe8\0\0\0\0\x07\xd0", "row " MEMBER,
                         CUSTOMER "\t1\t" WHY));
}

static void what_is_known_is_told(void **state) {
    (void)state;
    view_customer(blob(STATE, IDENTIFIERS, ORIGINS));
    assert_int_equal(view_status, 0);
    assert_string_equal(view_json,
                        "{\"id\":\"" CUSTOMER "\",\"identifiers\":["
                        "{\"type\":\"email\",\"value\":\"ann@example.com\",\"first_seen\":\"1970-01-01T00:00:01.000Z\","
                        "\"source\":\"shop\",\"event\":\"e-1\"},"
                        "{\"type\":\"x\",\"value\":\"ann \\\"A\\\"\",\"first_seen\":\"1970-01-01T00:00:02.000Z\","
                        "\"source\":\"calls\",\"event\":\"e-\\\"2\"}],"
                        "\"interactions\":12,\"counts\":{\"sms\":2,\"web\":10},"
                        "\"first_seen\":\"1970-01-01T00:00:00.000Z\",\"last_seen\":\"2026-01-01T12:00:00.001Z\","
                        "\"last\":{\"id\":\"e-\\\"7\",\"channel\":\"sms\",\"type\":\"t\","
                        "\"time\":\"1970-01-01T00:00:00.005Z\"}}");
}

static void who_has_no_identifier_is_told_without(void **state) {
    (void)state;
    view_customer(blob(STATE, "", ""));
    assert_int_equal(view_status, 0);
    assert_non_null(strstr(view_json, "\"identifiers\":[],\"interactions\":12,"));
}

static void nobody_is_not_found(void **state) {
    (void)state;
    view_customer(fake_nil());
    assert_int_equal(view_status, TP_ENOTFOUND);
    assert_int_equal(tp_view_customer(&settings, NULL, TP_STR("nobody"), on_view, NULL), TP_ENOTFOUND);
    assert_int_equal(tp_view_customer(&settings, NULL, TP_STR(CUSTOMER "0"), on_view, NULL), TP_ENOTFOUND);
}

/* Its identifiers are listed before the event that brings them is there. */
static void one_to_whom_nothing_has_happened_is_not_found(void **state) {
    (void)state;
    static const struct stored listed = {.identifiers = "\n"};
    view_customer(stored_blob(&listed));
    assert_int_equal(view_status, TP_ENOTFOUND);
}

/* Known by what somebody said alone. */
static void one_of_whom_something_was_said_is_told_with_it(void **state) {
    (void)state;
    static const struct stored said = {
        .identifiers = "\nx\t7\nx\t8\n", .origins = "shop\t\"e-1\"\n\n", .seen = {"\0\0\0\0\3\xe8\0\0\0\0\3\xe8", 12}};
    assert_int_equal(tp_view_customer(&settings, NULL, TP_STR(CUSTOMER), on_view, NULL), 0);
    answer(stored_blob(&said), "0", "0", STORED_MERGES("traits", "name\t5\t" CUSTOMER "\t\"Ann\"\n"));
    assert_int_equal(view_status, 0);
    assert_non_null(
        strstr(view_json, "}],\"traits\":{\"name\":\"Ann\"},\"interactions\":0,\"counts\":{},\"last\":null}"));
}

/* ---- who was merged ---- */

#define TIMES(first, last)                                                                                             \
    "\"first_seen\":\"1970-01-01T00:00:0" first "Z\",\"last_seen\":\"1970-01-01T00:00:0" last "Z\","

static void assert_seen(const char *first, const char *last, const char *expected) {
    assert_int_equal(tp_view_customer(&settings, NULL, TP_STR(CUSTOMER), on_view, NULL), 0);
    answer_root(first, last);
    assert_int_equal(view_status, 0);
    if (!strstr(view_json, expected))
        fail_msg("%s in %s", expected, view_json);
}

static void a_root_tells_its_members_and_when_they_were_seen(void **state) {
    (void)state;
    assert_seen("1500", "1700", TIMES("1.000", "2.000"));
    assert_seen("500", "3000", TIMES("0.500", "3.000"));
    assert_seen("0", "0", TIMES("1.000", "2.000"));
    assert_non_null(strstr(view_json, "{\"id\":\"" CUSTOMER "\",\"identifiers\":[],\"members\":[\"" MEMBER "\",\"" THIRD
                                      "\"],\"interactions\":12,\"counts\":"));
}

static void a_member_leads_to_its_root(void **state) {
    (void)state;
    assert_int_equal(tp_view_customer(&settings, NULL, TP_STR(MEMBER), on_view, NULL), 0);
    answer_member();
    answer_root("1", "1");
    assert_int_equal(view_status, 0);
    assert_non_null(
        strstr(view_json, "{\"id\":\"" CUSTOMER "\",\"requested\":\"" MEMBER "\",\"identifiers\":[],\"members\":["));
}

#define EVIDENCE                                                                                                       \
    "\"time\":\"1970-01-01T00:00:01.000Z\",\"source\":\"shop\",\"event\":\"e-\\\"7\",\"identifiers\":["                \
    "{\"type\":\"email\",\"value\":\"ann@example.com\"},{\"type\":\"x\",\"value\":\"ann \\\"A\\\"\"}]}"

static void why_they_are_the_same_is_told(void **state) {
    (void)state;
    assert_int_equal(tp_view_identity(&settings, NULL, TP_STR(MEMBER), on_view, NULL), 0);
    answer_member();
    answer_root("1", "1");
    answer_timelines();
    assert_int_equal(view_status, 0);
    assert_string_equal(view_json,
                        "{\"id\":\"" CUSTOMER "\",\"requested\":\"" MEMBER "\",\"identifiers\":[],\"members\":["
                        "{\"id\":\"" MEMBER "\",\"into\":\"" CUSTOMER "\"," EVIDENCE ","
                        "{\"id\":\"" THIRD "\",\"into\":\"" MEMBER "\"," EVIDENCE "],\"conflicts\":[]}");
    assert_int_equal(tp_view_identity(&settings, NULL, TP_STR(CUSTOMER), on_view, NULL), 0);
    answer(blob(STATE, "", ""), "0", "1767268800001", fake_array(0));
    answer_timelines();
    assert_string_equal(view_json, "{\"id\":\"" CUSTOMER "\",\"identifiers\":[],\"members\":[],\"conflicts\":[]}");
}

static const char row_of_member[] = "row " MEMBER;

static void damaged_evidence_is_told(void **state) {
    (void)state;
    static const char *const rows[] = {
        "1\ts\t\"e\"\tx\t1\tx",
        "1\ts\t\"e\"\tx\t1\tx\t2\tx",
        "\ts\t\"e\"\tx\t1\tx\t2",
        "x\ts\t\"e\"\tx\t1\tx\t2",
        "253402300800000\ts\t\"e\"\tx\t1\tx\t2",
        "99999999999999999999\ts\t\"e\"\tx\t1\tx\t2",
        "1\t\t\"e\"\tx\t1\tx\t2",
        "1\ts\te\tx\t1\tx\t2",
        "1\ts\t\"e\tx\t1\tx\t2",
        "1\ts\t\"e\"\t\t1\tx\t2",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char row[128];
        snprintf(row, sizeof row, CUSTOMER "\t1\t%s", rows[i]);
        assert_int_equal(tp_view_identity(&settings, NULL, TP_STR(CUSTOMER), on_view, NULL), 0);
        answer(blob_of(STORED_ROOT, STATE, "", ""), "1", "1",
               STORED_MERGES(row_of_member, row, "members", MEMBER, "spans", ONE_SPAN));
        assert_int_equal(view_status, TP_ECORRUPT);
    }
}

/* All that it has came with its members. */
static void a_root_of_its_own_without_anything_has_no_last(void **state) {
    (void)state;
    assert_int_equal(tp_view_customer(&settings, NULL, TP_STR(CUSTOMER), on_view, NULL), 0);
    answer(blob_of(STORED_ROOT, "\nin.web\t3", "", ""), "0", "0",
           STORED_MERGES("row " MEMBER, CUSTOMER "\t1\t" WHY, "members", MEMBER, "spans", ONE_SPAN));
    assert_int_equal(view_status, 0);
    assert_non_null(strstr(view_json, "\"counts\":{\"web\":3},"));
    assert_non_null(strstr(view_json, ",\"last\":null}"));
}

static void a_ring_is_not_walked_for_ever(void **state) {
    (void)state;
    view_status = 1;
    assert_int_equal(tp_view_customer(&settings, NULL, TP_STR(MEMBER), on_view, NULL), 0);
    for (int i = 0; view_status == 1; i++) {
        assert_true(i < 100);
        answer_member();
    }
    assert_int_equal(view_status, TP_EUNAVAILABLE);
    assert_null(fake_hear());
}

static void damage_is_told(void **state) {
    (void)state;
    static const char *const states[] = {"", "{", "[]", "7"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        view_customer(blob(states[i], "", ""));
        assert_int_equal(view_status, TP_ECORRUPT);
    }
    static const char *const mappings[][2] = {{IDENTIFIERS, ""},
                                              {IDENTIFIERS, "\n\n"},
                                              {IDENTIFIERS, "shop\t\"e-1\"\n"},
                                              {IDENTIFIERS, "shop\n\n"},
                                              {"\nemail\tann@example.com\n", ORIGINS},
                                              {"\nemail\nx\tann\n", ORIGINS}};
    for (size_t i = 0; i < sizeof mappings / sizeof mappings[0]; i++) {
        view_customer(blob(STATE, mappings[i][0], mappings[i][1]));
        assert_int_equal(view_status, TP_ECORRUPT);
    }
    view_customer(fake_text(TP_STR("foreign")));
    assert_int_equal(view_status, TP_ECORRUPT);
}

/* Any of the four questions may be the one that fails. */
static void a_failure_is_told_once(void **state) {
    (void)state;
    for (int failing = 0; failing < 4; failing++) {
        view_status = 1;
        assert_int_equal(tp_view_customer(&settings, NULL, TP_STR(CUSTOMER), on_view, NULL), 0);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(view_status, 1);
            redisReply *reply = i == 0   ? blob("\nlast\t1\tweb\tt\t\"e\"", "", "")
                                : i == 3 ? fake_array(0)
                                         : stored_end("1");
            if (i != failing) {
                fake_answer(fake_hear(), 0, reply);
                continue;
            }
            fake_free(reply);
            fake_answer(fake_hear(), TP_EUNAVAILABLE, NULL);
        }
        assert_int_equal(view_status, TP_EUNAVAILABLE);
    }
    fake_away = true;
    view_status = 1;
    assert_int_equal(tp_view_customer(&settings, NULL, TP_STR(CUSTOMER), on_view, NULL), 0);
    assert_int_equal(view_status, TP_EUNAVAILABLE);
    fake_away = false;
}

static void find(redisReply *claimant) {
    const struct tp_identifier identifier = {TP_STR("email"), TP_STR("ann@example.com")};
    view_status = 1;
    assert_int_equal(tp_view_find(&settings, NULL, identifier, on_view, NULL), 0);
    if (claimant)
        fake_answer(fake_hear(), 0, claimant);
}

/* To one, to nobody (NULL); it may be pending. */
static void leads(const char *to, bool pending) {
    struct fake_call *call = fake_hear();
    redisReply *reply = fake_array(2);
    assert_true(call->n == 4 && tp_str_is(call->words[0], "HMGET"));
    reply->element[0] = to ? fake_text(tp_str(to)) : fake_nil();
    reply->element[1] = pending ? fake_text(TP_STR("pending")) : fake_nil();
    fake_answer(call, 0, reply);
}

static void whose_an_identifier_is(void **state) {
    (void)state;
    find(fake_text(TP_STR(CUSTOMER)));
    leads(NULL, false);
    assert_string_equal(view_json, "{\"customers\":[{\"id\":\"" CUSTOMER "\"}]}");
    find(fake_nil());
    assert_string_equal(view_json, "{\"customers\":[]}");
    find(NULL);
    fake_answer(fake_hear(), TP_EUNAVAILABLE, NULL);
    assert_int_equal(view_status, TP_EUNAVAILABLE);
    find(fake_text(TP_STR("damaged")));
    assert_int_equal(view_status, TP_ECORRUPT);
}

static void an_identifier_of_a_member_is_its_roots(void **state) {
    (void)state;
    find(fake_text(TP_STR(MEMBER)));
    leads(CUSTOMER, false);
    leads(NULL, false);
    assert_int_equal(view_status, 0);
    assert_string_equal(view_json, "{\"customers\":[{\"id\":\"" CUSTOMER "\"}]}");
}

/* Whom it leads to may not list it yet. */
static void who_is_pending_is_still_itself(void **state) {
    (void)state;
    find(fake_text(TP_STR(MEMBER)));
    leads(CUSTOMER, true);
    assert_string_equal(view_json, "{\"customers\":[{\"id\":\"" MEMBER "\"}]}");
}

static void where_one_leads_may_not_be_known(void **state) {
    (void)state;
    find(fake_text(TP_STR(MEMBER)));
    fake_answer(fake_hear(), TP_EUNAVAILABLE, NULL);
    assert_int_equal(view_status, TP_EUNAVAILABLE);
    find(fake_text(TP_STR(MEMBER)));
    leads("nobody", false);
    assert_int_equal(view_status, TP_ECORRUPT);
    find(fake_text(TP_STR(MEMBER)));
    fake_answer(fake_hear(), 0, fake_integer(1));
    assert_int_equal(view_status, TP_ECORRUPT);
    find(fake_text(TP_STR(MEMBER)));
    for (unsigned i = 0; view_status == 1 && i < 1000; i++)
        leads(MEMBER, false);
    assert_int_equal(view_status, TP_EUNAVAILABLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_told),
        cmocka_unit_test(who_has_no_identifier_is_told_without),
        cmocka_unit_test(nobody_is_not_found),
        cmocka_unit_test(one_to_whom_nothing_has_happened_is_not_found),
        cmocka_unit_test(one_of_whom_something_was_said_is_told_with_it),
        cmocka_unit_test(a_root_tells_its_members_and_when_they_were_seen),
        cmocka_unit_test(a_member_leads_to_its_root),
        cmocka_unit_test(why_they_are_the_same_is_told),
        cmocka_unit_test(damaged_evidence_is_told),
        cmocka_unit_test(a_root_of_its_own_without_anything_has_no_last),
        cmocka_unit_test(a_ring_is_not_walked_for_ever),
        cmocka_unit_test(damage_is_told),
        cmocka_unit_test(a_failure_is_told_once),
        cmocka_unit_test(whose_an_identifier_is),
        cmocka_unit_test(an_identifier_of_a_member_is_its_roots),
        cmocka_unit_test(who_is_pending_is_still_itself),
        cmocka_unit_test(where_one_leads_may_not_be_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
