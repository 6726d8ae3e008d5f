/* Customers of the test's own, that answer as the scripts of customer/ do: what a customer lists, and where it leads.
 */
#pragma once

#include <stdio.h>

#include "daemon/customer/customer.h"
#include "tests/unit/redis/fake.h"

enum { MOST_CUSTOMERS = 128 };

static struct test_customer {
    char id[TP_UUID_TEXT], to[TP_UUID_TEXT], members[4 * TP_UUID_TEXT];
    bool pending, leaving, broken;
    long long generation, n;
    char lines[512], notes[256];
    char at[64]; /* of the one it leads to, as that was looked at */
} customers[MOST_CUSTOMERS];
static unsigned merges_now; /* that a look tells */

static struct test_customer *customer(const char *id) {
    size_t i = 0;
    while (customers[i].id[0] && strcmp(customers[i].id, id) != 0)
        assert_true(++i < MOST_CUSTOMERS);
    memmove(customers[i].id, id, strlen(id) + 1);
    return &customers[i];
}

static void customer_lists(const char *id, const char *line) {
    struct test_customer *c = customer(id);
    if (c->n++ == 0)
        strcpy(c->lines, "\n");
    assert_true(strlen(c->lines) + strlen(line) + 2 < sizeof c->lines);
    strcat(strcat(c->lines, line), "\n");
}

/* The `number`th of a call; its first key ends in "c:ID". */
static struct test_customer *customer_of(const struct fake_call *call, size_t number) {
    struct tp_str key = call->words[2 + 5 * (number - 1)];
    char id[TP_UUID_TEXT] = "";
    memcpy(id, key.at + key.len - 36, 36);
    return customer(id);
}

static struct test_customer *customer_named(const struct fake_call *call, size_t word) {
    return customer_of(call, (size_t)(unsigned char)call->words[word].at[1]);
}

static long long number_in(const struct fake_call *call, size_t word) { return atoll(call->words[word].at); }

static redisReply *look_at(const struct test_customer *c, struct tp_str member) {
    if (c->broken)
        return fake_nil();
    redisReply *reply = fake_array(8);
    bool has = member.len > 0 && memmem(c->members, strlen(c->members), member.at, member.len) != NULL;
    const char *half_way = c->pending ? "pending" : c->leaving ? "leaving" : NULL;
    reply->element[0] = fake_text(tp_str(!c->to[0] ? "root" : half_way ? half_way : "member"));
    reply->element[1] = fake_text(tp_str(c->to));
    reply->element[2] = fake_integer(c->generation);
    reply->element[3] = fake_integer(c->n);
    reply->element[4] = fake_text(tp_str(c->n ? c->lines : "\n"));
    reply->element[5] = fake_integer(merges_now);
    reply->element[6] = fake_integer(has);
    reply->element[7] = fake_text(tp_str(c->notes));
    return reply;
}

static redisReply *serve_look(const struct fake_call *call) {
    size_t first = call->n_keys + 2, n = (call->n - first) / 2;
    redisReply *reply = fake_array(n);
    for (size_t i = 0; i < n; i++)
        reply->element[i] = look_at(customer_named(call, first + 2 * i), call->words[first + 2 * i + 1]);
    return reply;
}

/* "ORIGIN LF", then "TYPE TAB VALUE LF" each. */
static void list_lines(struct test_customer *c, struct tp_str lines) {
    tp_str_cut(&lines, '\n');
    while (lines.len > 0) {
        char line[128] = "";
        struct tp_str one = tp_str_cut(&lines, '\n');
        memcpy(line, one.at, one.len);
        customer_lists(c->id, line);
    }
}

/* "CLAIMANT TAB TYPE TAB VALUE LF" of one that it lists; not when the claimant is one of its own. */
static bool take_line_back(struct test_customer *c, struct tp_str lost) {
    char claimant[TP_UUID_TEXT] = "", line[128] = "\n";
    memcpy(claimant, lost.at, 36);
    if (strcmp(claimant, c->id) == 0 || strstr(c->members, claimant))
        return false;
    memcpy(line + 1, lost.at + 37, lost.len - 37);
    char *at = strstr(c->lines, line);
    assert_non_null(at);
    memmove(at, at + strlen(line) - 1, strlen(at + strlen(line) - 1) + 1);
    c->n--;
    c->generation++;
    return true;
}

