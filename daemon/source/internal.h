/* Between the files of this folder: a request is a list of elements (framing.c), found by what its content type says
 * (media.c); each element is an interaction, or a CloudEvent that holds one (cloudevent.c, binary.c).
 * Beside that, a request that is for a mapping to read (request.c), with its fields (fields.c) and its body (body.c).
 */
#pragma once

#include "common/buf.h"
#include "common/json.h"
#include "daemon/source/source.h"

/* media.c */
enum tp_source_frame {
    TP_SOURCE_FRAME_JSON,   /* one object, or an array of them */
    TP_SOURCE_FRAME_OBJECT, /* one object and nothing else */
    TP_SOURCE_FRAME_ARRAY,  /* an array and nothing else */
    TP_SOURCE_FRAME_LINES,  /* a JSON value a line */
    TP_SOURCE_FRAME_GUESS,  /* one object, an array or lines: as the bytes show */
};
struct tp_source_media {
    enum tp_source_frame frame;
    bool cloudevent; /* each element is an envelope */
};
/* TP_EMEDIATYPE, also for a character set other than UTF-8 and for any other parameter. */
int tp_source_media(struct tp_str content_type, struct tp_source_media *ret);
/* Whether it announces JSON, by its name or by its suffix (RFC 6839), in UTF-8. None at all does, too. */
bool tp_source_media_is_json(struct tp_str content_type);

/* framing.c */
struct tp_source_list {
    struct tp_str *at; /* borrowed from the body */
    size_t n, cap;
};
/* Without a byte order mark in front and white space at the ends. */
struct tp_str tp_source_bare(struct tp_str body);
/* `body` is bare and not empty. */
int tp_source_split(enum tp_source_frame frame, struct tp_str body, size_t max_events, struct tp_source_list *list,
                    const char **ret_message);

/* cloudevent.c */
enum tp_source_attribute {
    TP_SOURCE_SPECVERSION,
    TP_SOURCE_ID,
    TP_SOURCE_SOURCE,
    TP_SOURCE_TYPE,
    TP_SOURCE_TIME,
    TP_SOURCE_ATTRIBUTES
};
extern const char *const tp_source_attribute_names[TP_SOURCE_ATTRIBUTES];

struct tp_source_envelope { /* of the current element */
    struct tp_json json;
    struct tp_buf data;
};
void tp_source_envelope_clear(struct tp_source_envelope *envelope);
/* Reads element->raw; fills in data and defaults, or error, path and message. */
void tp_source_envelope_read(struct tp_source_envelope *envelope, unsigned max_depth,
                             struct tp_source_element *element);
/* Makes defaults of attributes; an empty one is absent. Those that are required are missed here. */
int tp_source_take_attributes(const struct tp_str attributes[TP_SOURCE_ATTRIBUTES], const char *prefix,
                              struct tp_source_element *element);
/* Returns the error that it was given. */
int tp_source_refuse(struct tp_source_element *element, int error, const char *path, const char *message);

/* binary.c */
struct tp_source_binary {
    bool is_event; /* any ce-specversion makes it one */
    struct tp_buf values[TP_SOURCE_ATTRIBUTES];
    bool twice[TP_SOURCE_ATTRIBUTES];
};
int tp_source_binary_open(struct tp_source_binary *binary, struct tp_source_headers headers);
void tp_source_binary_close(struct tp_source_binary *binary);
void tp_source_binary_read(const struct tp_source_binary *binary, struct tp_source_element *element);

/* fields.c */
struct tp_source_field {
    struct tp_str name, value;
    size_t order;
};
struct tp_source_fields {
    struct tp_source_field *list;
    size_t n, cap;
    struct tp_buf room; /* what was decoded */
};
int tp_source_add_field(struct tp_source_fields *fields, struct tp_source_field field);
/* TP_EFORM: a broken escape. To be freed in any case. */
int tp_source_read_form(struct tp_str text, struct tp_source_fields *fields);
/* Sorted by their names. */
void tp_source_write_fields(struct tp_source_fields *fields, struct tp_buf *out);
void tp_source_free_fields(struct tp_source_fields *fields);
/* A JSON string; what is not UTF-8 is shown as such. */
void tp_source_write_text(struct tp_str text, struct tp_buf *out);

/* body.c: `text` is JSON, or explained in `message`. */
struct tp_source_request;
int tp_source_write_body(const struct tp_source_request *request, struct tp_str text, struct tp_buf *out,
                         char message[160]);
