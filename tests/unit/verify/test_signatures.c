/* What senders sign is theirs: by test vectors of theirs, and each with something changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#define EACH_VECTOR(request)                                                                                           \
    size_t i = 0;                                                                                                      \
    i < n_vectors() && (request = vector_at(i), 1);                                                                    \
    i++

static void expect_verdict(const struct signed_request *request, enum tp_verification expected) {
    enum tp_verification found = verify(request);
    if (found != expected)
        fail_msg("%s: %s, expected %s", request->name, tp_verify_name(found), tp_verify_name(expected));
}

static void each_is_theirs(void **state) {
    (void)state;
    struct signed_request request;
    for (EACH_VECTOR(request)) {
        assert_null(tp_verify_check_scheme(request.scheme));
        assert_null(tp_verify_check_secret(request.scheme, request.secret));
        expect_verdict(&request, TP_VERIFIED);
    }
}

static void not_by_another_secret(void **state) {
    (void)state;
    struct signed_request request;
    const struct signed_request other = vector_named("sendgrid");
    for (EACH_VECTOR(request)) {
        bool is_public = request.scheme->by == TP_VERIFY_ECDSA;
        /* another key on the same curve */
        request.secret = is_public
                             ? TP_STR("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEY/mhBf8s7vAr0BTFZ0Fcvi2kR/zht5jTGGcTn13qyKzr"
                                      "OiggbRrynQNKe8q1xbLbvHD/qou9OF8Nu1hPVNEKjQ==")
                             : other.secret;
        if (is_public)
            assert_null(tp_verify_check_secret(request.scheme, request.secret));
        expect_verdict(&request, TP_VERIFY_WRONG);
    }
}

/* Mailgun signs a token alone. */
static size_t signed_bytes(const struct signed_request *request) {
    bool is_mailgun = request->scheme->signature.in == TP_VERIFY_JSON;
    return is_mailgun ? (size_t)(strstr(request->body, "\"event-data\"") - request->body) : request->body_len;
}

static void not_with_another_byte(void **state) {
    (void)state;
    struct signed_request request;
    for (EACH_VECTOR(request))
        for (size_t at = 0; at < signed_bytes(&request); at++) {
            request.body[at] ^= 1;
            if (verify(&request) == TP_VERIFIED)
                fail_msg("%s: byte %zu may be another", request.name, at);
            request.body[at] ^= 1;
        }
}

static void not_for_another_url(void **state) {
    (void)state;
    struct signed_request request;
    for (EACH_VECTOR(request)) {
        const char *text = request.scheme->signed_text;
        request.url = TP_STR("https://example.org/elsewhere");
        if (text && strstr(text, "{url}"))
            assert_int_not_equal(verify(&request), TP_VERIFIED);
    }
}

static void only_in_its_time(void **state) {
    (void)state;
    struct signed_request request;
    for (EACH_VECTOR(request)) {
        int64_t now_ms = request.now_ms, tolerance_ms = (int64_t)request.scheme->tolerance_s * 1000;
        for (int side = -1; side <= 1; side += 2) {
            request.now_ms = now_ms + side * tolerance_ms;
            expect_verdict(&request, TP_VERIFIED);
            request.now_ms += side;
            expect_verdict(&request, tolerance_ms ? TP_VERIFY_OLD : TP_VERIFIED);
        }
    }
}

static void not_without_what_is_needed(void **state) {
    (void)state;
    struct signed_request request;
    for (EACH_VECTOR(request)) {
        const struct tp_verify_place places[] = {request.scheme->signature, request.scheme->id,
                                                 request.scheme->timestamp};
        for (size_t k = 0; k < 3; k++) {
            if (places[k].in != TP_VERIFY_HEADER)
                continue;
            request = vector_at(i);
            drop_header(&request, places[k].name);
            expect_verdict(&request, TP_VERIFY_UNSIGNED);
            request = vector_at(i);
            add_header(&request, places[k].name, "");
            expect_verdict(&request, TP_VERIFY_UNSIGNED);
            request.headers[request.n_headers - 1].value = request.headers[header_at(&request, places[k].name)].value;
            expect_verdict(&request, TP_VERIFY_UNSIGNED);
        }
    }
}

