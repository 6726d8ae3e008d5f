/* JSON pointers (RFC 6901). Pure; any thread. */
#pragma once

#include <jansson.h>

#include "common/str.h"

/* The value that "/a/0/b" points to; NULL where there is none. The empty pointer is the whole. */
const json_t *tp_json_at(const json_t *root, struct tp_str pointer);
