/* Reading the ledger, and what its records are. Whoever wrote a record, it is read as data: what is not of the form
 * that is written here is passed over. */
#include "daemon/kafka/ledger.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"
#include "daemon/kafka/internal.h"
#include "daemon/kafka/ledger_internal.h"
#include "daemon/kafka/read.h"

enum { MOST_DEPTH = 8 };

/* ---- records ---- */

static void write_time(struct tp_buf *out) {
    char now[TP_TIME_TEXT];
    tp_time_format(tp_time_now_ms(), now);
    tp_buf_addf(out, ",\"time\":\"%s\"}", now);
}

void tp_ledger_node_write(const char *node, uint64_t repair, struct tp_str position, struct tp_buf *out) {
    tp_buf_addf(out, "{\"node\":\"%s\",\"repair\":%" PRIu64 ",", node, repair);
    tp_buf_add(out, position.at + 1, position.len - 2); /* its members */
    write_time(out);
}

static void write_repair(const char *node, uint64_t number, const char *state, struct tp_buf *out) {
    tp_buf_addf(out, "{\"number\":%" PRIu64 ",\"by\":\"%s\",\"state\":\"%s\"", number, node, state);
    write_time(out);
}

struct tp_str tp_ledger_text(const json_t *root, const char *name) {
    const json_t *value = json_object_get(root, name);
    return (struct tp_str){json_string_value(value), json_string_length(value)};
}

bool tp_ledger_number(const json_t *root, const char *name, uint64_t *ret) {
    const json_t *value = json_object_get(root, name);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *ret = (uint64_t)json_integer_value(value);
    return true;
}

bool tp_ledger_uuid(const json_t *root, const char *name, char ret[TP_UUID_TEXT]) {
    struct tp_str text = tp_ledger_text(root, name);
    if (!tp_uuid_valid(text))
        return false;
    memcpy(ret, text.at, TP_UUID_TEXT);
    return true;
}

static bool read_node(struct tp_json *json, struct tp_ledger_node *ret) {
    const json_t *root = json->root, *done = json_object_get(root, "done");
    if (!tp_ledger_uuid(root, "node", ret->node) || !tp_ledger_number(root, "repair", &ret->repair) ||
        !tp_ledger_number(root, "frontier", &ret->frontier) || !json_is_array(done) ||
        tp_time_parse(tp_ledger_text(root, "time"), &ret->time_ms) < 0)
        return false;
    tp_buf_addf(&ret->position, "{\"frontier\":%" PRIu64 ",\"done\":", ret->frontier);
    tp_json_write(json, done, &ret->position);
    if (json_is_string(json_object_get(root, "life"))) {
        tp_buf_adds(&ret->position, ",\"life\":");
        tp_json_write(json, json_object_get(root, "life"), &ret->position);
    }
    tp_buf_addc(&ret->position, '}');
    return true;
}

/* ---- reading ---- */

/* A node's last word counts. */
static int note_node(struct tp_ledger *ledger, struct tp_json *json) {
    struct tp_ledger_node node = {0};
    if (!read_node(json, &node))
        return 0;
    size_t i = 0;
    while (i < ledger->n_nodes && strcmp(ledger->nodes[i].node, node.node) != 0)
        i++;
    if (i == ledger->n_nodes) {
        struct tp_ledger_node *nodes = reallocarray(ledger->nodes, i + 1, sizeof *nodes);
        if (!nodes) {
            tp_buf_free(&node.position);
            return TP_ENOMEM;
        }
        ledger->nodes = nodes;
        ledger->n_nodes++;
    } else {
        tp_buf_free(&ledger->nodes[i].position);
    }
    ledger->nodes[i] = node;
    return node.position.failed ? TP_ENOMEM : 0;
}

/* The first of the highest number has it, or who came to its end: the word `done` takes the place of its `called`. */
static void note_repair(struct tp_ledger *ledger, const json_t *root) {
    char by[TP_UUID_TEXT];
    uint64_t number;
    int64_t time_ms;
    struct tp_str state = tp_ledger_text(root, "state");
    bool done = tp_str_is(state, "done");
    if (!tp_ledger_number(root, "number", &number) || !tp_ledger_uuid(root, "by", by) ||
        (!done && !tp_str_is(state, "called")) || tp_time_parse(tp_ledger_text(root, "time"), &time_ms) < 0)
        return;
    if (number < ledger->repair || (number == ledger->repair && !done))
        return;
    ledger->repair = number;
    ledger->done = done;
    ledger->called_ms = time_ms;
    memcpy(ledger->by, by, sizeof by);
}

struct reading {
    struct tp_ledger *ledger;
    int error;
};

