/* The settings' file. The input is its text; there are secrets to refer to, env:TP_FUZZ_SECRET and
 * file:/proc/self/fd/101, and an empty file, file:/proc/self/fd/102.
 *
 * What has to hold: there are settings, each within its range and of its form, or there are faults, each a line that
 * names the file and a line in it; and no fault tells a secret. */
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/settings/internal.h"

#define FILE_NAME "/proc/self/fd/100"
#define SECRET    "never-to-be-told"

enum { FILE_FD = 100, SECRET_FD = 101, EMPTY_FD = 102 };

static void make_file(int fd, const char *name) {
    int file = memfd_create(name, MFD_CLOEXEC);
    must(file >= 0 && dup2(file, fd) == fd);
    close(file);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    make_file(FILE_FD, "settings");
    make_file(SECRET_FD, "secret");
    make_file(EMPTY_FD, "empty");
    must(fchmod(SECRET_FD, 0600) == 0);
    must(pwrite(SECRET_FD, SECRET "-in-a-file", strlen(SECRET "-in-a-file"), 0) > 0);
    setenv("TP_FUZZ_SECRET", SECRET "-in-the-environment", 1);
    return 0;
}

static int64_t number_of(const struct tp_setting *setting, const struct tp_settings *settings) {
    const void *slot = (const char *)settings + setting->at;
    switch (setting->kind) {
    case TP_UNSIGNED:
    case TP_MILLISECONDS:
        return *(const unsigned *)slot;
    case TP_INT:
        return *(const int *)slot;
    case TP_SIZE:
        return (int64_t) * (const size_t *)slot;
    case TP_SECONDS:
        return *(const int64_t *)slot;
    default:
        return setting->min;
    }
}

static void check_value(const struct tp_setting *setting, const struct tp_settings *settings) {
    int64_t number = number_of(setting, settings);
    must(number >= setting->min && number <= setting->max);
    if (setting->kind != TP_TEXT && setting->kind != TP_SECRET)
        return;
    const char *text = *(char *const *)(const void *)((const char *)settings + setting->at);
    bool from_host = setting->at == offsetof(struct tp_settings, node.name);
    must(text && (!setting->form || from_host || !setting->form->wrong(text)));
}

static void check_settings(const struct tp_settings *settings) {
    for (size_t i = 0; i < tp_settings_count; i++)
        if (tp_settings_is_plain(&tp_settings_table[i]))
            check_value(&tp_settings_table[i], settings);
    for (size_t i = 0; i < settings->n_keys; i++) {
        must(tp_settings_is_token(settings->keys[i].name));
        must(strlen(settings->keys[i].secret) >= 16 && settings->keys[i].scopes != 0);
    }
    for (size_t i = 0; i < settings->n_identifiers; i++) {
        must(!tp_form_identifier.wrong(settings->identifiers[i].form));
        must(!tp_form_patterns.wrong(settings->identifiers[i].blocked));
    }
    for (size_t i = 0; i < settings->kafka.n_properties; i++)
        must(tp_settings_is_token(settings->kafka.properties[i].name) && settings->kafka.properties[i].value);
}

/* FILE:LINE: and a sentence, or FILE: and a sentence. */
static void check_fault(struct tp_str fault, size_t lines) {
    must(fault.len > strlen(FILE_NAME) && tp_str_begins(fault, FILE_NAME ":"));
    const char *behind = fault.at + strlen(FILE_NAME ":");
    char *end;
    if (*behind != ' ') {
        unsigned long line = strtoul(behind, &end, 10);
        must(line >= 1 && line <= lines && *end == ':');
        behind = end + 1;
    }
    must(*behind == ' ' && behind + 1 < fault.at + fault.len);
    for (size_t i = 0; i < fault.len; i++)
        must((unsigned char)fault.at[i] >= ' ');
}

static size_t lines_of(struct tp_str text) {
    size_t lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.at[i] == '\n';
    return lines;
}

static bool holds(struct tp_str text, const char *word) {
    return text.len > 0 && memmem(text.at, text.len, word, strlen(word));
}

/* Where the file itself has the secret, or takes it into a setting that is no secret, it may be told. */
static void check_faults(struct tp_str text, struct tp_str faults) {
    must(holds(text, SECRET) || holds(text, "${") || !holds(faults, SECRET));
    must(faults.at[faults.len - 1] == '\n');
    while (faults.len > 0)
        check_fault(tp_str_cut(&faults, '\n'), lines_of(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tp_settings *settings = NULL;
    struct tp_buf faults = TP_BUF_INIT;
    must(ftruncate(FILE_FD, 0) == 0 && pwrite(FILE_FD, data, size, 0) == (ssize_t)size);
    int error = tp_settings_load(FILE_NAME, NULL, 0, &faults, &settings);
    must(error == (faults.len > 0 ? TP_ECONFIG : 0));
    must(!error == (settings != NULL));
    if (error)
        check_faults(fuzz_text(data, size), tp_buf_str(&faults));
    else
        check_settings(settings);
    tp_settings_free(settings);
    tp_buf_free(&faults);
    return 0;
}
