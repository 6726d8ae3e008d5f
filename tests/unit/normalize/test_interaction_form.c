/* What becomes of an interaction that is one: its canonical form, what is filled in, and what makes it the same as
 * another. */
#include <stdio.h>
#include <stdlib.h>

#include "common/uuid.h"
#include "tests/unit/normalize/sending.h"

#define MAY_FIRST_MS (NOW_MS - (INT64_C(31) * 24 + 2) * 3600 * 1000) /* 2026-05-01T10:00:00Z */

static void expect_within(struct tp_str text, const char *part) {
    if (!memmem(text.at, text.len, part, strlen(part)))
        fail_msg("\n%.*s has no\n%s", TP_FMT(text), part);
}

static void members_come_out_in_one_order(void **state) {
    (void)state;
    must_take(" { \"customer\" : {\"email\": \"ann@example.com\"}, \"attributes\" : {\"b\": 1, \"a\": [ true ]},"
              "\"version\":3,\"segment\":\"gold\",\"text\":\"a\\nb\",\"subject\":\"s\",\"sentiment\":{\"score\":-0.5},"
              "\"feedback\":{\"scale\":5,\"csat\":4},"
              "\"issue\":{\"resolution\":\"refund\",\"status\":\"open\",\"topic\":\"t\",\"id\":\"i\"},"
              "\"outcome\":\"o\",\"duration_s\":310,\"wait_s\":42.50,\"department\":\"d\",\"queue\":\"q\","
              "\"agent\":\"a\",\"conversation\":\"c\",\"direction\":\"inbound\",\"time\":\"2026-05-01T12:00:00+02:00\","
              "\"type\":\"call.completed\",\"channel\":\"call_centre\",\"source\":\"pbx\",\"id\":\"CA1\"}");
    expect_text(interaction.json,
                "{\"schema\":1,\"id\":\"CA1\",\"source\":\"pbx\",\"channel\":\"call_centre\","
                "\"type\":\"call.completed\",\"time\":\"2026-05-01T10:00:00.000Z\",\"received_at\":\"" NOW "\","
                "\"direction\":\"inbound\",\"conversation\":\"c\",\"agent\":\"a\",\"queue\":\"q\",\"department\":\"d\","
                "\"wait_s\":42.50,\"duration_s\":310,\"outcome\":\"o\","
                "\"issue\":{\"id\":\"i\",\"topic\":\"t\",\"status\":\"open\",\"resolution\":\"refund\"},"
                "\"feedback\":{\"csat\":4,\"scale\":5},\"sentiment\":{\"score\":-0.5},\"subject\":\"s\","
                "\"text\":\"a\\nb\",\"segment\":\"gold\",\"version\":3,\"attributes\":{\"b\":1,\"a\":[true]}," ANN_OUT
                "}");
    expect_text(interaction.id, "CA1");
    expect_text(interaction.source, "pbx");
    expect_text(interaction.channel, "call_centre");
    expect_text(interaction.type, "call.completed");
    assert_int_equal(interaction.time_ms, MAY_FIRST_MS);
    assert_int_equal(interaction.received_ms, NOW_MS);
}

static void numbers_stay_as_they_were_sent(void **state) {
    (void)state;
    must_take("{\"id\":\"1\",\"channel\":\"web\",\"type\":\"a\"," ANN ",\"wait_s\":1e1,"
              "\"attributes\":{\"price\":19.99,\"n\":[1.0,-0,1E-7,9223372036854775807]}}");
    expect_within(interaction.json, "\"wait_s\":1e1,");
    expect_within(interaction.json, "{\"price\":19.99,\"n\":[1.0,-0,1E-7,9223372036854775807]}");
}

static void traits_are_kept_as_sent(void **state) {
    (void)state;
    must_take("{\"id\":\"1\",\"channel\":\"crm\",\"type\":\"identify\"," ANN
              ",\"traits\":{\"price\": 19.90, \"n\\u00e4me\":\"A\\tB\", \"gone\":null, \"c\":{\"d\": [ 1e1 ]}}}");
    assert_true(interaction.identifies);
    expect_text(interaction.traits, "price\t19.90\nn\xc3\xa4me\t\"A\\tB\"\ngone\tnull\nc\t{\"d\":[1e1]}\n");
    expect_within(interaction.json,
                  "\"traits\":{\"price\":19.90,\"n\xc3\xa4me\":\"A\\tB\",\"gone\":null,\"c\":{\"d\":[1e1]}}," ANN_OUT);
    must_take("{\"channel\":\"crm\",\"type\":\"identify\"," ANN "}");
    assert_true(interaction.identifies);
    assert_int_equal(interaction.traits.len, 0);
    must_take("{\"channel\":\"crm\",\"type\":\"identify.user\"," ANN "}");
    assert_false(interaction.identifies);
}

