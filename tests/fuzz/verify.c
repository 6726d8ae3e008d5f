/* Signatures of senders: a scheme by its number, headers a line each, and behind an empty line the body.
 *
 * What has to hold: nobody proves to have a secret that is not named here; what is asked twice is answered the same. */
#include "tests/fuzz/fuzz.h"

#include "daemon/verify/verify.h"
#include "tests/unit/verify/schemes.h"

static const char *const public_keys[] = {
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEY/mhBf8s7vAr0BTFZ0Fcvi2kR/zht5jTGGcTn13qyKzrOiggbRrynQNKe8q1xbLbvHD/qou9OF8Nu1"
    "hPVNEKjQ=="};
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    const struct tp_verify_scheme *scheme = &schemes[data[0] % (sizeof schemes / sizeof schemes[0])].scheme;
    struct tp_str body = fuzz_text(data + 1, size - 1), head = cut_head(&body);
    const struct tp_str secret = tp_str(scheme->by == TP_VERIFY_ECDSA ? public_keys[0] : hidden);
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
