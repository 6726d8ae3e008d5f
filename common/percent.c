#include "common/percent.h"

#include "common/error.h"

static int hex(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int tp_percent_decode(struct tp_str text, bool plus, char *to, size_t *ret_len) {
    char *start = to;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.at[i] == '+' && plus ? ' ' : text.at[i];
        if (byte == '%') {
            int high = i + 2 < text.len ? hex(text.at[i + 1]) : -1, low = high < 0 ? -1 : hex(text.at[i + 2]);
            if (low < 0)
                return TP_EFORM;
            byte = (char)(high * 16 + low);
            i += 2;
        }
        *to++ = byte;
    }
    *ret_len = (size_t)(to - start);
    return 0;
}
