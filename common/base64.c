/* OpenSSL does the work, in steps, since it counts in ints; it forgives what is not base64, so that is looked for
 * first. */
#include "common/base64.h"

#include <openssl/evp.h>

#include "common/error.h"

#define STEP 49152 /* bytes at a time: a multiple of 3, so that only the last step is padded */

void tp_base64_encode(struct tp_str bytes, struct tp_buf *out) {
    while (bytes.len > 0) {
        size_t step = bytes.len < STEP ? bytes.len : STEP;
        char *to = tp_buf_room(out, (step + 2) / 3 * 4 + 1); /* and the NUL that OpenSSL sets */
        if (!to)
            return;
        int added = EVP_EncodeBlock((unsigned char *)to, (const unsigned char *)bytes.at, (int)step);
        out->len += (size_t)added;
        bytes.at += step;
        bytes.len -= step;
    }
}

static size_t padding_of(struct tp_str text) {
    size_t padding = 0;
    while (padding < 2 && padding < text.len && text.at[text.len - 1 - padding] == '=')
        padding++;
    return padding;
}

static bool is_base64(struct tp_str text) {
    if (text.len % 4 != 0)
        return false;
    for (size_t i = 0; i < text.len - padding_of(text); i++) {
        char c = text.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '+' && c != '/')
            return false;
    }
    return true;
}

int tp_base64_decode(struct tp_str text, struct tp_buf *out) {
    if (!is_base64(text))
        return TP_EFORM;
    size_t padding = padding_of(text);
    while (text.len > 0) {
        size_t step = text.len < STEP ? text.len : STEP;
        char *to = tp_buf_room(out, step / 4 * 3);
        if (!to)
            return 0; /* the buffer tells */
        int added = EVP_DecodeBlock((unsigned char *)to, (const unsigned char *)text.at, (int)step);
        out->len += (size_t)added;
        text.at += step;
        text.len -= step;
    }
    out->len -= padding; /* OpenSSL counts what stands for it, too */
    return 0;
}
