/* Whose an identifier is. The id that Messenger tells of a person is of one page, that of LINE or Telegram of one bot:
 * equal values of two of them are two people. So the scope is part of the value, SCOPE:VALUE, and whoever compares,
 * stores or forwards identifiers need not know of it. A scope has no ':', so the first one ends it. */
#include "daemon/normalize/internal.h"

#include "common/error.h"

struct tp_scoped tp_scope_cut(const struct tp_type *type, struct tp_str text) {
    const struct tp_scoped whole = {.value = text};
    if (type->scoping == TP_SCOPING_OFF)
        return whole;
    while (text.len > 0 && text.at[0] == ' ')
        text = (struct tp_str){text.at + 1, text.len - 1};
    const char *colon = text.len > 0 ? memchr(text.at, ':', text.len) : NULL;
    struct tp_str scope = {text.at, colon ? (size_t)(colon - text.at) : 0};
    if (!tp_form_is_scope(scope) || scope.len > TP_MAX_SCOPE)
        return whole;
    return (struct tp_scoped){scope, {colon + 1, text.len - scope.len - 1}};
}

void tp_scope_write(const struct tp_scoped *scoped, struct tp_buf *out) {
    if (scoped->scope.len > 0) {
        tp_buf_addstr(out, scoped->scope);
        tp_buf_addc(out, ':');
    }
    tp_buf_addstr(out, scoped->value);
}

static int append(struct tp_normalizer *normalizer, const struct tp_type *type, const struct tp_scoped *scoped,
                  const char **ret_expected, struct tp_buf *out) {
    const size_t at = out->len;
    *ret_expected = "a value with its scope, as SCOPE:VALUE or with the member scope beside it";
    if (type->scoping == TP_SCOPING_REQUIRED && scoped->scope.len == 0)
        return TP_EREQUIRED;
    if (scoped->scope.len > 0)
        tp_scope_write(&(struct tp_scoped){.scope = scoped->scope, .value = TP_STR("")}, out);
    int error = tp_canonical_identifier(normalizer->canonical, tp_str(type->form), scoped->value, out, ret_expected);
    if (error || out->failed)
        return error;
    struct tp_str made = {out->at + at, out->len - at};
    *ret_expected = "at most 256 bytes with the scope";
    if (scoped->scope.len > 0 && made.len > TP_MAX_IDENTIFIER_BYTES)
        return TP_ERANGE;
    *ret_expected = "a scope of letters, digits, ., _ and - in front of the first :";
    return scoped->scope.len == 0 && tp_scope_cut(type, made).scope.len > 0 ? TP_EFORM : 0;
}

int tp_scope_canonical(struct tp_normalizer *normalizer, const struct tp_place *place, const struct tp_type *type,
                       const struct tp_scoped *scoped, struct tp_refusal *refusal, struct tp_buf *out) {
    const char *expected = NULL;
    const size_t before = out->len;
    int error = append(normalizer, type, scoped, &expected, out);
    if (!error)
        return 0;
    out->len = before;
    return tp_refuse(refusal, error, place, "expected: %s", expected ? expected : tp_error_text(error));
}

bool tp_scope_blocks(const struct tp_types *types, size_t type, struct tp_str value) {
    const struct tp_scoped scoped = tp_scope_cut(&types->list[type], value);
    return tp_types_block(types, type, value) || (scoped.scope.len > 0 && tp_types_block(types, type, scoped.value));
}
