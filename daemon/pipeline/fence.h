/* Private to pipeline/: the mark that another daemon has taken over this node, left in the journal's directory. Two
 * that work with copies of one journal number their records alike, and would believe each other's position; so who was
 * fenced does not come back by itself, however often it is started. */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

/* False, and why in `fault`, when the mark is there. */
bool tp_fence_is_open(const char *dir, struct tp_buf *fault);
void tp_fence_close(const char *dir);
