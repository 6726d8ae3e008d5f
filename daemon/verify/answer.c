#include "daemon/verify/internal.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/base64.h"

void tp_verify_answer(struct tp_str secret, struct tp_str text, struct tp_buf *out) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    HMAC(EVP_sha256(), secret.at, (int)secret.len, (const unsigned char *)text.at, text.len, digest, &len);
    tp_base64_encode((struct tp_str){(const char *)digest, len}, out);
}

bool tp_verify_shows(struct tp_str shown, struct tp_str secret) {
    return secret.len > 0 && tp_verify_same(shown, secret);
}
