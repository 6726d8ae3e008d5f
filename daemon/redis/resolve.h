/* Private to redis/: from a host's name to an address, on a thread of its own. The C library's look-up blocks, for as
 * long as a name server is away, and the threads that connect are those that take interactions. */
#pragma once

#include <event2/event.h>

struct tp_resolve;

/* On the thread of `base`, once: the address as text, or NULL and why. The look-up is over, and freed. */
typedef void tp_resolved(void *arg, const char *address, const char *why);
/* NULL when out of memory, descriptors or threads. */
struct tp_resolve *tp_resolve_start(struct event_base *base, const char *host, tp_resolved *done, void *arg);
/* `done` will not be called. NULL is fine. */
void tp_resolve_cancel(struct tp_resolve *resolve);
