/* What the files of the command `rejected` share. In reading order: rejected.c, rejected_record.c, rejected_list.c,
 * rejected_plan.c, rejected_replay.c. */
#pragma once

#include "ctl/send.h"
#include "daemon/kafka/read.h"

/* ---- rejected_record.c: a record of the rejected topic ---- */
struct tp_ctl_rejection {
    int32_t partition;
    int64_t offset;
    struct tp_str source, id, received_at, code, path, message; /* empty when absent */
    bool has_payload;
    struct tp_buf payload;  /* the bytes as they were received */
    const char *unreadable; /* why it is no record of touchpointd's; then all of the above is empty */
    struct tp_json json;    /* what the texts point into */
};
void tp_ctl_rejection_read(const struct tp_kafka_message *message, struct tp_ctl_rejection *ret);
void tp_ctl_rejection_free(struct tp_ctl_rejection *rejection);
/* Its place, received_at, source, id and reason, as members of a JSON object, a comma in front of all but the first. */
void tp_ctl_rejection_write(const struct tp_ctl_rejection *rejection, struct tp_buf *out);

/* ---- rejected.c: which records, and what becomes of them ---- */
struct tp_ctl_rejected {
    const struct tp_ctl_options *options;
    const struct tp_settings *settings;
    const char *since_text, *code, *source, *id, *limit_text, *give_up;
    bool payload, dry_run;
    int64_t since_ms, patience_ms;
    uint64_t limit;
};
/* Each record that was asked for; `on_rejection` answers whether to go on. Gives EXIT_DONE, or EXIT_FAULT: said. */
int tp_ctl_rejected_each(const struct tp_ctl_rejected *asked,
                         bool (*on_rejection)(void *arg, const struct tp_ctl_rejection *rejection), void *arg);
int tp_ctl_rejected_list(const struct tp_ctl_rejected *asked);
int tp_ctl_rejected_replay(const struct tp_ctl_rejected *asked);

/* ---- rejected_plan.c: whether and how a rejection can be sent again ---- */
struct tp_ctl_plan {
    const char *why_not; /* NULL: it can be sent */
    enum tp_ctl_frame frame;
    struct tp_buf event;
};
/* `topic` is the rejected topic's name. */
void tp_ctl_plan(const struct tp_ctl_rejection *rejection, const char *topic, struct tp_ctl_plan *ret);
