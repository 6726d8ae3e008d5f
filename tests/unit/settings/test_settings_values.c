/* What is taken: defaults, units, the order of file and command line, secrets, keys, and what the host knows. */
#include "tests/unit/settings/load.h"

#include <string.h>

#include "daemon/settings/internal.h"

static void without_a_file_the_defaults_hold(void **state) {
    (void)state;
    struct tp_settings *settings = loaded(NULL, NULL);
    assert_string_equal(settings->http.listen, "127.0.0.1:8080");
    assert_int_equal(settings->http.max_header, 16384);
    assert_int_equal(settings->http.idle_timeout, 75000);
    assert_false(settings->http.open);
    assert_int_equal(settings->journal.segment_size, 64 << 20);
    assert_int_equal(settings->journal.max_size, (size_t)8 << 30);
    assert_string_equal(settings->journal.dir, "/var/lib/touchpointd/journal");
    assert_int_equal(settings->timeline.max_age, UINT64_C(1825) * 86400);
    assert_string_equal(settings->redis.url, "redis://127.0.0.1:6379");
    assert_string_equal(settings->redis.password, "");
    assert_int_equal(settings->kafka.replication, -1);
    assert_int_equal(settings->kafka.retention, -1);
    assert_int_equal(settings->n_keys, 0);
    assert_int_equal(settings->kafka.n_properties, 0);
    tp_settings_free(settings);
}

/* A default that were out of its own range would be a fault of every load. */
static void every_default_is_one_that_may_be_set(void **state) {
    (void)state;
    for (size_t i = 0; i < tp_settings_count; i++) {
        const struct tp_setting *setting = &tp_settings_table[i];
        char set[512];
        if (!tp_settings_is_plain(setting))
            continue;
        snprintf(set, sizeof set, "%s.%s=%s", setting->section, setting->name, setting->value);
        tp_settings_free(loaded(NULL, set));
    }
}

static void every_setting_belongs_to_a_section_and_is_described(void **state) {
    (void)state;
    for (size_t i = 0; i < tp_settings_count; i++) {
        const struct tp_setting *setting = &tp_settings_table[i];
        assert_non_null(tp_settings_section(tp_str(setting->section)));
        assert_int_equal(setting->help[strlen(setting->help) - 1], '.');
        assert_ptr_equal(tp_settings_find(tp_str(setting->section), tp_str(setting->name)), setting);
        for (size_t j = 0; j < i; j++)
            assert_false(setting->at == tp_settings_table[j].at &&
                         strcmp(setting->section, tp_settings_table[j].section) == 0);
    }
}

static void sizes_and_durations_have_units(void **state) {
    (void)state;
    struct tp_settings *settings = loaded("http { max_body = 1048576  max_unpacked = 2M  header_timeout = 1500ms\n"
                                          "  body_timeout = 2m  idle_timeout = 1h }\n"
                                          "journal { max_size = 1TiB  queue_size = 1024KiB }\n"
                                          "timeline { max_age = 48h }  kafka { retention = 90m }",
                                          NULL);
    assert_int_equal(settings->http.max_body, 1 << 20);
    assert_int_equal(settings->http.max_unpacked, 2 << 20);
    assert_int_equal(settings->http.header_timeout, 1500);
    assert_int_equal(settings->http.body_timeout, 120000);
    assert_int_equal(settings->http.idle_timeout, 3600000);
    assert_int_equal(settings->journal.max_size, (size_t)1 << 40);
    assert_int_equal(settings->journal.queue_size, 1 << 20);
    assert_int_equal(settings->timeline.max_age, 172800);
    assert_int_equal(settings->kafka.retention, 5400);
    tp_settings_free(settings);
    settings = loaded(NULL, "timeline.max_age=0");
    assert_int_equal(settings->timeline.max_age, 0);
    tp_settings_free(settings);
}

static void a_switch_has_three_words_each_way(void **state) {
    (void)state;
    static const char *const on[] = {"http.open=on", "http.open=yes", "http.open=true"};
    static const char *const off[] = {"http.open=off", "http.open=no", "http.open=false"};
    for (size_t i = 0; i < 3; i++) {
        struct tp_settings *settings = loaded(NULL, on[i]);
        assert_true(settings->http.open);
        tp_settings_free(settings);
        settings = loaded("http { open = on }", off[i]);
        assert_false(settings->http.open);
        tp_settings_free(settings);
    }
}

