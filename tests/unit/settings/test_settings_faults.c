/* Every kind of fault, and the line that says it: where, which setting, what is wrong, what was expected. */
#include "tests/unit/settings/load.h"

#include <string.h>

static void all_are(const char *text, const char *set, const char *expected) {
    tp_settings_free(load(text, set));
    assert_string_equal(faults, expected);
}

static const struct {
    const char *text, *fault;
} values[] = {
    {"http { listen = 8080 }",
     "http.listen: \"8080\" is not valid; expected ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH, "
     "several with commas"},
    {"http { listen = \"127.0.0.1:8080,\" }", "http.listen: \"127.0.0.1:8080,\" is not valid; expected ADDRESS:PORT"},
    {"http { listen = \"127.0.0.1:65536\" }", "http.listen: \"127.0.0.1:65536\" is not valid"},
    {"http { listen = \"::1:8080\" }", "http.listen: \"::1:8080\" is not valid"},
    {"http { listen = \"unix:\" }", "http.listen: \"unix:\" is not valid"},
    {"http { external_url = \"ftp://a\" }",
     "http.external_url: \"ftp://a\" is not valid; expected nothing, or http://"},
    {"http { trusted_proxies = \"10.0.0.0/33\" }",
     "http.trusted_proxies: \"10.0.0.0/33\" is not valid; expected nothing"},
    {"http { open = perhaps }", "http.open: \"perhaps\" is not valid; expected on or off"},
    {"http { threads = 65 }", "http.threads: \"65\" is not valid; expected a number from 0 to 64"},
    {"http { threads = -1 }", "http.threads: \"-1\" is not valid; expected a number from 0 to 64"},
    {"http { threads = two }", "http.threads: \"two\" is not valid; expected a number from 0 to 64"},
    {"http { threads = \"\" }", "http.threads: \"\" is not valid; expected a number from 0 to 64"},
    {"http { threads = 2x }", "http.threads: \"2x\" is not valid; expected a number from 0 to 64"},
    {"http { max_body = 2GiB }", "http.max_body: \"2GiB\" is not valid; expected a size from 1KiB to 1GiB"},
    {"http { max_body = 9223372036854775807G }",
     "http.max_body: \"9223372036854775807G\" is not valid; expected a size"},
    {"http { max_body = 99999999999999999999 }",
     "http.max_body: \"99999999999999999999\" is not valid; expected a size"},
    {"http { max_body = 8MB }", "http.max_body: \"8MB\" is not valid; expected a size from 1KiB to 1GiB"},
    {"http { idle_timeout = 75 }", "http.idle_timeout: \"75\" is not valid; expected a duration (ms, s, m, h, d) from "
                                   "100ms to 1h"},
    {"normalize { region = ZZ }", "normalize.region: \"ZZ\" is not valid; expected nothing, or a country"},
    {"normalize { region = gb }", "normalize.region: \"gb\" is not valid; expected nothing, or a country"},
    {"journal { dir = \"\" }", "journal.dir: \"\" is not valid; expected a path"},
    {"journal { segment_size = 512KiB }",
     "journal.segment_size: \"512KiB\" is not valid; expected a size from 1MiB to 1GiB"},
    {"node { name = \"a b\" }", "node.name: \"a b\" is not valid; expected nothing, or up to 64 letters"},
    {"identity { types = \"email,E-Mail\" }",
     "identity.types: \"email,E-Mail\" is not valid; expected names of lower-case"},
    {"identity { types = \"email, phone, email\" }",
     "identity.types: \"email, phone, email\" names a type twice; expected"},
    {"identity { blocked = \"null, *\" }",
     "identity.blocked: \"null, *\" is not valid; expected nothing, or values in which * stands for anything"},
    {"identifier email { form = \"mail\" }", "identifier.email.form: \"mail\" is not valid; expected nothing, or text, "
                                             "lower, handle, email, phone or whatsapp"},
    {"identifier email { unique = \"yes\" }",
     "identifier.email.unique: \"yes\" is not valid; expected nothing, or on, merges or off"},
    {"identifier facebook { scope = on }",
     "identifier.facebook.scope: \"on\" is not valid; expected nothing, or required, optional or off"},
    {"identity { types = \"\" }", "identity.types: \"\" is not valid; expected names"},
    {"redis { url = \"http://a\" }",
     "redis.url: the value is not valid; expected redis://[USER@]HOST[:PORT][/DATABASE] or "
     "unix:///PATH"},
    {"redis { url = \"rediss://a\" }",
     "redis.url: the value asks for TLS to Redis, which this build has not; expected redis"},
    {"redis { url = \"redis://u:opensesame@a\" }",
     "redis.url: the value holds a password, which belongs to redis.password"},
    {"redis { url = \"redis://a:99999\" }", "redis.url: the value is not valid; expected redis://"},
    {"redis { url = \"redis://a/x\" }", "redis.url: the value is not valid; expected redis://"},
    {"redis { prefix = \"{tp}\" }",
     "redis.prefix: \"{tp}\" has braces, which would choose the slot in a cluster; expected"},
    {"redis { lanes = 0 }", "redis.lanes: \"0\" is not valid; expected a number from 1 to 4096"},
    {"redis { password = opensesame }",
     "redis.password: a secret may not stand here; expected env:VARIABLE or file:PATH"},
    {"redis { password = \"env:NOT_SET\" }",
     "redis.password: variable \"NOT_SET\" is not set; expected it to hold the secret"},
    {"redis { password = \"env:EMPTY\" }",
     "redis.password: variable \"EMPTY\" is not set; expected it to hold the secret"},
    {"redis { password = \"file:absent\" }",
     "redis.password: cannot take the secret from file \"absent\": No such file or "
     "directory; expected a file with it"},
    {"redis { password = \"file:blank\" }",
     "redis.password: cannot take the secret from file \"blank\": it is empty; expected"},
    {"redis { password = \"file:.\" }",
     "redis.password: cannot take the secret from file \".\": it is not a regular file"},
    {"timeline { max_age = 36501d }",
     "timeline.max_age: \"36501d\" is not valid; expected a duration (s, m, h, d) from 0 to "
     "36500d"},
    {"kafka { brokers = \"a:b\" }",
     "kafka.brokers: \"a:b\" is not valid; expected HOST or HOST:PORT, several with commas"},
    {"kafka { transactions = half }", "kafka.transactions: \"half\" is not valid; expected on or off\n"},
    {"kafka { transaction_interval = 11s }",
     "kafka.transaction_interval: \"11s\" is not valid; expected a duration (ms, s, m, h, d) from 0 to 10s"},
    {"kafka { topic_rejected = \"a/b\" }", "kafka.topic_rejected: \"a/b\" is not valid; expected up to 249 letters"},
    {"kafka { replication = 0 }", "kafka.replication: \"0\" is not valid; expected -1, or a number from 1 to 100"},
    {"kafka { property { sasl.password = opensesame } }", "kafka.property.sasl.password: a secret may not stand here; "
                                                          "expected env:VARIABLE or file:PATH"},
    {"kafka { property { 'a b' = c } }", "kafka.property: the name is not valid; expected one of librdkafka's"},
    {"log { level = loud }", "log.level: \"loud\" is not valid; expected error, warning, notice, info or debug"},
    {"key crm { file = absent  scopes = {read} }",
     "key.crm.file: cannot take the secret from file \"absent\": No such file"},
    {"key crm { file = short  scopes = {read} }",
     "key.crm.file: the key in file \"short\" is too short; expected at least 16 "
     "bytes"},
    {"key crm { file = open  scopes = {read} }",
     "key.crm.file: the key in file \"open\" may be written by others than its "
     "owner; expected mode 0600 or 0640"},
    {"key crm { file = phrase  scopes = {read} }",
     "key.crm.file: the key in file \"phrase\" holds blanks or other than "
     "ASCII; expected one line of visible ASCII"},
    {"key crm { file = good  scopes = {owner} }",
     "key.crm.scopes: \"owner\" is not valid; expected write, read, admin or several of these"},
    {"key crm { file = good }", "key.crm.scopes: is missing; expected write, read, admin or several of these"},
    {"key crm { file = good  scopes = {} }",
     "key.crm.scopes: is missing; expected write, read, admin or several of these"},
    {"key crm { scopes = {read} }", "key.crm.file: is missing; expected a path"},
    {"key 'a b' { file = good  scopes = {read} }", "key: the name \"a b\" is not valid; expected up to 64 letters"},
};

