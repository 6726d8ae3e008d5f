/* What the files of touchpointctl share, in reading order: main.c has the table of commands, options.c reads the
 * command line, client.c talks to the daemon, text.c, table.c and progress.c to a person; then a file or a few a
 * command. One thread. The program ends after one command, with EXIT_DONE, EXIT_FAULT (what was asked for could not be
 * done, or not wholly; said on standard error) or EXIT_USAGE. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/str.h"
#include "common/uuid.h"

enum { EXIT_DONE = 0, EXIT_FAULT = 1, EXIT_USAGE = 2 };

/* "touchpointctl: ..." and a line feed on standard error. */
void tp_ctl_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* All of it as it is; an empty buffer has no bytes to point to. */
static inline void tp_ctl_write(const struct tp_buf *text, FILE *out) {
    if (text->len > 0)
        fwrite(text->at, 1, text->len, out);
}

/* ---- main.c: a command stands in its own file, as a row that main.c names ---- */
/* Which of the common options a command takes: --url and --key-file; -c and --set; --json. --help it always takes. */
enum tp_ctl_uses { TP_CTL_DAEMON = 1, TP_CTL_SETTINGS = 2, TP_CTL_JSON = 4 };
struct tp_ctl_command {
    const char *name, *arguments, *summary;
    const char *help;    /* a paragraph; each of these ends with a line feed */
    const char *options; /* its own, two blanks in front, explained from the 23rd column on; NULL when there are none */
    const char *example; /* "Example: ..." and "Exit: ..." */
    unsigned uses;       /* of enum tp_ctl_uses */
    int (*run)(const struct tp_ctl_command *command, int argc, char **argv); /* argv[0] is the command's name */
};
extern const struct tp_ctl_command tp_ctl_status, tp_ctl_customer, tp_ctl_timeline, tp_ctl_send, tp_ctl_journal,
    tp_ctl_rejected, tp_ctl_rebuild, tp_ctl_split, tp_ctl_source;
/* The command's help: to standard output for --help (gives EXIT_DONE), else to standard error (gives EXIT_USAGE). */
int tp_ctl_help(const struct tp_ctl_command *command, bool asked);

/* ---- options.c: options that commands have in common ----
 * --url URL, or TOUCHPOINT_URL, or http://127.0.0.1:8080; --key-file FILE, or TOUCHPOINT_KEY; -c FILE and --set, for
 * commands that look at the daemon's own settings; --json. */
struct tp_ctl_options {
    const char *url, *key; /* key: NULL when there is none */
    const char *config;    /* NULL: /etc/touchpointd/touchpointd.conf where it can be read, else the defaults */
    const char *sets[64];
    size_t n_sets;
    bool json;
    bool tty;    /* standard output is a terminal: lines may be written over */
    bool colour; /* it is, and NO_COLOR is not set */
};
/* An option of one command: long name, and where it goes; *value and *flag stay as they are when it is absent.
 * Both: the value may be left out, and is given as --name=VALUE. */
struct tp_ctl_option {
    const char *name;
    const char **value; /* for `--name VALUE` */
    bool *flag;         /* for `--name` */
};
/* Reads the common options and the command's own (ends with a row without a name; at most 24). What is no option comes
 * to ret_operands (room for argc of them) in order; "-" is an operand. Gives -1 to go on, or the status to exit with:
 * what was wrong is said already. Too many or too few operands are the command's to notice, with tp_ctl_help. */
int tp_ctl_read(const struct tp_ctl_command *command, int argc, char **argv, const struct tp_ctl_option *own,
                struct tp_ctl_options *ret, const char **ret_operands, size_t *ret_n_operands);
/* "--limit: a whole number from 1 to 500 was expected", said; false. Else *ret. */
bool tp_ctl_read_number(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *ret);

/* ---- settings.c ---- */
struct tp_settings;
/* As -c and --set say, to be freed with tp_settings_free. NULL: said. */
struct tp_settings *tp_ctl_settings(const struct tp_ctl_options *options);

