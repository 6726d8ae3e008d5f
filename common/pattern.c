/* One '*' is tried at a time: what matched before it never needs to be tried again, since a later one may take as
 * much. So it costs at most the product of both lengths. */
#include "common/pattern.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/error.h"

bool tp_pattern_matches(struct tp_str pattern, struct tp_str text) {
    size_t p = 0, t = 0, star = SIZE_MAX, from = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            star = p++;
            from = t;
        } else if (p < pattern.len && tp_ascii_lower(pattern.at[p]) == tp_ascii_lower(text.at[t])) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len;
}

bool tp_patterns_next(struct tp_str *list, struct tp_str *ret_pattern) {
    while (list->len > 0) {
        struct tp_str pattern = tp_str_cut(list, ',');
        for (; pattern.len > 0 && pattern.at[0] == ' '; pattern.len--)
            pattern.at++;
        while (pattern.len > 0 && pattern.at[pattern.len - 1] == ' ')
            pattern.len--;
        *ret_pattern = pattern;
        if (pattern.len > 0)
            return true;
    }
    return false;
}

int tp_patterns_read(const char *text, struct tp_patterns *ret) {
    size_t most = 1;
    for (const char *at = text; *at; at++)
        most += *at == ',';
    *ret = (struct tp_patterns){.text = strdup(text), .list = calloc(most, sizeof *ret->list)};
    if (!ret->text || !ret->list)
        return TP_ENOMEM;
    struct tp_str rest = tp_str(ret->text);
    while (tp_patterns_next(&rest, &ret->list[ret->n]))
        ret->n++;
    return 0;
}

void tp_patterns_free(struct tp_patterns *patterns) {
    free(patterns->list);
    free(patterns->text);
}

bool tp_patterns_match(const struct tp_patterns *patterns, struct tp_str text) {
    for (size_t i = 0; i < patterns->n; i++)
        if (tp_pattern_matches(patterns->list[i], text))
            return true;
    return false;
}
