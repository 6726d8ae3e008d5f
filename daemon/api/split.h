/* Private to api/: the body of POST /v1/customers/ID/split. */
#pragma once

#include "common/json.h"
#include "common/split.h"
#include "daemon/api/internal.h"

struct tp_split_body {
    struct tp_json json;       /* that the texts live in */
    struct tp_str member;      /* or */
    struct tp_str type, value; /* of an identifier, as it was sent */
    struct tp_str reason;
};
/* False: answered. `ret->json` is the caller's to free in any case. */
bool tp_api_read_split(struct tp_http_request *request, struct tp_split_body *ret);
