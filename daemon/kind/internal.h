/* Between the files of this folder: where a kind is found and its files are read (kind.c), what kind.conf says
 * (conf.c), and what of it is a scheme to verify by (scheme.c). */
#pragma once

#include <confuse.h>

#include "daemon/kind/kind.h"

struct tp_kind_files {
    struct tp_kind kind; /* first */
    cfg_t *conf;         /* which owns the texts */
    struct tp_buf name, text, mapping;
};

/* conf.c: reads kind.text, which is from `path`. TP_ECONFIG and a line. */
int tp_kind_read_conf(struct tp_kind_files *files, const char *path, struct tp_buf *fault);

/* scheme.c: the options of a section `verify`, and the scheme that it is. */
extern cfg_opt_t tp_kind_verify_options[];
/* NULL, or what is wrong with it. */
const char *tp_kind_read_scheme(cfg_t *section, struct tp_verify_scheme *ret);
