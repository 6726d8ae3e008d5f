/* Pages: scripts send from wherever a page was loaded, and a browser lets them only where the server says so. */
#include "daemon/api/segment.h"

#include <stdio.h>

#include "common/pattern.h"

enum { PREFLIGHT_S = 7200 }; /* as long as any browser keeps it */

bool tp_segment_is_welcome(const char *origins, struct tp_str origin) {
    struct tp_str list = tp_str(origins), one;
    bool is = false;
    while (origin.len > 0 && !is && tp_patterns_next(&list, &one))
        is = tp_str_is(one, "*") || tp_str_equal(one, origin);
    return is;
}

/* Names of headers with commas; nothing else goes back. */
static bool are_names(struct tp_str text) {
    for (size_t i = 0; i < text.len; i++) {
        char byte = tp_ascii_lower(text.at[i]);
        if (!((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || strchr("-_, ", byte)) || byte == '\0')
            return false;
    }
    return text.len > 0;
}

/* A beacon is sent with cookies whether there are any or not, so the origin is named, never "*". */
void tp_segment_write_leave(struct tp_str origin, const struct tp_str *asked, struct tp_buf *headers) {
    tp_buf_adds(headers, "Vary: Origin\r\nAccess-Control-Allow-Origin: ");
    tp_buf_addstr(headers, origin);
    tp_buf_adds(headers, "\r\nAccess-Control-Allow-Credentials: true\r\n");
    if (!asked)
        return;
    tp_buf_adds(headers, "Access-Control-Allow-Methods: GET, POST\r\nAccess-Control-Allow-Headers: ");
    tp_buf_addstr(headers, are_names(*asked) ? *asked : TP_STR("Authorization, Content-Type"));
    tp_buf_addf(headers, "\r\nAccess-Control-Max-Age: %d\r\n", PREFLIGHT_S);
}

static struct tp_str without_scheme(struct tp_str address, const char **ret_protocol) {
    size_t len = tp_str_begins(address, "https://") ? 8 : tp_str_begins(address, "http://") ? 7 : 0;
    *ret_protocol = len == 7 ? "http" : "https";
    address = (struct tp_str){address.at + len, address.len - len};
    while (address.len > 0 && address.at[address.len - 1] == '/')
        address.len--;
    return address;
}

/* It sends nothing about itself (metrics), and no list of what else it is to load: there is nothing else. */
void tp_segment_write_settings(struct tp_str write_key, struct tp_str address, struct tp_buf *json) {
    const char *protocol;
    struct tp_buf host = TP_BUF_INIT;
    tp_buf_addstr(&host, without_scheme(address, &protocol));
    tp_buf_adds(&host, "/v1");
    tp_buf_adds(json, "{\"integrations\":{\"Segment.io\":{\"apiKey\":");
    tp_json_write_string(write_key, json);
    tp_buf_adds(json, ",\"apiHost\":");
    tp_json_write_string(tp_buf_str(&host), json);
    tp_buf_addf(json, ",\"protocol\":\"%s\",\"addBundledMetadata\":false}},\"plan\":{},\"metrics\":{\"sampleRate\":0}}",
                protocol);
    json->failed = json->failed || host.failed;
    tp_buf_free(&host);
}
