/* The connection to Redis: it greets, carries calls in order, and comes back by itself; each call ends once, whatever
 * becomes of the server, and in the way that the header says. */
#include "daemon/redis/redis.h"

#include "server.h"

#include "common/error.h"
#include "daemon/redis/home.h"

/* Who has the connection, and all that they were told, in order: "up 1:ok 2:unavailable down ". */
struct owner {
    struct event_base *base;
    struct server server;
    struct tp_settings settings;
    struct tp_redis *redis;
    const char *host, *database; /* "localhost", "/5" */
    char url[64], told[512];
    bool resets; /* when a call has failed */
};

static void note(struct owner *owner, const char *what) {
    assert_true(strlen(owner->told) + strlen(what) + 2 < sizeof owner->told);
    strcat(strcat(owner->told, what), " ");
}

static void on_up(void *arg) { note(arg, "up"); }
static void on_down(void *arg) { note(arg, "down"); }

static struct tp_redis_script lua = {.name = "lua", .text = "return 1"};
static struct tp_redis_script *const scripts[] = {&lua, &tp_home_look_script, NULL};

static void open_redis(struct owner *owner) {
    snprintf(owner->url, sizeof owner->url, "redis://%s:%d%s", owner->host, owner->server.port, owner->database);
    owner->settings.redis.url = owner->url;
    const struct tp_redis_options options = {.settings = &owner->settings,
                                             .base = owner->base,
                                             .name = "test",
                                             .scripts = scripts,
                                             .on_up = on_up,
                                             .on_down = on_down,
                                             .arg = owner};
    assert_int_equal(tp_redis_open(&options, &owner->redis), 0);
}

static int setup(void **state) {
    struct owner *owner = calloc(1, sizeof *owner);
    owner->base = event_base_new();
    owner->host = "127.0.0.1";
    owner->database = "";
    owner->settings.redis.password = "";
    owner->settings.redis.prefix = "tp:";
    owner->settings.redis.lanes = owner->settings.redis.buckets = 1;
    owner->settings.redis.timeout = 60000;
    server_open(&owner->server, owner->base);
    *state = owner;
    return 0;
}

static int teardown(void **state) {
    struct owner *owner = *state;
    tp_redis_close(owner->redis);
    server_close(&owner->server);
    event_base_free(owner->base);
    free(owner);
    return 0;
}

static void run(struct owner *owner) { assert_int_equal(event_base_loop(owner->base, EVLOOP_ONCE), 0); }

static void run_until_told(struct owner *owner, const char *expected) {
    while (strlen(owner->told) < strlen(expected))
        run(owner);
    assert_string_equal(owner->told, expected);
}

static void run_until_heard(struct owner *owner, unsigned calls) {
    while (owner->server.calls < calls)
        run(owner);
}

struct call {
    struct owner *owner;
    const char *name;
};

static void on_done(void *arg, int status, const redisReply *reply) {
    struct call *call = arg;
    char what[64];
    assert_true((status == 0) == (reply != NULL));
    snprintf(what, sizeof what, "%s:%s", call->name, status < 0 ? tp_error_code(status) : "ok");
    note(call->owner, what);
    if (status < 0 && call->owner->resets)
        tp_redis_reset(call->owner->redis);
    free(call);
}

static int call(struct owner *owner, const char *name) {
    struct tp_redis_words words = {0};
    struct call *arg = malloc(sizeof *arg);
    *arg = (struct call){owner, name};
    tp_redis_word(&words, TP_STR("ECHO"));
    tp_redis_word(&words, tp_str(name));
    int status = tp_redis_call(owner->redis, &words, on_done, arg);
    tp_redis_words_free(&words);
    if (status < 0)
        free(arg);
    return status;
}

/* ---- as it should be ---- */

static void it_loads_its_scripts_and_is_up(void **state) {
    struct owner *owner = *state;
    open_redis(owner);
    assert_false(tp_redis_up(owner->redis));
    run_until_told(owner, "up ");
    assert_true(tp_redis_up(owner->redis));
    assert_string_equal(owner->server.greeting, "SCRIPT SCRIPT PING ");
}

static void it_gives_its_password_first_and_selects_its_database(void **state) {
    struct owner *owner = *state;
    owner->settings.redis.password = "sesame";
    owner->database = "/5";
    open_redis(owner);
    run_until_told(owner, "up ");
    assert_string_equal(owner->server.greeting, "AUTH SELECT SCRIPT SCRIPT PING ");
}

