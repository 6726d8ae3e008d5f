/* What a mapping made, and what of it is forgiven: config/sources/README.md. */
#include "tests/unit/normalize/sending.h"

#define HEAD "\"channel\":\"web\",\"type\":\"page.viewed\""

static void must_map(const char *json) {
    if (send((struct tp_normalize_input){.data = tp_str(json), .mapped = true}) < 0)
        fail_msg("refused: %s: %s", refusal.path, refusal.message);
}

static void must_become(const char *json, const char *expected) {
    must_map(json);
    char *text = strndup(interaction.json.at, interaction.json.len);
    if (!strstr(text, expected))
        fail_msg("%s is not in %s", expected, text);
    free(text);
}

static void must_lack(const char *json, const char *what) {
    must_map(json);
    assert_null(memmem(interaction.json.at, interaction.json.len, what, strlen(what)));
}

static void null_and_nothing_are_absent(void **state) {
    (void)state;
    must_become("{" HEAD
                ",\"id\":\"1\",\"text\":null,\"subject\":\"\",\"agent\":null,\"issue\":{\"id\":null,\"topic\":\"\"},"
                "\"time\":\"\",\"attributes\":{\"kept\":null}," ANN "}",
                "\"attributes\":{\"kept\":null},\"customer\"");
    must_lack("{" HEAD ",\"text\":null,\"subject\":\"\",\"issue\":{\"id\":null}," ANN "}", "issue");
}

static void numbers_and_texts_take_each_others_place(void **state) {
    (void)state;
    must_become("{" HEAD ",\"conversation\":12345,\"agent\":1.50,\"wait_s\":\"3.5\"," ANN "}",
                "\"conversation\":\"12345\",\"agent\":\"1.50\",\"wait_s\":3.5");
    must_become("{" HEAD ",\"version\":\"1700000000000\"," ANN "}", "\"version\":1700000000000");
    must_lack("{" HEAD ",\"wait_s\":\"soon\"," ANN "}", "wait_s");
    must_lack("{" HEAD ",\"wait_s\":-1," ANN "}", "wait_s");
}

static void texts_are_made_to_fit(void **state) {
    (void)state;
    char json[4096], long_text[1100] = {0};
    memset(long_text, 'x', sizeof long_text - 1);
    snprintf(json, sizeof json, "{" HEAD ",\"subject\":\"%s\"," ANN "}", long_text);
    must_map(json);
    assert_non_null(memmem(interaction.json.at, interaction.json.len, long_text, 1024));
    assert_null(memmem(interaction.json.at, interaction.json.len, long_text, 1025));
    must_become("{" HEAD ",\"subject\":\"one\\ntwo\\u0085\\u007f.\"," ANN "}", "\"subject\":\"one two   .\"");
    must_become("{" HEAD ",\"text\":\"one\\ntwo\"," ANN "}", "\"text\":\"one\\ntwo\"");
}

static void must_be_unreadable(const char *json, const char *message, const char *element) {
    assert_int_equal(send((struct tp_normalize_input){.data = tp_str(json), .mapped = true}), TP_EUNREADABLE);
    assert_string_equal(refusal.message, message);
    expect_text(refusal.element, element);
}

static void what_a_mapping_failed_on_is_kept_as_it_was(void **state) {
    (void)state;
    char json[1024], why[400] = {0}, cut[256] = {0};
    must_be_unreadable("[\"unreadable\",\"of no kind\",{\"a\":1.50}]", "of no kind", "{\"a\":1.50}");
    must_be_unreadable("[\"unreadable\",\"\",null]", "", "null");
    for (size_t i = 0; i < 199; i++)
        memcpy(why + 2 * i, "\u00fc", 2);
    snprintf(json, sizeof json, "[\"unreadable\",\"%s\",7]", why);
    memcpy(cut, why, 254);
    must_be_unreadable(json, cut, "7");
}

