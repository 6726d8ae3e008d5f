#include "ctl/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 64 << 20, STEP = 65536 };

static bool read_all(FILE *stream, struct tp_buf *out) {
    for (;;) {
        char *room = tp_buf_room(out, STEP);
        size_t n = room ? fread(room, 1, STEP, stream) : 0;
        out->len += n;
        if (n < STEP || out->len > MOST_BYTES)
            return room && !ferror(stream);
    }
}

static bool slurp(const char *file, struct tp_buf *out) {
    bool standard = strcmp(file, "-") == 0;
    FILE *stream = standard ? stdin : fopen(file, "re");
    if (!stream) {
        tp_ctl_say("%s: %s", file, strerror(errno));
        return false;
    }
    bool whole = read_all(stream, out);
    if (!standard)
        fclose(stream);
    if (!whole || out->len > MOST_BYTES)
        tp_ctl_say("%s: %s", file, whole ? "larger than 64 MiB" : "cannot be read");
    return whole && out->len <= MOST_BYTES;
}

/* Without the CR that may stand in front of its end. */
static struct tp_str next_line(struct tp_str *rest) {
    struct tp_str line = tp_str_cut(rest, '\n');
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

static struct tp_str trim(struct tp_str text) {
    while (text.len > 0 && text.at[0] == ' ')
        text = (struct tp_str){text.at + 1, text.len - 1};
    return text;
}

static void lower(struct tp_str name) {
    for (size_t i = 0; i < name.len; i++)
        ((char *)(uintptr_t)name.at)[i] = tp_ascii_lower(name.at[i]);
}

static bool is_request_line(struct tp_str line) {
    static const char end[] = " HTTP/1.1";
    size_t len = sizeof end - 1;
    return line.len > len && memcmp(line.at + line.len - len, end, len) == 0;
}

static void read_head(struct tp_str *rest, struct tp_ctl_request *ret) {
    struct tp_str line = next_line(rest);
    ret->method = tp_str_cut(&line, ' ');
    struct tp_str target = tp_str_cut(&line, ' ');
    ret->path = tp_str_cut(&target, '?');
    ret->query = target;
    for (line = next_line(rest); line.len > 0; line = next_line(rest)) {
        struct tp_str name = tp_str_cut(&line, ':');
        if (ret->n_headers == TP_CTL_MOST_HEADERS)
            continue;
        lower(name);
        ret->headers[ret->n_headers].name = name;
        ret->headers[ret->n_headers++].value = trim(line);
    }
}

/* What is no JSON is taken for a form, as most that is posted is one of both. */
static void guess_head(struct tp_str body, struct tp_ctl_request *ret) {
    ret->method = TP_STR("POST");
    ret->path = TP_STR("/");
    if (body.len > 0 && body.at[0] != '{' && body.at[0] != '[') {
        ret->headers[0].name = TP_STR("content-type");
        ret->headers[0].value = TP_STR("application/x-www-form-urlencoded");
        ret->n_headers = 1;
    }
}

bool tp_ctl_read_request(const char *file, struct tp_ctl_request *ret) {
    if (!slurp(file, &ret->bytes))
        return false;
    struct tp_str rest = tp_buf_str(&ret->bytes), ahead = rest;
    if (is_request_line(next_line(&ahead)))
        read_head(&rest, ret);
    else
        guess_head(rest, ret);
    if (rest.len > 0 && rest.at[rest.len - 1] == '\n')
        rest.len--;
    ret->body = rest;
    return true;
}

void tp_ctl_request_free(struct tp_ctl_request *request) { tp_buf_free(&request->bytes); }
