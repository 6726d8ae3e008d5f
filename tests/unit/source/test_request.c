/* A request as its mapping gets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "common/error.h"
#include "daemon/source/request.h"

static const char *const *headers; /* name, value, ..., NULL */
static struct tp_buf out;
static char message[160];

static int next(const void *arg, size_t *cursor, struct tp_str *ret_name, struct tp_str *ret_value) {
    (void)arg;
    if (!headers || !headers[*cursor])
        return 0;
    *ret_name = tp_str(headers[*cursor]);
    *ret_value = tp_str(headers[*cursor + 1]);
    *cursor += 2;
    return 1;
}

static int describe(struct tp_source_request request) {
    request.name = TP_STR("support");
    request.kind = TP_STR("twilio");
    request.region = TP_STR("GB");
    request.method = TP_STR("POST");
    request.path = TP_STR("/v1/sources/support");
    request.body_sha256 = TP_STR("abc");
    request.received_ms = INT64_C(1780315200000);
    request.headers = (struct tp_source_headers){next, NULL};
    request.decode = request.decode ? request.decode : "";
    request.max_depth = 8;
    request.max_unpacked = 1000;
    tp_buf_clear(&out);
    return tp_source_describe(&request, &out, message);
}

static void must_say(struct tp_source_request request, const char *expected) {
    assert_int_equal(describe(request), 0);
    tp_buf_addc(&out, '\0');
    if (!strstr(out.at, expected))
        fail_msg("%s is not in %s", expected, out.at);
}

#define BODY(text) ((struct tp_source_request){.body = TP_STR(text)})

static int empty(void **state) {
    (void)state;
    headers = NULL;
    tp_buf_free(&out);
    return 0;
}

static void all_of_it(void **state) {
    (void)state;
    const char *const some[] = {"x-a", "1", "x-b", "2", "x-a", "3", "authorization", "Basic c2VjcmV0", NULL};
    headers = some;
    must_say((struct tp_source_request){.query = TP_STR("a=1&b=%C3%A4+c&a=2"), .body = TP_STR("{\"n\": 1}")},
             "{\"source\":{\"name\":\"support\",\"kind\":\"twilio\",\"region\":\"GB\"},"
             "\"received_at\":\"2026-06-01T12:00:00.000Z\",\"method\":\"POST\",\"path\":\"/v1/sources/support\","
             "\"body_sha256\":\"abc\",\"headers\":{\"x-a\":[\"1\",\"3\"],\"x-b\":\"2\"},"
             "\"query\":{\"a\":[\"1\",\"2\"],\"b\":\"ä c\"},\"body\":{\"n\": 1}}");
}

static void the_first_byte_says_what_a_body_is(void **state) {
    (void)state;
    const char *const form[] = {"content-type", "application/x-www-form-urlencoded; charset=utf-8", NULL};
    headers = form;
    must_say(BODY("\xef\xbb\xbf [1,2]\n"), "\"body\":[1,2]}");
    must_say(BODY("From=%2B44&Body=a+b&Empty="), "\"form\":{\"Body\":\"a b\",\"Empty\":\"\",\"From\":\"+44\"}}");
    headers = NULL;
    must_say(BODY("plain text"), "\"text\":\"plain text\"}");
    must_say(BODY(" \r\n"), "\"query\":{}}");
}

static void lines_of_json_are_a_list(void **state) {
    (void)state;
    must_say(BODY("{\"a\":1}\n\n{\"a\":2}\r\n"), "\"body\":[{\"a\":1},{\"a\":2}]}");
    must_say(BODY("{\"a\":\n1}"), "\"body\":{\"a\":\n1}}");
}

static void a_number_that_a_double_cannot_hold_is_text(void **state) {
    (void)state;
    must_say(
        BODY("{\"a\":9007199254740993,\"b\":9007199254740992,\"c\":-1234567890123456789,\"d\":19.99,\"e\":1e3}"),
        "{\"a\":\"9007199254740993\",\"b\":9007199254740992,\"c\":\"-1234567890123456789\",\"d\":19.99,\"e\":1e3}");
}

static void what_is_not_utf8_is_shown_as_such(void **state) {
    (void)state;
    const char *const latin[] = {"x-name", "J\xfcrgen", NULL};
    headers = latin;
    must_say(BODY(""), "{\"x-name\":\"J\xef\xbf\xbdrgen\"}");
    must_say((struct tp_source_request){.query = TP_STR("a=b%00c")}, "{\"a\":\"b\xef\xbf\xbd"
                                                                     "c\"}");
}

/* {"a":1}, plain and gzipped; what is neither stays. */
static void members_that_hold_json_become_it(void **state) {
    (void)state;
    must_say(
        (struct tp_source_request){
            .decode = "/records/*/data",
            .body = TP_STR("{\"id\":1,\"records\":[{\"data\":\"eyJhIjoxfQ==\"},{\"data\":\"not base64\"},"
                           "{\"data\":\"H4sIAAAAAAACA6tWSlSyMqwFAK+sG1YHAAAA\",\"x\":19.90},{\"data\":7},3]}")},
        "\"body\":{\"id\":1,\"records\":[{\"data\":{\"a\":1}},{\"data\":\"not base64\"},"
        "{\"data\":{\"a\":1},\"x\":19.90},{\"data\":7},3]}");
    must_say((struct tp_source_request){.decode = "/a/b", .body = TP_STR("{\"a\":[1],\"c\":{\"b\":\"e30=\"}}")},
             "\"body\":{\"a\":[1],\"c\":{\"b\":\"e30=\"}}}");
}

static void what_begins_like_json_must_be_it(void **state) {
    (void)state;
    assert_int_equal(describe(BODY("{\"a\":")), TP_EJSON);
    assert_string_equal(message, "the object does not end");
    assert_int_equal(describe(BODY("[1,2")), TP_EJSON);
    assert_int_equal(describe(BODY("[[[[[[[[[[1]]]]]]]]]]")), TP_ETOODEEP);
    assert_int_equal(describe(BODY("{\"a\":\"\xff\"}")), TP_EUTF8);
    assert_int_equal(describe((struct tp_source_request){.query = TP_STR("a=%zz")}), TP_EINVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_it, empty, empty),
        cmocka_unit_test_setup_teardown(the_first_byte_says_what_a_body_is, empty, empty),
        cmocka_unit_test_setup_teardown(lines_of_json_are_a_list, empty, empty),
        cmocka_unit_test_setup_teardown(a_number_that_a_double_cannot_hold_is_text, empty, empty),
        cmocka_unit_test_setup_teardown(what_is_not_utf8_is_shown_as_such, empty, empty),
        cmocka_unit_test_setup_teardown(members_that_hold_json_become_it, empty, empty),
        cmocka_unit_test_setup_teardown(what_begins_like_json_must_be_it, empty, empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
