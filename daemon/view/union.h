/* Private to view/: what a root and its members have on their timelines, as one line: in order of time, then of
 * customer, then of sequence. Read as it is needed: of a thousand members only those that may have what comes next. Of
 * an interaction that has versions, only the newest of all. */
#pragma once

#include "daemon/customer/customer.h"
#include "daemon/timeline/timeline.h"

struct tp_union;

struct tp_union_place {
    int64_t time_ms;
    struct tp_str customer_id;
    uint64_t sequence;
};
struct tp_union_entry {
    struct tp_union_place place;
    struct tp_entry entry;
};
struct tp_union_span {
    bool ascending;
    int64_t since_ms, until_ms;          /* both inclusive */
    const struct tp_union_place *behind; /* it begins behind this one, whoever is there; NULL: at its end */
};

int tp_union_new(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str root_id,
                 const struct tp_customer *root, const struct tp_union_span *span, struct tp_union **ret);
void tp_union_free(struct tp_union *line); /* not while it reads; NULL is fine */

/* What comes next, borrowed until tp_union_read or tp_union_free. Unread: what that is, tp_union_read must find out. */
enum tp_union_next { TP_UNION_ENTRY, TP_UNION_UNREAD, TP_UNION_END };
enum tp_union_next tp_union_look(struct tp_union *line, struct tp_union_entry *ret);
/* On, behind the entry that tp_union_look gave. */
void tp_union_pass(struct tp_union *line);

/* `done` is called once, maybe at once: then look again. */
typedef void tp_union_read_done(void *arg, int status);
void tp_union_read(struct tp_union *line, tp_union_read_done *done, void *arg);
