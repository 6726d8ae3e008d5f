/* Which customer an interaction belongs to: told with buckets and customers of the test's own, so that another daemon
 * can be quicker at the worst moment. */
#include "daemon/identity/identity.h"

#include "tests/unit/identity/customers.h"

enum { MOST_OWNED = 128, MOST_REQUESTS = 64 };

#define ANN "0190a000-0000-7000-8000-00000000000a"
#define BOB "0190a000-0000-7000-8000-00000000000b"

static struct {
    char key[64], owner[64];
    bool broken;
} buckets[MOST_OWNED];
static size_t n_owned;

static struct tp_identifier_rule rules[] = {{.type = (char[]){"family"}, .unique = (char[]){""}, .shared = true},
                                            {.type = (char[]){"x"}, .unique = (char[]){""}}};
static const struct tp_settings settings = {
    .identity = {.types = (char[]){"customer_id,email, family, phone,x"}, .merges_per_minute = 10},
    .identifiers = rules,
    .n_identifiers = 2,
    .redis = {.prefix = (char[]){"tp:"}, .lanes = 4, .buckets = 4},
};
static struct tp_identity *identity;
static struct tp_interaction interactions[MOST_REQUESTS];
static struct tp_identity_request requests[MOST_REQUESTS];
static size_t n_requests;
static int done_with, done_times;
static bool quiet, careful;
static char ties[2048]; /* "KEY IDS;" of each value that was counted */
static long long counted;
static uint64_t repair;

/* ---- the buckets ---- */

/* Behind the hash tag: "tp:{I3}:email:..." */
static struct tp_str name_of(struct tp_str key) {
    const char *at = memchr(key.at, '}', key.len);
    assert_non_null(at);
    at += 2;
    return (struct tp_str){at, (size_t)(key.at + key.len - at)};
}

static size_t place_of(struct tp_str name) {
    size_t i = 0;
    while (i < n_owned && !tp_str_is(name, buckets[i].key))
        i++;
    if (i == n_owned) {
        assert_true(n_owned < MOST_OWNED && name.len < sizeof buckets[0].key);
        memcpy(buckets[n_owned].key, name.at, name.len);
        n_owned++;
    }
    return i;
}

static void owns(const char *customer, const char *key) { strcpy(buckets[place_of(tp_str(key))].owner, customer); }

static const char *owner_of(const char *key) { return buckets[place_of(tp_str(key))].owner; }

static void owned_and_listed(const char *id, const char *type, const char *value) {
    char text[128];
    snprintf(text, sizeof text, "%s:%s", type, value);
    owns(id, text);
    snprintf(text, sizeof text, "%s\t%s", type, value);
    customer_lists(id, text);
}

/* ties.lua, which has counted so many. */
static redisReply *serve_ties(const struct fake_call *call) {
    redisReply *reply = fake_array(call->n_keys / 2);
    for (size_t i = 0; i < call->n_keys / 2; i++) {
        struct tp_str key = name_of(call->words[1 + 2 * i]), ids = call->words[call->n_keys + 4 + 2 * i];
        snprintf(ties + strlen(ties), sizeof ties - strlen(ties), "%.*s %.*s;", TP_FMT(key), TP_FMT(ids));
        reply->element[i] = fake_integer(counted);
    }
    return reply;
}

/* As claim.lua. */
static void serve_one(struct fake_call *call) {
    redisReply *served = call->script == &tp_identity_ties_script ? serve_ties(call) : serve_customers(call);
    if (served) {
        fake_answer(call, 0, served);
        return;
    }
    assert_ptr_equal(call->script, &tp_identity_claim_script);
    redisReply *reply = fake_array(call->n_keys - 1);
    for (size_t i = 1; i < call->n_keys; i++) {
        size_t at = place_of(name_of(call->words[i]));
        struct tp_str wish = call->words[call->n_keys + i];
        if (buckets[at].owner[0] == '\0' && wish.len > 0 && !buckets[at].broken)
            memcpy(buckets[at].owner, wish.at, wish.len);
        reply->element[i - 1] = buckets[at].broken ? fake_nil() : fake_text(tp_str(buckets[at].owner));
    }
    fake_answer(call, 0, reply);
}

/* Answers the calls of one round: those that were made before the first of them is answered. */
static size_t serve_round(void) {
    size_t n = 0;
    for (struct fake_call *call = fake_calls; call; call = call->next)
        n++;
    for (size_t i = 0; i < n; i++)
        serve_one(fake_hear());
    return n;
}

/* ---- requests ---- */

static void on_done(void *arg, int status) {
    assert_ptr_equal(arg, &done_with);
    done_with = status;
    done_times++;
}

/* "email=ann@example.com phone=+44..." */
static void event(const char *identifiers) {
    struct tp_interaction *interaction = &interactions[n_requests];
    *interaction = (struct tp_interaction){0};
    for (const char *at = identifiers; *at; at += *at == ' ') {
        size_t type = strcspn(at, "="), value = strcspn(at + type + 1, " ");
        interaction->identifiers[interaction->n_identifiers++] =
            (struct tp_identifier){{at, type}, {at + type + 1, value}};
        at += type + 1 + value;
    }
    requests[n_requests] = (struct tp_identity_request){.interaction = interaction};
    n_requests++;
}

