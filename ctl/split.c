/* `split`: takes a merge back, or an identifier. The daemon does it; this asks for it, and waits until it is done. */
#include "ctl/internal.h"

#include "common/error.h"
#include "common/interaction.h"
#include "common/utf8.h"

static const char help[] =
    "Takes a merge back: MEMBER, the id of one who was merged into a customer, is a customer of its own again, with "
    "its\n"
    "identifiers and its timeline, and nothing makes the two one again. `members` of GET /v1/customers/ID/identity "
    "has\n"
    "the ids, and why each was merged. Or an identifier, TYPE=VALUE: from now on it leads to a new customer, and what\n"
    "came with it before stays where it is. CUSTOMER is TYPE=VALUE, in any form, or an id. It cannot be taken back. "
    "Where\n"
    "keys are configured it wants one with the scope admin; elsewhere it is asked on touchpointd's own machine.\n";

static const char own_options[] = "  --reason TEXT       why, for who reads it on Kafka; at most 1,000 bytes\n"
                                  "  --wait SECONDS      how long to wait until it is done, 0 to 60 (10)\n";

static const char example[] =
    "Example: touchpointctl split email=ann@example.com 01a2bea4-93e0-7000-8067-64ce3e29ba4c --reason 'two brothers'\n"
    "         touchpointctl split email=ann@example.com phone=+447400123456 --reason 'a typing error'\n"
    "Exit: 0 when it is done, or safe and will be; 1 when not.\n";

enum { MOST_DEPTH = 4 };

struct asked {
    const char *reason, *wait_text;
    uint64_t wait_s;
};

/* "TYPE=VALUE"; nothing of what is none. */
static struct tp_identifier identifier_of(const char *operand) {
    struct tp_str value = tp_str(operand), type = tp_str_cut(&value, '=');
    return value.len > 0 ? (struct tp_identifier){type, value} : (struct tp_identifier){0};
}

static void write_identifier(struct tp_identifier identifier, struct tp_buf *out) {
    tp_buf_adds(out, "{\"identifier\":");
    tp_interaction_write_identifier(identifier, out);
    tp_buf_addc(out, '}');
}

static void write_body(const struct asked *asked, const char *operand, struct tp_buf *out) {
    if (tp_uuid_valid(tp_str(operand))) {
        tp_buf_adds(out, "{\"member\":");
        tp_json_write_string(tp_str(operand), out);
    } else {
        write_identifier(identifier_of(operand), out);
    }
    if (asked->reason) {
        tp_buf_adds(out, ",\"reason\":");
        tp_json_write_string(tp_str(asked->reason), out);
    }
    tp_buf_addc(out, '}');
}

/* ---- what came of it ---- */

static int print_done(const json_t *root, const char *member) {
    const json_t *customers = json_object_get(root, "customers");
    struct tp_str stays = tp_ctl_member(json_array_get(customers, 0), "id");
    struct tp_str own = tp_ctl_member(json_array_get(customers, 1), "id");
    if (customers && tp_uuid_valid(stays) && tp_uuid_valid(own))
        return printf("customer  %.*s\ncustomer  %.*s\n", TP_FMT(stays), TP_FMT(own)), EXIT_DONE;
    if (!tp_str_is(tp_ctl_member(root, "status"), "accepted"))
        return tp_ctl_say("split: the answer is not touchpointd's"), EXIT_FAULT;
    printf("%s is not taken back yet; it is safe, and will be\n", member);
    return EXIT_DONE;
}

static int print(const struct tp_ctl_reply *reply, const char *member, bool as_json) {
    struct tp_json json;
    struct tp_json_error error;
    if (reply->status != 200 && reply->status != 202)
        return tp_ctl_say_reply("split", reply), EXIT_FAULT;
    if (as_json)
        return printf("%.*s\n", TP_FMT(tp_buf_str(&reply->body))), EXIT_DONE;
    if (tp_json_parse(tp_buf_str(&reply->body), MOST_DEPTH, &json, &error) < 0)
        return tp_ctl_say("split: the answer is not touchpointd's: %s", error.message), EXIT_FAULT;
    int status = print_done(json.root, member);
    tp_json_free(&json);
    return status;
}

/* ---- the command ---- */

static int post(struct tp_ctl_client *client, const struct asked *asked, const char *id, const char *member,
                struct tp_ctl_reply *reply) {
    const char *const headers[] = {"Content-Type: application/json", NULL};
    struct tp_buf path = TP_BUF_INIT, body = TP_BUF_INIT;
    tp_buf_addf(&path, "/v1/customers/%s/split?wait=%u", id, (unsigned)asked->wait_s);
    tp_buf_addc(&path, '\0');
    write_body(asked, member, &body);
    int status = EXIT_FAULT;
    if (path.failed || body.failed)
        tp_ctl_say("%s", tp_error_text(TP_ENOMEM));
    else if (tp_ctl_post(client, path.at, headers, tp_buf_str(&body), reply) < 0)
        tp_ctl_say("%s", tp_ctl_client_fault(client));
    else
        status = EXIT_DONE;
    tp_buf_free(&path);
    tp_buf_free(&body);
    return status;
}

static int split(const struct tp_ctl_options *options, const struct asked *asked, const char *const *operands) {
    struct tp_ctl_client *client = tp_ctl_client_new(options);
    struct tp_ctl_reply reply = {0};
    char id[TP_UUID_TEXT];
    int status = client ? tp_ctl_find_customer(client, operands[0], id) : EXIT_FAULT;
    if (status == EXIT_DONE)
        status = post(client, asked, id, operands[1], &reply);
    if (status == EXIT_DONE)
        status = print(&reply, operands[1], options->json);
    tp_ctl_reply_free(&reply);
    tp_ctl_client_free(client);
    return status;
}

static int run(const struct tp_ctl_command *command, int argc, char **argv) {
    struct tp_ctl_options options;
    struct asked asked = {.wait_s = 10};
    const char *operands[argc];
    size_t n_operands;
    const struct tp_ctl_option own[] = {{"reason", &asked.reason, NULL}, {"wait", &asked.wait_text, NULL}, {0}};
    int status = tp_ctl_read(command, argc, argv, own, &options, operands, &n_operands);
    if (status >= 0)
        return status;
    if (n_operands != 2)
        return tp_ctl_help(command, false);
    if (asked.wait_text && !tp_ctl_read_number("--wait", asked.wait_text, 0, 60, &asked.wait_s))
        return EXIT_USAGE;
    if (!tp_uuid_valid(tp_str(operands[1])) && identifier_of(operands[1]).type.len == 0)
        return tp_ctl_say("%s: the id of a member, or TYPE=VALUE, was expected", operands[1]), EXIT_USAGE;
    if (asked.reason && !tp_utf8_valid(tp_str(asked.reason)))
        return tp_ctl_say("--reason: UTF-8 was expected"), EXIT_USAGE;
    return split(&options, &asked, operands);
}

const struct tp_ctl_command tp_ctl_split = {
    .name = "split",
    .arguments = "CUSTOMER MEMBER|TYPE=VALUE",
    .summary = "take a merge or an identifier back, which is not theirs after all",
    .help = help,
    .options = own_options,
    .example = example,
    .uses = TP_CTL_DAEMON | TP_CTL_JSON,
    .run = run,
};
