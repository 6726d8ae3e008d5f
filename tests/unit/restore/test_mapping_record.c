/* From a record of the customers' topic to what is put back, and what is none of ours. */
#include "daemon/restore/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/error.h"

#define ANN        "0190a000-0000-7000-8000-00000000000a"
#define BOB        "0190a000-0000-7000-8000-00000000000b"
#define EMAIL      "{\"type\":\"email\",\"value\":\"a@example.com\",\"first_seen\":\"1970-01-01T00:00:01.000Z\","
#define CAUSE      "\"source\":\"shop\",\"event\":\"e\\\"1\""
#define WHOLE(...) "{\"schema\":1,\"id\":\"" ANN "\"," __VA_ARGS__ "}"

static int read(const char *value, struct tp_restore_mapping *ret) {
    const struct tp_kafka_message message = {.key = TP_STR(ANN), .value = tp_str(value)};
    return tp_restore_mapping_read(&message, ret);
}

static void assert_text(const struct tp_buf *is, const char *expected) {
    if (!tp_str_is(tp_buf_str(is), expected))
        fail_msg("%.*s is not %s", TP_FMT(tp_buf_str(is)), expected);
}

static void all_is_read(void **state) {
    (void)state;
    struct tp_restore_mapping mapping;
    assert_int_equal(read(WHOLE("\"sequence\":7,\"identifiers\":[" EMAIL CAUSE "}," EMAIL CAUSE ",\"customer\":\"" BOB
                                "\"}],\"members\":[\"" BOB "\"],\"traits\":{\"limit\":{\"value\":19.90,\"time\":"
                                "\"1970-01-01T00:00:02.000Z\"},\"vip\":{\"value\":null,\"time\":"
                                "\"1970-01-01T00:00:03.000Z\",\"customer\":\"" BOB "\"}},\"change\":{}"),
                          &mapping),
                     0);
    assert_string_equal(mapping.customer_id, ANN);
    assert_string_equal(mapping.redirect, "");
    assert_int_equal(mapping.n, 2);
    assert_text(&mapping.identifiers, "\nemail\ta@example.com\nemail\ta@example.com\n");
    assert_text(&mapping.origins, "shop\t\"e\\\"1\"\nshop\t\"e\\\"1\"\t" BOB "\n");
    assert_memory_equal(mapping.first_seen.at, "\0\0\0\0\x03\xe8\0\0\0\0\x03\xe8", 12);
    assert_text(&mapping.members, BOB);
    assert_text(&mapping.traits, "limit\t2000\t" ANN "\t19.90\nvip\t3000\t" BOB "\tnull\n");
    assert_int_equal(mapping.evidence.len, 0);
    tp_restore_mapping_free(&mapping);
}

static void where_it_leads_is_read_with_why(void **state) {
    (void)state;
    struct tp_restore_mapping mapping;
    assert_int_equal(read(WHOLE("\"redirect\":\"" BOB "\",\"identifiers\":[],\"change\":{\"kind\":\"merged\"," CAUSE
                                ",\"time\":\"1970-01-01T00:00:04.000Z\"}"),
                          &mapping),
                     0);
    assert_string_equal(mapping.redirect, BOB);
    assert_int_equal(mapping.n, 0);
    assert_text(&mapping.evidence, "4000\tshop\t\"e\\\"1\"");
    tp_restore_mapping_free(&mapping);
}

static void what_is_none_is_told(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"schema\":2,\"id\":\"" ANN "\",\"identifiers\":[]}",
        "{\"schema\":1,\"id\":\"" BOB "\",\"identifiers\":[]}",
        WHOLE("\"change\":{}"),
        WHOLE("\"identifiers\":{}"),
        WHOLE("\"identifiers\":[1]"),
        WHOLE("\"identifiers\":[" EMAIL "\"source\":\"shop\"}]"),
        WHOLE("\"identifiers\":[" EMAIL "\"source\":\"a\\tb\",\"event\":\"1\"}]"),
        WHOLE("\"identifiers\":[" EMAIL CAUSE ",\"customer\":\"bob\"}]"),
        WHOLE("\"identifiers\":[{\"type\":\"x\",\"value\":\"a\\nb\",\"first_seen\":\"1970-01-01T00:00:01.000Z\"," CAUSE
              "}]"),
        WHOLE("\"identifiers\":[{\"type\":\"x\",\"value\":\"a\",\"first_seen\":\"yesterday\"," CAUSE "}]"),
        WHOLE("\"identifiers\":[],\"members\":[\"bob\"]"),
        WHOLE("\"identifiers\":[],\"traits\":{\"a\":1}"),
        WHOLE("\"identifiers\":[],\"traits\":{\"a\\nb\":{\"value\":1,\"time\":\"1970-01-01T00:00:01.000Z\"}}"),
        WHOLE("\"identifiers\":[],\"traits\":{\"a\":{\"value\":1,\"time\":\"now\"}}"),
        WHOLE("\"identifiers\":[],\"redirect\":\"bob\""),
        WHOLE("\"identifiers\":[],\"redirect\":\"" BOB "\""),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct tp_restore_mapping mapping;
        if (read(wrong[i], &mapping) != TP_ECORRUPT)
            fail_msg("%s is read", wrong[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_read),
        cmocka_unit_test(where_it_leads_is_read_with_why),
        cmocka_unit_test(what_is_none_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
