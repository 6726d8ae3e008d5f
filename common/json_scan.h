/* Private to common/ and to source/framing.c, which splits bodies by the same rules. */
#pragma once

#include "common/str.h"

static inline struct tp_str tp_json_from(struct tp_str text, size_t at) {
    return (struct tp_str){text.at + at, text.len - at};
}

/* The length of the string that begins with the quote at text.at[0], both quotes in it; 0 when it never ends. */
static inline size_t tp_json_string_len(struct tp_str text) {
    for (size_t i = 1; i < text.len; i++) {
        if (text.at[i] == '\\')
            i++;
        else if (text.at[i] == '"')
            return i + 1;
    }
    return 0;
}

static inline bool tp_json_is_blank(char byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }
