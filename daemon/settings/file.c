/* The file, read by libconfuse. Its options are made from the table; each value comes back at once, as text and with
 * its line, so that what is wrong is said by us, and reading goes on to the next. Only broken syntax ends it.
 *
 * Sections are declared as free-form, because libconfuse then goes on after a name that it does not know, having told
 * on_error; the values of such names are thrown away. Its lexer is global and its callbacks take no argument, so what
 * is being loaded is global here too, for the time of one load. */
#include "daemon/settings/internal.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_FILE   (1 << 20)
#define NAME_BYTES 256
#define PROPERTY   "property" /* a section within kafka's */

static struct tp_loading *current;

static struct tp_place here(const cfg_t *cfg) { return (struct tp_place){current->file.file, cfg->line}; }

/* SECTION.NAME, or SECTION.TITLE.NAME. */
static void write_name(const cfg_t *cfg, const char *name, char out[NAME_BYTES]) {
    bool titled = cfg->title && tp_settings_is_token(cfg->title);
    snprintf(out, NAME_BYTES, "%s%s%s.%s", cfg->name, titled ? "." : "", titled ? cfg->title : "", name);
}

static void check_once(const struct tp_setting *setting, const char *name) {
    struct tp_place *before = tp_settings_set_at(current, setting);
    if (before->line > 0)
        tp_settings_fault(current, current->place, name, "is set on line %d already; expected it once", before->line);
    *before = current->place;
}

static int on_value(cfg_t *cfg, cfg_opt_t *option, const char *text, void *result) {
    char name[NAME_BYTES];
    void *base = current->settings;
    const struct tp_section *section = tp_settings_section(tp_str(cfg->name));
    const struct tp_setting *setting = tp_settings_find(tp_str(cfg->name), tp_str(option->name));
    *(const char **)result = text;
    current->place = here(cfg);
    write_name(cfg, option->name, name);
    if (!section || !setting) { /* SECTION|NAME at the top is the name of a setting to libconfuse; not to us */
        tp_settings_fault(current, current->place, option->name,
                          "is not in its section; expected SECTION { NAME = VALUE }");
        return 0;
    }
    if (section->item)
        base = section->item(current->settings, cfg->title);
    else
        check_once(setting, name);
    if (base)
        tp_settings_assign(current, setting, base, name, text);
    else
        current->failed = true;
    return 0;
}

static void require(cfg_t *item, const struct tp_setting *setting) {
    char name[NAME_BYTES];
    struct tp_buf expected = TP_BUF_INIT;
    if (cfg_size(item, setting->name) > 0)
        return;
    tp_settings_expected(setting, &expected);
    write_name(item, setting->name, name);
    tp_settings_fault(current, current->place, name, "is missing; expected %.*s", TP_FMT(expected));
    tp_buf_free(&expected);
}

/* A titled section has come to its end: is it whole? */
static int on_item(cfg_t *cfg, cfg_opt_t *option) {
    cfg_t *item = cfg_opt_getnsec(option, cfg_opt_size(option) - 1);
    char shown[TP_SHOWN_BYTES];
    current->place = here(cfg);
    if (!tp_settings_is_token(item->title))
        tp_settings_fault(current, current->place, option->name,
                          "the name %s is not valid; expected up to 64 letters, digits, '.', '_' and '-'",
                          tp_settings_shown(item->title, shown));
    for (size_t i = 0; i < tp_settings_count; i++)
        if (strcmp(tp_settings_table[i].section, option->name) == 0 && !tp_settings_table[i].value)
            require(item, &tp_settings_table[i]);
    return 0;
}

static int on_properties(cfg_t *cfg, cfg_opt_t *option) {
    cfg_t *section = cfg_opt_getnsec(option, 0);
    current->place = here(cfg);
    for (unsigned i = 0; i < cfg_num(section); i++) {
        cfg_opt_t *property = cfg_getnopt(section, i);
        if (cfg_opt_size(property) > 0)
            tp_settings_set_property(current, cfg_opt_name(property), cfg_opt_getstr(property));
    }
    return 0;
}

static void add_names(const cfg_t *cfg, struct tp_buf *out) {
    bool top = !tp_settings_section(tp_str(cfg->name));
    const char *separator = "";
    for (size_t i = 0; i < (top ? tp_settings_n_sections : tp_settings_count); i++) {
        if (!top && strcmp(tp_settings_table[i].section, cfg->name) != 0)
            continue;
        tp_buf_adds(out, separator);
        tp_buf_adds(out, top ? tp_settings_sections[i].name : tp_settings_table[i].name);
        separator = ", ";
    }
    if (strcmp(cfg->name, "kafka") == 0)
        tp_buf_adds(out, ", " PROPERTY);
}

static void unknown(const cfg_t *cfg, const char *what) {
    char name[NAME_BYTES];
    struct tp_buf names = TP_BUF_INIT;
    bool top = !tp_settings_section(tp_str(cfg->name));
    add_names(cfg, &names);
    if (top)
        snprintf(name, sizeof name, "%s", what);
    else
        write_name(cfg, what, name);
    tp_settings_fault(current, here(cfg), name, "there is no such %s; expected one of %.*s",
                      top ? "section" : "setting", TP_FMT(names));
    tp_buf_free(&names);
}

