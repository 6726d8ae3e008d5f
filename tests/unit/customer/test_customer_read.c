/* A customer read from what the scripts stored; Redis is the test's own. */
#include "daemon/customer/customer.h"

#include "tests/unit/customer/stored.h"

#define ID    "0190a000-0000-7000-8000-00000000000a"
#define OTHER "0190a000-0000-7000-8000-00000000000b"
#define THIRD "0190a000-0000-7000-8000-00000000000c"
#define WHY   "1000\tshop\t\"e-1\"\temail\tann@example.com\tx\t7"

static const struct tp_settings settings = {.redis = {.prefix = (char[]){"tp:"}, .lanes = 4, .buckets = 4}};

static int read_status;
static struct tp_customer customer; /* its strings are gone: each test has its own look */
static void (*look)(const struct tp_customer *customer);

static void on_read(void *arg, int status, const struct tp_customer *found) {
    assert_null(arg);
    read_status = status;
    assert_true((status == 0) == (found != NULL));
    if (found) {
        customer = *found;
        if (look)
            look(found);
    }
}

static const struct stored alone = {.sequence = 12,
                                    .last = "\nlast\t5\tsms\tt\t\"e\"",
                                    .state = "\nin.sms\t2",
                                    .seen = {"\0\0\0\0\3\xe8", 6},
                                    .identifiers = "\nx\t7\n",
                                    .origins = "shop\t\"e-1\"\n"};

static struct stored of_role(unsigned role) {
    struct stored stored = alone;
    stored.role = role;
    return stored;
}

static void answer(redisReply *blob, redisReply *merges) {
    fake_answer(fake_hear(), 0, blob);
    fake_answer(fake_hear(), 0, stored_end("3"));
    fake_answer(fake_hear(), 0, stored_end("1767268800001"));
    fake_answer(fake_hear(), 0, merges);
    assert_null(fake_hear());
}

static void read_it(redisReply *blob, redisReply *merges) {
    read_status = 1;
    assert_int_equal(tp_customer_read(&settings, NULL, TP_STR(ID), on_read, NULL), 0);
    answer(blob, merges);
}

static void read_as(unsigned role, redisReply *merges) {
    const struct stored stored = of_role(role);
    read_it(stored_blob(&stored), merges);
}

static int set_up(void **state) {
    (void)state;
    look = NULL;
    fake_away = false;
    return 0;
}

/* ---- the questions ---- */

static void assert_asked(struct fake_call *call, const char *command, const char *kind) {
    assert_true(tp_str_is(call->words[0], command));
    struct tp_str key = call->words[1];
    assert_true(key.len > sizeof ID + 1 && memcmp(key.at + key.len - (sizeof ID + 1), kind, 2) == 0);
    assert_memory_equal(key.at + key.len - (sizeof ID - 1), ID, sizeof ID - 1);
}

static void all_is_asked_at_once(void **state) {
    (void)state;
    static const char *const asked[][2] = {{"GET", "c:"}, {"ZRANGE", "t:"}, {"ZRANGE", "t:"}, {"HGETALL", "m:"}};
    assert_int_equal(tp_customer_read(&settings, NULL, TP_STR(ID), on_read, NULL), 0);
    struct fake_call *calls[4];
    for (size_t i = 0; i < 4; i++) {
        calls[i] = fake_hear();
        assert_asked(calls[i], asked[i][0], asked[i][1]);
    }
    assert_null(fake_hear());
    for (size_t i = 0; i < 4; i++)
        fake_answer(calls[i], 0, fake_nil());
    assert_int_equal(read_status, TP_ENOTFOUND);
}

/* Any of them may be the one that fails; the others are waited for. */
static void a_failure_is_told_once(void **state) {
    (void)state;
    for (int failing = 0; failing < 4; failing++) {
        read_status = 1;
        assert_int_equal(tp_customer_read(&settings, NULL, TP_STR(ID), on_read, NULL), 0);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(read_status, 1);
            redisReply *reply = i == 0 ? stored_blob(&alone) : fake_array(0);
            if (i != failing) {
                fake_answer(fake_hear(), 0, reply);
                continue;
            }
            fake_free(reply);
            fake_answer(fake_hear(), TP_EUNAVAILABLE, NULL);
        }
        assert_int_equal(read_status, TP_EUNAVAILABLE);
    }
    fake_away = true;
    assert_int_equal(tp_customer_read(&settings, NULL, TP_STR(ID), on_read, NULL), 0);
    assert_int_equal(read_status, TP_EUNAVAILABLE);
}

/* ---- the answers ---- */

static void look_at_all(const struct tp_customer *found) {
    struct tp_mapping rest = found->mapping;
    struct tp_attachment attachment = {0};
    assert_true(tp_str_is(found->state, "\nlast\t5\tsms\tt\t\"e\"\nin.sms\t2"));
    assert_true(tp_mapping_next(&rest, &attachment));
    assert_true(tp_str_is(attachment.identifier.value, "7"));
    assert_int_equal(rest.n, 0);
}

