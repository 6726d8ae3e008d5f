/* Version 7 is 48 bits of milliseconds, 12 bits that count within the millisecond, and 62 random bits. Milliseconds
 * and count are kept as one 60-bit number that only grows: when the clock stands or was set back, the count goes on
 * from the last one, and its carry runs ahead of the clock. */
#include "common/uuid.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

#define UUID_BYTES 16
#define COUNT_BITS 12

/* So few bytes come whole or not at all, and not at all only on a kernel that has no getrandom: there nothing would be
 * safe to mint. */
static void random_bytes(unsigned char *to, size_t len) {
    if (getrandom(to, len, 0) != (ssize_t)len)
        abort();
}

static void write_text(unsigned char bytes[UUID_BYTES], unsigned version, char out[TP_UUID_TEXT]) {
    static const char hex[] = "0123456789abcdef";
    bytes[6] = (unsigned char)(version << 4 | (bytes[6] & 0x0f));
    bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3f)); /* the variant of RFC 9562 */
    for (size_t i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 0x0f];
    }
    *out = 0;
}

static uint64_t next_tick(int64_t now_ms) {
    static _Atomic uint64_t last;
    uint64_t now = now_ms > 0 ? (uint64_t)now_ms << COUNT_BITS : 0;
    uint64_t before = atomic_load_explicit(&last, memory_order_relaxed), tick;
    do
        tick = now > before ? now : before + 1;
    while (!atomic_compare_exchange_weak_explicit(&last, &before, tick, memory_order_relaxed, memory_order_relaxed));
    return tick;
}

void tp_uuid_v7(int64_t now_ms, char out[TP_UUID_TEXT]) {
    unsigned char bytes[UUID_BYTES];
    uint64_t tick = next_tick(now_ms);
    uint64_t ms = tick >> COUNT_BITS;
    for (int i = 5; i >= 0; i--, ms >>= 8)
        bytes[i] = (unsigned char)ms;
    bytes[6] = (unsigned char)(tick >> 8 & 0x0f);
    bytes[7] = (unsigned char)tick;
    random_bytes(bytes + 8, 8);
    write_text(bytes, 7, out);
}

void tp_uuid_v4(char out[TP_UUID_TEXT]) {
    unsigned char bytes[UUID_BYTES];
    random_bytes(bytes, sizeof bytes);
    write_text(bytes, 4, out);
}

bool tp_uuid_valid(struct tp_str text) {
    if (text.len != TP_UUID_TEXT - 1)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (dash ? c != '-' : !hex)
            return false;
    }
    return true;
}