static void what_is_left_out_is_filled_in(void **state) {
    (void)state;
    must_take("{\"channel\":\"web\",\"type\":\"a\"," ANN "}");
    assert_true(tp_uuid_valid(interaction.id));
    expect_text(interaction.source, "default");
    assert_int_equal(interaction.time_ms, NOW_MS);
    char expected[512];
    snprintf(expected, sizeof expected,
             "{\"schema\":1,\"id\":\"%.*s\",\"source\":\"default\",\"channel\":\"web\",\"type\":\"a\",\"time\":\"" NOW
             "\",\"received_at\":\"" NOW "\"," ANN_OUT "}",
             TP_FMT(interaction.id));
    expect_text(interaction.json, expected);
}

static void each_event_without_id_is_new(void **state) {
    (void)state;
    must_take("{\"channel\":\"web\",\"type\":\"a\"," ANN "}");
    uint64_t first = interaction.key;
    must_take("{\"channel\":\"web\",\"type\":\"a\"," ANN "}");
    assert_true(first != interaction.key);
}

static void an_envelope_fills_what_the_data_leaves_out(void **state) {
    (void)state;
    struct tp_normalize_input input = {
        .data = TP_STR("{\"channel\":\"web\"," ANN "}"),
        .id = TP_STR("ce-1"),
        .source = TP_STR("/shop"),
        .type = TP_STR("com.example.Viewed"),
        .time = TP_STR("2026-05-01T10:00:00Z"),
    };
    assert_int_equal(send(input), 0);
    expect_text(interaction.id, "ce-1");
    expect_text(interaction.source, "/shop");
    expect_text(interaction.type, "com.example.Viewed");
    assert_int_equal(interaction.time_ms, MAY_FIRST_MS);

    input.data = TP_STR("{\"id\":\"7\",\"source\":\"s\",\"time\":\"2026-06-01T12:00:00Z\",\"type\":\"a\","
                        "\"channel\":\"web\"," ANN "}");
    assert_int_equal(send(input), 0);
    expect_text(interaction.id, "7");
    expect_text(interaction.source, "s");
    expect_text(interaction.type, "a");
    assert_int_equal(interaction.time_ms, NOW_MS);
}

static void an_envelope_is_held_to_the_rules_too(void **state) {
    (void)state;
    struct tp_normalize_input input = {.data = TP_STR("{\"channel\":\"web\",\"type\":\"a\"," ANN "}")};
    input.id = TP_STR("\xff");
    assert_int_equal(send(input), TP_EUTF8);
    assert_string_equal(refusal.path, "id");
    input.id = TP_STR("a\0b");
    assert_int_equal(send(input), TP_EFORM);
    input.id = TP_STR("7");
    input.source = TP_STR("a b");
    assert_int_equal(send(input), TP_EFORM);
    assert_string_equal(refusal.path, "source");
    expect_text(refusal.id, "7");
}

static void strings_outlive_what_was_sent(void **state) {
    (void)state;
    char *data = strdup("{\"channel\":\"web\",\"type\":\"a\"," ANN "}");
    char *id = strdup("7"), *source = strdup("s");
    assert_int_equal(
        send((struct tp_normalize_input){.data = tp_str(data), .id = tp_str(id), .default_source = tp_str(source)}), 0);
    free(data);
    free(id);
    free(source);
    expect_text(interaction.id, "7");
    expect_text(interaction.source, "s");
    expect_text(interaction.type, "a");
    expect_text(interaction.identifiers[0].value, "ann@example.com");
}

