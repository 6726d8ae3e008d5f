/* `send`: a file of events to touchpointd, one a line, in batches. How far it came is kept beside the file, so that it
 * goes on there whatever ended it; what was refused is told line by line. */
#include "ctl/send.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/settings/settings.h"

#define USUAL_BATCH 500
#define MOST_BATCH  10000

static const char help[] =
    "Sends the events in FILE, one JSON object a line (NDJSON), to touchpointd; - is standard input.\n"
    "An event without an id is given one, made of its line's bytes and number, so that the same file sent again is a\n"
    "retry and nothing happens twice. How far it came is kept in FILE.sent until all is sent: stopped in the middle, "
    "by\n"
    "whatever, the same command goes on from there. While touchpointd is away or has no room, it waits.\n\n"
    "With --map, FILE is a table (CSV), whose first row names the columns: each other row is given to the jq program "
    "as\n"
    ".body, an object of texts by column, and what that makes of it is sent. The events are kept in FILE.events until "
    "all\n"
    "are sent. config/sources/README.md says what a program gets, what it may use, and what is forgiven.\n";

static const char own_options[] =
    "  --batch N           events in one request (500)\n"
    "  --refused FILE      a line for each event that was refused: its line, why, and its text (NDJSON)\n"
    "  --give-up SECONDS   how long a request is tried (600)\n"
    "  --from-start        from the first line on, whatever FILE.sent says\n"
    "  --map FILE          a jq program that makes events of the rows of a table\n"
    "  --delimiter C       between columns (, ; tab or |, as the first line shows)\n"
    "  --zone ZONE         of times without one, such as Europe/London\n"
    "  --region COUNTRY    of phone numbers without +, such as GB\n"
    "  --source NAME       whose events they are (import)\n";

static const char example[] =
    "Example: touchpointctl send calls-2026-11.ndjson --refused calls-2026-11.refused\n"
    "         touchpointctl send calls-2019.csv --map calls.jq --zone Europe/London --region GB\n"
    "Exit: 0 when all was accepted, 1 when something was refused or could not be sent.\n";

struct sending {
    const struct tp_ctl_options *options;
    const char *path; /* NULL: standard input, or what else cannot be gone back in */
    bool from_start, resumable, done;
    struct tp_ctl_lines lines;
    struct tp_ctl_batch batch;
    struct tp_str *texts; /* of the batch */
    struct tp_ctl_courier courier;
    struct tp_ctl_progress progress;
    struct tp_ctl_refused refused;
    struct tp_ctl_position position;
    uint64_t began_with; /* lines that were sent before */
    uint64_t events;     /* answered in this run */
};

/* ---- a batch ---- */

static struct tp_str part(const struct tp_buf *buf, size_t at, size_t len) {
    return len > 0 ? (struct tp_str){buf->at + at, len} : TP_STR("");
}

static void on_verdict(void *arg, size_t index, const struct tp_ctl_verdict *verdict) {
    struct sending *sending = arg;
    const struct tp_ctl_batch_line *line = &sending->batch.lines[index];
    sending->events++;
    if (verdict->accepted) {
        sending->position.accepted++;
        return;
    }
    sending->position.refused++;
    tp_ctl_refused_add(&sending->refused, line->number, verdict,
                       part(&sending->batch.raw, line->raw_at, line->raw_len));
}

static int send_batch(struct sending *sending) {
    const struct tp_ctl_batch *batch = &sending->batch;
    if (batch->too_long) {
        const struct tp_ctl_verdict verdict = {.code = tp_str(tp_error_code(TP_ETOOLARGE)),
                                               .message = TP_STR("the line is longer than a request may be")};
        on_verdict(sending, 0, &verdict);
        return 0;
    }
    for (size_t i = 0; i < batch->n; i++)
        sending->texts[i] = part(&batch->text, batch->lines[i].text_at, batch->lines[i].text_len);
    return tp_ctl_courier_send(&sending->courier, TP_CTL_FRAME_LINES, sending->texts, batch->n);
}

/* What was refused is on disk before the position is beyond it. */
static int note_position(struct sending *sending) {
    sending->position.bytes = sending->batch.end;
    sending->position.lines = sending->batch.number;
    if (!tp_ctl_refused_sync(&sending->refused))
        return TP_EIO;
    if (sending->resumable && tp_ctl_position_save(sending->path, sending->lines.fd, &sending->position) < 0) {
        tp_ctl_progress_end(&sending->progress);
        tp_ctl_say("%s.sent: %s; stopped, this would have to begin from the start", sending->path, strerror(errno));
        sending->resumable = false;
    }
    return 0;
}

