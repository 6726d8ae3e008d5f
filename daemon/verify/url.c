/* Some senders sign the URL with a port that they have added or left out (Twilio's helper libraries try both). */
#include "daemon/verify/internal.h"

struct parts {
    struct tp_str front, port, rest; /* "https://host", "443", "/path?query" */
    bool is_https;
};

static struct parts split(struct tp_str url) {
    struct parts parts = {.front = url};
    size_t at = 0, end = 0;
    parts.is_https = tp_str_begins(url, "https:");
    while (at + 3 <= url.len && memcmp(url.at + at, "://", 3) != 0)
        at++;
    at = at + 3 <= url.len ? at + 3 : 0;
    for (end = at; end < url.len && !strchr("/?#", url.at[end]);)
        end++;
    size_t colon = end;
    while (colon > at && url.at[colon - 1] >= '0' && url.at[colon - 1] <= '9')
        colon--;
    bool has_port = colon > at && colon < end && url.at[colon - 1] == ':';
    parts.front = (struct tp_str){url.at, has_port ? colon - 1 : end};
    if (has_port)
        parts.port = (struct tp_str){url.at + colon, end - colon};
    parts.rest = (struct tp_str){url.at + end, url.len - end};
    return parts;
}

static struct tp_str join(const struct parts *parts, struct tp_str port, struct tp_buf *room) {
    size_t start = room->len;
    tp_buf_addstr(room, parts->front);
    if (port.len > 0)
        tp_buf_addc(room, ':');
    tp_buf_addstr(room, port);
    tp_buf_addstr(room, parts->rest);
    return (struct tp_str){room->at + start, room->len - start};
}

size_t tp_verify_urls(const struct tp_verify_found *found, struct tp_buf *room,
                      struct tp_str ret[TP_VERIFY_MOST_URLS]) {
    struct tp_str url = found->request->url;
    ret[0] = url;
    if (found->scheme->url == TP_VERIFY_URL_AS_IT_IS || !tp_buf_room(room, 2 * (url.len + 8))) /* so that it stays */
        return 1;
    struct parts parts = split(url);
    ret[1] = join(&parts, (struct tp_str){0}, room);
    ret[2] = join(&parts, parts.is_https ? TP_STR("443") : TP_STR("80"), room);
    return 3;
}
