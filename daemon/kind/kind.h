/* Kinds: how senders speak. A kind is a folder; config/sources/README.md says what is in it, and is the contract with
 * those who write one. Here it is read and checked, once, when it is configured. Constant afterwards; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/str.h"
#include "daemon/verify/verify.h"

enum tp_handshake {
    TP_HANDSHAKE_NONE,
    TP_HANDSHAKE_HUB,       /* GET hub.challenge (Meta) */
    TP_HANDSHAKE_CRC,       /* GET crc_token (X) */
    TP_HANDSHAKE_CHALLENGE, /* POST url_verification (Slack) */
    TP_HANDSHAKE_SNS,       /* POST SubscriptionConfirmation (Amazon SNS) */
    TP_HANDSHAKE_WEBHOOK    /* OPTIONS WebHook-Request-Origin (CloudEvents) */
};

struct tp_kind {
    const char *name, *title;
    struct tp_verify_scheme *schemes; /* one of them must prove a request; none: a key is asked for */
    size_t n_schemes;
    enum tp_handshake handshake;
    const char *decode; /* "" or a pointer, in which * is any element: members that are JSON in base64 */
    struct {
        unsigned status;
        const char *type, *body; /* "": what became of it, in JSON */
    } reply;
    struct tp_str mapping; /* the program; ends with a NUL that is not counted */
};

/* Reads the folder `name` of `dir`, or where there is none, of those that are shipped. TP_ECONFIG and what is wrong
 * with it, a line each. `mapping`: the path of a program that takes the place of the kind's, or "". */
int tp_kind_load(const char *dir, const char *name, const char *mapping, struct tp_buf *fault, struct tp_kind **ret);
void tp_kind_free(struct tp_kind *kind); /* NULL is fine */
