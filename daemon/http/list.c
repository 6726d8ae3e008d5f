/* Comma-separated lists, as in settings and in fields: taken apart from either end, each item trimmed of blanks. */
#include "daemon/http/internal.h"

static struct tp_str trimmed(struct tp_str text) {
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    return text;
}

bool tp_http_list_first(struct tp_str *list, struct tp_str *ret_item) {
    if (!list->at)
        return false;
    const char *comma = list->len > 0 ? memchr(list->at, ',', list->len) : NULL;
    size_t len = comma ? (size_t)(comma - list->at) : list->len;
    *ret_item = trimmed((struct tp_str){list->at, len});
    *list = comma ? (struct tp_str){comma + 1, list->len - len - 1} : (struct tp_str){0};
    return true;
}

bool tp_http_list_last(struct tp_str *list, struct tp_str *ret_item) {
    if (!list->at)
        return false;
    const char *comma = list->len > 0 ? memrchr(list->at, ',', list->len) : NULL;
    const char *start = comma ? comma + 1 : list->at;
    *ret_item = trimmed((struct tp_str){start, (size_t)(list->at + list->len - start)});
    *list = comma ? (struct tp_str){list->at, (size_t)(comma - list->at)} : (struct tp_str){0};
    return true;
}