/* ---- client.c: HTTP over libcurl, one connection kept ---- */
struct tp_ctl_client;
struct tp_ctl_reply { /* begins as {0} */
    long status;
    long retry_after_s; /* 0 when not said */
    struct tp_buf body;
};
struct tp_ctl_client *tp_ctl_client_new(const struct tp_ctl_options *options); /* NULL: said */
void tp_ctl_client_free(struct tp_ctl_client *client);
/* 0 when a reply of any status came; else TP_EUNAVAILABLE and, in tp_ctl_client_fault, why in words. The reply is the
 * caller's to free, also to be used again. `path` is already escaped and begins with '/'. */
int tp_ctl_get(struct tp_ctl_client *client, const char *path, struct tp_ctl_reply *ret);
/* `headers`: lines "Name: value", ends with NULL. */
int tp_ctl_post(struct tp_ctl_client *client, const char *path, const char *const *headers, struct tp_str body,
                struct tp_ctl_reply *ret);
const char *tp_ctl_client_fault(const struct tp_ctl_client *client);
void tp_ctl_reply_free(struct tp_ctl_reply *reply);
/* Escapes for a path or a query. */
void tp_ctl_escape(struct tp_str text, struct tp_buf *out);
/* What an answer that is no success says: "422 required: customer.identifiers: ..."; on standard error. */
void tp_ctl_say_reply(const char *what, const struct tp_ctl_reply *reply);

/* ---- lookup.c: what customer and timeline have in common ---- */
/* The customer of TYPE=VALUE, or the id that `operand` is. Gives EXIT_DONE, or the status to exit with; said. */
int tp_ctl_find_customer(struct tp_ctl_client *client, const char *operand, char ret_id[TP_UUID_TEXT]);
/* GET of /v1/customers/ID and `rest`, parsed: EXIT_DONE, or EXIT_FAULT; said. *ret borrows from the reply. */
int tp_ctl_get_customer(struct tp_ctl_client *client, const char *id, const char *rest, struct tp_ctl_reply *reply,
                        struct tp_json *ret);
struct tp_str tp_ctl_member(const json_t *object, const char *name); /* a text, empty when there is none */

/* ---- metrics.c: what /metrics says, in Prometheus' text format ---- */
/* A series as it is written there, labels and all: touchpoint_events_total{status="accepted"}. False: not there. */
bool tp_ctl_metric(struct tp_str metrics, const char *series, double *ret);
/* The q-th quantile (0 to 1) of a histogram, between two looks (`before` may be empty: since the start), within a
 * bucket by its share, as Prometheus does it. False: there is no such histogram, or nothing happened. */
bool tp_ctl_quantile(struct tp_str metrics, struct tp_str before, const char *name, double q, double *ret);

/* ---- look.c: one look at the daemon; draw.c draws it, status.c looks again and again ---- */
enum { TP_CTL_STAGES = 5, TP_CTL_LATENCIES = 3 };
struct tp_ctl_stage {
    const char *name, *done, *waits; /* the series of what it has done, and of what waits there (NULL: nothing does) */
};
extern const struct tp_ctl_stage tp_ctl_stages[TP_CTL_STAGES]; /* in the order of the way */
struct tp_ctl_latency {
    const char *name, *series, *meaning;
};
extern const struct tp_ctl_latency tp_ctl_latencies[TP_CTL_LATENCIES];
struct tp_ctl_look { /* begins as {0} */
    bool reached;    /* else `fault` says why not, and the rest is empty */
    char status[32]; /* "ready", or why it is not */
    bool redis_up, kafka_up;
    bool repairing; /* Redis, from Kafka */
    int64_t at_ms;  /* of the monotonic clock */
    struct tp_buf metrics, fault;
};
void tp_ctl_look(struct tp_ctl_client *client, struct tp_ctl_look *ret);
void tp_ctl_look_clear(struct tp_ctl_look *look);                             /* empty again */
bool tp_ctl_look_healthy(const struct tp_ctl_look *look);                     /* ready, with Redis and Kafka */
double tp_ctl_look_value(const struct tp_ctl_look *look, const char *series); /* 0 when it is not there */
/* How much a second since `before`; false when that was no look, or the daemon began anew in between. */
bool tp_ctl_look_rate(const struct tp_ctl_look *look, const struct tp_ctl_look *before, const char *series,
                      double *ret);
/* One object, without a line feed. */
void tp_ctl_look_json(const struct tp_ctl_look *look, const struct tp_ctl_look *before, const char *url,
                      struct tp_buf *out);

