/* Private to pipeline/: which ids passed lately, and with what content, whoever's they were.
 *
 * The timeline knows a customer's own interactions again. A sender who gives one id to two customers by mistake would
 * pass it, and consumers, who tell interactions apart by source and id, would lose one of the two. This is the daemon's
 * memory of the last TP_KNOWN_IDS or so; a restart or another daemon does not share it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/interaction.h"

enum { TP_KNOWN_IDS = 1 << 18 };

struct tp_known;

struct tp_known *tp_known_new(void);
void tp_known_free(struct tp_known *known);
/* True when this id passed with other content. Otherwise it is noted. */
bool tp_known_otherwise(struct tp_known *known, const struct tp_interaction *interaction);
/* It was not taken after all: what is noted of it does not count. */
void tp_known_forget(struct tp_known *known, const struct tp_interaction *interaction);
