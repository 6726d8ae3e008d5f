/* Secrets come from the environment or from files, never from the configuration itself, which is read by more people
 * and copied to more places. No fault here repeats more than the name of a variable or a file. */
#include "daemon/settings/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SECRET    65536
#define MIN_KEY_BYTES 16

void tp_settings_wipe(char *text) {
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void tp_settings_keep(struct tp_loading *loading, char **slot, const char *text) {
    char *copy = strdup(text);
    if (!copy) {
        loading->failed = true;
        return;
    }
    tp_settings_wipe(*slot);
    *slot = copy;
}

static size_t length_without_end(const char *text, size_t len) {
    while (len && strchr(" \t\r\n\v\f", text[len - 1]))
        len--;
    return len;
}

/* Opens without waiting, should it be a pipe. NULL, or what is wrong with the file. */
static const char *open_secret(const char *path, int *ret_fd, struct stat *ret_stat) {
    *ret_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*ret_fd < 0 || fstat(*ret_fd, ret_stat) != 0)
        return strerror(errno);
    if (!S_ISREG(ret_stat->st_mode))
        return "it is not a regular file";
    if (ret_stat->st_size > MAX_SECRET)
        return "it is larger than 64KiB";
    return NULL;
}

static const char *read_text(int fd, char *to, size_t room) {
    size_t len = 0;
    ssize_t more;
    do {
        more = read(fd, to + len, room - len);
        if (more < 0)
            return strerror(errno);
        len += (size_t)more;
    } while (more > 0 && len < room);
    len = length_without_end(to, len);
    to[len] = '\0';
    return len == 0 ? "it is empty" : strlen(to) < len ? "it holds a NUL" : NULL;
}

/* What the file holds, without the white space at its end. NULL, and what is wrong with it. */
static char *read_secret(const char *path, mode_t *ret_mode, const char **ret_wrong) {
    struct stat stat = {0};
    int fd;
    char *text = NULL;
    *ret_wrong = open_secret(path, &fd, &stat);
    if (*ret_wrong)
        goto out;
    *ret_mode = stat.st_mode;
    text = calloc(1, MAX_SECRET + 1);
    *ret_wrong = text ? read_text(fd, text, MAX_SECRET) : strerror(ENOMEM);
    if (*ret_wrong && text) {
        explicit_bzero(text, MAX_SECRET + 1);
        free(text);
        text = NULL;
    }
out:
    if (fd >= 0)
        close(fd);
    return text;
}

static char *secret_of_file(struct tp_loading *loading, const char *name, const char *path, mode_t *ret_mode) {
    const char *wrong;
    char shown[TP_SHOWN_BYTES], *text = read_secret(path, ret_mode, &wrong);
    if (!text)
        tp_settings_fault(loading, loading->place, name,
                          "cannot take the secret from file %s: %s; expected a file with it",
                          tp_settings_shown(path, shown), wrong);
    return text;
}

static char *secret_of_variable(struct tp_loading *loading, const char *name, const char *variable) {
    char shown[TP_SHOWN_BYTES];
    const char *value = getenv(variable);
    if (!value || !*value) {
        tp_settings_fault(loading, loading->place, name, "variable %s is not set; expected it to hold the secret",
                          tp_settings_shown(variable, shown));
        return NULL;
    }
    char *copy = strdup(value);
    loading->failed |= !copy;
    return copy;
}

char *tp_settings_secret(struct tp_loading *loading, const char *name, const char *reference) {
    mode_t mode;
    if (strncmp(reference, "env:", 4) == 0)
        return secret_of_variable(loading, name, reference + 4);
    if (strncmp(reference, "file:", 5) == 0)
        return secret_of_file(loading, name, reference + 5, &mode);
    tp_settings_fault(loading, loading->place, name, "a secret may not stand here; expected env:VARIABLE or file:PATH");
    return NULL;
}

/* The list stands in struct tp_source_settings, with its length behind it. */
void tp_settings_add_secret(struct tp_loading *loading, char ***list, const char *name, const char *reference) {
    size_t *n = (size_t *)(void *)(list + 1);
    char *secret = tp_settings_secret(loading, name, reference);
    char **grown = secret ? reallocarray(*list, *n + 1, sizeof *grown) : NULL;
    if (secret && !grown)
        loading->failed = true;
    if (!grown) {
        tp_settings_wipe(secret);
        return;
    }
    *list = grown;
    grown[(*n)++] = secret;
}

/* What keeps a text from being a key that clients can send as a bearer token, and nobody else can change. */
static const char *wrong_key(const char *key, mode_t mode) {
    if (mode & (S_IWGRP | S_IWOTH))
        return "may be written by others than its owner; expected mode 0600 or 0640";
    if (strlen(key) < MIN_KEY_BYTES)
        return "is too short; expected at least 16 bytes";
    for (; *key; key++)
        if (*key <= ' ' || *key > '~')
            return "holds blanks or other than ASCII; expected one line of visible ASCII";
    return NULL;
}

char *tp_settings_key(struct tp_loading *loading, const char *name, const char *path) {
    mode_t mode;
    char shown[TP_SHOWN_BYTES], *key = secret_of_file(loading, name, path, &mode);
    const char *wrong = key ? wrong_key(key, mode) : NULL;
    if (!wrong)
        return key;
    tp_settings_fault(loading, loading->place, name, "the key in file %s %s", tp_settings_shown(path, shown), wrong);
    tp_settings_wipe(key);
    return NULL;
}
