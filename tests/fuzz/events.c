/* From a body to interactions: source takes it apart, normalize reads what is in it. The input is the lines of the
 * headers that matter, content-type and those of CloudEvents, an empty line, and the body; or the body alone.
 *
 * What has to hold: what is refused has a code, and a path and a message that people may read and that hold nothing of
 * what was sent; what is taken comes out of the journal's form as it went in, is valid JSON with the customer's id and
 * the context spliced in, which says what was sent, and is found again in that; and normalizing what was made of it
 * once more makes the same again. */
#include "tests/fuzz/fuzz.h"

#include <jansson.h>

#include "common/error.h"
#include "common/interaction.h"
#include "common/uuid.h"
#include "daemon/normalize/normalize.h"
#include "daemon/source/source.h"

#define TYPES    "customer_id,email,phone,anonymous_id,x,facebook,instagram,whatsapp,telegram,line,slack"
#define NOW_MS   INT64_C(1780315200000) /* 2026-06-01T12:00:00Z */
#define SHOWN    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:$[]"
#define PRIVATE  "do-not-tell" /* where a sender writes it as a value, no refusal may show it */
#define CUSTOMER TP_STR("01890a5d-ac96-774b-bcce-b302099a8057")
#define MERGED                                                                                                         \
    TP_STR("01890a5d-ac96-774b-bcce-b302099a8058"                                                                      \
           "01890a5d-ac96-774b-bcce-b302099a8059")
#define CONTEXT TP_STR("{\"sequence\":1}")

enum { MAX_EVENTS = 16, MAX_DEPTH = 8, MAX_EVENT = 2048, MORE_ROOM = 1 << 20 };

static struct tp_normalizer *first, *again; /* `again` has room for what was filled in */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    const struct tp_normalize_options options = {"GB", TYPES, "null,no*", NULL, 0, MAX_DEPTH, MAX_EVENT};
    const struct tp_normalize_options roomy = {"", TYPES, "", NULL, 0, MAX_DEPTH, MORE_ROOM};
    must(tp_normalizer_new(&options, &first) == 0);
    must(tp_normalizer_new(&roomy, &again) == 0);
    return 0;
}

/* --- headers --- */

static int next_header(const void *arg, size_t *cursor, struct tp_str *ret_name, struct tp_str *ret_value) {
    const struct tp_str *all = arg;
    struct tp_str left = {all->at + *cursor, all->len - *cursor};
    struct tp_str line = tp_str_cut(&left, '\n');
    if (all->len == 0 || *cursor == all->len)
        return 0;
    *cursor = all->len - left.len;
    *ret_name = tp_str_cut(&line, ':');
    while (line.len > 0 && line.at[0] == ' ')
        line = (struct tp_str){line.at + 1, line.len - 1};
    *ret_value = line;
    return 1;
}

static struct tp_str content_type(struct tp_str headers) {
    struct tp_str name, value;
    for (size_t cursor = 0; next_header(&headers, &cursor, &name, &value) > 0;)
        if (tp_str_is(name, "content-type"))
            return value;
    return (struct tp_str){0};
}

static struct tp_str cut_headers(struct tp_str *body) {
    const char *end = body->len > 0 ? memmem(body->at, body->len, "\n\n", 2) : NULL;
    struct tp_str headers = {body->at, end ? (size_t)(end - body->at) + 1 : 0};
    if (end)
        *body = (struct tp_str){end + 2, body->len - headers.len - 1};
    return headers;
}

/* --- what is refused --- */

static void check_refused(int error, const char *path, const char *message, bool holds_private) {
    must(error < 0 && error != TP_EINTERNAL && error != TP_ENOMEM);
    must(*message && fuzz_is_line(tp_str(message)));
    must(path[strspn(path, SHOWN)] == '\0'); /* so no address stands there, whose @ would */
    must(!holds_private || (!strstr(path, PRIVATE) && !strstr(message, PRIVATE)));
}

/* --- what is taken --- */

static bool same(struct tp_str a, struct tp_str b) { return tp_str_equal(a, b); }

