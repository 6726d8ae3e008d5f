/* Lines through a window on the file. It grows up to the longest line that is taken; of a longer one the bytes are
 * passed over until its end comes. */
#include "ctl/send.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"

#define STEP ((size_t)64 * 1024)

static const char mark[] = "\xEF\xBB\xBF"; /* a byte order mark, which some editors put in front */

void tp_ctl_lines_free(struct tp_ctl_lines *lines) { tp_buf_free(&lines->window); }

/* More bytes behind those that are left. */
static int read_on(struct tp_ctl_lines *lines) {
    struct tp_buf *window = &lines->window;
    if (lines->at > 0) {
        memmove(window->at, window->at + lines->at, window->len - lines->at);
        window->len -= lines->at;
        lines->at = 0;
    }
    char *room = tp_buf_room(window, STEP);
    if (!room)
        return TP_ENOMEM;
    ssize_t n;
    do
        n = read(lines->fd, room, STEP);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return TP_EIO;
    window->len += (size_t)n;
    lines->at_end_of_file = n == 0;
    return 0;
}

static struct tp_str left(const struct tp_ctl_lines *lines) {
    size_t len = lines->window.len - lines->at;
    return len > 0 ? (struct tp_str){lines->window.at + lines->at, len} : TP_STR("");
}

static void step(struct tp_ctl_lines *lines, size_t bytes) {
    lines->at += bytes;
    lines->end += bytes;
}

/* A line with its line feed, which the last one may lack. */
static int next(struct tp_ctl_lines *lines, struct tp_str *ret) {
    bool too_long = false;
    for (size_t seen = 0;;) {
        struct tp_str there = left(lines);
        const char *feed = there.len > seen ? memchr(there.at + seen, '\n', there.len - seen) : NULL;
        size_t len = feed ? (size_t)(feed - there.at) + 1 : there.len;
        too_long = too_long || len > TP_CTL_MOST_BODY;
        if (feed || (lines->at_end_of_file && (len > 0 || too_long))) {
            *ret = (struct tp_str){there.at, len - (feed != NULL)};
            lines->number++;
            step(lines, len);
            return too_long ? TP_CTL_LINE_TOO_LONG : TP_CTL_LINE_WHOLE;
        }
        if (lines->at_end_of_file)
            return TP_CTL_LINE_NONE;
        if (too_long)
            step(lines, len);
        seen = too_long ? 0 : len;
        int error = read_on(lines);
        if (error)
            return error;
    }
}

static bool is_blank(struct tp_str line) {
    for (size_t i = 0; i < line.len; i++)
        if (!strchr(" \t\r", line.at[i]) || line.at[i] == '\0')
            return false;
    return true;
}

int tp_ctl_lines_next(struct tp_ctl_lines *lines, struct tp_str *ret) {
    int kind;
    do {
        bool first = lines->end == 0;
        kind = next(lines, ret);
        if (kind == TP_CTL_LINE_WHOLE && first && ret->len >= 3 && memcmp(ret->at, mark, 3) == 0)
            *ret = (struct tp_str){ret->at + 3, ret->len - 3};
    } while (kind == TP_CTL_LINE_WHOLE && is_blank(*ret));
    return kind;
}