static int write_secrets(void **state) {
    if (make_folder(state) != 0)
        return -1;
    setenv("EMPTY", "", 1);
    write_file("blank", " \n\t\n", 0600);
    write_file("short", "fifteen-bytes-1\n", 0600);
    write_file("open", "sixteen-bytes-16", 0620);
    write_file("phrase", "correct horse battery", 0600);
    write_file("good", "sixteen-bytes-16\n", 0600);
    return 0;
}

static void a_value_that_is_refused_is_said_with_file_line_and_name(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[256], expected[512];
        snprintf(text, sizeof text, "# one comment\n/* and\nanother */\n\n%s\n", values[i].text);
        snprintf(expected, sizeof expected, "x.conf:5: %s", values[i].fault);
        tp_settings_free(load(text, NULL));
        if (strncmp(faults, expected, strlen(expected)) != 0)
            fail_msg("%s\nsays     %sexpected %s", values[i].text, faults, expected);
        assert_ptr_equal(strchr(faults, '\n'), faults + strlen(faults) - 1); /* and nothing else */
    }
}

static void no_fault_repeats_what_may_be_a_secret(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        tp_settings_free(load(values[i].text, NULL));
        assert_null(strstr(faults, "opensesame"));
        assert_null(strstr(faults, "teen-bytes"));
        assert_null(strstr(faults, "horse"));
    }
    tp_settings_free(load(NULL, "redis.passwort=opensesame"));
    assert_string_not_equal(faults, "");
    assert_null(strstr(faults, "opensesame"));
}

