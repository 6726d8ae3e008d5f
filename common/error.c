#include "common/error.h"

#include <stddef.h>

static const struct {
    const char *code, *text;
    int http;
} table[] = {
#define X(name, code, http, text) {code, text, http},
    TP_ERRORS(X)
#undef X
};

static size_t row(int error) {
    int ordinal = -error - 1;
    return ordinal >= 0 && ordinal < TP_ERROR_COUNT ? (size_t)ordinal : (size_t)TP_EINTERNAL_ORDINAL;
}

const char *tp_error_code(int error) { return table[row(error)].code; }

const char *tp_error_text(int error) { return table[row(error)].text; }

int tp_error_http(int error) { return table[row(error)].http; }