static void by_any_of_several_secrets(void **state) {
    (void)state;
    struct signed_request request;
    for (EACH_VECTOR(request)) {
        const struct tp_str secrets[] = {TP_STR("bm90IHRoaXMgb25l"), request.secret, TP_STR("old")};
        assert_int_equal(verify_with(&request, secrets, 3), TP_VERIFIED);
        assert_int_equal(verify_with(&request, secrets, 1), TP_VERIFY_WRONG);
        assert_int_equal(verify_with(&request, NULL, 0), TP_VERIFY_WRONG);
    }
}

/* ---- what is particular ---- */

static void set_header(struct signed_request *request, const char *name, const char *value) {
    size_t i = header_at(request, name);
    assert_true(i < request->n_headers);
    request->headers[i].value = tp_str(value);
}

static void by_any_of_several_signatures(void **state) {
    (void)state;
    const char name[] = "webhook-signature", right[] = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    struct signed_request request = vector_named("standard-webhooks");
    char text[512];
    snprintf(text, sizeof text, "v1a,bm90aGluZw== v1,bm90aGluZw== %s", right);
    set_header(&request, name, text);
    expect_verdict(&request, TP_VERIFIED);
    set_header(&request, name, "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    expect_verdict(&request, TP_VERIFY_MALFORMED);
    size_t len = 0;
    for (size_t i = 0; i < 20; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "v1,x ");
    snprintf(text + len, sizeof text - len, "%s", right);
    set_header(&request, name, text);
    expect_verdict(&request, TP_VERIFY_WRONG); /* there is an end to trying */
}

static void the_secret_may_be_without_its_prefix(void **state) {
    (void)state;
    struct signed_request request = vector_named("standard-webhooks");
    request.secret.at += strlen("whsec_");
    request.secret.len -= strlen("whsec_");
    expect_verdict(&request, TP_VERIFIED);
}

static void a_port_may_be_left_out_or_added(void **state) {
    (void)state;
    struct signed_request added = vector_named("twilio-3"), left_out = vector_named("twilio");
    added.url = TP_STR("https://mycompany.com/myapp.php?foo=1&bar=2");
    expect_verdict(&added, TP_VERIFIED);
    left_out.url = TP_STR("https://mycompany.com:8443/myapp.php?foo=1&bar=2");
    expect_verdict(&left_out, TP_VERIFIED);
    left_out.url = TP_STR("http://mycompany.com/myapp.php?foo=1&bar=2");
    expect_verdict(&left_out, TP_VERIFY_WRONG);
}

/* What is no form is covered by the digest in the URL, or by nothing. */
static void a_body_that_is_no_form_needs_its_digest(void **state) {
    (void)state;
    struct signed_request request = vector_named("twilio");
    set_header(&request, "content-type", "application/json");
    expect_verdict(&request, TP_VERIFY_UNSIGNED);
}

static void a_time_of_another_form_is_none(void **state) {
    (void)state;
    static const char *const times[] = {
        "soon", "1531420618x", "-1", "inf", "nan", "1e300", "15314206181531420618153142"};
    struct signed_request request = vector_named("slack");
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        set_header(&request, "x-slack-request-timestamp", times[i]);
        expect_verdict(&request, TP_VERIFY_MALFORMED);
    }
}

static void what_is_no_json_is_malformed(void **state) {
    (void)state;
    static const char *const bodies[] = {"", "{", "[]x", "{\"signature\":{\"signature\":[]}}"};
    struct signed_request request = vector_named("mailgun");
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        request.body_len = strlen(bodies[i]);
        memcpy(request.body, bodies[i], request.body_len);
        expect_verdict(&request, TP_VERIFY_MALFORMED);
    }
    request.body_len = (size_t)snprintf(request.body, MOST_BODY, "{\"signature\":\"x\"}");
    expect_verdict(&request, TP_VERIFY_UNSIGNED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_theirs),
        cmocka_unit_test(not_by_another_secret),
        cmocka_unit_test(not_with_another_byte),
        cmocka_unit_test(not_for_another_url),
        cmocka_unit_test(only_in_its_time),
        cmocka_unit_test(not_without_what_is_needed),
        cmocka_unit_test(by_any_of_several_secrets),
        cmocka_unit_test(by_any_of_several_signatures),
        cmocka_unit_test(the_secret_may_be_without_its_prefix),
        cmocka_unit_test(a_port_may_be_left_out_or_added),
        cmocka_unit_test(a_body_that_is_no_form_needs_its_digest),
        cmocka_unit_test(a_time_of_another_form_is_none),
        cmocka_unit_test(what_is_no_json_is_malformed),
    };
    return cmocka_run_group_tests(tests, read_vectors, forget_vectors);
}
