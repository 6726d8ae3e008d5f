/* Private to metrics/. */
#pragma once

#include "daemon/metrics/metrics.h"

void tp_histograms_write(struct tp_buf *out);