static void a_name_is_looked_up(void **state) {
    struct owner *owner = *state;
    owner->host = "localhost";
    open_redis(owner);
    run_until_told(owner, "up ");
}

/* Whatever the name server says to it, or whether there is one. */
static void a_name_that_is_none_is_away(void **state) {
    struct owner *owner = *state;
    owner->host = "no..name";
    open_redis(owner);
    for (int i = 0; i < 3; i++)
        run(owner);
    assert_int_equal(call(owner, "1"), TP_EUNAVAILABLE);
    assert_string_equal(owner->told, "");
}

static void closing_while_a_name_is_looked_up_is_harmless(void **state) {
    struct owner *owner = *state;
    owner->host = "localhost";
    open_redis(owner);
    tp_redis_close(owner->redis);
    owner->redis = NULL;
    assert_string_equal(owner->told, "");
}

static void answers_come_in_the_order_of_calls(void **state) {
    struct owner *owner = *state;
    open_redis(owner);
    run_until_told(owner, "up ");
    assert_int_equal(call(owner, "1"), 0);
    assert_int_equal(call(owner, "2"), 0);
    run_until_heard(owner, 2);
    assert_string_equal(owner->server.last_call, "ECHO 2");
    server_says(&owner->server, "+one\r\n+two\r\n");
    run_until_told(owner, "up 1:ok 2:ok ");
}

static void a_script_is_called_by_its_hash(void **state) {
    struct owner *owner = *state;
    struct tp_redis_words words = {0};
    struct call *arg = malloc(sizeof *arg);
    *arg = (struct call){owner, "1"};
    open_redis(owner);
    run_until_told(owner, "up ");
    tp_redis_word(&words, TP_STR("key"));
    assert_int_equal(tp_redis_eval(owner->redis, &lua, 1, &words, on_done, arg), 0);
    tp_redis_words_free(&words);
    run_until_heard(owner, 1);
    /* SHA-1 of "return 1" */
    assert_string_equal(owner->server.last_call, "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 1 key");
    server_says(&owner->server, ":1\r\n");
    run_until_told(owner, "up 1:ok ");
}

/* ---- errors ---- */

static void answer(struct owner *owner, const char *error, const char *told) {
    char reply[128], expected[128];
    owner->told[0] = '\0';
    assert_int_equal(call(owner, "1"), 0);
    run_until_heard(owner, owner->server.calls + 1);
    snprintf(reply, sizeof reply, "-%s\r\n", error);
    snprintf(expected, sizeof expected, "1:%s ", told);
    server_says(&owner->server, reply);
    run_until_told(owner, expected);
}

static void an_error_of_the_call_alone_leaves_the_connection_as_it_is(void **state) {
    struct owner *owner = *state;
    open_redis(owner);
    run_until_told(owner, "up ");
    answer(owner, "WRONGTYPE Operation against a key", "corrupt");
    answer(owner, "ERR user_script:1: something", "corrupt");
    answer(owner, "BUSYGROUP is another word than BUSY", "corrupt");
    answer(owner, "TPHOME absent", "lost");
    answer(owner, "TPHOME elsewhere", "lost");
    answer(owner, "TPHOME closed", "closed"); /* a server that is being repaired */
    answer(owner, "TPHOME other", "closed");
    assert_true(tp_redis_up(owner->redis));
    assert_int_equal(owner->server.connections, 1);
}

/* What was asked behind it may not have been done either: nobody can say, until it is asked again. */
static void a_server_that_cannot_now_is_connected_to_anew(void **state) {
    static const char *const errors[] = {"-LOADING Redis is loading\r\n",
                                         "-BUSY a script runs\r\n",
                                         "-READONLY a replica\r\n",
                                         "-OOM command not allowed\r\n",
                                         "-NOSCRIPT No matching\r\n",
                                         "-MOVED 1 127.0.0.1:1\r\n",
                                         "-CLUSTERDOWN\r\n",
                                         "-MISCONF Errors writing to the AOF\r\n"};
    struct owner *owner = *state;
    for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        owner->told[0] = '\0';
        open_redis(owner);
        run_until_told(owner, "up ");
        assert_int_equal(call(owner, "1"), 0);
        assert_int_equal(call(owner, "2"), 0);
        run_until_heard(owner, 2);
        server_says(&owner->server, errors[i]);
        server_says(&owner->server, "+too late\r\n");
        run_until_told(owner, "up 1:unavailable 2:unavailable down up ");
        assert_string_equal(owner->server.greeting, "SCRIPT SCRIPT PING ");
        assert_int_equal(owner->server.connections, 2 * i + 2);
        tp_redis_close(owner->redis);
        owner->redis = NULL;
    }
}

