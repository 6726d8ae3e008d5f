/* What the targets share. A target is one function over bytes that somebody may have made up; libFuzzer calls it with
 * more and more of them, and looks for those that reach new code. That nothing is read or written out of bounds and
 * nothing is leaked the sanitizers see. What else has to hold a target says by `must`. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Tells what did not hold, and ends the process: the input is then kept as a finding. */
#define must(holds) ((holds) ? (void)0 : fuzz_broken(#holds, __FILE__, __LINE__))
_Noreturn void fuzz_broken(const char *what, const char *file, int line);

static inline struct tp_str fuzz_text(const uint8_t *data, size_t size) {
    return (struct tp_str){(const char *)data, size};
}

/* What people may read: UTF-8 without control characters. */
bool fuzz_is_line(struct tp_str text);

/* A directory of this process's own, in memory where there is such a place and TMPDIR names none. It is removed when
 * the process ends as it should. */
const char *fuzz_directory(void);
