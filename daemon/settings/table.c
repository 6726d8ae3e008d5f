/* The table of settings. A setting is a row here and a member of struct tp_settings; nothing else knows its name. The
 * rows stand in the order of the sections, which is the order of the example. */
#include "daemon/settings/internal.h"

#include <limits.h>
#include <stdlib.h>

#define OF(part, member)     .section = #part, .name = #member, .at = offsetof(struct tp_settings, part.member)
#define OF_KEY(n, member)    .section = "key", .name = n, .at = offsetof(struct tp_key, member)
#define OF_SOURCE(n, member) .section = "source", .name = n, .at = offsetof(struct tp_source_settings, member)
#define OF_TYPE(member)      .section = "identifier", .name = #member, .at = offsetof(struct tp_identifier_rule, member)

#define KIB (INT64_C(1) << 10)
#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)
#define TIB (INT64_C(1) << 40)

#define SECOND  INT64_C(1000) /* where milliseconds are kept */
#define MINUTE  (60 * SECOND)
#define HOUR    (3600 * SECOND)
#define CENTURY (INT64_C(36500) * 86400) /* where seconds are kept */

// clang-format off
const struct tp_setting tp_settings_table[] = {
    {OF(http, listen), TP_TEXT, "127.0.0.1:8080", .form = &tp_form_listen,
     .help = "Where requests are taken. Beyond loopback it needs keys, or open = on."},
    {OF(http, external_url), TP_TEXT, "", .form = &tp_form_url,
     .help = "The address that senders know, over which some of them sign."},
    {OF(http, open), TP_BOOL, "off",
     .help = "Listen beyond loopback without keys: everyone who reaches the port may write and read."},
    {OF(http, trusted_proxies), TP_TEXT, "", .form = &tp_form_proxies,
     .help = "Proxies whose word on the sender's address and scheme is believed."},
    {OF(http, threads), TP_UNSIGNED, "0", 0, 64,
     .help = "Threads that serve connections; 0: one a core, at most 8."},
    {OF(http, max_connections), TP_UNSIGNED, "10000", 1, 1000000,
     .help = "Connections open at a time. For another one an idle or slow one goes; else it is turned away."},
    {OF(http, max_connections_per_peer), TP_UNSIGNED, "2000", 0, 1000000,
     .help = "Those of one address, IPv6 by /64; behind a trusted proxy of the sender's. 0: without limit."},
    {OF(http, max_header), TP_SIZE, "16KiB", KIB, MIB,
     .help = "Bytes of a request's line and headers."},
    {OF(http, max_body), TP_SIZE, "8MiB", KIB, GIB,
     .help = "Bytes of a request's body as sent."},
    {OF(http, max_unpacked), TP_SIZE, "32MiB", KIB, GIB,
     .help = "Bytes that a compressed body may unpack to."},
    {OF(http, max_bodies), TP_SIZE, "256MiB", 2 * KIB, TIB,
     .help = "Bytes of memory for all bodies over 16KiB at a time; for more of them senders are told to come back later."},
    {OF(http, header_timeout), TP_MILLISECONDS, "10s", 100, HOUR,
     .help = "From a request's first byte to the end of its headers."},
    {OF(http, body_timeout), TP_MILLISECONDS, "30s", 100, HOUR,
     .help = "From the end of the headers to the end of the body."},
    {OF(http, idle_timeout), TP_MILLISECONDS, "75s", 100, HOUR,
     .help = "How long a connection is kept between two requests."},
    {OF(http, write_timeout), TP_MILLISECONDS, "30s", 100, HOUR,
     .help = "How long a peer may take to read its reply."},
    {OF(http, grace), TP_MILLISECONDS, "3s", 100, HOUR,
     .help = "How long a slow peer is left alone when all connections are taken."},

    {OF_KEY("file", secret), TP_KEY_FILE, NULL,
     .help = "The file that holds the key; white space at its end is not part of it."},
    {OF_KEY("scopes", scopes), TP_SCOPES, NULL,
     .help = "What the key allows."},

    {OF(normalize, max_events), TP_UNSIGNED, "10000", 1, 1000000,
     .help = "Events of one request."},
    {OF(normalize, max_event), TP_SIZE, "256KiB", KIB, 16 * MIB,
     .help = "Bytes of one event."},
    {OF(normalize, max_depth), TP_UNSIGNED, "32", 4, 512,
     .help = "How deeply an event may be nested."},
    {OF(normalize, region), TP_TEXT, "", .form = &tp_form_region,
     .help = "The country of phone numbers without +; when empty these are refused."},

    {OF_SOURCE("kind", kind), TP_TEXT, NULL, .form = &tp_form_kind,
     .help = "How it speaks: the name of a folder of sources.dir, or of one that is shipped."},
    {OF_SOURCE("secret", secrets), TP_SECRETS, "",
     .help = "What its requests are signed with, or show. Several at a time, so that one can be changed for another."},
    {OF_SOURCE("verify_token", verify_token), TP_SECRET, "",
     .help = "What the sender shows when it asks whether this is the place (Meta)."},
    {OF_SOURCE("region", region), TP_TEXT, "", .form = &tp_form_region,
     .help = "The country of its phone numbers without +; when empty as normalize.region."},
    {OF_SOURCE("mapping", mapping), TP_TEXT, "",
     .help = "A jq program that takes the place of the kind's."},
    {OF_SOURCE("origins", origins), TP_TEXT, "", .form = &tp_form_origins,
     .help = "Pages whose scripts may send, such as https://shop.example; * for any."},

    {OF(sources, dir), TP_TEXT, "/etc/touchpointd/sources", .form = &tp_form_path,
     .help = "Kinds of your own, a folder each; they come before those that are shipped."},
    {OF(sources, mapping_timeout), TP_MILLISECONDS, "2s", 10, MINUTE,
     .help = "The processor's time that the mapping of one request may take before it is stopped."},
    {OF(sources, mapping_memory), TP_SIZE, "512MiB", 64 * MIB, TIB,
     .help = "Memory that a mapping may take; beyond it is stopped."},
    {OF(sources, certificate_hosts), TP_TEXT, "",
     .help = "Where certificates that senders name may be fetched from, such as sns.*.amazonaws.com; when empty nowhere."},
    {OF(sources, certificate_authorities), TP_TEXT, "",
     .help = "A file of who vouches for these hosts; when empty those whom the system trusts."},

    {OF(journal, dir), TP_TEXT, "/var/lib/touchpointd/journal", .form = &tp_form_path,
     .help = "Where accepted events are kept until Kafka has them. Under systemd: journal in its state directory."},
    {OF(journal, segment_size), TP_SIZE, "64MiB", MIB, GIB,
     .help = "Bytes of one file of the journal."},
    {OF(journal, max_size), TP_SIZE, "8GiB", 2 * MIB, 16 * TIB,
     .help = "Bytes of all its files; when they are used up, senders are told to come back later."},
    {OF(journal, queue_size), TP_SIZE, "64MiB", MIB, 16 * GIB,
     .help = "Bytes in memory that wait to be written."},

    {OF(node, name), TP_TEXT, "", .form = &tp_form_token,
     .help = "This daemon's name among several; when empty the host's name."},
    {OF(node, stop_timeout), TP_MILLISECONDS, "20s", SECOND, HOUR,
     .help = "How long a stop waits for what is under way."},

    {OF(identity, types), TP_TEXT,
     "customer_id,email,phone,anonymous_id,x,facebook,instagram,whatsapp,telegram,line,slack", .form = &tp_form_types,
     .help = "The types of identifiers, strongest first."},
    {OF(identity, blocked), TP_TEXT,
     "null, undefined, none, nil, nan, n/a, unknown, anonymous, guest, true, false, 0, -1, [object object], "
     "00000000-0000-0000-0000-000000000000, null@*, undefined@*, none@*, unknown@*, anonymous@*, guest@*, noreply@*, "
     "no-reply@*",
     .form = &tp_form_patterns,
     .help = "Values that name nobody, of whatever type; such a one is no identifier."},
    {OF(identity, merges_per_minute), TP_UNSIGNED, "10", 0, 1000000,
     .help = "How many customers may be merged into one in a minute; beyond that they stay apart, and the events say so: one "
             "bad integration must not make a thousand people one. 0: none ever."},
    {OF(identity, shared_after), TP_UNSIGNED, "10", 0, 1000,
     .help = "How many customers one value may have conflicts with within identity.shared_within: beyond that it is demoted, for "
             "good, and is from then on as one of a shared type. 0: none is demoted any more."},
    {OF(identity, shared_within), TP_SECONDS, "90d", 1, INT64_C(365) * 86400,
     .help = "How long a customer counts for a value that would have tied it."},

    {OF_TYPE(form), TP_TEXT, "", .form = &tp_form_identifier,
     .help = "How a value is made canonical. When empty, as the type of that name, which is text for those that are new."},
    {OF_TYPE(blocked), TP_TEXT, "", .form = &tp_form_patterns,
     .help = "Values of this type that name nobody, beside identity.blocked: the company's own, a trunk, a kiosk."},
    {OF_TYPE(shared), TP_BOOL, "off",
     .help = "Several people may use one value, such as a family's phone: it leads to its first customer only where an "
             "event names nothing else."},

    {OF_TYPE(scope), TP_TEXT, "", .form = &tp_form_scope,
     .help = "Whether a value is one of a page's, a bot's or an account's alone, whose name then stands in front of it as "
             "SCOPE:VALUE: it must (required), it may (optional), or values have no scope (off). When empty by the type: "
             "optional for facebook, instagram, telegram, line and slack, off for others."},
    {OF_TYPE(unique), TP_TEXT, "", .form = &tp_form_unique,
     .help = "Whether two values are two people (on), or keep two customers from being merged while a customer may still "
             "get a second one (merges), or neither (off). When empty by the type: on for customer_id, merges for email, "
             "phone and whatsapp, off for others."},
    {OF_TYPE(limit), TP_UNSIGNED, "0", 0, 1000000,
     .help = "How many values a customer may have; one more is a conflict. 0: by the type, which is 1 where unique is on, 2 "
             "for email, phone and whatsapp, and 100 for others."},

    {OF(redis, url), TP_TEXT, "redis://127.0.0.1:6379", .form = &tp_form_redis, .hidden = true,
     .help = "The Redis that holds the timelines."},
    {OF(redis, password), TP_SECRET, "",
     .help = "Its password."},
    {OF(redis, prefix), TP_TEXT, "tp:", .form = &tp_form_prefix,
     .help = "What every key begins with. Fixed once there are data."},
    {OF(redis, lanes), TP_UNSIGNED, "16", 1, 4096,
     .help = "Lanes that customers are spread over; of a cluster, some for each shard. Fixed once there are data."},
    {OF(redis, buckets), TP_UNSIGNED, "16", 1, 4096,
     .help = "Buckets that identifiers are spread over, likewise. Fixed once there are data."},
    {OF(redis, timeout), TP_MILLISECONDS, "5s", 100, HOUR,
     .help = "How long an answer may take before the connection is given up."},
    {OF(redis, repair_window), TP_MILLISECONDS, "10m", 0, 24 * HOUR,
     .help = "How far a repair goes back in Kafka before the last event that a restarted or restored Redis knows."},
    {OF(redis, repair_wait), TP_MILLISECONDS, "30s", SECOND, HOUR,
     .help = "How long a repair waits for a node that says nothing."},

    {OF(timeline, max_events), TP_UNSIGNED, "10000", 1, 10000000,
     .help = "Events kept of one customer; the oldest by time go first."},
    {OF(timeline, max_age), TP_SECONDS, "1825d", 0, CENTURY,
     .help = "How long an event is kept; 0: without limit."},
    {OF(timeline, recent_events), TP_UNSIGNED, "128", 1, 100000,
     .help = "Events remembered of one customer, so that one sent again is known."},

    {OF(delivery, window), TP_UNSIGNED, "20000", 1, 1000000,
     .help = "Records under way at a time between the journal and Kafka."},
    {OF(delivery, tries), TP_UNSIGNED, "5", 1, 1000,
     .help = "Tries before a record that cannot be delivered goes to the rejected topic."},

    {OF(kafka, brokers), TP_TEXT, "127.0.0.1:9092", .form = &tp_form_brokers,
     .help = "The brokers to begin with."},
    {OF(kafka, transactions), TP_BOOL, "on",
     .help = "Produce in transactions: who reads committed records sees each event once, whatever is killed."},
    {OF(kafka, transaction_interval), TP_MILLISECONDS, "100ms", 0, 10 * SECOND,
     .help = "From one commit to the next, at the least. Events wait for it, and a commit costs the brokers some ms."},
    {OF(kafka, topic_interactions), TP_TEXT, "touchpoint.interactions", .form = &tp_form_topic,
     .help = "Enriched interactions, keyed by customer."},
    {OF(kafka, topic_customers), TP_TEXT, "touchpoint.customers", .form = &tp_form_topic,
     .help = "What is known of each customer, compacted."},
    {OF(kafka, topic_rejected), TP_TEXT, "touchpoint.rejected", .form = &tp_form_topic,
     .help = "What was refused, with the reason."},
    {OF(kafka, topic_checkpoints), TP_TEXT, "touchpoint.checkpoints", .form = &tp_form_topic,
     .help = "The daemon's own positions, compacted."},
    {OF(kafka, partitions), TP_UNSIGNED, "6", 0, 10000,
     .help = "Partitions of topics that are made here; 0: topics are made by others."},
    {OF(kafka, replication), TP_INT, "-1", -1, 100, .form = &tp_form_replication,
     .help = "Replicas of topics that are made here; -1: the broker's default."},
    {OF(kafka, retention), TP_SECONDS, "-1", -1, CENTURY,
     .help = "How long topics that are made here keep their records; -1: the broker's default."},
    {OF(kafka, username), TP_TEXT, "",
     .help = "The name to log in with, where brokers ask for one."},
    {OF(kafka, password), TP_SECRET, "",
     .help = "Its password."},

    {OF(log, level), TP_TEXT, "info", .form = &tp_form_level,
     .help = "The least that is logged."},

    {OF(dev, dir), TP_TEXT, "",
     .help = "What --dev keeps; when empty touchpointd-dev in $XDG_STATE_HOME, or in ~/.local/state."},
};
// clang-format on
const size_t tp_settings_count = sizeof tp_settings_table / sizeof *tp_settings_table;

