/* `source test`: what a payload becomes, without a daemon. */
#include "ctl/source.h"

#include <string.h>

#include "common/time.h"
#include "daemon/settings/settings.h"

static const char help[] =
    "Shows what FILE becomes when a source of KIND posts it: the interactions, as they would be forwarded, but for "
    "what "
    "needs\n"
    "the customer and the time of receipt; or why it becomes none. FILE is a payload, or a whole request (a line POST "
    "/path\n"
    "HTTP/1.1, headers, an empty line, the body). Nothing is sent, no signature is looked at, and no daemon is "
    "asked.\n";

static const char own_options[] = "  --region COUNTRY    of phone numbers without +, such as GB\n"
                                  "  --mapping FILE      a jq program in place of the kind's map.jq\n"
                                  "  --name NAME         the source's name (KIND)\n"
                                  "  --at TIME           when it is received, RFC 3339 (now)\n"
                                  "  --compact           each interaction on one line\n";

static const char example[] = "Example: touchpointctl source test twilio call.txt --region GB\n"
                              "         touchpointctl source test mine payload.json --set sources.dir=./kinds\n"
                              "Exit: 0 when all of it became interactions, 1 when not.\n";

struct asked {
    const char *region, *mapping, *name, *at;
    bool compact;
};

/* Compact JSON, over several lines. */
static void indent(struct tp_str json, struct tp_buf *out) {
    unsigned depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < json.len; i++) {
        char byte = json.at[i], next = i + 1 < json.len ? json.at[i + 1] : '\0';
        bool opens = !quoted && (byte == '{' || byte == '['), closes = !quoted && (byte == '}' || byte == ']');
        bool empty = closes && (json.at[i - 1] == '{' || json.at[i - 1] == '[');
        depth -= closes;
        if (closes && !empty)
            tp_buf_addf(out, "\n%*s", (int)(2 * depth), "");
        tp_buf_addc(out, byte);
        depth += opens;
        if (quoted && byte == '\\')
            tp_buf_addc(out, json.at[++i]);
        else if (byte == '"')
            quoted = !quoted;
        else if (!quoted && byte == ':')
            tp_buf_addc(out, ' ');
        if ((opens && next != '}' && next != ']') || (!quoted && byte == ','))
            tp_buf_addf(out, "\n%*s", (int)(2 * depth), "");
    }
}

static void show(const struct tp_buf *json, bool compact) {
    struct tp_buf text = TP_BUF_INIT;
    if (compact)
        tp_buf_addstr(&text, tp_buf_str(json));
    else
        indent(tp_buf_str(json), &text);
    tp_buf_addc(&text, '\n');
    tp_ctl_write(&text, stdout);
    tp_buf_free(&text);
}

static int test(const struct tp_settings *settings, const struct tp_ctl_mapped *how, const char *file, bool compact) {
    struct tp_ctl_request request = {0};
    struct tp_buf json = TP_BUF_INIT;
    struct tp_ctl_mapping *mapping = tp_ctl_mapping_open(settings, how);
    int status = mapping && tp_ctl_read_request(file, &request) ? tp_ctl_map(mapping, &request, &json) : EXIT_FAULT;
    if (json.len > 2 || status == EXIT_DONE)
        show(&json, compact);
    tp_ctl_mapping_close(mapping);
    tp_buf_free(&json);
    tp_ctl_request_free(&request);
    return status;
}

static const char *or_else(const char *text, const char *other) { return text ? text : other; }

static int run(const struct tp_ctl_command *command, int argc, char **argv) {
    struct tp_ctl_options options;
    struct asked asked = {0};
    const char *operands[argc];
    size_t n_operands;
    const struct tp_ctl_option own[] = {{"region", &asked.region, NULL},   {"mapping", &asked.mapping, NULL},
                                        {"name", &asked.name, NULL},       {"at", &asked.at, NULL},
                                        {"compact", NULL, &asked.compact}, {0}};
    int status = tp_ctl_read(command, argc, argv, own, &options, operands, &n_operands);
    if (status >= 0)
        return status;
    if (n_operands != 3 || strcmp(operands[0], "test") != 0)
        return tp_ctl_help(command, false);
    struct tp_ctl_mapped how = {.kind = operands[1],
                                .mapping = or_else(asked.mapping, ""),
                                .region = or_else(asked.region, ""),
                                .name = or_else(asked.name, operands[1]),
                                .where = "",
                                .received_ms = tp_time_now_ms()};
    if (asked.at && tp_time_parse(tp_str(asked.at), &how.received_ms) < 0)
        return tp_ctl_say("--at: an RFC 3339 time was expected"), EXIT_USAGE;
    struct tp_settings *settings = tp_ctl_settings(&options);
    if (!settings)
        return EXIT_FAULT;
    status = test(settings, &how, operands[2], asked.compact);
    tp_settings_free(settings);
    return status;
}

const struct tp_ctl_command tp_ctl_source = {
    .name = "source",
    .arguments = "test KIND FILE",
    .summary = "show what a sender's payload becomes",
    .help = help,
    .options = own_options,
    .example = example,
    .uses = TP_CTL_SETTINGS,
    .run = run,
};
