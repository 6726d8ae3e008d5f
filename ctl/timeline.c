/* `timeline`: what happened with a customer. Pages are asked for until there is enough, or no more. */
#include "ctl/internal.h"

#include <inttypes.h>
#include <string.h>

#include "common/error.h"

enum { PAGE = 500 }; /* what touchpointd gives at once */
#define USUAL_LIMIT 50
#define MOST_LIMIT  UINT64_C(1000000000)

static const char help[] = "Shows what happened with a customer: when, how long after the one before, on which "
                           "channel, and what it was about.\n"
                           "The newest come first. \xE2\x86\xAA marks where the customer changed the channel; WAY is "
                           "in, out, or own (internal).\n"
                           "With --json it prints the enriched interactions, one a line (NDJSON).\n";

static const char own_options[] = "  --limit N           at most so many (50)\n"
                                  "  --all               all of them\n"
                                  "  --order asc|desc    the oldest or the newest first (desc)\n"
                                  "  --channel CHANNEL   of this channel only\n"
                                  "  --type TYPE         of this type only\n"
                                  "  --since TIME        from then on: 2026-11-02T09:30:00+01:00\n"
                                  "  --until TIME        until then\n"
                                  "  --utc               times in UTC instead of local time\n";

static const char example[] =
    "Example: touchpointctl timeline email=ann@example.com --order asc --channel call_centre\n"
    "Exit: 0, or 1 when there is no such customer.\n";

struct asked {
    const char *limit, *order, *channel, *type, *since, *until;
    bool all, utc;
};

struct reading {
    struct tp_ctl_client *client;
    const struct tp_ctl_options *options;
    char id[TP_UUID_TEXT];
    uint64_t shown, limit;
    struct tp_buf cursor; /* empty: there is no further page */
    struct tp_ctl_entries entries;
};

/* ---- a page ---- */

static void add_parameter(struct tp_buf *query, const char *name, const char *value) {
    if (!value)
        return;
    tp_buf_addf(query, "&%s=", name);
    tp_ctl_escape(tp_str(value), query);
}

static void write_query(const struct reading *reading, const struct asked *asked, struct tp_buf *out) {
    uint64_t left = reading->limit - reading->shown;
    tp_buf_addf(out, "/timeline?limit=%" PRIu64, left < PAGE ? left : PAGE);
    add_parameter(out, "order", asked->order);
    add_parameter(out, "channel", asked->channel);
    add_parameter(out, "type", asked->type);
    add_parameter(out, "since", asked->since);
    add_parameter(out, "until", asked->until);
    if (reading->cursor.len > 0)
        add_parameter(out, "cursor", reading->cursor.at);
    tp_buf_addc(out, '\0');
}

static void print_line(struct tp_json *json, const json_t *event) {
    struct tp_buf line = TP_BUF_INIT;
    tp_json_write(json, event, &line);
    tp_buf_addc(&line, '\n');
    tp_ctl_write(&line, stdout);
    tp_buf_free(&line);
}

static void take_page(struct reading *reading, struct tp_json *json) {
    size_t i = 0;
    const json_t *event = NULL;
    json_array_foreach(json_object_get(json->root, "events"), i, event) {
        if (reading->options->json)
            print_line(json, event);
        else
            tp_ctl_entries_add(&reading->entries, json, event);
        reading->shown++;
    }
    struct tp_str next = tp_ctl_member(json->root, "next");
    tp_buf_clear(&reading->cursor);
    if (next.len > 0)
        tp_buf_add(&reading->cursor, next.at, next.len + 1);
}

static int read_page(struct reading *reading, const struct asked *asked) {
    struct tp_buf query = TP_BUF_INIT;
    struct tp_ctl_reply reply = {0};
    struct tp_json json;
    write_query(reading, asked, &query);
    int status = EXIT_FAULT;
    if (query.failed)
        tp_ctl_say("%s", tp_error_text(TP_ENOMEM));
    else
        status = tp_ctl_get_customer(reading->client, reading->id, query.at, &reply, &json);
    if (status == EXIT_DONE) {
        take_page(reading, &json);
        tp_json_free(&json);
    }
    tp_ctl_reply_free(&reply);
    tp_buf_free(&query);
    return status;
}

/* ---- the whole ---- */

static void finish_table(const struct reading *reading) {
    struct tp_buf count = TP_BUF_INIT;
    tp_ctl_add_count(&count, reading->shown);
    tp_ctl_table_print(reading->entries.table, reading->options, stdout);
    printf("\n%.*s interaction%s of customer %s%s\n", TP_FMT(tp_buf_str(&count)), reading->shown == 1 ? "" : "s",
           reading->id, reading->cursor.len > 0 ? "; there may be more: --all, or a larger --limit" : "");
    tp_buf_free(&count);
}

static int read_all(struct reading *reading, const struct asked *asked) {
    if (!reading->options->json && !tp_ctl_entries_new(&reading->entries, asked->utc))
        return tp_ctl_say("%s", tp_error_text(TP_ENOMEM)), EXIT_FAULT;
    int status;
    do
        status = read_page(reading, asked);
    while (status == EXIT_DONE && reading->cursor.len > 0 && reading->shown < reading->limit);
    if (status == EXIT_DONE && !reading->options->json)
        finish_table(reading);
    tp_ctl_table_free(reading->entries.table);
    tp_buf_free(&reading->cursor);
    return status;
}

static int read_command(const struct tp_ctl_command *command, int argc, char **argv, struct asked *asked,
                        struct tp_ctl_options *options, const char **ret_operand) {
    const struct tp_ctl_option own[] = {
        {"limit", &asked->limit, NULL},     {"all", NULL, &asked->all},   {"order", &asked->order, NULL},
        {"channel", &asked->channel, NULL}, {"type", &asked->type, NULL}, {"since", &asked->since, NULL},
        {"until", &asked->until, NULL},     {"utc", NULL, &asked->utc},   {0},
    };
    const char *operands[argc];
    size_t n_operands;
    int status = tp_ctl_read(command, argc, argv, own, options, operands, &n_operands);
    if (status < 0 && n_operands != 1)
        return tp_ctl_help(command, false);
    if (status < 0)
        *ret_operand = operands[0];
    return status;
}

static int run(const struct tp_ctl_command *command, int argc, char **argv) {
    struct asked asked = {0};
    struct tp_ctl_options options;
    struct reading reading = {.options = &options, .limit = USUAL_LIMIT};
    const char *operand = NULL;
    int status = read_command(command, argc, argv, &asked, &options, &operand);
    if (status >= 0)
        return status;
    if (asked.limit && !tp_ctl_read_number("--limit", asked.limit, 1, MOST_LIMIT, &reading.limit))
        return EXIT_USAGE;
    if (asked.all)
        reading.limit = UINT64_MAX;
    reading.client = tp_ctl_client_new(&options);
    status = reading.client ? tp_ctl_find_customer(reading.client, operand, reading.id) : EXIT_FAULT;
    if (status == EXIT_DONE)
        status = read_all(&reading, &asked);
    tp_ctl_client_free(reading.client);
    return status;
}

const struct tp_ctl_command tp_ctl_timeline = {
    .name = "timeline",
    .arguments = "TYPE=VALUE|ID",
    .summary = "what happened with a customer, through all channels",
    .help = help,
    .options = own_options,
    .example = example,
    .uses = TP_CTL_DAEMON | TP_CTL_JSON,
    .run = run,
};
