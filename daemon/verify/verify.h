/* Verify: whether a request comes from who shares a source's secret. Senders sign in many ways that are one: something
 * is made of the request (a template says what), a digest of it is keyed by the secret, and stands somewhere in the
 * request as text. So there is one verifier, and a scheme says how a sender does it; beside it the secret itself as a
 * token, and signatures by a public key. tests/unit/verify/schemes.h has the schemes of those whose signatures are
 * test vectors (tests/vectors/signatures.json, which says where each was read).
 *
 * All is done over the bytes as they were received and the URL that the sender knows. What is compared is compared in
 * constant time, with every secret that is configured, so that one can be changed for another without a gap.
 * Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/str.h"

enum tp_verify_by {
    TP_VERIFY_HMAC,    /* RFC 2104, keyed by the secret */
    TP_VERIFY_HASH,    /* of a template that has the secret in it */
    TP_VERIFY_TOKEN,   /* the secret itself */
    TP_VERIFY_BASIC,   /* RFC 7617; the secret is USER:PASSWORD */
    TP_VERIFY_ECDSA,   /* the secret is the public key: base64 of its SubjectPublicKeyInfo in DER */
    TP_VERIFY_ED25519, /* RFC 8032; the secret is base64 of the public key's 32 bytes */
    TP_VERIFY_SNS,     /* Amazon SNS, in the body; the secret is topics, a line each, and its certificate in PEM, or no
                        * certificate: then that is found which the body names */
};
enum tp_verify_digest { TP_VERIFY_SHA1, TP_VERIFY_SHA256, TP_VERIFY_SHA512 };
enum tp_verify_encoding { TP_VERIFY_HEX, TP_VERIFY_BASE64 };
enum tp_verify_clock { TP_VERIFY_SECONDS, TP_VERIFY_MILLISECONDS, TP_VERIFY_RFC3339 };
enum tp_verify_url {
    TP_VERIFY_URL_AS_IT_IS,
    TP_VERIFY_URL_PORTS /* with its port, without it, and with the usual one of its scheme: one of them must do */
};

/* Where something stands in a request. A header or a form's field that stands there twice is refused. */
struct tp_verify_place {
    enum { TP_VERIFY_NOWHERE, TP_VERIFY_HEADER, TP_VERIFY_QUERY, TP_VERIFY_FORM, TP_VERIFY_JSON } in;
    const char *name; /* of a header, in lower case; of a member of the query or form; a JSON pointer (RFC 6901) */
};

struct tp_verify_scheme {
    enum tp_verify_by by;
    enum tp_verify_digest digest;
    enum tp_verify_encoding encoding; /* of the signature */
    struct tp_verify_place signature;
    const char *prefix; /* in front of each signature, "sha256="; those with another are passed over. NULL: none */
    char separator;     /* between several signatures; 0: there is one */
    /* What is signed: text with {method}, {url}, {body}, {timestamp}, {id}, {secret}, {form} (names and values of a
     * form, sorted, none twice), {json:/POINTER}. NULL: the body. */
    const char *signed_text;
    enum tp_verify_url url;
    struct tp_verify_place id, timestamp;
    enum tp_verify_clock clock;
    unsigned tolerance_s; /* how far the timestamp may be from now; 0: any */
    /* Where a digest (SHA-256, in hex) of a body stands that is no form, and that the signature covers; it must be
     * there then. */
    struct tp_verify_place body_digest;
    const char *secret_prefix; /* of a secret that is base64, "whsec_", which may be left out; NULL: it is as it is */
};

struct tp_verify_headers { /* 1 and the next pair (names in lower case), 0 at the end */
    int (*next)(const void *arg, size_t *cursor, struct tp_str *ret_name, struct tp_str *ret_value);
    const void *arg;
};

/* Appends the certificate, in PEM, that has this address. TP_EUNAVAILABLE: it is not here yet; else it will not be. */
struct tp_verify_certificates {
    int (*find)(void *arg, struct tp_str url, struct tp_buf *out); /* NULL: there are none */
    void *arg;
};

struct tp_verify_request {
    struct tp_str method, url, body; /* the URL as the sender knows it, with its query */
    struct tp_verify_headers headers;
    struct tp_verify_certificates certificates;
    int64_t now_ms;
};

enum tp_verification {
    TP_VERIFIED,
    TP_VERIFY_UNSIGNED,  /* what should be there is not, or stands there twice */
    TP_VERIFY_MALFORMED, /* or is not of its form */
    TP_VERIFY_OLD,       /* or of another time */
    TP_VERIFY_WRONG,     /* and this is none of the secrets' */
    TP_VERIFY_LATER,     /* what would tell is not here yet */
    TP_VERIFY_FAILED     /* memory was short */
};
/* For logs, e.g. "unsigned"; never NULL. */
const char *tp_verify_name(enum tp_verification verdict);

enum tp_verification tp_verify(const struct tp_verify_scheme *scheme, const struct tp_str *secrets, size_t n_secrets,
                               const struct tp_verify_request *request);

/* NULL, or why a request could never be verified by it: "{body} ...". So that it is said when it is configured. */
const char *tp_verify_check_scheme(const struct tp_verify_scheme *scheme);
/* The same of a secret. */
const char *tp_verify_check_secret(const struct tp_verify_scheme *scheme, struct tp_str secret);
/* Whether a request can be verified by this secret only with a certificate that has to be found. */
bool tp_verify_wants_certificate(const struct tp_verify_scheme *scheme, struct tp_str secret);

/* Base64 of the HMAC-SHA256 of `text`, keyed by the secret: what X asks for (its challenge-response check). */
void tp_verify_answer(struct tp_str secret, struct tp_str text, struct tp_buf *out);
/* Whether somebody shows a secret, in constant time. */
bool tp_verify_shows(struct tp_str shown, struct tp_str secret);