static void show_progress(struct sending *sending) {
    char more[48] = "";
    if (sending->refused.n > 0)
        snprintf(more, sizeof more, "%" PRIu64 " refused", sending->refused.n);
    tp_ctl_progress_show(&sending->progress, sending->position.bytes, sending->events, more);
}

static int send_all(struct sending *sending) {
    int r;
    while ((r = tp_ctl_batch_fill(&sending->batch, &sending->lines)) > 0) {
        r = send_batch(sending);
        if (r == 0)
            r = note_position(sending);
        if (r < 0)
            return r;
        show_progress(sending);
    }
    if (r < 0)
        tp_ctl_say("%s: %s", sending->path ? sending->path : "standard input",
                   r == TP_EIO ? strerror(errno) : tp_error_text(r));
    return r;
}

/* ---- before ---- */

static bool open_file(struct sending *sending, const char *operand) {
    struct stat status;
    bool input = strcmp(operand, "-") == 0;
    sending->lines.fd = input ? STDIN_FILENO : open(operand, O_RDONLY | O_CLOEXEC);
    if (sending->lines.fd < 0 || fstat(sending->lines.fd, &status) < 0)
        return tp_ctl_say("%s: %s", operand, strerror(errno)), false;
    sending->path = input ? NULL : operand;
    sending->resumable = !input && S_ISREG(status.st_mode);
    tp_ctl_progress_start(&sending->progress, "sending", sending->resumable ? (uint64_t)status.st_size : 0);
    return true;
}

/* On where it stopped, if it did. */
static bool resume(struct sending *sending) {
    int r = sending->resumable && !sending->from_start
                ? tp_ctl_position_load(sending->path, sending->lines.fd, &sending->position)
                : 0;
    if (r == TP_ECONFIG)
        tp_ctl_say("%s.sent is of another file: beginning from the start", sending->path);
    if (r == TP_EIO || r == TP_ENOMEM)
        return tp_ctl_say("%s.sent: %s", sending->path, r == TP_EIO ? strerror(errno) : tp_error_text(r)), false;
    if (r <= 0)
        return true;
    if (lseek(sending->lines.fd, (off_t)sending->position.bytes, SEEK_SET) < 0)
        return tp_ctl_say("%s: %s", sending->path, strerror(errno)), false;
    tp_ctl_say("%s: going on behind line %" PRIu64 ", where it stopped (--from-start begins anew)", sending->path,
               sending->position.lines);
    sending->lines.end = sending->position.bytes;
    sending->began_with = sending->lines.number = sending->position.lines;
    return true;
}

/* ---- after ---- */

static void report(const struct sending *sending) {
    double seconds = (double)(tp_time_monotonic_ms() - sending->progress.began_ms) / 1000;
    double rate = seconds > 0 ? (double)sending->events / seconds : 0;
    const struct tp_ctl_position *position = &sending->position;
    if (sending->options->json) {
        printf("{\"sent\":%" PRIu64 ",\"accepted\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"lines\":%" PRIu64
               ",\"resumed_behind_line\":%" PRIu64 ",\"seconds\":%.3f,\"events_per_s\":%.0f}\n",
               position->accepted + position->refused, position->accepted, position->refused, position->lines,
               sending->began_with, seconds, rate);
        return;
    }
    tp_ctl_refused_print(&sending->refused, sending->options);
    printf("%" PRIu64 " events sent: %" PRIu64 " accepted, %" PRIu64 " refused; %.1f s, %.0f events/s\n",
           position->accepted + position->refused, position->accepted, position->refused, seconds, rate);
    if (sending->began_with > 0)
        printf("(%" PRIu64 " of them in this run, from line %" PRIu64 " on)\n", sending->events,
               sending->began_with + 1);
}

static int send_file(struct sending *sending, const char *operand, const char *refused) {
    sending->texts = calloc(sending->batch.most, sizeof *sending->texts);
    sending->courier.client = tp_ctl_client_new(sending->options);
    if (!sending->texts || !sending->courier.client || !open_file(sending, operand) || !resume(sending) ||
        !tp_ctl_refused_open(&sending->refused, refused, sending->began_with > 0))
        return EXIT_FAULT;
    int r = send_all(sending);
    tp_ctl_progress_end(&sending->progress);
    sending->done = r == 0;
    if (r == 0 && sending->resumable)
        tp_ctl_position_remove(sending->path);
    report(sending);
    return r == 0 && sending->position.refused == 0 ? EXIT_DONE : EXIT_FAULT;
}

