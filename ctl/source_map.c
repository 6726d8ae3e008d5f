#include "ctl/source.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "daemon/kind/kind.h"
#include "daemon/mapping/mapping.h"
#include "daemon/normalize/normalize.h"
#include "daemon/settings/settings.h"
#include "daemon/source/request.h"

enum { MOST_VALUES_BYTES = 64 << 20 };

struct mapping {
    const struct tp_settings *settings;
    const struct tp_ctl_mapped *how;
    struct tp_kind *kind;
    struct tp_normalizer *normalizer;
    struct tp_buf described, lines;
};

/* ---- the mapping ---- */

static int next_header(const void *arg, size_t *cursor, struct tp_str *ret_name, struct tp_str *ret_value) {
    const struct tp_ctl_request *request = arg;
    if (*cursor == request->n_headers)
        return 0;
    *ret_name = request->headers[*cursor].name;
    *ret_value = request->headers[(*cursor)++].value;
    return 1;
}

static void write_digest(struct tp_str body, char out[2 * SHA256_DIGEST_LENGTH + 1]) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)body.at, body.len, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static bool describe(struct mapping *mapping, const struct tp_ctl_request *request) {
    char digest[2 * SHA256_DIGEST_LENGTH + 1], message[160];
    write_digest(request->body, digest);
    const struct tp_source_request described = {
        .name = tp_str(mapping->how->name),
        .kind = tp_str(mapping->how->kind),
        .region = tp_str(*mapping->how->region ? mapping->how->region : mapping->settings->normalize.region),
        .method = request->method,
        .path = request->path,
        .query = request->query,
        .body = request->body,
        .headers = {next_header, request},
        .body_sha256 = tp_str(digest),
        .received_ms = mapping->how->received_ms,
        .decode = mapping->kind->decode,
        .max_depth = mapping->settings->normalize.max_depth,
        .max_unpacked = mapping->settings->http.max_unpacked,
    };
    int error = tp_source_describe(&described, &mapping->described, message);
    if (error < 0)
        tp_ctl_say("it cannot be read: %s", *message ? message : tp_error_text(error));
    return error == 0;
}

static bool run(struct mapping *mapping) {
    const struct tp_mapping_set set = {.programs = &mapping->kind->mapping,
                                       .n = 1,
                                       .limits = {.timeout_ms = mapping->settings->sources.mapping_timeout,
                                                  .memory = mapping->settings->sources.mapping_memory,
                                                  .max_values = mapping->settings->normalize.max_events,
                                                  .max_bytes = MOST_VALUES_BYTES}};
    struct tp_mapping *process = NULL;
    struct tp_buf fault = TP_BUF_INIT;
    int error = tp_mapping_open(&set, &fault, &process);
    if (error < 0)
        tp_ctl_say("its mapping is no program: %.*s", TP_FMT(tp_buf_str(&fault)));
    else if ((error = tp_mapping_run(process, 0, tp_buf_str(&mapping->described), &mapping->lines)) < 0)
        tp_ctl_say("its mapping cannot read it: %.*s", TP_FMT(tp_buf_str(&mapping->lines)));
    tp_mapping_close(process);
    tp_buf_free(&fault);
    return error == 0;
}

/* ---- what it made ---- */

static bool has(const json_t *root, const char *name) {
    const json_t *value = json_object_get(root, name);
    return json_is_number(value) || json_string_length(value) > 0;
}

/* Without what is of this moment: the time of receipt, and what is filled in where the sender says nothing. */
static int write_made(struct tp_str made, bool has_id, bool has_time, struct tp_buf *out) {
    struct tp_json json;
    struct tp_json_error why;
    int error = tp_json_parse(made, 1000, &json, &why);
    if (error < 0)
        return error;
    json_object_del(json.root, "schema");
    json_object_del(json.root, "received_at");
    if (!has_id)
        json_object_del(json.root, "id");
    if (!has_time)
        json_object_del(json.root, "time");
    tp_json_write(&json, json.root, out);
    tp_json_free(&json);
    return 0;
}

static int write_interaction(struct mapping *mapping, struct tp_str line, size_t number, struct tp_buf *out) {
    struct tp_json sent;
    struct tp_json_error why;
    struct tp_interaction interaction;
    struct tp_refusal refusal;
    const struct tp_normalize_input input = {.data = line,
                                             .default_source = tp_str(mapping->how->name),
                                             .region = tp_str(mapping->how->region),
                                             .received_ms = mapping->how->received_ms,
                                             .mapped = true};
    if (tp_json_parse(line, 1000, &sent, &why) < 0)
        return tp_ctl_say("interaction %zu: %s", number, why.message), TP_EJSON;
    bool has_id = has(sent.root, "id"), has_time = has(sent.root, "time");
    tp_json_free(&sent);
    int error = tp_normalize(mapping->normalizer, &input, &interaction, &refusal);
    if (error < 0) {
        tp_ctl_say("interaction %zu: %s: %s%s%s", number, tp_error_code(error), refusal.path, *refusal.path ? ": " : "",
                   refusal.message);
        fprintf(stderr, "  %.*s\n", TP_FMT(line));
        return error;
    }
    return write_made(interaction.json, has_id, has_time, out);
}

static int write_all(struct mapping *mapping, struct tp_buf *out) {
    struct tp_str left = tp_buf_str(&mapping->lines);
    int status = EXIT_DONE;
    tp_buf_addc(out, '[');
    for (size_t number = 1; left.len > 0; number++) {
        if (out->at[out->len - 1] == '}')
            tp_buf_addc(out, ',');
        if (write_interaction(mapping, tp_str_cut(&left, '\n'), number, out) < 0)
            status = EXIT_FAULT;
    }
    if (out->len > 0 && out->at[out->len - 1] == ',')
        out->len--;
    tp_buf_addc(out, ']');
    return out->failed ? EXIT_FAULT : status;
}

/* ---- all of it ---- */

int tp_ctl_map(const struct tp_settings *settings, const struct tp_ctl_mapped *how,
               const struct tp_ctl_request *request, struct tp_buf *out) {
    struct mapping mapping = {.settings = settings, .how = how};
    struct tp_buf fault = TP_BUF_INIT;
    int status = EXIT_FAULT;
    if (tp_kind_load(settings->sources.dir, how->kind, how->mapping, &fault, &mapping.kind) < 0)
        tp_ctl_say("%.*s", (int)(fault.len ? fault.len - 1 : 0), fault.at);
    else if (tp_normalizer_of(settings, &mapping.normalizer) < 0)
        tp_ctl_say("%s", tp_error_text(TP_ENOMEM));
    else if (describe(&mapping, request) && run(&mapping))
        status = write_all(&mapping, out);
    tp_kind_free(mapping.kind);
    tp_normalizer_free(mapping.normalizer);
    tp_buf_free(&mapping.described);
    tp_buf_free(&mapping.lines);
    tp_buf_free(&fault);
    return status;
}
