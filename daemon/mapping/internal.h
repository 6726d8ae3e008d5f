/* Between the files of this folder: a process is started (process.c) and lives (worker.c), running programs
 * (program.c); what is said between the two is frames (frame.c). Commands wait for it (mapping.c), the daemon does not
 * (mapper.c). */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "daemon/mapping/mapping.h"

/* frame.c: a kind, the length of what follows in four bytes, and that. */
enum tp_mapping_frame {
    TP_MAPPING_LIMITS = 'L',  /* to the process: memory, max_values, max_bytes, 8 bytes each */
    TP_MAPPING_PROGRAM = 'P', /* a program */
    TP_MAPPING_START = 'S',   /* no more of them */
    TP_MAPPING_RUN = 'R',     /* the program's number in four bytes, and the input */
    TP_MAPPING_READY = 'O',   /* from the process: all are compiled */
    TP_MAPPING_WRONG = 'W',   /* or one is not, and why */
    TP_MAPPING_VALUES = 'V',  /* what a run gave */
    TP_MAPPING_FAILED = 'F',  /* or why it failed */
    TP_MAPPING_TOO_MUCH = 'M' /* or that it makes too much */
};
enum { TP_MAPPING_HEAD = 5 };
void tp_mapping_write_frame(enum tp_mapping_frame kind, struct tp_str bytes, struct tp_buf *out);
/* What begins a process's life. */
void tp_mapping_write_set(const struct tp_mapping_set *set, struct tp_buf *out);
void tp_mapping_write_run(size_t program, struct tp_str input, struct tp_buf *out);
/* 1 and the frame, whose bytes are borrowed; 0: there is not enough yet. *ret_taken is how much it took. */
int tp_mapping_read_frame(struct tp_str bytes, enum tp_mapping_frame *ret_kind, struct tp_str *ret, size_t *ret_taken);
/* What a run's frame says to who waits for it. */
int tp_mapping_status(enum tp_mapping_frame kind);

/* process.c: -1 and errno. The other end of *ret_fd is its descriptor 3. */
pid_t tp_mapping_spawn(int *ret_fd);
void tp_mapping_kill(pid_t pid); /* and waits for its end */

/* program.c */
struct tp_program;
/* NULL, and why in `wrong`. */
struct tp_program *tp_program_new(struct tp_str text, struct tp_buf *wrong);
enum tp_mapping_frame tp_program_run(struct tp_program *program, struct tp_str input, size_t max_values,
                                     size_t max_bytes, struct tp_buf *out);
void tp_program_free(struct tp_program *program);
