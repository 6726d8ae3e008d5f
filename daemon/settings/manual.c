/* The settings as a part of touchpointd.conf(5), in mdoc(7): a subsection for each section, an item for each setting.
 * man/touchpointd.conf.5.in has the rest of that page. */
#include "daemon/settings/internal.h"

/* A minus and a tilde are to be typed as they are shown, a backslash would begin an escape, and a list is a long word
 * that may be broken behind its commas. */
static void write_escaped(struct tp_str text, FILE *out) {
    for (size_t i = 0; i < text.len; i++) {
        switch (text.at[i]) {
        case '-':
            fputs("\\-", out);
            break;
        case '~':
            fputs("\\(ti", out);
            break;
        case '\\':
            fputs("\\e", out);
            break;
        case ',':
            fputs(",\\:", out);
            break;
        default:
            putc(text.at[i], out);
        }
    }
}

static void write_line(const char *before, struct tp_str text, const char *behind, FILE *out) {
    fputs(before, out);
    write_escaped(text, out);
    fputs(behind, out);
}

static void write_setting(const struct tp_setting *setting, FILE *out) {
    struct tp_buf expected = TP_BUF_INIT;
    tp_settings_expected(setting, &expected);
    fprintf(out, ".It Va %s\n", setting->name);
    write_line("", tp_str(setting->help), "\n", out);
    write_line("Takes ", tp_buf_str(&expected), ".\n", out);
    if (!setting->value)
        fputs("It must be given.\n", out);
    else if (*setting->value)
        write_line("The default is\n.Li ", tp_str(setting->value), " .\n", out);
    else
        fputs("Empty by default.\n", out);
    tp_buf_free(&expected);
}

/* Its last line is what may be written; those before it say what that is. */
static void write_sample(const char *sample, FILE *out) {
    const char *last = strrchr(sample, '\n');
    fputs(".Pp\n", out);
    if (last)
        write_line("", (struct tp_str){sample, (size_t)(last - sample)}, "\n", out);
    fputs("For example:\n.Bd -literal\n", out);
    write_line("", tp_str(last ? last + 1 : sample), "\n.Ed\n", out);
}

static void write_section(const struct tp_section *section, FILE *out) {
    fprintf(out, ".Ss %s%s\n", section->name, section->item ? " \\(dqNAME\\(dq" : "");
    write_line("", tp_str(section->help), "\n.Bl -tag -width Ds\n", out);
    for (size_t i = 0; i < tp_settings_count; i++)
        if (strcmp(tp_settings_table[i].section, section->name) == 0)
            write_setting(&tp_settings_table[i], out);
    fputs(".El\n", out);
    if (section->sample)
        write_sample(section->sample, out);
}

void tp_settings_write_manual(FILE *out) {
    for (size_t i = 0; i < tp_settings_n_sections; i++)
        write_section(&tp_settings_sections[i], out);
}
