/* Private to pipeline/: whose records are put aside, so that later ones of the same customer wait behind them and a
 * timeline has them in the journal's order. By customer; by its identifiers too, since what could not be resolved has
 * no customer yet. */
#pragma once

#include <stdbool.h>

#include "daemon/pipeline/item.h"

struct tp_held {
    struct tp_held_name *names;
    bool everybody; /* no memory for a name: nobody may overtake anybody */
};

void tp_held_add(struct tp_held *held, const struct tp_item *item);
bool tp_held_has(const struct tp_held *held, const struct tp_item *item);
void tp_held_clear(struct tp_held *held);
