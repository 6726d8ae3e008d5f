/* One request's elements. The frame of the whole is checked when the reader is opened, before any element is given out,
 * so a request is either refused as a whole or answered element by element. */
#include "daemon/source/source.h"

#include <stdlib.h>

#include "common/error.h"
#include "daemon/source/internal.h"

struct tp_source_reader {
    struct tp_source_list elements;
    size_t next;
    unsigned max_depth;
    bool enveloped;
    struct tp_source_envelope envelope;
    struct tp_source_binary binary;
};

/* A content type of CloudEvents says more than the headers do, which a proxy may have copied from an event. */
static int choose_media(struct tp_source_reader *reader, struct tp_str content_type, struct tp_source_media *ret) {
    int error = tp_source_media(content_type, ret);
    if (!error && ret->cloudevent)
        reader->binary.is_event = false;
    if (!reader->binary.is_event)
        return error;
    *ret = (struct tp_source_media){.frame = TP_SOURCE_FRAME_OBJECT};
    return tp_source_media_is_json(content_type) ? 0 : TP_EMEDIATYPE;
}

static int open_body(struct tp_source_reader *reader, struct tp_str content_type, struct tp_str body, size_t max_events,
                     const char **ret_message) {
    struct tp_source_media media;
    body = tp_source_bare(body);
    if (choose_media(reader, content_type, &media) < 0) {
        *ret_message = "JSON, NDJSON or CloudEvents in UTF-8 were expected";
        return TP_EMEDIATYPE;
    }
    if (body.len == 0) {
        *ret_message = "the body is empty";
        return TP_EINVALID;
    }
    reader->enveloped = media.cloudevent;
    return tp_source_split(media.frame, body, max_events, &reader->elements, ret_message);
}

int tp_source_open(struct tp_str content_type, struct tp_source_headers headers, struct tp_str body, size_t max_events,
                   unsigned max_depth, struct tp_source_reader **ret, const char **ret_message) {
    struct tp_source_reader *reader = calloc(1, sizeof *reader);
    *ret_message = tp_error_text(TP_ENOMEM);
    if (!reader)
        return TP_ENOMEM;
    reader->max_depth = max_depth;
    int error = tp_source_binary_open(&reader->binary, headers);
    if (!error)
        error = open_body(reader, content_type, body, max_events, ret_message);
    if (error)
        tp_source_close(reader);
    else
        *ret = reader;
    return error;
}

bool tp_source_single(const struct tp_source_reader *reader) { return reader->elements.n == 1; }

int tp_source_next(struct tp_source_reader *reader, struct tp_source_element *ret) {
    tp_source_envelope_clear(&reader->envelope);
    if (reader->next == reader->elements.n)
        return 0;
    *ret = (struct tp_source_element){.raw = reader->elements.at[reader->next++]};
    if (reader->enveloped)
        tp_source_envelope_read(&reader->envelope, reader->max_depth + 1, ret); /* the envelope is one level more */
    else if (reader->binary.is_event)
        tp_source_binary_read(&reader->binary, ret);
    else
        ret->data = ret->raw;
    return 1;
}

void tp_source_close(struct tp_source_reader *reader) {
    if (!reader)
        return;
    tp_source_envelope_clear(&reader->envelope);
    tp_buf_free(&reader->envelope.data);
    tp_source_binary_close(&reader->binary);
    free(reader->elements.at);
    free(reader);
}
