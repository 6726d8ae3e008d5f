/* Private to context/: the last interaction, taken apart. */
#pragma once

#include "daemon/context/context.h"

struct tp_last {
    int64_t time_ms;
    struct tp_str channel, type;
    struct tp_str id; /* JSON, with its quotes */
};
/* TP_ECORRUPT when it is not what tp_context_last wrote. */
int tp_last_read(struct tp_str value, struct tp_last *ret);
void tp_last_write(const struct tp_last *last, struct tp_buf *out);
