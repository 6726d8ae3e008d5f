/* Amazon SNS (Developer Guide, "Verifying the signatures of Amazon SNS messages"): members of the body, each as its
 * name and its value on lines of their own, in the order of their names, signed by RSA; version 1 with SHA-1, 2 with
 * SHA-256.
 *
 * The body names an address of the certificate. Whoever believes that must fetch it and look at where from, which is
 * done where an operator has named hosts (daemon/certificate), and the secret has none. Otherwise no request goes out:
 * the secret has the certificate itself, in PEM, as the operator has fetched it.
 *
 * That certificate is Amazon's, one for all of its customers: it signs for each topic of a region, so anybody can have
 * whatever they like signed by it, by a topic of their own. So a secret names the topics as well that are the source's,
 * a line each in front of the certificate, where PEM allows for text. */
#include "daemon/verify/internal.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/error.h"
#include "common/json.h"

enum { MOST_DEPTH = 16 };
#define BEGIN "-----BEGIN"

static const char *const notification[] = {"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type", NULL},
                         *const confirmation[] = {"Message", "MessageId", "SubscribeURL", "Timestamp",
                                                  "Token",   "TopicArn",  "Type",         NULL};

static struct tp_str member(const json_t *root, const char *name) {
    const json_t *value = json_object_get(root, name);
    return (struct tp_str){json_string_value(value), json_string_length(value)};
}

/* All but the subject must be there. */
static bool write_message(const json_t *root, struct tp_buf *out) {
    bool notifies = tp_str_is(member(root, "Type"), "Notification");
    for (const char *const *name = notifies ? notification : confirmation; *name; name++) {
        struct tp_str value = member(root, *name);
        if (!value.at && strcmp(*name, "Subject") != 0)
            return false;
        if (!value.at)
            continue;
        tp_buf_adds(out, *name);
        tp_buf_addc(out, '\n');
        tp_buf_addstr(out, value);
        tp_buf_addc(out, '\n');
    }
    return !out->failed;
}

static const EVP_MD *digest_of(const json_t *root) {
    struct tp_str version = member(root, "SignatureVersion");
    return tp_str_is(version, "1") ? EVP_sha1() : tp_str_is(version, "2") ? EVP_sha256() : NULL;
}

/* The next line in front of the certificate that is a topic; .at is NULL where there is none. */
static struct tp_str next_topic(struct tp_str *secret) {
    while (secret->len > 0 && !tp_str_begins(*secret, BEGIN)) {
        struct tp_str line = tp_str_cut(secret, '\n');
        while (line.len > 0 && (line.at[line.len - 1] == ' ' || line.at[line.len - 1] == '\r'))
            line.len--;
        if (tp_str_begins(line, "arn:"))
            return line;
    }
    return (struct tp_str){0};
}

static bool names_topic(struct tp_str secret, struct tp_str topic) {
    struct tp_str next = next_topic(&secret);
    while (next.at && !tp_str_equal(next, topic))
        next = next_topic(&secret);
    return next.at != NULL;
}

static X509 *read_certificate(struct tp_str pem) {
    BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return certificate;
}

static bool is_valid_at(const X509 *certificate, int64_t now_ms) {
    time_t now = (time_t)(now_ms / 1000);
    return X509_cmp_time(X509_get0_notBefore(certificate), &now) < 0 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &now) > 0;
}

static bool is_rsa(const EVP_PKEY *key) { return key && EVP_PKEY_base_id(key) == EVP_PKEY_RSA; }

static bool is_signed(const X509 *certificate, const EVP_MD *digest, struct tp_str message, struct tp_str signature) {
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is = context && is_rsa(key) && EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1 &&
              EVP_DigestVerify(context, (const unsigned char *)signature.at, signature.len,
                               (const unsigned char *)message.at, message.len) == 1;
    EVP_MD_CTX_free(context);
    return is;
}

static bool is_signed_by(const json_t *root, struct tp_str pem, int64_t now_ms, struct tp_str signature) {
    struct tp_buf message = TP_BUF_INIT;
    const EVP_MD *digest = digest_of(root);
    X509 *read = read_certificate(pem);
    bool is = read && digest && is_valid_at(read, now_ms) && write_message(root, &message) &&
              is_signed(read, digest, tp_buf_str(&message), signature);
    X509_free(read);
    tp_buf_free(&message);
    return is;
}

static bool has_certificate(struct tp_str secret) { return memmem(secret.at, secret.len, BEGIN, strlen(BEGIN)); }

/* The secret's, or the one that is named. */
static enum tp_verification find_certificate(const struct tp_verify_request *request, const json_t *root,
                                             struct tp_str secret, struct tp_buf *room, struct tp_str *ret) {
    *ret = secret;
    if (has_certificate(secret))
        return TP_VERIFIED;
    if (!request->certificates.find)
        return TP_VERIFY_WRONG;
    int error = request->certificates.find(request->certificates.arg, member(root, "SigningCertURL"), room);
    *ret = tp_buf_str(room);
    return error == 0 ? TP_VERIFIED : error == TP_EUNAVAILABLE ? TP_VERIFY_LATER : TP_VERIFY_WRONG;
}

static enum tp_verification check(const struct tp_verify_request *request, const json_t *root, struct tp_str secret,
                                  struct tp_str signature) {
    struct tp_buf room = TP_BUF_INIT;
    struct tp_str pem;
    if (!names_topic(secret, member(root, "TopicArn")))
        return TP_VERIFY_WRONG;
    enum tp_verification verdict = find_certificate(request, root, secret, &room, &pem);
    if (verdict == TP_VERIFIED && !is_signed_by(root, pem, request->now_ms, signature))
        verdict = TP_VERIFY_WRONG;
    tp_buf_free(&room);
    return verdict;
}

enum tp_verification tp_verify_sns(const struct tp_verify_found *found, struct tp_str secret, struct tp_str text) {
    struct tp_json json;
    struct tp_json_error ignored;
    struct tp_buf signature = TP_BUF_INIT;
    enum tp_verification verdict = TP_VERIFY_WRONG;
    if (tp_verify_decode(TP_VERIFY_BASE64, text, &signature) == 0 && !signature.failed &&
        tp_json_parse(found->request->body, MOST_DEPTH, &json, &ignored) == 0) {
        verdict = check(found->request, json.root, secret, tp_buf_str(&signature));
        tp_json_free(&json);
    }
    tp_buf_free(&signature);
    return verdict;
}

bool tp_verify_wants_certificate(const struct tp_verify_scheme *scheme, struct tp_str secret) {
    return scheme->by == TP_VERIFY_SNS && !has_certificate(secret);
}

const char *tp_verify_check_sns(struct tp_str secret) {
    bool has = has_certificate(secret);
    X509 *certificate = has ? read_certificate(secret) : NULL;
    const char *wrong = NULL;
    if (has && !certificate)
        wrong = "it is no certificate in PEM";
    else if (has && !is_rsa(X509_get0_pubkey(certificate)))
        wrong = "it is no certificate of an RSA key";
    else if (!next_topic(&secret).at)
        wrong = "it names no topic: a line arn:... was expected, and behind it the certificate, if any";
    X509_free(certificate);
    return wrong;
}