static void resolve(void) {
    done_times = 0;
    const struct tp_identity_batch batch = {repair, requests, n_requests, quiet, careful};
    assert_int_equal(tp_identity_resolve(identity, &batch, on_done, &done_with), 0);
}

/* How many rounds it took. */
static size_t resolved(void) {
    size_t rounds = 0;
    resolve();
    while (fake_calls) {
        assert_true(++rounds < 1000);
        serve_round();
    }
    assert_int_equal(done_times, 1);
    assert_int_equal(done_with, 0);
    return rounds;
}

static void assert_customer(size_t request, const char *customer) {
    assert_int_equal(requests[request].status, 0);
    assert_string_equal(requests[request].customer_id, customer);
}

static int set_up(void **state) {
    (void)state;
    memset(buckets, 0, sizeof buckets);
    memset(customers, 0, sizeof customers);
    merges_now = 0;
    n_owned = n_requests = 0;
    fake_heard = 0;
    fake_away = false;
    quiet = true;
    careful = false;
    repair = 0;
    counted = 0;
    ties[0] = '\0';
    return tp_identity_new(&settings, NULL, &identity);
}

static int tear_down(void **state) {
    (void)state;
    tp_identity_free(identity);
    return fake_calls ? -1 : 0;
}

/* ---- the choice ---- */

static void nobody_known_makes_a_customer(void **state) {
    (void)state;
    event("email=ann@example.com phone=+447400123456");
    assert_int_equal(resolved(), 3);
    assert_true(tp_uuid_valid(tp_str(requests[0].customer_id)));
    assert_string_equal(owner_of("email:ann@example.com"), requests[0].customer_id);
    assert_string_equal(owner_of("phone:+447400123456"), requests[0].customer_id);
}

static void a_known_one_is_found_and_what_is_new_is_linked(void **state) {
    (void)state;
    owns(ANN, "phone:+447400123456");
    event("customer_id=K-1 phone=+447400123456 x=ann");
    resolved();
    assert_customer(0, ANN);
    assert_string_equal(owner_of("customer_id:K-1"), ANN);
    assert_string_equal(owner_of("x:ann"), ANN);
}

/* Of an event's conflicts, that of the identifier there. */
static struct tp_identity_conflict conflict(size_t request, size_t i) {
    struct tp_identity_conflict found = {{0}, NULL};
    assert_true(tp_identity_conflict(identity, &requests[request], i, &found));
    return found;
}

static void of_two_who_may_not_be_one_the_anchors_decides_and_both_stay(void **state) {
    (void)state;
    owned_and_listed(ANN, "customer_id", "K-1");
    owned_and_listed(ANN, "phone", "+44");
    owned_and_listed(BOB, "email", "bob@example.com");
    event("x=new phone=+44 email=bob@example.com");
    resolved();
    assert_customer(0, BOB);
    assert_string_equal(owner_of("x:new"), BOB);
    assert_string_equal(owner_of("phone:+44"), ANN);
    assert_int_equal(requests[0].others, 1 << 1);
    assert_string_equal(conflict(0, 1).reason, "weaker");
    assert_true(tp_str_is(conflict(0, 1).customer_id, ANN));
    assert_true(!customer(ANN)->to[0] && !customer(BOB)->to[0]);
}

static void of_two_as_strong_the_one_sent_first_decides(void **state) {
    (void)state;
    owned_and_listed(ANN, "email", "ann@example.com");
    owned_and_listed(BOB, "email", "bob@example.com");
    event("email=bob@example.com email=ann@example.com");
    event("email=ann@example.com email=bob@example.com");
    resolved();
    assert_customer(0, BOB);
    assert_customer(1, ANN);
}

static void a_type_that_is_in_no_list_is_the_weakest(void **state) {
    (void)state;
    owned_and_listed(ANN, "email", "ann@example.com");
    owned_and_listed(ANN, "badge", "7");
    owned_and_listed(BOB, "x", "bob");
    event("badge=7 x=bob");
    resolved();
    assert_customer(0, BOB);
    assert_string_equal(conflict(0, 0).reason, "weaker");
}

static void types_with_the_same_value_are_two_identifiers(void **state) {
    (void)state;
    owns(ANN, "email:7");
    event("customer_id=7");
    resolved();
    assert_string_not_equal(requests[0].customer_id, ANN);
}

/* ---- a batch ---- */

static void within_a_batch_the_earlier_links_for_the_later(void **state) {
    (void)state;
    event("email=ann@example.com");
    event("email=ann@example.com phone=+447400123456");
    event("phone=+447400123456 x=ann");
    event("x=ann");
    event("x=bob");
    resolved();
    for (size_t i = 1; i < 4; i++)
        assert_customer(i, requests[0].customer_id);
    assert_string_not_equal(requests[4].customer_id, requests[0].customer_id);
}

static void what_stands_alone_takes_one_round(void **state) {
    (void)state;
    event("email=ann@example.com");
    event("email=bob@example.com");
    event("email=ann@example.com");
    assert_int_equal(resolved(), 1);
    assert_customer(2, requests[0].customer_id);
    assert_string_not_equal(requests[1].customer_id, requests[0].customer_id);
}

static void what_is_known_takes_one_round(void **state) {
    (void)state;
    owns(ANN, "email:ann@example.com");
    owns(ANN, "phone:+447400123456");
    event("email=ann@example.com phone=+447400123456");
    assert_int_equal(resolved(), 1);
    assert_customer(0, ANN);
}

