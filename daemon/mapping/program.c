/* One program of jq: compiled with the prelude in front of it, run from the beginning for each input. */
#include "daemon/mapping/internal.h"

#include <jq.h>
#include <stdlib.h>
#include <string.h>

#include "prelude.jq.h"

struct tp_program {
    jq_state *jq;
    struct tp_buf *wrong; /* where faults are said while it is compiled */
};

static void say(jv message, struct tp_buf *out) {
    if (jv_get_kind(message) != JV_KIND_STRING)
        message = jv_dump_string(message, 0);
    tp_buf_add(out, jv_string_value(message), (size_t)jv_string_length_bytes(jv_copy(message)));
    jv_free(message);
}

/* Behind it jq shows the program's line, with the prelude in front. */
static jv first_line(jv message) {
    if (jv_get_kind(message) != JV_KIND_STRING)
        return message;
    const char *text = jv_string_value(message);
    jv line = jv_string_sized(text, (int)strcspn(text, "\n"));
    jv_free(message);
    return line;
}

static void on_message(void *arg, jv message) {
    struct tp_program *program = arg;
    if (!program->wrong) {
        jv_free(message);
        return;
    }
    if (program->wrong->len > 0)
        tp_buf_adds(program->wrong, "; ");
    say(first_line(message), program->wrong);
}

static bool compile(struct tp_program *program, struct tp_str text) {
    struct tp_buf whole = TP_BUF_INIT;
    tp_buf_adds(&whole, tp_prelude);
    tp_buf_addstr(&whole, text);
    tp_buf_addc(&whole, '\0');
    bool compiled = !whole.failed && jq_compile(program->jq, whole.at);
    tp_buf_free(&whole);
    return compiled;
}

struct tp_program *tp_program_new(struct tp_str text, struct tp_buf *wrong) {
    struct tp_program *program = calloc(1, sizeof *program);
    if (!program)
        return NULL;
    program->jq = jq_init();
    program->wrong = wrong;
    if (program->jq)
        jq_set_error_cb(program->jq, on_message, program);
    bool compiled = program->jq && compile(program, text);
    program->wrong = NULL;
    if (compiled)
        return program;
    tp_program_free(program);
    return NULL;
}

void tp_program_free(struct tp_program *program) {
    if (!program)
        return;
    if (program->jq)
        jq_teardown(&program->jq);
    free(program);
}

/* Whole or not at all: what came before a failure is not kept. */
static enum tp_mapping_frame end(struct tp_program *program, jv last, struct tp_buf *out) {
    bool halted = jq_halted(program->jq), failed = jv_invalid_has_msg(jv_copy(last));
    if (!halted && !failed) {
        jv_free(last);
        return TP_MAPPING_VALUES;
    }
    tp_buf_clear(out);
    if (failed)
        say(jv_invalid_get_msg(last), out);
    else
        jv_free(last);
    if (!failed)
        tp_buf_adds(out, "the program halts; a mapping ends by itself");
    return TP_MAPPING_FAILED;
}

enum tp_mapping_frame tp_program_run(struct tp_program *program, struct tp_str input, size_t max_values,
                                     size_t max_bytes, struct tp_buf *out) {
    jv value = jv_parse_sized(input.at, (int)input.len);
    size_t n = 0;
    tp_buf_clear(out);
    if (!jv_is_valid(value))
        return end(program, value, out);
    jq_start(program->jq, value, 0);
    for (value = jq_next(program->jq); jv_is_valid(value); value = jq_next(program->jq)) {
        jv text = jv_dump_string(value, 0);
        tp_buf_add(out, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
        tp_buf_addc(out, '\n');
        jv_free(text);
        if (++n > max_values || out->len > max_bytes)
            return TP_MAPPING_TOO_MUCH;
    }
    return end(program, value, out);
}
