/* Patterns of values: a text in which each '*' stands for any run of bytes, also for none; ASCII letters in either case
 * are the same. A list of them stands in one text, with commas between; blanks around a pattern are not part of it, and
 * empty ones are passed over. Any thread. */
#pragma once

#include <stdbool.h>

#include "common/str.h"

bool tp_pattern_matches(struct tp_str pattern, struct tp_str text);
/* The next of a list, which is cut off in front; false at its end. */
bool tp_patterns_next(struct tp_str *list, struct tp_str *ret_pattern);

/* A list, taken apart once. */
struct tp_patterns {
    char *text;
    struct tp_str *list;
    size_t n;
};
/* Copies. TP_ENOMEM; to be freed in any case. */
int tp_patterns_read(const char *text, struct tp_patterns *ret);
void tp_patterns_free(struct tp_patterns *patterns); /* what it holds */
/* Whether any of them does. */
bool tp_patterns_match(const struct tp_patterns *patterns, struct tp_str text);
