/* `customer`: who somebody is, by any of their identifiers. */
#include "ctl/internal.h"

#include "common/error.h"

static const char help[] =
    "Shows a customer: the identifiers with when each was first seen, how many interactions through "
    "which channel,\n"
    "the first and the last, its traits, and from whom it was merged. TYPE is customer_id, email, phone, "
    "anonymous_id, x,\n"
    "...; VALUE may be written in any form.\n";

static const char example[] = "Example: touchpointctl customer phone='+44 7700 900123'\n"
                              "Exit: 0, or 1 when there is no such customer.\n";

static void add_time(struct tp_ctl_table *table, struct tp_ctl_clock clock, struct tp_str time) {
    struct tp_buf text = TP_BUF_INIT;
    tp_ctl_add_time(&text, clock, TP_CTL_TIME, time);
    tp_ctl_table_add(table, tp_buf_str(&text));
    tp_buf_free(&text);
}

/* ---- the tables ---- */

static struct tp_ctl_table *list_identifiers(const json_t *root, struct tp_ctl_clock clock) {
    const char *titles[] = {"IDENTIFIER", "VALUE", clock.utc ? "FIRST SEEN (UTC)" : "FIRST SEEN (local)"};
    struct tp_ctl_table *table = tp_ctl_table_new(titles, 3);
    size_t i = 0;
    const json_t *identifier = NULL;
    if (table)
        json_array_foreach(json_object_get(root, "identifiers"), i, identifier) {
            tp_ctl_table_add(table, tp_ctl_member(identifier, "type"));
            tp_ctl_table_add(table, tp_ctl_member(identifier, "value"));
            add_time(table, clock, tp_ctl_member(identifier, "first_seen"));
        }
    return table;
}

static void add_trait(struct tp_ctl_table *table, const char *name, const json_t *value) {
    struct tp_buf text = TP_BUF_INIT;
    if (json_is_string(value))
        tp_buf_add(&text, json_string_value(value), json_string_length(value));
    else
        tp_json_write(NULL, value, &text);
    tp_ctl_table_add(table, tp_str(name));
    tp_ctl_table_add(table, tp_buf_str(&text));
    tp_buf_free(&text);
}

static struct tp_ctl_table *list_traits(json_t *traits) {
    static const char *const titles[] = {"TRAIT", "VALUE"};
    struct tp_ctl_table *table = tp_ctl_table_new(titles, 2);
    const char *name = NULL;
    json_t *value = NULL;
    if (table)
        json_object_foreach(traits, name, value) add_trait(table, name, value);
    return table;
}

static void add_count(struct tp_ctl_table *table, struct tp_str channel, const json_t *count) {
    struct tp_buf text = TP_BUF_INIT;
    tp_ctl_add_count(&text, (uint64_t)json_integer_value(count));
    tp_ctl_table_add(table, channel);
    tp_ctl_table_add(table, tp_buf_str(&text));
    tp_buf_free(&text);
}

static struct tp_ctl_table *list_counts(json_t *root) {
    static const char *const titles[] = {"CHANNEL", ">INTERACTIONS"};
    struct tp_ctl_table *table = tp_ctl_table_new(titles, 2);
    const char *channel = NULL;
    json_t *count = NULL;
    if (table) {
        json_object_foreach(json_object_get(root, "counts"), channel, count) add_count(table, tp_str(channel), count);
        add_count(table, TP_STR("all"), json_object_get(root, "interactions"));
    }
    return table;
}

static void add_moment(struct tp_ctl_table *table, struct tp_ctl_clock clock, const char *name, struct tp_str time,
                       const json_t *what) {
    tp_ctl_table_add(table, tp_str(name));
    add_time(table, clock, time);
    struct tp_str channel = tp_ctl_member(what, "channel"), type = tp_ctl_member(what, "type");
    tp_ctl_table_addf(table, "%.*s%s%.*s", TP_FMT(channel), what ? " " : "", TP_FMT(type));
}

