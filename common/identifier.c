/* A table says how each type is made canonical; what is in no table is only trimmed. The rules that hold for all types
 * (UTF-8, no control characters, a length) come first, so that no rule of a type meets anything else. */
#include "common/identifier.h"

#include <stdlib.h>

#include "common/email.h"
#include "common/error.h"
#include "common/interaction.h"
#include "common/phone.h"
#include "common/recent.h"
#include "common/utf8.h"

struct tp_canonical {
    char *region;
    struct tp_recent *phones;
};

struct tp_canonical *tp_canonical_new(const char *region) {
    struct tp_canonical *canonical = calloc(1, sizeof *canonical);
    if (!canonical)
        return NULL;
    canonical->region = strdup(region);
    canonical->phones = tp_recent_new();
    if (!canonical->region || !canonical->phones) {
        tp_canonical_free(canonical);
        return NULL;
    }
    return canonical;
}

void tp_canonical_free(struct tp_canonical *canonical) {
    if (!canonical)
        return;
    tp_recent_free(canonical->phones);
    free(canonical->region);
    free(canonical);
}

static bool is_blank(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

static struct tp_str trim(struct tp_str text) {
    while (text.len > 0 && is_blank(text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.at[text.len - 1]))
        text.len--;
    return text;
}

/* Of valid UTF-8: below U+0020, and U+007F to U+009F, whose second half is C2 80 to C2 9F. */
static bool has_control_character(struct tp_str text) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte < 0x20 || byte == 0x7f)
            return true;
        if (byte == 0xc2 && (unsigned char)text.at[i + 1] < 0xa0)
            return true;
    }
    return false;
}

static int canonical_email(struct tp_canonical *canonical, struct tp_str value, struct tp_buf *out,
                           const char **ret_expected) {
    (void)canonical;
    return tp_email_canonical(value, out, ret_expected);
}

static int canonical_phone(struct tp_canonical *canonical, struct tp_str value, struct tp_buf *out,
                           const char **ret_expected) {
    struct tp_str known = tp_recent_find(canonical->phones, value);
    if (known.len > 0) {
        tp_buf_addstr(out, known);
        return 0;
    }
    char e164[TP_PHONE_TEXT];
    int error = tp_phone_canonical(value.at, value.len, canonical->region, e164, ret_expected);
    if (error)
        return error;
    tp_buf_adds(out, e164);
    tp_recent_keep(canonical->phones, value, tp_str(e164));
    return 0;
}

/* WhatsApp writes its numbers internationally, but without the '+'. */
static int canonical_whatsapp(struct tp_canonical *canonical, struct tp_str value, struct tp_buf *out,
                              const char **ret_expected) {
    char number[1 + TP_MAX_IDENTIFIER_BYTES] = "+";
    if (value.at[0] < '0' || value.at[0] > '9')
        return canonical_phone(canonical, value, out, ret_expected);
    memcpy(number + 1, value.at, value.len);
    return canonical_phone(canonical, (struct tp_str){number, value.len + 1}, out, ret_expected);
}

static int canonical_lower(struct tp_canonical *canonical, struct tp_str value, struct tp_buf *out,
                           const char **ret_expected) {
    (void)canonical;
    (void)ret_expected;
    for (size_t i = 0; i < value.len; i++)
        tp_buf_addc(out, tp_ascii_lower(value.at[i]));
    return 0;
}

static int canonical_handle(struct tp_canonical *canonical, struct tp_str value, struct tp_buf *out,
                            const char **ret_expected) {
    while (value.len > 0 && value.at[0] == '@')
        value = trim((struct tp_str){value.at + 1, value.len - 1});
    if (value.len == 0) {
        *ret_expected = "a handle";
        return TP_EFORM;
    }
    return canonical_lower(canonical, value, out, ret_expected);
}

static int canonical_text(struct tp_canonical *canonical, struct tp_str value, struct tp_buf *out,
                          const char **ret_expected) {
    (void)canonical;
    (void)ret_expected;
    tp_buf_addstr(out, value);
    return 0;
}

typedef int rule(struct tp_canonical *, struct tp_str, struct tp_buf *, const char **);

static rule *rule_of(struct tp_str type) {
    static const struct {
        const char *type;
        rule *rule;
    } rules[] = {
        {"email", canonical_email},   {"phone", canonical_phone},      {"whatsapp", canonical_whatsapp},
        {"x", canonical_handle},      {"instagram", canonical_handle}, {"telegram", canonical_handle},
        {"handle", canonical_handle}, {"lower", canonical_lower},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (tp_str_is(type, rules[i].type))
            return rules[i].rule;
    return canonical_text;
}

int tp_canonical_identifier(struct tp_canonical *canonical, struct tp_str type, struct tp_str value, struct tp_buf *out,
                            const char **ret_expected) {
    value = trim(value);
    *ret_expected = "UTF-8";
    if (!tp_utf8_valid(value))
        return TP_EUTF8;
    *ret_expected = "a value that is not empty";
    if (value.len == 0)
        return TP_EFORM;
    *ret_expected = "at most 256 bytes";
    if (value.len > TP_MAX_IDENTIFIER_BYTES)
        return TP_ERANGE;
    *ret_expected = "a value without control characters";
    if (has_control_character(value))
        return TP_EFORM;
    return rule_of(type)(canonical, value, out, ret_expected);
}
