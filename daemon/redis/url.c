#include "daemon/redis/url.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

static bool copy(char *to, size_t cap, const char *from, size_t len) {
    if (len >= cap)
        return false;
    memcpy(to, from, len);
    to[len] = '\0';
    return true;
}

static bool number(const char *text, long max, int *ret) {
    char *end = NULL;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 0 || value > max)
        return false;
    *ret = (int)value;
    return true;
}

/* HOST, HOST:PORT, [ADDRESS], [ADDRESS]:PORT. */
static bool host_and_port(const char *text, struct tp_redis_url *url) {
    const char *port = NULL;
    size_t len = 0;
    if (text[0] == '[') {
        const char *end = strchr(text, ']');
        if (!end || (end[1] != '\0' && end[1] != ':'))
            return false;
        text++;
        len = (size_t)(end - text);
        port = end[1] == ':' ? end + 2 : NULL;
    } else {
        len = strcspn(text, ":");
        port = text[len] == ':' ? text + len + 1 : NULL;
    }
    if (len == 0 || !copy(url->host, sizeof url->host, text, len))
        return false;
    return !port || number(port, 65535, &url->port);
}

int tp_redis_url_parse(const char *text, struct tp_redis_url *ret) {
    struct tp_redis_url url = {.port = 6379};
    if (strncmp(text, "unix://", 7) == 0) {
        url.is_unix = 1;
        if (text[7] != '/' || !copy(url.host, sizeof url.host, text + 7, strlen(text + 7)))
            return TP_EINVALID;
        *ret = url;
        return 0;
    }
    if (strncmp(text, "redis://", 8) != 0)
        return TP_EINVALID;
    text += 8;
    const char *at = strchr(text, '@');
    if (at) {
        if (!copy(url.user, sizeof url.user, text, (size_t)(at - text)))
            return TP_EINVALID;
        text = at + 1;
    }
    char place[TP_REDIS_HOST + 16];
    size_t len = strcspn(text, "/");
    if (!copy(place, sizeof place, text, len) || !host_and_port(place, &url))
        return TP_EINVALID;
    if (text[len] == '/' && text[len + 1] != '\0' && !number(text + len + 1, 1023, &url.db))
        return TP_EINVALID;
    *ret = url;
    return 0;
}
