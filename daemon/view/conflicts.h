/* Private to view/: what spoke against it that others are this customer too, as its newest interactions tell. */
#pragma once

#include "daemon/customer/customer.h"

enum { TP_VIEW_MOST_CONFLICTS = 50, TP_VIEW_CONFLICTS_IN = 1000 }; /* the newest; among so many interactions */

struct tp_view_conflicts;
/* `root` is needed no longer than this. */
int tp_view_conflicts_new(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str root_id,
                          const struct tp_customer *root, struct tp_view_conflicts **ret);
void tp_view_conflicts_free(struct tp_view_conflicts *conflicts); /* not while it reads; NULL is fine */
/* `done` is called once, maybe at once, with [{"type", "value", "reason", "customer", "time", "source", "event"}],
 * newest first: the identifier, why it did not count, and whose it is. The text is borrowed. */
typedef void tp_view_conflicts_done(void *arg, int status, struct tp_str json);
void tp_view_conflicts_read(struct tp_view_conflicts *conflicts, tp_view_conflicts_done *done, void *arg);
