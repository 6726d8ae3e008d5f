/* The same person written in two ways is found once. */
#include "common/identifier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/interaction.h"

static int made_canonical(struct tp_canonical *canonical, const char *type, struct tp_str value, struct tp_buf *out,
                          const char **ret_expected) {
    int error = tp_canonical_identifier(canonical, tp_str(type), value, out, ret_expected);
    if (error) {
        assert_int_equal(out->len, 0);
        assert_non_null(*ret_expected);
    }
    tp_buf_addc(out, 0);
    return error;
}

static void assert_becomes(void **state, const char *type, const char *value, const char *expected) {
    struct tp_buf out = TP_BUF_INIT;
    const char *wanted = NULL;
    if (made_canonical(*state, type, tp_str(value), &out, &wanted))
        fail_msg("%s %s was refused: %s", type, value, wanted);
    assert_string_equal(out.at, expected);
    tp_buf_free(&out);
}

static void assert_refused(void **state, const char *type, const char *value, int expected) {
    struct tp_buf out = TP_BUF_INIT;
    const char *wanted = NULL;
    int error = made_canonical(*state, type, tp_str(value), &out, &wanted);
    if (error != expected)
        fail_msg("%s %s: %d (%s) instead of %d", type, value, error, error ? wanted : out.at, expected);
    tp_buf_free(&out);
}

static int in_britain(void **state) { return !(*state = tp_canonical_new("GB")); }

static int without_a_region(void **state) { return !(*state = tp_canonical_new("")); }

static int done(void **state) {
    tp_canonical_free(*state);
    return 0;
}

static void an_email_in_every_spelling(void **state) {
    assert_becomes(state, "email", "ann@example.com", "ann@example.com");
    assert_becomes(state, "email", " \t Ann.Smith+Shop@EXAMPLE.Com \n", "ann.smith+shop@example.com");
    assert_becomes(state, "email", "ann@M\xc3\x9cNCHEN.de", "ann@xn--mnchen-3ya.de");
    assert_becomes(state, "email", "ann@mu\xcc\x88nchen.de", "ann@xn--mnchen-3ya.de"); /* u and a combining mark */
    assert_becomes(state, "email", "ann@XN--MNCHEN-3YA.de", "ann@xn--mnchen-3ya.de");
    assert_becomes(state, "email", "ann@fa\xc3\x9f.de", "ann@xn--fa-hia.de"); /* not fass.de: another domain */
    assert_becomes(state, "email", "\xe7\x94\xb0\xe4\xb8\xad@example\xe3\x80\x82jp",
                   "\xe7\x94\xb0\xe4\xb8\xad@example.jp");
    assert_becomes(state, "email", "a@ab--cd.example", "a@ab--cd.example");
    assert_becomes(state, "email", "o'neil.@docomo.ne.jp", "o'neil.@docomo.ne.jp");
    assert_becomes(state, "email", "\"a@b,(c)\"@Example.com", "\"a@b,(c)\"@example.com");
}

