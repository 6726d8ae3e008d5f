#include "daemon/verify/internal.h"

static const char json[] = "json:";

bool tp_verify_pointer(struct tp_str name, char out[TP_VERIFY_POINTER_BYTES]) {
    size_t len = sizeof json - 1;
    if (!tp_str_begins(name, json) || name.len - len >= TP_VERIFY_POINTER_BYTES || name.len == len ||
        name.at[len] != '/')
        return false;
    memcpy(out, name.at + len, name.len - len);
    out[name.len - len] = '\0';
    return true;
}

static bool is_known(struct tp_str name) {
    static const char *const names[] = {"method", "url", "body", "timestamp", "id", "secret", "form"};
    char pointer[TP_VERIFY_POINTER_BYTES];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (tp_str_is(name, names[i]))
            return true;
    return tp_verify_pointer(name, pointer);
}

bool tp_verify_is_template(const char *text) {
    struct tp_str rest = tp_str(text);
    while (rest.len > 0) {
        struct tp_str plain = tp_str_cut(&rest, '{');
        const char *end = rest.len > 0 ? memchr(rest.at, '}', rest.len) : NULL;
        if (memchr(plain.at, '}', plain.len) || (rest.len > 0 && !end))
            return false;
        if (end && !is_known(tp_str_cut(&rest, '}')))
            return false;
    }
    return text[0] != '\0' && text[strlen(text) - 1] != '{';
}

bool tp_verify_template_has(const struct tp_verify_scheme *scheme, const char *what) {
    return strstr(scheme->signed_text ? scheme->signed_text : "{body}", what) != NULL;
}
