/* `status`: how touchpointd is doing, stage by stage. A rate needs two looks, so there are always two but for --json;
 * with --watch there is one after the other, drawn over one another on a screen of their own. */
#include "ctl/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/error.h"
#include "common/time.h"

static const char help[] =
    "Shows how touchpointd is doing: each stage in the order of the way with what it has done, how much a second, and\n"
    "what waits there; whether Redis and Kafka are up; and how long interactions take.\n";

static const char own_options[] =
    "  --watch [SECONDS]   again and again, every 2 seconds when not said, until Ctrl-C\n";

static const char example[] = "Example: touchpointctl status --watch 5\n"
                              "Exit: 0 when it takes interactions and Redis and Kafka are up, 1 when not.\n";

enum { USUAL_SECONDS = 2, MOST_SECONDS = 86400 };

/* ---- looking on ---- */

static void note_away(bool away, char since[16]) {
    time_t now = time(NULL);
    struct tm tm;
    if (!away)
        *since = '\0';
    else if (!*since && localtime_r(&now, &tm))
        strftime(since, 16, " since %H:%M:%S", &tm);
}

static void look(struct tp_ctl_watch *watch) {
    struct tp_ctl_look spent = watch->before;
    watch->before = watch->look;
    watch->look = (struct tp_ctl_look){0};
    tp_ctl_look_clear(&spent);
    tp_ctl_look(watch->client, &watch->look);
    bool seen = watch->on && watch->look.reached;
    note_away(seen && !watch->look.redis_up, watch->redis_away);
    note_away(seen && !watch->look.kafka_up, watch->kafka_away);
}

static void print_json(const struct tp_ctl_watch *watch) {
    struct tp_buf line = TP_BUF_INIT;
    tp_ctl_look_json(&watch->look, &watch->before, watch->options->url, &line);
    printf("%.*s\n", TP_FMT(tp_buf_str(&line)));
    fflush(stdout);
    tp_buf_free(&line);
}

/* Each line over the old one, and what is left of the old below is wiped: nothing flickers. */
static void draw_over(const struct tp_ctl_watch *watch) {
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    if (!memory)
        return;
    tp_ctl_draw(watch, memory);
    if (fclose(memory) == 0) {
        fputs("\033[H", stdout);
        for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
            printf("%.*s\033[K\n", (int)(end - line), line);
        fputs("\033[J", stdout);
        fflush(stdout);
    }
    free(text);
}

/* False when a signal ended the wait: it is blocked, so it comes nowhere else. */
static bool wait_s(uint64_t seconds, const sigset_t *signals) {
    const struct timespec pause = {(time_t)seconds, 0};
    int number;
    do
        number = sigtimedwait(signals, NULL, &pause);
    while (number < 0 && errno == EINTR);
    return number < 0;
}

static void watch_on(struct tp_ctl_watch *watch, const sigset_t *signals) {
    bool over = watch->options->tty && !watch->options->json;
    if (over)
        fputs("\033[?1049h\033[?25l", stdout); /* the other screen, without a cursor */
    do {
        look(watch);
        if (watch->options->json)
            print_json(watch);
        else if (over)
            draw_over(watch);
        else
            tp_ctl_draw(watch, stdout), putchar('\n'), fflush(stdout);
    } while (wait_s(watch->seconds, signals));
    if (over) {
        fputs("\033[?25h\033[?1049l", stdout);
        tp_ctl_draw(watch, stdout);
    }
}

static void look_once(struct tp_ctl_watch *watch, const sigset_t *signals) {
    look(watch);
    if (watch->options->json) {
        print_json(watch);
        return;
    }
    if (watch->look.reached && wait_s(1, signals))
        look(watch);
    tp_ctl_draw(watch, watch->look.reached ? stdout : stderr);
}

static int run_watch(struct tp_ctl_watch *watch) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (watch->on)
        watch_on(watch, &signals);
    else
        look_once(watch, &signals);
    int status = tp_ctl_look_healthy(&watch->look) ? EXIT_DONE : EXIT_FAULT;
    tp_ctl_look_clear(&watch->look);
    tp_ctl_look_clear(&watch->before);
    return status;
}

/* ---- the command ---- */

static int run(const struct tp_ctl_command *command, int argc, char **argv) {
    struct tp_ctl_options options;
    struct tp_ctl_watch watch = {.options = &options, .seconds = USUAL_SECONDS};
    const char *seconds = NULL, *operands[argc];
    size_t n_operands;
    const struct tp_ctl_option own[] = {{"watch", &seconds, &watch.on}, {0}};
    int status = tp_ctl_read(command, argc, argv, own, &options, operands, &n_operands);
    if (status >= 0)
        return status;
    if (watch.on && !seconds && n_operands == 1) /* `--watch 5` is what people write */
        seconds = operands[--n_operands];
    if (n_operands > 0)
        return tp_ctl_help(command, false);
    if (seconds && !tp_ctl_read_number("--watch", seconds, 1, MOST_SECONDS, &watch.seconds))
        return EXIT_USAGE;
    watch.client = tp_ctl_client_new(&options);
    status = watch.client ? run_watch(&watch) : EXIT_FAULT;
    tp_ctl_client_free(watch.client);
    return status;
}

const struct tp_ctl_command tp_ctl_status = {
    .name = "status",
    .arguments = "",
    .summary = "how touchpointd is doing, stage by stage; --watch looks on",
    .help = help,
    .options = own_options,
    .example = example,
    .uses = TP_CTL_DAEMON | TP_CTL_JSON,
    .run = run,
};
