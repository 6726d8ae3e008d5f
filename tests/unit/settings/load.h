/* For the tests of settings: texts become files in a directory of the test's own, and loading them gives settings or
 * the faults as one text. */
#pragma once

#include "daemon/settings/settings.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/error.h"

static char folder[] = "/tmp/test-settings-XXXXXX";

static inline int make_folder(void **state) {
    (void)state;
    unsetenv("STATE_DIRECTORY");
    unsetenv("XDG_STATE_HOME");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static inline int remove_folder(void **state) {
    (void)state;
    struct dirent *entry;
    DIR *files = opendir(folder);
    while (files && (entry = readdir(files)))
        unlink(entry->d_name);
    return files && closedir(files) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static inline FILE *opened(const char *name, const char *mode) {
    FILE *file = fopen(name, mode);
    if (!file)
        fail_msg("cannot open %s", name);
    return file;
}

static inline void write_file(const char *name, const char *text, mode_t mode) {
    FILE *file = opened(name, "w");
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(name, mode), 0);
}

static char faults[16384]; /* of the last load */

/* `text` NULL: no file. `set` NULL: none. NULL where it was refused. */
static inline struct tp_settings *load(const char *text, const char *set) {
    struct tp_settings *settings = NULL;
    struct tp_buf out = TP_BUF_INIT;
    if (text)
        write_file("x.conf", text, 0600);
    int error = tp_settings_load(text ? "x.conf" : NULL, &set, set ? 1 : 0, &out, &settings);
    snprintf(faults, sizeof faults, "%.*s", TP_FMT(out));
    assert_int_equal(error, out.len ? TP_ECONFIG : 0);
    assert_int_equal(error == 0, settings != NULL);
    tp_buf_free(&out);
    return settings;
}

static inline struct tp_settings *loaded(const char *text, const char *set) {
    struct tp_settings *settings = load(text, set);
    if (!settings)
        fail_msg("refused: %s", faults);
    return settings;
}
