#include "ctl/source.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/digest.h"
#include "common/error.h"
#include "common/time.h"
#include "daemon/kind/kind.h"
#include "daemon/mapping/mapping.h"
#include "daemon/normalize/normalize.h"
#include "daemon/settings/settings.h"
#include "daemon/source/request.h"

enum { MOST_VALUES_BYTES = 64 << 20 };

struct tp_ctl_mapping {
    const struct tp_settings *settings;
    const struct tp_ctl_mapped *how;
    struct tp_kind *kind;
    struct tp_normalizer *normalizer;
    struct tp_mapping *process;
    struct tp_buf described, lines, placed;
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

static bool describe(struct tp_ctl_mapping *mapping, const struct tp_ctl_request *request) {
    char digest[TP_SHA256_HEX], message[160];
    tp_hex_of_sha256(request->body, digest);
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
    tp_buf_clear(&mapping->described);
    int error = tp_source_describe(&described, &mapping->described, message);
    if (error < 0)
        tp_ctl_say("%sit cannot be read: %s", mapping->how->where, *message ? message : tp_error_text(error));
    return error == 0;
}

static bool run(struct tp_ctl_mapping *mapping) {
    tp_buf_clear(&mapping->lines);
    int error = tp_mapping_run(mapping->process, 0, tp_buf_str(&mapping->described), &mapping->lines);
    if (error < 0)
        tp_ctl_say("%sits mapping cannot read it: %.*s", mapping->how->where, TP_FMT(tp_buf_str(&mapping->lines)));
    return error == 0;
}

/* ---- what it made ---- */

static bool has(const json_t *root, const char *name) {
    const json_t *value = json_object_get(root, name);
    return json_is_number(value) || json_string_length(value) > 0;
}

/* A time as exports have it, 2026-03-01 09:30:00, in the zone that was named: tp_ctl_mapping_open set it. */
static void place_time(struct tp_json *json) {
    const char *text = json_string_value(json_object_get(json->root, "time"));
    struct tm local = {.tm_isdst = -1};
    char utc[TP_TIME_TEXT];
    const char *rest =
        text ? strptime(text, strlen(text) > 10 && text[10] == 'T' ? "%Y-%m-%dT%H:%M" : "%Y-%m-%d %H:%M", &local)
             : NULL;
    if (rest && *rest == ':')
        rest = strptime(rest, ":%S", &local);
    if (!rest || *rest)
        return;
    tp_time_format((int64_t)mktime(&local) * 1000, utc);
    json_object_set_new(json->root, "time", json_string(utc));
}

/* Without what is of this moment: the time of receipt, and what is filled in where the sender says nothing. */
static int write_made(struct tp_str made, bool has_id, bool has_time, bool for_sending, struct tp_buf *out) {
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
    if (for_sending)
        json_object_del(json_object_get(json.root, "customer"), "dropped");
    tp_json_write(&json, json.root, out);
    tp_json_free(&json);
    return 0;
}

static int write_interaction(struct tp_ctl_mapping *mapping, struct tp_str line, size_t number, struct tp_buf *out) {
    struct tp_json sent;
    struct tp_json_error why;
    struct tp_interaction interaction;
    struct tp_refusal refusal;
    if (tp_json_parse(line, 1000, &sent, &why) < 0)
        return tp_ctl_say("interaction %zu: %s", number, why.message), TP_EJSON;
    bool has_id = has(sent.root, "id"), has_time = has(sent.root, "time");
    tp_buf_clear(&mapping->placed);
    if (mapping->how->zone && *mapping->how->zone) {
        place_time(&sent);
        tp_json_write(&sent, sent.root, &mapping->placed);
        line = tp_buf_str(&mapping->placed);
    }
    tp_json_free(&sent);
    const struct tp_normalize_input input = {.data = line,
                                             .default_source = tp_str(mapping->how->name),
                                             .region = tp_str(mapping->how->region),
                                             .received_ms = mapping->how->received_ms,
                                             .mapped = true};
    int error = tp_normalize(mapping->normalizer, &input, &interaction, &refusal);
    if (error < 0) {
        tp_ctl_say("%sinteraction %zu: %s: %s%s%s", mapping->how->where, number, tp_error_code(error), refusal.path,
                   *refusal.path ? ": " : "", refusal.message);
        fprintf(stderr, "  %.*s\n", TP_FMT(line));
        return error;
    }
    return write_made(interaction.json, has_id, has_time, mapping->how->for_sending, out);
}

static int write_all(struct tp_ctl_mapping *mapping, struct tp_buf *out) {
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

static bool start(struct tp_ctl_mapping *mapping, struct tp_buf *fault) {
    const struct tp_mapping_set set = {.programs = &mapping->kind->mapping,
                                       .n = 1,
                                       .limits = {.timeout_ms = mapping->settings->sources.mapping_timeout,
                                                  .memory = mapping->settings->sources.mapping_memory,
                                                  .max_values = mapping->settings->normalize.max_events,
                                                  .max_bytes = MOST_VALUES_BYTES}};
    if (tp_mapping_open(&set, fault, &mapping->process) == 0)
        return true;
    tp_ctl_say("its mapping is no program: %.*s", (int)(fault->len ? fault->len - 1 : 0), fault->at);
    return false;
}

static bool open_all(struct tp_ctl_mapping *mapping, struct tp_buf *fault) {
    if (tp_kind_load(mapping->settings->sources.dir, mapping->how->kind, mapping->how->mapping, fault, &mapping->kind) <
        0)
        return tp_ctl_say("%.*s", (int)(fault->len ? fault->len - 1 : 0), fault->at), false;
    if (tp_normalizer_of(mapping->settings, &mapping->normalizer) < 0)
        return tp_ctl_say("%s", tp_error_text(TP_ENOMEM)), false;
    return start(mapping, fault);
}

/* Of the whole program, which has no other use for it. */
static bool set_zone(const char *zone) {
    char path[256];
    if (!zone || !*zone)
        return true;
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
    if (strstr(zone, "..") || access(path, R_OK) != 0)
        return tp_ctl_say("--zone: %s is none; expected one such as Europe/London", zone), false;
    setenv("TZ", zone, 1);
    tzset();
    return true;
}

struct tp_ctl_mapping *tp_ctl_mapping_open(const struct tp_settings *settings, const struct tp_ctl_mapped *how) {
    struct tp_ctl_mapping *mapping = calloc(1, sizeof *mapping);
    struct tp_buf fault = TP_BUF_INIT;
    if (!mapping)
        return NULL;
    mapping->settings = settings;
    mapping->how = how;
    bool opened = set_zone(how->zone) && open_all(mapping, &fault);
    tp_buf_free(&fault);
    if (opened)
        return mapping;
    tp_ctl_mapping_close(mapping);
    return NULL;
}

int tp_ctl_map(struct tp_ctl_mapping *mapping, const struct tp_ctl_request *request, struct tp_buf *out) {
    return describe(mapping, request) && run(mapping) ? write_all(mapping, out) : EXIT_FAULT;
}

void tp_ctl_mapping_close(struct tp_ctl_mapping *mapping) {
    if (!mapping)
        return;
    tp_mapping_close(mapping->process);
    tp_kind_free(mapping->kind);
    tp_normalizer_free(mapping->normalizer);
    tp_buf_free(&mapping->described);
    tp_buf_free(&mapping->lines);
    tp_buf_free(&mapping->placed);
    free(mapping);
}
