/* One customer as JSON, and whose an identifier is; Redis is the test's own. */
#include "daemon/view/view.h"

#include <stdio.h>

#include "tests/unit/redis/fake.h"

#define CUSTOMER    "0190a000-0000-7000-8000-00000000000a"
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

/* What append.lua stores: twelve interactions, and two identifiers where there are any. */
static redisReply *blob(const char *state, const char *identifiers, const char *origins) {
    static const char seen[] = {0, 0, 0, 0, 3, (char)0xe8, 0, 0, 0, 0, 7, (char)0xd0};
    char bytes[1024] = {3, [6] = 12};
    size_t len = 35, n = *identifiers ? 2 : 0;
    bytes[24] = (char)strlen(state);
    bytes[26] = (char)n;
    bytes[30] = (char)strlen(identifiers);
    bytes[34] = (char)strlen(origins);
    len += (size_t)snprintf(bytes + len, sizeof bytes - len, "%s", state);
    memcpy(bytes + len, seen, 6 * n);
    len += 6 * n;
    len += (size_t)snprintf(bytes + len, sizeof bytes - len, "%s%s", identifiers, origins);
    return fake_text((struct tp_str){bytes, len});
}

static redisReply *end_of_line(const char *score) {
    redisReply *reply = fake_array(2);
    reply->element[0] = fake_text(TP_STR("an entry"));
    reply->element[1] = fake_text(tp_str(score));
    return reply;
}

/* GET, ZCARD, and ZRANGE of the first and of the last. */
static void view_customer(redisReply *stored) {
    assert_int_equal(tp_view_customer(&settings, NULL, TP_STR(CUSTOMER), on_view, NULL), 0);
    fake_answer(fake_hear(), 0, stored);
    fake_answer(fake_hear(), 0, fake_integer(2));
    fake_answer(fake_hear(), 0, end_of_line("0"));
    fake_answer(fake_hear(), 0, end_of_line("1767268800001"));
    assert_null(fake_hear());
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

/* As it was stored before it had origins; and one that is cut anywhere in front of what nobody reads. */
static void what_is_of_another_version_or_cut_is_refused(void **state) {
    (void)state;
    redisReply *whole = blob(STATE, IDENTIFIERS, ORIGINS);
    for (size_t len = 1; len < whole->len; len++) { /* without bytes there is nobody */
        view_customer(fake_text((struct tp_str){whole->str, len}));
        assert_int_equal(view_status, TP_ECORRUPT);
    }
    for (char version = 0; version < 5; version++) {
        whole->str[0] = version;
        view_customer(fake_text((struct tp_str){whole->str, whole->len}));
        assert_int_equal(view_status, version == 3 ? 0 : TP_ECORRUPT);
    }
    fake_free(whole);
}

static void nobody_is_not_found(void **state) {
    (void)state;
    view_customer(fake_nil());
    assert_int_equal(view_status, TP_ENOTFOUND);
    assert_int_equal(tp_view_customer(&settings, NULL, TP_STR("nobody"), on_view, NULL), TP_ENOTFOUND);
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
    view_customer(fake_text(TP_STR("\1\0\0\1\0\0\0\0\0{}")));
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
                                : i == 1 ? fake_integer(1)
                                         : end_of_line("1");
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

static void whose_an_identifier_is(void **state) {
    (void)state;
    const struct tp_identifier identifier = {TP_STR("email"), TP_STR("ann@example.com")};
    assert_int_equal(tp_view_find(&settings, NULL, identifier, on_view, NULL), 0);
    fake_answer(fake_hear(), 0, fake_text(TP_STR(CUSTOMER)));
    assert_string_equal(view_json, "{\"customers\":[{\"id\":\"" CUSTOMER "\"}]}");
    assert_int_equal(tp_view_find(&settings, NULL, identifier, on_view, NULL), 0);
    fake_answer(fake_hear(), 0, fake_nil());
    assert_string_equal(view_json, "{\"customers\":[]}");
    assert_int_equal(tp_view_find(&settings, NULL, identifier, on_view, NULL), 0);
    fake_answer(fake_hear(), TP_EUNAVAILABLE, NULL);
    assert_int_equal(view_status, TP_EUNAVAILABLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_told),  cmocka_unit_test(who_has_no_identifier_is_told_without),
        cmocka_unit_test(nobody_is_not_found),    cmocka_unit_test(what_is_of_another_version_or_cut_is_refused),
        cmocka_unit_test(damage_is_told),         cmocka_unit_test(a_failure_is_told_once),
        cmocka_unit_test(whose_an_identifier_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
