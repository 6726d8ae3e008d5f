/* Private to view/. */
#pragma once

#include "daemon/customer/customer.h"
#include "daemon/view/view.h"

enum { TP_VIEW_MOST_REDIRECTS = 64 }; /* chains are short; a ring must not be walked for ever */

/* The customer that this one is by now: where redirects lead. `id` is where they ended, also with TP_ENOTFOUND: nobody
 * is there, or nothing has happened to them yet. TP_EUNAVAILABLE: they do not end. TP_ENOTFOUND at once: no id. */
typedef void tp_view_root_done(void *arg, int status, struct tp_str id, const struct tp_customer *customer);
typedef int tp_view_root_read(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                              tp_customer_read_done *done, void *arg); /* tp_customer_read or tp_customer_read_spans */
int tp_view_root(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                 tp_view_root_read *read, tp_view_root_done *done, void *arg);

/* Whether it lists this one. */
bool tp_view_has_member(const struct tp_customer *customer, struct tp_str member);

/* `,"requested":"ID"`, where another was asked for than the one that answers. */
void tp_view_write_requested(struct tp_str requested, struct tp_str root, struct tp_buf *out);

/* ["ID"] */
void tp_view_write_member_ids(const struct tp_customer *customer, struct tp_buf *out);
/* [{"id", "into", "time", "source", "event", "identifiers"}]: who is a member, and why. TP_ECORRUPT. */
int tp_view_write_members(const struct tp_customer *customer, struct tp_buf *out);