static void the_line_is_right_behind_every_kind_of_comment(void **state) {
    (void)state;
    all_are("# http { threads = 99 }\n"
            "// the same again\n"
            "http { /* and\n"
            "  once */ listen = \"unix:/a#b//c\" # not a comment before\n"
            "  external_url = http://a//b // a slash within a word begins none\n"
            "  trusted_proxies = \"${NOT_SET:-\"}\" # a quote within braces ends no string\n"
            "  open = 'o\\\\n' threads = 65\n"
            "}",
            NULL,
            "x.conf:6: http.trusted_proxies: \"\"\" is not valid; expected nothing, or addresses, networks "
            "(ADDRESS/BITS) or unix, several with commas\n"
            "x.conf:7: http.open: \"o\\n\" is not valid; expected on or off\n"
            "x.conf:7: http.threads: \"65\" is not valid; expected a number from 0 to 64\n");
}

static void comments_may_stand_within_a_list(void **state) {
    (void)state;
    tp_settings_free(
        loaded("key crm { file = good scopes = { read, # the timelines\n write /* and events */ } }", NULL));
}

static void all_faults_are_said_at_once(void **state) {
    (void)state;
    all_are("http {\n"
            "  threads = 65\n"
            "  thread = 4\n"
            "}\n"
            "kafka {\n"
            "  property { linger.ms = 5 }\n"
            "  transactions = half\n"
            "}\n",
            "dev.dirs=/x",
            "x.conf:2: http.threads: \"65\" is not valid; expected a number from 0 to 64\n"
            "x.conf:3: http.thread: there is no such setting; expected one of listen, external_url, open, "
            "trusted_proxies, threads, max_connections, max_connections_per_peer, max_header, max_body, max_unpacked, "
            "max_bodies, header_timeout, body_timeout, idle_timeout, write_timeout, grace\n"
            "x.conf:7: kafka.transactions: \"half\" is not valid; expected on or off\n"
            "--set: \"dev.dirs\" is no setting; expected SECTION.NAME=VALUE\n");
}

static void a_rule_is_of_a_type_that_there_is(void **state) {
    (void)state;
    all_are("identifier e-mail { form = \"email\" }", NULL,
            "x.conf: identifier: e-mail is no type; expected one of identity.types\n");
}

