/* What the tests of normalize say: send an event, and what must become of it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/error.h"
#include "daemon/normalize/normalize.h"

#define NOW_MS  INT64_C(1780315200000)
#define NOW     "2026-06-01T12:00:00.000Z"
#define ANN     "\"customer\":{\"email\":\"ann@example.com\"}"
#define ANN_OUT "\"customer\":{\"identifiers\":[{\"type\":\"email\",\"value\":\"ann@example.com\"}]}"

static const struct tp_normalize_rule rules[] = {
    {"card", "lower", "kiosk*", ""}, {"phone", "", "+41446681899", "off"}, {"desk", "lower", "page-9:*", "required"}};

static const struct tp_normalize_options options = {
    .region = "CH",
    .types = "customer_id, email,phone,x,loyalty_card,card,facebook,telegram,desk,anonymous_id",
    .blocked = "null, 0,no-reply@*",
    .rules = rules,
    .n_rules = sizeof rules / sizeof rules[0],
    .max_depth = 8,
    .max_event = 4096,
};

static struct tp_normalizer *normalizer;
static struct tp_interaction interaction;
static struct tp_refusal refusal;

static inline int open_normalizer(void **state) {
    (void)state;
    return tp_normalizer_new(&options, &normalizer);
}

static inline int close_normalizer(void **state) {
    (void)state;
    tp_normalizer_free(normalizer);
    return 0;
}

static inline int send(struct tp_normalize_input input) {
    if (input.received_ms == 0)
        input.received_ms = NOW_MS;
    if (!input.default_source.at)
        input.default_source = TP_STR("default");
    return tp_normalize(normalizer, &input, &interaction, &refusal);
}

static inline void must_take(const char *json) {
    if (send((struct tp_normalize_input){.data = tp_str(json)}) < 0)
        fail_msg("refused: %s: %s", refusal.path, refusal.message);
}

static inline void expect_text(struct tp_str text, const char *expected) {
    if (!tp_str_is(text, expected))
        fail_msg("\n%.*s is not\n%s", TP_FMT(text), expected);
}
