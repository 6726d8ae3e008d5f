/* Loading: the defaults, then the file, then --set, each over the one before; then what the host knows fills what is
 * still empty, and settings that only make sense together are checked together. */
#include "daemon/settings/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/error.h"

#define PROPERTY   "kafka.property."
#define NAME_BYTES 256

static const struct tp_place nowhere = {.line = -1}, command_line = {0};

void tp_settings_fault(struct tp_loading *loading, struct tp_place place, const char *name, const char *format, ...) {
    char message[1024];
    size_t begin = loading->faults->len;
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (place.file && place.line > 0)
        tp_buf_addf(loading->faults, "%s:%d: ", place.file, place.line);
    else if (place.file || place.line == 0)
        tp_buf_addf(loading->faults, "%s: ", place.file ? place.file : "--set");
    tp_buf_addf(loading->faults, "%s%s%s", name ? name : "", name ? ": " : "", message);
    /* What is quoted comes from the file: it cannot begin a line of its own. */
    for (size_t i = begin; i < loading->faults->len; i++)
        if ((unsigned char)loading->faults->at[i] < ' ')
            loading->faults->at[i] = '?';
    tp_buf_addc(loading->faults, '\n');
}

const char *tp_settings_shown(const char *value, char out[TP_SHOWN_BYTES]) {
    size_t len = 0;
    out[len++] = '"';
    for (; *value && len < TP_SHOWN_BYTES - 5; value++)
        out[len++] = *value < ' ' || *value > '~' ? '?' : *value;
    snprintf(out + len, TP_SHOWN_BYTES - len, "%s", *value ? "...\"" : "\"");
    return out;
}

bool tp_settings_is_plain(const struct tp_setting *setting) {
    return !tp_settings_section(tp_str(setting->section))->item;
}

static void set_defaults(struct tp_loading *loading) {
    for (size_t i = 0; i < tp_settings_count; i++) {
        const struct tp_setting *setting = &tp_settings_table[i];
        loading->set_at[i] = nowhere;
        if (tp_settings_is_plain(setting))
            tp_settings_assign(loading, setting, loading->settings, setting->name, setting->value);
    }
}

/* Replaces *slot by `dir`/`name`. */
static void keep_path(struct tp_loading *loading, char **slot, struct tp_str dir, const char *name) {
    char *path;
    if (asprintf(&path, "%.*s/%s", TP_FMT(dir), name) < 0) {
        loading->failed = true;
        return;
    }
    tp_settings_keep(loading, slot, path);
    free(path);
}

/* systemd names the state directories that it made, with colons between. */
static void apply_state_directory(struct tp_loading *loading) {
    const char *dirs = getenv("STATE_DIRECTORY");
    if (dirs && *dirs == '/')
        keep_path(loading, &loading->settings->journal.dir, (struct tp_str){dirs, strcspn(dirs, ":")}, "journal");
}

static bool ends(struct tp_str text, const char *with) {
    size_t len = strlen(with);
    return text.len >= len && memcmp(text.at + text.len - len, with, len) == 0;
}

static bool holds_secret(const char *property) {
    struct tp_str name = tp_str(property);
    return ends(name, "password") || ends(name, "secret") || ends(name, "key.pem");
}

static struct tp_property *property_of(struct tp_loading *loading, const char *name) {
    struct tp_settings *settings = loading->settings;
    for (size_t i = 0; i < settings->kafka.n_properties; i++)
        if (strcmp(settings->kafka.properties[i].name, name) == 0)
            return &settings->kafka.properties[i];
    size_t count = settings->kafka.n_properties;
    struct tp_property *grown = reallocarray(settings->kafka.properties, count + 1, sizeof *grown);
    if (!grown)
        return NULL;
    settings->kafka.properties = grown;
    grown[count] = (struct tp_property){.name = strdup(name)};
    if (!grown[count].name)
        return NULL;
    settings->kafka.n_properties++;
    return &grown[count];
}

void tp_settings_set_property(struct tp_loading *loading, const char *name, const char *value) {
    char called[NAME_BYTES], *secret = NULL;
    snprintf(called, sizeof called, PROPERTY "%s", name);
    if (!tp_settings_is_token(name)) {
        tp_settings_fault(loading, loading->place, "kafka.property",
                          "the name is not valid; expected one of librdkafka's");
        return;
    }
    if (holds_secret(name)) {
        value = secret = tp_settings_secret(loading, called, value);
        if (!secret)
            return;
    }
    struct tp_property *property = property_of(loading, name);
    if (property)
        tp_settings_keep(loading, &property->value, value);
    loading->failed |= !property || !property->value;
    tp_settings_wipe(secret);
}

