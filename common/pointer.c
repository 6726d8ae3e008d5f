#include "common/pointer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_BYTES = 128 };

/* One reference token of a pointer, with ~1 and ~0 undone. False when it is too long. */
static bool read_token(struct tp_str text, char out[TOKEN_BYTES]) {
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (len == TOKEN_BYTES - 1)
            return false;
        bool escaped = text.at[i] == '~' && i + 1 < text.len;
        i += escaped;
        out[len++] = escaped ? (text.at[i] == '1' ? '/' : '~') : text.at[i];
    }
    out[len] = '\0';
    return true;
}

/* Digits, without a zero in front. */
static bool is_index(const char *token) {
    size_t len = strspn(token, "0123456789");
    return len > 0 && token[len] == '\0' && (len == 1 || token[0] != '0');
}

static const json_t *step(const json_t *value, const char *token) {
    if (json_is_array(value))
        return is_index(token) ? json_array_get(value, (size_t)strtoul(token, NULL, 10)) : NULL;
    return json_object_get(value, token);
}

const json_t *tp_json_at(const json_t *value, struct tp_str pointer) {
    char token[TOKEN_BYTES];
    tp_str_cut(&pointer, '/'); /* it begins with one */
    while (value && pointer.len > 0)
        value = read_token(tp_str_cut(&pointer, '/'), token) ? step(value, token) : NULL;
    return value;
}
