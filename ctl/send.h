/* What the files of the command `send` share; `rejected replay` sends by courier.c and event.c, too. In reading order:
 * send.c, send_lines.c, send_batch.c, event.c, courier.c, send_refused.c, send_csv.c, send_position.c. */
#pragma once

#include "ctl/internal.h"

#define TP_CTL_MOST_BODY ((size_t)4 << 20) /* bytes of a request: half of http.max_body as it is by default */

/* ---- send_lines.c: a file line by line, however large, in little memory ---- */
struct tp_ctl_lines { /* begins as {.fd = ...}, at byte `end` of the file and behind line `number` */
    int fd;
    struct tp_buf window;
    size_t at;       /* in the window: what comes next */
    uint64_t number; /* of the line that was given last, from 1 */
    uint64_t end;    /* bytes up to its end, with its line feed */
    bool at_end_of_file;
};
enum tp_ctl_line { TP_CTL_LINE_NONE, TP_CTL_LINE_WHOLE, TP_CTL_LINE_TOO_LONG };
/* The next line that is not blank, without its line feed, until the next call; of one longer than TP_CTL_MOST_BODY
 * nothing. Gives an enum tp_ctl_line, or TP_EIO (errno says why) or TP_ENOMEM. */
int tp_ctl_lines_next(struct tp_ctl_lines *lines, struct tp_str *ret);
void tp_ctl_lines_free(struct tp_ctl_lines *lines);

/* ---- send_batch.c: lines that go together ---- */
struct tp_ctl_batch {
    struct tp_ctl_batch_line {
        uint64_t number;
        size_t raw_at, raw_len, text_at, text_len; /* as it was, and as it is sent */
    } * lines;
    size_t n, most; /* `most` is the caller's to set */
    struct tp_buf raw, text;
    bool too_long;        /* it is one line only, which is not here */
    uint64_t number, end; /* of the file, when this batch is done with: line and byte */
    struct tp_str held;   /* did not fit any more: the first of the next batch */
    bool holds;
    int held_kind;
};
/* 1 and the next lines, 0 when there are none left, or as tp_ctl_lines_next. */
int tp_ctl_batch_fill(struct tp_ctl_batch *batch, struct tp_ctl_lines *lines);
void tp_ctl_batch_free(struct tp_ctl_batch *batch);

/* ---- event.c: an event's text, completed without touching what is there ---- */
/* `object` with one member more, in front of the others. */
void tp_ctl_event_insert(struct tp_str object, const char *name, struct tp_str value, struct tp_buf *out);
/* The line; when it is an object without an id, with one that is made of its bytes and its number, so that the same
 * line of the same file is the same event whenever it is sent. */
void tp_ctl_event_identify(struct tp_str line, uint64_t number, struct tp_buf *out);

/* ---- courier.c: events to POST /v1/events, until there is an answer ---- */
enum tp_ctl_frame { TP_CTL_FRAME_LINES, TP_CTL_FRAME_ARRAY, TP_CTL_FRAME_CLOUDEVENTS };
struct tp_ctl_verdict {
    bool accepted, delivered, duplicate;
    struct tp_str code, path, message; /* why it was not accepted */
};
struct tp_ctl_courier {
    struct tp_ctl_client *client;
    const char *path;
    int64_t patience_ms;              /* how long a request is tried to get answered */
    struct tp_ctl_progress *progress; /* is cleared away where something is said; or NULL */
    void (*on_verdict)(void *arg, size_t index, const struct tp_ctl_verdict *verdict); /* once for each event */
    void *arg;
    struct tp_buf body;
    struct tp_ctl_reply reply;
};
/* One request, or several when touchpointd does not take so much at once. TP_EUNAVAILABLE: patience is at an end;
 * TP_EINVALID: an answer that is none, or a refusal of the sender. Both said. */
int tp_ctl_courier_send(struct tp_ctl_courier *courier, enum tp_ctl_frame frame, const struct tp_str *events, size_t n);
void tp_ctl_courier_free(struct tp_ctl_courier *courier); /* not its client */
/* --give-up: said when it is wrong. */
bool tp_ctl_courier_read_patience(const char *text, int64_t *ret_ms);

/* ---- send_refused.c: what was refused, and why ---- */
struct tp_ctl_refused {
    struct tp_ctl_table *table; /* the first ones */
    uint64_t n;                 /* in this run */
    const char *path;           /* NULL: no file */
    FILE *file;
};
/* `path`: NULL for none. False: said. */
bool tp_ctl_refused_open(struct tp_ctl_refused *refused, const char *path, bool append);
void tp_ctl_refused_add(struct tp_ctl_refused *refused, uint64_t line, const struct tp_ctl_verdict *why,
                        struct tp_str text);
bool tp_ctl_refused_sync(struct tp_ctl_refused *refused); /* on disk; false: said */
void tp_ctl_refused_print(const struct tp_ctl_refused *refused, const struct tp_ctl_options *options);
void tp_ctl_refused_close(struct tp_ctl_refused *refused);

/* ---- send_csv.c: a table becomes events ---- */
struct tp_ctl_csv {
    const char *map;       /* a jq program; NULL: the file has events already */
    const char *delimiter; /* one character; "": as the first line shows */
    const char *zone, *region, *source;
};
struct tp_settings;
/* Writes the events to `to`. Rows that cannot be mapped are said, and counted. EXIT_FAULT: said. */
int tp_ctl_csv_convert(const char *file, const struct tp_ctl_csv *how, const struct tp_settings *settings,
                       const char *to, uint64_t *ret_refused);

/* ---- send_position.c: how far a file was sent, beside it ---- */
struct tp_ctl_position {
    uint64_t bytes, lines;      /* acknowledged */
    uint64_t accepted, refused; /* of them */
};
/* 1: `ret` is what FILE.sent says; 0: there is none; TP_ECONFIG: it is of another file; TP_EIO. `fd` is FILE's. */
int tp_ctl_position_load(const char *path, int fd, struct tp_ctl_position *ret);
int tp_ctl_position_save(const char *path, int fd, const struct tp_ctl_position *position); /* on disk; or TP_EIO */
void tp_ctl_position_remove(const char *path);
