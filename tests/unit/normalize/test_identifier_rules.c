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
    };
    return cmocka_run_group_tests(tests, open_normalizer, close_normalizer);
}
