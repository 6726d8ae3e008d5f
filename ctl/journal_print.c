/* What a look at a journal has found, written for people and for programs. Both have the same words. */
#include "ctl/journal.h"

#include <inttypes.h>

#include "common/error.h"
#include "common/time.h"

const char *tp_ctl_record_type(enum tp_record_type type) {
    return type == TP_RECORD_INTERACTION ? "interaction"
           : type == TP_RECORD_REJECTION ? "rejection"
           : type == TP_RECORD_SPLIT     ? "split"
                                         : "unknown";
}

static const char *state_of(const struct tp_inspect_segment *segment) {
    static const char *const states[] = {"spare", "active", "sealed"};
    return segment->status < 0 ? "foreign" : states[segment->state];
}

static const char *kind_of(const struct tp_inspect_damage *damage) {
    static const char *const kinds[] = {"corrupt", "missing", "torn tail", "being written"};
    return kinds[damage->kind];
}

static const char *slot_state(const struct tp_inspect_slot *slot) {
    return slot->status == 0              ? "sound"
           : slot->status == TP_ENOTFOUND ? "absent"
           : slot->status == TP_ECONFIG   ? "of another version"
                                          : "damaged";
}

static const char *node_state(const struct tp_inspection *found) {
    return found->node_status == 0              ? ""
           : found->node_status == TP_ENOTFOUND ? " (by the segments: the file node is absent)"
           : found->node_status == TP_ECONFIG   ? " (by the segments: the file node is of another version)"
                                                : " (by the segments: the file node is damaged)";
}

/* ---- for programs ---- */

static void add_text(struct tp_buf *out, const char *name, const char *value) {
    tp_buf_addf(out, ",\"%s\":", name);
    tp_json_write_string(tp_str(value), out);
}

static void add_number(struct tp_buf *out, const char *name, uint64_t value) {
    tp_buf_addf(out, ",\"%s\":%" PRIu64, name, value);
}

static void add_time(struct tp_buf *out, const char *name, int64_t ms) {
    char text[TP_TIME_TEXT];
    tp_time_format(ms, text);
    add_text(out, name, text);
}

/* Segment 0: what is missing had a file that is gone, too. */
static const char *file_of(uint64_t segment, char name[TP_SEGMENT_NAME]) {
    if (segment == 0)
        return "";
    tp_segment_name(segment, name);
    return name;
}

static void add_file(struct tp_buf *out, uint64_t segment) {
    char name[TP_SEGMENT_NAME];
    add_text(out, "file", file_of(segment, name));
}

static void add_slots(struct tp_buf *out, const struct tp_inspection *found) {
    tp_buf_adds(out, ",\"slots\":[");
    for (unsigned i = 0; i < 2; i++) {
        const struct tp_inspect_slot *slot = &found->slots[i];
        tp_buf_addf(out, "%s{\"slot\":%u", i ? "," : "", i + 1);
        add_text(out, "state", slot_state(slot));
        if (slot->status == 0) {
            add_number(out, "generation", slot->generation);
            add_number(out, "frontier", slot->frontier);
            add_number(out, "last", slot->last);
        }
        tp_buf_addc(out, '}');
    }
    tp_buf_addc(out, ']');
}

static void add_segments(struct tp_buf *out, const struct tp_inspection *found) {
    tp_buf_adds(out, ",\"segments\":[");
    for (size_t i = 0; i < found->n_segments; i++) {
        const struct tp_inspect_segment *segment = &found->segments[i];
        tp_buf_addf(out, "%s{\"segment\":%" PRIu64, i ? "," : "", segment->number);
        add_file(out, segment->number);
        add_text(out, "state", state_of(segment));
        add_number(out, "bytes", segment->bytes);
        add_number(out, "interactions", segment->interactions);
        add_number(out, "rejections", segment->rejections);
        add_number(out, "splits", segment->splits);
        add_number(out, "unknown", segment->unknown);
        if (segment->first > 0) {
            add_number(out, "first", segment->first);
            add_number(out, "last", segment->last);
            add_time(out, "received_from", segment->received_from_ms);
            add_time(out, "received_to", segment->received_to_ms);
        }
        tp_buf_addc(out, '}');
    }
    tp_buf_addc(out, ']');
}

static void add_damage(struct tp_buf *out, const struct tp_inspection *found) {
    tp_buf_adds(out, ",\"damage\":[");
    for (size_t i = 0; i < found->n_damage; i++) {
        const struct tp_inspect_damage *damage = &found->damage[i];
        tp_buf_addf(out, "%s{\"kind\":\"%s\"", i ? "," : "", kind_of(damage));
        add_file(out, damage->segment);
        add_number(out, "from", damage->from);
        add_number(out, "to", damage->to);
        if (damage->last > 0) {
            add_number(out, "first", damage->first);
            add_number(out, "last", damage->last);
        }
        tp_buf_addc(out, '}');
    }
    tp_buf_addc(out, ']');
}

static void print_json(const char *dir, const struct tp_inspection *found) {
    struct tp_buf out = TP_BUF_INIT;
    tp_buf_adds(&out, "{\"dir\":");
    tp_json_write_string(tp_str(dir), &out);
    add_text(&out, "node", found->node);
    tp_buf_addf(&out, ",\"in_use\":%s", found->in_use ? "true" : "false");
    add_slots(&out, found);
    add_segments(&out, found);
    add_damage(&out, found);
    add_number(&out, "bytes", found->bytes);
    add_number(&out, "frontier", found->frontier);
    add_number(&out, "records", found->records);
    add_number(&out, "pending", found->pending);
    add_number(&out, "released", found->released);
    tp_buf_adds(&out, "}\n");
    tp_ctl_write(&out, stdout);
    tp_buf_free(&out);
}

