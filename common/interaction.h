/* The interaction: the one thing that flows. normalize makes it, the journal keeps it packed, delivery unpacks it.
 *
 * One that identifies is no interaction, but goes the same way up to the customer: it says who somebody is. Nothing
 * happened, so it is on no timeline, and is never composed.
 *
 * `json` is the canonical interaction as it will be forwarded, lacking only what needs the customer: customer.id and
 * context. Both are spliced in when they are known (tp_interaction_compose), so a record is parsed once in its life.
 * All strings are borrowed: from what was normalized, or from the packed bytes. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/str.h"

#define TP_SCHEMA_VERSION       1  /* of what is forwarded, its member `schema` */
#define TP_MAX_IDENTIFIERS      32 /* of one interaction */
#define TP_MAX_IDENTIFIER_BYTES 256
#define TP_MAX_ID_BYTES         256 /* of an interaction's id */
#define TP_MAX_SOURCE_BYTES     1024
#define TP_MAX_VERSION          INT64_C(9007199254740991)  /* what a double still tells from the next */
#define TP_MAX_EVENT_ID_BYTES   (TP_MAX_ID_BYTES + 9 + 16) /* with ";version=" and that */

struct tp_identifier {
    struct tp_str type, value; /* canonical; no control characters in either */
};

struct tp_interaction {
    struct tp_str source, id, channel, type;
    int64_t time_ms, received_ms; /* since 1970, UTC */
    bool has_version;             /* its sender sends it again when it has changed, */
    uint64_t version;             /* and says so by a greater one */
    uint64_t key;                 /* XXH3 of source, NUL, event id: what happens only once */
    uint64_t bare_key;            /* of one with a version: of source, NUL, id, which all its versions have */
    uint64_t content;     /* XXH3 of what the sender said, without what was filled in for them (time, received_at) */
    size_t n_identifiers; /* at least 1; in the order that they were sent */
    struct tp_identifier identifiers[TP_MAX_IDENTIFIERS];
    size_t n_blocked; /* values that name nobody, only in json; as normalized, not kept when packed */
    bool identifies;
    struct tp_str traits; /* of one that does: "NAME TAB JSON LF" each, of what it says of the customer */
    struct tp_str json;
    size_t customer_at; /* offset in json just behind `"customer":{` */
};

/* What was refused, on its way to the rejected topic. */
struct tp_rejection {
    struct tp_str source, id, code, path, message, payload; /* id, path: may be empty; payload: the bytes as received */
    int64_t received_ms;
};

/* What happens only once, as a number; not of more than the most that a source and an event id may have. */
uint64_t tp_interaction_key(struct tp_str source, struct tp_str id);
/* What consumers tell it by: its id, and of one with a version "ID;version=N", written to `room`. */
struct tp_str tp_interaction_event_id(const struct tp_interaction *interaction, char room[TP_MAX_EVENT_ID_BYTES + 1]);
/* Its keys, from source, id and version. */
void tp_interaction_set_keys(struct tp_interaction *interaction);

void tp_interaction_pack(const struct tp_interaction *interaction, struct tp_buf *out);
/* Views into `packed`. TP_ECORRUPT when it is not what pack wrote: whatever the bytes are, nothing outside them is
 * read, and what comes back can be composed. */
int tp_interaction_unpack(struct tp_str packed, struct tp_interaction *ret);

void tp_rejection_pack(const struct tp_rejection *rejection, struct tp_buf *out);
int tp_rejection_unpack(struct tp_str packed, struct tp_rejection *ret);
/* The record of the rejected topic: {"source", "id", "received_at", "reason": {code, path, message}, "payload" or
 * "payload_base64"}. No "id" where it is empty or not UTF-8; the payload in base64 where it is not UTF-8 or has a NUL.
 * All else must be UTF-8. */
void tp_rejection_json(const struct tp_rejection *rejection, struct tp_buf *out);

/* Whose it is, and what it told of them. */
struct tp_resolved {
    struct tp_str customer_id;
    bool created; /* it is the customer's first */
    uint32_t
        attached; /* a bit for each of its identifiers that was new to the customer, the first 1, the second 2, ... */
    struct tp_str merged; /* ids without anything between them: who was found to be the same since the one before */
};
static inline bool tp_resolved_changed(const struct tp_resolved *resolved) {
    return resolved->attached != 0 || resolved->merged.len > 0;
}
/* json with `,"conflict":[<conflict>]` behind the list that its customer begins with; json as it is where that is none.
 */
void tp_interaction_put_conflict(struct tp_str json, size_t customer_at, struct tp_str conflict, struct tp_buf *out);
/* What is forwarded: json (its customer is never empty) with `"id":"<customer_id>",` spliced into customer, behind that
 * `"change":{"kind":"created","identifiers":[...]},` (or "attached") where something was attached, or
 * `"change":{"kind":"merged","identifiers":[...],"customers":["<id>",...]},` where somebody was merged, and
 * `,"context":<context>` at its end. */
void tp_interaction_compose(struct tp_str json, size_t customer_at, const struct tp_resolved *resolved,
                            struct tp_str context, struct tp_buf *out);
/* ["<id>",...], of ids without anything between them. */
void tp_interaction_write_ids(struct tp_str ids, struct tp_buf *out);
/* {"type", "value", without the end: more may follow. */
void tp_interaction_write_identifier(struct tp_identifier identifier, struct tp_buf *out);
/* [...], of its identifiers those whose bit is set, as they stand in it. */
void tp_interaction_write_attached(struct tp_str json, size_t customer_at, uint32_t attached, struct tp_buf *out);
/* That change, with what it is said of as `more`: members that follow, each behind a comma. */
void tp_interaction_write_change(struct tp_str json, size_t customer_at, const struct tp_resolved *resolved,
                                 struct tp_str more, struct tp_buf *out);

/* What was composed, taken apart again. `interaction` has all but `content`, which the forwarded text does not tell. */
struct tp_decomposed {
    struct tp_interaction interaction;
    struct tp_resolved resolved;
    struct tp_str context; /* the JSON text of an object */
    struct tp_json json;   /* that the strings live in */
    struct tp_buf text;    /* interaction.json */
    struct tp_buf merged;  /* resolved.merged */
};
/* `composed` must outlive it. TP_ECORRUPT when it is not what tp_interaction_compose writes of what normalize makes,
 * byte by byte; TP_ENOMEM. To be freed when it is 0. */
int tp_interaction_decompose(struct tp_str composed, struct tp_decomposed *ret);
void tp_decomposed_free(struct tp_decomposed *decomposed); /* what it holds, not itself */
