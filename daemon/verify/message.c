#include "daemon/verify/internal.h"

#include "common/error.h"

/* "{json:/signature/token}". */
static int add_json(const struct tp_verify_found *found, const char *pointer, struct tp_buf *out) {
    const struct tp_verify_place place = {TP_VERIFY_JSON, pointer};
    struct tp_buf room = TP_BUF_INIT;
    struct tp_str text;
    bool there = tp_verify_find(found->request, place, &room, &text) == TP_VERIFIED;
    if (there)
        tp_buf_addstr(out, text);
    tp_buf_free(&room);
    return there ? 0 : TP_EFORM;
}

static int add_form(const struct tp_verify_request *request, struct tp_buf *out) {
    return tp_verify_is_form(request) ? tp_verify_write_sorted_form(request->body, out) : 0;
}

static int add(const struct tp_verify_found *found, struct tp_str name, struct tp_str url, struct tp_str secret,
               struct tp_buf *out) {
    const struct {
        const char *name;
        struct tp_str text;
    } texts[] = {{"method", found->request->method}, {"url", url},      {"body", found->request->body},
                 {"timestamp", found->timestamp},    {"id", found->id}, {"secret", secret}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (tp_str_is(name, texts[i].name)) {
            tp_buf_addstr(out, texts[i].text);
            return 0;
        }
    if (tp_str_is(name, "form"))
        return add_form(found->request, out);
    char pointer[TP_VERIFY_POINTER_BYTES];
    tp_verify_pointer(name, pointer);
    return add_json(found, pointer, out);
}

int tp_verify_write_message(const struct tp_verify_found *found, struct tp_str url, struct tp_str secret,
                            struct tp_buf *out) {
    struct tp_str rest = tp_str(found->scheme->signed_text ? found->scheme->signed_text : "{body}");
    int error = 0;
    while (error == 0 && rest.len > 0) {
        tp_buf_addstr(out, tp_str_cut(&rest, '{'));
        if (rest.len > 0)
            error = add(found, tp_str_cut(&rest, '}'), url, secret, out);
    }
    return out->failed ? TP_ENOMEM : error;
}
