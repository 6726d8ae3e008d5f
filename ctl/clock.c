/* Times as people read them. */
#include "ctl/internal.h"

#include <time.h>

#include "common/time.h"

struct tp_ctl_clock tp_ctl_clock(bool utc) {
    tzset();
    return (struct tp_ctl_clock){utc || (timezone == 0 && !daylight)};
}

void tp_ctl_add_time(struct tp_buf *out, struct tp_ctl_clock clock, const char *form, struct tp_str time) {
    int64_t ms;
    struct tm tm;
    char text[128];
    time_t seconds = tp_time_parse(time, &ms) == 0 ? (time_t)(ms / 1000) : -1;
    if (seconds < 0 || !(clock.utc ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm))) {
        tp_buf_addstr(out, time);
        return;
    }
    tp_buf_add(out, text, strftime(text, sizeof text, form, &tm));
}
