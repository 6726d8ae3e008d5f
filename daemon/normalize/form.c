/* What strings look like. All of them are UTF-8 already, so a character is a byte that continues no other. */
#include "daemon/normalize/internal.h"

static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_word(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_'; }

size_t tp_form_characters(struct tp_str text) {
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    return n;
}

/* No character up to `low`, nor from U+007F to U+0080 + `high`: U+0080 to U+00BF are the byte C2 and one more. */
static bool is_free_of(struct tp_str text, unsigned char low, unsigned char high) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte <= low || byte == 0x7f)
            return false;
        if (byte == 0xc2 && (unsigned char)text.at[i + 1] <= 0x80 + high)
            return false;
    }
    return true;
}

/* Neither C0 nor C1 controls, nor DEL. */
bool tp_form_is_line(struct tp_str text) { return is_free_of(text, 0x1f, 0x1f); }

/* Nor a blank, nor one that does not break. CloudEvents names its sources by URI references, so all else may stand. */
bool tp_form_is_source(struct tp_str text) { return is_free_of(text, 0x20, 0x20); }

/* ^[a-z][a-z0-9_]*$ */
bool tp_form_is_channel(struct tp_str text) {
    if (text.len == 0 || !is_lower(text.at[0]))
        return false;
    for (size_t i = 1; i < text.len; i++)
        if (!is_lower(text.at[i]) && !is_digit(text.at[i]) && text.at[i] != '_')
            return false;
    return true;
}

/* ^[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*$ */
bool tp_form_is_type(struct tp_str text) {
    bool in_word = false;
    for (size_t i = 0; i < text.len; i++) {
        bool joins = text.at[i] == '.' || text.at[i] == '-';
        if (joins ? !in_word : !is_word(text.at[i]))
            return false;
        in_word = !joins;
    }
    return in_word;
}

/* ^[A-Za-z0-9._-]+$ */
bool tp_form_is_scope(struct tp_str text) {
    for (size_t i = 0; i < text.len; i++)
        if (!is_word(text.at[i]) && text.at[i] != '.' && text.at[i] != '-')
            return false;
    return text.len > 0;
}

bool tp_form_is_one_of(const char *words, struct tp_str text) {
    for (const char *end; *words; words = *end ? end + 2 : end) {
        end = words + strcspn(words, ",");
        if (tp_str_equal(text, (struct tp_str){words, (size_t)(end - words)}))
            return true;
    }
    return false;
}
