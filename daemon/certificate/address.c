#include "daemon/certificate/internal.h"

#include <string.h>

#include "common/pattern.h"

static size_t dots(struct tp_str text) {
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == '.';
    return n;
}

/* A * that went beyond its label would let in somebody's bucket in front of the same domain. */
static bool is_host(const char *hosts, struct tp_str host) {
    struct tp_str list = tp_str(hosts), pattern;
    while (tp_patterns_next(&list, &pattern))
        if (dots(pattern) == dots(host) && tp_pattern_matches(pattern, host))
            return true;
    return false;
}

static bool is_plain(struct tp_str text) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:";
    for (size_t i = 0; i < text.len; i++)
        if (!memchr(plain, text.at[i], sizeof plain - 1))
            return false;
    return true;
}

static bool ends_with(struct tp_str text, struct tp_str end) {
    return text.len > end.len && memcmp(text.at + text.len - end.len, end.at, end.len) == 0;
}

bool tp_certificate_may_fetch(const char *hosts, struct tp_str url) {
    struct tp_str scheme = TP_STR("https://"), path = url;
    if (url.len > TP_CERTIFICATE_URL_BYTES || !tp_str_begins(url, "https://") || !is_plain(url))
        return false;
    path.at += scheme.len;
    path.len -= scheme.len;
    struct tp_str host = tp_str_cut(&path, '/');
    return is_host(hosts, host) && ends_with(path, TP_STR(".pem"));
}
