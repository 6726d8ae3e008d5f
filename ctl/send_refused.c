/* What was refused: the first ones as a table, and all of them, where that is wanted, in a file of their own, with the
 * line as it was, so that it can be mended and sent again. */
#include "ctl/send.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common/base64.h"
#include "common/error.h"
#include "common/utf8.h"

enum { SHOWN = 20 };

bool tp_ctl_refused_open(struct tp_ctl_refused *refused, const char *path, bool append) {
    static const char *const titles[] = {">LINE", "CODE", "PATH", "MESSAGE"};
    *refused = (struct tp_ctl_refused){.path = path, .table = tp_ctl_table_new(titles, 4)};
    if (!refused->table)
        return tp_ctl_say("%s", tp_error_text(TP_ENOMEM)), false;
    refused->file = path ? fopen(path, append ? "ae" : "we") : NULL;
    if (path && !refused->file)
        tp_ctl_say("--refused: %s: %s", path, strerror(errno));
    return !path || refused->file;
}

void tp_ctl_refused_close(struct tp_ctl_refused *refused) {
    tp_ctl_table_free(refused->table);
    if (refused->file)
        fclose(refused->file);
}

static void add_text(struct tp_buf *out, const char *name, struct tp_str value) {
    tp_buf_addf(out, "\"%s\":", name);
    tp_json_write_string(value, out);
}

static void write_line(FILE *file, uint64_t line, const struct tp_ctl_verdict *why, struct tp_str text) {
    struct tp_buf out = TP_BUF_INIT;
    tp_buf_addf(&out, "{\"line\":%" PRIu64 ",\"error\":{", line);
    add_text(&out, "code", why->code);
    tp_buf_addc(&out, ',');
    add_text(&out, "path", why->path);
    tp_buf_addc(&out, ',');
    add_text(&out, "message", why->message);
    tp_buf_adds(&out, "},");
    if (tp_utf8_valid(text)) {
        add_text(&out, "text", text);
    } else {
        tp_buf_adds(&out, "\"text_base64\":\"");
        tp_base64_encode(text, &out);
        tp_buf_addc(&out, '"');
    }
    tp_buf_adds(&out, "}\n");
    tp_ctl_write(&out, file);
    tp_buf_free(&out);
}

void tp_ctl_refused_add(struct tp_ctl_refused *refused, uint64_t line, const struct tp_ctl_verdict *why,
                        struct tp_str text) {
    if (refused->file)
        write_line(refused->file, line, why, text);
    if (refused->n++ >= SHOWN)
        return;
    tp_ctl_table_addf(refused->table, "%" PRIu64, line);
    tp_ctl_table_add(refused->table, why->code);
    tp_ctl_table_add(refused->table, why->path);
    tp_ctl_table_add(refused->table, why->message);
}

bool tp_ctl_refused_sync(struct tp_ctl_refused *refused) {
    if (!refused->file || (fflush(refused->file) == 0 && fsync(fileno(refused->file)) == 0) || errno == EINVAL)
        return true; /* EINVAL: a pipe, which has no disk */
    tp_ctl_say("--refused: %s: %s", refused->path, strerror(errno));
    return false;
}

void tp_ctl_refused_print(const struct tp_ctl_refused *refused, const struct tp_ctl_options *options) {
    if (refused->n == 0)
        return;
    puts("");
    tp_ctl_table_print(refused->table, options, stdout);
    if (refused->n > SHOWN)
        printf("and %" PRIu64 " more; %s%s\n", refused->n - SHOWN,
               refused->path ? "all of them are in " : "--refused FILE keeps all of them",
               refused->path ? refused->path : "");
}
