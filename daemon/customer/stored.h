/* Private to customer/: what the scripts stored of a customer, understood. Pure; what is read is borrowed. */
#pragma once

#include <hiredis/hiredis.h>

#include "daemon/customer/customer.h"

/* The fields of m:ID that are asked for by name. */
enum tp_stored_field {
    TP_STORED_TO,
    TP_STORED_PHASE,
    TP_STORED_MERGE,
    TP_STORED_EVIDENCE,
    TP_STORED_MEMBERS,
    TP_STORED_SPANS,
    TP_STORED_N
};
extern const char *const tp_stored_names[TP_STORED_N];

struct tp_stored {
    struct tp_str blob;      /* c:ID, or the head of it; "" of nobody */
    const redisReply *graph; /* m:ID: all names and values in turn, or with `bare` the values of those above */
    bool bare;               /* only the head of c:ID, and without rows: why a member is one is not read */
};
enum { TP_STORED_HEAD = 37 }; /* bytes */

/* Fills all but the times of its own entries. `*ret_members` is to be freed, also after an error. TP_ENOTFOUND;
 * TP_ECORRUPT; TP_ENOMEM. */
int tp_stored_read(const struct tp_stored *stored, struct tp_customer *ret, struct tp_customer_member **ret_members);
