/* SHA-256 (FIPS 180-4), as people write it. Pure; any thread. */
#pragma once

#include "common/str.h"

#define TP_SHA256_HEX 65 /* with its NUL */
void tp_hex_of_sha256(struct tp_str bytes, char out[TP_SHA256_HEX]);
