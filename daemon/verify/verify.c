#include "daemon/verify/verify.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <strings.h>

#include "common/base64.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/time.h"
#include "daemon/verify/internal.h"

enum { MOST_SIGNATURES = 16, MOST_DIGITS = 24 };

const char *tp_verify_name(enum tp_verification verdict) {
    static const char *const names[] = {"verified", "unsigned", "malformed", "old", "wrong", "later", "failed"};
    return names[verdict];
}

/* ---- schemes ---- */

/* Nothing is signed that a template would say. */
static bool is_without_template(const struct tp_verify_scheme *scheme) {
    return scheme->by == TP_VERIFY_TOKEN || scheme->by == TP_VERIFY_BASIC || scheme->by == TP_VERIFY_SNS;
}

static bool is_place(struct tp_verify_place place) {
    return place.in == TP_VERIFY_NOWHERE ||
           (place.name && place.name[0] && (place.in != TP_VERIFY_JSON || place.name[0] == '/'));
}

const char *tp_verify_check_scheme(const struct tp_verify_scheme *scheme) {
    if (scheme->signature.in == TP_VERIFY_NOWHERE)
        return "it says nowhere where the signature is";
    if (!is_place(scheme->signature) || !is_place(scheme->id) || !is_place(scheme->timestamp) ||
        !is_place(scheme->body_digest))
        return "a place has no name";
    if (scheme->tolerance_s > 0 && scheme->timestamp.in == TP_VERIFY_NOWHERE)
        return "it says nowhere where the timestamp is";
    if (is_without_template(scheme))
        return NULL;
    if (scheme->signed_text && !tp_verify_is_template(scheme->signed_text))
        return "what is signed has something in braces that is not known";
    if (scheme->by == TP_VERIFY_HASH && !tp_verify_template_has(scheme, "{secret}"))
        return "a hash of what anybody knows proves nothing: {secret} is missing";
    if (scheme->tolerance_s > 0 && !tp_verify_template_has(scheme, "{timestamp}"))
        return "a timestamp that is not signed proves nothing: {timestamp} is missing";
    return NULL;
}

/* ---- the time ---- */

static bool read_time(const struct tp_verify_scheme *scheme, struct tp_str text, int64_t *ret_ms) {
    char digits[MOST_DIGITS], *end = NULL;
    if (scheme->clock == TP_VERIFY_RFC3339)
        return tp_time_parse(text, ret_ms) == 0;
    if (text.len == 0 || text.len >= sizeof digits || memchr(text.at, '\0', text.len))
        return false;
    memcpy(digits, text.at, text.len);
    digits[text.len] = '\0';
    double number = strtod(digits, &end) * (scheme->clock == TP_VERIFY_SECONDS ? 1000 : 1);
    if (*end != '\0' || !isfinite(number) || number < 0 || number > (double)TP_TIME_LAST_MS)
        return false;
    *ret_ms = (int64_t)number;
    return true;
}

static enum tp_verification check_time(const struct tp_verify_found *found) {
    int64_t ms = 0, tolerance_ms = (int64_t)found->scheme->tolerance_s * 1000;
    if (tolerance_ms == 0)
        return TP_VERIFIED;
    if (!read_time(found->scheme, found->timestamp, &ms))
        return TP_VERIFY_MALFORMED;
    return llabs(found->request->now_ms - ms) <= tolerance_ms ? TP_VERIFIED : TP_VERIFY_OLD;
}

/* ---- a body whose digest is signed ---- */

static enum tp_verification check_body(struct tp_verify_found *found) {
    struct tp_verify_place place = found->scheme->body_digest;
    char expected[TP_SHA256_HEX];
    struct tp_str shown;
    if (place.in == TP_VERIFY_NOWHERE || tp_verify_is_form(found->request))
        return TP_VERIFIED;
    enum tp_verification verdict = tp_verify_find(found->request, place, &found->room[3], &shown);
    if (verdict != TP_VERIFIED)
        return verdict;
    tp_hex_of_sha256(found->request->body, expected);
    return shown.len == 64 && strncasecmp(shown.at, expected, 64) == 0 ? TP_VERIFIED : TP_VERIFY_WRONG;
}

/* ---- one signature, one secret ---- */

/* "Basic" is written in any case. */
static struct tp_str without_prefix(struct tp_str text, const char *prefix, bool *ret_has) {
    size_t len = prefix ? strlen(prefix) : 0;
    *ret_has = text.len >= len && (len == 0 || strncasecmp(text.at, prefix, len) == 0);
    return *ret_has ? (struct tp_str){text.at + len, text.len - len} : text;
}