static void check_same(const struct tp_interaction *made, const struct tp_interaction *read) {
    must(same(made->source, read->source) && same(made->id, read->id));
    must(same(made->channel, read->channel) && same(made->type, read->type));
    must(made->time_ms == read->time_ms && made->received_ms == read->received_ms);
    must(made->key == read->key && made->content == read->content);
    must(same(made->json, read->json) && made->customer_at == read->customer_at);
    must(made->n_identifiers == read->n_identifiers);
    for (size_t i = 0; i < made->n_identifiers; i++) {
        must(same(made->identifiers[i].type, read->identifiers[i].type));
        must(same(made->identifiers[i].value, read->identifiers[i].value));
    }
}

static void check_identifiers(const struct tp_interaction *made) {
    must(made->n_identifiers >= 1);
    for (size_t i = 0; i < made->n_identifiers; i++)
        must(made->identifiers[i].value.len > 0 && fuzz_is_line(made->identifiers[i].value));
}

static void check_packed(const struct tp_interaction *made) {
    struct tp_buf packed = TP_BUF_INIT;
    struct tp_interaction read;
    tp_interaction_pack(made, &packed);
    must(tp_interaction_unpack(tp_buf_str(&packed), &read) == 0);
    check_same(made, &read);
    tp_buf_free(&packed);
}

static bool is_string(const json_t *value, struct tp_str text) {
    return same(text, (struct tp_str){json_string_value(value), json_string_length(value)});
}

/* Each member says what it said when it was sent, but for those that are made canonical. */
static void check_sent(struct tp_str data, const json_t *forwarded) {
    json_t *sent = json_loadb(data.at, data.len, JSON_REJECT_DUPLICATES, NULL), *value;
    const char *name;
    must(sent);
    json_object_foreach(sent, name, value) {
        if (strcmp(name, "time") != 0 && strcmp(name, "customer") != 0)
            must(json_equal(value, json_object_get(forwarded, name)));
    }
    json_decref(sent);
}

/* As if some of its identifiers were new to the customer, and somebody was merged: which, the content decides. */
static struct tp_resolved resolve(const struct tp_interaction *made) {
    uint32_t known = (uint32_t)((UINT64_C(1) << made->n_identifiers) - 1);
    return (struct tp_resolved){.customer_id = CUSTOMER,
                                .created = made->content >> 32 & 1,
                                .attached = (uint32_t)made->content & known,
                                .merged = made->content >> 33 & 1 ? MERGED : TP_STR("")};
}

static void check_change(const struct tp_resolved *resolved, const json_t *customer) {
    const json_t *change = json_object_get(customer, "change"), *attached = json_object_get(change, "identifiers");
    const struct tp_str kind = tp_str(resolved->merged.len ? "merged" : resolved->created ? "created" : "attached");
    must((change != NULL) == (resolved->attached || resolved->merged.len));
    must(!change || is_string(json_object_get(change, "kind"), kind));
    must(json_array_size(json_object_get(change, "customers")) == resolved->merged.len / (TP_UUID_TEXT - 1));
    must(json_array_size(attached) == (size_t)__builtin_popcount(resolved->attached));
    size_t i, n = 0;
    const json_t *identifier;
    json_array_foreach(json_object_get(customer, "identifiers"), i, identifier) {
        if (resolved->attached >> i & 1)
            must(json_equal(identifier, json_array_get(attached, n++)));
    }
}

static void check_decomposed(const struct tp_interaction *made, const struct tp_resolved *resolved,
                             struct tp_str composed) {
    struct tp_decomposed parts;
    must(tp_interaction_decompose(composed, &parts) == 0);
    must(same(parts.resolved.customer_id, CUSTOMER) && same(parts.context, CONTEXT));
    must(parts.resolved.attached == resolved->attached);
    must(parts.resolved.created == (resolved->created && resolved->attached && !resolved->merged.len));
    must(same(parts.resolved.merged, resolved->merged));
    parts.interaction.content = made->content; /* which the text does not tell */
    check_same(made, &parts.interaction);
    tp_decomposed_free(&parts);
}

static void check_composed(struct tp_str data, const struct tp_interaction *made) {
    struct tp_buf out = TP_BUF_INIT;
    const struct tp_resolved resolved = resolve(made);
    tp_interaction_compose(made->json, made->customer_at, &resolved, CONTEXT, &out);
    json_t *root = json_loadb(out.at, out.len, JSON_REJECT_DUPLICATES, NULL);
    must(root);
    const json_t *customer = json_object_get(root, "customer");
    must(is_string(json_object_get(customer, "id"), CUSTOMER));
    must(json_array_size(json_object_get(customer, "identifiers")) == made->n_identifiers);
    must(json_array_size(json_object_get(customer, "dropped")) == made->n_blocked);
    must(is_string(json_object_get(root, "id"), made->id));
    must(is_string(json_object_get(root, "source"), made->source));
    must(json_integer_value(json_object_get(json_object_get(root, "context"), "sequence")) == 1);
    check_sent(data, root);
    check_change(&resolved, customer);
    check_decomposed(made, &resolved, tp_buf_str(&out));
    json_decref(root);
    tp_buf_free(&out);
}

