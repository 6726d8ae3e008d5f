/* `rejected`: the topic of what was refused, read from its beginning to the end that it has now. */
#include "ctl/rejected.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/settings/settings.h"

static const char help[] =
    "Shows what touchpointd has refused, by partition and offset, the oldest first; or sends it again (replay), after "
    "a\n"
    "mistake in the settings or in a sender was mended. Brokers, login and the topic's name are those of "
    "touchpointd's\n"
    "settings. Nothing is left behind at the brokers: what was read can be read again.\n"
    "A replay sends each payload with the source, the time and the id that it had. One without an id gets one made of\n"
    "its place in the topic, so that a second replay does not double it; what was taken before is a duplicate. Why a\n"
    "record cannot be sent, or is refused again, is said of each.\n"
    "A body that was refused as a whole (status 400 or 413) was not kept, and is not on the topic.\n";

static const char own_options[] =
    "  --since TIME        received from then on: 2026-11-02T09:30:00+01:00, or so long ago: 90m, 12h, 7d\n"
    "  --code CODE         refused for this reason, say unknown_member\n"
    "  --source SOURCE     of this source\n"
    "  --id ID             with this id\n"
    "  --limit N           the first N of them\n"
    "  --payload           list: what was sent, too, which may be personal data\n"
    "  --dry-run           replay: say what would be sent, and send nothing\n"
    "  --give-up SECONDS   replay: how long a request is tried (600)\n";

static const char example[] = "Example: touchpointctl rejected replay --since 12h --code unknown_member --dry-run\n"
                              "Exit: 0, or 1 when something could not be read, was refused again, or cannot be sent.\n";

/* ---- which ---- */

struct filter {
    const struct tp_ctl_rejected *asked;
    bool (*on_rejection)(void *arg, const struct tp_ctl_rejection *rejection);
    void *arg;
    uint64_t n;
};

static bool is_wanted(const struct tp_ctl_rejected *asked, const struct tp_ctl_rejection *rejection) {
    int64_t received_ms = 0;
    if (asked->since_text && (tp_time_parse(rejection->received_at, &received_ms) < 0 || received_ms < asked->since_ms))
        return false;
    return (!asked->code || tp_str_is(rejection->code, asked->code)) &&
           (!asked->source || tp_str_is(rejection->source, asked->source)) &&
           (!asked->id || tp_str_is(rejection->id, asked->id));
}

static bool on_message(void *arg, const struct tp_kafka_message *message) {
    struct filter *filter = arg;
    struct tp_ctl_rejection rejection;
    bool go_on = true;
    tp_ctl_rejection_read(message, &rejection);
    if (is_wanted(filter->asked, &rejection))
        go_on = filter->on_rejection(filter->arg, &rejection) && ++filter->n < filter->asked->limit;
    tp_ctl_rejection_free(&rejection);
    return go_on;
}

int tp_ctl_rejected_each(const struct tp_ctl_rejected *asked,
                         bool (*on_rejection)(void *arg, const struct tp_ctl_rejection *rejection), void *arg) {
    struct filter filter = {asked, on_rejection, arg, 0};
    struct tp_buf fault = TP_BUF_INIT;
    const struct tp_kafka_reading reading = {
        .topic = asked->settings->kafka.topic_rejected, .on_message = on_message, .arg = &filter};
    int error = tp_kafka_read(asked->settings, &reading, &fault);
    if (error)
        tp_ctl_say("what was refused cannot be read: %s", tp_error_text(error));
    tp_ctl_write(&fault, stderr);
    tp_buf_free(&fault);
    return error ? EXIT_FAULT : EXIT_DONE;
}

/* ---- the command ---- */

/* 90m: so long ago. */
static bool read_ago(const char *text, int64_t *ret_ms) {
    static const struct {
        char letter;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    char *unit;
    long count = strtol(text, &unit, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (unit > text && unit[0] == units[i].letter && !unit[1] && count >= 0 && count <= 1000000) {
            *ret_ms = tp_time_now_ms() - count * units[i].ms;
            return true;
        }
    return false;
}

static bool read_values(struct tp_ctl_rejected *asked) {
    const char *since = asked->since_text;
    if (since && !read_ago(since, &asked->since_ms) && tp_time_parse(tp_str(since), &asked->since_ms) < 0)
        return tp_ctl_say("--since: a time such as 2026-11-02T09:30:00Z, or 90m, 12h, 7d, was expected"), false;
    asked->limit = UINT64_MAX;
    return (!asked->limit_text || tp_ctl_read_number("--limit", asked->limit_text, 1, INT64_MAX, &asked->limit)) &&
           tp_ctl_courier_read_patience(asked->give_up, &asked->patience_ms);
}

static int run(const struct tp_ctl_command *command, int argc, char **argv) {
    struct tp_ctl_options options;
    struct tp_ctl_rejected asked = {.options = &options};
    const struct tp_ctl_option own[] = {
        {"since", &asked.since_text, NULL},
        {"code", &asked.code, NULL},
        {"source", &asked.source, NULL},
        {"id", &asked.id, NULL},
        {"limit", &asked.limit_text, NULL},
        {"payload", NULL, &asked.payload},
        {"dry-run", NULL, &asked.dry_run},
        {"give-up", &asked.give_up, NULL},
        {0},
    };
    const char *operands[argc];
    size_t n;
    int status = tp_ctl_read(command, argc, argv, own, &options, operands, &n);
    if (status >= 0)
        return status;
    bool list = n == 1 && strcmp(operands[0], "list") == 0, replay = n == 1 && strcmp(operands[0], "replay") == 0;
    if (!list && !replay)
        return tp_ctl_help(command, false);
    if (!read_values(&asked))
        return EXIT_USAGE;
    struct tp_settings *settings = tp_ctl_settings(&options);
    if (!settings)
        return EXIT_FAULT;
    asked.settings = settings;
    status = list ? tp_ctl_rejected_list(&asked) : tp_ctl_rejected_replay(&asked);
    tp_settings_free(settings);
    return status;
}

const struct tp_ctl_command tp_ctl_rejected = {
    .name = "rejected",
    .arguments = "list|replay",
    .summary = "what was refused, and sending it again",
    .help = help,
    .options = own_options,
    .example = example,
    .uses = TP_CTL_DAEMON | TP_CTL_SETTINGS | TP_CTL_JSON,
    .run = run,
};