static void refuse_name(struct tp_loading *loading, const char *name) {
    char shown[TP_SHOWN_BYTES];
    const struct tp_section *section = tp_settings_section((struct tp_str){name, strcspn(name, ".")});
    if (section && section->item)
        tp_settings_fault(loading, command_line, section->name,
                          "can stand in a file only; expected SECTION.NAME=VALUE");
    else
        tp_settings_fault(loading, command_line, NULL, "%s is no setting; expected SECTION.NAME=VALUE",
                          tp_settings_shown(name, shown));
}

/* SECTION.NAME=VALUE */
static void apply_set(struct tp_loading *loading, const char *text) {
    char name[NAME_BYTES];
    size_t len = strcspn(text, "=");
    const struct tp_setting *setting = tp_settings_called((struct tp_str){text, len});
    snprintf(name, sizeof name, "%.*s", (int)len, text);
    loading->place = command_line;
    if (text[len] == '=' && strncmp(name, PROPERTY, strlen(PROPERTY)) == 0) {
        tp_settings_set_property(loading, name + strlen(PROPERTY), text + len + 1);
    } else if (text[len] == '=' && setting && tp_settings_is_plain(setting)) {
        *tp_settings_set_at(loading, setting) = command_line;
        tp_settings_assign(loading, setting, loading->settings, name, text + len + 1);
    } else {
        refuse_name(loading, name);
    }
}

static bool is_given(const char *text) { return text && *text; }

static void name_node(struct tp_loading *loading) {
    char name[256];
    if (is_given(loading->settings->node.name) || gethostname(name, sizeof name) != 0)
        return;
    name[sizeof name - 1] = '\0';
    tp_settings_keep(loading, &loading->settings->node.name, name);
}

static void place_dev(struct tp_loading *loading) {
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char **dir = &loading->settings->dev.dir;
    if (is_given(*dir))
        return;
    if (state && *state == '/')
        keep_path(loading, dir, tp_str(state), "touchpointd-dev");
    else if (home && *home == '/')
        keep_path(loading, dir, tp_str(home), ".local/state/touchpointd-dev");
}

static void load(struct tp_loading *loading, const char *const *sets, size_t n_sets) {
    size_t faults = loading->faults->len;
    set_defaults(loading);
    apply_state_directory(loading);
    if (loading->file.file)
        tp_settings_read(loading);
    for (size_t i = 0; i < n_sets; i++)
        apply_set(loading, sets[i]);
    name_node(loading);
    place_dev(loading);
    /* A setting that was refused has still its default, with which another need not go. */
    if (!loading->failed && loading->faults->len == faults)
        tp_settings_check_together(loading);
}

int tp_settings_load(const char *file, const char *const *sets, size_t n_sets, struct tp_buf *faults,
                     struct tp_settings **ret) {
    int status = TP_ENOMEM;
    size_t before = faults->len;
    struct tp_loading loading = {.file.file = file,
                                 .settings = calloc(1, sizeof *loading.settings),
                                 .faults = faults,
                                 .set_at = calloc(tp_settings_count, sizeof *loading.set_at)};
    if (!loading.settings || !loading.set_at)
        goto out;
    load(&loading, sets, n_sets);
    if (loading.failed || faults->failed)
        goto out;
    status = faults->len > before ? TP_ECONFIG : 0;
    if (status == 0) {
        *ret = loading.settings;
        loading.settings = NULL;
    }
out:
    tp_settings_free(loading.settings);
    free(loading.set_at);
    return status;
}

static void free_source(struct tp_source_settings *source) {
    for (size_t i = 0; i < source->n_secrets; i++)
        tp_settings_wipe(source->secrets[i]);
    free(source->secrets);
    free(source->name);
    free(source->kind);
    free(source->region);
    free(source->mapping);
    free(source->origins);
    tp_settings_wipe(source->verify_token);
}

void tp_settings_free(struct tp_settings *settings) {
    if (!settings)
        return;
    for (size_t i = 0; i < tp_settings_count; i++) {
        const struct tp_setting *setting = &tp_settings_table[i];
        if (tp_settings_is_plain(setting) && (setting->kind == TP_TEXT || setting->kind == TP_SECRET))
            tp_settings_wipe(*(char **)(void *)((char *)settings + setting->at));
    }
    for (size_t i = 0; i < settings->n_keys; i++) {
        free(settings->keys[i].name);
        tp_settings_wipe(settings->keys[i].secret);
    }
    for (size_t i = 0; i < settings->n_identifiers; i++) {
        free(settings->identifiers[i].type);
        free(settings->identifiers[i].form);
        free(settings->identifiers[i].blocked);
        free(settings->identifiers[i].unique);
        free(settings->identifiers[i].scope);
    }
    for (size_t i = 0; i < settings->kafka.n_properties; i++) {
        free(settings->kafka.properties[i].name);
        tp_settings_wipe(settings->kafka.properties[i].value);
    }
    for (size_t i = 0; i < settings->n_sources; i++)
        free_source(&settings->source_list[i]);
    free(settings->keys);
    free(settings->identifiers);
    free(settings->source_list);
    free(settings->kafka.properties);
    free(settings);
}