static void identifiers_become_one_list_in_the_order_sent(void **state) {
    (void)state;
    must_take("{\"channel\":\"web\",\"type\":\"a\",\"customer\":{\"x\":\"@Ann\",\"phone\":[\"044 668 18 00\","
              "\"+41 44 668 18 01\"],\"identifiers\":[{\"value\":\" 4711 \",\"type\":\"customer_id\"}],"
              "\"email\":\"Ann@EXAMPLE.com\",\"loyalty_card\":\"L \\\"1\\\"\"}}");
    static const struct {
        const char *type, *value;
    } expected[] = {{"x", "ann"},
                    {"phone", "+41446681800"},
                    {"phone", "+41446681801"},
                    {"customer_id", "4711"},
                    {"email", "ann@example.com"},
                    {"loyalty_card", "L \"1\""}};
    assert_int_equal(interaction.n_identifiers, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < interaction.n_identifiers; i++) {
        expect_text(interaction.identifiers[i].type, expected[i].type);
        expect_text(interaction.identifiers[i].value, expected[i].value);
    }
    expect_text(
        (struct tp_str){interaction.json.at + interaction.customer_at, interaction.json.len - interaction.customer_at},
        "\"identifiers\":[{\"type\":\"x\",\"value\":\"ann\"},{\"type\":\"phone\",\"value\":\"+41446681800\"},"
        "{\"type\":\"phone\",\"value\":\"+41446681801\"},{\"type\":\"customer_id\",\"value\":\"4711\"},"
        "{\"type\":\"email\",\"value\":\"ann@example.com\"},"
        "{\"type\":\"loyalty_card\",\"value\":\"L \\\"1\\\"\"}]}}");
}

static void the_same_person_twice_is_one_identifier(void **state) {
    (void)state;
    must_take("{\"channel\":\"web\",\"type\":\"a\",\"customer\":{\"email\":[\"ann@example.com\",\"ANN@example.com\"],"
              "\"customer_id\":\"ann@example.com\",\"identifiers\":[{\"type\":\"email\",\"value\":\"ann@example.COM\"}]"
              "}}");
    assert_int_equal(interaction.n_identifiers, 2);
    expect_text(interaction.identifiers[0].type, "email");
    expect_text(interaction.identifiers[1].type, "customer_id");
}

static void many_long_identifiers_all_arrive(void **state) {
    (void)state;
    struct tp_buf json = TP_BUF_INIT;
    tp_buf_adds(&json, "{\"channel\":\"web\",\"type\":\"a\",\"customer\":{\"customer_id\":[");
    for (int i = 0; i < TP_MAX_IDENTIFIERS; i++)
        tp_buf_addf(&json, "%s\"%0100d\"", i ? "," : "", i);
    tp_buf_adds(&json, "]}}");
    assert_int_equal(send((struct tp_normalize_input){.data = tp_buf_str(&json)}), 0);
    assert_int_equal(interaction.n_identifiers, TP_MAX_IDENTIFIERS);
    for (int i = 0; i < TP_MAX_IDENTIFIERS; i++) {
        char expected[101];
        snprintf(expected, sizeof expected, "%0100d", i);
        expect_text(interaction.identifiers[i].value, expected);
    }
    tp_buf_free(&json);
}

static void what_comes_out_can_be_composed(void **state) {
    (void)state;
    struct tp_buf packed = TP_BUF_INIT, composed = TP_BUF_INIT;
    struct tp_interaction unpacked;
    must_take("{\"id\":\"1\",\"channel\":\"web\",\"type\":\"a\"," ANN "}");
    tp_interaction_pack(&interaction, &packed);
    assert_int_equal(tp_interaction_unpack(tp_buf_str(&packed), &unpacked), 0);
    const struct tp_resolved resolved = {.customer_id = TP_STR("C1"), .created = true, .attached = 1};
    tp_interaction_compose(unpacked.json, unpacked.customer_at, &resolved, TP_STR("{\"sequence\":1}"), &composed);
    expect_within(tp_buf_str(&composed), "\"customer\":{\"id\":\"C1\",\"change\":{\"kind\":\"created\","
                                         "\"identifiers\":[{\"type\":\"");
    expect_within(tp_buf_str(&composed), "}]},\"identifiers\":[{\"type\":\"");
    tp_buf_free(&packed);
    tp_buf_free(&composed);
}

static uint64_t content_of(const char *json, int64_t received_ms) {
    assert_int_equal(send((struct tp_normalize_input){.data = tp_str(json), .received_ms = received_ms}), 0);
    return interaction.content;
}

