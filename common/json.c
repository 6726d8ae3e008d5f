/* Parsing. What is sound, which is almost all, a quick reader takes. The rest is judged here, in three steps: a scan of
 * the bytes measures the nesting, so that jansson never sees what is too deep, and notes where each number stands;
 * jansson parses, strictly; a walk through its tree then gives each number its text. jansson keeps members in the order
 * they had, so tree and bytes have the numbers in one order. */
#include "common/json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/json_read.h"
#include "common/json_scan.h"
#include "common/utf8.h"

#define FLAGS (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY)

/* Bytes are counted from 1, as jansson does. */
static int fail(struct tp_json_error *error, int code, const char *what, size_t byte) {
    snprintf(error->message, sizeof error->message, "%s, at byte %zu", what, byte);
    return code;
}

/* jansson's own messages quote the input; these do not. */
static int fail_as_jansson(struct tp_json_error *ret_error, const json_error_t *error) {
    static const struct {
        enum json_error_code jansson;
        int code;
        const char *what;
    } faults[] = {
        {json_error_invalid_syntax, TP_EJSON,
         "not JSON: an unexpected character, a bad escape or half a surrogate pair"},
        {json_error_premature_end_of_input, TP_EJSON, "not JSON: it ends too early"},
        {json_error_end_of_input_expected, TP_EJSON, "not JSON: something follows the value"},
        {json_error_invalid_utf8, TP_EUTF8, "not UTF-8"},
        {json_error_duplicate_key, TP_EDUPLICATE, "a member stands twice in one object"},
        {json_error_numeric_overflow, TP_ERANGE, "a number too large for a double or, without a fraction, for 64 bits"},
        {json_error_null_character, TP_EFORM, "an escaped NUL (\\u0000), which is not taken"},
        {json_error_null_byte_in_key, TP_EFORM, "an escaped NUL (\\u0000), which is not taken"},
        {json_error_stack_overflow, TP_ETOODEEP, "nested too deeply"},
        {json_error_out_of_memory, TP_ENOMEM, "out of memory"},
        {json_error_unknown, TP_ENOMEM, "out of memory"}, /* jansson's, where an allocation of its tree failed */
    };
    size_t byte = error->position > 0 ? (size_t)error->position : 0;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (json_error_code(error) == faults[i].jansson)
            return fail(ret_error, faults[i].code, faults[i].what, byte);
    return fail(ret_error, TP_EJSON, "not JSON", byte);
}

static int check_bytes(struct tp_str text, struct tp_json_error *ret_error) {
    size_t prefix = tp_utf8_prefix(text);
    if (prefix < text.len)
        return fail(ret_error, TP_EUTF8, "not UTF-8", prefix + 1);
    const char *nul = text.len ? memchr(text.at, 0, text.len) : NULL;
    if (nul)
        return fail(ret_error, TP_EJSON, "a NUL byte", (size_t)(nul - text.at) + 1);
    return 0;
}

static size_t number_len(struct tp_str text) {
    size_t len = 0;
    while (len < text.len && memchr("+-.0123456789Ee", text.at[len], 15))
        len++;
    return len;
}

static void note_number(struct tp_buf *numbers, struct tp_str text) {
    struct tp_json_number number = {.text = text};
    tp_buf_add(numbers, &number, sizeof number);
}

/* Collects struct tp_json_number, the values still missing. Of what is not JSON it may collect anything: jansson will
 * refuse that. */
static int scan(struct tp_str text, unsigned max_depth, struct tp_buf *numbers, struct tp_json_error *ret_error) {
    unsigned depth = 0;
    for (size_t i = 0, len; i < text.len; i += len) {
        char byte = text.at[i];
        len = 1;
        if (byte == '"') {
            len = tp_json_string_len(tp_json_from(text, i));
            if (len == 0)
                break; /* it never ends */
        } else if (byte == '{' || byte == '[') {
            if (++depth > max_depth)
                return fail(ret_error, TP_ETOODEEP, "nested too deeply", i + 1);
        } else if (byte == '}' || byte == ']') {
            depth -= depth > 0;
        } else if (byte == '-' || (byte >= '0' && byte <= '9')) {
            len = number_len(tp_json_from(text, i));
            note_number(numbers, (struct tp_str){text.at + i, len});
        }
    }
    return numbers->failed ? fail(ret_error, TP_ENOMEM, "out of memory", 0) : 0;
}

/* As deep as the scan allowed. The cursor counts the numbers met. */
static void match_numbers(struct tp_json *json, json_t *value) {
    if (json_is_object(value)) {
        for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at))
            match_numbers(json, json_object_iter_value(at));
    } else if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            match_numbers(json, json_array_get(value, i));
    } else if (json_is_number(value)) {
        assert(json->cursor < json->n_numbers);
        json->numbers[json->cursor++].value = value;
    }
}

static int judge(struct tp_str text, unsigned max_depth, struct tp_json *ret, struct tp_json_error *ret_error) {
    struct tp_buf numbers = TP_BUF_INIT;
    json_error_t jansson = {0};
    int error = check_bytes(text, ret_error);
    if (error)
        goto out;
    error = scan(text, max_depth, &numbers, ret_error);
    if (error)
        goto out;
    ret->root = json_loadb(text.len ? text.at : "", text.len, FLAGS, &jansson);
    if (!ret->root) {
        error = fail_as_jansson(ret_error, &jansson);
        goto out;
    }
    ret->n_numbers = numbers.len / sizeof *ret->numbers;
    ret->numbers = (struct tp_json_number *)(void *)tp_buf_take(&numbers);
    match_numbers(ret, ret->root);
    assert(ret->cursor == ret->n_numbers);
    ret->cursor = 0;
out:
    tp_buf_free(&numbers);
    return error;
}

int tp_json_parse(struct tp_str text, unsigned max_depth, struct tp_json *ret, struct tp_json_error *ret_error) {
    *ret = (struct tp_json){0};
    return tp_json_read(text, max_depth, ret) ? 0 : judge(text, max_depth, ret, ret_error);
}

void tp_json_free(struct tp_json *json) {
    if (!json)
        return;
    json_decref(json->root);
    free(json->numbers);
    *json = (struct tp_json){0};
}

/* A walk in document order finds each number where the cursor is, or right behind it; any other order goes around. */
static const struct tp_json_number *find(struct tp_json *json, const json_t *value) {
    for (size_t looked = 0; looked < json->n_numbers; looked++) {
        const struct tp_json_number *number = json->numbers + json->cursor;
        if (number->value == value)
            return number;
        json->cursor = (json->cursor + 1) % json->n_numbers;
    }
    return NULL;
}

/* The fewest digits that read back the same; 17 always do. */
static struct tp_str made_number(struct tp_json *json, const json_t *value) {
    size_t len = 0;
    for (size_t digits = 15; digits <= 17; digits++) {
        len = json_dumpb(value, json->made, sizeof json->made - 1, JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
        assert(len < sizeof json->made);
        json->made[len] = 0;
        if (json_is_integer(value) || strtod(json->made, NULL) == json_real_value(value))
            break;
    }
    return (struct tp_str){json->made, len};
}

struct tp_str tp_json_number(struct tp_json *json, const json_t *value) {
    assert(json_is_number(value));
    const struct tp_json_number *number = find(json, value);
    return number ? number->text : made_number(json, value);
}
