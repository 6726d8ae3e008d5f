/* Around a mapping: a sender's request as the mapping gets it, and what a mapping made as normalize puts it right. The
 * input is headers a line each, an empty line, and a body; without headers the body alone, which is taken for both.
 *
 * What has to hold: what is described is one JSON object, with no number that a double cannot hold; what is taken of a
 * mapping is what a program that posts by itself could have sent, but for what was put aside. */
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "daemon/normalize/normalize.h"
#include "daemon/source/request.h"

#define TYPES "customer_id,email,phone,anonymous_id,x,facebook,instagram,whatsapp,telegram,line,slack"

enum { MAX_DEPTH = 8, MAX_EVENT = 1 << 16, MOST_DEPTH = 40 };

static struct tp_normalizer *normalizer, *strict;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    const struct tp_normalize_options options = {"GB", TYPES, "null,no*", NULL, 0, MAX_DEPTH, MAX_EVENT};
    must(tp_normalizer_new(&options, &normalizer) == 0);
    must(tp_normalizer_new(&options, &strict) == 0);
    return 0;
}

static int next_header(const void *arg, size_t *cursor, struct tp_str *ret_name, struct tp_str *ret_value) {
    const struct tp_str *head = arg;
    struct tp_str rest = {head->at + *cursor, head->len - *cursor};
    if (rest.len == 0)
        return 0;
    struct tp_str line = tp_str_cut(&rest, '\n');
    *cursor = head->len - rest.len;
    *ret_name = tp_str_cut(&line, ':');
    *ret_value = line;
    return 1;
}

static struct tp_str cut_head(struct tp_str *rest) {
    const char *end = rest->len > 1 ? memmem(rest->at, rest->len, "\n\n", 2) : NULL;
    struct tp_str head = {rest->at, end ? (size_t)(end - rest->at) : 0};
    if (end)
        *rest = (struct tp_str){end + 2, rest->len - head.len - 2};
    return head;
}

static void describe(struct tp_str head, struct tp_str body, const char *decode) {
    struct tp_buf out = TP_BUF_INIT;
    char message[160];
    struct tp_json json;
    struct tp_json_error why;
    const struct tp_source_request request = {.name = TP_STR("n"),
                                              .kind = TP_STR("k"),
                                              .region = TP_STR(""),
                                              .method = TP_STR("POST"),
                                              .path = TP_STR("/"),
                                              .query = head.len > 0 ? head : TP_STR("a=1"),
                                              .body = body,
                                              .headers = {next_header, &head},
                                              .body_sha256 = TP_STR("0"),
                                              .received_ms = 1,
                                              .decode = decode,
                                              .max_depth = MAX_DEPTH,
                                              .max_unpacked = 4096};
    if (tp_source_describe(&request, &out, message) == 0) {
        /* Names that differ in what is no UTF-8 become the same; jq takes the last. */
        int error = tp_json_parse(tp_buf_str(&out), MOST_DEPTH, &json, &why);
        must(error == 0 || error == TP_EDUPLICATE);
        must(error < 0 || json_is_object(json.root));
        for (size_t i = 0; error == 0 && i < json.n_numbers; i++)
            must(fabs(strtod(json.numbers[i].text.at, NULL)) <= 9007199254740992.0 ||
                 strpbrk(json.numbers[i].text.at, ".eE"));
        if (error == 0)
            tp_json_free(&json);
    }
    tp_buf_free(&out);
}

/* Without what only the daemon writes. */
static void strip(json_t *root) {
    json_object_del(root, "schema");
    json_object_del(root, "received_at");
    json_object_del(json_object_get(root, "customer"), "dropped");
}

static void take(struct tp_str line) {
    struct tp_interaction made, again;
    struct tp_refusal refusal;
    struct tp_json json;
    struct tp_json_error why;
    struct tp_buf sent = TP_BUF_INIT;
    struct tp_normalize_input input = {.data = line,
                                       .default_source = TP_STR("own"),
                                       .region = TP_STR("DE"),
                                       .received_ms = INT64_C(1780315200000),
                                       .mapped = true};
    if (tp_normalize(normalizer, &input, &made, &refusal) < 0)
        return;
    must(tp_json_parse(made.json, MOST_DEPTH, &json, &why) == 0);
    strip(json.root);
    tp_json_write(&json, json.root, &sent);
    input = (struct tp_normalize_input){
        .data = tp_buf_str(&sent), .default_source = TP_STR("own"), .received_ms = INT64_C(1780315200000)};
    must(tp_normalize(strict, &input, &again, &refusal) == 0);
    must(again.n_identifiers == made.n_identifiers);
    tp_json_free(&json);
    tp_buf_free(&sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tp_str body = fuzz_text(data, size), head = cut_head(&body);
    describe(head, body, "");
    describe(head, body, "/records/*/data");
    take(body);
    return 0;
}
