/* The configured sources: each with its kind, what proves its requests, and its mapping. Loaded once, before threads
 * start; constant afterwards but for what is counted, so any thread may look. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "daemon/kind/kind.h"
#include "daemon/mapping/mapping.h"
#include "daemon/settings/settings.h"

struct tp_senders;
struct tp_sender;

/* Reads the kinds and compiles the mappings. TP_ECONFIG, and what is wrong, a line each. `settings` are borrowed. */
int tp_senders_open(const struct tp_settings *settings, struct tp_buf *fault, struct tp_senders **ret);
void tp_senders_close(struct tp_senders *senders); /* NULL is fine */

struct tp_sender *tp_senders_find(const struct tp_senders *senders, struct tp_str name); /* or NULL */
/* All of one kind, in their order: the next behind `before`, which is NULL for the first. NULL at the end. */
struct tp_sender *tp_senders_next(const struct tp_senders *senders, const char *kind, const struct tp_sender *before);
const struct tp_mapping_set *tp_senders_mappings(const struct tp_senders *senders);
/* Per source, in Prometheus' text. */
void tp_senders_write_metrics(const struct tp_senders *senders, struct tp_buf *out);

const struct tp_source_settings *tp_sender_settings(const struct tp_sender *sender);
const struct tp_kind *tp_sender_kind(const struct tp_sender *sender);
size_t tp_sender_mapping(const struct tp_sender *sender); /* its number in the set */

/* Whether one of the kind's schemes proves it with one of the secrets. What is told otherwise is of the one that came
 * furthest. Of a kind without schemes it is always TP_VERIFIED: then a key must be shown. */
enum tp_verification tp_sender_verify(const struct tp_sender *sender, const struct tp_verify_request *request);

enum tp_sender_count {
    TP_SENDER_ACCEPTED, /* events */
    TP_SENDER_REJECTED,
    TP_SENDER_REQUESTS, /* that were taken */
    TP_SENDER_UNVERIFIED,
    TP_SENDER_UNREADABLE,
    TP_SENDER_COUNTS
};
void tp_sender_count(struct tp_sender *sender, enum tp_sender_count what, size_t more);
