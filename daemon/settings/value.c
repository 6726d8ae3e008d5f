/* A text becomes the value of a setting: numbers with units, ranges, forms. A value that is refused leaves the setting
 * as it was, and says what would have been taken. */
#include "daemon/settings/internal.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* From large to small, so that the first that divides a number is the one to write it with. */
static const struct unit {
    const char *name, *other_name;
    int64_t size;
} bytes[] = {{"TiB", "T", INT64_C(1) << 40},
             {"GiB", "G", INT64_C(1) << 30},
             {"MiB", "M", INT64_C(1) << 20},
             {"KiB", "K", INT64_C(1) << 10},
             {"", "", 1},
             {0}},
  milliseconds[] = {{"d", "d", 86400000}, {"h", "h", 3600000}, {"m", "m", 60000},
                    {"s", "s", 1000},     {"ms", "ms", 1},     {0}},
  seconds[] = {{"d", "d", 86400}, {"h", "h", 3600}, {"m", "m", 60}, {"s", "s", 1}, {0}}, none[] = {{"", "", 1}, {0}};

static const struct unit *units_of(enum tp_setting_kind kind) {
    switch (kind) {
    case TP_SIZE:
        return bytes;
    case TP_MILLISECONDS:
        return milliseconds;
    case TP_SECONDS:
        return seconds;
    default:
        return none;
    }
}

/* Digits and a unit. 0 and -1 are the same in every unit, and need none. */
static bool parse_number(const char *text, const struct unit *units, int64_t *ret) {
    char *end;
    if (!isdigit((unsigned char)*text) && !(*text == '-' && isdigit((unsigned char)text[1])))
        return false;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno)
        return false;
    *ret = number;
    if (!*end && (number == 0 || number == -1))
        return true;
    for (const struct unit *unit = units; unit->name; unit++)
        if (strcmp(end, unit->name) == 0 || strcmp(end, unit->other_name) == 0)
            return !__builtin_mul_overflow((int64_t)number, unit->size, ret);
    return false;
}

static void write_number(int64_t number, const struct unit *units, struct tp_buf *out) {
    const struct unit *unit = units;
    while (unit[1].name && number % unit->size != 0)
        unit++;
    if (number <= 0)
        tp_buf_addf(out, "%" PRId64, number);
    else
        tp_buf_addf(out, "%" PRId64 "%s", number / unit->size, unit->name);
}

static bool parse_bool(const char *text, int64_t *ret) {
    static const char *const words[2][3] = {{"off", "no", "false"}, {"on", "yes", "true"}};
    for (int value = 0; value < 2; value++)
        for (int i = 0; i < 3; i++)
            if (strcmp(text, words[value][i]) == 0) {
                *ret = value;
                return true;
            }
    return false;
}

static bool parse_scope(const char *text, int64_t *ret) {
    *ret = strcmp(text, "write") == 0   ? TP_SCOPE_WRITE
           : strcmp(text, "read") == 0  ? TP_SCOPE_READ
           : strcmp(text, "admin") == 0 ? TP_SCOPE_ADMIN
                                        : 0;
    return *ret != 0;
}

static bool parse(const struct tp_setting *setting, const char *text, int64_t *ret) {
    if (setting->kind == TP_BOOL)
        return parse_bool(text, ret);
    if (setting->kind == TP_SCOPES)
        return parse_scope(text, ret);
    return parse_number(text, units_of(setting->kind), ret) && *ret >= setting->min && *ret <= setting->max;
}

static void store(const struct tp_setting *setting, void *base, int64_t value) {
    void *slot = (char *)base + setting->at;
    switch (setting->kind) {
    case TP_BOOL:
        *(bool *)slot = value != 0;
        break;
    case TP_SCOPES:
        *(unsigned *)slot |= (unsigned)value;
        break;
    case TP_UNSIGNED:
    case TP_MILLISECONDS:
        *(unsigned *)slot = (unsigned)value;
        break;
    case TP_INT:
        *(int *)slot = (int)value;
        break;
    case TP_SIZE:
        *(size_t *)slot = (size_t)value;
        break;
    case TP_SECONDS:
        *(int64_t *)slot = value;
        break;
    case TP_TEXT:
    case TP_SECRETS:
    case TP_SECRET:
    case TP_KEY_FILE:
        break;
    }
}

static bool is_text(enum tp_setting_kind kind) {
    return kind == TP_TEXT || kind == TP_SECRETS || kind == TP_SECRET || kind == TP_KEY_FILE;
}

static void refuse(struct tp_loading *loading, const struct tp_setting *setting, const char *name, const char *text,
                   const char *wrong) {
    char shown[TP_SHOWN_BYTES];
    struct tp_buf expected = TP_BUF_INIT;
    tp_settings_expected(setting, &expected);
    tp_settings_fault(loading, loading->place, name, "%s %s; expected %.*s",
                      setting->hidden ? "the value" : tp_settings_shown(text, shown), wrong, TP_FMT(expected));
    tp_buf_free(&expected);
}

static void assign_text(struct tp_loading *loading, const struct tp_setting *setting, void *base, const char *name,
                        const char *text) {
    char *found = NULL;
    void *slot = (char *)base + setting->at;
    if (setting->kind == TP_SECRETS) {
        tp_settings_add_secret(loading, slot, name, text);
        return;
    }
    if (setting->kind == TP_KEY_FILE)
        text = found = tp_settings_key(loading, name, text);
    else if (setting->kind == TP_SECRET && *text)
        text = found = tp_settings_secret(loading, name, text);
    if (text)
        tp_settings_keep(loading, slot, text);
    tp_settings_wipe(found);
}

void tp_settings_assign(struct tp_loading *loading, const struct tp_setting *setting, void *base, const char *name,
                        const char *text) {
    int64_t value = 0;
    const char *wrong = NULL;
    if (!is_text(setting->kind) && !parse(setting, text, &value))
        wrong = "is not valid";
    else if (setting->form)
        wrong = setting->form->wrong(text);
    if (wrong)
        refuse(loading, setting, name, text, wrong);
    else if (is_text(setting->kind))
        assign_text(loading, setting, base, name, text);
    else
        store(setting, base, value);
}

void tp_settings_expected(const struct tp_setting *setting, struct tp_buf *out) {
    static const char *const sentences[] = {
        [TP_TEXT] = "a text",
        [TP_SECRETS] = "env:VARIABLE, file:PATH or several of these, in braces",
        [TP_SECRET] = "env:VARIABLE or file:PATH",
        [TP_KEY_FILE] = "a path",
        [TP_SCOPES] = "write, read, admin or several of these, in braces",
        [TP_BOOL] = "on or off",
        [TP_UNSIGNED] = "a number from ",
        [TP_INT] = "a number from ",
        [TP_SIZE] = "a size from ",
        [TP_MILLISECONDS] = "a duration (ms, s, m, h, d) from ",
        [TP_SECONDS] = "a duration (s, m, h, d) from ",
    };
    tp_buf_adds(out, setting->form ? setting->form->expected : sentences[setting->kind]);
    if (setting->form || setting->min == setting->max)
        return;
    write_number(setting->min, units_of(setting->kind), out);
    tp_buf_adds(out, " to ");
    write_number(setting->max, units_of(setting->kind), out);
}
