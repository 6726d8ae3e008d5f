/* Settings that are right each alone, and not together. */
#include "daemon/settings/internal.h"

#include "common/pattern.h"

/* A position has at most a range for every other record of the window, of 24 bytes; a record has a megabyte. */
enum { MOST_WINDOW = 40000 };

static void require(struct tp_loading *loading, bool holds, const char *name, const char *other, const char *expected) {
    if (holds)
        return;
    struct tp_place *place = tp_settings_set_at(loading, tp_settings_called(tp_str(name)));
    if (place->line < 0)
        place = tp_settings_set_at(loading, tp_settings_called(tp_str(other)));
    tp_settings_fault(loading, *place, name, "does not go with %s; expected %s", other, expected);
}

static void check_topics(struct tp_loading *loading) {
    static const char *const names[] = {"kafka.topic_interactions", "kafka.topic_customers", "kafka.topic_rejected",
                                        "kafka.topic_checkpoints"};
    const struct tp_settings *settings = loading->settings;
    const char *topics[] = {settings->kafka.topic_interactions, settings->kafka.topic_customers,
                            settings->kafka.topic_rejected, settings->kafka.topic_checkpoints};
    for (size_t i = 1; i < sizeof names / sizeof *names; i++)
        for (size_t j = 0; j < i; j++)
            require(loading, strcmp(topics[i], topics[j]) != 0, names[i], names[j], "a topic of its own");
}

static void check_keys(struct tp_loading *loading) {
    const struct tp_settings *settings = loading->settings;
    for (size_t i = 1; i < settings->n_keys; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(settings->keys[i].secret, settings->keys[j].secret) == 0)
                tp_settings_fault(loading, loading->file, "key", "%s is the same key as %s; expected one of its own",
                                  settings->keys[i].name, settings->keys[j].name);
}

/* A misspelt type would leave the one that was meant as it is. */
static void check_identifiers(struct tp_loading *loading) {
    const struct tp_settings *settings = loading->settings;
    for (size_t i = 0; i < settings->n_identifiers; i++) {
        bool known = false;
        struct tp_str types = tp_str(settings->identity.types), type;
        while (!known && tp_patterns_next(&types, &type))
            known = tp_str_is(type, settings->identifiers[i].type);
        if (!known)
            tp_settings_fault(loading, loading->file, "identifier", "%s is no type; expected one of identity.types",
                              settings->identifiers[i].type);
    }
}

void tp_settings_check_together(struct tp_loading *loading) {
    const struct tp_settings *settings = loading->settings;
    size_t event = settings->normalize.max_event, segment = settings->journal.segment_size;
    require(loading, settings->journal.max_size / 2 >= segment, "journal.max_size", "journal.segment_size",
            "room for two segments");
    require(loading, segment / 2 > event, "journal.segment_size", "normalize.max_event", "more than two events' bytes");
    require(loading, event <= settings->http.max_unpacked, "normalize.max_event", "http.max_unpacked",
            "no more than a body may have");
    require(loading, !settings->kafka.transactions || settings->delivery.window <= MOST_WINDOW, "delivery.window",
            "kafka.transactions", "at most 40000, so that a position fits into a record");
    size_t body = settings->http.max_body, unpacked = settings->http.max_unpacked;
    require(loading, settings->http.max_bodies / 2 >= body, "http.max_bodies", "http.max_body",
            "room for two of the largest");
    require(loading, settings->http.max_bodies / 2 >= unpacked, "http.max_bodies", "http.max_unpacked",
            "room for two of the largest");
    check_topics(loading);
    check_keys(loading);
    check_identifiers(loading);
}
