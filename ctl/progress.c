/* Progress on standard error: a bar that is written over where that is a terminal, elsewhere a line every ten seconds,
 * which is what a log can use. */
#include "ctl/internal.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/time.h"

enum { BAR = 24, TTY_MS = 100, LOG_MS = 10000, COLUMNS = 80 };

void tp_ctl_progress_start(struct tp_ctl_progress *progress, const char *what, uint64_t whole) {
    int64_t now_ms = tp_time_monotonic_ms();
    *progress = (struct tp_ctl_progress){
        .what = what, .whole = whole, .began_ms = now_ms, .shown_ms = now_ms, .tty = isatty(STDERR_FILENO) == 1};
}

static size_t terminal_columns(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS;
}

static void add_bar(struct tp_buf *line, uint64_t at, uint64_t whole) {
    double share = at < whole ? (double)at / (double)whole : 1.0;
    int full = (int)(share * BAR);
    tp_buf_adds(line, " [");
    for (int i = 0; i < BAR; i++)
        tp_buf_addc(line, i < full ? '=' : i == full ? '>' : ' ');
    tp_buf_addf(line, "] %3d %%", (int)(share * 100));
}

static void write_line(const struct tp_ctl_progress *progress, uint64_t at, uint64_t count, const char *more) {
    struct tp_buf line = TP_BUF_INIT;
    double elapsed_s = (double)(progress->shown_ms - progress->began_ms) / 1000;
    tp_buf_adds(&line, progress->what);
    if (progress->whole > 0)
        add_bar(&line, at, progress->whole);
    tp_buf_adds(&line, "  ");
    tp_ctl_add_count(&line, count);
    if (elapsed_s > 0) {
        tp_buf_adds(&line, "  ");
        tp_ctl_add_count(&line, (uint64_t)((double)count / elapsed_s));
        tp_buf_adds(&line, "/s");
    }
    if (progress->whole > 0 && at > 0 && at < progress->whole) {
        tp_buf_adds(&line, "  ");
        tp_ctl_add_gap(&line, elapsed_s * (double)(progress->whole - at) / (double)at);
        tp_buf_adds(&line, " left");
    }
    if (more && *more)
        tp_buf_addf(&line, "  %s", more);
    struct tp_str text = tp_buf_str(&line);
    if (progress->tty)
        text.len = tp_ctl_fitting(text, terminal_columns() - 1);
    fprintf(stderr, progress->tty ? "\r%.*s\033[K" : "%.*s\n", TP_FMT(text));
    tp_buf_free(&line);
}

void tp_ctl_progress_show(struct tp_ctl_progress *progress, uint64_t at, uint64_t count, const char *more) {
    int64_t now_ms = tp_time_monotonic_ms();
    if (now_ms - progress->shown_ms < (progress->tty ? TTY_MS : LOG_MS))
        return;
    progress->shown_ms = now_ms;
    write_line(progress, at, count, more);
}

void tp_ctl_progress_end(struct tp_ctl_progress *progress) {
    if (progress->tty)
        fputs("\r\033[K", stderr);
}
