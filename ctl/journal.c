/* `journal`, and most of all `journal inspect`: the journal as it lies on the disk, whether a daemon has it open or
 * not. With --records its records one by one, read as delivery would read them; what they hold is not shown unless it
 * is asked for. */
#include "ctl/journal.h"

#include <inttypes.h>
#include <string.h>

#include "common/error.h"
#include "common/interaction.h"
#include "common/split.h"
#include "common/time.h"
#include "common/utf8.h"
#include "daemon/settings/settings.h"

#define USUAL_RECORDS 100

static const char help[] =
    "inspect           shows a journal: whose it is, how far it is delivered, its segments, and what is damaged or\n"
    "                  missing in them\n"
    "adopt             makes a journal that was moved here from another machine this machine's\n"
    "reset-checkpoint  when touchpointd refuses to start because both slots of the checkpoint are damaged: has all\n"
    "                  that the journal holds delivered again\n\n"
    "DIR is its directory or a copy of it; without DIR it is journal.dir of touchpointd's settings.\n\n"
    "inspect changes nothing and locks nothing, so it may be asked beside a running touchpointd: what that is just\n"
    "writing is no damage. A torn tail is none either: it is the end of a write that nobody was told of, and the next\n"
    "start cuts it off. The other two want touchpointd stopped, and ask before they do anything.\n";

static const char own_options[] = "  --records           the records one by one, the oldest first\n"
                                  "  --from N            records from number N on\n"
                                  "  --limit N           at most so many records (100; with --json all)\n"
                                  "  --payload           what the records hold, too\n"
                                  "  --yes               do not ask\n";

static const char example[] =
    "Example: touchpointctl journal inspect /var/lib/touchpointd/journal --records --from 1200 --limit 20\n"
    "         sudo touchpointctl journal reset-checkpoint\n"
    "Exit: 0, or 1 when records are damaged or missing, when the journal cannot be read, or when nothing was done.\n";

struct asked {
    const char *from_text, *limit_text;
    bool records, payload, yes;
    uint64_t from, limit;
};

/* ---- records ---- */

struct listing {
    const struct asked *asked;
    const struct tp_ctl_options *options;
    struct tp_ctl_table *table;
    uint64_t shown;
};

/* What can be told of a record: its source and id, and what it holds as JSON. */
struct content {
    struct tp_str source, id;
    struct tp_buf json;
};

static void read_split(struct tp_str packed, bool payload, struct content *ret) {
    struct tp_split split;
    if (tp_split_unpack(packed, &split) < 0)
        return;
    ret->source = TP_SOURCE_OPERATOR;
    ret->id = split.id;
    if (payload)
        tp_split_json(&split, &ret->json);
}

static void read_content(const struct tp_journal_record *record, bool payload, struct content *ret) {
    struct tp_interaction interaction;
    struct tp_rejection rejection;
    *ret = (struct content){0};
    if (record->type == TP_RECORD_INTERACTION && tp_interaction_unpack(record->payload, &interaction) == 0) {
        ret->source = interaction.source;
        ret->id = interaction.id;
        if (payload)
            tp_buf_addstr(&ret->json, interaction.json);
    } else if (record->type == TP_RECORD_REJECTION && tp_rejection_unpack(record->payload, &rejection) == 0) {
        ret->source = rejection.source;
        ret->id = tp_utf8_valid(rejection.id) ? rejection.id : TP_STR("");
        if (payload)
            tp_rejection_json(&rejection, &ret->json);
    } else if (record->type == TP_RECORD_SPLIT) {
        read_split(record->payload, payload, ret);
    }
}

static void print_json(const struct tp_inspect_record *seen, const char *received_at, const struct content *content) {
    struct tp_buf line = TP_BUF_INIT;
    tp_buf_addf(&line,
                "{\"record\":%" PRIu64 ",\"segment\":%" PRIu64 ",\"at\":%" PRIu64 ",\"bytes\":%" PRIu64
                ",\"type\":\"%s\",\"received_at\":\"%s\",\"source\":",
                seen->record->number, seen->segment, seen->at, seen->size, tp_ctl_record_type(seen->record->type),
                received_at);
    tp_json_write_string(content->source, &line);
    tp_buf_adds(&line, ",\"id\":");
    tp_json_write_string(content->id, &line);
    if (content->json.len > 0) {
        tp_buf_adds(&line, ",\"payload\":");
        tp_buf_addstr(&line, tp_buf_str(&content->json));
    }
    tp_buf_adds(&line, "}\n");
    tp_ctl_write(&line, stdout);
    tp_buf_free(&line);
}

static void add_row(struct tp_ctl_table *table, const struct tp_inspect_record *seen, const char *received_at,
                    const struct content *content, bool payload) {
    tp_ctl_table_addf(table, "%" PRIu64, seen->record->number);
    tp_ctl_table_addf(table, "%" PRIu64, seen->segment);
    tp_ctl_table_addf(table, "%" PRIu64, seen->at);
    tp_ctl_table_addf(table, "%" PRIu64, seen->size);
    tp_ctl_table_add(table, tp_str(tp_ctl_record_type(seen->record->type)));
    tp_ctl_table_add(table, tp_str(received_at));
    tp_ctl_table_add(table, content->source);
    tp_ctl_table_add(table, content->id);
    if (payload)
        tp_ctl_table_add(table, tp_buf_str(&content->json));
}

