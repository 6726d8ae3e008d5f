/* touchpointd: the daemon from its start to its end. What happens to an interaction in between: pipeline/. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "common/error.h"
#include "daemon/api/api.h"
#include "daemon/dev/dev.h"
#include "daemon/http/http.h"
#include "daemon/journal/journal.h"
#include "daemon/kafka/kafka.h"
#include "daemon/log/log.h"
#include "daemon/mapping/mapping.h"
#include "daemon/metrics/metrics.h"
#include "daemon/pipeline/delivery.h"
#include "daemon/pipeline/senders.h"
#include "daemon/pipeline/waitroom.h"
#include "daemon/settings/settings.h"

enum { EXIT_CLEAN = 0, EXIT_FAULT = 1, EXIT_CONFIGURATION = 2, MOST_SETS = 256 };

struct command {
    const char *file;
    const char *sets[MOST_SETS];
    size_t n_sets;
    bool check, dev;
};

struct daemon {
    struct tp_settings *settings;
    struct tp_dev *dev;
    struct tp_journal *journal;
    struct tp_waitroom *waitroom;
    struct tp_delivery *delivery;
    struct tp_senders *senders;
    struct tp_api *api;
    struct tp_buf fault; /* what is said about a start that fails */
};

/* ---- the command line ---- */

static const char help[] =
    "touchpointd: one timeline per customer, from every channel, in Redis; each interaction, enriched, to Kafka\n"
    "\n"
    "  touchpointd [-c FILE] [--set KEY=VALUE]... [--check] [--dev]\n"
    "\n"
    "  -c, --config FILE   read the settings from FILE; without it, the defaults\n"
    "  --set KEY=VALUE     a setting, over the file's: --set http.listen=127.0.0.1:8081\n"
    "  --check             read the configuration, say every fault, and exit with 0 or 2\n"
    "  --dev               with a private Redis and a development broker; nothing else is needed\n"
    "  --example           print a configuration file with every setting at its default\n"
    "  --version           print the version\n"
    "  -h, --help          print this\n"
    "\n"
    "Example: touchpointd -c /etc/touchpointd/touchpointd.conf --check\n"
    "Exit: 0 after a clean stop, 2 for bad configuration, 1 otherwise.\n";

/* -1 to go on, or the status to exit with. */
static int read_command(int argc, char **argv, struct command *command) {
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"set", required_argument, NULL, 's'},
        {"check", no_argument, NULL, 'k'},        {"dev", no_argument, NULL, 'd'},
        {"example", no_argument, NULL, 'e'},      {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        if (option == 'c')
            command->file = optarg;
        else if (option == 's' && command->n_sets < MOST_SETS)
            command->sets[command->n_sets++] = optarg;
        else if (option == 'k')
            command->check = true;
        else if (option == 'd')
            command->dev = true;
        else if (option == 'e')
            return tp_settings_write_example(stdout), EXIT_CLEAN;
        else if (option == 'v')
            return puts("touchpointd " TP_VERSION), EXIT_CLEAN;
        else if (option == 'h')
            return fputs(help, stdout), EXIT_CLEAN;
        else
            return fputs("touchpointd: see touchpointd --help\n", stderr), EXIT_CONFIGURATION;
    }
    if (optind == argc)
        return -1;
    fprintf(stderr, "touchpointd: %s: no such argument; see touchpointd --help\n", argv[optind]);
    return EXIT_CONFIGURATION;
}

/* ---- the journal's callbacks ---- */

static _Atomic(struct tp_delivery *) woken; /* known to the writer once delivery runs */

static void on_readable(void *arg) {
    struct tp_delivery *delivery = atomic_load(&woken);
    (void)arg;
    if (delivery)
        tp_delivery_wake(delivery);
}

static void on_failure(void *arg, const char *what, int error_number) {
    (void)arg;
    tp_log(TP_LOG_ERROR, "journal_failed", "stage=journal what=%s error=%s", tp_log_quote(what),
           tp_log_quote(strerror(error_number)));
    kill(getpid(), SIGUSR1); /* main waits for signals: stop, with status 1 */
}

/* What it has in its journal stays there; who took over has said that it is gone from here. */
static void on_fenced(void) { kill(getpid(), SIGUSR2); }

/* ---- start ---- */

static int load_settings(const struct command *command, struct daemon *d) {
    int status = tp_settings_load(command->file, command->sets, command->n_sets, &d->fault, &d->settings);
    if (status == 0)
        tp_log_set_level(d->settings->log.level);
    return status;
}

/* What only those who use a setting can say about it; before anything is started. */
static int check(struct daemon *d) {
    int status = tp_http_check(d->settings, &d->fault);
    if (status == 0)
        status = tp_kafka_check(d->settings, &d->fault);
    return status == 0 ? tp_senders_open(d->settings, &d->fault, &d->senders) : status;
}

static int start_dev(struct daemon *d) { return tp_dev_start(d->settings, &d->fault, &d->dev); }

static int open_journal(struct daemon *d) {
    struct tp_buf said = TP_BUF_INIT;
    const struct tp_journal_options options = {
        .dir = d->settings->journal.dir,
        .segment_size = d->settings->journal.segment_size,
        .max_size = d->settings->journal.max_size,
        .queue_size = d->settings->journal.queue_size,
        .on_readable = on_readable,
        .on_failure = on_failure,
    };
    int status = tp_journal_open(&options, &said, &d->journal);
    bool damaged = status < 0 || tp_metrics_get(TP_M_JOURNAL_CORRUPT) > 0;
    tp_buf_addc(&said, '\0');
    for (char *line = said.failed ? NULL : strtok(said.at, "\n"); line; line = strtok(NULL, "\n"))
        tp_log(damaged ? TP_LOG_ERROR : TP_LOG_NOTICE, "journal", "what=%s", tp_log_quote(line));
    tp_buf_free(&said);
    if (status < 0)
        tp_buf_addf(&d->fault, "journal.dir: %s: %s\n", d->settings->journal.dir, tp_error_text(status));
    return status;
}

