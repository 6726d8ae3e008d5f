/* OpenSSL does the cryptography. */
#include "daemon/verify/internal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "common/base64.h"
#include "common/error.h"

enum { ED25519_KEY = 32 };

static const unsigned char *bytes_of(struct tp_str text) { return (const unsigned char *)text.at; }

/* ---- texts ---- */

static int digit_of(char letter) {
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    letter = (char)(letter | 0x20);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static int decode_hex(struct tp_str text, struct tp_buf *out) {
    for (size_t i = 0; i + 1 < text.len; i += 2) {
        int high = digit_of(text.at[i]), low = digit_of(text.at[i + 1]);
        if (high < 0 || low < 0)
            return TP_EFORM;
        tp_buf_addc(out, (char)(high * 16 + low));
    }
    return text.len % 2 == 0 ? 0 : TP_EFORM;
}

int tp_verify_decode(enum tp_verify_encoding encoding, struct tp_str text, struct tp_buf *out) {
    return encoding == TP_VERIFY_HEX ? decode_hex(text, out) : tp_base64_decode(text, out);
}

/* By their digests, which are of one length. */
bool tp_verify_same(struct tp_str shown, struct tp_str expected) {
    unsigned char one[SHA256_DIGEST_LENGTH], other[SHA256_DIGEST_LENGTH];
    SHA256(bytes_of(shown), shown.len, one);
    SHA256(bytes_of(expected), expected.len, other);
    return CRYPTO_memcmp(one, other, sizeof one) == 0;
}

/* ---- secrets ---- */

static void strip(const char *prefix, struct tp_str *secret) {
    if (tp_str_begins(*secret, prefix))
        *secret = (struct tp_str){secret->at + strlen(prefix), secret->len - strlen(prefix)};
}

int tp_verify_key(const struct tp_verify_scheme *scheme, struct tp_str secret, struct tp_buf *out) {
    bool is_public = scheme->by == TP_VERIFY_ECDSA || scheme->by == TP_VERIFY_ED25519;
    if (scheme->secret_prefix)
        strip(scheme->secret_prefix, &secret);
    if (scheme->secret_prefix || is_public)
        return tp_base64_decode(secret, out);
    tp_buf_addstr(out, secret);
    return 0;
}

/* ---- digests ---- */

static const EVP_MD *digest_of(const struct tp_verify_scheme *scheme) {
    return scheme->digest == TP_VERIFY_SHA1     ? EVP_sha1()
           : scheme->digest == TP_VERIFY_SHA256 ? EVP_sha256()
                                                : EVP_sha512();
}

static bool is_digest(const struct tp_verify_scheme *scheme, struct tp_str key, struct tp_str message,
                      struct tp_str signature) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool made =
        scheme->by == TP_VERIFY_HMAC
            ? HMAC(digest_of(scheme), key.at, (int)key.len, bytes_of(message), message.len, digest, &len) != NULL
            : EVP_Digest(message.at, message.len, digest, &len, digest_of(scheme), NULL) == 1;
    return made && signature.len == len && CRYPTO_memcmp(digest, signature.at, len) == 0;
}

/* ---- public keys ---- */

static EVP_PKEY *read_public_key(const struct tp_verify_scheme *scheme, struct tp_str key) {
    const unsigned char *at = bytes_of(key);
    if (scheme->by == TP_VERIFY_ED25519)
        return key.len == ED25519_KEY ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, at, key.len) : NULL;
    EVP_PKEY *found = d2i_PUBKEY(NULL, &at, (long)key.len);
    if (found && EVP_PKEY_base_id(found) == EVP_PKEY_EC)
        return found;
    EVP_PKEY_free(found);
    return NULL;
}

static bool is_signed(const struct tp_verify_scheme *scheme, struct tp_str key, struct tp_str message,
                      struct tp_str signature) {
    EVP_PKEY *public_key = read_public_key(scheme, key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const EVP_MD *digest = scheme->by == TP_VERIFY_ED25519 ? NULL : digest_of(scheme);
    bool is_signed = public_key && context && EVP_DigestVerifyInit(context, NULL, digest, NULL, public_key) == 1 &&
                     EVP_DigestVerify(context, bytes_of(signature), signature.len, bytes_of(message), message.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public_key);
    return is_signed;
}

bool tp_verify_proves(const struct tp_verify_scheme *scheme, struct tp_str key, struct tp_str message,
                      struct tp_str signature) {
    bool by_digest = scheme->by == TP_VERIFY_HMAC || scheme->by == TP_VERIFY_HASH;
    return by_digest ? is_digest(scheme, key, message, signature) : is_signed(scheme, key, message, signature);
}

const char *tp_verify_check_secret(const struct tp_verify_scheme *scheme, struct tp_str secret) {
    struct tp_buf key = TP_BUF_INIT;
    const char *wrong = NULL;
    if (scheme->by == TP_VERIFY_SNS)
        return tp_verify_check_sns(secret);
    if (secret.len == 0)
        wrong = "it is empty";
    else if (tp_verify_key(scheme, secret, &key) < 0)
        wrong = "it is not base64";
    else if (scheme->by == TP_VERIFY_BASIC && !memchr(secret.at, ':', secret.len))
        wrong = "it is not USER:PASSWORD";
    if (!wrong && (scheme->by == TP_VERIFY_ECDSA || scheme->by == TP_VERIFY_ED25519)) {
        EVP_PKEY *public_key = read_public_key(scheme, tp_buf_str(&key));
        wrong = public_key ? NULL : "it is no public key of this kind";
        EVP_PKEY_free(public_key);
    }
    if (key.at)
        OPENSSL_cleanse(key.at, key.len);
    tp_buf_free(&key);
    return wrong;
}