static void *key_of(struct tp_settings *settings, const char *title) {
    for (size_t i = 0; i < settings->n_keys; i++)
        if (strcmp(settings->keys[i].name, title) == 0)
            return &settings->keys[i];
    struct tp_key *keys = reallocarray(settings->keys, settings->n_keys + 1, sizeof *keys);
    if (!keys)
        return NULL;
    settings->keys = keys;
    struct tp_key *key = &keys[settings->n_keys];
    *key = (struct tp_key){.name = strdup(title), .secret = strdup("")};
    if (!key->name || !key->secret) {
        free(key->name);
        free(key->secret);
        return NULL;
    }
    settings->n_keys++;
    return key;
}

static bool is_whole(const struct tp_identifier_rule *rule) {
    return rule->type && rule->form && rule->blocked && rule->unique && rule->scope;
}

static void *identifier_of(struct tp_settings *settings, const char *title) {
    for (size_t i = 0; i < settings->n_identifiers; i++)
        if (strcmp(settings->identifiers[i].type, title) == 0)
            return &settings->identifiers[i];
    struct tp_identifier_rule *rules = reallocarray(settings->identifiers, settings->n_identifiers + 1, sizeof *rules);
    if (!rules)
        return NULL;
    settings->identifiers = rules;
    struct tp_identifier_rule *rule = &rules[settings->n_identifiers++];
    *rule = (struct tp_identifier_rule){
        .type = strdup(title), .form = strdup(""), .blocked = strdup(""), .unique = strdup(""), .scope = strdup("")};
    return is_whole(rule) ? rule : NULL;
}

