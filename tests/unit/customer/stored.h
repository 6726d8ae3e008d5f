/* What customer.lua stores of a customer, as Redis answers it. */
#pragma once

#include <stdio.h>

#include "common/uuid.h"
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

/* m:ID: names and values in turn. Spans are twelve bytes for each of the members, who come before. */
static inline redisReply *stored_merges(size_t n, const char *const *fields) {
    redisReply *reply = fake_array(n);
    size_t n_members = 0;
    for (size_t i = 0; i < n; i++) {
        bool spans = i % 2 == 1 && strcmp(fields[i - 1], "spans") == 0;
        if (i % 2 == 1 && strcmp(fields[i - 1], "members") == 0)
            n_members = strlen(fields[i]) / (TP_UUID_TEXT - 1);
        reply->element[i] = fake_text(spans ? (struct tp_str){fields[i], 12 * n_members} : tp_str(fields[i]));
    }
    return reply;
}

/* Of one with so many members: HMGET of what a timeline needs to know. */
static inline redisReply *stored_spans(const char *to, const char *members, struct tp_str spans) {
    redisReply *reply = fake_array(6);
    reply->element[0] = *to ? fake_text(tp_str(to)) : fake_nil();
    reply->element[1] = fake_nil();
    reply->element[2] = *to ? fake_text(TP_STR("3")) : fake_nil();
    reply->element[3] = *to ? fake_text(TP_STR("5000\twhy")) : fake_nil();
    reply->element[4] = fake_text(tp_str(members));
    reply->element[5] = fake_text(spans);
    return reply;
}

#define STORED_MERGES(...)                                                                                             \
    stored_merges(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]){__VA_ARGS__})
