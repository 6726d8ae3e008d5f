/* touchpointd.conf(5) has every setting of the table, with all that the table says of it. */
#include "tests/unit/settings/load.h"

#include "daemon/settings/internal.h"

/* What a reader sees of the text; the macros stay. */
static char *unescaped(char *text) {
    static const struct {
        const char *escape, *shown;
    } escapes[] = {{"\\-", "-"}, {"\\:", ""}, {"\\(ti", "~"}, {"\\(dq", "\""}, {"\\e", "\\"}};
    char *to = text;
    for (const char *from = text; *from;) {
        size_t i = 0, n = sizeof escapes / sizeof *escapes;
        while (i < n && strncmp(from, escapes[i].escape, strlen(escapes[i].escape)) != 0)
            i++;
        if (i < n) {
            from += strlen(escapes[i].escape);
            to = stpcpy(to, escapes[i].shown);
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return text;
}

static char *manual(void) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    assert_non_null(stream);
    tp_settings_write_manual(stream);
    fclose(stream);
    return unescaped(text);
}

/* Where `what` stands at or behind `at`. */
static const char *found(const char *at, const struct tp_buf *what) {
    const char *there = memmem(at, strlen(at), what->at, what->len);
    if (!there)
        fail_msg("missing, or not in its place: %.*s", TP_FMT(*what));
    return there;
}

static void add_item(const struct tp_setting *setting, struct tp_buf *out) {
    tp_buf_addf(out, ".It Va %s\n%s\nTakes ", setting->name, setting->help);
    tp_settings_expected(setting, out);
    tp_buf_adds(out, ".\n");
    if (setting->value && *setting->value)
        tp_buf_addf(out, "The default is\n.Li %s .\n", setting->value);
    else
        tp_buf_adds(out, setting->value ? "Empty by default.\n" : "It must be given.\n");
}

static void each_setting_stands_in_its_section(void **state) {
    (void)state;
    char *text = manual();
    const char *at = text, *section = "";
    for (size_t i = 0; i < tp_settings_count; i++) {
        struct tp_buf expected = TP_BUF_INIT;
        if (strcmp(tp_settings_table[i].section, section) != 0) {
            section = tp_settings_table[i].section;
            tp_buf_addf(&expected, ".Ss %s", section);
            at = found(at, &expected);
            tp_buf_clear(&expected);
        }
        add_item(&tp_settings_table[i], &expected);
        at = found(at, &expected);
        tp_buf_free(&expected);
    }
    free(text);
}

static void a_sample_stands_in_its_section(void **state) {
    (void)state;
    char *text = manual();
    const char *at = strstr(text, ".Ss key \"NAME\"\n");
    assert_non_null(at);
    assert_non_null(at = strstr(at, "For example:\n.Bd -literal\nkey \"crm\" { file = "));
    assert_non_null(strstr(at, "Passed to librdkafka as they are; "));
    assert_non_null(strstr(at, "\n.Bd -literal\nproperty { linger.ms = "));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_setting_stands_in_its_section),
        cmocka_unit_test(a_sample_stands_in_its_section),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
