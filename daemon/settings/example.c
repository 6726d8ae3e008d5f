/* config/touchpointd.conf as it is shipped, from the table. What is a setting stands behind a '#' alone, what is prose
 * behind '#' and a blank, so that a machine can tell them apart as well as a person. */
#include "daemon/settings/internal.h"

#include <ctype.h>

static const char head[] =
    "# touchpointd's settings. Each stands here at its default: take the # away to change one, then ask\n"
    "# `touchpointd --check -c FILE`. On the command line a setting is --set SECTION.NAME=VALUE, which goes before\n"
    "# what is said here.\n"
    "#\n"
    "# Strings in double quotes take ${VARIABLE} from the environment, and ${VARIABLE:-TEXT} where it may be unset.\n"
    "# A secret is never written here. It is env:VARIABLE or file:PATH; with systemd's LoadCredential=NAME:PATH, for\n"
    "# example, it is \"file:${CREDENTIALS_DIRECTORY}/NAME\".\n";

static void write_sample(const char *sample, FILE *out) {
    while (sample && *sample) {
        int len = (int)strcspn(sample, "\n");
        fprintf(out, "    #   %.*s\n", len, sample);
        sample += len + (sample[len] == '\n');
    }
}

/* Expectations begin in lower case, since they complete a sentence elsewhere. */
static void write_setting(const struct tp_setting *setting, FILE *out) {
    struct tp_buf expected = TP_BUF_INIT;
    tp_settings_expected(setting, &expected);
    fprintf(out, "\n    # %s\n    # Takes %.*s.\n", setting->help, TP_FMT(expected));
    tp_buf_free(&expected);
    bool quoted = setting->kind == TP_TEXT || setting->kind == TP_SECRET;
    if (setting->value)
        fprintf(out, quoted ? "    #%s = \"%s\"\n" : "    #%s = %s\n", setting->name, setting->value);
}

static void write_plain(const struct tp_section *section, FILE *out) {
    fprintf(out, "\n# %s\n%s {", section->help, section->name);
    for (size_t i = 0; i < tp_settings_count; i++)
        if (strcmp(tp_settings_table[i].section, section->name) == 0)
            write_setting(&tp_settings_table[i], out);
    if (section->sample)
        fputs("\n", out);
    write_sample(section->sample, out);
    fputs("}\n", out);
}

static void write_titled(const struct tp_section *section, FILE *out) {
    fprintf(out, "\n# %s\n", section->help);
    for (size_t i = 0; i < tp_settings_count; i++) {
        const struct tp_setting *setting = &tp_settings_table[i];
        if (strcmp(setting->section, section->name) != 0)
            continue;
        struct tp_buf expected = TP_BUF_INIT;
        tp_settings_expected(setting, &expected);
        fprintf(out, "#   %s: %s Takes %.*s.\n", setting->name, setting->help, TP_FMT(expected));
        tp_buf_free(&expected);
    }
    fprintf(out, "# For example: %s\n", section->sample);
}

void tp_settings_write_example(FILE *out) {
    fputs(head, out);
    for (size_t i = 0; i < tp_settings_n_sections; i++) {
        if (tp_settings_sections[i].item)
            write_titled(&tp_settings_sections[i], out);
        else
            write_plain(&tp_settings_sections[i], out);
    }
}