/* ---- for people ---- */

static void print_table(struct tp_ctl_table *table, const struct tp_ctl_options *options) {
    putchar('\n');
    tp_ctl_table_print(table, options, stdout);
    tp_ctl_table_free(table);
}

static void print_slots(const struct tp_inspection *found, const struct tp_ctl_options *options) {
    static const char *const titles[] = {"CHECKPOINT", ">GENERATION", ">DELIVERED BELOW", ">LAST", "STATE"};
    struct tp_ctl_table *table = tp_ctl_table_new(titles, 5);
    for (unsigned i = 0; table && i < 2; i++) {
        const struct tp_inspect_slot *slot = &found->slots[i];
        tp_ctl_table_addf(table, "slot %u", i + 1);
        tp_ctl_table_addf(table, "%" PRIu64, slot->generation);
        tp_ctl_table_addf(table, "%" PRIu64, slot->frontier);
        tp_ctl_table_addf(table, "%" PRIu64, slot->last);
        tp_ctl_table_add(table, tp_str(slot_state(slot)));
        tp_ctl_table_colour(table, slot->status == 0 ? TP_CTL_GOOD : TP_CTL_BAD);
    }
    if (table)
        print_table(table, options);
}

static void add_number_cell(struct tp_ctl_table *table, bool known, uint64_t number) {
    if (known)
        tp_ctl_table_addf(table, "%" PRIu64, number);
    else
        tp_ctl_table_add(table, TP_STR(""));
}

static void add_time_cell(struct tp_ctl_table *table, bool known, int64_t ms) {
    char text[TP_TIME_TEXT] = "";
    if (known)
        tp_time_format(ms, text);
    tp_ctl_table_add(table, tp_str(text));
}

static void print_segments(const struct tp_inspection *found, const struct tp_ctl_options *options) {
    static const char *const titles[] = {">SEGMENT",      "STATE",       ">BYTES",        ">FIRST",     ">LAST",
                                         ">INTERACTIONS", ">REJECTIONS", "RECEIVED FROM", "RECEIVED TO"};
    struct tp_ctl_table *table = tp_ctl_table_new(titles, 9);
    for (size_t i = 0; table && i < found->n_segments; i++) {
        const struct tp_inspect_segment *segment = &found->segments[i];
        tp_ctl_table_addf(table, "%" PRIu64, segment->number);
        tp_ctl_table_add(table, tp_str(state_of(segment)));
        tp_ctl_table_addf(table, "%" PRIu64, segment->bytes);
        add_number_cell(table, segment->first > 0, segment->first);
        add_number_cell(table, segment->first > 0, segment->last);
        tp_ctl_table_addf(table, "%" PRIu64, segment->interactions);
        tp_ctl_table_addf(table, "%" PRIu64, segment->rejections);
        add_time_cell(table, segment->first > 0, segment->received_from_ms);
        add_time_cell(table, segment->first > 0, segment->received_to_ms);
    }
    if (table)
        print_table(table, options);
}

static void print_damage(const struct tp_inspection *found, const struct tp_ctl_options *options) {
    static const char *const titles[] = {"DAMAGE", "FILE", ">FROM BYTE", ">TO BYTE", ">FIRST LOST", ">LAST LOST"};
    struct tp_ctl_table *table = found->n_damage > 0 ? tp_ctl_table_new(titles, 6) : NULL;
    for (size_t i = 0; table && i < found->n_damage; i++) {
        const struct tp_inspect_damage *damage = &found->damage[i];
        char file[TP_SEGMENT_NAME];
        tp_ctl_table_add(table, tp_str(kind_of(damage)));
        tp_ctl_table_colour(table, damage->kind < TP_DAMAGE_TORN ? TP_CTL_BAD : TP_CTL_DIM);
        tp_ctl_table_add(table, tp_str(file_of(damage->segment, file)));
        tp_ctl_table_addf(table, "%" PRIu64, damage->from);
        tp_ctl_table_addf(table, "%" PRIu64, damage->to);
        add_number_cell(table, damage->last > 0, damage->first);
        add_number_cell(table, damage->last > 0, damage->last);
    }
    if (table)
        print_table(table, options);
}

static void print_totals(const struct tp_inspection *found) {
    struct tp_buf line = TP_BUF_INIT;
    tp_ctl_add_count(&line, found->records);
    tp_buf_adds(&line, " records: ");
    tp_ctl_add_count(&line, found->pending);
    tp_buf_adds(&line, " pending, ");
    tp_ctl_add_count(&line, found->released);
    tp_buf_addf(&line, " released; %zu segments, ", found->n_segments);
    tp_ctl_add_bytes(&line, found->bytes);
    printf("\n%.*s\n", TP_FMT(tp_buf_str(&line)));
    tp_buf_free(&line);
}

void tp_ctl_journal_print(const char *dir, const struct tp_inspection *found, const struct tp_ctl_options *options) {
    if (options->json) {
        print_json(dir, found);
        return;
    }
    printf("journal %s\nnode    %s%s\n%s\n", dir, *found->node ? found->node : "not known", node_state(found),
           found->in_use ? "A running process has it open." : "No process has it open.");
    print_slots(found, options);
    print_segments(found, options);
    print_damage(found, options);
    print_totals(found);
}