static void look_at_traits(const struct tp_customer *found) {
    assert_true(found->is_known);
    assert_true(tp_str_is(found->traits, "name\t5\t" ID "\t1\n"));
}

static void what_was_said_is_read_of_whoever_is_not_merged(void **state) {
    (void)state;
    look = look_at_traits;
    read_as(STORED_ALONE, STORED_MERGES("traits", "name\t5\t" ID "\t1\n"));
    assert_int_equal(read_status, 0);
    read_as(STORED_ROOT, STORED_MERGES("generation", "1", "traits", "name\t5\t" ID "\t1\n"));
    assert_int_equal(read_status, 0);
}

static void one_alone_is_read(void **state) {
    (void)state;
    look = look_at_all;
    read_as(STORED_ALONE, fake_array(0));
    assert_int_equal(read_status, 0);
    assert_int_equal(customer.sequence, 12);
    assert_int_equal(customer.first_ms, 3);
    assert_int_equal(customer.last_ms, 1767268800001);
    assert_int_equal(customer.to.len + customer.n_members, 0);
}

/* A merge came between the answers: it is as it was. */
static void one_alone_is_alone_whatever_comes_meanwhile(void **state) {
    (void)state;
    read_as(STORED_ALONE, STORED_MERGES("to", OTHER, "row " OTHER, "damaged"));
    assert_int_equal(read_status, 0);
    assert_int_equal(customer.to.len + customer.n_members, 0);
}

/* Of one without entries, and of one from 5 ms on. */
#define SPANS                                                                                                          \
    "\0\0\0\0\0\0\0\0\0\0\0\0"                                                                                         \
    "\0\0\0\0\0\x05"                                                                                                   \
    "\x01\x9b\x79\x6d\xd6\0"

static void look_at_members(const struct tp_customer *found) {
    assert_int_equal(found->n_members, 2);
    assert_true(tp_str_is(found->members[0].id, OTHER) && tp_str_is(found->members[0].into, ID));
    assert_true(tp_str_is(found->members[1].id, THIRD) && tp_str_is(found->members[1].into, OTHER));
    assert_int_equal(found->members[0].first_ms, 5);
    assert_int_equal(found->members[0].last_ms, 1767268800000);
    assert_int_equal(found->members[1].first_ms + found->members[1].last_ms, 0);
    assert_true(tp_str_is(found->members[0].evidence, WHY));
}

static void a_root_has_its_members_by_id(void **state) {
    (void)state;
    look = look_at_members;
    read_as(STORED_ROOT, STORED_MERGES("generation", "3", "row " THIRD, OTHER "\t1\t" WHY, "members", THIRD OTHER,
                                       "spans", SPANS, "row " OTHER, ID "\t2\t" WHY));
    assert_int_equal(read_status, 0);
    assert_int_equal(customer.to.len, 0);
}

static void look_at_to(const struct tp_customer *found) {
    assert_true(tp_str_is(found->to, OTHER));
    assert_int_equal(found->merge, 3);
    assert_int_equal(found->merged_ms, 5000);
}

static void a_member_says_whom_it_leads_to(void **state) {
    (void)state;
    look = look_at_to;
    read_as(STORED_MEMBER, STORED_MERGES("generation", "3", "to", OTHER, "merge", "3", "evidence", "5000\twhy"));
    assert_int_equal(read_status, 0);
}

static void look_at_nobody(const struct tp_customer *found) { assert_int_equal(found->to.len, 0); }

/* Whom it leads to may not list it yet, or not any more. */
static void one_that_is_half_way_is_read_as_it_is(void **state) {
    (void)state;
    look = look_at_nobody;
    read_as(STORED_MEMBER, STORED_MERGES("generation", "3", "to", OTHER, "phase", "pending"));
    assert_int_equal(read_status, 0);
    read_as(STORED_MEMBER, STORED_MERGES("generation", "3", "to", OTHER, "phase", "leaving"));
    assert_int_equal(read_status, 0);
}

/* ---- what a timeline needs ---- */

static void look_at_spans(const struct tp_customer *found) {
    assert_int_equal(found->n_members, 2);
    assert_true(tp_str_is(found->members[0].id, OTHER) && tp_str_is(found->members[1].id, THIRD));
    assert_int_equal(found->members[0].last_ms, 1767268800000);
    assert_int_equal(found->state.len + found->mapping.n + found->members[0].evidence.len, 0);
}

