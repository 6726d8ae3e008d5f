/* The one table of errors. Functions return 0 or a negative TP_E*; what a sender sees of one (its code and HTTP
 * status) comes from here and from nowhere else. Pure; any thread. */
#pragma once

// clang-format off
/*      name              code for the sender     HTTP  text */
#define TP_ERRORS(X)                                                                                                   \
    X(TP_ENOMEM,          "out_of_memory",        503, "out of memory")                                                \
    X(TP_EINVALID,        "invalid",              400, "not of the expected form")                                     \
    X(TP_EJSON,           "invalid_json",         400, "not JSON")                                                     \
    X(TP_EUTF8,           "invalid_utf8",         400, "not UTF-8")                                                    \
    X(TP_ETYPE,           "wrong_type",           422, "a value of another type was expected")                         \
    X(TP_ERANGE,          "out_of_range",         422, "outside the allowed range")                                    \
    X(TP_EREQUIRED,       "required",             422, "a required member is missing")                                 \
    X(TP_EUNKNOWN,        "unknown_member",       422, "a member that is not known here")                              \
    X(TP_EUNREADABLE,     "unreadable",           422, "the source's mapping cannot read it")                          \
    X(TP_ECONFIRM,        "confirm_subscription", 422, "the sender waits for somebody to confirm")                     \
    X(TP_EDUPLICATE,      "duplicate_member",     422, "a member stands twice")                                        \
    X(TP_EFORM,           "invalid_value",        422, "a value that is not of the expected form")                     \
    X(TP_EBLOCKED,        "blocked",              422, "a value that names nobody")                                    \
    X(TP_ETOODEEP,        "too_deep",             422, "nested too deeply")                                            \
    X(TP_ETOOLARGE,       "too_large",            413, "larger than the limit")                                        \
    X(TP_ETOOMANY,        "too_many",             413, "more of them than the limit")                                  \
    X(TP_EIDREUSED,       "id_reused",            409, "the id was used before with other content")                    \
    X(TP_ETIMEOUT,        "too_slow",             408, "did not arrive in time")                                       \
    X(TP_EEXPECT,         "unsupported_expect",   417, "an expectation that is not known here")                        \
    X(TP_EHEADER,         "header_too_large",     431, "the head of the request is larger than the limit")             \
    X(TP_EMEDIATYPE,      "unsupported_type",     415, "a content type or encoding that is not known here")            \
    X(TP_EUNAUTHORIZED,   "unauthorized",         401, "a key is needed")                                              \
    X(TP_EFORBIDDEN,      "forbidden",            403, "the key has not this scope")                                   \
    X(TP_ENOTFOUND,       "not_found",            404, "there is no such thing")                                       \
    X(TP_EMETHOD,         "method_not_allowed",   405, "the path does not take this method")                           \
    X(TP_ECODING,         "unsupported_coding",   501, "a transfer coding that is not known here")                     \
    X(TP_EFULL,           "no_room",              503, "no room for more at the moment")                               \
    X(TP_ESTOPPING,       "stopping",             503, "the daemon is stopping")                                       \
    X(TP_EUNAVAILABLE,    "unavailable",          503, "a service that this needs is away")                            \
    X(TP_EUNDELIVERABLE,  "undeliverable",        422, "could not be delivered after several tries")                   \
    X(TP_ECORRUPT,        "corrupt",              500, "damaged data")                                                 \
    X(TP_EIO,             "io_error",             503, "the disk failed")                                              \
    X(TP_ECONFIG,         "bad_configuration",    500, "a fault in the configuration")                                 \
    X(TP_ELOCKED,         "locked",               500, "in use by another process")                                    \
    X(TP_EFENCED,         "fenced",               503, "another daemon has taken over this node at Kafka")           \
    X(TP_ELOST,           "lost",                 503, "Redis is another or an emptier server than before")            \
    X(TP_ECLOSED,         "closed",               503, "Redis is being repaired")                                      \
    X(TP_EINTERNAL,       "internal",             500, "an error in touchpointd")
// clang-format on

enum tp_error_ordinal {
#define X(name, code, http, text) name##_ORDINAL,
    TP_ERRORS(X)
#undef X
        TP_ERROR_COUNT
};

enum tp_error {
#define X(name, code, http, text) name = -(name##_ORDINAL + 1),
    TP_ERRORS(X)
#undef X
};

/* The word for programs, e.g. "out_of_range"; never NULL. */
const char *tp_error_code(int error);
/* The sentence for people; never NULL. */
const char *tp_error_text(int error);
/* The HTTP status that this error answers when it refuses a whole request. */
int tp_error_http(int error);
