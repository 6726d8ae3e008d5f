/* One line an event, as key=value, to standard error: with <N> in front when journald reads it (JOURNAL_STREAM), with
 * the time otherwise. Values are escaped. Never a payload, an email, a phone number or a secret: callers pass ids,
 * sources, stages, counts and errors only. Any thread; a line is one write(2). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum tp_log_level { TP_LOG_ERROR = 3, TP_LOG_WARNING = 4, TP_LOG_NOTICE = 5, TP_LOG_INFO = 6, TP_LOG_DEBUG = 7 };

/* Whether it is journald that reads standard error. */
bool tp_log_to_journald(void);

/* "error", "warning", "notice", "info", "debug"; anything else leaves it as it is. */
void tp_log_set_level(const char *name);

/* tp_log(TP_LOG_WARNING, "redis_away", "stage=%s error=%s", "timeline", text): the event's name, then the fields.
 * For a value that may hold blanks or quotes use "%s" with tp_log_quote. */
void tp_log(enum tp_log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "text", quoted and escaped, in a buffer of the thread's own that the eighth call from here reuses. */
const char *tp_log_quote(const char *text);
/* At most one line of this kind in `seconds`; the next one says how many were left out (suppressed=N). */
struct tp_log_limit {
    _Atomic long long next_ms;
    _Atomic unsigned suppressed;
};
void tp_log_limited(struct tp_log_limit *limit, unsigned seconds, enum tp_log_level level, const char *event,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));