static void texts_of_every_allowed_form_are_taken(void **state) {
    (void)state;
    static const char *const sets[] = {
        "http.listen=0.0.0.0:80,[::1]:8080, unix:/run/touchpointd/http.sock",
        "http.external_url=https://in.example.com:8443/tp",
        "http.trusted_proxies=10.0.0.0/8, ::1, 2001:db8::/32,unix",
        "normalize.region=GB",
        "node.name=node-1.example.com",
        "identity.types=customer_id, email, loyalty_card2",
        "redis.url=redis://app@redis.example.com:6380/3",
        "redis.url=redis://[::1]",
        "redis.url=unix:///run/redis/redis.sock",
        "redis.prefix=shop:",
        "kafka.brokers=a,b.example.com:9093,[::1]:9092",
        "kafka.replication=3",
        "log.level=debug",
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        tp_settings_free(loaded(NULL, sets[i]));
}

static void the_command_line_goes_before_the_file_and_its_last_word_holds(void **state) {
    (void)state;
    const char *const sets[] = {"http.threads=1", "kafka.property.a=1", "http.threads=2", "kafka.property.a=b=c"};
    struct tp_settings *settings = NULL;
    struct tp_buf out = TP_BUF_INIT;
    write_file("x.conf", "http { threads = 3  max_connections = 5 }", 0600);
    assert_int_equal(tp_settings_load("x.conf", sets, 4, &out, &settings), 0);
    assert_int_equal(settings->http.threads, 2);
    assert_int_equal(settings->http.max_connections, 5);
    assert_int_equal(settings->kafka.n_properties, 1);
    assert_string_equal(settings->kafka.properties[0].value, "b=c");
    tp_settings_free(settings);
    tp_buf_free(&out);
}

static void properties_go_to_librdkafka_in_their_order(void **state) {
    (void)state;
    setenv("SASL", "opensesame", 1);
    struct tp_settings *settings =
        loaded("kafka { property { linger.ms = \"5\"  sasl.password = \"env:SASL\" }  partitions = 3\n"
               "        property { compression.codec = zstd } }",
               "kafka.property.linger.ms=10");
    const struct tp_property *property = settings->kafka.properties;
    assert_int_equal(settings->kafka.n_properties, 3);
    assert_string_equal(property[0].name, "linger.ms");
    assert_string_equal(property[0].value, "10");
    assert_string_equal(property[1].name, "sasl.password");
    assert_string_equal(property[1].value, "opensesame");
    assert_string_equal(property[2].name, "compression.codec");
    assert_string_equal(property[2].value, "zstd");
    tp_settings_free(settings);
}

static void secrets_come_from_the_environment_and_from_files(void **state) {
    (void)state;
    setenv("REDIS_PASSWORD", "opensesame", 1);
    write_file("kafka.password", "correct horse\r\n\n", 0600);
    struct tp_settings *settings =
        loaded("redis { password = \"env:REDIS_PASSWORD\" }  kafka { password = \"file:kafka.password\" }", NULL);
    assert_string_equal(settings->redis.password, "opensesame");
    assert_string_equal(settings->kafka.password, "correct horse");
    tp_settings_free(settings);
}

static void double_quotes_take_the_environment_and_single_ones_do_not(void **state) {
    (void)state;
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    write_file("redis", "opensesame", 0400);
    struct tp_settings *settings = loaded("redis { password = \"file:${CREDENTIALS_DIRECTORY}/redis\" }\n"
                                          "kafka { username = '${HOME}'  topic_rejected = \"${NOT_SET:-refused}\" }",
                                          NULL);
    assert_string_equal(settings->redis.password, "opensesame");
    assert_string_equal(settings->kafka.username, "${HOME}");
    assert_string_equal(settings->kafka.topic_rejected, "refused");
    tp_settings_free(settings);
}

static void keys_are_read_from_their_files(void **state) {
    (void)state;
    write_file("crm.key", "crm-0123456789abcdef\n", 0640);
    write_file("board.key", "board-0123456789abcdef", 0644);
    struct tp_settings *settings = loaded("key \"crm\" { file = \"crm.key\"  scopes = {\"write\", \"read\"} }\n"
                                          "key board {\n  scopes = read\n  file = board.key\n}",
                                          NULL);
    assert_int_equal(settings->n_keys, 2);
    assert_string_equal(settings->keys[0].name, "crm");
    assert_string_equal(settings->keys[0].secret, "crm-0123456789abcdef");
    assert_int_equal(settings->keys[0].scopes, TP_SCOPE_WRITE | TP_SCOPE_READ);
    assert_string_equal(settings->keys[1].name, "board");
    assert_string_equal(settings->keys[1].secret, "board-0123456789abcdef");
    assert_int_equal(settings->keys[1].scopes, TP_SCOPE_READ);
    tp_settings_free(settings);
}

static void types_of_identifiers_have_rules_of_their_own(void **state) {
    (void)state;
    struct tp_settings *settings =
        loaded("identifier \"card\" { form = \"lower\"  blocked = \"kiosk*, 0\"  shared = "
               "on  unique = on  limit = 3  scope = required }\nidentifier email { blocked = a@b }",
               "identity.types=email,card");
    assert_int_equal(settings->n_identifiers, 2);
    assert_string_equal(settings->identifiers[0].type, "card");
    assert_string_equal(settings->identifiers[0].form, "lower");
    assert_string_equal(settings->identifiers[0].blocked, "kiosk*, 0");
    assert_true(settings->identifiers[0].shared);
    assert_string_equal(settings->identifiers[0].unique, "on");
    assert_int_equal(settings->identifiers[0].limit, 3);
    assert_string_equal(settings->identifiers[1].type, "email");
    assert_string_equal(settings->identifiers[1].form, "");
    assert_false(settings->identifiers[1].shared);
    assert_string_equal(settings->identifiers[0].scope, "required");
    assert_string_equal(settings->identifiers[1].unique, "");
    assert_string_equal(settings->identifiers[1].scope, "");
    assert_int_equal(settings->identifiers[1].limit, 0);
    tp_settings_free(settings);
}

static void the_host_fills_what_is_empty(void **state) {
    (void)state;
    char host[256];
    assert_int_equal(gethostname(host, sizeof host), 0);
    setenv("HOME", "/home/ann", 1);
    struct tp_settings *settings = loaded(NULL, NULL);
    assert_string_equal(settings->node.name, host);
    assert_string_equal(settings->dev.dir, "/home/ann/.local/state/touchpointd-dev");
    tp_settings_free(settings);
    setenv("XDG_STATE_HOME", "/var/ann", 1);
    settings = loaded("node { name = one }", NULL);
    assert_string_equal(settings->node.name, "one");
    assert_string_equal(settings->dev.dir, "/var/ann/touchpointd-dev");
    tp_settings_free(settings);
    settings = loaded(NULL, "dev.dir=/x");
    assert_string_equal(settings->dev.dir, "/x");
    tp_settings_free(settings);
    unsetenv("XDG_STATE_HOME");
}

static void systemd_says_where_the_journal_is_unless_we_do(void **state) {
    (void)state;
    setenv("STATE_DIRECTORY", "/var/lib/one:/var/lib/two", 1);
    struct tp_settings *settings = loaded(NULL, NULL);
    assert_string_equal(settings->journal.dir, "/var/lib/one/journal");
    tp_settings_free(settings);
    settings = loaded("journal { dir = \"/srv/journal\" }", NULL);
    assert_string_equal(settings->journal.dir, "/srv/journal");
    tp_settings_free(settings);
    unsetenv("STATE_DIRECTORY");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_file_the_defaults_hold),
        cmocka_unit_test(every_default_is_one_that_may_be_set),
        cmocka_unit_test(every_setting_belongs_to_a_section_and_is_described),
        cmocka_unit_test(sizes_and_durations_have_units),
        cmocka_unit_test(a_switch_has_three_words_each_way),
        cmocka_unit_test(texts_of_every_allowed_form_are_taken),
        cmocka_unit_test(the_command_line_goes_before_the_file_and_its_last_word_holds),
        cmocka_unit_test(properties_go_to_librdkafka_in_their_order),
        cmocka_unit_test(secrets_come_from_the_environment_and_from_files),
        cmocka_unit_test(double_quotes_take_the_environment_and_single_ones_do_not),
        cmocka_unit_test(keys_are_read_from_their_files),
        cmocka_unit_test(types_of_identifiers_have_rules_of_their_own),
        cmocka_unit_test(the_host_fills_what_is_empty),
        cmocka_unit_test(systemd_says_where_the_journal_is_unless_we_do),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
