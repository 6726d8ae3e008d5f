/* Private to the ledger's files. */
#pragma once

#include "common/json.h"
#include "daemon/kafka/ledger.h"

/* Members of a record; false, or without text, where one is not of that kind. */
struct tp_str tp_ledger_text(const json_t *root, const char *name);
bool tp_ledger_number(const json_t *root, const char *name, uint64_t *ret);
bool tp_ledger_uuid(const json_t *root, const char *name, char ret[TP_UUID_TEXT]);

/* A split, as it was read; what is none is passed over. TP_ENOMEM. */
int tp_ledger_note_split(struct tp_ledger *ledger, const json_t *root);
