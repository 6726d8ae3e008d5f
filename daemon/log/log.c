/* A line is put together on the stack and leaves in one write(2), so lines of several threads never mix and nothing
 * here waits for a lock. What cannot be written is lost: a log must not stop the daemon.
 *
 * Only printable ASCII leaves: every other byte is written as \xNN, so that no value can end the line, forge another,
 * or speak to the terminal of who reads it. A line that is too long is cut, and says so by "...". */
#include "daemon/log/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/time.h"

#define LINE_BYTES   4096
#define FIELDS_BYTES 2048
#define QUOTED_BYTES 512
#define QUOTED_COUNT 8

static const char *const names[] = {
    [TP_LOG_ERROR] = "error", [TP_LOG_WARNING] = "warning", [TP_LOG_NOTICE] = "notice",
    [TP_LOG_INFO] = "info",   [TP_LOG_DEBUG] = "debug",
};

static _Atomic int threshold = TP_LOG_INFO;

void tp_log_set_level(const char *name) {
    for (int level = TP_LOG_ERROR; level <= TP_LOG_DEBUG; level++)
        if (strcmp(name, names[level]) == 0)
            atomic_store(&threshold, level);
}

static bool wanted(enum tp_log_level level) {
    return (int)level <= atomic_load_explicit(&threshold, memory_order_relaxed);
}

/* A text of bounded size; three bytes stay free for the mark of a cut. */
struct text {
    char *at;
    size_t len, cap;
    bool cut;
};

static void add(struct text *text, const char *bytes, size_t len) {
    if (text->cut)
        return;
    text->cut = len + 3 > text->cap - text->len;
    memcpy(text->at + text->len, text->cut ? "..." : bytes, text->cut ? 3 : len);
    text->len += text->cut ? 3 : len;
}

static void add_text(struct text *text, const char *bytes) { add(text, bytes, strlen(bytes)); }

/* The byte as it may leave; those in `special` get a backslash in front. */
static void add_byte(struct text *text, char byte, const char *special) {
    char escaped[8];
    if (byte < ' ' || byte > '~')
        add(text, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\x%02x", (unsigned char)byte));
    else if (strchr(special, byte))
        add(text, (char[]){'\\', byte}, 2);
    else
        add(text, &byte, 1);
}

const char *tp_log_quote(const char *value) {
    static _Thread_local char buffers[QUOTED_COUNT][QUOTED_BYTES];
    static _Thread_local unsigned next;
    char *buffer = buffers[next++ % QUOTED_COUNT];
    /* Two bytes aside for the closing quote and the NUL, whatever was cut. */
    struct text text = {.at = buffer, .cap = QUOTED_BYTES - 2};
    add(&text, "\"", 1);
    for (; *value; value++)
        add_byte(&text, *value, "\"\\");
    buffer[text.len] = '"';
    buffer[text.len + 1] = '\0';
    return buffer;
}

/* systemd names the stream it gave us as device:inode; another stderr, e.g. of a child's pipe, is not journald's. */
bool tp_log_to_journald(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat stat;
    char ours[64];
    if (!stream || fstat(STDERR_FILENO, &stat) != 0)
        return false;
    snprintf(ours, sizeof ours, "%llu:%llu", (unsigned long long)stat.st_dev, (unsigned long long)stat.st_ino);
    return strcmp(stream, ours) == 0;
}

static void add_head(struct text *line, enum tp_log_level level, const char *event) {
    char priority[] = {'<', (char)('0' + level), '>', '\0'}, now[TP_TIME_TEXT];
    if (tp_log_to_journald()) {
        add_text(line, priority);
    } else {
        tp_time_format(tp_time_now_ms(), now);
        add_text(line, "time=");
        add_text(line, now);
        add_text(line, " ");
    }
    add_text(line, "level=");
    add_text(line, names[level]);
    add_text(line, " event=");
    add_text(line, event);
}

static void add_fields(struct text *line, const char *format, va_list args) {
    char fields[FIELDS_BYTES];
    int len = vsnprintf(fields, sizeof fields, format, args);
    if (len <= 0)
        return;
    add_text(line, " ");
    for (const char *at = fields; *at; at++)
        add_byte(line, *at, "");
    if ((size_t)len >= sizeof fields)
        add_text(line, "...");
}

static void emit(unsigned suppressed, enum tp_log_level level, const char *event, const char *format, va_list args) {
    int errno_before = errno;
    char bytes[LINE_BYTES], count[32];
    struct text line = {.at = bytes, .cap = sizeof bytes - 1}; /* one aside for the newline */
    add_head(&line, level, event);
    if (suppressed) {
        snprintf(count, sizeof count, " suppressed=%u", suppressed);
        add_text(&line, count);
    }
    add_fields(&line, format, args);
    bytes[line.len++] = '\n';
    ssize_t written = write(STDERR_FILENO, bytes, line.len);
    (void)written;
    errno = errno_before;
}

void tp_log(enum tp_log_level level, const char *event, const char *format, ...) {
    if (!wanted(level))
        return;
    va_list args;
    va_start(args, format);
    emit(0, level, event, format, args);
    va_end(args);
}

void tp_log_limited(struct tp_log_limit *limit, unsigned seconds, enum tp_log_level level, const char *event,
                    const char *format, ...) {
    if (!wanted(level))
        return;
    long long now = tp_time_monotonic_ms(), next = atomic_load(&limit->next_ms);
    /* Of several threads that find the time come, the one that moves it on speaks for all. */
    if (now < next || !atomic_compare_exchange_strong(&limit->next_ms, &next, now + seconds * 1000LL)) {
        atomic_fetch_add(&limit->suppressed, 1);
        return;
    }
    va_list args;
    va_start(args, format);
    emit(atomic_exchange(&limit->suppressed, 0), level, event, format, args);
    va_end(args);
}
