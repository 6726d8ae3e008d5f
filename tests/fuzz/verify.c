/* Signatures of senders: a scheme by its number, headers a line each, and behind an empty line the body.
 *
 * What has to hold: nobody proves to have a secret that is not named here; what is asked twice is answered the same. */
#include "tests/fuzz/fuzz.h"

#include "daemon/verify/verify.h"
#include "tests/unit/verify/schemes.h"

static const char *const public_keys[] = {
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEY/mhBf8s7vAr0BTFZ0Fcvi2kR/zht5jTGGcTn13qyKzrOiggbRrynQNKe8q1xbLbvHD/qou9OF8Nu1"
    "hPVNEKjQ=="};
/* Of a key that nobody has; valid in the time of the requests. */
static const char topic_with_certificate[] = "arn:t\n"
                                             "-----BEGIN CERTIFICATE-----\n"
                                             "MIICdDCCAVwCAQAwDQYJKoZIhvcNAQELBQAwADAeFw0yMDAxMDEwMDAwMDBaFw0z\n"
                                             "MDAxMDEwMDAwMDBaMAAwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQC6\n"
                                             "CUg6TkE06h3YbccNtoyg3ygne6Vsd8/mMb+pyq7bty8wFvcJr87tjjXpR1ECJev2\n"
                                             "5YmZRtHJ6lugNU9B3/QomeWDpUwc/B6fv5x3wF0yo7RLgGUVU4FQhmksFBdDKOQI\n"
                                             "DrOilaVUR4wDRv4lb99lgqnffEAShgq2pAPZ/l8ZzP9ITKesoM8SpRnc0lgX3qvg\n"
                                             "3TMZ83wY1MORk/nA1gBuyPrxP6ZZpl3JEyB/3+9gx4JfbbUW29QngnYHuW1KY+dJ\n"
                                             "4wOQfD84OddsZar4t13ds6WnaEKZH/dystjzcSVZoplwl5yRqOrodT8X4W85C6eH\n"
                                             "q7PsgQueruk/HbPMpf/rAgMBAAEwDQYJKoZIhvcNAQELBQADggEBAGZmhSJ3/zZ8\n"
                                             "UYVM2Jxw4BEsLap6W23FuSzkVkOcxcKFPearsoRRRRLeeo7/a4s0bSMYwP/81j+z\n"
                                             "e7JvU4Ancy3f69ZLNRm5C9fr+wwEw5KEItvCCmxUGcGHqA8ULjzinkLsXyMCE8hN\n"
                                             "FccTix2Knf/ZOFjZIuybeuXutpjO/0NoK3ejiKGgHp7xOuhLRyCNXwm+Tp2Tcf0B\n"
                                             "HI+GBDhZT3SgQnc827qWnuup5YRLB/q5bfYf+yUY3Qcf7GdZap6oj/hXSi5TPj25\n"
                                             "6yg+8/VM27sYg17gvXVrAqNnGc2yKA7tVgUKlBG+ruCS3Y7DsXomtwMx1XkWyLE5\n"
                                             "sXTVaJaW0bA=\n"
                                             "-----END CERTIFICATE-----\n";
static const struct tp_verify_scheme sns = {.by = TP_VERIFY_SNS,
                                            .signature = IN_JSON("/Signature"),
                                            .timestamp = IN_JSON("/Timestamp"),
                                            .clock = TP_VERIFY_RFC3339};
static const char hidden[] = "c28gbWFueSBieXRlcyB0aGF0IG5vYm9keSBndWVzc2Vz";

/* "NAME: VALUE" each. */
static int next_header(const void *arg, size_t *cursor, struct tp_str *ret_name, struct tp_str *ret_value) {
    const struct tp_str *head = arg;
    struct tp_str rest = {head->at + *cursor, head->len - *cursor};
    if (rest.len == 0)
        return 0;
    struct tp_str line = tp_str_cut(&rest, '\n');
    *cursor = head->len - rest.len;
    *ret_name = tp_str_cut(&line, ':');
    while (line.len > 0 && line.at[0] == ' ')
        line = (struct tp_str){line.at + 1, line.len - 1};
    *ret_value = line;
    return 1;
}

static struct tp_str cut_head(struct tp_str *rest) {
    const char *end = rest->len > 1 ? memmem(rest->at, rest->len, "\n\n", 2) : NULL;
    struct tp_str head = {rest->at, end ? (size_t)(end - rest->at) : rest->len};
    size_t taken = end ? head.len + 2 : head.len;
    *rest = (struct tp_str){rest->at + taken, rest->len - taken};
    return head;
}

static const char *secret_of(const struct tp_verify_scheme *scheme) {
    return scheme->by == TP_VERIFY_ECDSA ? public_keys[0]
           : scheme->by == TP_VERIFY_SNS ? topic_with_certificate
                                         : hidden;
}

static const struct tp_verify_scheme *scheme_of(uint8_t number) {
    size_t n = sizeof schemes / sizeof schemes[0];
    return number % (n + 1) == n ? &sns : &schemes[number % (n + 1)].scheme;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    const struct tp_verify_scheme *scheme = scheme_of(data[0]);
    struct tp_str body = fuzz_text(data + 1, size - 1), head = cut_head(&body);
    const struct tp_str secret = tp_str(secret_of(scheme));
    struct tp_verify_request request = {.method = TP_STR("POST"),
                                        .url = TP_STR("https://touch.example:443/v1/sources/x?bodySHA256=0&a=1"),
                                        .body = body,
                                        .headers = {next_header, &head},
                                        .now_ms = INT64_C(1600112502000)};
    must(!tp_verify_check_secret(scheme, secret));
    enum tp_verification verdict = tp_verify(scheme, &secret, 1, &request);
    must(verdict != TP_VERIFIED && verdict != TP_VERIFY_FAILED);
    must(verdict == tp_verify(scheme, &secret, 1, &request));
    return 0;
}
