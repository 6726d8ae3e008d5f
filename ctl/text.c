/* Text that is fit for a terminal: harmless, of known width; and numbers as people say them.
 *
 * Width is the C library's wcwidth in C.UTF-8, whatever the user's locale is. Terminals disagree about what follows an
 * emoji to change it (joiners, skin tones, variation selectors): some draw one picture and some several. These are left
 * out, so that what remains has the same width everywhere. */
#include "ctl/internal.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <wchar.h>

#include "common/utf8.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* ---- characters ---- */

/* The first character of `text`, which is UTF-8 and not empty. */
static uint32_t decode(struct tp_str text, size_t *ret_len) {
    const unsigned char *at = (const unsigned char *)text.at;
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    uint32_t point = len == 1 ? at[0] : at[0] & (0xFFU >> (len + 1));
    for (size_t i = 1; i < len; i++)
        point = point << 6 | (at[i] & 0x3FU);
    *ret_len = len;
    return point;
}

static size_t columns_of(uint32_t point) {
    static locale_t locale;
    if (point >= 0x20 && point < 0x7F)
        return 1;
    if (!locale)
        locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = uselocale(locale);
    int columns = wcwidth((wchar_t)point);
    uselocale(before);
    return columns < 0 ? 1 : (size_t)columns;
}

static bool is_control(uint32_t point) { return point < 0x20 || (point >= 0x7F && point < 0xA0); }

static bool is_line_break(uint32_t point) {
    return point == '\n' || point == '\r' || point == 0x2028 || point == 0x2029;
}

/* Marks, embeddings, overrides and isolates of the bidirectional algorithm. */
static bool turns_direction(uint32_t point) {
    return point == 0x061C || point == 0x200E || point == 0x200F || (point >= 0x202A && point <= 0x202E) ||
           (point >= 0x2066 && point <= 0x2069);
}

/* Behind a wide character: a joiner or a skin tone; behind any: a variation selector. */
static bool changes_emoji(uint32_t point, size_t columns_before) {
    bool joins = point == 0x200D || (point >= 0x1F3FB && point <= 0x1F3FF);
    return point == 0xFE0E || point == 0xFE0F || (joins && columns_before == 2);
}

static struct tp_str behind(struct tp_str text, size_t len) { return (struct tp_str){text.at + len, text.len - len}; }

static void clean_valid(struct tp_str text, struct tp_buf *out) {
    size_t columns_before = 0;
    for (size_t len; text.len > 0; text = behind(text, len)) {
        uint32_t point = decode(text, &len);
        if (changes_emoji(point, columns_before))
            continue;
        if (is_line_break(point) || point == '\t')
            tp_buf_addc(out, ' ');
        else if (is_control(point) || turns_direction(point))
            tp_buf_adds(out, REPLACEMENT);
        else
            tp_buf_add(out, text.at, len);
        columns_before = columns_of(point);
    }
}

void tp_ctl_clean(struct tp_str text, struct tp_buf *out) {
    while (text.len > 0) {
        size_t valid = tp_utf8_prefix(text);
        clean_valid((struct tp_str){text.at, valid}, out);
        text = behind(text, valid);
        if (text.len > 0) {
            tp_buf_adds(out, REPLACEMENT);
            text = behind(text, 1);
        }
    }
}

void tp_ctl_print(struct tp_str text, FILE *out) {
    struct tp_buf clean = TP_BUF_INIT;
    tp_ctl_clean(text, &clean);
    tp_ctl_write(&clean, out);
    tp_buf_free(&clean);
}

size_t tp_ctl_columns(struct tp_str text) {
    size_t columns = 0;
    for (size_t len; text.len > 0; text = behind(text, len))
        columns += columns_of(decode(text, &len));
    return columns;
}

size_t tp_ctl_fitting(struct tp_str text, size_t columns) {
    size_t taken = 0, bytes = 0;
    while (bytes < text.len) {
        size_t len;
        taken += columns_of(decode(behind(text, bytes), &len));
        if (taken > columns)
            break;
        bytes += len;
    }
    return bytes;
}

/* ---- numbers ---- */

void tp_ctl_add_count(struct tp_buf *out, uint64_t count) {
    if (count >= 1000) {
        tp_ctl_add_count(out, count / 1000);
        tp_buf_addf(out, ",%03u", (unsigned)(count % 1000));
    } else {
        tp_buf_addf(out, "%u", (unsigned)count);
    }
}

void tp_ctl_add_bytes(struct tp_buf *out, uint64_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    double value = (double)bytes;
    for (; value >= 1024 && unit < sizeof units / sizeof units[0] - 1; unit++)
        value /= 1024;
    tp_buf_addf(out, unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

void tp_ctl_add_gap(struct tp_buf *out, double seconds) {
    uint64_t whole = (uint64_t)fabs(round(seconds));
    unsigned minutes = (unsigned)(whole / 60 % 60), hours = (unsigned)(whole / 3600 % 24);
    tp_buf_adds(out, seconds <= -0.5 ? "-" : "");
    if (whole < 60)
        tp_buf_addf(out, "%" PRIu64 " s", whole);
    else if (whole < 3600)
        tp_buf_addf(out, "%u min", minutes);
    else if (whole < 86400)
        tp_buf_addf(out, "%u h %02u min", hours, minutes);
    else
        tp_buf_addf(out, "%" PRIu64 " d %u h", whole / 86400, hours);
}

void tp_ctl_add_latency(struct tp_buf *out, double seconds) {
    double ms = seconds * 1000;
    if (ms < 10)
        tp_buf_addf(out, "%.2f ms", ms);
    else if (ms < 1000)
        tp_buf_addf(out, "%.0f ms", ms);
    else
        tp_buf_addf(out, "%.1f s", seconds);
}
