#include "daemon/source/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"
#include "daemon/source/internal.h"

static void write_name(const char *name, struct tp_buf *out) {
    if (out->at[out->len - 1] != '{')
        tp_buf_addc(out, ',');
    tp_buf_addc(out, '"');
    tp_buf_adds(out, name);
    tp_buf_adds(out, "\":");
}

static void write_member(const char *name, struct tp_str text, struct tp_buf *out) {
    write_name(name, out);
    tp_source_write_text(text, out);
}

static void write_front(const struct tp_source_request *request, struct tp_buf *out) {
    char time[TP_TIME_TEXT];
    tp_time_format(request->received_ms, time);
    tp_buf_adds(out, "{\"source\":{");
    write_member("name", request->name, out);
    write_member("kind", request->kind, out);
    write_member("region", request->region, out);
    tp_buf_addc(out, '}');
    write_member("received_at", tp_str(time), out);
    write_member("method", request->method, out);
    write_member("path", request->path, out);
    write_member("body_sha256", request->body_sha256, out);
}

/* ---- headers ---- */

/* What proves who sends is for the daemon alone. */
static bool is_secret(struct tp_str name) {
    static const char *const secrets[] = {"authorization", "proxy-authorization", "cookie", "x-api-key",
                                          "x-amz-firehose-access-key"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (tp_str_is(name, secrets[i]))
            return true;
    return false;
}

static int next_header(const struct tp_source_headers *headers, size_t *cursor, struct tp_source_field *ret) {
    int got;
    do
        got = headers->next ? headers->next(headers->arg, cursor, &ret->name, &ret->value) : 0;
    while (got == 1 && is_secret(ret->name));
    return got;
}

static int write_headers(const struct tp_source_request *request, struct tp_buf *out) {
    struct tp_source_fields fields = {0};
    struct tp_source_field field;
    int error = 0;
    for (size_t cursor = 0; error == 0 && next_header(&request->headers, &cursor, &field) == 1;)
        error = tp_source_add_field(&fields, field);
    write_name("headers", out);
    tp_source_write_fields(&fields, out);
    tp_source_free_fields(&fields);
    return error;
}

static struct tp_str content_type(const struct tp_source_request *request) {
    struct tp_str name, value;
    for (size_t cursor = 0;
         request->headers.next && request->headers.next(request->headers.arg, &cursor, &name, &value) == 1;)
        if (tp_str_is(name, "content-type"))
            return value;
    return (struct tp_str){0};
}

/* ---- the body ---- */

static int explain(char message[160], int error, const char *why) {
    snprintf(message, 160, "%s", why);
    return error;
}

static int write_encoded(const char *name, struct tp_str text, struct tp_buf *out, char message[160]) {
    struct tp_source_fields fields = {0};
    int error = tp_source_read_form(text, &fields);
    write_name(name, out);
    tp_source_write_fields(&fields, out);
    tp_source_free_fields(&fields);
    return error < 0 ? explain(message, error == TP_ENOMEM ? error : TP_EINVALID, "a broken percent-escape") : 0;
}

/* Lines of JSON become a list: tp_json_parse takes one value. */
static int join_lines(struct tp_str body, struct tp_buf *out, char message[160]) {
    struct tp_source_list list = {0};
    const char *why = NULL;
    int error = tp_source_split(TP_SOURCE_FRAME_GUESS, body, SIZE_MAX, &list, &why);
    for (size_t i = 0; error == 0 && i < list.n; i++) {
        if (list.n > 1)
            tp_buf_addc(out, i == 0 ? '[' : ',');
        tp_buf_addstr(out, list.at[i]);
    }
    if (list.n > 1)
        tp_buf_addc(out, ']');
    free(list.at);
    return error < 0 ? explain(message, error, why) : 0;
}

static int write_json(const struct tp_source_request *request, struct tp_str body, struct tp_buf *out,
                      char message[160]) {
    struct tp_buf joined = TP_BUF_INIT;
    int error = 0;
    if (body.at[0] == '{') {
        error = join_lines(body, &joined, message);
        body = tp_buf_str(&joined);
    }
    write_name("body", out);
    if (error == 0)
        error = tp_source_write_body(request, body, out, message);
    tp_buf_free(&joined);
    return error;
}

static bool is_form(const struct tp_source_request *request) {
    static const char form[] = "application/x-www-form-urlencoded";
    struct tp_str type = content_type(request);
    return type.len >= sizeof form - 1 && strncasecmp(type.at, form, sizeof form - 1) == 0;
}

static int write_body(const struct tp_source_request *request, struct tp_buf *out, char message[160]) {
    struct tp_str body = tp_source_bare(request->body);
    if (body.len > 0 && (body.at[0] == '{' || body.at[0] == '['))
        return write_json(request, body, out, message);
    if (is_form(request))
        return write_encoded("form", body, out, message);
    if (body.len > 0)
        write_member("text", body, out);
    return 0;
}

int tp_source_describe(const struct tp_source_request *request, struct tp_buf *out, char message[160]) {
    message[0] = '\0';
    write_front(request, out);
    int error = write_headers(request, out);
    if (error == 0)
        error = write_encoded("query", request->query, out, message);
    if (error == 0)
        error = write_body(request, out, message);
    tp_buf_addc(out, '}');
    return error == 0 && out->failed ? TP_ENOMEM : error;
}
