/* Requests that senders have signed, from tests/vectors/signatures.json. */
#pragma once

#include <jansson.h>

#include "schemes.h"
#include "signed.h"

static json_t *vectors; /* of which the requests borrow */

static size_t header_at(const struct signed_request *request, const char *name) {
    size_t i = 0;
    while (i < request->n_headers && !tp_str_is(request->headers[i].name, name))
        i++;
    return i;
}

static void drop_header(struct signed_request *request, const char *name) {
    size_t i = header_at(request, name);
    assert_true(i < request->n_headers);
    request->headers[i] = request->headers[--request->n_headers];
}

static const struct tp_verify_scheme *scheme_named(const char *name) {
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strcmp(schemes[i].name, name) == 0)
            return &schemes[i].scheme;
    fail_msg("no scheme %s", name);
    return NULL;
}

static const char *text_of(const json_t *vector, const char *name) {
    return json_string_value(json_object_get(vector, name));
}

static size_t n_vectors(void) { return json_array_size(vectors); }

static struct signed_request vector_at(size_t i) {
    json_t *vector = json_array_get(vectors, i), *value;
    const char *name;
    struct signed_request request = {.name = text_of(vector, "name"),
                                     .scheme = scheme_named(text_of(vector, "scheme")),
                                     .secret = tp_str(text_of(vector, "secret")),
                                     .url = tp_str(text_of(vector, "url")),
                                     .method = tp_str(text_of(vector, "method")),
                                     .now_ms = json_integer_value(json_object_get(vector, "now")) * 1000};
    json_object_foreach(json_object_get(vector, "headers"), name, value)
        add_header(&request, name, json_string_value(value));
    request.body_len = strlen(text_of(vector, "body"));
    assert_true(request.body_len < MOST_BODY);
    memcpy(request.body, text_of(vector, "body"), request.body_len);
    return request;
}

static struct signed_request vector_named(const char *name) {
    size_t i = 0;
    while (i < n_vectors() && strcmp(text_of(json_array_get(vectors, i), "name"), name) != 0)
        i++;
    assert_true(i < n_vectors());
    return vector_at(i);
}

static int read_vectors(void **state) {
    (void)state;
    vectors = json_load_file(SOURCE_DIR "/tests/vectors/signatures.json", 0, NULL);
    return json_array_size(vectors) > 0 ? 0 : -1;
}

static int forget_vectors(void **state) {
    (void)state;
    json_decref(vectors);
    return 0;
}