/* ---- the server goes ---- */

static void what_was_under_way_is_told_before_it_is_down(void **state) {
    struct owner *owner = *state;
    open_redis(owner);
    run_until_told(owner, "up ");
    call(owner, "1");
    call(owner, "2");
    run_until_heard(owner, 2);
    server_hangs_up(&owner->server);
    run_until_told(owner, "up 1:unavailable 2:unavailable down up ");
}

static void one_that_does_not_answer_is_given_up(void **state) {
    struct owner *owner = *state;
    owner->settings.redis.timeout = 1;
    open_redis(owner);
    run_until_told(owner, "up ");
    call(owner, "1");
    run_until_told(owner, "up 1:unavailable down up ");
}

static void nor_does_one_count_that_does_not_answer_the_greeting(void **state) {
    struct owner *owner = *state;
    owner->settings.redis.timeout = 1;
    owner->server.silent = true;
    open_redis(owner);
    while (owner->server.connections < 3)
        run(owner);
    assert_string_equal(owner->told, "");
    owner->server.silent = false;
    run_until_told(owner, "up ");
}

/* hiredis would end the process. */
static void an_answer_that_nobody_asked_for_ends_the_connection(void **state) {
    struct owner *owner = *state;
    open_redis(owner);
    run_until_told(owner, "up ");
    server_says(&owner->server, "+between calls\r\n");
    run_until_told(owner, "up down up ");
    assert_int_equal(call(owner, "1"), 0);
    run_until_heard(owner, 1);
    server_says(&owner->server, "+its answer\r\n+and one more\r\n");
    run_until_told(owner, "up down up 1:ok down up ");
    assert_int_equal(owner->server.connections, 3);
}

static void one_that_refuses_the_greeting_is_away(void **state) {
    struct owner *owner = *state;
    owner->server.refusal = "-NOAUTH Authentication required.\r\n";
    open_redis(owner);
    while (owner->server.connections < 3)
        run(owner);
    assert_string_equal(owner->told, "");
    assert_false(tp_redis_up(owner->redis));
    assert_int_equal(call(owner, "1"), TP_EUNAVAILABLE);
    owner->server.refusal = NULL;
    run_until_told(owner, "up ");
}

static void where_nobody_listens_it_tries_again(void **state) {
    struct owner *owner = *state;
    server_close(&owner->server);
    open_redis(owner);
    for (int i = 0; i < 5; i++)
        run(owner);
    assert_int_equal(call(owner, "1"), TP_EUNAVAILABLE);
    assert_string_equal(owner->told, "");
    server_open(&owner->server, owner->base);
    run_until_told(owner, "up ");
}

/* ---- given up by its owner ---- */

static void a_reset_tells_all_and_comes_back(void **state) {
    struct owner *owner = *state;
    open_redis(owner);
    run_until_told(owner, "up ");
    call(owner, "1");
    call(owner, "2");
    tp_redis_reset(owner->redis);
    run_until_told(owner, "up 1:unavailable 2:unavailable down up ");
    assert_int_equal(owner->server.connections, 2);
}

/* From within the answers that the end of the connection brings, and from those of a server in trouble. */
static void a_reset_within_an_answer_is_one(void **state) {
    struct owner *owner = *state;
    owner->resets = true;
    open_redis(owner);
    run_until_told(owner, "up ");
    call(owner, "1");
    call(owner, "2");
    run_until_heard(owner, 2);
    server_hangs_up(&owner->server);
    run_until_told(owner, "up 1:unavailable 2:unavailable down up ");
    call(owner, "3");
    call(owner, "4");
    run_until_heard(owner, 2);
    server_says(&owner->server, "-TPHOME absent\r\n");
    run_until_told(owner, "up 1:unavailable 2:unavailable down up 3:lost 4:unavailable down up ");
    assert_int_equal(owner->server.connections, 3);
}

static void a_reset_before_it_is_up_is_harmless(void **state) {
    struct owner *owner = *state;
    open_redis(owner);
    tp_redis_reset(owner->redis);
    tp_redis_reset(owner->redis);
    run_until_told(owner, "up ");
}

static void closing_tells_what_was_under_way_and_nothing_after(void **state) {
    struct owner *owner = *state;
    open_redis(owner);
    run_until_told(owner, "up ");
    call(owner, "1");
    tp_redis_close(owner->redis);
    owner->redis = NULL;
    assert_string_equal(owner->told, "up 1:unavailable ");
}

