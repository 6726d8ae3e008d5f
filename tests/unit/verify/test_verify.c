/* Tokens, passwords and Ed25519, what is refused as a scheme or a secret, and places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signed.h"

/* ---- tokens and passwords ---- */

static struct signed_request shown(const struct tp_verify_scheme *scheme, const char *secret, const char *header) {
    struct signed_request request = {.scheme = scheme,
                                     .secret = tp_str(secret),
                                     .url = TP_STR("https://touch.example/v1/sources/x?token=open+sesame%21"),
                                     .method = TP_STR("POST")};
    if (header)
        add_header(&request, "authorization", header);
    return request;
}

static enum tp_verification told(const struct tp_verify_scheme *scheme, const char *secret, const char *header) {
    const struct signed_request request = shown(scheme, secret, header);
    return verify(&request);
}

static void a_token(void **state) {
    (void)state;
    const struct tp_verify_scheme bearer = {
        .by = TP_VERIFY_TOKEN, .signature = {TP_VERIFY_HEADER, "authorization"}, .prefix = "Bearer "};
    assert_int_equal(told(&bearer, "sesame", "Bearer sesame"), TP_VERIFIED);
    assert_int_equal(told(&bearer, "sesame", "bearer sesame"), TP_VERIFIED);
    assert_int_equal(told(&bearer, "sesame", "Bearer sesam"), TP_VERIFY_WRONG);
    assert_int_equal(told(&bearer, "sesame", "Bearer sesame "), TP_VERIFY_WRONG);
    assert_int_equal(told(&bearer, "sesame", "Basic sesame"), TP_VERIFY_MALFORMED);
    assert_int_equal(told(&bearer, "sesame", NULL), TP_VERIFY_UNSIGNED);
}

static void a_token_in_the_query(void **state) {
    (void)state;
    const struct tp_verify_scheme scheme = {.by = TP_VERIFY_TOKEN, .signature = {TP_VERIFY_QUERY, "token"}};
    assert_int_equal(told(&scheme, "open sesame!", NULL), TP_VERIFIED);
    assert_int_equal(told(&scheme, "open+sesame%21", NULL), TP_VERIFY_WRONG);
    struct signed_request twice = shown(&scheme, "a", NULL);
    twice.url = TP_STR("https://touch.example/?token=a&token=a");
    assert_int_equal(verify(&twice), TP_VERIFY_UNSIGNED);
    twice.url = TP_STR("https://touch.example/?token=%zz");
    assert_int_equal(verify(&twice), TP_VERIFY_MALFORMED);
    twice.url = TP_STR("https://touch.example/?tokens=a#?token=a");
    assert_int_equal(verify(&twice), TP_VERIFY_UNSIGNED);
}

static void a_token_in_the_body(void **state) {
    (void)state;
    const struct tp_verify_scheme scheme = {.by = TP_VERIFY_TOKEN, .signature = {TP_VERIFY_JSON, "/a~1b/1/c~0"}};
    struct signed_request request = shown(&scheme, "12.50", NULL);
    request.body_len = (size_t)snprintf(request.body, MOST_BODY, "{\"a/b\": [0, {\"c~\": 12.50}]}");
    assert_int_equal(verify(&request), TP_VERIFIED);
    request.secret = TP_STR("12.5");
    assert_int_equal(verify(&request), TP_VERIFY_WRONG);
}

static void a_field_of_a_form(void **state) {
    (void)state;
    const struct tp_verify_scheme scheme = {.by = TP_VERIFY_TOKEN, .signature = {TP_VERIFY_FORM, "my key"}};
    struct signed_request request = shown(&scheme, "a=b", NULL);
    request.body_len = (size_t)snprintf(request.body, MOST_BODY, "&x&my+key=a%%3Db&=&y=1");
    assert_int_equal(verify(&request), TP_VERIFIED);
}