static void on_error(cfg_t *cfg, const char *format, va_list args) {
    char message[NAME_BYTES], shown[TP_SHOWN_BYTES];
    if (strncmp(format, "no such option", 14) == 0) {
        if (strcmp(cfg->name, PROPERTY) != 0) /* where any name may stand */
            unknown(cfg, va_arg(args, const char *));
        return;
    }
    vsnprintf(message, sizeof message, format, args);
    bool twice = strncmp(format, "found duplicate title", 21) == 0;
    tp_settings_fault(current, here(cfg), NULL, "%s; expected %s", tp_settings_shown(message, shown),
                      twice ? "each name once" : "NAME = VALUE or SECTION { ... }");
}

/* The options of one section; they end with one that is empty. */
static cfg_opt_t *options_of(const char *section, cfg_opt_t *properties) {
    cfg_opt_t *options = calloc(tp_settings_count + 2, sizeof *options), *next = options;
    if (!options)
        return NULL;
    for (size_t i = 0; i < tp_settings_count; i++) {
        const struct tp_setting *setting = &tp_settings_table[i];
        if (strcmp(setting->section, section) != 0)
            continue;
        bool many = setting->kind == TP_SCOPES || setting->kind == TP_SECRETS;
        cfg_flag_t list = many ? CFGF_LIST : CFGF_NONE;
        *next++ = (cfg_opt_t)CFG_STR_CB(setting->name, NULL, CFGF_NODEFAULT | list, on_value);
    }
    if (strcmp(section, "kafka") == 0)
        *next = (cfg_opt_t){.name = PROPERTY,
                            .type = CFGT_SEC,
                            .flags = CFGF_KEYSTRVAL,
                            .subopts = properties,
                            .validcb = on_properties};
    return options;
}

static cfg_t *make_parser(void) {
    cfg_opt_t properties[] = {CFG_END()}, *sections = calloc(tp_settings_n_sections + 1, sizeof *sections);
    cfg_t *cfg = NULL;
    bool whole = sections != NULL;
    for (size_t i = 0; whole && i < tp_settings_n_sections; i++) {
        bool titled = tp_settings_sections[i].item != NULL;
        cfg_flag_t flags = titled ? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES : CFGF_NONE;
        sections[i] = (cfg_opt_t)CFG_SEC(tp_settings_sections[i].name, NULL, flags | CFGF_KEYSTRVAL);
        sections[i].subopts = options_of(tp_settings_sections[i].name, properties);
        sections[i].validcb = titled ? on_item : NULL;
        whole = sections[i].subopts != NULL;
    }
    if (whole)
        cfg = cfg_init(sections, CFGF_NONE); /* which copies them */
    for (size_t i = 0; sections && i < tp_settings_n_sections; i++)
        free(sections[i].subopts);
    free(sections);
    return cfg;
}

static void parse(struct tp_loading *loading, char *text) {
    FILE *stream = fmemopen(text, strlen(text), "r");
    cfg_t *cfg = stream ? make_parser() : NULL;
    loading->failed |= !cfg;
    if (cfg) {
        current = loading;
        cfg_set_error_function(cfg, on_error);
        size_t faults = loading->faults->len;
        if (cfg_parse_fp(cfg, stream) != CFG_SUCCESS && loading->faults->len == faults)
            tp_settings_fault(loading, here(cfg), NULL, "cannot be read on from here; expected NAME = VALUE");
        current = NULL;
        cfg_free(cfg);
    }
    if (stream)
        fclose(stream);
}

/* NULL, or why the file cannot be read. */
static const char *slurp(const char *file, struct tp_buf *out) {
    const char *wrong = NULL;
    char *to = tp_buf_room(out, MAX_FILE + 2);
    FILE *stream = to ? fopen(file, "re") : NULL;
    if (!stream)
        return strerror(to ? errno : ENOMEM);
    out->len = fread(to, 1, MAX_FILE + 1, stream);
    if (ferror(stream))
        wrong = strerror(errno);
    else if (out->len > MAX_FILE)
        wrong = "it is larger than 1MiB";
    else if (memchr(to, '\0', out->len))
        wrong = "it holds a NUL";
    tp_buf_addc(out, '\0');
    fclose(stream);
    return wrong;
}

void tp_settings_read(struct tp_loading *loading) {
    struct tp_buf text = TP_BUF_INIT;
    struct tp_place place = loading->file;
    const char *wrong = slurp(place.file, &text);
    if (wrong)
        tp_settings_fault(loading, place, NULL, "cannot be read: %s; expected a file of settings", wrong);
    else if (!tp_settings_clean(text.at, &place.line, &wrong))
        tp_settings_fault(loading, place, NULL, "%s", wrong);
    else if (*text.at)
        parse(loading, text.at);
    tp_buf_free(&text);
}
