/* Amazon SNS: a certificate of our own signs, as Amazon's would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/base64.h"
#include "common/error.h"
#include "signed.h"

#define NOW_S 1772443800

static const struct tp_verify_scheme scheme = {.by = TP_VERIFY_SNS,
                                               .signature = {TP_VERIFY_JSON, "/Signature"},
                                               .timestamp = {TP_VERIFY_JSON, "/Timestamp"},
                                               .clock = TP_VERIFY_RFC3339};
static EVP_PKEY *key, *other_key, *elliptic_key;
static struct tp_buf secret, expired, of_tomorrow, of_other_key, of_other_topic, of_topics, of_no_topic, elliptic;

/* A secret: these lines, and a certificate of this key. */
static void write_secret(const char *topics, EVP_PKEY *of, long from_s, long to_s, struct tp_buf *out) {
    X509 *made = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    ASN1_TIME_set(X509_getm_notBefore(made), NOW_S + from_s);
    ASN1_TIME_set(X509_getm_notAfter(made), NOW_S + to_s);
    X509_set_pubkey(made, of);
    assert_true(X509_sign(made, of, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, made), 1);
    long len = BIO_get_mem_data(bio, &text);
    tp_buf_adds(out, topics);
    tp_buf_add(out, text, (size_t)len);
    BIO_free(bio);
    X509_free(made);
}

static int set_up(void **state) {
    (void)state;
    key = EVP_RSA_gen(2048);
    other_key = EVP_RSA_gen(2048);
    elliptic_key = EVP_EC_gen("P-256");
    write_secret("arn:t\n", key, -60, 60, &secret);
    write_secret("arn:t\n", key, -60, -30, &expired);
    write_secret("arn:t\n", key, 30, 60, &of_tomorrow);
    write_secret("arn:t\n", other_key, -60, 60, &of_other_key);
    write_secret("arn:tt\n", key, -60, 60, &of_other_topic);
    write_secret("# Bounces, and the rest\r\narn:b \r\narn:t\r\n\r\n", key, -60, 60, &of_topics);
    write_secret("", key, -60, 60, &of_no_topic);
    write_secret("arn:t\n", elliptic_key, -60, 60, &elliptic);
    return key && other_key && elliptic_key ? 0 : -1;
}

static int tear_down(void **state) {
    struct tp_buf *const secrets[] = {&secret,         &expired,   &of_tomorrow, &of_other_key,
                                      &of_other_topic, &of_topics, &of_no_topic, &elliptic};
    (void)state;
    EVP_PKEY_free(key);
    EVP_PKEY_free(other_key);
    EVP_PKEY_free(elliptic_key);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        tp_buf_free(secrets[i]);
    return 0;
}

/* A request with this signature over that text. */
static struct signed_request signed_over(const char *body, const char *text, const EVP_MD *digest) {
    struct signed_request request = {
        .scheme = &scheme, .secret = tp_buf_str(&secret), .method = TP_STR("POST"), .now_ms = NOW_S * INT64_C(1000)};
    unsigned char signature[512];
    size_t len = sizeof signature;
    struct tp_buf base64 = TP_BUF_INIT;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, digest, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &len, (const unsigned char *)text, strlen(text)), 1);
    EVP_MD_CTX_free(context);
    tp_base64_encode((struct tp_str){(const char *)signature, len}, &base64);
    request.body_len =
        (size_t)snprintf(request.body, MOST_BODY, "{%s,\"Signature\":\"%.*s\"}", body, TP_FMT(tp_buf_str(&base64)));
    tp_buf_free(&base64);
    return request;
}

#define NOTIFICATION                                                                                                   \
    "\"Type\":\"Notification\",\"MessageId\":\"m1\",\"TopicArn\":\"arn:t\",\"Message\":\"{\\\"a\\\":1}\","             \
    "\"Timestamp\":\"2026-03-02T09:30:00.000Z\",\"SigningCertURL\":\"https://elsewhere.example/cert.pem\""
#define NOTIFICATION_TEXT                                                                                              \
    "Message\n{\"a\":1}\nMessageId\nm1\nTimestamp\n2026-03-02T09:30:00.000Z\nTopicArn\narn:t\nType\nNotification\n"

