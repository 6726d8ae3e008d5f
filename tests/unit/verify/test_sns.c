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
#include "signed.h"

#define NOW_S 1772443800

static const struct tp_verify_scheme scheme = {.by = TP_VERIFY_SNS, .signature = {TP_VERIFY_JSON, "/Signature"}};
static EVP_PKEY *key, *other_key;
static struct tp_buf certificate, expired, of_other;

static void write_certificate(EVP_PKEY *of, long from_s, long to_s, struct tp_buf *out) {
    X509 *made = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    ASN1_TIME_set(X509_getm_notBefore(made), NOW_S + from_s);
    ASN1_TIME_set(X509_getm_notAfter(made), NOW_S + to_s);
    X509_set_pubkey(made, of);
    assert_true(X509_sign(made, of, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, made), 1);
    long len = BIO_get_mem_data(bio, &text);
    tp_buf_add(out, text, (size_t)len);
    BIO_free(bio);
    X509_free(made);
}

static int set_up(void **state) {
    (void)state;
    key = EVP_RSA_gen(2048);
    other_key = EVP_RSA_gen(2048);
    write_certificate(key, -60, 60, &certificate);
    write_certificate(key, -60, -30, &expired);
    write_certificate(other_key, -60, 60, &of_other);
    return key && other_key ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    EVP_PKEY_free(key);
    EVP_PKEY_free(other_key);
    tp_buf_free(&certificate);
    tp_buf_free(&expired);
    tp_buf_free(&of_other);
    return 0;
}

/* A request with this signature over that text. */
static struct signed_request signed_over(const char *body, const char *text, const EVP_MD *digest) {
    struct signed_request request = {.scheme = &scheme,
                                     .secret = tp_buf_str(&certificate),
                                     .method = TP_STR("POST"),
                                     .now_ms = NOW_S * INT64_C(1000)};
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

static void a_notification(void **state) {
    (void)state;
    struct signed_request request = notification();
    assert_int_equal(verify(&request), TP_VERIFIED);
    request = signed_over(NOTIFICATION ",\"SignatureVersion\":\"1\"", NOTIFICATION_TEXT, EVP_sha1());
    assert_int_equal(verify(&request), TP_VERIFIED);
    request = signed_over(NOTIFICATION ",\"Subject\":\"s\",\"SignatureVersion\":\"2\"",
                          "Message\n{\"a\":1}\nMessageId\nm1\nSubject\ns\nTimestamp\n2026-03-02T09:30:00."
                          "000Z\nTopicArn\narn:t\nType\nNotification\n",
                          EVP_sha256());
    assert_int_equal(verify(&request), TP_VERIFIED);
}

static void a_confirmation(void **state) {
    (void)state;
    struct signed_request request = signed_over(
        "\"Type\":\"SubscriptionConfirmation\",\"MessageId\":\"m1\",\"TopicArn\":\"arn:t\",\"Message\":\"hi\","
        "\"Token\":\"t\","
        "\"SubscribeURL\":\"https://s\",\"Timestamp\":\"T\",\"SignatureVersion\":\"2\"",
        "Message\nhi\nMessageId\nm1\nSubscribeURL\nhttps://s\nTimestamp\nT\nToken\nt\nTopicArn\narn:t\nType\n"
        "SubscriptionConfirmation\n",
        EVP_sha256());
    assert_int_equal(verify(&request), TP_VERIFIED);
}

static void each_of_several_certificates_will_do(void **state) {
    (void)state;
    struct signed_request request = notification();
    const struct tp_str both[] = {tp_buf_str(&of_other), tp_buf_str(&certificate)};
    assert_int_equal(verify_with(&request, both, 2), TP_VERIFIED);
    assert_int_equal(verify_with(&request, both, 1), TP_VERIFY_WRONG);
}

static void one_that_has_expired_will_not(void **state) {
    (void)state;
    struct signed_request request = notification();
    request.secret = tp_buf_str(&expired);
    assert_int_equal(verify(&request), TP_VERIFY_WRONG);
}

/* Whatever byte of what is signed is another one. */
static void each_byte_counts(void **state) {
    (void)state;
    const struct signed_request good = notification();
    const char *end = strstr(good.body, ",\"SigningCertURL\"");
    for (size_t i = 1; good.body + i < end; i++) {
        struct signed_request request = good;
        request.body[i] ^= 1;
        assert_int_not_equal(verify(&request), TP_VERIFIED);
    }
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
    request.body_len = (size_t)snprintf(request.body, MOST_BODY, "{\"Signature\":\"AAAA\"}");
    assert_int_equal(verify(&request), TP_VERIFY_WRONG);
    request.body_len = (size_t)snprintf(request.body, MOST_BODY, "[\"Signature\"]");
    assert_int_equal(verify(&request), TP_VERIFY_UNSIGNED);
}

static void only_a_certificate_is_a_secret(void **state) {
    (void)state;
    assert_null(tp_verify_check_scheme(&scheme));
    assert_null(tp_verify_check_secret(&scheme, tp_buf_str(&certificate)));
    assert_non_null(tp_verify_check_secret(&scheme, TP_STR("sesame")));
    assert_non_null(tp_verify_check_secret(&scheme, TP_STR("")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notification),
        cmocka_unit_test(a_confirmation),
        cmocka_unit_test(each_of_several_certificates_will_do),
        cmocka_unit_test(one_that_has_expired_will_not),
        cmocka_unit_test(each_byte_counts),
        cmocka_unit_test(what_is_missing_or_twice_is_refused),
        cmocka_unit_test(only_a_certificate_is_a_secret),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
