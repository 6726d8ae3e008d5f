#include "daemon/kind/kind.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/kind/internal.h"

enum { MOST_BYTES = 1 << 20 };

/* Beside the program where it was built, under share/ where it was installed. */
static const char *const shipped[] = {"sources", "../share/touchpointd/sources"};

/* The folder that the program is in; "" when nobody can say. */
static void program_folder(char out[PATH_MAX]) {
    ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);
    out[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = '\0';
}

/* "" when there is no such folder. */
static void find_folder(const char *dir, const char *name, char out[PATH_MAX]) {
    char program[PATH_MAX];
    program_folder(program);
    if (snprintf(out, PATH_MAX, "%s/%s", dir, name) < PATH_MAX && access(out, F_OK) == 0)
        return;
    for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++)
        if (snprintf(out, PATH_MAX, "%s/%s/%s", program, shipped[i], name) < PATH_MAX && access(out, F_OK) == 0)
            return;
    out[0] = '\0';
}

static int refuse(struct tp_buf *fault, const char *path, const char *wrong) {
    tp_buf_addf(fault, "%s: %s\n", path, wrong);
    return TP_ECONFIG;
}

/* The whole file, and a NUL behind it. */
static int slurp(const char *path, struct tp_buf *fault, struct tp_buf *out) {
    char *to = tp_buf_room(out, MOST_BYTES + 2);
    FILE *stream = to ? fopen(path, "re") : NULL;
    if (!stream)
        return to ? refuse(fault, path, strerror(errno)) : TP_ENOMEM;
    out->len = fread(to, 1, MOST_BYTES + 1, stream);
    bool failed = ferror(stream);
    fclose(stream);
    if (failed || out->len > MOST_BYTES)
        return refuse(fault, path, failed ? "cannot be read" : "is larger than 1MiB");
    if (memchr(to, '\0', out->len))
        return refuse(fault, path, "holds a NUL");
    tp_buf_addc(out, '\0');
    return 0;
}

static int read_files(struct tp_kind_files *files, const char *folder, const char *mapping, struct tp_buf *fault) {
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/kind.conf", folder);
    int error = slurp(path, fault, &files->text);
    if (error == 0)
        error = tp_kind_read_conf(files, path, fault);
    if (error < 0)
        return error;
    snprintf(path, sizeof path, "%s/map.jq", folder);
    error = slurp(*mapping ? mapping : path, fault, &files->mapping);
    files->kind.mapping = (struct tp_str){files->mapping.at, files->mapping.len - (error == 0)};
    return error;
}

int tp_kind_load(const char *dir, const char *name, const char *mapping, struct tp_buf *fault, struct tp_kind **ret) {
    char folder[PATH_MAX];
    struct tp_kind_files *files = calloc(1, sizeof *files);
    if (!files)
        return TP_ENOMEM;
    find_folder(dir, name, folder);
    int error = 0;
    if (folder[0] == '\0') {
        tp_buf_addf(fault, "%s: there is no such kind; expected a folder of %s, or one that is shipped\n", name, dir);
        error = TP_ECONFIG;
    }
    tp_buf_adds(&files->name, name);
    tp_buf_addc(&files->name, '\0');
    files->kind.name = files->name.at;
    if (error == 0)
        error = files->name.failed ? TP_ENOMEM : read_files(files, folder, mapping, fault);
    if (error < 0)
        tp_kind_free(&files->kind);
    else
        *ret = &files->kind;
    return error;
}

void tp_kind_free(struct tp_kind *kind) {
    struct tp_kind_files *files = (struct tp_kind_files *)kind;
    if (!files)
        return;
    if (files->conf)
        cfg_free(files->conf);
    free(kind->schemes);
    tp_buf_free(&files->name);
    tp_buf_free(&files->text);
    tp_buf_free(&files->mapping);
    free(files);
}