static bool is_whole_source(const struct tp_source_settings *source) {
    return source->name && source->kind && source->region && source->mapping && source->verify_token && source->origins;
}

static void *source_of(struct tp_settings *settings, const char *title) {
    for (size_t i = 0; i < settings->n_sources; i++)
        if (strcmp(settings->source_list[i].name, title) == 0)
            return &settings->source_list[i];
    struct tp_source_settings *list = reallocarray(settings->source_list, settings->n_sources + 1, sizeof *list);
    if (!list)
        return NULL;
    settings->source_list = list;
    struct tp_source_settings *source = &list[settings->n_sources++];
    *source = (struct tp_source_settings){.name = strdup(title),
                                          .kind = strdup(""),
                                          .region = strdup(""),
                                          .mapping = strdup(""),
                                          .verify_token = strdup(""),
                                          .origins = strdup("")};
    return is_whole_source(source) ? source : NULL;
}

const struct tp_section tp_settings_sections[] = {
    {"http", "The front that senders and readers reach.", NULL, NULL},
    {"key", "Keys, one section each. Where there is one, every request to the interface must show one.",
     "key \"crm\" { file = \"/etc/touchpointd/crm\"  scopes = {\"write\", \"read\"} }", key_of},
    {"normalize", "What an event may be.", NULL, NULL},
    {"source", "Senders that speak in their own way, one section each; config/sources has the kinds.",
     "source \"sms\" { kind = \"twilio\"  secret = {\"env:TWILIO_TOKEN\"} }", source_of},
    {"sources", "What all of them share.", NULL, NULL},
    {"journal", "The disk: an event is acknowledged once it is here.", NULL, NULL},
    {"node", "This daemon.", NULL, NULL},
    {"identity", "How customers are told apart.", NULL, NULL},
    {"identifier", "What is particular to a type of identifiers, one section each.",
     "identifier \"email\" { blocked = \"*@shop.example\" }", identifier_of},
    {"redis", "Where the timelines live.", NULL, NULL},
    {"timeline", "How much is kept of each customer.", NULL, NULL},
    {"delivery", "The way from the journal to Redis and Kafka.", NULL, NULL},
    {"kafka", "Where enriched interactions go.",
     "Passed to librdkafka as they are; names that end in password, secret or key.pem take env:VARIABLE or file:PATH.\n"
     "property { linger.ms = \"5\"  sasl.mechanisms = \"SCRAM-SHA-512\" }",
     NULL},
    {"log", "What is said to standard error, or to journald.", NULL, NULL},
    {"dev", "touchpointd --dev.", NULL, NULL},
};
const size_t tp_settings_n_sections = sizeof tp_settings_sections / sizeof *tp_settings_sections;

const struct tp_setting *tp_settings_find(struct tp_str section, struct tp_str name) {
    for (size_t i = 0; i < tp_settings_count; i++)
        if (tp_str_is(section, tp_settings_table[i].section) && tp_str_is(name, tp_settings_table[i].name))
            return &tp_settings_table[i];
    return NULL;
}

const struct tp_section *tp_settings_section(struct tp_str name) {
    for (size_t i = 0; i < tp_settings_n_sections; i++)
        if (tp_str_is(name, tp_settings_sections[i].name))
            return &tp_settings_sections[i];
    return NULL;
}

const struct tp_setting *tp_settings_called(struct tp_str name) {
    const char *dot = name.len ? memchr(name.at, '.', name.len) : NULL;
    if (!dot)
        return NULL;
    size_t len = (size_t)(dot - name.at);
    return tp_settings_find((struct tp_str){name.at, len}, (struct tp_str){dot + 1, name.len - len - 1});
}
