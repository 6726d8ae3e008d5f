/* For this folder only: what was made of recent texts, for work that is dear and repeats itself. A fixed number of
 * places; a new text takes the place of another, so nothing grows. One thread at a time. */
#pragma once

#include "common/str.h"

struct tp_recent;

struct tp_recent *tp_recent_new(void); /* NULL when out of memory */
void tp_recent_free(struct tp_recent *recent);
/* What was made of this very text; empty when it is not remembered. Good until the next tp_recent_keep. */
struct tp_str tp_recent_find(const struct tp_recent *recent, struct tp_str text);
/* Copies both; what is too long to be usual is not kept. */
void tp_recent_keep(struct tp_recent *recent, struct tp_str text, struct tp_str made);
