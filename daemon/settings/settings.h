/* Every setting: one table (table.c) names each with its type, default, unit, range and meaning, reads the file and
 * --set by it, and writes config/touchpointd.conf and the manual from it. Read once, before threads start; constant
 * afterwards, so any thread may look. All strings are owned by the settings and never NULL ("" when unset). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/str.h"

/* A key that a client shows: `key "crm" { file = "/etc/touchpointd/crm.key"  scopes = {"write", "read"} }`. */
enum tp_scope { TP_SCOPE_WRITE = 1, TP_SCOPE_READ = 2, TP_SCOPE_ADMIN = 4 };
struct tp_key {
    char *name, *secret; /* the secret is read from the file; white space at its end is not part of it */
    unsigned scopes;     /* of enum tp_scope */
};

struct tp_property {
    char *name, *value;
};

/* What is particular to a type of identifiers: `identifier "loyalty_card" { form = "lower" }`. */
struct tp_identifier_rule {
    char *type, *form, *blocked; /* "" when unset */
    char *unique;                /* "on": two values are two people; "merges": of no merge; "off"; "": by the type */
    char *scope;                 /* "required": values are SCOPE:VALUE; "optional"; "off"; "": by the type */
    unsigned limit;              /* values of a customer; 0: by the type */
    bool shared;                 /* several customers may use a value: it leads only where nothing else does */
};

/* A sender: `source "support" { kind = "twilio"  secret = {"env:TWILIO_TOKEN"} }`. */
struct tp_source_settings {
    char *name, *kind;
    char **secrets; /* as they were found */
    size_t n_secrets;
    char *region;       /* "": as normalize.region */
    char *mapping;      /* "" or the path of a program that takes the place of the kind's */
    char *verify_token; /* "" or what the sender shows when it asks whether this is the place */
    char *origins;      /* "" or the origins of pages, comma-separated; "*": any */
};

struct tp_settings {
    struct {
        char *listen;          /* comma-separated: ADDRESS:PORT, [ADDRESS]:PORT, unix:PATH */
        char *external_url;    /* "" or the address that senders know */
        bool open;             /* without keys beyond loopback, on purpose */
        char *trusted_proxies; /* comma-separated addresses and networks; "unix" trusts the Unix socket's peers */
        unsigned threads;      /* 0: one a core, at most 8 */
        unsigned max_connections, max_connections_per_peer;                 /* 0 of a peer: without limit */
        size_t max_header, max_body, max_unpacked, max_bodies;              /* bytes */
        unsigned header_timeout, body_timeout, idle_timeout, write_timeout; /* ms */
        unsigned grace;                                                     /* ms */
    } http;
    struct {
        unsigned max_events; /* of one request */
        size_t max_event;    /* bytes of one event */
        unsigned max_depth;
        char *region; /* "" or ISO 3166, for phone numbers without + */
    } normalize;
    struct {
        char *dir;                     /* of kinds, before those that are shipped */
        unsigned mapping_timeout;      /* ms for one request */
        size_t mapping_memory;         /* bytes of one mapping process */
        char *certificate_hosts;       /* "" or patterns of hosts, comma-separated */
        char *certificate_authorities; /* "" or a file */
    } sources;
    struct {
        char *dir;
        size_t segment_size, max_size; /* bytes */
        size_t queue_size;             /* bytes that wait for the writer */
    } journal;
    struct {
        char *name;
        unsigned stop_timeout; /* ms */
    } node;
    struct {
        char *types;   /* comma-separated, strongest first */
        char *blocked; /* patterns (common/pattern.h) */
        unsigned merges_per_minute;
        unsigned shared_after;  /* customers that a value may have conflicts with; 0: any */
        uint64_t shared_within; /* s */
    } identity;
    struct {
        char *url; /* redis://[USER@]HOST[:PORT][/DB], unix:///PATH */
        char *password;
        char *prefix;
        unsigned lanes, buckets;
        unsigned timeout;       /* ms for one answer */
        unsigned repair_window; /* ms that a repair goes back, beyond what is known to be lost */
        unsigned repair_wait;   /* ms for another node to answer, or to go on */
    } redis;
    struct {
        unsigned max_events;    /* kept of one customer */
        uint64_t max_age;       /* s; 0: without limit */
        unsigned recent_events; /* remembered of one customer, for once-only */
    } timeline;
    struct {
        unsigned window; /* records under way at a time behind the journal */
        unsigned tries;  /* before a record goes to the rejected topic */
    } delivery;
    struct {
        char *brokers;
        bool transactions;
        unsigned transaction_interval; /* ms */
        char *topic_interactions, *topic_customers, *topic_rejected, *topic_checkpoints;
        unsigned partitions;
        int replication;   /* -1: the broker's default */
        int64_t retention; /* s; -1: the broker's default */
        char *username, *password;
        struct tp_property *properties; /* passed to librdkafka */
        size_t n_properties;
    } kafka;
    struct {
        char *level; /* error, warning, notice, info, debug */
    } log;
    struct {
        char *dir; /* state of --dev */
    } dev;
    struct tp_key *keys;
    size_t n_keys;
    struct tp_identifier_rule *identifiers;
    size_t n_identifiers;
    struct tp_source_settings *source_list;
    size_t n_sources;
};

/* Defaults, then `file` (NULL: none), then each "section.name=value" of `sets`. All faults are written to `faults`, one
 * a line: FILE:LINE: section.name: what is wrong, what was expected. TP_ECONFIG when there is any. */
int tp_settings_load(const char *file, const char *const *sets, size_t n_sets, struct tp_buf *faults,
                     struct tp_settings **ret);
void tp_settings_free(struct tp_settings *settings); /* wipes secrets; NULL is fine */
/* config/touchpointd.conf as it is shipped: every setting at its default, commented out, with unit, range, meaning. */
void tp_settings_write_example(FILE *out);
/* The settings as a part of touchpointd.conf(5), in mdoc(7). */
void tp_settings_write_manual(FILE *out);
