/* What the configuration says of identifiers: how those of a type are made canonical, and which values name nobody. */
#include "tests/unit/normalize/sending.h"

#define EVENT(customer) "{\"channel\":\"web\",\"type\":\"a\",\"customer\":" customer "}"

static struct tp_str customer_out(void) {
    struct tp_str json = interaction.json;
    return (struct tp_str){json.at + interaction.customer_at, json.len - interaction.customer_at};
}

static void expect_refused(const char *json, int error, const char *path) {
    assert_int_equal(send((struct tp_normalize_input){.data = tp_str(json)}), error);
    assert_string_equal(refusal.path, path);
    assert_true(refusal.message[0] != '\0');
}

static void a_type_may_be_made_canonical_as_another(void **state) {
    (void)state;
    must_take(EVENT("{\"card\":\" AB-7 \",\"customer_id\":\" AB-7 \"}"));
    expect_text(customer_out(), "\"identifiers\":[{\"type\":\"card\",\"value\":\"ab-7\"},"
                                "{\"type\":\"customer_id\",\"value\":\"AB-7\"}]}}");
}

static void a_value_that_names_nobody_is_put_aside(void **state) {
    (void)state;
    must_take(EVENT("{\"customer_id\":[\"NULL\",\"7\",\"0\"],\"email\":\"No-Reply@shop.example\"}"));
    expect_text(customer_out(), "\"identifiers\":[{\"type\":\"customer_id\",\"value\":\"7\"}],"
                                "\"dropped\":[{\"type\":\"customer_id\",\"value\":\"NULL\",\"reason\":\"blocked\"},"
                                "{\"type\":\"customer_id\",\"value\":\"0\",\"reason\":\"blocked\"},"
                                "{\"type\":\"email\",\"value\":\"No-Reply@shop.example\",\"reason\":\"blocked\"}]}}");
    assert_int_equal(interaction.n_identifiers, 1);
    assert_int_equal(interaction.n_blocked, 3);
    must_take(EVENT("{\"customer_id\":\"7\"}"));
    assert_int_equal(interaction.n_blocked, 0);
}

static void it_need_not_be_of_its_types_form(void **state) {
    (void)state;
    must_take(EVENT("{\"email\":\"null\",\"customer_id\":\"7\"}"));
    assert_int_equal(interaction.n_blocked, 1);
}

static void it_is_put_aside_however_it_is_written(void **state) {
    (void)state;
    must_take(EVENT("{\"phone\":[\"044 668 18 99\",\"+41 44 668 18 98\"],\"card\":\"KIOSK-3\"}"));
    expect_text(customer_out(), "\"identifiers\":[{\"type\":\"phone\",\"value\":\"+41446681898\"}],"
                                "\"dropped\":[{\"type\":\"phone\",\"value\":\"+41446681899\",\"reason\":\"blocked\"},"
                                "{\"type\":\"card\",\"value\":\"KIOSK-3\",\"reason\":\"blocked\"}]}}");
}

static void a_types_own_list_is_that_types_alone(void **state) {
    (void)state;
    must_take(EVENT("{\"customer_id\":\"kiosk-3\"}"));
    assert_int_equal(interaction.n_blocked, 0);
}

static void one_that_stands_twice_is_put_aside_once(void **state) {
    (void)state;
    must_take(EVENT("{\"customer_id\":[\"null\",\"null\",\"7\"]}"));
    assert_int_equal(interaction.n_blocked, 1);
}

static void nobody_at_all_is_refused(void **state) {
    (void)state;
    expect_refused(EVENT("{\"customer_id\":\"null\",\"email\":\"no-reply@example.com\"}"), TP_EBLOCKED,
                   "customer.identifiers");
    expect_refused(EVENT("{\"customer_id\":[]}"), TP_EREQUIRED, "customer.customer_id");
}

static void what_is_no_value_is_refused_all_the_same(void **state) {
    (void)state;
    expect_refused(EVENT("{\"email\":\"no-reply@\\n\",\"customer_id\":\"7\"}"), TP_EFORM, "customer.email");
    expect_refused(EVENT("{\"email\":null,\"customer_id\":\"7\"}"), TP_ETYPE, "customer.email");
}