struct tp_ctl_watch {
    struct tp_ctl_client *client;
    const struct tp_ctl_options *options;
    bool on; /* else a single answer is wanted */
    uint64_t seconds;
    struct tp_ctl_look look, before;
    char redis_away[16], kafka_away[16]; /* " since 10:32:07": when it was seen so first; empty while it is up */
};
void tp_ctl_draw(const struct tp_ctl_watch *watch, FILE *out);

/* ---- clock.c: times as people read them ---- */
struct tp_ctl_clock {
    bool utc; /* else in local time */
};
struct tp_ctl_clock tp_ctl_clock(bool utc); /* UTC also where local time is just that */
/* An RFC 3339 time, written as strftime's `form` says, on that clock; what is not such a time is added as it is. */
void tp_ctl_add_time(struct tp_buf *out, struct tp_ctl_clock clock, const char *form, struct tp_str time);
#define TP_CTL_TIME "%a %Y-%m-%d %H:%M:%S"

/* ---- text.c: what is fit for a terminal ---- */
/* Appends `text` made harmless: no control character, no line break, nothing that turns the direction of the line; what
 * is not UTF-8 becomes U+FFFD. Tables do this to their cells; text of others outside a table needs it. */
void tp_ctl_clean(struct tp_str text, struct tp_buf *out);
void tp_ctl_print(struct tp_str text, FILE *out); /* the same, printed */
/* Columns that a terminal gives to clean text; and how many bytes of it fit `columns`. */
size_t tp_ctl_columns(struct tp_str text);
size_t tp_ctl_fitting(struct tp_str text, size_t columns);
/* For people: "1,234,567"; "3.2 MiB"; "42 s", "3 min", "2 h 05 min", "4 d 3 h", also below zero; "0.84 ms", "1.2 s". */
void tp_ctl_add_count(struct tp_buf *out, uint64_t count);
void tp_ctl_add_bytes(struct tp_buf *out, uint64_t bytes);
void tp_ctl_add_gap(struct tp_buf *out, double seconds);
void tp_ctl_add_latency(struct tp_buf *out, double seconds);

/* ---- table.c: columns for people; aligned by what a terminal shows of UTF-8 ---- */
struct tp_ctl_table;
enum tp_ctl_colour { TP_CTL_PLAIN, TP_CTL_DIM, TP_CTL_GOOD, TP_CTL_BAD, TP_CTL_BOLD, TP_CTL_HUES };
/* A column whose title begins with '>' is right-aligned. NULL when out of memory. */
struct tp_ctl_table *tp_ctl_table_new(const char *const *titles, size_t n);
/* The next cell, line by line. */
void tp_ctl_table_add(struct tp_ctl_table *table, struct tp_str cell);
void tp_ctl_table_addf(struct tp_ctl_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The colour of the cell that was added last; TP_CTL_HUES + n is the n-th of a few hues that are easy to tell apart. */
void tp_ctl_table_colour(struct tp_ctl_table *table, unsigned colour);
/* Cuts the last column to the terminal's width when there is one. */
void tp_ctl_table_print(const struct tp_ctl_table *table, const struct tp_ctl_options *options, FILE *out);
void tp_ctl_table_free(struct tp_ctl_table *table);

/* ---- entry.c: an enriched interaction as a row of the timeline's table ---- */
struct tp_ctl_entries {
    struct tp_ctl_table *table;
    struct tp_ctl_clock clock;
    char day[16]; /* of the row above */
};
bool tp_ctl_entries_new(struct tp_ctl_entries *ret, bool utc); /* false: out of memory; the table is the caller's */
void tp_ctl_entries_add(struct tp_ctl_entries *entries, struct tp_json *json, const json_t *event);

/* ---- progress.c: one line on standard error, written over where that is a terminal, else one now and then ---- */
struct tp_ctl_progress {
    const char *what;
    uint64_t whole; /* 0: not known */
    int64_t began_ms, shown_ms;
    bool tty;
};
void tp_ctl_progress_start(struct tp_ctl_progress *progress, const char *what, uint64_t whole);
/* `at` of `whole` (bytes), and how many things that were; `more` is shown as it is ("12 refused"), NULL for nothing. */
void tp_ctl_progress_show(struct tp_ctl_progress *progress, uint64_t at, uint64_t count, const char *more);
void tp_ctl_progress_end(struct tp_ctl_progress *progress);
