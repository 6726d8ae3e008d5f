/* JSON: the quick reader, jansson, the writer and the splitter, each against the others.
 *
 * What has to hold: what is taken jansson takes too, and makes the same of it; what jansson takes is refused only for
 * its depth; each number keeps its text, and that text is its value; what is written is read again as the same; and an
 * array that is sound is split into exactly its elements. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/json_read.h"

enum { MAX_DEPTH = 12 };

static void check_number(struct tp_json *json, const json_t *value) {
    struct tp_str text = tp_json_number(json, value);
    char *copy = strndup(text.at, text.len), *end;
    must(copy && text.len > 0);
    if (json_is_integer(value))
        must(strtoll(copy, &end, 10) == json_integer_value(value) && !*end);
    else
        must(strtod(copy, &end) == json_real_value(value) && !*end);
    free(copy);
}

/* The same members in the same order; jansson's own json_equal knows no order. */
static void check_same(struct tp_json *json, const json_t *a, const json_t *b) {
    must(json_typeof(a) == json_typeof(b));
    if (json_is_object(a)) {
        void *left = (void *)a, *right = (void *)b;
        void *at = json_object_iter(left), *other = json_object_iter(right);
        for (; at && other; at = json_object_iter_next(left, at), other = json_object_iter_next(right, other)) {
            must(json_object_iter_key_len(at) == json_object_iter_key_len(other));
            must(memcmp(json_object_iter_key(at), json_object_iter_key(other), json_object_iter_key_len(at)) == 0);
            check_same(json, json_object_iter_value(at), json_object_iter_value(other));
        }
        must(!at && !other);
    } else if (json_is_array(a)) {
        must(json_array_size(a) == json_array_size(b));
        for (size_t i = 0; i < json_array_size(a); i++)
            check_same(json, json_array_get(a, i), json_array_get(b, i));
    } else if (json_is_number(a)) {
        must(json_equal(a, b));
        if (json)
            check_number(json, a);
    } else {
        must(json_equal(a, b));
    }
}

static void check_written(struct tp_json *json) {
    struct tp_buf out = TP_BUF_INIT, twice = TP_BUF_INIT;
    struct tp_json again;
    struct tp_json_error error;
    tp_json_write(json, json->root, &out);
    must(tp_json_parse(tp_buf_str(&out), MAX_DEPTH, &again, &error) == 0);
    check_same(&again, again.root, json->root);
    tp_json_write(&again, again.root, &twice);
    must(tp_str_equal(tp_buf_str(&out), tp_buf_str(&twice)));
    tp_json_free(&again);
    tp_buf_free(&out);
    tp_buf_free(&twice);
}

static size_t depth_of(const json_t *value) {
    size_t deepest = 0;
    const char *key;
    json_t *member;
    size_t i;
    json_object_foreach((json_t *)value, key, member) {
        size_t depth = depth_of(member);
        deepest = depth > deepest ? depth : deepest;
    }
    json_array_foreach(value, i, member) {
        size_t depth = depth_of(member);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + (json_is_object(value) || json_is_array(value));
}

/* Of a sound array, its elements; of anything, an end. */
static void check_split(struct tp_str text, const json_t *array) {
    struct tp_str rest = text, element;
    struct tp_json json;
    struct tp_json_error error;
    size_t n = 0;
    int more;
    while ((more = tp_json_split(&rest, &element)) > 0) {
        must(element.len > 0 && element.at >= text.at && element.at + element.len <= rest.at);
        must(rest.at + rest.len == text.at + text.len);
        if (array) {
            must(tp_json_parse(element, MAX_DEPTH, &json, &error) == 0);
            check_same(NULL, json.root, json_array_get(array, n));
            tp_json_free(&json);
        }
        n++;
    }
    must(!array || (more == 0 && n == json_array_size(array)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tp_str text = fuzz_text(data, size);
    struct tp_json json, quick;
    struct tp_json_error error = {""};
    json_t *root = json_loadb(size > 0 ? text.at : "", size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    int status = tp_json_parse(text, MAX_DEPTH, &json, &error);
    if (status == 0) {
        must(root && depth_of(root) <= MAX_DEPTH);
        check_same(&json, json.root, root);
        check_written(&json);
    } else {
        must(!root || memchr(text.at, 0, size) || (status == TP_ETOODEEP && depth_of(root) > MAX_DEPTH));
        must(*error.message && fuzz_is_line(tp_str(error.message)));
    }
    if (tp_json_read(text, MAX_DEPTH, &quick)) {
        must(status == 0);
        check_same(&quick, quick.root, root);
        tp_json_free(&quick);
    }
    if (size > 0 && text.at[0] == '[')
        check_split(text, status == 0 ? root : NULL);
    tp_json_free(&json);
    json_decref(root);
    return 0;
}
