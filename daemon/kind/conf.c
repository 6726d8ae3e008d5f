/* kind.conf, read by libconfuse, whose lexer and callbacks are global: one is read at a time, before threads start. */
#include "daemon/kind/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

static struct {
    struct tp_buf *fault;
    const char *path;
} current;

static void on_error(cfg_t *cfg, const char *format, va_list args) {
    char message[256];
    vsnprintf(message, sizeof message, format, args);
    tp_buf_addf(current.fault, "%s:%d: %s\n", current.path, cfg->line, message);
}

static int refuse(const char *name, const char *wrong) {
    tp_buf_addf(current.fault, "%s: %s%s%s\n", current.path, name, *name ? ": " : "", wrong);
    return TP_ECONFIG;
}

static int read_schemes(struct tp_kind_files *files) {
    struct tp_kind *kind = &files->kind;
    unsigned n = cfg_size(files->conf, "verify");
    kind->schemes = calloc(n + 1, sizeof *kind->schemes);
    if (!kind->schemes)
        return TP_ENOMEM;
    for (; kind->n_schemes < n; kind->n_schemes++) {
        cfg_t *section = cfg_getnsec(files->conf, "verify", (unsigned)kind->n_schemes);
        const char *wrong = tp_kind_read_scheme(section, &kind->schemes[kind->n_schemes]);
        if (wrong)
            return refuse("verify", wrong);
    }
    return 0;
}

static int read_handshake(struct tp_kind_files *files) {
    static const char *const names[] = {"", "hub", "crc", "challenge", "sns", "webhook"};
    const char *name = cfg_getstr(files->conf, "handshake");
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            files->kind.handshake = (enum tp_handshake)i;
            return 0;
        }
    return refuse("handshake", "hub, crc, challenge, sns or webhook was expected");
}

static int read_reply(struct tp_kind_files *files) {
    cfg_t *reply = cfg_getsec(files->conf, "reply");
    long status = cfg_getint(reply, "status");
    files->kind.reply.type = cfg_getstr(reply, "type");
    files->kind.reply.body = cfg_getstr(reply, "body");
    files->kind.reply.status = (unsigned)status;
    return status >= 200 && status <= 299 ? 0 : refuse("reply", "status: 200 to 299 was expected");
}

static int take(struct tp_kind_files *files) {
    files->kind.title = cfg_getstr(files->conf, "title");
    files->kind.decode = cfg_getstr(files->conf, "decode");
    int error = files->kind.decode[0] == '\0' || files->kind.decode[0] == '/'
                    ? 0
                    : refuse("decode", "a JSON pointer was expected, in which * is any element: /records/*/data");
    if (error == 0)
        error = read_schemes(files);
    if (error == 0)
        error = read_handshake(files);
    return error < 0 ? error : read_reply(files);
}

int tp_kind_read_conf(struct tp_kind_files *files, const char *path, struct tp_buf *fault) {
    cfg_opt_t reply[] = {CFG_INT("status", 200, CFGF_NONE), CFG_STR("type", "application/json", CFGF_NONE),
                         CFG_STR("body", "", CFGF_NONE), CFG_END()};
    cfg_opt_t options[] = {CFG_STR("title", "", CFGF_NONE),     CFG_SEC("verify", tp_kind_verify_options, CFGF_MULTI),
                           CFG_STR("handshake", "", CFGF_NONE), CFG_STR("decode", "", CFGF_NONE),
                           CFG_SEC("reply", reply, CFGF_NONE),  CFG_END()};
    int status = TP_ENOMEM;
    current.fault = fault;
    current.path = path;
    files->conf = cfg_init(options, CFGF_NONE);
    if (files->conf) {
        cfg_set_error_function(files->conf, on_error);
        status = cfg_parse_buf(files->conf, files->text.at) == CFG_SUCCESS ? take(files) : TP_ECONFIG;
    }
    current.fault = NULL;
    return status;
}