static void what_is_no_email(void **state) {
    static const char *const bad[] = {
        "ann",
        "@example.com",
        "ann@",
        "ann@@example.com",
        "ann@b@example.com",
        "ann@localhost",
        "ann@example..com",
        "ann@.example.com",
        "ann@example.com.",
        "ann@-example.com",
        "ann@example-.com",
        "ann@exam_ple.com",
        "ann@exam ple.com",
        "ann smith@example.com",
        "Ann <ann@example.com>",
        "mailto:ann@example.com",
        "ann@example.com,bob@example.com",
        "ann@[192.0.2.1]",
        "ann@192.0.2.1",
        "\"ann@example.com",
        "\"an\"n\"@example.com",
        "\"\"@example.com",
        "ann@xn--a.com",
        "ann@\xe2\x80\x8b.com",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(state, "email", bad[i], TP_EFORM);
}

static void an_email_has_its_length(void **state) {
    char local[66], address[400];
    memset(local, 'a', sizeof local);
    snprintf(address, sizeof address, "%.64s@example.com", local);
    assert_becomes(state, "email", address, address);
    snprintf(address, sizeof address, "%.65s@example.com", local);
    assert_refused(state, "email", address, TP_ERANGE);
    snprintf(address, sizeof address, "a@%.63s.%.63s.%.63s.%.60s", local, local, local, local);
    assert_int_equal(strlen(address), 254);
    assert_becomes(state, "email", address, address);
    snprintf(address, sizeof address, "a@%.63s.%.63s.%.63s.%.61s", local, local, local, local);
    assert_refused(state, "email", address, TP_ERANGE);
    snprintf(address, sizeof address, "a@%.64s.com", local);
    assert_refused(state, "email", address, TP_EFORM);
}

static void a_phone_in_every_spelling(void **state) {
    for (int round = 0; round < 2; round++) { /* worked out, then remembered */
        assert_becomes(state, "phone", "+447700900123", "+447700900123");
        assert_becomes(state, "phone", " 07700 900123 ", "+447700900123");
        assert_becomes(state, "phone", "0044 7700 900123", "+447700900123");
        assert_becomes(state, "phone", "(07700) 900-123", "+447700900123");
        assert_becomes(state, "phone", "+44 (0)7700 900123", "+447700900123");
        assert_becomes(state, "phone", "tel:+44-7700-900123", "+447700900123");
        assert_becomes(state, "phone", "07700 900123 ext. 12", "+447700900123");
        assert_becomes(state, "phone", "\xef\xbc\x8b\xef\xbc\x94\xef\xbc\x94 7700 900123", "+447700900123");
        assert_becomes(state, "phone", "+1 212 555 0100", "+12125550100");
        assert_becomes(state, "phone", "+39 06 1234 5678", "+390612345678"); /* Italy keeps its zero */
    }
}

/* Where zeros lead, libphonenumber reads another number than it wrote. */
static void what_is_canonical_stays_so(void **state) {
    assert_becomes(state, "phone", "00040182520", "+44040182520");
    assert_becomes(state, "phone", "+44040182520", "+44040182520");
    assert_becomes(state, "phone", "+440040182520", "+44040182520");
}

static void an_unusual_number_is_kept(void **state) {
    assert_becomes(state, "phone", "+441111111111",
                   "+441111111111"); /* no range known today, but of a length that is */
}

static void what_is_no_phone(void **state) {
    static const char *const bad[] = {"anonymous", "0",   "12",    "+",      "+999123456789",  "+44770090012345678",
                                      "+44770",    "---", "+4a4b", "900123", "ann@example.com"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(state, "phone", bad[i], TP_EFORM);
}

static void without_a_region_a_number_needs_its_plus(void **state) {
    assert_becomes(state, "phone", "+447700900123", "+447700900123");
    assert_refused(state, "phone", "07700 900123", TP_EFORM);
    assert_refused(state, "phone", "00447700900123", TP_EFORM);
    assert_becomes(state, "whatsapp", "447700900123", "+447700900123");
}

static void whatsapp_writes_no_plus(void **state) {
    assert_refused(state, "phone", "12125550100", TP_EFORM); /* here a national number, and none of Britain's */
    assert_becomes(state, "whatsapp", "12125550100", "+12125550100");
    assert_becomes(state, "whatsapp", "+447700900123", "+447700900123");
    assert_refused(state, "phone", "12125550100", TP_EFORM); /* what is remembered of one is not the other's */
}

static void handles_where_case_says_nothing(void **state) {
    assert_becomes(state, "x", " @AnnSmith ", "annsmith");
    assert_becomes(state, "instagram", "Ann.Smith", "ann.smith");
    assert_becomes(state, "telegram", "@Ann_Smith", "ann_smith");
    assert_becomes(state, "x", "@ @ann", "ann"); /* or it would not be found by what it became */
    assert_refused(state, "x", "@", TP_EFORM);
    assert_refused(state, "x", "@ ", TP_EFORM);
}

static void all_others_are_only_trimmed(void **state) {
    static const char *const types[] = {"customer_id", "anonymous_id", "facebook", "slack", "line", "loyalty_card"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        assert_becomes(state, types[i], " U123 Abc\t", "U123 Abc");
        assert_becomes(state, types[i], "@Zo\xc3\xab", "@Zo\xc3\xab");
    }
}

static void what_no_type_takes(void **state) {
    static const char *const types[] = {"email", "phone", "whatsapp", "x", "customer_id"};
    char longest[TP_MAX_IDENTIFIER_BYTES + 2] = {0};
    memset(longest, '1', TP_MAX_IDENTIFIER_BYTES);
    assert_becomes(state, "customer_id", longest, longest);
    longest[TP_MAX_IDENTIFIER_BYTES] = '1';
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        assert_refused(state, types[i], "", TP_EFORM);
        assert_refused(state, types[i], " \t\r\n ", TP_EFORM);
        assert_refused(state, types[i], "a\nb@example.com", TP_EFORM);
        assert_refused(state, types[i], "a\x7f", TP_EFORM);
        assert_refused(state, types[i], "a\xc2\x85", TP_EFORM);
        assert_refused(state, types[i], "a\xff", TP_EUTF8);
        assert_refused(state, types[i], longest, TP_ERANGE);
        struct tp_buf out = TP_BUF_INIT;
        const char *expected;
        assert_int_equal(made_canonical(*state, types[i], TP_STR("a\0b"), &out, &expected), TP_EFORM);
        tp_buf_free(&out);
    }
}

static void what_stood_in_the_buffer_stays(void **state) {
    struct tp_buf out = TP_BUF_INIT;
    const char *expected;
    tp_buf_adds(&out, "before ");
    assert_int_equal(tp_canonical_identifier(*state, TP_STR("email"), TP_STR("ann@bad"), &out, &expected), TP_EFORM);
    assert_int_equal(tp_canonical_identifier(*state, TP_STR("phone"), TP_STR("+12125550100"), &out, &expected), 0);
    assert_true(tp_str_is(tp_buf_str(&out), "before +12125550100"));
    tp_buf_free(&out);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, in_britain, done)
    const struct CMUnitTest tests[] = {
        TEST(an_email_in_every_spelling),
        TEST(what_is_no_email),
        TEST(an_email_has_its_length),
        TEST(a_phone_in_every_spelling),
        TEST(what_is_canonical_stays_so),
        TEST(an_unusual_number_is_kept),
        TEST(what_is_no_phone),
        cmocka_unit_test_setup_teardown(without_a_region_a_number_needs_its_plus, without_a_region, done),
        TEST(whatsapp_writes_no_plus),
        TEST(handles_where_case_says_nothing),
        TEST(all_others_are_only_trimmed),
        TEST(what_no_type_takes),
        TEST(what_stood_in_the_buffer_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
