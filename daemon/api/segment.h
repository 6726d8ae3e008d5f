/* Private to api/: Segment's HTTP API, as far as it needs no pipeline. Its libraries are unchanged but for an address,
 * so what they expect is kept to the letter: config/sources/segment/README.md says it for people.
 *
 *   segment_keys.c   which source a write key is of      segment_body.c   what a body holds, and its limits
 *   segment_pages.c  what browsers ask before they send  segment.c        the paths */
#pragma once

#include "common/buf.h"
#include "common/json.h"
#include "common/str.h"
#include "daemon/settings/settings.h"

/* ---- write keys ---- */

struct tp_segment_keys;
/* Of all sources of the kind `segment`; constant afterwards, any thread. */
int tp_segment_keys_new(const struct tp_settings *settings, struct tp_segment_keys **ret);
void tp_segment_keys_free(struct tp_segment_keys *keys); /* NULL is fine */
/* The index in settings->source_list of whose key this is; n_sources when it is nobody's. It takes as long for either.
 */
size_t tp_segment_keys_find(const struct tp_segment_keys *keys, struct tp_str shown);
/* The key in "Basic base64(KEY:)" or "Bearer KEY"; at NULL when it is neither. `room` holds it where it was decoded. */
struct tp_str tp_segment_key_shown(struct tp_str authorization, struct tp_buf *room);

/* ---- bodies ---- */

/* A text that was cut within a character, as JavaScript does, holds half of a surrogate pair, which no UTF-8 has. Each
 * becomes U+FFFD, so that the message need not be lost for it. The body as it is where there is none; else `room` holds
 * it. */
struct tp_str tp_segment_body_mend(struct tp_str body, struct tp_buf *room);

enum { TP_SEGMENT_EVENT_BYTES = 32 * 1024, TP_SEGMENT_BATCH_BYTES = 500 * 1024, TP_SEGMENT_BATCH_EVENTS = 2500 };
struct tp_segment_body {
    struct tp_json json;
    struct tp_str write_key; /* the member "writeKey"; at NULL when absent */
};
/* A message, or {"batch": [...]} of them. `body` must outlive the result, which is to be freed where 0 is returned.
 * Else a TP_E* and a sentence: what Segment answers 400. */
int tp_segment_body_read(struct tp_str body, unsigned max_depth, struct tp_segment_body *ret, char message[160]);
void tp_segment_body_free(struct tp_segment_body *body);

/* ---- pages ---- */

/* Whether scripts of pages of `origin` may send, by the setting `origins` of a source. */
bool tp_segment_is_welcome(const char *origins, struct tp_str origin);
/* The header lines that let them read an answer; what they may send, where `asked` is given (the names of headers that
 * a preflight asks for). The Fetch standard, section "CORS protocol". */
void tp_segment_write_leave(struct tp_str origin, const struct tp_str *asked, struct tp_buf *headers);
/* What the libraries for pages and apps read before they send: where to. `address` is of this server as they know it,
 * "https://HOST" or with a path behind it. */
void tp_segment_write_settings(struct tp_str write_key, struct tp_str address, struct tp_buf *json);
