#include "daemon/kind/internal.h"

#include <string.h>

cfg_opt_t tp_kind_verify_options[] = {
    CFG_STR("by", "hmac", CFGF_NONE),
    CFG_STR("digest", "sha256", CFGF_NONE),
    CFG_STR("encoding", "hex", CFGF_NONE),
    CFG_STR("signature", "", CFGF_NONE),
    CFG_STR("prefix", "", CFGF_NONE),
    CFG_STR("separator", "", CFGF_NONE),
    CFG_STR("signed", "", CFGF_NONE),
    CFG_STR("url", "as_it_is", CFGF_NONE),
    CFG_STR("id", "", CFGF_NONE),
    CFG_STR("timestamp", "", CFGF_NONE),
    CFG_STR("clock", "seconds", CFGF_NONE),
    CFG_INT("tolerance", 0, CFGF_NONE),
    CFG_STR("body_digest", "", CFGF_NONE),
    CFG_STR("secret_prefix", "", CFGF_NONE),
    CFG_END(),
};

/* In the order of their enums. */
static const char *const ways[] = {"hmac", "hash", "token", "basic", "ecdsa", "ed25519", "sns", NULL},
                         *const digests[] = {"sha1", "sha256", "sha512", NULL},
                         *const encodings[] = {"hex", "base64", NULL}, *const urls[] = {"as_it_is", "ports", NULL},
                         *const clocks[] = {"seconds", "milliseconds", "rfc3339", NULL};

static bool find(const char *const words[], const char *word, unsigned *ret) {
    for (*ret = 0; words[*ret]; ++*ret)
        if (strcmp(words[*ret], word) == 0)
            return true;
    return false;
}

static bool read_place(const char *text, struct tp_verify_place *ret) {
    static const char *const places[] = {"", "header", "query", "form", "json"};
    const char *colon = strchr(text, ':');
    *ret = (struct tp_verify_place){0};
    if (*text == '\0')
        return true;
    for (unsigned i = TP_VERIFY_HEADER; colon && colon[1] && i <= TP_VERIFY_JSON; i++)
        if (tp_str_is((struct tp_str){text, (size_t)(colon - text)}, places[i])) {
            ret->in = i;
            ret->name = colon + 1;
        }
    return ret->name != NULL;
}

/* NULL where it says nothing. */
static const char *said(cfg_t *section, const char *name) {
    const char *text = cfg_getstr(section, name);
    return text && *text ? text : NULL;
}

static const char *read_words(cfg_t *section, struct tp_verify_scheme *scheme) {
    unsigned by, digest, encoding, url, clock;
    if (!find(ways, cfg_getstr(section, "by"), &by))
        return "by: hmac, hash, token, basic, ecdsa, ed25519 or sns was expected";
    if (!find(digests, cfg_getstr(section, "digest"), &digest))
        return "digest: sha1, sha256 or sha512 was expected";
    if (!find(encodings, cfg_getstr(section, "encoding"), &encoding))
        return "encoding: hex or base64 was expected";
    if (!find(urls, cfg_getstr(section, "url"), &url))
        return "url: as_it_is or ports was expected";
    if (!find(clocks, cfg_getstr(section, "clock"), &clock))
        return "clock: seconds, milliseconds or rfc3339 was expected";
    scheme->by = (enum tp_verify_by)by;
    scheme->digest = (enum tp_verify_digest)digest;
    scheme->encoding = (enum tp_verify_encoding)encoding;
    scheme->url = (enum tp_verify_url)url;
    scheme->clock = (enum tp_verify_clock)clock;
    return NULL;
}

static const char *read_places(cfg_t *section, struct tp_verify_scheme *scheme) {
    if (!read_place(cfg_getstr(section, "signature"), &scheme->signature))
        return "signature: header:NAME, query:NAME, form:NAME or json:/POINTER was expected";
    if (!read_place(cfg_getstr(section, "id"), &scheme->id))
        return "id: header:NAME, query:NAME, form:NAME or json:/POINTER was expected";
    if (!read_place(cfg_getstr(section, "timestamp"), &scheme->timestamp))
        return "timestamp: header:NAME, query:NAME, form:NAME or json:/POINTER was expected";
    if (!read_place(cfg_getstr(section, "body_digest"), &scheme->body_digest))
        return "body_digest: header:NAME, query:NAME, form:NAME or json:/POINTER was expected";
    return NULL;
}

const char *tp_kind_read_scheme(cfg_t *section, struct tp_verify_scheme *ret) {
    const char *separator = cfg_getstr(section, "separator");
    long tolerance = cfg_getint(section, "tolerance");
    *ret = (struct tp_verify_scheme){.prefix = said(section, "prefix"),
                                     .signed_text = said(section, "signed"),
                                     .secret_prefix = said(section, "secret_prefix"),
                                     .separator = *separator};
    const char *wrong = read_words(section, ret);
    if (!wrong)
        wrong = read_places(section, ret);
    if (!wrong && *separator && separator[1])
        wrong = "separator: one character was expected";
    if (!wrong && (tolerance < 0 || tolerance > 86400))
        wrong = "tolerance: 0 to 86400 seconds were expected";
    if (wrong)
        return wrong;
    ret->tolerance_s = (unsigned)tolerance;
    if (ret->by == TP_VERIFY_BASIC) {
        ret->signature = (struct tp_verify_place){TP_VERIFY_HEADER, "authorization"};
        ret->prefix = "Basic ";
    } else if (ret->by == TP_VERIFY_SNS) {
        ret->signature = (struct tp_verify_place){TP_VERIFY_JSON, "/Signature"};
        ret->timestamp = (struct tp_verify_place){TP_VERIFY_JSON, "/Timestamp"};
        ret->clock = TP_VERIFY_RFC3339;
    }
    return tp_verify_check_scheme(ret);
}