static bool on_record(void *arg, const struct tp_inspect_record *seen) {
    struct listing *listing = arg;
    char received_at[TP_TIME_TEXT];
    struct content content;
    if (seen->record->number < listing->asked->from)
        return true;
    tp_time_format(seen->record->received_ms, received_at);
    read_content(seen->record, listing->asked->payload, &content);
    if (listing->options->json)
        print_json(seen, received_at, &content);
    else
        add_row(listing->table, seen, received_at, &content, listing->asked->payload);
    tp_buf_free(&content.json);
    return ++listing->shown < listing->asked->limit;
}

/* ---- the command ---- */

static bool is_damaged(const struct tp_inspection *found) {
    bool damaged = false;
    for (size_t i = 0; i < found->n_damage; i++)
        damaged = damaged || found->damage[i].kind == TP_DAMAGE_CORRUPT || found->damage[i].kind == TP_DAMAGE_MISSING;
    for (size_t i = 0; i < found->n_segments; i++)
        damaged = damaged || found->segments[i].status < 0;
    return damaged;
}

static int inspect(const char *dir, const struct asked *asked, const struct tp_ctl_options *options) {
    static const char *const titles[] = {">RECORD",  ">SEGMENT", ">AT", ">BYTES", "TYPE",
                                         "RECEIVED", "SOURCE",   "ID",  "PAYLOAD"};
    struct listing listing = {.asked = asked, .options = options};
    struct tp_inspection *found = NULL;
    struct tp_buf said = TP_BUF_INIT;
    listing.table = tp_ctl_table_new(titles, asked->payload ? 9 : 8);
    int error =
        listing.table ? tp_journal_inspect(dir, asked->records ? on_record : NULL, &listing, &said, &found) : TP_ENOMEM;
    tp_ctl_write(&said, stderr);
    if (error < 0)
        tp_ctl_say("%s cannot be inspected: %s", dir, tp_error_text(error));
    else if (!asked->records)
        tp_ctl_journal_print(dir, found, options);
    else if (!options->json)
        tp_ctl_table_print(listing.table, options, stdout);
    bool damaged = error == 0 && is_damaged(found);
    if (damaged && asked->records)
        tp_ctl_say("the journal is damaged; without --records it is said where");
    tp_inspection_free(found);
    tp_ctl_table_free(listing.table);
    tp_buf_free(&said);
    return error < 0 || damaged ? EXIT_FAULT : EXIT_DONE;
}

static bool read_numbers(struct asked *asked, const struct tp_ctl_options *options) {
    asked->limit = options->json ? UINT64_MAX : USUAL_RECORDS;
    return (!asked->from_text || tp_ctl_read_number("--from", asked->from_text, 1, INT64_MAX, &asked->from)) &&
           (!asked->limit_text || tp_ctl_read_number("--limit", asked->limit_text, 1, INT64_MAX, &asked->limit));
}

static int adopt(const char *dir, const struct asked *asked, const struct tp_ctl_options *options) {
    (void)options;
    return tp_ctl_journal_adopt(dir, asked->yes);
}

static int reset(const char *dir, const struct asked *asked, const struct tp_ctl_options *options) {
    (void)options;
    return tp_ctl_journal_reset(dir, asked->yes);
}

static const struct verb {
    const char *name;
    int (*run)(const char *dir, const struct asked *asked, const struct tp_ctl_options *options);
} verbs[] = {{"inspect", inspect}, {"adopt", adopt}, {"reset-checkpoint", reset}};

static const struct verb *find_verb(const char *name) {
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(name, verbs[i].name) == 0)
            return &verbs[i];
    return NULL;
}

static int run(const struct tp_ctl_command *command, int argc, char **argv) {
    struct asked asked = {0};
    struct tp_ctl_options options;
    const struct tp_ctl_option own[] = {
        {"records", NULL, &asked.records}, {"from", &asked.from_text, NULL}, {"limit", &asked.limit_text, NULL},
        {"payload", NULL, &asked.payload}, {"yes", NULL, &asked.yes},        {0},
    };
    const char *operands[argc];
    size_t n;
    int status = tp_ctl_read(command, argc, argv, own, &options, operands, &n);
    if (status >= 0)
        return status;
    const struct verb *verb = n == 1 || n == 2 ? find_verb(operands[0]) : NULL;
    if (!verb)
        return tp_ctl_help(command, false);
    if (!read_numbers(&asked, &options))
        return EXIT_USAGE;
    if (n == 2)
        return verb->run(operands[1], &asked, &options);
    struct tp_settings *settings = tp_ctl_settings(&options);
    if (!settings)
        return EXIT_FAULT;
    status = verb->run(settings->journal.dir, &asked, &options);
    tp_settings_free(settings);
    return status;
}

const struct tp_ctl_command tp_ctl_journal = {
    .name = "journal",
    .arguments = "inspect|adopt|reset-checkpoint [DIR]",
    .summary = "what a journal holds, and whether it is sound; what to do when it is refused",
    .help = help,
    .options = own_options,
    .example = example,
    .uses = TP_CTL_SETTINGS | TP_CTL_JSON,
    .run = run,
};