static void a_section_that_is_not_known_is_refused(void **state) {
    (void)state;
    all_are("log { }\nsauce \"web\" { kind = \"x\" }", NULL,
            "x.conf:2: sauce: there is no such section; expected one of http, key, normalize, source, sources, "
            "journal, node, identity, "
            "identifier, "
            "redis, timeline, delivery, kafka, log, dev\n");
    all_are("kafka { topics = a }", NULL,
            "x.conf:1: kafka.topics: there is no such setting; expected one of brokers, transactions, "
            "transaction_interval, topic_interactions, topic_customers, topic_rejected, topic_checkpoints, partitions, "
            "replication, "
            "retention, username, password, property\n");
}

static void a_setting_stands_once(void **state) {
    (void)state;
    all_are("http {\n threads = 1\n}\nhttp {\n threads = 2\n}", NULL,
            "x.conf:5: http.threads: is set on line 2 already; expected it once\n");
    all_are("key a { file = good  scopes = {read} }\nkey a { file = good  scopes = {write} }", NULL,
            "x.conf:2: \"found duplicate title 'a'\"; expected each name once\n");
}

static const struct {
    const char *text, *fault;
} broken[] = {
    {"http {\n threads = 1\n", "x.conf:1: a section that begins here is not closed; expected }\n"},
    {"log { }\nkey a { scopes = {read\n}", "x.conf:2: a section that begins here is not closed; expected }\n"},
    {"http {\n listen = \"a\n\n}", "x.conf:2: a string that begins here is not closed; expected a quote\n"},
    {"http {\n listen = 'a\\'\n\n}", "x.conf:2: a string that begins here is not closed; expected a quote\n"},
    {"http {\n listen = \"a\\", "x.conf:2: a string that begins here is not closed; expected a quote\n"},
    {"\n/* http { }", "x.conf:2: a comment that begins here is not closed; expected */\n"},
    {"http { } }", "x.conf:1: \"unexpected closing brace\"; expected NAME = VALUE or SECTION { ... }\n"},
    {"\nhttp = 5",
     "x.conf:2: \"missing opening brace for section 'http'\"; expected NAME = VALUE or SECTION { ... }\n"},
    {"http {\n\n listen }",
     "x.conf:3: \"missing equal sign after option 'listen'\"; expected NAME = VALUE or SECTION { ... }\n"},
    {"http {\n\n listen = }", "x.conf:3: \"unexpected token '}'\"; expected NAME = VALUE or SECTION { ... }\n"},
    {"\nkey { }", "x.conf:2: \"missing title for section 'key'\"; expected NAME = VALUE or SECTION { ... }\n"},
    {"\nhttp|listen = x", "x.conf:2: listen: is not in its section; expected SECTION { NAME = VALUE }\n"},
    {"http { \"a\\nb:1: x\" = 1 }", "x.conf:1: http.a?b:1: x: there is no such setting; expected one of listen"},
    {"http { listen = \"\\777\" }",
     "x.conf:1: \"invalid octal number '\\777'\"; expected NAME = VALUE or SECTION { ... }\n"},
};

static void broken_syntax_is_said_where_it_breaks(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        tp_settings_free(load(broken[i].text, NULL));
        if (strncmp(faults, broken[i].fault, strlen(broken[i].fault)) != 0)
            fail_msg("%s\nsays     %sexpected %s", broken[i].text, faults, broken[i].fault);
    }
}

static void a_file_that_cannot_be_read_is_said(void **state) {
    (void)state;
    struct tp_settings *settings = NULL;
    struct tp_buf out = TP_BUF_INIT;
    assert_int_equal(tp_settings_load("absent", NULL, 0, &out, &settings), TP_ECONFIG);
    assert_int_equal(tp_settings_load(".", NULL, 0, &out, &settings), TP_ECONFIG);
    FILE *file = opened("nul", "w");
    assert_int_equal(fwrite("http { }\0", 1, 9, file), 9);
    fclose(file);
    assert_int_equal(tp_settings_load("nul", NULL, 0, &out, &settings), TP_ECONFIG);
    file = opened("large", "w");
    assert_int_equal(ftruncate(fileno(file), 2 << 20), 0);
    fclose(file);
    assert_int_equal(tp_settings_load("large", NULL, 0, &out, &settings), TP_ECONFIG);
    tp_buf_addc(&out, '\0');
    assert_string_equal(out.at, "absent: cannot be read: No such file or directory; expected a file of settings\n"
                                ".: cannot be read: Is a directory; expected a file of settings\n"
                                "nul: cannot be read: it holds a NUL; expected a file of settings\n"
                                "large: cannot be read: it is larger than 1MiB; expected a file of settings\n");
    assert_null(settings);
    tp_buf_free(&out);
}

