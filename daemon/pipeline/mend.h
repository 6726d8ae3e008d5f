/* Private to pipeline/: the steps of a repair, for its thread. */
#pragma once

#include "daemon/pipeline/internal.h"

/* Looks at Redis, and does what is to be done until every lane and bucket is open under one number: opens what is new,
 * repairs, or follows another node's repair. 0; TP_ESTOPPING; else what was in the way, said in `fault`: to be begun
 * again in a while. */
int tp_mend(struct tp_delivery *delivery, struct tp_buf *fault);