static redisReply *serve_list(const struct fake_call *call) {
    size_t first = call->n_keys + 1, n = (call->n - first) / 6;
    redisReply *reply = fake_array(n);
    for (size_t i = 0; i < n; i++) {
        size_t at = first + 6 * i;
        struct test_customer *c = customer_named(call, at);
        bool any = call->words[at + 1].len == 0;
        bool is = !c->to[0] && (any || (c->generation == number_in(call, at + 1) && c->n == number_in(call, at + 2)));
        if (is && call->words[at + 5].len > 0)
            is = take_line_back(c, call->words[at + 5]);
        else if (is)
            list_lines(c, call->words[at + 4]);
        reply->element[i] = fake_integer(is);
    }
    return reply;
}

static redisReply *told_of(const struct test_customer *c) {
    char number[24];
    snprintf(number, sizeof number, "%lld", c->generation);
    const char *told[21] = {"pending", c->to, number, c->at, "", c->members, "", "",
                            "",        "",    "",     "0",   "", "",         "", c->lines};
    redisReply *reply = fake_array(21);
    for (size_t i = 0; i < 21; i++)
        reply->element[i] = fake_text(tp_str(told[i] ? told[i] : ""));
    return reply;
}

static redisReply *serve_redirect(const struct fake_call *call) {
    struct test_customer *c = customer_of(call, 1);
    size_t at = call->n_keys + 2;
    bool again = call->words[at].len == 0;
    bool is = again ? c->pending : !c->to[0] && c->generation == number_in(call, at) && c->n == number_in(call, at + 1);
    if (!is) {
        redisReply *reply = fake_array(1);
        reply->element[0] = fake_text(tp_str(c->leaving ? "leaving" : "moved"));
        return reply;
    }
    if (!again) {
        c->generation++;
        c->pending = true;
        memcpy(c->to, call->words[at + 2].at, 36);
        snprintf(c->at, sizeof c->at, "%.*s", TP_FMT(call->words[at + 3]));
    }
    return told_of(c);
}

/* What the loser lists, its ninth told word behind `to` and so on, is the survivor's too. */
static redisReply *serve_absorb(const struct fake_call *call) {
    struct test_customer *s = customer_of(call, 1);
    size_t told = call->n_keys + 6;
    char at[64], loser[TP_UUID_TEXT] = "";
    memcpy(loser, call->words[call->n_keys + 4].at, 36);
    snprintf(at, sizeof at, "%lld %lld", s->generation, s->n);
    if (strstr(s->members, loser))
        return fake_text(TP_STR("in"));
    if (s->to[0] || !tp_str_is(call->words[told + 2], at))
        return fake_text(TP_STR("moved"));
    strcat(s->members, loser);
    list_lines(s, call->words[told + 14]);
    return fake_text(TP_STR("in"));
}

static redisReply *serve_confirm(const struct fake_call *call) {
    struct test_customer *c = customer_of(call, 1);
    bool in = tp_str_is(call->words[call->n_keys + 3], "in");
    if (c->pending && !in)
        c->to[0] = '\0';
    c->pending = false;
    return fake_integer(1);
}

static redisReply *words_of(const char *const words[], size_t n) {
    redisReply *reply = fake_array(n);
    for (size_t i = 0; i < n; i++)
        reply->element[i] = fake_text(tp_str(words[i]));
    return reply;
}

static redisReply *serve_leave(const struct fake_call *call) {
    const struct test_customer *c = customer_of(call, 1);
    return words_of((const char *const[]){c->leaving ? "leaving" : "gone", c->to, "1", "0", "", c->lines, "", ""},
                    c->leaving ? 8 : 1);
}

static redisReply *serve_give_up(const struct fake_call *call) {
    struct test_customer *s = customer_of(call, 1);
    s->members[0] = '\0'; /* it has one at most, here */
    s->generation++;
    return words_of((const char *const[]){"root", "", "0", "", "", "", ""}, 7);
}

static redisReply *serve_free(const struct fake_call *call) {
    struct test_customer *c = customer_of(call, 1);
    c->to[0] = '\0';
    c->leaving = false;
    return fake_integer(1);
}

/* NULL: it is no call of customer/. */
static redisReply *serve_customers(const struct fake_call *call) {
    static const struct {
        const struct tp_redis_script *script;
        redisReply *(*serve)(const struct fake_call *call);
    } scripts[] = {{&tp_customer_look_script, serve_look},         {&tp_customer_list_script, serve_list},
                   {&tp_customer_redirect_script, serve_redirect}, {&tp_customer_absorb_script, serve_absorb},
                   {&tp_customer_confirm_script, serve_confirm},   {&tp_customer_leave_script, serve_leave},
                   {&tp_customer_give_up_script, serve_give_up},   {&tp_customer_free_script, serve_free}};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        if (call->script == scripts[i].script)
            return scripts[i].serve(call);
    return NULL;
}