static void what_stands_on_the_command_line_is_said_so(void **state) {
    (void)state;
    all_are(NULL, "http.threads=65", "--set: http.threads: \"65\" is not valid; expected a number from 0 to 64\n");
    all_are(NULL, "http.threads", "--set: \"http.threads\" is no setting; expected SECTION.NAME=VALUE\n");
    all_are(NULL, "threads=1", "--set: \"threads\" is no setting; expected SECTION.NAME=VALUE\n");
    all_are(NULL, "", "--set: \"\" is no setting; expected SECTION.NAME=VALUE\n");
    all_are(NULL, "kafka.property.=1", "--set: kafka.property: the name is not valid; expected one of librdkafka's\n");
    all_are(NULL, "key.crm.file=x", "--set: key: can stand in a file only; expected SECTION.NAME=VALUE\n");
}

static void settings_must_go_with_each_other(void **state) {
    (void)state;
    all_are("journal {\n segment_size = 512MiB\n max_size = 1023MiB\n}", NULL,
            "x.conf:3: journal.max_size: does not go with journal.segment_size; expected room for two segments\n");
    all_are("\njournal { max_size = 100MiB }", NULL,
            "x.conf:2: journal.max_size: does not go with journal.segment_size; expected room for two segments\n");
    all_are(
        "\nnormalize { max_event = 16MiB }\njournal { segment_size = 32MiB }", NULL,
        "x.conf:3: journal.segment_size: does not go with normalize.max_event; expected more than two events' bytes\n");
    all_are(NULL, "http.max_unpacked=128KiB",
            "--set: normalize.max_event: does not go with http.max_unpacked; expected no more than a body may have\n");
    all_are(NULL, "http.max_bodies=63MiB",
            "--set: http.max_bodies: does not go with http.max_unpacked; expected room for two of the largest\n");
    all_are("kafka {\n topic_rejected = touchpoint.customers\n}", NULL,
            "x.conf:2: kafka.topic_rejected: does not go with kafka.topic_customers; expected a topic of its own\n");
    all_are(
        "kafka {\n transactions = on\n}\ndelivery {\n window = 40001\n}", NULL,
        "x.conf:5: delivery.window: does not go with kafka.transactions; expected at most 40000, so that a position "
        "fits into a record\n");
    all_are("key a { file = good  scopes = {read} }\nkey b { file = good  scopes = {write} }", NULL,
            "x.conf: key: b is the same key as a; expected one of its own\n");
}

static void a_refused_value_does_not_count_as_its_default(void **state) {
    (void)state;
    all_are("journal {\n segment_size = 2GiB\n max_size = 100MiB\n}", NULL,
            "x.conf:2: journal.segment_size: \"2GiB\" is not valid; expected a size from 1MiB to 1GiB\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_that_is_refused_is_said_with_file_line_and_name),
        cmocka_unit_test(no_fault_repeats_what_may_be_a_secret),
        cmocka_unit_test(the_line_is_right_behind_every_kind_of_comment),
        cmocka_unit_test(comments_may_stand_within_a_list),
        cmocka_unit_test(all_faults_are_said_at_once),
        cmocka_unit_test(a_rule_is_of_a_type_that_there_is),
        cmocka_unit_test(a_section_that_is_not_known_is_refused),
        cmocka_unit_test(a_setting_stands_once),
        cmocka_unit_test(broken_syntax_is_said_where_it_breaks),
        cmocka_unit_test(a_file_that_cannot_be_read_is_said),
        cmocka_unit_test(what_stands_on_the_command_line_is_said_so),
        cmocka_unit_test(settings_must_go_with_each_other),
        cmocka_unit_test(a_refused_value_does_not_count_as_its_default),
    };
    return cmocka_run_group_tests(tests, write_secrets, remove_folder);
}