static bool on_message(void *arg, const struct tp_kafka_message *message) {
    struct reading *reading = arg;
    struct tp_json_error why;
    struct tp_json json;
    if (tp_json_parse(message->value, MOST_DEPTH, &json, &why) < 0)
        return true;
    if (tp_str_begins(message->key, "node "))
        reading->error = note_node(reading->ledger, &json);
    else if (tp_str_begins(message->key, "repair "))
        note_repair(reading->ledger, json.root);
    else if (tp_str_begins(message->key, "split "))
        reading->error = tp_ledger_note_split(reading->ledger, json.root);
    tp_json_free(&json);
    return reading->error == 0;
}

int tp_ledger_read(const struct tp_settings *settings, const atomic_bool *stop, struct tp_buf *fault,
                   struct tp_ledger *ret) {
    struct tp_ledger ledger = {0};
    struct reading reading = {.ledger = &ledger};
    struct tp_buf why = TP_BUF_INIT;
    const struct tp_kafka_reading topic = {.topic = settings->kafka.topic_checkpoints,
                                           .on_message = on_message,
                                           .arg = &reading,
                                           .all = true,
                                           .stop = stop};
    int error = tp_kafka_read(settings, &topic, &why);
    if (error == TP_ENOTFOUND)
        error = 0;
    else
        tp_buf_addstr(fault, tp_buf_str(&why));
    tp_buf_free(&why);
    if (!error)
        error = reading.error;
    if (error)
        tp_ledger_free(&ledger);
    else
        *ret = ledger;
    return error;
}

void tp_ledger_free(struct tp_ledger *ledger) {
    if (!ledger)
        return;
    for (size_t i = 0; i < ledger->n_nodes; i++)
        tp_buf_free(&ledger->nodes[i].position);
    for (size_t i = 0; i < ledger->n_splits; i++)
        tp_ledger_split_free(&ledger->splits[i]);
    free(ledger->nodes);
    free(ledger->splits);
    *ledger = (struct tp_ledger){0};
}

/* ---- writing ---- */

static int tell_repair(const struct tp_settings *settings, const char *node, uint64_t number, const char *state,
                       struct tp_buf *fault) {
    struct tp_buf key = TP_BUF_INIT, value = TP_BUF_INIT;
    tp_buf_addf(&key, "repair %" PRIu64 " %s", number, node);
    write_repair(node, number, state, &value);
    int error = tp_kafka_tell(settings, 0, tp_buf_str(&key), tp_buf_str(&value), fault);
    tp_buf_free(&key);
    tp_buf_free(&value);
    return error;
}

int tp_ledger_answer(const struct tp_settings *settings, const char *node, uint64_t repair, struct tp_str position,
                     struct tp_buf *fault) {
    struct tp_buf key = TP_BUF_INIT, value = TP_BUF_INIT;
    tp_buf_addf(&key, "node %s", node);
    tp_ledger_node_write(node, repair, position, &value);
    int error = tp_kafka_tell(settings, RD_KAFKA_PARTITION_UA, tp_buf_str(&key), tp_buf_str(&value), fault);
    tp_buf_free(&key);
    tp_buf_free(&value);
    return error;
}

static int read_caller(const struct tp_settings *settings, struct tp_buf *fault, uint64_t *ret_number,
                       char ret_by[TP_UUID_TEXT], bool *ret_done) {
    struct tp_ledger ledger;
    int error = tp_ledger_read(settings, NULL, fault, &ledger);
    if (error)
        return error;
    *ret_number = ledger.repair;
    *ret_done = ledger.done;
    memcpy(ret_by, ledger.by, TP_UUID_TEXT);
    tp_ledger_free(&ledger);
    return 0;
}

/* What was called already is not called again: a second record of the same key would, once the first is compacted away,
 * stand behind that of one who came later and gave up. */
int tp_ledger_call(const struct tp_settings *settings, const char *node, uint64_t number, struct tp_buf *fault,
                   bool *ret_ours) {
    char by[TP_UUID_TEXT];
    uint64_t last = 0;
    bool done = false;
    int error = read_caller(settings, fault, &last, by, &done);
    if (!error && last < number) {
        error = tell_repair(settings, node, number, "called", fault);
        if (!error)
            error = read_caller(settings, fault, &last, by, &done);
    }
    if (!error)
        *ret_ours = last == number && !done && strcmp(by, node) == 0;
    return error;
}

int tp_ledger_done(const struct tp_settings *settings, const char *node, uint64_t number, struct tp_buf *fault) {
    return tell_repair(settings, node, number, "done", fault);
}

int tp_ledger_fence(const struct tp_settings *settings, const char *node, struct tp_buf *fault) {
    return tp_kafka_fence(settings, node, fault);
}
