/* What the tests of sources say: receive a body, and what it must give. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/error.h"
#include "daemon/source/source.h"

enum { MAX_EVENTS = 4, MAX_DEPTH = 4 };

struct header {
    const char *name, *value;
};

static inline int next_header(const void *arg, size_t *cursor, struct tp_str *ret_name, struct tp_str *ret_value) {
    const struct header *header = (const struct header *)arg + *cursor;
    if (!header->name)
        return 0;
    *ret_name = tp_str(header->name);
    *ret_value = tp_str(header->value);
    ++*cursor;
    return 1;
}

static struct tp_source_reader *reader;
static struct tp_source_element element;

static inline int receive_with(const char *type, const struct header *headers, struct tp_str body) {
    const char *message = NULL;
    tp_source_close(reader);
    reader = NULL;
    int error = tp_source_open(tp_str(type), (struct tp_source_headers){headers ? next_header : NULL, headers}, body,
                               MAX_EVENTS, MAX_DEPTH, &reader, &message);
    if (error)
        assert_true(message && *message);
    return error;
}

static inline int receive(const char *type, const char *body) { return receive_with(type, NULL, tp_str(body)); }

static inline void expect_text(struct tp_str text, const char *expected) {
    if (!tp_str_is(text, expected))
        fail_msg("\"%.*s\" is not \"%s\"", TP_FMT(text), expected);
}

static inline void must_give(const char *data) {
    assert_int_equal(tp_source_next(reader, &element), 1);
    assert_string_equal(element.message, "");
    assert_int_equal(element.error, 0);
    expect_text(element.data, data);
}

static inline void must_refuse(int error, const char *path) {
    assert_int_equal(tp_source_next(reader, &element), 1);
    assert_int_equal(element.error, error);
    assert_string_equal(element.path, path);
    assert_true(element.message[0]);
}

static inline void must_end(void) {
    assert_int_equal(tp_source_next(reader, &element), 0);
    assert_int_equal(tp_source_next(reader, &element), 0);
}

static inline int leave(void **state) {
    (void)state;
    tp_source_close(reader);
    reader = NULL;
    return 0;
}
