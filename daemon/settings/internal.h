/* Between the files of this folder: the table, and what reads by it.
 *
 *   table.c    every setting and section     form.c     the forms that a text may have
 *   value.c    a text becomes a value        secret.c   secrets from the environment and files
 *   text.c     the file, free of comments    file.c     libconfuse over it
 *   settings.c the whole: defaults, file, --set      together.c  what does not go together
 *   example.c  the file as shipped             manual.c   the manual page */
#pragma once

#include "daemon/settings/settings.h"

enum tp_setting_kind {
    TP_TEXT,
    TP_SECRETS,      /* a list of such as TP_SECRET; char ** and, behind it, a size_t */
    TP_SECRET,       /* env:VARIABLE or file:PATH; its value is what is found there */
    TP_KEY_FILE,     /* a path; its value is the key within */
    TP_SCOPES,       /* a list of words, as bits of an unsigned */
    TP_BOOL,         /* bool */
    TP_UNSIGNED,     /* unsigned */
    TP_INT,          /* int */
    TP_SIZE,         /* size_t, bytes */
    TP_MILLISECONDS, /* unsigned */
    TP_SECONDS,      /* int64_t or uint64_t */
};

struct tp_form {
    const char *expected;                    /* completes "expected ..." */
    const char *(*wrong)(const char *value); /* NULL, or what completes "VALUE ..." */
};

struct tp_setting {
    const char *section, *name;
    size_t at; /* its offset in struct tp_settings, or in the item of a titled section */
    enum tp_setting_kind kind;
    const char *value;          /* the default, as it would be written; NULL: it must be given */
    int64_t min, max;           /* of numbers, in the unit that is kept */
    const struct tp_form *form; /* of texts, and of what a range alone cannot say */
    bool hidden;                /* a wrong value is not repeated: it may hold a secret */
    const char *help;
};

struct tp_section {
    const char *name, *help;
    const char *sample; /* lines that are shown, and are no defaults; or NULL */
    /* Of sections with a title, e.g. key "crm": the item of that title, made when it is new; NULL when memory is short.
     * For plain ones there is no such function: their settings are members of struct tp_settings. */
    void *(*item)(struct tp_settings *settings, const char *title);
};

extern const struct tp_setting tp_settings_table[];
extern const size_t tp_settings_count;
extern const struct tp_section tp_settings_sections[];
extern const size_t tp_settings_n_sections;

const struct tp_setting *tp_settings_find(struct tp_str section, struct tp_str name); /* or NULL */
const struct tp_setting *tp_settings_called(struct tp_str name);                      /* SECTION.NAME */
const struct tp_section *tp_settings_section(struct tp_str name);                     /* or NULL */
bool tp_settings_is_plain(const struct tp_setting *setting);                          /* of a section without title */

/* Where a value was given. */
struct tp_place {
    const char *file; /* NULL: not from a file */
    int line;         /* 0: the file as a whole, or --set; -1: nowhere, a default */
};

/* One load. */
struct tp_loading {
    struct tp_settings *settings;
    struct tp_buf *faults;
    struct tp_place file;    /* the file as a whole */
    struct tp_place place;   /* of what is being read */
    struct tp_place *set_at; /* where each setting of the table was given last */
    bool failed;             /* memory was short */
};

static inline struct tp_place *tp_settings_set_at(struct tp_loading *loading, const struct tp_setting *setting) {
    return &loading->set_at[setting - tp_settings_table];
}

/* One line. The name may be NULL. */
void tp_settings_fault(struct tp_loading *loading, struct tp_place place, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The value as it may stand in a fault: in quotes, cut, without control characters; `out` holds it. */
#define TP_SHOWN_BYTES 200
const char *tp_settings_shown(const char *value, char out[TP_SHOWN_BYTES]);

/* Gives `setting` of `base` the value that `text` says, or writes a fault that calls it `name`. */
void tp_settings_assign(struct tp_loading *loading, const struct tp_setting *setting, void *base, const char *name,
                        const char *text);
/* What the setting takes: completes "expected ...". */
void tp_settings_expected(const struct tp_setting *setting, struct tp_buf *out);
/* Replaces *slot, wiping what was there. */
void tp_settings_keep(struct tp_loading *loading, char **slot, const char *text);
void tp_settings_wipe(char *text); /* and frees; NULL is fine */

/* What `reference`, an env:VARIABLE or a file:PATH, holds; the caller wipes it. NULL, and a fault that calls it `name`.
 */
char *tp_settings_secret(struct tp_loading *loading, const char *name, const char *reference);
/* One more of them. */
void tp_settings_add_secret(struct tp_loading *loading, char ***list, const char *name, const char *reference);
/* The same of a key's file, which is held to more. */
char *tp_settings_key(struct tp_loading *loading, const char *name, const char *path);

void tp_settings_set_property(struct tp_loading *loading, const char *name, const char *value);

/* Turns the comments of `text` to blanks. False where a string, a comment or a section is not closed: what, and where.
 */
bool tp_settings_clean(char *text, int *ret_line, const char **ret_wrong);
/* Reads the whole file into the settings. */
void tp_settings_read(struct tp_loading *loading);

void tp_settings_check_together(struct tp_loading *loading);

/* Forms, named by what they describe. */
extern const struct tp_form tp_form_listen, tp_form_url, tp_form_proxies, tp_form_region, tp_form_path, tp_form_token,
    tp_form_types, tp_form_patterns, tp_form_identifier, tp_form_unique, tp_form_scope, tp_form_redis, tp_form_prefix,
    tp_form_topic, tp_form_origins, tp_form_kind, tp_form_brokers, tp_form_replication, tp_form_level;
bool tp_settings_is_token(const char *value); /* 1 to 64 of letters, digits, '.', '_' and '-' */