static struct signed_request notification(void) {
    return signed_over(NOTIFICATION ",\"SignatureVersion\":\"2\"", NOTIFICATION_TEXT, EVP_sha256());
}

static struct signed_request with_subject(void) {
    return signed_over(NOTIFICATION ",\"Subject\":\"s\",\"SignatureVersion\":\"2\"",
                       "Message\n{\"a\":1}\nMessageId\nm1\nSubject\ns\nTimestamp\n2026-03-02T09:30:00."
                       "000Z\nTopicArn\narn:t\nType\nNotification\n",
                       EVP_sha256());
}

static struct signed_request confirmation(void) {
    return signed_over(
        "\"Type\":\"SubscriptionConfirmation\",\"MessageId\":\"m1\",\"TopicArn\":\"arn:t\",\"Message\":"
        "\"hi\",\"Token\":\"t\",\"SubscribeURL\":\"https://s\",\"Timestamp\":\"T\",\"SignatureVersion\":\"2\"",
        "Message\nhi\nMessageId\nm1\nSubscribeURL\nhttps://s\nTimestamp\nT\nToken\nt\nTopicArn\narn:"
        "t\nType\nSubscriptionConfirmation\n",
        EVP_sha256());
}

static enum tp_verification verify_by(struct signed_request request, const struct tp_buf *with) {
    request.secret = tp_buf_str(with);
    return verify(&request);
}

/* ---- what is Amazon's ---- */

static void a_notification(void **state) {
    (void)state;
    struct signed_request request = notification();
    assert_int_equal(verify(&request), TP_VERIFIED);
    request = signed_over(NOTIFICATION ",\"SignatureVersion\":\"1\"", NOTIFICATION_TEXT, EVP_sha1());
    assert_int_equal(verify(&request), TP_VERIFIED);
    request = with_subject();
    assert_int_equal(verify(&request), TP_VERIFIED);
}

static void a_confirmation(void **state) {
    (void)state;
    struct signed_request request = confirmation();
    assert_int_equal(verify(&request), TP_VERIFIED);
}

static void each_of_several_certificates_will_do(void **state) {
    (void)state;
    struct signed_request request = notification();
    const struct tp_str both[] = {tp_buf_str(&of_other_key), tp_buf_str(&secret)};
    assert_int_equal(verify_with(&request, both, 2), TP_VERIFIED);
    assert_int_equal(verify_with(&request, both, 1), TP_VERIFY_WRONG);
}

static void only_within_the_certificates_time(void **state) {
    (void)state;
    assert_int_equal(verify_by(notification(), &expired), TP_VERIFY_WRONG);
    assert_int_equal(verify_by(notification(), &of_tomorrow), TP_VERIFY_WRONG);
}

/* ---- whose it is ---- */

/* Anybody may have a topic, and Amazon signs for all of them by one certificate. */
static void what_another_topic_says_is_refused(void **state) {
    (void)state;
    assert_int_equal(verify_by(notification(), &of_other_topic), TP_VERIFY_WRONG);
    assert_int_equal(verify_by(confirmation(), &of_other_topic), TP_VERIFY_WRONG);
    assert_int_equal(verify_by(notification(), &of_no_topic), TP_VERIFY_WRONG);
}

static void each_topic_of_a_secret_will_do(void **state) {
    (void)state;
    assert_int_equal(verify_by(notification(), &of_topics), TP_VERIFIED);
}

/* ---- a certificate that is found ---- */

struct found {
    const char *url;
    int status;
    const struct tp_buf *pem;
    size_t asked;
};

static int find(void *arg, struct tp_str url, struct tp_buf *out) {
    struct found *found = arg;
    found->asked++;
    assert_true(tp_str_is(url, found->url));
    if (found->status == 0)
        tp_buf_addstr(out, tp_buf_str(found->pem));
    return found->status;
}

static enum tp_verification verify_found(struct tp_str topics, struct found *found) {
    struct signed_request request = notification();
    request.secret = topics;
    request.certificates = (struct tp_verify_certificates){find, found};
    return verify(&request);
}