static int start_delivery(struct daemon *d) {
    d->waitroom = tp_waitroom_new();
    if (!d->waitroom)
        return TP_ENOMEM;
    const struct tp_delivery_options options = {d->settings, d->journal, d->waitroom, on_fenced};
    int status = tp_delivery_start(&options, &d->fault, &d->delivery);
    if (status < 0)
        return status;
    atomic_store(&woken, d->delivery);
    tp_delivery_wake(d->delivery);
    return 0;
}

static int start_api(struct daemon *d) {
    const struct tp_api_options options = {d->settings, d->journal, d->waitroom, d->delivery, d->senders};
    return tp_api_start(&options, &d->fault, &d->api);
}

static void say_ready(const struct daemon *d) {
    tp_log(TP_LOG_NOTICE, "ready", "http=%s node=%s name=%s version=%s", tp_api_addresses(d->api),
           tp_journal_node(d->journal), d->settings->node.name, TP_VERSION);
    sd_notify(0, "READY=1");
    if (d->dev)
        tp_dev_greet(d->dev, tp_api_addresses(d->api));
}

/* ---- run ---- */

static void block_signals(sigset_t *signals) {
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGUSR1);
    sigaddset(signals, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Every thread that has a loop must have turned it since the last look, or the watchdog is left to bark. */
static void feed_watchdog(const struct daemon *d) {
    static uint64_t delivery_before;
    uint64_t delivery_now = tp_delivery_pulse(d->delivery);
    bool alive = tp_api_ping(d->api) && delivery_now != delivery_before;
    delivery_before = delivery_now;
    if (alive)
        sd_notify(0, "WATCHDOG=1");
}

/* 0 when asked to stop, TP_EIO when the journal failed, TP_EFENCED when another daemon has this node. */
static int wait_for_end(const struct daemon *d, const sigset_t *signals) {
    uint64_t watchdog_us = 0;
    sd_watchdog_enabled(0, &watchdog_us);
    if (watchdog_us == 0 || watchdog_us > 4000000)
        watchdog_us = 4000000;
    const struct timespec tick = {(time_t)(watchdog_us / 4000000), (long)(watchdog_us / 4 % 1000000) * 1000};
    for (;;) {
        int number = sigtimedwait(signals, NULL, &tick);
        if (number > 0) {
            tp_log(TP_LOG_NOTICE, "stopping", "signal=%d", number);
            sd_notify(0, "STOPPING=1");
            return number == SIGUSR1 ? TP_EIO : number == SIGUSR2 ? TP_EFENCED : 0;
        }
        if (errno == EAGAIN)
            feed_watchdog(d);
    }
}

/* ---- stop: intake first, then what is under way, then the disk ---- */

static void stop(struct daemon *d) {
    unsigned timeout_ms = d->settings->node.stop_timeout / 2;
    if (d->api)
        tp_api_stop(d->api, timeout_ms);
    if (d->delivery)
        tp_delivery_stop(d->delivery, timeout_ms);
    if (d->journal)
        tp_journal_stop(d->journal); /* its last batches are told to the front's loops, so those go afterwards */
    tp_api_free(d->api);
    atomic_store(&woken, NULL);
    tp_delivery_free(d->delivery);
    tp_waitroom_free(d->waitroom);
    tp_journal_close(d->journal);
    tp_dev_stop(d->dev);
}

/* ---- from the first to the last ---- */

static int start(const struct command *command, struct daemon *d) {
    int status = command->dev ? start_dev(d) : 0;
    if (status == 0)
        status = open_journal(d);
    if (status == 0)
        status = start_delivery(d);
    if (status == 0)
        status = start_api(d);
    return status;
}

static int exit_status(int error) {
    return error == 0 ? EXIT_CLEAN : error == TP_ECONFIG ? EXIT_CONFIGURATION : EXIT_FAULT;
}

static int run(const struct command *command, struct daemon *d, const sigset_t *signals) {
    int status = start(command, d);
    bool started = status == 0;
    if (started) {
        say_ready(d);
        status = wait_for_end(d, signals);
    }
    stop(d);
    if (started)
        tp_log(TP_LOG_NOTICE, "stopped", "status=%d", exit_status(status));
    return status;
}

/* People get it as it is, journald as a line of the log, with its priority. */
static void say_line(const char *line) {
    if (tp_log_to_journald())
        tp_log(TP_LOG_ERROR, "fault", "what=%s", tp_log_quote(line));
    else
        fprintf(stderr, "%s\n", line);
}

static void say_fault(struct tp_buf *fault, int error) {
    tp_buf_addc(fault, '\0');
    char *line = fault->failed ? NULL : strtok(fault->at, "\n");
    if (!line)
        say_line(tp_error_text(error));
    for (; line; line = strtok(NULL, "\n"))
        say_line(line);
}

int main(int argc, char **argv) {
    struct command command = {0};
    struct daemon d = {0};
    sigset_t signals;
    tp_mapping_main(argc, argv);
    int exits = read_command(argc, argv, &command);
    if (exits >= 0)
        return exits;
    block_signals(&signals);
    int status = load_settings(&command, &d);
    if (status == 0)
        status = check(&d);
    if (status == 0 && !command.check)
        status = run(&command, &d, &signals);
    if (status < 0)
        say_fault(&d.fault, status);
    tp_buf_free(&d.fault);
    tp_senders_close(d.senders);
    tp_settings_free(d.settings);
    return exit_status(status);
}
