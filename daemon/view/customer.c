/* One customer, and whose an identifier is. */
#include "daemon/view/view.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"
#include "common/uuid.h"
#include "daemon/context/context.h"
#include "daemon/identity/identity.h"
#include "daemon/timeline/timeline.h"

struct asked {
    tp_view_done *done;
    void *arg;
    char customer_id[TP_UUID_TEXT];
};

static void answer(struct asked *asked, int status, struct tp_buf *json) {
    if (status == 0 && json->failed)
        status = TP_ENOMEM;
    asked->done(asked->arg, status, status == 0 ? tp_buf_str(json) : (struct tp_str){0});
    tp_buf_free(json);
    free(asked);
}

/* ---- whose is it? ---- */

static void on_found(void *arg, int status, struct tp_str customer_id) {
    struct tp_buf json = TP_BUF_INIT;
    tp_buf_adds(&json, "{\"customers\":[");
    if (customer_id.len > 0)
        tp_buf_addf(&json, "{\"id\":\"%.*s\"}", TP_FMT(customer_id));
    tp_buf_adds(&json, "]}");
    answer(arg, status, &json);
}

int tp_view_find(const struct tp_settings *settings, struct tp_redis *redis, struct tp_identifier identifier,
                 tp_view_done *done, void *arg) {
    struct asked *asked = calloc(1, sizeof *asked);
    if (!asked)
        return TP_ENOMEM;
    *asked = (struct asked){.done = done, .arg = arg};
    int status = tp_identity_find(settings, redis, identifier, on_found, asked);
    if (status < 0)
        free(asked);
    return status;
}

/* ---- a customer ---- */

static void write_time(const char *name, int64_t ms, struct tp_buf *out) {
    char time[TP_TIME_TEXT];
    tp_time_format(ms, time);
    tp_buf_addf(out, ",\"%s\":\"%s\"", name, time);
}

/* One line: TYPE TAB VALUE TAB ms. */
static void write_identifier(struct tp_str line, struct tp_buf *out) {
    const char *value = memchr(line.at, '\t', line.len);
    const char *end = line.at + line.len;
    const char *seen = value ? memchr(value + 1, '\t', (size_t)(end - value - 1)) : NULL;
    if (!seen)
        return;
    if (out->at[out->len - 1] == '}')
        tp_buf_addc(out, ',');
    tp_buf_adds(out, "{\"type\":");
    tp_json_write_string((struct tp_str){line.at, (size_t)(value - line.at)}, out);
    tp_buf_adds(out, ",\"value\":");
    tp_json_write_string((struct tp_str){value + 1, (size_t)(seen - value - 1)}, out);
    write_time("first_seen", strtoll(seen + 1, NULL, 10), out);
    tp_buf_addc(out, '}');
}

static void write_identifiers(struct tp_str lines, struct tp_buf *out) {
    tp_buf_adds(out, ",\"identifiers\":[");
    while (lines.len > 0) {
        const char *end = memchr(lines.at, '\n', lines.len);
        size_t len = end ? (size_t)(end - lines.at) : lines.len;
        write_identifier((struct tp_str){lines.at, len}, out);
        len += end != NULL;
        lines = (struct tp_str){lines.at + len, lines.len - len};
    }
    tp_buf_addc(out, ']');
}

static void write_counts(json_t *state, struct tp_buf *out) {
    const char *name = NULL;
    json_t *value = NULL;
    tp_buf_adds(out, ",\"counts\":{");
    json_object_foreach(state, name, value) {
        if (strncmp(name, TP_STATE_COUNT, strlen(TP_STATE_COUNT)) != 0)
            continue;
        if (out->at[out->len - 1] != '{')
            tp_buf_addc(out, ',');
        tp_json_write_string(tp_str(name + strlen(TP_STATE_COUNT)), out);
        tp_buf_addf(out, ":%" JSON_INTEGER_FORMAT, json_integer_value(value));
    }
    tp_buf_addc(out, '}');
}

static void write_last(json_t *state, struct tp_buf *out) {
    static const char *const names[] = {TP_STATE_ID, TP_STATE_CHANNEL, TP_STATE_TYPE};
    tp_buf_adds(out, ",\"last\":{");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const json_t *value = json_object_get(state, names[i]);
        tp_buf_addf(out, "%s\"%s\":", i ? "," : "", names[i]);
        tp_json_write_string((struct tp_str){json_string_value(value), json_string_length(value)}, out);
    }
    write_time("time", json_integer_value(json_object_get(state, TP_STATE_TIME)), out);
    tp_buf_addc(out, '}');
}

static void on_customer(void *arg, int status, const struct tp_customer *customer) {
    struct asked *asked = arg;
    struct tp_buf json = TP_BUF_INIT;
    json_t *state = status == 0 ? json_loadb(customer->state.at, customer->state.len, 0, NULL) : NULL;
    if (status == 0 && !json_is_object(state))
        status = TP_ECORRUPT;
    if (status == 0) {
        tp_buf_addf(&json, "{\"id\":\"%s\"", asked->customer_id);
        write_identifiers(customer->identifiers, &json);
        tp_buf_addf(&json, ",\"interactions\":%" JSON_INTEGER_FORMAT,
                    json_integer_value(json_object_get(state, TP_STATE_SEQUENCE)));
        write_counts(state, &json);
        write_time("first_seen", customer->first_ms, &json);
        write_time("last_seen", customer->last_ms, &json);
        write_last(state, &json);
        tp_buf_addc(&json, '}');
    }
    json_decref(state);
    answer(asked, status, &json);
}

int tp_view_customer(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     tp_view_done *done, void *arg) {
    if (!tp_uuid_valid(customer_id))
        return TP_ENOTFOUND;
    struct asked *asked = calloc(1, sizeof *asked);
    if (!asked)
        return TP_ENOMEM;
    *asked = (struct asked){.done = done, .arg = arg};
    memcpy(asked->customer_id, customer_id.at, customer_id.len);
    int status = tp_timeline_read_customer(settings, redis, customer_id, on_customer, asked);
    if (status < 0)
        free(asked);
    return status;
}