static void only_that_is_what_a_mapping_failed_on(void **state) {
    (void)state;
    static const char *const others[] = {"[\"unreadable\",\"x\"]", "[\"unreadable\",7,{}]", "[\"other\",\"x\",{}]",
                                         "7"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(send((struct tp_normalize_input){.data = tp_str(others[i]), .mapped = true}), TP_ETYPE);
    assert_int_equal(send((struct tp_normalize_input){.data = TP_STR("[\"unreadable\",\"x\",{}]")}), TP_ETYPE);
    assert_int_equal(refusal.element.len, 0);
}

static void an_id_is_never_cut(void **state) {
    (void)state;
    char json[1024], id[300] = {0};
    memset(id, 'x', sizeof id - 1);
    snprintf(json, sizeof json, "{" HEAD ",\"id\":\"%s\"," ANN "}", id);
    assert_int_equal(send((struct tp_normalize_input){.data = tp_str(json), .mapped = true}), TP_ERANGE);
    assert_string_equal(refusal.path, "id");
}

static void an_identifier_that_is_none_is_put_aside(void **state) {
    (void)state;
    must_become("{" HEAD ",\"customer\":{\"email\":\"not an address\",\"phone\":[\"+41446681800\",\"\",null,\"12\"]}}",
                "\"customer\":{\"identifiers\":[{\"type\":\"phone\",\"value\":\"+41446681800\"}],\"dropped\":["
                "{\"type\":\"email\",\"value\":\"not an address\",\"reason\":\"malformed\"},"
                "{\"type\":\"phone\",\"value\":\"12\",\"reason\":\"malformed\"}]}");
    must_become("{" HEAD ",\"customer\":{\"identifiers\":[{\"type\":\"facebook\",\"value\":77,\"scope\":null},"
                "{\"type\":\"desk\",\"value\":\"1\"},{\"type\":\"email\",\"value\":null}]}}",
                "{\"identifiers\":[{\"type\":\"facebook\",\"value\":\"77\"}],\"dropped\":["
                "{\"type\":\"desk\",\"value\":\"1\",\"reason\":\"malformed\"}]}");
}

static void whom_nothing_names_is_refused_all_the_same(void **state) {
    (void)state;
    const char *json = "{" HEAD ",\"customer\":{\"email\":\"none\",\"phone\":\"12\"}}";
    assert_int_equal(send((struct tp_normalize_input){.data = tp_str(json), .mapped = true}), TP_EREQUIRED);
    assert_string_equal(refusal.message, "an identifier that is of its form was expected");
    json = "{" HEAD ",\"customer\":{\"email\":null}}";
    assert_int_equal(send((struct tp_normalize_input){.data = tp_str(json), .mapped = true}), TP_EREQUIRED);
}

static void whom_nothing_names_may_have_a_name_for_that(void **state) {
    (void)state;
    must_become("{" HEAD ",\"customer\":{\"phone\":\"12\",\"nobody\":\"twilio:CA1\"}}",
                "{\"identifiers\":[{\"type\":\"anonymous_id\",\"value\":\"twilio:CA1\"}],\"dropped\":["
                "{\"type\":\"phone\",\"value\":\"12\",\"reason\":\"malformed\"}]}");
    must_become("{" HEAD ",\"customer\":{\"nobody\":7}}", "[{\"type\":\"anonymous_id\",\"value\":\"7\"}]");
    must_lack("{" HEAD ",\"customer\":{\"email\":\"ann@example.com\",\"nobody\":\"twilio:CA1\"}}", "anonymous_id");
}

static void a_blocked_one_is_told_as_such(void **state) {
    (void)state;
    must_become("{" HEAD ",\"customer\":{\"customer_id\":\"null\",\"email\":\"x\",\"phone\":\"+41446681800\"}}",
                "{\"type\":\"customer_id\",\"value\":\"null\",\"reason\":\"blocked\"},"
                "{\"type\":\"email\",\"value\":\"x\",\"reason\":\"malformed\"}");
}

static void a_source_has_its_country(void **state) {
    (void)state;
    const char *json = "{" HEAD ",\"customer\":{\"phone\":\"020 7946 0123\"}}";
    const struct tp_normalize_input british = {.data = tp_str(json), .mapped = true, .region = TP_STR("GB")};
    assert_int_equal(send(british), 0);
    assert_int_equal(interaction.identifiers[0].value.len, strlen("+442079460123"));
    assert_memory_equal(interaction.identifiers[0].value.at, "+442079460123", 13);
    const char *swiss = "{" HEAD ",\"customer\":{\"phone\":\"044 668 18 00\"}}";
    must_map(swiss);
    assert_memory_equal(interaction.identifiers[0].value.at, "+41446681800", 12);
}

/* A webhook is known by its sender's id, whatever its second sending says beside. */
static void its_id_is_what_it_is(void **state) {
    (void)state;
    must_map("{" HEAD ",\"id\":\"1\",\"text\":\"a\"," ANN "}");
    uint64_t content = interaction.content;
    must_map("{" HEAD ",\"id\":\"1\",\"text\":\"b\"," ANN "}");
    assert_int_equal(interaction.content, content);
    must_map("{" HEAD ",\"id\":\"2\",\"text\":\"b\"," ANN "}");
    assert_int_not_equal(interaction.content, content);
}

static void nothing_of_this_is_forgiven_to_others(void **state) {
    (void)state;
    assert_int_equal(send((struct tp_normalize_input){.data = TP_STR("{" HEAD ",\"text\":null," ANN "}")}), TP_ETYPE);
    assert_int_equal(send((struct tp_normalize_input){.data = TP_STR("{" HEAD ",\"customer\":{\"email\":\"x\"}}")}),
                     TP_EFORM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_and_nothing_are_absent),
        cmocka_unit_test(numbers_and_texts_take_each_others_place),
        cmocka_unit_test(texts_are_made_to_fit),
        cmocka_unit_test(what_a_mapping_failed_on_is_kept_as_it_was),
        cmocka_unit_test(only_that_is_what_a_mapping_failed_on),
        cmocka_unit_test(an_id_is_never_cut),
        cmocka_unit_test(an_identifier_that_is_none_is_put_aside),
        cmocka_unit_test(whom_nothing_names_is_refused_all_the_same),
        cmocka_unit_test(whom_nothing_names_may_have_a_name_for_that),
        cmocka_unit_test(a_blocked_one_is_told_as_such),
        cmocka_unit_test(a_source_has_its_country),
        cmocka_unit_test(its_id_is_what_it_is),
        cmocka_unit_test(nothing_of_this_is_forgiven_to_others),
    };
    return cmocka_run_group_tests(tests, open_normalizer, close_normalizer);
}