/* Whether a position is kept beside it: then not all of it is sent. */
static bool is_left(const char *path) {
    struct tp_buf sent = TP_BUF_INIT;
    tp_buf_addf(&sent, "%s.sent", path);
    tp_buf_addc(&sent, '\0');
    bool left = sent.failed || access(sent.at, F_OK) == 0;
    tp_buf_free(&sent);
    return left;
}

/* FILE.events, made of the table; one that is there is being sent already. */
static int make_events(const struct sending *sending, const char *file, const struct tp_ctl_csv *csv,
                       struct tp_buf *ret_path, uint64_t *ret_refused) {
    struct tp_settings *settings = tp_ctl_settings(sending->options);
    tp_buf_addf(ret_path, "%s.events", file);
    tp_buf_addc(ret_path, '\0');
    if (!settings || ret_path->failed) {
        tp_settings_free(settings);
        return EXIT_FAULT;
    }
    bool made = !sending->from_start && access(ret_path->at, R_OK) == 0;
    int status = made ? EXIT_DONE : tp_ctl_csv_convert(file, csv, settings, ret_path->at, ret_refused);
    tp_settings_free(settings);
    return status;
}

static int send_table(struct sending *sending, const char *file, const struct tp_ctl_csv *csv, const char *refused) {
    struct tp_buf path = TP_BUF_INIT;
    uint64_t unmapped = 0;
    int status = make_events(sending, file, csv, &path, &unmapped);
    if (status == EXIT_DONE) {
        status = send_file(sending, path.at, refused);
        if (sending->done && !is_left(path.at))
            unlink(path.at);
    }
    tp_buf_free(&path);
    return status == EXIT_DONE && unmapped > 0 ? EXIT_FAULT : status;
}

static int run(const struct tp_ctl_command *command, int argc, char **argv) {
    struct tp_ctl_options options;
    struct sending sending = {.options = &options, .lines.fd = -1, .batch.most = USUAL_BATCH};
    struct tp_ctl_csv csv = {.delimiter = "", .zone = "", .region = "", .source = "import"};
    const char *batch = NULL, *refused = NULL, *give_up = NULL, *operands[argc];
    const struct tp_ctl_option own[] = {
        {"batch", &batch, NULL},       {"refused", &refused, NULL},
        {"give-up", &give_up, NULL},   {"from-start", NULL, &sending.from_start},
        {"map", &csv.map, NULL},       {"delimiter", &csv.delimiter, NULL},
        {"zone", &csv.zone, NULL},     {"region", &csv.region, NULL},
        {"source", &csv.source, NULL}, {0},
    };
    size_t n;
    uint64_t most = USUAL_BATCH;
    int status = tp_ctl_read(command, argc, argv, own, &options, operands, &n);
    if (status >= 0)
        return status;
    if (n != 1)
        return tp_ctl_help(command, false);
    if ((batch && !tp_ctl_read_number("--batch", batch, 1, MOST_BATCH, &most)) ||
        !tp_ctl_courier_read_patience(give_up, &sending.courier.patience_ms))
        return EXIT_USAGE;
    sending.batch.most = (size_t)most;
    sending.courier.path = "/v1/events";
    sending.courier.progress = &sending.progress;
    sending.courier.on_verdict = on_verdict;
    sending.courier.arg = &sending;
    status = csv.map ? send_table(&sending, operands[0], &csv, refused) : send_file(&sending, operands[0], refused);
    tp_ctl_refused_close(&sending.refused);
    tp_ctl_client_free(sending.courier.client);
    tp_ctl_courier_free(&sending.courier);
    tp_ctl_batch_free(&sending.batch);
    tp_ctl_lines_free(&sending.lines);
    free(sending.texts);
    if (sending.lines.fd > STDIN_FILENO)
        close(sending.lines.fd);
    return status;
}

const struct tp_ctl_command tp_ctl_send = {
    .name = "send",
    .arguments = "FILE|-",
    .summary = "a file of events, one a line, to touchpointd",
    .help = help,
    .options = own_options,
    .example = example,
    .uses = TP_CTL_DAEMON | TP_CTL_SETTINGS | TP_CTL_JSON,
    .run = run,
};
