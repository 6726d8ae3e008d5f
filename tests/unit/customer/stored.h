/* What customer.lua stores of a customer, as Redis answers it. */
#pragma once

#include <stdio.h>

#include "tests/unit/redis/fake.h"

#define STORED_HEAD 37
enum { STORED_ALONE, STORED_ROOT, STORED_MEMBER };

struct stored {
    unsigned role, sequence; /* below 256 */
    const char *last, *state, *identifiers, *origins;
    struct tp_str seen; /* six bytes each */
};

static inline struct tp_str stored_text(const char *text) { return tp_str(text ? text : ""); }

/* c:ID */
static inline redisReply *stored_blob(const struct stored *stored) {
    const struct tp_str parts[] = {stored_text(stored->last), stored_text(stored->state), stored->seen,
                                   stored_text(stored->identifiers), stored_text(stored->origins)};
    char bytes[1024] = {4, [6] = (char)stored->sequence, [35] = (char)stored->role, [36] = 1};
    size_t len = STORED_HEAD;
    memset(bytes + 11, 0xff, 6); /* the time of the first */
    bytes[20] = (char)parts[0].len;
    bytes[24] = (char)parts[1].len;
    bytes[26] = (char)(parts[2].len / 6);
    bytes[30] = (char)parts[3].len;
    bytes[34] = (char)parts[4].len;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; len += parts[i++].len) {
        assert_true(parts[i].len < 128 && len + parts[i].len < sizeof bytes);
        memcpy(bytes + len, parts[i].at ? parts[i].at : "", parts[i].len);
    }
    return fake_text((struct tp_str){bytes, len});
}

/* The first or the last of t:ID. */
static inline redisReply *stored_end(const char *score) {
    redisReply *reply = fake_array(2);
    reply->element[0] = fake_text(TP_STR("an entry"));
    reply->element[1] = fake_text(tp_str(score));
    return reply;
}

/* m:ID: names and values in turn. */
static inline redisReply *stored_merges(size_t n, const char *const *fields) {
    redisReply *reply = fake_array(n);
    for (size_t i = 0; i < n; i++)
        reply->element[i] = fake_text(tp_str(fields[i]));
    return reply;
}

#define STORED_MERGES(...)                                                                                             \
    stored_merges(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]){__VA_ARGS__})
