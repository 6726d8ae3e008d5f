/* Almost all that comes is ASCII, so eight bytes are looked at together until one has its high bit set. A character of
 * several bytes is then checked by its first byte, which says its length and what its second byte may be: that second
 * byte is where overlong forms, surrogates and what lies above U+10FFFF show. */
#include "common/utf8.h"

#include <stdint.h>

static size_t ascii_run(const unsigned char *at, size_t len) {
    const uint64_t high_bits = UINT64_C(0x8080808080808080);
    size_t run = 0;
    for (uint64_t eight; len - run >= sizeof eight; run += sizeof eight) {
        memcpy(&eight, at + run, sizeof eight);
        if (eight & high_bits)
            break;
    }
    while (run < len && at[run] < 0x80)
        run++;
    return run;
}

/* The length of the character that begins here, or 0 when none does. */
static size_t sequence(const unsigned char *at, size_t len) {
    unsigned char first = at[0], least = 0x80, most = 0xbf;
    size_t bytes = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first < 0xc2 || first > 0xf4 || len < bytes)
        return 0;
    if (first == 0xe0)
        least = 0xa0;
    else if (first == 0xed)
        most = 0x9f;
    else if (first == 0xf0)
        least = 0x90;
    else if (first == 0xf4)
        most = 0x8f;
    if (at[1] < least || at[1] > most)
        return 0;
    for (size_t i = 2; i < bytes; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return bytes;
}

size_t tp_utf8_prefix(struct tp_str text) {
    const unsigned char *at = (const unsigned char *)text.at;
    size_t checked = 0;
    while (checked < text.len) {
        checked += ascii_run(at + checked, text.len - checked);
        if (checked == text.len)
            break;
        size_t bytes = sequence(at + checked, text.len - checked);
        if (bytes == 0)
            break;
        checked += bytes;
    }
    return checked;
}

bool tp_utf8_valid(struct tp_str text) { return tp_utf8_prefix(text) == text.len; }