/* --- whose it is --- */

static void a_scope_is_part_of_the_value(void **state) {
    (void)state;
    must_take(EVENT("{\"identifiers\":[{\"type\":\"facebook\",\"value\":\" 1 \",\"scope\":\"page-77\"},"
                    "{\"type\":\"facebook\",\"value\":\"1\",\"scope\":\"page-78\"},"
                    "{\"scope\":\"Bot_1\",\"type\":\"telegram\",\"value\":\"@Ann\"}]}"));
    expect_text(customer_out(), "\"identifiers\":[{\"type\":\"facebook\",\"value\":\"page-77:1\"},"
                                "{\"type\":\"facebook\",\"value\":\"page-78:1\"},"
                                "{\"type\":\"telegram\",\"value\":\"Bot_1:ann\"}]}}");
}

static void however_it_is_written_it_is_one(void **state) {
    (void)state;
    must_take(EVENT("{\"telegram\":[\" b1: @Ann\",\"b1:ann\"],\"identifiers\":["
                    "{\"type\":\"telegram\",\"value\":\"ANN\",\"scope\":\"b1\"}]}"));
    expect_text(customer_out(), "\"identifiers\":[{\"type\":\"telegram\",\"value\":\"b1:ann\"}]}}");
}

static void the_first_colon_ends_it(void **state) {
    (void)state;
    must_take(EVENT("{\"facebook\":\"p:a:b\",\"identifiers\":["
                    "{\"type\":\"facebook\",\"value\":\"a:b\",\"scope\":\"p\"}]}"));
    assert_int_equal(interaction.n_identifiers, 1);
}

static void a_type_without_scopes_takes_a_colon_as_it_is(void **state) {
    (void)state;
    must_take(EVENT("{\"customer_id\":\"a: B\",\"x\":\"@a:@B\"}"));
    expect_text(customer_out(), "\"identifiers\":[{\"type\":\"customer_id\",\"value\":\"a: B\"},"
                                "{\"type\":\"x\",\"value\":\"a:@b\"}]}}");
    expect_refused(EVENT("{\"identifiers\":[{\"type\":\"x\",\"value\":\"ann\",\"scope\":\"p\"}]}"), TP_EFORM,
                   "customer.identifiers[0].scope");
}

static void a_value_may_stand_without_where_it_may(void **state) {
    (void)state;
    must_take(EVENT("{\"facebook\":[\"ann.1\",\"Ann B: C\"],\"telegram\":\"@Ann\"}"));
    expect_text(customer_out(), "\"identifiers\":[{\"type\":\"facebook\",\"value\":\"ann.1\"},"
                                "{\"type\":\"facebook\",\"value\":\"Ann B: C\"},"
                                "{\"type\":\"telegram\",\"value\":\"ann\"}]}}");
}

static void without_one_it_never_looks_as_if_it_had_one(void **state) {
    (void)state;
    expect_refused(EVENT("{\"telegram\":\"@b1:ann\"}"), TP_EFORM, "customer.telegram");
    expect_refused(EVENT("{\"telegram\":\"b1:\"}"), TP_EFORM, "customer.telegram");
}

static void it_must_where_it_must(void **state) {
    (void)state;
    expect_refused(EVENT("{\"desk\":\"7\"}"), TP_EREQUIRED, "customer.desk");
    expect_refused(EVENT("{\"identifiers\":[{\"type\":\"desk\",\"value\":\"7\"}]}"), TP_EREQUIRED,
                   "customer.identifiers[0].value");
    must_take(EVENT("{\"desk\":\"Hall:A7\"}"));
    expect_text(customer_out(), "\"identifiers\":[{\"type\":\"desk\",\"value\":\"Hall:a7\"}]}}");
}

