/* What the targets share. libFuzzer may be told to close standard error, so that what the code under test logs does not
 * slow it down: a copy of it, made at the start, stays for what must be seen. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/utf8.h"

static int standard_error = STDERR_FILENO;
static char directory[80];

__attribute__((constructor)) static void keep_standard_error(void) { standard_error = dup(STDERR_FILENO); }

_Noreturn void fuzz_broken(const char *what, const char *file, int line) {
    dprintf(standard_error, "\n%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

bool fuzz_is_line(struct tp_str text) {
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
            return false;
    return tp_utf8_valid(text);
}

static void remove_directory(void) { rmdir(directory); }

const char *fuzz_directory(void) {
    const char *where = getenv("TMPDIR"), *in_memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(directory, sizeof directory, "%s/touchpoint-fuzz-XXXXXX", where ? where : in_memory);
    must(mkdtemp(directory));
    atexit(remove_directory);
    return directory;
}