static void a_bucket_is_asked_once_a_round(void **state) {
    (void)state;
    event("email=a@example.com email=b@example.com email=c@example.com email=d@example.com email=e@example.com");
    resolve();
    assert_true(fake_heard <= settings.redis.buckets);
    while (fake_calls)
        serve_round();
}

static void resolved_again_it_is_the_same(void **state) {
    (void)state;
    char first[2][TP_UUID_TEXT];
    event("email=ann@example.com phone=+447400123456");
    event("email=ann@example.com customer_id=K-1");
    resolved();
    for (size_t i = 0; i < 2; i++)
        strcpy(first[i], requests[i].customer_id);
    assert_int_equal(resolved(), 1);
    for (size_t i = 0; i < 2; i++)
        assert_customer(i, first[i]);
}

/* ---- another daemon ---- */

static void a_claim_of_another_between_the_rounds_holds(void **state) {
    (void)state;
    event("email=ann@example.com phone=+447400123456");
    event("phone=+447400123456");
    resolve();
    serve_round(); /* the look-up */
    serve_round(); /* what a new customer lists */
    owns(ANN, "email:ann@example.com");
    for (size_t rounds = 0; fake_calls; rounds++) {
        assert_true(rounds < 20);
        serve_round();
    }
    assert_int_equal(done_times, 1);
    assert_customer(0, ANN);
    assert_customer(1, ANN);
    assert_string_equal(customer(owner_of("phone:+447400123456"))->to, ANN); /* who had got it was joined with her */
}

static void a_claim_of_another_before_ours_holds_when_it_stands_alone(void **state) {
    (void)state;
    event("email=ann@example.com");
    resolve();
    owns(BOB, "email:ann@example.com");
    serve_round();
    assert_int_equal(done_times, 1);
    assert_customer(0, BOB);
}

/* ---- trouble ---- */

static void a_damaged_key_refuses_its_interaction_alone(void **state) {
    (void)state;
    buckets[place_of(TP_STR("email:broken"))].broken = true;
    owns("foreign", "email:foreign");
    event("email=broken");
    event("email=broken phone=+447400123456");
    event("email=foreign");
    event("phone=+447400123456");
    resolved();
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(requests[i].status, TP_ECORRUPT);
    assert_int_equal(requests[3].status, 0);
}

static void answer_empty(struct fake_call *call) {
    redisReply *reply = fake_array(call->n_keys - 1);
    for (size_t i = 0; i < reply->elements; i++)
        reply->element[i] = fake_text(TP_STR(""));
    fake_answer(call, 0, reply);
}

/* A key that holds an empty string is nobody's and cannot be claimed: that must not go on for ever. */
static void a_claim_that_leaves_nobody_is_damage(void **state) {
    (void)state;
    event("email=ann@example.com phone=+447400123456");
    event("x=ann");
    resolve();
    for (size_t i = 0; i < 20 && fake_calls; i++)
        if (fake_calls->script == &tp_identity_claim_script)
            answer_empty(fake_hear());
        else
            serve_one(fake_hear());
    assert_int_equal(done_times, 1);
    assert_int_equal(done_with, 0);
    assert_int_equal(requests[0].status, TP_ECORRUPT);
    assert_int_equal(requests[1].status, TP_ECORRUPT);
}

/* Whichever bucket fails, it is told once, when all have answered; and the next batch is as any other. */
static void a_failure_is_told_once(void **state) {
    (void)state;
    event("email=a@example.com email=b@example.com phone=+447400123456 x=ann");
    for (size_t failing = 0; failing < 2; failing++) {
        resolve();
        size_t n = fake_heard;
        assert_true(n > 1);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(done_times, 0);
            struct fake_call *call = fake_hear();
            if (i == failing)
                fake_answer(call, TP_ELOST, NULL);
            else
                serve_one(call);
        }
        assert_int_equal(done_times, 1);
        assert_int_equal(done_with, TP_ELOST);
        fake_heard = 0;
    }
    resolved();
}

static void no_connection_is_told_once(void **state) {
    (void)state;
    event("email=ann@example.com phone=+447400123456");
    fake_away = true;
    resolve();
    assert_int_equal(done_times, 1);
    assert_int_equal(done_with, TP_EUNAVAILABLE);
    fake_away = false;
    resolved();
}

/* ---- the look-up ---- */

static char found[64];
static int found_with;

static void on_found(void *arg, int status, struct tp_str customer_id) {
    assert_ptr_equal(arg, found);
    found_with = status;
    memcpy(found, customer_id.at ? customer_id.at : "", customer_id.len);
    found[customer_id.len] = '\0';
}

static struct fake_call *look_up(const char *type, const char *value) {
    const struct tp_identifier identifier = {tp_str(type), tp_str(value)};
    assert_int_equal(tp_identity_find(&settings, NULL, identifier, on_found, found), 0);
    struct fake_call *call = fake_hear();
    assert_true(call->n == 2 && tp_str_is(call->words[0], "GET"));
    return call;
}

static void one_looks_where_the_other_claimed(void **state) {
    (void)state;
    struct tp_str claimed = {0};
    char key[64];
    event("email=ann@example.com");
    resolve();
    struct fake_call *claim = fake_hear();
    claimed = claim->words[1];
    memcpy(key, claimed.at, claimed.len);
    claimed.at = key;
    serve_one(claim);
    struct fake_call *call = look_up("email", "ann@example.com");
    assert_true(tp_str_equal(call->words[1], claimed));
    fake_answer(call, 0, fake_text(TP_STR(ANN)));
    assert_string_equal(found, ANN);
    assert_int_equal(found_with, 0);
}