/* What is forwarded, without what only the daemon may say, is what a sender could have sent. A quote within a string
 * has a backslash in front of it, so `,"` is never met in one. */
static void write_as_sent(struct tp_str json, struct tp_buf *out) {
    static const char schema[] = "\"schema\":1,", received[] = ",\"received_at\":\"2026-06-01T12:00:00.000Z\"";
    const char *at = memmem(json.at, json.len, received, strlen(received));
    must(at && strncmp(json.at + 1, schema, strlen(schema)) == 0);
    tp_buf_addc(out, '{');
    const char *begin = json.at + 1 + strlen(schema), *behind = at + strlen(received);
    tp_buf_add(out, begin, (size_t)(at - begin));
    tp_buf_add(out, behind, json.len - (size_t)(behind - json.at));
}

static void check_again(const struct tp_interaction *made) {
    struct tp_buf sent = TP_BUF_INIT;
    struct tp_interaction same_again;
    struct tp_refusal refusal;
    write_as_sent(made->json, &sent);
    const struct tp_normalize_input input = {
        .data = tp_buf_str(&sent), .default_source = TP_STR("default"), .received_ms = NOW_MS};
    must(tp_normalize(again, &input, &same_again, &refusal) == 0);
    must(same(made->json, same_again.json));
    must(made->key == same_again.key);
    tp_buf_free(&sent);
}

/* --- one request --- */

static void try_element(const struct tp_source_element *element, bool holds_private) {
    const struct tp_normalize_input input = {.data = element->data,
                                             .id = element->defaults.id,
                                             .source = element->defaults.source,
                                             .type = element->defaults.type,
                                             .time = element->defaults.time,
                                             .default_source = TP_STR("default"),
                                             .received_ms = NOW_MS};
    struct tp_interaction made;
    struct tp_refusal refusal;
    if (element->error) {
        check_refused(element->error, element->path, element->message, holds_private);
    } else if (tp_normalize(first, &input, &made, &refusal) < 0) {
        check_refused(refusal.error, refusal.path, refusal.message, holds_private);
    } else {
        check_identifiers(&made);
        check_packed(&made);
        check_composed(element->data, &made);
        if (made.n_blocked == 0) /* what was put aside stands where a sender may write nothing */
            check_again(&made);
    }
}

/* The marker as a value, or in one, and nowhere else: names of members may be shown. */
static bool holds_private(struct tp_str body) {
    const char *at = body.len > 0 ? memmem(body.at, body.len, PRIVATE, strlen(PRIVATE)) : NULL;
    if (!at)
        return false;
    size_t left = body.len - (size_t)(at - body.at) - strlen(PRIVATE);
    const char *behind = at + strlen(PRIVATE);
    return left >= 2 && behind[0] == '"' && (behind[1] == '}' || behind[1] == ',') &&
           !memmem(behind, left, PRIVATE, strlen(PRIVATE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tp_str body = fuzz_text(data, size), headers = cut_headers(&body);
    struct tp_source_reader *reader;
    struct tp_source_element element;
    const char *message = NULL;
    const char *end = body.at;
    int error = tp_source_open(content_type(headers), (struct tp_source_headers){next_header, &headers}, body,
                               MAX_EVENTS, MAX_DEPTH, &reader, &message);
    if (error) {
        check_refused(error, "", message, false);
        return 0;
    }
    size_t n = 0;
    for (; tp_source_next(reader, &element) > 0; n++) {
        must(n < MAX_EVENTS);
        must(element.raw.at >= end && element.raw.at + element.raw.len <= body.at + body.len); /* one after the other */
        end = element.raw.at + element.raw.len;
        try_element(&element, holds_private(body));
    }
    must(n >= 1);
    must(tp_source_single(reader) == (n == 1));
    tp_source_close(reader);
    return 0;
}