static void without_one_the_one_that_is_named_is_found(void **state) {
    (void)state;
    struct found found = {.url = "https://elsewhere.example/cert.pem", .pem = &of_no_topic};
    assert_int_equal(verify_found(TP_STR("arn:t\n"), &found), TP_VERIFIED);
    assert_int_equal(found.asked, 1);
    assert_int_equal(verify_found(tp_buf_str(&of_other_key), &found), TP_VERIFY_WRONG);
    assert_int_equal(found.asked, 1);
}

static void what_is_found_must_do_as_any_other(void **state) {
    (void)state;
    struct found found = {.url = "https://elsewhere.example/cert.pem", .pem = &of_other_key};
    assert_int_equal(verify_found(TP_STR("arn:t\n"), &found), TP_VERIFY_WRONG);
    found.pem = &expired;
    assert_int_equal(verify_found(TP_STR("arn:t\n"), &found), TP_VERIFY_WRONG);
}

static void what_is_not_here_yet_is_asked_for_again(void **state) {
    (void)state;
    struct found found = {.url = "https://elsewhere.example/cert.pem", .status = TP_EUNAVAILABLE};
    assert_int_equal(verify_found(TP_STR("arn:t\n"), &found), TP_VERIFY_LATER);
    found.status = TP_EFORBIDDEN;
    assert_int_equal(verify_found(TP_STR("arn:t\n"), &found), TP_VERIFY_WRONG);
}

static void for_another_topic_nothing_is_looked_for(void **state) {
    (void)state;
    struct found found = {.status = TP_EUNAVAILABLE};
    assert_int_equal(verify_found(TP_STR("arn:tt\n"), &found), TP_VERIFY_WRONG);
    assert_int_equal(found.asked, 0);
}

static void where_none_are_looked_for_it_is_wrong(void **state) {
    (void)state;
    struct signed_request request = notification();
    request.secret = TP_STR("arn:t\n");
    assert_int_equal(verify(&request), TP_VERIFY_WRONG);
}

/* ---- what is changed ---- */

/* Whatever byte in front of that is another one. */
static void no_byte_may_change(const struct signed_request *good, const char *in_front_of) {
    const char *end = strstr(good->body, in_front_of);
    assert_non_null(end);
    for (size_t i = 1; good->body + i < end; i++) {
        struct signed_request request = *good;
        request.body[i] ^= 1;
        assert_int_not_equal(verify(&request), TP_VERIFIED);
    }
}

static void each_byte_counts(void **state) {
    (void)state;
    struct signed_request request = notification();
    no_byte_may_change(&request, ",\"SigningCertURL\"");
    request = confirmation();
    no_byte_may_change(&request, ",\"SignatureVersion\"");
}

static void so_does_a_subject(void **state) {
    (void)state;
    struct signed_request request = with_subject(), plain = notification();
    *(strstr(request.body, "\"s\"") + 1) = 'S';
    assert_int_equal(verify(&request), TP_VERIFY_WRONG);
    char *signature = strstr(plain.body, "\"SignatureVersion\"");
    memmove(signature + 14, signature, plain.body_len - (size_t)(signature - plain.body));
    memcpy(signature, "\"Subject\":\"s\",", 14);
    plain.body_len += 14;
    assert_int_equal(verify(&plain), TP_VERIFY_WRONG);
}

/* A topic that is named, but is not the one that was signed. */
static void so_does_the_topic(void **state) {
    (void)state;
    struct signed_request request = notification();
    strstr(request.body, "arn:t")[4] = 'b';
    assert_int_equal(verify_by(request, &of_topics), TP_VERIFY_WRONG);
}