static bool is_password(struct tp_str shown, struct tp_str secret) {
    struct tp_buf plain = TP_BUF_INIT;
    bool is = tp_base64_decode(shown, &plain) == 0 && tp_verify_same(tp_buf_str(&plain), secret);
    if (plain.at)
        OPENSSL_cleanse(plain.at, plain.len);
    tp_buf_free(&plain);
    return is;
}

/* Over each form that the URL may have had. */
static bool is_message(const struct tp_verify_found *found, struct tp_str secret, struct tp_str key,
                       struct tp_str signature) {
    struct tp_buf room = TP_BUF_INIT, message = TP_BUF_INIT;
    struct tp_str urls[TP_VERIFY_MOST_URLS];
    size_t n = tp_verify_urls(found, &room, urls);
    bool is = false;
    for (size_t i = 0; i < n && !is; i++) {
        tp_buf_clear(&message);
        is = tp_verify_write_message(found, urls[i], secret, &message) == 0 &&
             tp_verify_proves(found->scheme, key, tp_buf_str(&message), signature);
    }
    tp_buf_free(&message);
    tp_buf_free(&room);
    return is;
}

static bool is_signature(const struct tp_verify_found *found, struct tp_str secret, struct tp_str text) {
    struct tp_buf key = TP_BUF_INIT, signature = TP_BUF_INIT;
    bool is = tp_verify_key(found->scheme, secret, &key) == 0 &&
              tp_verify_decode(found->scheme->encoding, text, &signature) == 0 && !key.failed && !signature.failed &&
              is_message(found, secret, tp_buf_str(&key), tp_buf_str(&signature));
    if (key.at)
        OPENSSL_cleanse(key.at, key.len);
    tp_buf_free(&key);
    tp_buf_free(&signature);
    return is;
}

static enum tp_verification check_one(const struct tp_verify_found *found, struct tp_str secret, struct tp_str text) {
    bool is;
    if (found->scheme->by == TP_VERIFY_SNS)
        return tp_verify_sns(found, secret, text);
    if (found->scheme->by == TP_VERIFY_TOKEN)
        is = tp_verify_same(text, secret);
    else if (found->scheme->by == TP_VERIFY_BASIC)
        is = is_password(text, secret);
    else
        is = is_signature(found, secret, text);
    return is ? TP_VERIFIED : TP_VERIFY_WRONG;
}

/* ---- all of them ---- */

static enum tp_verification better(enum tp_verification one, enum tp_verification other) {
    return one == TP_VERIFIED || other == TP_VERIFIED ? TP_VERIFIED : one > other ? one : other;
}

static enum tp_verification check_all(const struct tp_verify_found *found, const struct tp_str *secrets,
                                      size_t n_secrets) {
    const struct tp_verify_scheme *scheme = found->scheme;
    struct tp_str rest = found->signature;
    enum tp_verification verdict = TP_VERIFY_MALFORMED;
    for (size_t n = 0; n < MOST_SIGNATURES && rest.len > 0 && verdict != TP_VERIFIED; n++) {
        struct tp_str one = scheme->separator ? tp_str_cut(&rest, scheme->separator) : rest;
        bool ours = false;
        one = without_prefix(one, scheme->prefix, &ours);
        verdict = ours ? better(verdict, TP_VERIFY_WRONG) : verdict;
        for (size_t i = 0; ours && i < n_secrets && verdict != TP_VERIFIED; i++)
            verdict = better(verdict, check_one(found, secrets[i], one));
        if (!scheme->separator)
            break;
    }
    return verdict;
}

static enum tp_verification find_all(struct tp_verify_found *found) {
    const struct tp_verify_scheme *scheme = found->scheme;
    enum tp_verification verdict =
        tp_verify_find(found->request, scheme->signature, &found->room[0], &found->signature);
    if (verdict == TP_VERIFIED)
        verdict = tp_verify_find(found->request, scheme->id, &found->room[1], &found->id);
    if (verdict == TP_VERIFIED)
        verdict = tp_verify_find(found->request, scheme->timestamp, &found->room[2], &found->timestamp);
    return verdict;
}

enum tp_verification tp_verify(const struct tp_verify_scheme *scheme, const struct tp_str *secrets, size_t n_secrets,
                               const struct tp_verify_request *request) {
    struct tp_verify_found found = {.scheme = scheme, .request = request};
    enum tp_verification verdict = find_all(&found);
    if (verdict == TP_VERIFIED)
        verdict = check_time(&found);
    if (verdict == TP_VERIFIED)
        verdict = check_body(&found);
    if (verdict == TP_VERIFIED)
        verdict = check_all(&found, secrets, n_secrets);
    for (size_t i = 0; i < sizeof found.room / sizeof found.room[0]; i++)
        tp_buf_free(&found.room[i]);
    return verdict;
}