static void an_address_that_is_none_is_a_fault(void **state) {
    struct owner *owner = *state;
    const struct tp_redis_options options = {.settings = &owner->settings, .base = owner->base, .name = "test"};
    owner->settings.redis.url = "http://127.0.0.1";
    assert_int_equal(tp_redis_open(&options, &owner->redis), TP_ECONFIG);
}

/* ---- homes ---- */

static void on_looked(void *arg, int status, const struct tp_home_findings *homes) {
    char what[128];
    snprintf(what, sizeof what, "%s:absent=%u:elsewhere=%u:open=%u:closed=%u:origin=%s",
             status < 0 ? tp_error_code(status) : "ok", homes->absent, homes->elsewhere, homes->open, homes->closed,
             homes->origin);
    note(arg, what);
}

/* A reply of three words; "" is none. */
static void add_home(char *replies, size_t cap, const char *home, const char *time) {
    size_t at = strlen(replies);
    at += (size_t)snprintf(replies + at, cap - at, "*3\r\n");
    if (*home)
        at += (size_t)snprintf(replies + at, cap - at, "$%zu\r\n%s\r\n", strlen(home), home);
    else
        at += (size_t)snprintf(replies + at, cap - at, "$-1\r\n");
    snprintf(replies + at, cap - at, "$2\r\naa\r\n$%zu\r\n%s\r\n", strlen(time), time);
}

static void answer_look(struct owner *owner, const char *replies, const char *expected) {
    static const struct tp_home_order look = {.what = TP_HOME_LOOK};
    owner->told[0] = '\0';
    assert_int_equal(tp_home_ask(owner->redis, &owner->settings, &look, on_looked, owner), 0);
    run_until_heard(owner, owner->server.calls + 2);
    server_says(&owner->server, replies);
    run_until_told(owner, expected);
}

/* One lane and one bucket here, on the server aa. */
static void look(struct owner *owner, const char *lane, const char *bucket, const char *expected) {
    char replies[512] = "";
    add_home(replies, sizeof replies, lane, "5000");
    add_home(replies, sizeof replies, bucket, "");
    answer_look(owner, replies, expected);
}

static void homes_are_looked_at_and_counted(void **state) {
    struct owner *owner = *state;
    open_redis(owner);
    run_until_told(owner, "up ");
    look(owner, "open aa 7 1", "open aa 7 1", "ok:absent=0:elsewhere=0:open=2:closed=0:origin=- ");
    look(owner, "", "open bb 7 1", "ok:absent=1:elsewhere=1:open=0:closed=0:origin=- ");
    look(owner, "closed aa 7 1 bb 3", "closed aa 7 1 bb 0", "ok:absent=0:elsewhere=0:open=0:closed=2:origin=bb ");
    look(owner, "closed aa 7 1 bb 3", "closed aa 7 1 cc 0", "ok:absent=0:elsewhere=0:open=0:closed=2:origin=- ");
    look(owner, "open aa 7 9", "open aa 7 1", "bad_configuration:absent=0:elsewhere=0:open=1:closed=0:origin=- ");
    answer_look(owner, ":1\r\n-ERR no\r\n", "corrupt:absent=0:elsewhere=0:open=0:closed=0:origin=- ");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(it_loads_its_scripts_and_is_up),
        TEST(it_gives_its_password_first_and_selects_its_database),
        TEST(a_name_is_looked_up),
        TEST(a_name_that_is_none_is_away),
        TEST(closing_while_a_name_is_looked_up_is_harmless),
        TEST(answers_come_in_the_order_of_calls),
        TEST(a_script_is_called_by_its_hash),
        TEST(an_error_of_the_call_alone_leaves_the_connection_as_it_is),
        TEST(a_server_that_cannot_now_is_connected_to_anew),
        TEST(what_was_under_way_is_told_before_it_is_down),
        TEST(one_that_does_not_answer_is_given_up),
        TEST(nor_does_one_count_that_does_not_answer_the_greeting),
        TEST(an_answer_that_nobody_asked_for_ends_the_connection),
        TEST(one_that_refuses_the_greeting_is_away),
        TEST(where_nobody_listens_it_tries_again),
        TEST(a_reset_tells_all_and_comes_back),
        TEST(a_reset_within_an_answer_is_one),
        TEST(a_reset_before_it_is_up_is_harmless),
        TEST(closing_tells_what_was_under_way_and_nothing_after),
        TEST(an_address_that_is_none_is_a_fault),
        TEST(homes_are_looked_at_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
