/* An address is asked to have the form that mail can be sent to, and no more: whether a dot may end a local part is
 * between that mailbox's people and their provider. The local part goes to lower case although SMTP would let a server
 * tell Ann from ann: none does, and customers write both. */
#include "common/email.h"

#include <idn2.h>

#include "common/error.h"

#define MAX_LOCAL_BYTES  64
#define MAX_DOMAIN_BYTES 253
#define MAX_LABEL_BYTES  63

static const char form[] = "an address with one @ and a domain";
static const char domain_form[] = "an address whose domain has a dot, and names of letters, digits and hyphens";
static const char length[] = "an address of at most 64 bytes before the @ and 254 in all";

static void add_lower(struct tp_buf *out, struct tp_str text) {
    for (size_t i = 0; i < text.len; i++)
        tp_buf_addc(out, tp_ascii_lower(text.at[i]));
}

static bool contains_any(struct tp_str text, const char *bytes) {
    for (size_t i = 0; i < text.len; i++)
        if (strchr(bytes, text.at[i]))
            return true;
    return false;
}

/* "like this"@example.com: within the quotes anything but a bare quote. */
static bool is_quoted(struct tp_str local) {
    if (local.len < 3 || local.at[0] != '"')
        return false;
    size_t at = 1;
    while (at < local.len && local.at[at] != '"')
        at += local.at[at] == '\\' ? 2 : 1;
    return at == local.len - 1;
}

static bool is_local_part(struct tp_str local) {
    if (local.len == 0 || contains_any(local, " "))
        return false;
    return is_quoted(local) || !contains_any(local, "\"@()<>[]\\,;:");
}

static bool is_label(struct tp_str label) {
    for (size_t i = 0; i < label.len; i++) {
        char c = label.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return label.len >= 1 && label.len <= MAX_LABEL_BYTES && label.at[0] != '-' && label.at[label.len - 1] != '-';
}

static bool is_digits(struct tp_str text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return true;
}

/* Lower-case ASCII. The last label is no number, or it would be an IP address. */
static bool is_domain(struct tp_str domain) {
    size_t labels = 0;
    struct tp_str label = {domain.at, 0};
    for (; domain.len <= MAX_DOMAIN_BYTES; label.at += label.len + 1, label.len = 0) {
        size_t left = (size_t)(domain.at + domain.len - label.at);
        while (label.len < left && label.at[label.len] != '.')
            label.len++;
        if (!is_label(label))
            return false;
        labels++;
        if (label.len == left)
            return labels >= 2 && !is_digits(label);
    }
    return false;
}

/* Plain ASCII is its own A-label, and is not asked about: IDNA would refuse existing names with "--" as their third and
 * fourth character. */
static bool is_plain_ascii(struct tp_str domain) {
    for (size_t i = 0; i < domain.len; i++) {
        if (domain.at[i] & 0x80)
            return false;
        if (domain.len - i >= 4 && strncasecmp(domain.at + i, "xn--", 4) == 0)
            return false;
    }
    return true;
}

static int add_domain(struct tp_str domain, struct tp_buf *out) {
    if (is_plain_ascii(domain)) {
        add_lower(out, domain);
        return 0;
    }
    char unicode[TP_MAX_EMAIL_BYTES + 1] = {0};
    memcpy(unicode, domain.at, domain.len);
    uint8_t *ascii = NULL;
    int result = idn2_lookup_u8((const uint8_t *)unicode, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (result == IDN2_OK)
        tp_buf_adds(out, (const char *)ascii);
    idn2_free(ascii);
    return result == IDN2_OK ? 0 : result == IDN2_MALLOC ? TP_ENOMEM : TP_EFORM;
}

static int refuse(int error, const char *expected, const char **ret_expected) {
    *ret_expected = expected;
    return error;
}

int tp_email_canonical(struct tp_str email, struct tp_buf *out, const char **ret_expected) {
    const char *at = email.len ? memrchr(email.at, '@', email.len) : NULL; /* a domain has none */
    if (!at)
        return refuse(TP_EFORM, form, ret_expected);
    struct tp_str local = {email.at, (size_t)(at - email.at)};
    struct tp_str domain = {at + 1, email.len - local.len - 1};
    if (!is_local_part(local) || domain.len == 0)
        return refuse(TP_EFORM, form, ret_expected);
    if (local.len > MAX_LOCAL_BYTES || email.len > TP_MAX_EMAIL_BYTES)
        return refuse(TP_ERANGE, length, ret_expected);
    size_t before = out->len;
    add_lower(out, local);
    tp_buf_addc(out, '@');
    size_t domain_at = out->len;
    int error = add_domain(domain, out);
    if (out->failed)
        error = TP_ENOMEM;
    if (!error && !is_domain((struct tp_str){out->at + domain_at, out->len - domain_at}))
        error = TP_EFORM;
    if (!error && out->len - before > TP_MAX_EMAIL_BYTES)
        error = TP_ERANGE;
    if (error) {
        out->len = before;
        return refuse(error, error == TP_ERANGE ? length : domain_form, ret_expected);
    }
    return 0;
}