static void what_is_no_scope_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *scope;
        int error;
    } cases[] = {{"\"\"", TP_ERANGE}, {"\"a:b\"", TP_EFORM}, {"\"a b\"", TP_EFORM}, {"\"\u00e9\"", TP_EFORM},
                 {"77", TP_ETYPE},    {"null", TP_ETYPE},    {"[\"a\"]", TP_ETYPE}};
    char json[256];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(json, sizeof json, EVENT("{\"identifiers\":[{\"type\":\"facebook\",\"value\":\"1\",\"scope\":%s}]}"),
                 cases[i].scope);
        expect_refused(json, cases[i].error, "customer.identifiers[0].scope");
    }
}

static void with_its_scope_it_is_no_longer_than_others(void **state) {
    (void)state;
    char json[512];
    const char *const event = EVENT("{\"identifiers\":[{\"type\":\"facebook\",\"value\":\"%0*d\",\"scope\":\"p\"}]}");
    snprintf(json, sizeof json, event, TP_MAX_IDENTIFIER_BYTES - 2, 1);
    must_take(json);
    snprintf(json, sizeof json, event, TP_MAX_IDENTIFIER_BYTES - 1, 1);
    expect_refused(json, TP_ERANGE, "customer.identifiers[0].value");
}

static void it_names_nobody_on_any_page(void **state) {
    (void)state;
    must_take(EVENT("{\"customer_id\":\"7\",\"facebook\":\"p:NULL\",\"desk\":[\"null\",\"page-9:3\"],\"identifiers\":["
                    "{\"type\":\"facebook\",\"value\":\"0\",\"scope\":\"p\"}]}"));
    expect_text(customer_out(), "\"identifiers\":[{\"type\":\"customer_id\",\"value\":\"7\"}],"
                                "\"dropped\":[{\"type\":\"facebook\",\"value\":\"p:NULL\",\"reason\":\"blocked\"},"
                                "{\"type\":\"desk\",\"value\":\"null\",\"reason\":\"blocked\"},"
                                "{\"type\":\"desk\",\"value\":\"page-9:3\",\"reason\":\"blocked\"},"
                                "{\"type\":\"facebook\",\"value\":\"p:0\",\"reason\":\"blocked\"}]}}");
}

static void it_is_looked_up_as_it_is_sent(void **state) {
    (void)state;
    struct tp_buf out = TP_BUF_INIT;
    assert_int_equal(tp_normalize_identifier(normalizer, TP_STR("telegram"), TP_STR("b1:@Ann"), &out, &refusal), 0);
    expect_text(tp_buf_str(&out), "b1:ann");
    assert_int_equal(tp_normalize_identifier(normalizer, TP_STR("desk"), TP_STR("7"), &out, &refusal), TP_EREQUIRED);
    assert_string_equal(refusal.path, "desk");
    expect_text(tp_buf_str(&out), "b1:ann");
    tp_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_may_be_made_canonical_as_another),
        cmocka_unit_test(a_value_that_names_nobody_is_put_aside),
        cmocka_unit_test(it_need_not_be_of_its_types_form),
        cmocka_unit_test(it_is_put_aside_however_it_is_written),
        cmocka_unit_test(a_types_own_list_is_that_types_alone),
        cmocka_unit_test(one_that_stands_twice_is_put_aside_once),
        cmocka_unit_test(nobody_at_all_is_refused),
        cmocka_unit_test(what_is_no_value_is_refused_all_the_same),
        cmocka_unit_test(a_scope_is_part_of_the_value),
        cmocka_unit_test(however_it_is_written_it_is_one),
        cmocka_unit_test(the_first_colon_ends_it),
        cmocka_unit_test(a_type_without_scopes_takes_a_colon_as_it_is),
        cmocka_unit_test(a_value_may_stand_without_where_it_may),
        cmocka_unit_test(without_one_it_never_looks_as_if_it_had_one),
        cmocka_unit_test(it_must_where_it_must),
        cmocka_unit_test(what_is_no_scope_is_refused),
        cmocka_unit_test(with_its_scope_it_is_no_longer_than_others),
        cmocka_unit_test(it_names_nobody_on_any_page),
        cmocka_unit_test(it_is_looked_up_as_it_is_sent),
    };
    return cmocka_run_group_tests(tests, open_normalizer, close_normalizer);
}