static void a_user_with_a_password(void **state) {
    (void)state;
    const struct tp_verify_scheme basic = {
        .by = TP_VERIFY_BASIC, .signature = {TP_VERIFY_HEADER, "authorization"}, .prefix = "Basic "};
    assert_int_equal(told(&basic, "Aladdin:open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), TP_VERIFIED);
    assert_int_equal(told(&basic, "Aladdin:open sesam", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), TP_VERIFY_WRONG);
    assert_int_equal(told(&basic, "Aladdin:open sesame", "Basic Aladdin:open sesame"), TP_VERIFY_WRONG);
}

/* ---- Ed25519, by RFC 8032, 7.1, test 2 ---- */

static void ed25519(void **state) {
    (void)state;
    const struct tp_verify_scheme scheme = {
        .by = TP_VERIFY_ED25519, .encoding = TP_VERIFY_HEX, .signature = {TP_VERIFY_HEADER, "authorization"}};
    struct signed_request request = shown(&scheme, "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
                                          "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                          "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    request.body[0] = 0x72;
    request.body_len = 1;
    assert_null(tp_verify_check_secret(&scheme, request.secret));
    assert_int_equal(verify(&request), TP_VERIFIED);
    request.body[0] = 0x73;
    assert_int_equal(verify(&request), TP_VERIFY_WRONG);
    assert_non_null(tp_verify_check_secret(&scheme, TP_STR("PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0")));
}

/* ---- what is refused before a request comes ---- */

static void schemes_that_prove_nothing(void **state) {
    (void)state;
    const struct tp_verify_place header = {TP_VERIFY_HEADER, "x-signature"};
    const struct tp_verify_scheme wrong[] = {
        {.by = TP_VERIFY_HMAC},
        {.by = TP_VERIFY_HMAC, .signature = {TP_VERIFY_HEADER, ""}},
        {.by = TP_VERIFY_HMAC, .signature = {TP_VERIFY_JSON, "signature"}},
        {.by = TP_VERIFY_HMAC, .signature = header, .signed_text = "{bodies}"},
        {.by = TP_VERIFY_HMAC, .signature = header, .signed_text = "{body"},
        {.by = TP_VERIFY_HMAC, .signature = header, .signed_text = "body}"},
        {.by = TP_VERIFY_HMAC, .signature = header, .signed_text = "{body}{"},
        {.by = TP_VERIFY_HMAC, .signature = header, .signed_text = "{json:token}"},
        {.by = TP_VERIFY_HMAC, .signature = header, .signed_text = ""},
        {.by = TP_VERIFY_HASH, .signature = header},
        {.by = TP_VERIFY_HMAC, .signature = header, .timestamp = header, .tolerance_s = 1},
        {.by = TP_VERIFY_HMAC, .signature = header, .signed_text = "{timestamp}{body}", .tolerance_s = 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (!tp_verify_check_scheme(&wrong[i]))
            fail_msg("scheme %zu is taken", i);
}

static void secrets_that_are_none(void **state) {
    (void)state;
    const struct tp_verify_scheme ecdsa = {.by = TP_VERIFY_ECDSA}, basic = {.by = TP_VERIFY_BASIC},
                                  prefixed = {.secret_prefix = "whsec_"}, plain = {.by = TP_VERIFY_HMAC};
    assert_non_null(tp_verify_check_secret(&plain, TP_STR("")));
    assert_non_null(tp_verify_check_secret(&prefixed, TP_STR("whsec_no base64")));
    assert_non_null(tp_verify_check_secret(&basic, TP_STR("user")));
    assert_non_null(tp_verify_check_secret(&ecdsa, TP_STR("c2VjcmV0")));
    assert_null(tp_verify_check_secret(&plain, TP_STR("no base64")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token),
        cmocka_unit_test(a_token_in_the_query),
        cmocka_unit_test(a_token_in_the_body),
        cmocka_unit_test(a_field_of_a_form),
        cmocka_unit_test(a_user_with_a_password),
        cmocka_unit_test(ed25519),
        cmocka_unit_test(schemes_that_prove_nothing),
        cmocka_unit_test(secrets_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
