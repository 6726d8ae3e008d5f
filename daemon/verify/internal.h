/* Between the files of this folder:
 *
 *   place.c    what stands at a place of the request     form.c      forms (application/x-www-form-urlencoded)
 *   message.c  what is signed                            template.c  whether what says so can be read
 *   url.c      the forms that a URL may have been signed in
 *   proof.c    whether a signature is of a message       verify.c    the order
 *   sns.c      Amazon SNS, in its own way                answer.c    what is answered with a secret */
#pragma once

#include "daemon/verify/verify.h"

/* What of the request is needed, found once. All texts are borrowed from the request or from `room`. */
struct tp_verify_found {
    const struct tp_verify_scheme *scheme;
    const struct tp_verify_request *request;
    struct tp_str signature, id, timestamp; /* "" where the scheme has none */
    struct tp_buf room[4];                  /* one a place */
};

/* place.c */

/* What stands there. TP_VERIFY_UNSIGNED: nothing, or twice; TP_VERIFY_MALFORMED: the body is no JSON, no form, or has
 * something else than text or a number there. `room` holds what had to be made. */
enum tp_verification tp_verify_find(const struct tp_verify_request *request, struct tp_verify_place place,
                                    struct tp_buf *room, struct tp_str *ret);

/* form.c */

struct tp_verify_field {
    struct tp_str name, value;
};
/* The decoded fields, in order; *ret is the caller's to free, its texts are in `room`. TP_EFORM, TP_ENOMEM. */
int tp_verify_form(struct tp_str text, struct tp_buf *room, struct tp_verify_field **ret, size_t *ret_n);
/* Whether the body says that it is a form, or looks like one where nothing is said. */
bool tp_verify_is_form(const struct tp_verify_request *request);
/* Names and values behind each other, sorted by both, none twice. */
int tp_verify_write_sorted_form(struct tp_str text, struct tp_buf *out);

/* message.c */

/* What is signed with this secret, for this form of the URL. TP_EFORM: it cannot be made of this request. */
int tp_verify_write_message(const struct tp_verify_found *found, struct tp_str url, struct tp_str secret,
                            struct tp_buf *out);

/* template.c */

enum { TP_VERIFY_POINTER_BYTES = 128 };
/* The pointer of "json:/POINTER". False: it is none. */
bool tp_verify_pointer(struct tp_str name, char out[TP_VERIFY_POINTER_BYTES]);
bool tp_verify_is_template(const char *text);
bool tp_verify_template_has(const struct tp_verify_scheme *scheme, const char *what); /* "{body}" */

/* url.c */

enum { TP_VERIFY_MOST_URLS = 3 };
/* The forms that may have been signed, at least one; texts are in `room` or the request's. */
size_t tp_verify_urls(const struct tp_verify_found *found, struct tp_buf *room, struct tp_str ret[TP_VERIFY_MOST_URLS]);

/* sns.c: whether the body is of a topic that the secret names, and signed so by the key of its certificate, or of the
 * one that the body names; NULL, or why a text can be no secret. */
enum tp_verification tp_verify_sns(const struct tp_verify_found *found, struct tp_str secret, struct tp_str text);
const char *tp_verify_check_sns(struct tp_str secret);

/* proof.c */

/* Of the schemes by a digest or a key: whether this signature, decoded, is of that message. `key` is the secret as
 * bytes. */
bool tp_verify_proves(const struct tp_verify_scheme *scheme, struct tp_str key, struct tp_str message,
                      struct tp_str signature);
/* The secret as bytes: TP_EFORM when it is not of the form that the scheme has. */
int tp_verify_key(const struct tp_verify_scheme *scheme, struct tp_str secret, struct tp_buf *out);
/* Whether two texts are the same; neither where they differ nor how long the second is can be measured. */
bool tp_verify_same(struct tp_str shown, struct tp_str expected);
/* TP_EFORM. */
int tp_verify_decode(enum tp_verify_encoding encoding, struct tp_str text, struct tp_buf *out);
