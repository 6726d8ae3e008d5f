/* `rebuild`: makes everything in Redis anew from Kafka. The daemon does it; this asks for it, and looks on until it is
 * done. Interrupted, it leaves the daemon to go on. */
#include "ctl/internal.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/time.h"

static const char help[] =
    "Makes every timeline and identifier in Redis anew from Kafka, with the customers and sequences that Kafka has. "
    "What\n"
    "touchpointd finds lost by itself it repairs by itself; this is for what it cannot notice. Meanwhile events are\n"
    "taken and wait, and look-ups are answered by 503. What Kafka does not have any more (retention) is gone from "
    "Redis\n"
    "afterwards, and counted. It begins with a question, unless --yes is said.\n";

static const char own_options[] = "  --yes               do not ask\n";

static const char example[] = "Example: touchpointctl rebuild --yes\n"
                              "Exit: 0 when all is made anew, 1 when not, or when records are lacking in Kafka.\n";

enum { PAUSE_MS = 200 };

struct rebuilding {
    struct tp_ctl_client *client;
    const struct tp_ctl_options *options;
    struct tp_ctl_progress progress;
    struct tp_ctl_reply reply;
    struct tp_json json; /* of the last answer; root NULL: none */
};

static uint64_t number_of(const struct rebuilding *rebuilding, const char *name) {
    json_int_t value = json_integer_value(json_object_get(rebuilding->json.root, name));
    return value > 0 ? (uint64_t)value : 0;
}

static bool is_in_state(const struct rebuilding *rebuilding, const char *state) {
    return tp_str_is(tp_ctl_member(rebuilding->json.root, "state"), state);
}

/* ---- asking the daemon ---- */

static bool take_reply(struct rebuilding *rebuilding, long expected) {
    struct tp_json_error error;
    if (rebuilding->json.root)
        tp_json_free(&rebuilding->json);
    rebuilding->json.root = NULL;
    if (rebuilding->reply.status == expected &&
        tp_json_parse(tp_buf_str(&rebuilding->reply.body), 4, &rebuilding->json, &error) == 0)
        return true;
    tp_ctl_progress_end(&rebuilding->progress);
    tp_ctl_say_reply("rebuild", &rebuilding->reply);
    return false;
}

static bool reached(struct rebuilding *rebuilding, int status) {
    if (status == 0)
        return true;
    tp_ctl_progress_end(&rebuilding->progress);
    tp_ctl_say("%s", tp_ctl_client_fault(rebuilding->client));
    return false;
}

static bool begin(struct rebuilding *rebuilding) {
    const char *const headers[] = {"Content-Type: application/json", NULL};
    int status = tp_ctl_post(rebuilding->client, "/v1/rebuild", headers, TP_STR("{}"), &rebuilding->reply);
    return reached(rebuilding, status) && take_reply(rebuilding, 202);
}

static bool ask(struct rebuilding *rebuilding) {
    int status = tp_ctl_get(rebuilding->client, "/v1/rebuild", &rebuilding->reply);
    return reached(rebuilding, status) && take_reply(rebuilding, 200);
}

/* ---- looking on ---- */

static void show(struct rebuilding *rebuilding) {
    struct tp_buf more = TP_BUF_INIT;
    struct tp_str waits_for = tp_ctl_member(rebuilding->json.root, "waits_for");
    tp_ctl_clean(waits_for.len > 0 ? waits_for : tp_ctl_member(rebuilding->json.root, "state"), &more);
    tp_buf_addc(&more, '\0');
    rebuilding->progress.whole = number_of(rebuilding, "total");
    tp_ctl_progress_show(&rebuilding->progress, number_of(rebuilding, "records"), number_of(rebuilding, "records"),
                         more.at);
    tp_buf_free(&more);
}

static bool watch(struct rebuilding *rebuilding) {
    const struct timespec pause = {0, PAUSE_MS * 1000000L};
    while (!is_in_state(rebuilding, "done")) {
        show(rebuilding);
        nanosleep(&pause, NULL);
        if (!ask(rebuilding))
            return false;
    }
    tp_ctl_progress_end(&rebuilding->progress);
    return true;
}

/* ---- before and after ---- */

static bool agreed(void) {
    char answer[16] = "";
    fputs("Everything that touchpointd keeps in Redis is taken out and made anew from Kafka. Look-ups fail meanwhile.\n"
          "Go on? [y/N] ",
          stderr);
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static void add_row(struct tp_ctl_table *table, const char *what, uint64_t count) {
    struct tp_buf text = TP_BUF_INIT;
    tp_ctl_add_count(&text, count);
    tp_ctl_table_add(table, tp_str(what));
    tp_ctl_table_add(table, tp_buf_str(&text));
    tp_buf_free(&text);
}

static void print_table(const struct rebuilding *rebuilding) {
    static const char *const titles[] = {"REBUILT", ">COUNT"};
    struct tp_ctl_table *table = tp_ctl_table_new(titles, 2);
    if (!table)
        return;
    add_row(table, "records read from Kafka", number_of(rebuilding, "records"));
    add_row(table, "entries of timelines", number_of(rebuilding, "entries"));
    add_row(table, "identifiers", number_of(rebuilding, "claims"));
    add_row(table, "customers merged into others", number_of(rebuilding, "merges"));
    if (number_of(rebuilding, "lacking") > 0) {
        add_row(table, "entries that Kafka does not have any more", number_of(rebuilding, "lacking"));
        tp_ctl_table_colour(table, TP_CTL_BAD);
        add_row(table, "customers that lack some", number_of(rebuilding, "customers"));
    }
    tp_ctl_table_print(table, rebuilding->options, stdout);
    tp_ctl_table_free(table);
}

static int rebuild(struct rebuilding *rebuilding) {
    tp_ctl_progress_start(&rebuilding->progress, "rebuilding", 0);
    if (!begin(rebuilding) || !watch(rebuilding))
        return EXIT_FAULT;
    if (rebuilding->options->json)
        printf("%.*s\n", TP_FMT(tp_buf_str(&rebuilding->reply.body)));
    else
        print_table(rebuilding);
    return number_of(rebuilding, "lacking") == 0 ? EXIT_DONE : EXIT_FAULT;
}

static int run(const struct tp_ctl_command *command, int argc, char **argv) {
    struct tp_ctl_options options;
    struct rebuilding rebuilding = {.options = &options};
    const char *operands[argc];
    size_t n_operands;
    bool yes = false;
    const struct tp_ctl_option own[] = {{"yes", NULL, &yes}, {0}};
    int status = tp_ctl_read(command, argc, argv, own, &options, operands, &n_operands);
    if (status >= 0)
        return status;
    if (n_operands > 0)
        return tp_ctl_help(command, false);
    if (!yes && !agreed()) {
        tp_ctl_say("rebuild: not begun");
        return EXIT_FAULT;
    }
    rebuilding.client = tp_ctl_client_new(&options);
    status = rebuilding.client ? rebuild(&rebuilding) : EXIT_FAULT;
    if (rebuilding.json.root)
        tp_json_free(&rebuilding.json);
    tp_ctl_reply_free(&rebuilding.reply);
    tp_ctl_client_free(rebuilding.client);
    return status;
}

const struct tp_ctl_command tp_ctl_rebuild = {
    .name = "rebuild",
    .arguments = "",
    .summary = "everything in Redis, made anew from Kafka",
    .help = help,
    .options = own_options,
    .example = example,
    .uses = TP_CTL_DAEMON | TP_CTL_JSON,
    .run = run,
};
