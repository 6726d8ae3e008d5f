/* What the files of the command `journal` share: journal.c, journal_print.c, journal_mend.c. */
#pragma once

#include "ctl/internal.h"
#include "daemon/journal/inspect.h"

/* The words of a look's findings, for people and for programs alike. */
const char *tp_ctl_record_type(enum tp_record_type type);
/* The whole look: for people tables, else one JSON object. */
void tp_ctl_journal_print(const char *dir, const struct tp_inspection *found, const struct tp_ctl_options *options);

/* What only a person can decide of a journal that no touchpointd has open: asked on the terminal, unless `yes`. Each
 * gives the status to exit with; said. */
int tp_ctl_journal_adopt(const char *dir, bool yes);
int tp_ctl_journal_reset(const char *dir, bool yes);
