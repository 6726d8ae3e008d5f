#include "common/digest.h"

#include <openssl/sha.h>

void tp_hex_of_sha256(struct tp_str bytes, char out[TP_SHA256_HEX]) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)bytes.at, bytes.len, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        out[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    out[TP_SHA256_HEX - 1] = '\0';
}