static void what_is_missing_or_twice_is_refused(void **state) {
    (void)state;
    struct signed_request request = signed_over(NOTIFICATION, NOTIFICATION_TEXT, EVP_sha256());
    assert_int_equal(verify(&request), TP_VERIFY_WRONG); /* no version */
    request = signed_over(NOTIFICATION ",\"SignatureVersion\":\"3\"", NOTIFICATION_TEXT, EVP_sha256());
    assert_int_equal(verify(&request), TP_VERIFY_WRONG);
    request =
        signed_over(NOTIFICATION ",\"Message\":\"other\",\"SignatureVersion\":\"2\"", NOTIFICATION_TEXT, EVP_sha256());
    assert_int_equal(verify(&request), TP_VERIFY_MALFORMED);
    request.body_len = (size_t)snprintf(request.body, MOST_BODY, "{" NOTIFICATION ",\"SignatureVersion\":\"2\"}");
    assert_int_equal(verify(&request), TP_VERIFY_UNSIGNED);
    request.body_len = (size_t)snprintf(request.body, MOST_BODY, "{\"Signature\":\"AAAA\",\"Timestamp\":\"T\"}");
    assert_int_equal(verify(&request), TP_VERIFY_WRONG);
    request.body_len = (size_t)snprintf(request.body, MOST_BODY, "[\"Signature\"]");
    assert_int_equal(verify(&request), TP_VERIFY_UNSIGNED);
}

/* ---- what is configured ---- */

static void what_is_old_is_refused_where_that_is_asked_for(void **state) {
    (void)state;
    struct tp_verify_scheme strict = scheme;
    struct signed_request request = notification();
    strict.tolerance_s = 20;
    request.scheme = &strict;
    assert_null(tp_verify_check_scheme(&strict));
    assert_int_equal(verify(&request), TP_VERIFIED);
    request.now_ms += 21000;
    assert_int_equal(verify(&request), TP_VERIFY_OLD);
    request.scheme = &scheme;
    assert_int_equal(verify(&request), TP_VERIFIED);
    strict.timestamp = (struct tp_verify_place){TP_VERIFY_NOWHERE};
    assert_non_null(tp_verify_check_scheme(&strict));
}

static void what_can_be_no_secret_is_said(void **state) {
    (void)state;
    assert_null(tp_verify_check_scheme(&scheme));
    assert_null(tp_verify_check_secret(&scheme, tp_buf_str(&secret)));
    assert_null(tp_verify_check_secret(&scheme, tp_buf_str(&of_topics)));
    assert_null(tp_verify_check_secret(&scheme, TP_STR("arn:t\n")));
    assert_true(tp_verify_wants_certificate(&scheme, TP_STR("arn:t\n")));
    assert_false(tp_verify_wants_certificate(&scheme, tp_buf_str(&secret)));
    static const char no_topic[] =
        "it names no topic: a line arn:... was expected, and behind it the certificate, if any";
    assert_string_equal(tp_verify_check_secret(&scheme, TP_STR("sesame")), no_topic);
    assert_string_equal(tp_verify_check_secret(&scheme, TP_STR("")), no_topic);
    assert_string_equal(tp_verify_check_secret(&scheme, TP_STR("arn:t\n-----BEGIN")), "it is no certificate in PEM");
    assert_string_equal(tp_verify_check_secret(&scheme, tp_buf_str(&elliptic)), "it is no certificate of an RSA key");
    assert_string_equal(tp_verify_check_secret(&scheme, tp_buf_str(&of_no_topic)), no_topic);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notification),
        cmocka_unit_test(a_confirmation),
        cmocka_unit_test(each_of_several_certificates_will_do),
        cmocka_unit_test(only_within_the_certificates_time),
        cmocka_unit_test(without_one_the_one_that_is_named_is_found),
        cmocka_unit_test(what_is_found_must_do_as_any_other),
        cmocka_unit_test(what_is_not_here_yet_is_asked_for_again),
        cmocka_unit_test(for_another_topic_nothing_is_looked_for),
        cmocka_unit_test(where_none_are_looked_for_it_is_wrong),
        cmocka_unit_test(what_another_topic_says_is_refused),
        cmocka_unit_test(each_topic_of_a_secret_will_do),
        cmocka_unit_test(each_byte_counts),
        cmocka_unit_test(so_does_a_subject),
        cmocka_unit_test(so_does_the_topic),
        cmocka_unit_test(what_is_missing_or_twice_is_refused),
        cmocka_unit_test(what_is_old_is_refused_where_that_is_asked_for),
        cmocka_unit_test(what_can_be_no_secret_is_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
