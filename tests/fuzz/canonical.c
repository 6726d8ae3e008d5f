/* Identifiers made canonical. The input is the type, a line's end, and the value.
 *
 * What has to hold: what is refused leaves nothing behind and says what was expected; what is taken is UTF-8 without
 * control characters, within its length, and canonical already, whatever the country of the daemon; and where a service
 * ignores case, so does the canonical form. */
#include "tests/fuzz/fuzz.h"

#include <ctype.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/identifier.h"
#include "common/interaction.h"

static struct tp_canonical *british, *nowhere;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    british = tp_canonical_new("GB");
    nowhere = tp_canonical_new("");
    must(british && nowhere);
    return 0;
}

static void must_stay(struct tp_canonical *canonical, struct tp_str type, struct tp_str value) {
    struct tp_buf out = TP_BUF_INIT;
    const char *expected;
    must(tp_canonical_identifier(canonical, type, value, &out, &expected) == 0);
    must(tp_str_equal(tp_buf_str(&out), value));
    tp_buf_free(&out);
}

static bool ignores_case(struct tp_str type) {
    static const char *const types[] = {"email", "x", "instagram", "telegram"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (tp_str_is(type, types[i]))
            return true;
    return false;
}

/* The value with its ASCII letters in the other case becomes the same. */
static void must_ignore_case(struct tp_str type, struct tp_str value, struct tp_str made) {
    struct tp_buf other = TP_BUF_INIT, out = TP_BUF_INIT;
    const char *expected;
    for (size_t i = 0; i < value.len; i++)
        tp_buf_addc(&other, (char)(isalpha((unsigned char)value.at[i]) ? value.at[i] ^ 0x20 : value.at[i]));
    must(tp_canonical_identifier(british, type, tp_buf_str(&other), &out, &expected) == 0);
    must(tp_str_equal(tp_buf_str(&out), made));
    tp_buf_free(&other);
    tp_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tp_str value = fuzz_text(data, size), type = tp_str_cut(&value, '\n');
    struct tp_buf out = TP_BUF_INIT;
    const char *expected = NULL;
    tp_buf_addc(&out, '>');
    int error = tp_canonical_identifier(british, type, value, &out, &expected);
    must(error == 0 || error == TP_EFORM || error == TP_ERANGE || error == TP_EUTF8);
    if (error) {
        must(expected && *expected && out.len == 1);
    } else {
        struct tp_str made = {out.at + 1, out.len - 1};
        must(made.len > 0 && made.len <= TP_MAX_IDENTIFIER_BYTES && fuzz_is_line(made));
        must_stay(british, type, made);
        must_stay(nowhere, type, made);
        if (ignores_case(type))
            must_ignore_case(type, value, made);
    }
    tp_buf_free(&out);
    return 0;
}