static void nobody_is_no_fault(void **state) {
    (void)state;
    fake_answer(look_up("email", "bob@example.com"), 0, fake_nil());
    assert_string_equal(found, "");
    assert_int_equal(found_with, 0);
    fake_answer(look_up("email", "bob@example.com"), TP_EUNAVAILABLE, NULL);
    assert_string_equal(found, "");
    assert_int_equal(found_with, TP_EUNAVAILABLE);
    fake_away = true;
    const struct tp_identifier identifier = {TP_STR("email"), TP_STR("ann@example.com")};
    assert_int_equal(tp_identity_find(&settings, NULL, identifier, on_found, found), TP_EUNAVAILABLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- values that turn out to be shared ---- */

static void a_demoted_one_leads_nowhere_beside_another(void **state) {
    (void)state;
    owns(ANN " shared", "phone:+44");
    owns(BOB, "x:bob");
    event("phone=+44 x=bob");
    event("phone=+44");
    event("phone=+44 x=new");
    resolved();
    assert_customer(0, BOB);
    assert_string_equal(conflict(0, 0).reason, "shared");
    assert_true(tp_str_is(conflict(0, 0).customer_id, ANN));
    assert_customer(1, ANN);
    assert_string_not_equal(requests[2].customer_id, ANN);
    assert_true(!customer(ANN)->to[0] && !customer(BOB)->to[0]);
}

static void its_customer_is_to_be_asked_first(void **state) {
    (void)state;
    owns(ANN " shared", "phone:+44");
    owns(BOB " shared", "x:bob");
    event("phone=+44 x=new");
    event("phone=+44");
    event("x=bob email=new@example.com");
    event("phone=+44 x=bob");
    event("family=f phone=+44");
    resolved();
    assert_string_equal(requests[0].arbiter, ANN);
    assert_string_equal(requests[1].arbiter, "");
    assert_string_equal(requests[2].arbiter, ""); /* the address leads, and would have led before */
    assert_string_equal(requests[3].arbiter, ""); /* both lead, and the phone is the stronger */
    assert_string_equal(requests[4].arbiter, "");
    assert_customer(4, ANN);
}

static void one_that_has_its_place_with_another_goes_there(void **state) {
    (void)state;
    owns(ANN " shared", "phone:+44");
    owns(BOB, "x:bob");
    event("phone=+44 x=bob");
    strcpy(requests[0].led_by, ANN);
    resolved();
    assert_customer(0, ANN);
    assert_string_equal(requests[0].arbiter, "");
    assert_int_equal(requests[0].others, 1 << 1);
}

static void one_of_a_type_that_is_shared_by_now_is_not_asked_for(void **state) {
    (void)state;
    owns(ANN " shared", "family:f");
    event("family=f x=new");
    resolved();
    struct tp_identity_conflict told;
    assert_false(tp_identity_conflict(identity, &requests[0], 0, &told));
    assert_string_equal(requests[0].arbiter, "");
}

/* With this many allowed. The settings are used until it is torn down. */
static void begin_counting(unsigned most) {
    static struct tp_settings counting;
    counting = settings;
    counting.identity.shared_after = most;
    counting.identity.shared_within = 60;
    tp_identity_free(identity);
    assert_int_equal(tp_identity_new(&counting, NULL, &identity), 0);
}

static void a_conflict_counts_for_both_values(void **state) {
    (void)state;
    begin_counting(2);
    owned_and_listed(ANN, "customer_id", "K-1");
    owned_and_listed(ANN, "phone", "+44");
    owned_and_listed(BOB, "email", "bob@example.com");
    event("phone=+44 email=bob@example.com");
    resolved();
    assert_customer(0, BOB);
    assert_non_null(strstr(ties, "phone:+44 " ANN BOB ";"));
    assert_non_null(strstr(ties, "email:bob@example.com " BOB ANN ";"));
    assert_string_equal(conflict(0, 0).reason, "weaker");
}

static void a_merge_counts_for_no_value(void **state) {
    (void)state;
    begin_counting(2);
    owned_and_listed(ANN, "email", "ann@example.com");
    owned_and_listed(BOB, "x", "bob");
    event("email=ann@example.com x=bob");
    resolved();
    assert_customer(0, ANN);
    assert_string_equal(owner_of("x:bob"), BOB); /* her member */
    assert_string_equal(ties, "");
}

static void one_that_ties_too_many_is_demoted_for_those_behind_it(void **state) {
    (void)state;
    begin_counting(2);
    counted = 3;
    owned_and_listed(ANN, "customer_id", "K-1");
    owned_and_listed(ANN, "x", "all");
    owned_and_listed(BOB, "email", "bob@example.com");
    event("x=all email=bob@example.com");
    resolved();
    assert_string_equal(conflict(0, 0).reason, "shared");
}

static void nothing_is_counted_where_none_is_to_be_demoted(void **state) {
    (void)state;
    owned_and_listed(ANN, "customer_id", "K-1");
    owned_and_listed(ANN, "x", "all");
    owned_and_listed(BOB, "email", "bob@example.com");
    event("x=all email=bob@example.com");
    resolved();
    assert_string_equal(ties, "");
}

/* ---- shared types ---- */

static void a_shared_one_leads_nowhere_beside_another(void **state) {
    (void)state;
    owns(ANN, "family:7");
    owns(BOB, "x:bob");
    event("family=7 x=bob");
    event("family=7 phone=+44");
    resolved();
    assert_customer(0, BOB);
    assert_int_equal(requests[0].others, 1);
    assert_string_equal(owner_of("phone:+44"), requests[1].customer_id);
    assert_string_not_equal(requests[1].customer_id, ANN);
    assert_int_equal(requests[1].others, 1);
    assert_string_equal(owner_of("family:7"), ANN);
}

static void alone_it_leads_to_its_first_customer(void **state) {
    (void)state;
    owns(ANN, "family:7");
    event("family=7");
    event("family=8 family=7");
    resolved();
    assert_customer(0, ANN);
    assert_customer(1, ANN);
    assert_string_equal(owner_of("family:8"), ANN);
}

static void one_that_nobody_has_is_taken_along(void **state) {
    (void)state;
    owns(BOB, "x:bob");
    event("family=7 x=bob");
    resolved();
    assert_customer(0, BOB);
    assert_string_equal(owner_of("family:7"), BOB);
}

/* ---- merges ---- */

static void two_who_come_together_are_one(void **state) {
    (void)state;
    owned_and_listed(ANN, "phone", "+44");
    owned_and_listed(BOB, "email", "bob@example.com");
    event("x=new phone=+44 email=bob@example.com");
    event("email=bob@example.com");
    resolved();
    assert_string_equal(customer(BOB)->to, ANN);
    assert_false(customer(BOB)->pending);
    for (size_t i = 0; i < 2; i++) {
        assert_customer(i, ANN);
        assert_int_equal(requests[i].others, 0);
        assert_int_equal(requests[i].bound, 1);
    }
    assert_int_equal(requests[0].of_members, 1 << 2);
    assert_string_equal(owner_of("email:bob@example.com"), BOB);
    assert_string_equal(owner_of("x:new"), ANN);
    assert_non_null(strstr(customer(ANN)->lines, "\nx\tnew\n"));
}

/* However many there are of a batch, each brings it forward. */
static void many_pairs_of_a_batch_are_merged(void **state) {
    (void)state;
    enum { PAIRS = 60 };
    static char texts[PAIRS][64];
    for (unsigned i = 0; i < PAIRS; i++) {
        char id[TP_UUID_TEXT], value[16];
        snprintf(value, sizeof value, "%u", i);
        snprintf(id, sizeof id, "0190a000-0000-7000-8000-1%011u", i);
        owned_and_listed(id, "x", value);
        snprintf(id, sizeof id, "0190a000-0000-7000-8000-2%011u", i);
        owned_and_listed(id, "phone", value);
        snprintf(texts[i], sizeof texts[i], "x=%u phone=%u", i, i);
        event(texts[i]);
    }
    resolved();
    for (unsigned i = 0; i < PAIRS; i++) {
        assert_int_equal(requests[i].status, 0);
        assert_int_equal(requests[i].others, 0);
        assert_int_equal(requests[i].customer_id[24], '1');
    }
}

/* What was resolved before would come to the timeline behind what is resolved now. */
static void two_are_merged_when_nothing_is_on_its_way(void **state) {
    (void)state;
    owned_and_listed(ANN, "phone", "+44");
    owned_and_listed(BOB, "email", "bob@example.com");
    event("email=bob@example.com");
    event("phone=+44 email=bob@example.com");
    quiet = false;
    resolve();
    while (fake_calls)
        serve_round();
    assert_int_equal(done_with, TP_IDENTITY_LATER);
    assert_true(!customer(BOB)->to[0]);
    quiet = true;
    resolved();
    assert_customer(0, ANN);
    assert_customer(1, ANN);
}

/* The append says that she leads elsewhere; from then on it is known. */
static void who_has_moved_is_followed(void **state) {
    (void)state;
    owned_and_listed(BOB, "email", "bob@example.com");
    strcpy(customer(BOB)->to, ANN);
    strcpy(customer(ANN)->members, BOB);
    customer(ANN)->generation = 4;
    event("email=bob@example.com");
    assert_int_equal(resolved(), 1);
    assert_customer(0, BOB);
    tp_identity_moved(identity, TP_STR(BOB));
    resolved();
    assert_customer(0, ANN);
    assert_int_equal(requests[0].bound, 5);
    assert_int_equal(resolved(), 1);
    assert_customer(0, ANN);
}

/* What an earlier life has placed with the root is asked for there at once. */
static void who_is_careful_looks_first(void **state) {
    (void)state;
    owned_and_listed(BOB, "email", "bob@example.com");
    strcpy(customer(BOB)->to, ANN);
    strcpy(customer(ANN)->members, BOB);
    careful = true;
    event("email=bob@example.com");
    assert_int_equal(resolved(), 3);
    assert_customer(0, ANN);
    assert_int_equal(resolved(), 1);
    assert_customer(0, ANN);
}

/* The merge was lost with what Redis lost. */
static void after_a_repair_nothing_is_taken_for_known(void **state) {
    (void)state;
    owned_and_listed(BOB, "email", "bob@example.com");
    strcpy(customer(BOB)->to, ANN);
    strcpy(customer(ANN)->members, BOB);
    tp_identity_moved(identity, TP_STR(BOB));
    event("email=bob@example.com");
    resolved();
    assert_customer(0, ANN);
    customer(BOB)->to[0] = customer(ANN)->members[0] = '\0';
    repair++;
    resolved();
    assert_customer(0, BOB);
    assert_int_equal(requests[0].bound, 0);
}

static void who_is_left_half_way_is_finished(void **state) {
    (void)state;
    owned_and_listed(ANN, "x", "ann");
    owned_and_listed(BOB, "email", "bob@example.com");
    strcpy(customer(BOB)->to, ANN);
    strcpy(customer(BOB)->at, "0 1");
    customer(BOB)->pending = true;
    tp_identity_moved(identity, TP_STR(BOB));
    event("email=bob@example.com");
    resolved();
    assert_customer(0, ANN);
    assert_false(customer(BOB)->pending);
}

/* Its survivor has got another identifier since. */
static void who_cannot_be_finished_is_free(void **state) {
    (void)state;
    owned_and_listed(ANN, "x", "ann");
    owned_and_listed(BOB, "email", "bob@example.com");
    strcpy(customer(BOB)->to, ANN);
    strcpy(customer(BOB)->at, "0 0");
    customer(BOB)->pending = true;
    tp_identity_moved(identity, TP_STR(BOB));
    event("email=bob@example.com");
    resolved();
    assert_customer(0, BOB);
}

/* An operator has begun to take a merge back. */
static void who_is_leaving_is_free(void **state) {
    (void)state;
    owned_and_listed(ANN, "x", "ann");
    owned_and_listed(BOB, "email", "bob@example.com");
    strcpy(customer(ANN)->members, BOB);
    strcpy(customer(BOB)->to, ANN);
    customer(BOB)->leaving = true;
    tp_identity_moved(identity, TP_STR(BOB));
    event("email=bob@example.com");
    resolved();
    assert_customer(0, BOB);
    assert_int_equal(customer(ANN)->generation, 1);
}

static void two_who_were_split_stay_two(void **state) {
    (void)state;
    owned_and_listed(ANN, "phone", "+44");
    owned_and_listed(BOB, "email", "bob@example.com");
    strcpy(customer(ANN)->notes, ANN "\t" BOB "\t3\ts\t4\n");
    strcpy(customer(BOB)->notes, BOB "\t" BOB "\t3\tm\t3\n");
    event("phone=+44 email=bob@example.com");
    resolved();
    assert_customer(0, BOB);
    assert_string_equal(conflict(0, 0).reason, "split");
    assert_true(!customer(BOB)->to[0]);
}

/* What is decided is decided by what there is: somebody else has given the survivor an identifier meanwhile. */
static void a_merge_is_decided_again_when_one_has_changed(void **state) {
    (void)state;
    owned_and_listed(ANN, "phone", "+44");
    owned_and_listed(BOB, "email", "bob@example.com");
    event("phone=+44 email=bob@example.com");
    resolve();
    for (size_t rounds = 0; fake_calls && !customer(BOB)->pending; rounds++)
        serve_round();
    customer_lists(ANN, "customer_id\tK-1");
    customer_lists(ANN, "email\tann@example.com");
    while (fake_calls)
        serve_round();
    assert_customer(0, BOB);
    assert_int_equal(requests[0].others, 1);
    assert_true(!customer(BOB)->to[0]);
}

static void too_many_merges_in_a_minute_are_a_conflict(void **state) {
    (void)state;
    merges_now = 10;
    owned_and_listed(ANN, "phone", "+44");
    owned_and_listed(BOB, "email", "bob@example.com");
    event("phone=+44 email=bob@example.com");
    resolved();
    assert_customer(0, BOB);
    assert_string_equal(conflict(0, 0).reason, "rate");
}

/* ---- what may not be one's ---- */

static void a_second_customer_id_is_somebody_elses(void **state) {
    (void)state;
    owned_and_listed(ANN, "customer_id", "K-1");
    owned_and_listed(ANN, "email", "ann@example.com");
    event("customer_id=K-2 email=ann@example.com");
    resolved();
    assert_string_not_equal(requests[0].customer_id, ANN);
    assert_string_equal(owner_of("customer_id:K-2"), requests[0].customer_id);
    assert_string_equal(conflict(0, 1).reason, "unique");
}

static void one_value_too_many_stays_nobodys(void **state) {
    (void)state;
    owned_and_listed(ANN, "customer_id", "K-1");
    event("customer_id=K-1 email=a@example.com email=b@example.com email=c@example.com");
    resolved();
    assert_customer(0, ANN);
    assert_int_equal(requests[0].others, 1 << 3);
    assert_string_equal(owner_of("email:c@example.com"), "");
    assert_string_equal(conflict(0, 3).reason, "limit");
    assert_int_equal(conflict(0, 3).customer_id.len, 0);
}

/* Between the look and the list somebody else was quicker. */
static void what_was_listed_meanwhile_counts(void **state) {
    (void)state;
    owned_and_listed(ANN, "x", "ann");
    event("x=ann customer_id=K-1");
    resolve();
    serve_round(); /* claims */
    serve_round(); /* looks */
    customer_lists(ANN, "customer_id\tK-2");
    while (fake_calls)
        serve_round();
    assert_string_not_equal(requests[0].customer_id, ANN);
    assert_null(strstr(customer(ANN)->lines, "K-1"));
}

/* It was listed, and then somebody else was quicker to claim it. */
static void what_another_has_got_is_not_listed_any_more(void **state) {
    (void)state;
    owned_and_listed(ANN, "customer_id", "K-1");
    owned_and_listed(BOB, "customer_id", "K-2");
    event("customer_id=K-1 email=e@example.com");
    resolve();
    while (fake_calls && !strstr(customer(ANN)->lines, "e@example.com"))
        serve_round();
    owned_and_listed(BOB, "email", "e@example.com");
    while (fake_calls)
        serve_round();
    assert_customer(0, ANN);
    assert_int_equal(requests[0].others, 1 << 1);
    assert_string_equal(customer(ANN)->lines, "\ncustomer_id\tK-1\n");
    assert_int_equal(customer(ANN)->generation, 1);
}

/* By the first of the batch he is taken for whom the second names; and then he is Ann. */
static void what_another_has_got_is_not_listed_with_who_it_was_for(void **state) {
    (void)state;
    event("customer_id=K-1 phone=+2");
    event("phone=+4 customer_id=K-1");
    resolve();
    while (fake_calls && !owner_of("phone:+2")[0]) {
        if (customers[0].n > 0 && !owner_of("phone:+4")[0]) {
            owned_and_listed(ANN, "customer_id", "K-1");
            owned_and_listed(ANN, "phone", "+4");
        }
        serve_round();
    }
    while (fake_calls)
        serve_round();
    assert_customer(0, ANN);
    assert_customer(1, ANN);
    assert_string_not_equal(owner_of("phone:+2"), ANN);
    assert_string_equal(customer(owner_of("phone:+2"))->lines, "\nphone\t+2\n");
}

/* A daemon that died had listed it. Ann would have both addresses, and nothing would speak against a merge. */
static void what_another_has_got_speaks_for_nobody_else(void **state) {
    (void)state;
    owned_and_listed(ANN, "email", "ann@example.com");
    customer_lists(ANN, "email\tbob@example.com");
    owned_and_listed(BOB, "email", "bob@example.com");
    event("email=ann@example.com email=bob@example.com");
    resolved();
    assert_customer(0, ANN);
    assert_string_equal(conflict(0, 1).reason, "single");
    assert_string_equal(customer(ANN)->lines, "\nemail\tann@example.com\n");
    assert_true(!customer(BOB)->to[0]);
}

/* Somebody else lists it, and is about to claim it: by the cookie it would be a new customer's. */
static void what_is_only_wanted_is_taken_back_from_nobody(void **state) {
    (void)state;
    owned_and_listed(ANN, "customer_id", "K-1");
    owned_and_listed(ANN, "x", "ann");
    customer_lists(ANN, "email\tann@example.com");
    event("email=ann@example.com x=ann");
    resolve();
    serve_round(); /* claims */
    serve_round(); /* looks */
    owns(ANN, "email:ann@example.com");
    while (fake_calls)
        serve_round();
    assert_customer(0, ANN);
    assert_string_equal(customer(ANN)->lines, "\ncustomer_id\tK-1\nx\tann\nemail\tann@example.com\n");
}

/* A turn that was begun again has listed it, or a node that died: it was decided then. By the cookie, which both know
 * better than, it would be a new customer's. */
static void what_is_listed_already_is_who_lists_its(void **state) {
    (void)state;
    owned_and_listed(ANN, "x", "ann");
    customer_lists(ANN, "email\tann@example.com");
    event("email=ann@example.com x=ann");
    resolved();
    assert_customer(0, ANN);
    assert_string_equal(owner_of("email:ann@example.com"), ANN);
}

/* Ann lists it, Carol has changed meanwhile, so that all is chosen again; and Bob is not Ann's member any more. */
static void what_was_listed_in_vain_is_not_listed_any_more(void **state) {
    (void)state;
    static const char carol[] = "0190a000-0000-7000-8000-00000000000c";
    char line[32];
    owned_and_listed(ANN, "customer_id", "K-1");
    owned_and_listed(carol, "customer_id", "K-3");
    owns(BOB, "x:bob");
    customer_lists(ANN, "x\tbob");
    strcpy(customer(BOB)->to, ANN);
    strcpy(customer(ANN)->members, BOB);
    event("x=bob z=new");
    event("customer_id=K-3 z=other");
    resolve();
    for (int i = 0; fake_calls && !strstr(customer(ANN)->lines, "new"); i++) {
        snprintf(line, sizeof line, "y\t%d", i);
        customer_lists(carol, line);
        serve_round();
    }
    customer(BOB)->to[0] = customer(ANN)->members[0] = '\0';
    customer(ANN)->generation++;
    strcpy(customer(ANN)->lines, "\ncustomer_id\tK-1\nz\tnew\n");
    customer(ANN)->n = 2;
    customer_lists(BOB, "x\tbob");
    while (fake_calls)
        serve_round();
    assert_customer(0, BOB);
    assert_customer(1, carol);
    assert_string_equal(owner_of("z:new"), BOB);
    assert_string_equal(customer(ANN)->lines, "\ncustomer_id\tK-1\n");
}

/* They were merged between the look and the call. */
static void what_a_member_has_got_stays(void **state) {
    (void)state;
    owned_and_listed(ANN, "email", "ann@example.com");
    customer_lists(ANN, "email\tbob@example.com");
    owned_and_listed(BOB, "email", "bob@example.com");
    event("email=ann@example.com email=bob@example.com");
    resolve();
    serve_round(); /* claims */
    serve_round(); /* looks */
    strcpy(customer(BOB)->to, ANN);
    strcpy(customer(ANN)->members, BOB);
    while (fake_calls)
        serve_round();
    assert_customer(0, ANN);
    assert_int_equal(requests[0].others, 0);
    assert_string_equal(customer(ANN)->lines, "\nemail\tann@example.com\nemail\tbob@example.com\n");
}

/* Also where a member of its leads to it. */
static void who_was_outrun_looks_again(void **state) {
    (void)state;
    owned_and_listed(ANN, "x", "ann");
    owned_and_listed(BOB, "email", "bob@example.com");
    customer_lists(ANN, "email\tbob@example.com");
    strcpy(customer(BOB)->to, ANN);
    strcpy(customer(ANN)->members, BOB);
    tp_identity_moved(identity, TP_STR(BOB));
    event("email=bob@example.com x=new");
    resolve();
    while (fake_calls && !strstr(customer(ANN)->lines, "new"))
        serve_round();
    owns("0190a000-0000-7000-8000-00000000000c", "x:new");
    while (fake_calls)
        serve_round();
    assert_int_equal(requests[0].status, 0);
    assert_int_equal(done_times, 1);
}

static void what_one_is_known_by_is_listed_before_more_is(void **state) {
    (void)state;
    owns(ANN, "customer_id:K-1");
    event("customer_id=K-1 email=ann@example.com");
    resolved();
    assert_string_equal(customer(ANN)->lines, "\ncustomer_id\tK-1\nemail\tann@example.com\n");
}

static void a_damaged_customer_refuses_what_needs_a_look(void **state) {
    (void)state;
    owns(ANN, "email:ann@example.com");
    customer(ANN)->broken = true;
    event("email=ann@example.com phone=+44");
    event("x=bob");
    resolved();
    assert_int_equal(requests[0].status, TP_ECORRUPT);
    assert_int_equal(requests[1].status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nobody_known_makes_a_customer),
        TEST(a_known_one_is_found_and_what_is_new_is_linked),
        TEST(of_two_who_may_not_be_one_the_anchors_decides_and_both_stay),
        TEST(of_two_as_strong_the_one_sent_first_decides),
        TEST(a_type_that_is_in_no_list_is_the_weakest),
        TEST(types_with_the_same_value_are_two_identifiers),
        TEST(within_a_batch_the_earlier_links_for_the_later),
        TEST(what_stands_alone_takes_one_round),
        TEST(what_is_known_takes_one_round),
        TEST(a_bucket_is_asked_once_a_round),
        TEST(resolved_again_it_is_the_same),
        TEST(a_claim_of_another_between_the_rounds_holds),
        TEST(a_claim_of_another_before_ours_holds_when_it_stands_alone),
        TEST(a_damaged_key_refuses_its_interaction_alone),
        TEST(a_claim_that_leaves_nobody_is_damage),
        TEST(a_failure_is_told_once),
        TEST(no_connection_is_told_once),
        TEST(one_looks_where_the_other_claimed),
        TEST(nobody_is_no_fault),
        TEST(a_demoted_one_leads_nowhere_beside_another),
        TEST(its_customer_is_to_be_asked_first),
        TEST(one_that_has_its_place_with_another_goes_there),
        TEST(one_of_a_type_that_is_shared_by_now_is_not_asked_for),
        TEST(a_conflict_counts_for_both_values),
        TEST(a_merge_counts_for_no_value),
        TEST(one_that_ties_too_many_is_demoted_for_those_behind_it),
        TEST(nothing_is_counted_where_none_is_to_be_demoted),
        TEST(a_shared_one_leads_nowhere_beside_another),
        TEST(alone_it_leads_to_its_first_customer),
        TEST(one_that_nobody_has_is_taken_along),
        TEST(two_who_come_together_are_one),
        TEST(two_are_merged_when_nothing_is_on_its_way),
        TEST(many_pairs_of_a_batch_are_merged),
        TEST(who_has_moved_is_followed),
        TEST(who_is_careful_looks_first),
        TEST(after_a_repair_nothing_is_taken_for_known),
        TEST(who_is_left_half_way_is_finished),
        TEST(who_cannot_be_finished_is_free),
        TEST(who_is_leaving_is_free),
        TEST(two_who_were_split_stay_two),
        TEST(a_merge_is_decided_again_when_one_has_changed),
        TEST(too_many_merges_in_a_minute_are_a_conflict),
        TEST(a_second_customer_id_is_somebody_elses),
        TEST(one_value_too_many_stays_nobodys),
        TEST(what_was_listed_meanwhile_counts),
        TEST(what_another_has_got_is_not_listed_any_more),
        TEST(what_another_has_got_is_not_listed_with_who_it_was_for),
        TEST(what_another_has_got_speaks_for_nobody_else),
        TEST(what_is_only_wanted_is_taken_back_from_nobody),
        TEST(what_is_listed_already_is_who_lists_its),
        TEST(what_was_listed_in_vain_is_not_listed_any_more),
        TEST(what_a_member_has_got_stays),
        TEST(who_was_outrun_looks_again),
        TEST(what_one_is_known_by_is_listed_before_more_is),
        TEST(a_damaged_customer_refuses_what_needs_a_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
