/* config/touchpointd.conf is what the table writes, means the defaults, and can be cut anywhere without harm. */
#include "tests/unit/settings/load.h"

#include <ctype.h>
#include <string.h>

#include "daemon/settings/internal.h"

static char *example(void) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    if (stream) {
        tp_settings_write_example(stream);
        fclose(stream);
    }
    assert_non_null(text);
    return text;
}

/* Takes the '#' away where a setting stands right behind it. Returns how many. */
static size_t uncomment(char *text) {
    size_t count = 0;
    for (char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        line += strspn(line, " ");
        if (line[0] == '#' && islower((unsigned char)line[1])) {
            line[0] = ' ';
            count++;
        }
    }
    return count;
}

static void the_shipped_file_is_the_tables(void **state) {
    (void)state;
    char *text = example(), *shipped = calloc(1, 65536);
    FILE *file = opened(SOURCE_DIR "/config/touchpointd.conf", "r");
    assert_true(fread(shipped, 1, 65535, file) > 0);
    fclose(file);
    assert_string_equal(shipped, text);
    free(shipped);
    free(text);
}

static void as_shipped_it_is_the_defaults(void **state) {
    (void)state;
    char *text = example();
    tp_settings_free(loaded(text, NULL));
    free(text);
}

static bool equal(const struct tp_setting *setting, const void *one, const void *other) {
    const char *a = (const char *)one + setting->at, *b = (const char *)other + setting->at;
    switch (setting->kind) {
    case TP_TEXT:
    case TP_SECRET:
        return strcmp(*(char *const *)(const void *)a, *(char *const *)(const void *)b) == 0;
    case TP_BOOL:
        return memcmp(a, b, sizeof(bool)) == 0;
    case TP_SIZE:
    case TP_SECONDS:
        return memcmp(a, b, sizeof(int64_t)) == 0;
    default:
        return memcmp(a, b, sizeof(int)) == 0;
    }
}

static void with_every_setting_uncommented_it_is_the_defaults_too(void **state) {
    (void)state;
    char *text = example();
    size_t count = 0;
    for (size_t i = 0; i < tp_settings_count; i++)
        count += tp_settings_is_plain(&tp_settings_table[i]);
    assert_int_equal(uncomment(text), count);
    struct tp_settings *defaults = loaded(NULL, NULL), *settings = loaded(text, NULL);
    for (size_t i = 0; i < tp_settings_count; i++)
        if (tp_settings_is_plain(&tp_settings_table[i]) && !equal(&tp_settings_table[i], defaults, settings))
            fail_msg("%s.%s is not its default", tp_settings_table[i].section, tp_settings_table[i].name);
    tp_settings_free(defaults);
    tp_settings_free(settings);
    free(text);
}

static void cut_anywhere_it_loads_or_is_refused(void **state) {
    (void)state;
    char *text = example();
    uncomment(text);
    for (size_t len = strlen(text); len > 0; len -= len < 7 ? len : 7) {
        text[len] = '\0';
        tp_settings_free(load(text, NULL));
    }
    free(text);
}

/* A generator of our own, so that a failure comes back. */
static unsigned chance(unsigned *seed) { return (*seed = *seed * 1664525 + 1013904223) >> 16; }

static void garbled_it_loads_or_is_refused(void **state) {
    (void)state;
    static const char marks[] = "{}\"'#/*\\\n$=,|( +\x01\xff";
    unsigned seed = 1;
    size_t refused = 0;
    for (int round = 0; round < 1000; round++) {
        char *text = example();
        size_t len = strlen(text);
        uncomment(text);
        for (unsigned n = chance(&seed) % 8 + 1; n > 0; n--)
            text[chance(&seed) % len] = marks[chance(&seed) % (sizeof marks - 1)];
        struct tp_settings *settings = load(text, NULL);
        refused += !settings;
        tp_settings_free(settings);
        free(text);
    }
    assert_in_range(refused, 100, 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_file_is_the_tables),
        cmocka_unit_test(as_shipped_it_is_the_defaults),
        cmocka_unit_test(with_every_setting_uncommented_it_is_the_defaults_too),
        cmocka_unit_test(cut_anywhere_it_loads_or_is_refused),
        cmocka_unit_test(garbled_it_loads_or_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