static void a_retry_is_the_same(void **state) {
    (void)state;
    const char *sent = "{\"id\":\"1\",\"channel\":\"web\",\"type\":\"a\"," ANN "}";
    uint64_t content = content_of(sent, NOW_MS), key = interaction.key;
    assert_true(content == content_of(sent, NOW_MS + 5000));
    assert_true(key == interaction.key);
    const char *otherwise = "{ " ANN ", \"type\":\"\\u0061\",\"channel\":\"web\",\"id\":\"1\"}";
    assert_true(content == content_of(otherwise, NOW_MS));
}

static void other_content_is_another(void **state) {
    (void)state;
    static const char *const others[] = {
        "{\"id\":\"1\",\"channel\":\"web\",\"type\":\"b\"," ANN "}",
        "{\"id\":\"1\",\"channel\":\"web\",\"type\":\"a\",\"text\":\"\"," ANN "}",
        "{\"id\":\"1\",\"channel\":\"web\",\"type\":\"a\",\"time\":\"2026-06-01T12:00:00Z\"," ANN "}",
        "{\"id\":\"1\",\"channel\":\"web\",\"type\":\"a\",\"time\":\"2026-06-01T12:00:01Z\"," ANN "}",
        "{\"id\":\"1\",\"channel\":\"web\",\"type\":\"a\",\"customer\":{\"email\":\"bob@example.com\"}}",
    };
    uint64_t seen[5], first = content_of("{\"id\":\"1\",\"channel\":\"web\",\"type\":\"a\"," ANN "}", NOW_MS);
    for (size_t i = 0; i < 5; i++) {
        seen[i] = content_of(others[i], NOW_MS);
        assert_true(seen[i] != first);
        for (size_t j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
    }
}

static void source_and_id_are_the_key(void **state) {
    (void)state;
    must_take("{\"id\":\"1\",\"source\":\"ab\",\"channel\":\"web\",\"type\":\"a\"," ANN "}");
    uint64_t first = interaction.key;
    must_take("{\"id\":\"1\",\"source\":\"ab\",\"channel\":\"web\",\"type\":\"b\"," ANN "}");
    assert_true(first == interaction.key);
    must_take("{\"id\":\"b1\",\"source\":\"a\",\"channel\":\"web\",\"type\":\"a\"," ANN "}");
    assert_true(first != interaction.key);
}

static void a_version_is_part_of_it(void **state) {
    (void)state;
    uint64_t keys[3];
    static const char *const versions[] = {"", "\"version\":0,", "\"version\":9007199254740991,"};
    for (size_t i = 0; i < 3; i++) {
        char json[256];
        snprintf(json, sizeof json, "{\"id\":\"1\",%s\"channel\":\"web\",\"type\":\"a\"," ANN "}", versions[i]);
        must_take(json);
        assert_int_equal(interaction.has_version, i > 0);
        keys[i] = interaction.key;
        assert_true(i == 0 || (interaction.bare_key == keys[0] && keys[i] != keys[i - 1] && keys[i] != keys[0]));
    }
    assert_true(interaction.version == TP_MAX_VERSION);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_out_in_one_order),
        cmocka_unit_test(numbers_stay_as_they_were_sent),
        cmocka_unit_test(traits_are_kept_as_sent),
        cmocka_unit_test(what_is_left_out_is_filled_in),
        cmocka_unit_test(each_event_without_id_is_new),
        cmocka_unit_test(an_envelope_fills_what_the_data_leaves_out),
        cmocka_unit_test(an_envelope_is_held_to_the_rules_too),
        cmocka_unit_test(strings_outlive_what_was_sent),
        cmocka_unit_test(identifiers_become_one_list_in_the_order_sent),
        cmocka_unit_test(the_same_person_twice_is_one_identifier),
        cmocka_unit_test(many_long_identifiers_all_arrive),
        cmocka_unit_test(what_comes_out_can_be_composed),
        cmocka_unit_test(a_retry_is_the_same),
        cmocka_unit_test(other_content_is_another),
        cmocka_unit_test(source_and_id_are_the_key),
        cmocka_unit_test(a_version_is_part_of_it),
    };
    return cmocka_run_group_tests(tests, open_normalizer, close_normalizer);
}
