/* Between the files of `source`: what was sent is read (source_request.c), goes through the mapping and normalize
 * (source_map.c), and is shown (source.c). */
#pragma once

#include "ctl/internal.h"
#include "daemon/source/source.h"

enum { TP_CTL_MOST_HEADERS = 64 };

struct tp_ctl_request { /* begins as {0}; texts are borrowed from `bytes` */
    struct tp_buf bytes;
    struct tp_str method, path, query, body;
    struct {
        struct tp_str name, value;
    } headers[TP_CTL_MOST_HEADERS];
    size_t n_headers;
};
/* A payload, or a request as config/sources/README.md describes fixtures. False: said. */
bool tp_ctl_read_request(const char *file, struct tp_ctl_request *ret);
void tp_ctl_request_free(struct tp_ctl_request *request);

struct tp_ctl_mapped {
    const char *kind, *mapping, *region, *name; /* "" where nothing was said; the name is the source's */
    const char *zone;  /* of times without one, such as Europe/London; NULL or "": those are refused */
    const char *where; /* in front of what is said: "row 3: ", or "" */
    int64_t received_ms;
    bool for_sending; /* as POST /v1/events takes it */
};
struct tp_settings;
struct tp_ctl_mapping;
/* NULL: said. What is given is borrowed, and `where` may change. */
struct tp_ctl_mapping *tp_ctl_mapping_open(const struct tp_settings *settings, const struct tp_ctl_mapped *how);
/* The interactions, as a JSON list on one line; EXIT_FAULT where one is none, or all cannot be read: said. */
int tp_ctl_map(struct tp_ctl_mapping *mapping, const struct tp_ctl_request *request, struct tp_buf *out);
void tp_ctl_mapping_close(struct tp_ctl_mapping *mapping); /* NULL is fine */