/* By time, but for what arrived last, which may have happened before. */
static struct tp_ctl_table *list_moments(const json_t *root, struct tp_ctl_clock clock) {
    const char *titles[] = {"SEEN", clock.utc ? "TIME (UTC)" : "TIME (local)", "WHAT"};
    struct tp_ctl_table *table = tp_ctl_table_new(titles, 3);
    const json_t *last = json_object_get(root, "last");
    if (table && json_object_get(root, "first_seen")) {
        add_moment(table, clock, "first", tp_ctl_member(root, "first_seen"), NULL);
        add_moment(table, clock, "last", tp_ctl_member(root, "last_seen"), NULL);
    }
    if (table && json_is_object(last))
        add_moment(table, clock, "arrived last", tp_ctl_member(last, "time"), last);
    return table;
}

/* Who was asked for is among them, where it was not the customer. */
static void print_members(const json_t *root) {
    size_t i = 0;
    const json_t *member = NULL;
    json_array_foreach(json_object_get(root, "members"), i, member) {
        fputs(i == 0 ? "merged from: " : ", ", stdout);
        tp_ctl_print((struct tp_str){json_string_value(member), json_string_length(member)}, stdout);
    }
    if (i > 0)
        putchar('\n');
}

static int show(json_t *root, struct tp_ctl_clock clock, const struct tp_ctl_options *options) {
    json_t *traits = json_object_get(root, "traits");
    struct tp_ctl_table *tables[] = {list_identifiers(root, clock), list_counts(root), list_moments(root, clock),
                                     traits ? list_traits(traits) : NULL};
    size_t n = sizeof tables / sizeof tables[0] - (traits == NULL);
    int status = EXIT_DONE;
    fputs("Customer ", stdout);
    tp_ctl_print(tp_ctl_member(root, "id"), stdout);
    putchar('\n');
    print_members(root);
    for (size_t i = 0; i < n; i++) {
        putchar('\n');
        if (tables[i])
            tp_ctl_table_print(tables[i], options, stdout);
        else
            status = EXIT_FAULT;
        tp_ctl_table_free(tables[i]);
    }
    if (status != EXIT_DONE)
        tp_ctl_say("%s", tp_error_text(TP_ENOMEM));
    return status;
}

/* ---- the command ---- */

static int look_up(struct tp_ctl_client *client, const char *operand, bool utc, const struct tp_ctl_options *options) {
    char id[TP_UUID_TEXT];
    struct tp_ctl_reply reply = {0};
    struct tp_json json;
    int status = tp_ctl_find_customer(client, operand, id);
    if (status == EXIT_DONE)
        status = tp_ctl_get_customer(client, id, "", &reply, &json);
    if (status == EXIT_DONE) {
        if (options->json)
            printf("%.*s\n", TP_FMT(tp_buf_str(&reply.body)));
        else
            status = show(json.root, tp_ctl_clock(utc), options);
        tp_json_free(&json);
    }
    tp_ctl_reply_free(&reply);
    return status;
}

static int run(const struct tp_ctl_command *command, int argc, char **argv) {
    bool utc = false;
    const struct tp_ctl_option own[] = {{"utc", NULL, &utc}, {0}};
    struct tp_ctl_options options;
    const char *operands[argc];
    size_t n_operands;
    int status = tp_ctl_read(command, argc, argv, own, &options, operands, &n_operands);
    if (status >= 0)
        return status;
    if (n_operands != 1)
        return tp_ctl_help(command, false);
    struct tp_ctl_client *client = tp_ctl_client_new(&options);
    status = client ? look_up(client, operands[0], utc, &options) : EXIT_FAULT;
    tp_ctl_client_free(client);
    return status;
}

const struct tp_ctl_command tp_ctl_customer = {
    .name = "customer",
    .arguments = "TYPE=VALUE|ID",
    .summary = "who somebody is: identifiers, counts by channel, first and last seen",
    .help = help,
    .options = "  --utc               times in UTC instead of local time\n",
    .example = example,
    .uses = TP_CTL_DAEMON | TP_CTL_JSON,
    .run = run,
};