/* Of c:ID the head is asked for alone, and of m:ID no row. */
static void read_spans(unsigned role, redisReply *merges) {
    const struct stored stored = of_role(role);
    redisReply *blob = stored_blob(&stored);
    read_status = 1;
    assert_int_equal(tp_customer_read_spans(&settings, NULL, TP_STR(ID), on_read, NULL), 0);
    answer(fake_text((struct tp_str){blob->str, STORED_HEAD}), merges);
    fake_free(blob);
}

static void a_timeline_needs_to_know_of_members_when_they_were_there(void **state) {
    (void)state;
    look = look_at_spans;
    read_spans(STORED_ROOT, stored_spans("", THIRD OTHER, (struct tp_str){SPANS, 24}));
    assert_int_equal(read_status, 0);
    assert_int_equal(customer.first_ms, 3);
    look = look_at_to;
    read_spans(STORED_MEMBER, stored_spans(OTHER, "", TP_STR("")));
    assert_int_equal(read_status, 0);
    look = NULL;
    read_spans(STORED_ALONE, fake_nil());
    assert_int_equal(read_status, 0);
    read_spans(STORED_ROOT, stored_spans("", THIRD, (struct tp_str){SPANS, 24}));
    assert_int_equal(read_status, TP_ECORRUPT);
    read_spans(STORED_ROOT, stored_spans("", THIRD OTHER, (struct tp_str){SPANS, 23}));
    assert_int_equal(read_status, TP_ECORRUPT);
}

/* ---- what they are not ---- */

static void what_is_of_another_version_or_role_or_cut_is_refused(void **state) {
    (void)state;
    redisReply *whole = stored_blob(&alone);
    for (size_t len = 1; len < whole->len; len++) { /* without bytes there is nobody */
        read_it(fake_text((struct tp_str){whole->str, len}), fake_array(0));
        assert_int_equal(read_status, TP_ECORRUPT);
    }
    for (char version = 0; version < 7; version++) {
        whole->str[0] = version;
        read_it(fake_text((struct tp_str){whole->str, whole->len}), fake_array(0));
        assert_int_equal(read_status, version == 4 ? 0 : TP_ECORRUPT);
    }
    fake_free(whole);
    read_as(STORED_MEMBER + 1, STORED_MERGES("to", OTHER));
    assert_int_equal(read_status, TP_ECORRUPT);
}

static void damaged_merges_are_refused(void **state) {
    (void)state;
    static const char *const rows[] = {"", "nobody\t1\t" WHY, "\t1\t" WHY};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        read_as(STORED_ROOT, STORED_MERGES("members", OTHER, "spans", SPANS, "row " OTHER, rows[i]));
        assert_int_equal(read_status, TP_ECORRUPT);
    }
    read_as(STORED_ROOT, STORED_MERGES("members", OTHER, "spans", SPANS));
    assert_int_equal(read_status, TP_ECORRUPT);
    read_as(STORED_ROOT, STORED_MERGES("members", OTHER, "spans", SPANS, "row " THIRD, ID "\t1\t" WHY));
    assert_int_equal(read_status, TP_ECORRUPT);
    read_as(STORED_ROOT, STORED_MERGES("members", OTHER, "row " OTHER, ID "\t1\t" WHY));
    assert_int_equal(read_status, TP_ECORRUPT);
    read_as(STORED_ROOT, STORED_MERGES("members", OTHER "x", "spans", SPANS, "row " OTHER, ID "\t1\t" WHY));
    assert_int_equal(read_status, TP_ECORRUPT);
    read_as(STORED_ROOT, STORED_MERGES("row nobody", ID "\t1\t" WHY));
    assert_int_equal(read_status, TP_ECORRUPT);
    static const char *const numbers[] = {"", "x", "-5", "5x", "1234567890123456789"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        read_as(STORED_MEMBER, STORED_MERGES("to", OTHER, "merge", numbers[i]));
        assert_int_equal(read_status, TP_ECORRUPT);
    }
    read_as(STORED_MEMBER, STORED_MERGES("to", "nobody"));
    assert_int_equal(read_status, TP_ECORRUPT);
    for (unsigned role = STORED_ROOT; role <= STORED_MEMBER; role++) {
        read_as(role, fake_nil());
        assert_int_equal(read_status, TP_ECORRUPT);
    }
    read_as(STORED_MEMBER, fake_array(0));
    assert_int_equal(read_status, TP_ECORRUPT);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(all_is_asked_at_once),
        TEST(a_failure_is_told_once),
        TEST(one_alone_is_read),
        TEST(what_was_said_is_read_of_whoever_is_not_merged),
        TEST(one_alone_is_alone_whatever_comes_meanwhile),
        TEST(a_root_has_its_members_by_id),
        TEST(a_member_says_whom_it_leads_to),
        TEST(a_timeline_needs_to_know_of_members_when_they_were_there),
        TEST(one_that_is_half_way_is_read_as_it_is),
        TEST(what_is_of_another_version_or_role_or_cut_is_refused),
        TEST(damaged_merges_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
