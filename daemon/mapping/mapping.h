/* Mappings: jq programs that make interactions of what a sender sent. Operators write them, and what goes in comes from
 * outside, so they run in a process of their own, which has no files, no environment, a bound on its memory, and is
 * killed when one takes too long: libjq cannot be stopped within a builtin, ends the process where memory is short, and
 * has crashed on odd input. Each program is compiled once in a process's life.
 *
 * The process is this program again (/proc/self/exe), so each main begins with tp_mapping_main. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/str.h"
#include "daemon/loop/loop.h"

/* The life of a mapping process; never returns where argv says that it is one. First in main. */
void tp_mapping_main(int argc, char **argv);

struct tp_mapping_limits {
    unsigned timeout_ms; /* of one request: of the processor's time; of a command's of all */
    size_t memory;       /* bytes of the process */
    size_t max_values;   /* of one request */
    size_t max_bytes;    /* that they may have together */
};
struct tp_mapping_set { /* borrowed as long as it is used */
    const struct tp_str *programs;
    size_t n;
    struct tp_mapping_limits limits;
};

/* What a run gives. 0: values, each JSON on a line of its own. Otherwise a sentence, which may hold of what was sent:
 * TP_EFORM: the program fails on it; TP_ETIMEOUT: it took too long; TP_ETOOMANY: it makes too much; TP_EUNAVAILABLE: no
 * process could be started; TP_EINTERNAL: the process ended; TP_ESTOPPING; TP_ENOMEM. */

/* ---- one after the other: for commands and checks ---- */

struct tp_mapping;
/* TP_ECONFIG: a program cannot be compiled, and why, in `fault`; it names which by its number, from 1. */
int tp_mapping_open(const struct tp_mapping_set *set, struct tp_buf *fault, struct tp_mapping **ret);
int tp_mapping_run(struct tp_mapping *mapping, size_t program, struct tp_str input, struct tp_buf *out);
void tp_mapping_close(struct tp_mapping *mapping); /* NULL is fine */

/* ---- beside a loop: for the daemon ---- */

struct tp_mapper; /* one process; belongs to its loop's thread */
typedef void tp_mapped(void *arg, int status, struct tp_str text);
/* Starts nothing yet. The set is borrowed. */
int tp_mapper_new(const struct tp_mapping_set *set, struct tp_loop *loop, struct tp_mapper **ret);
/* `done` is called once, on the loop's thread, in the order of the calls: later, or at once where no process can be
 * started. The input is copied. TP_ENOMEM, or
 * TP_EFULL: too many wait already. Then it is not called. */
int tp_mapper_run(struct tp_mapper *mapper, size_t program, struct tp_str input, tp_mapped *done, void *arg);
/* Those who wait are told TP_ESTOPPING. NULL is fine. The loop has stopped, or it is its thread. */
void tp_mapper_free(struct tp_mapper *mapper);
