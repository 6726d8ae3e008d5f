/* Traits: what is said of a customer, such as a name, a language or a consent. Here in the form in which the scripts
 * keep them (daemon/customer/customer.lua), and as JSON. Pure; any thread.
 *
 * Each is kept for whom it was said of, the customer or a member of it. What is shown of a name is the newest by time,
 * whoever it was said of, and of one time what came last; where that is null, nothing. */
#pragma once

#include <stdbool.h>

#include "common/buf.h"
#include "common/str.h"

enum { TP_MAX_TRAITS = 50, TP_MAX_TRAIT_NAME_BYTES = 64, TP_MAX_TRAIT_BYTES = 1024 }; /* of one event */

/* `,"traits":{"NAME": VALUE}`, by name; or nothing where nothing is shown. `kept`: "NAME TAB MS TAB HOLDER TAB JSON LF"
 * each. TP_ECORRUPT when they are none; TP_ENOMEM. */
int tp_traits_write(struct tp_str kept, struct tp_buf *out);
/* The same with all that who puts them back must know: {"NAME": {"value": VALUE, "time": TIME, "customer": ID}}, null
 * too, and "customer" where it was not said of `customer_id` itself, but of a member. */
int tp_traits_write_whole(struct tp_str kept, struct tp_str customer_id, struct tp_buf *out);
/* ["NAME"], of what is said: "NAME TAB JSON LF" each. */
void tp_traits_write_names(struct tp_str said, struct tp_buf *out);
