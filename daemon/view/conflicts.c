#include "daemon/view/conflicts.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/interaction.h"
#include "common/json.h"
#include "common/time.h"
#include "daemon/view/union.h"

struct tp_view_conflicts {
    struct tp_union *line;
    size_t looked_at, found;
    struct tp_buf json;
    tp_view_conflicts_done *done;
    void *arg;
};

static struct tp_str text_of(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return (struct tp_str){json_string_value(value), json_string_length(value)};
}

static void write_text(const char *name, struct tp_str text, struct tp_buf *out) {
    if (!text.at)
        return;
    tp_buf_addf(out, ",\"%s\":", name);
    tp_json_write_string(text, out);
}

static void write_conflict(struct tp_view_conflicts *conflicts, const json_t *interaction, const json_t *conflict,
                           int64_t time_ms) {
    struct tp_buf *out = &conflicts->json;
    char time[TP_TIME_TEXT];
    tp_time_format(time_ms, time);
    if (conflicts->found++ > 0)
        tp_buf_addc(out, ',');
    tp_interaction_write_identifier((struct tp_identifier){text_of(conflict, "type"), text_of(conflict, "value")}, out);
    write_text("reason", text_of(conflict, "reason"), out);
    write_text("customer", text_of(conflict, "customer"), out);
    write_text("time", tp_str(time), out);
    write_text("source", text_of(interaction, "source"), out);
    write_text("event", text_of(interaction, "id"), out);
    tp_buf_addc(out, '}');
}

/* Few have one, and those alone are parsed. */
static int look_at(struct tp_view_conflicts *conflicts, const struct tp_union_entry *found) {
    static const char mark[] = "\"conflict\":[";
    struct tp_str json = found->entry.json;
    const json_t *conflict;
    size_t i;
    conflicts->looked_at++;
    if (!memmem(json.at, json.len, mark, sizeof mark - 1))
        return 0;
    json_t *interaction = json_loadb(json.at, json.len, 0, NULL);
    const json_t *customer = json_object_get(interaction, "customer");
    json_array_foreach(json_object_get(customer, "conflict"), i, conflict) {
        if (conflicts->found < TP_VIEW_MOST_CONFLICTS)
            write_conflict(conflicts, interaction, conflict, found->place.time_ms);
    }
    json_decref(interaction);
    return interaction ? 0 : TP_ECORRUPT;
}

static bool has_enough(const struct tp_view_conflicts *conflicts) {
    return conflicts->found >= TP_VIEW_MOST_CONFLICTS || conflicts->looked_at >= TP_VIEW_CONFLICTS_IN;
}

static void finish(struct tp_view_conflicts *conflicts, int status) {
    tp_buf_addc(&conflicts->json, ']');
    if (status == 0 && conflicts->json.failed)
        status = TP_ENOMEM;
    conflicts->done(conflicts->arg, status, status == 0 ? tp_buf_str(&conflicts->json) : (struct tp_str){0});
}

static void go_on(void *arg, int status) {
    struct tp_view_conflicts *conflicts = arg;
    struct tp_union_entry found;
    enum tp_union_next next = TP_UNION_END;
    while (status == 0 && !has_enough(conflicts) && (next = tp_union_look(conflicts->line, &found)) == TP_UNION_ENTRY) {
        status = look_at(conflicts, &found);
        tp_union_pass(conflicts->line);
    }
    if (status == 0 && next == TP_UNION_UNREAD)
        tp_union_read(conflicts->line, go_on, conflicts);
    else
        finish(conflicts, status);
}

int tp_view_conflicts_new(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str root_id,
                          const struct tp_customer *root, struct tp_view_conflicts **ret) {
    const struct tp_union_span all = {.until_ms = TP_TIME_LAST_MS};
    struct tp_view_conflicts *conflicts = calloc(1, sizeof *conflicts);
    if (!conflicts)
        return TP_ENOMEM;
    int status = tp_union_new(settings, redis, root_id, root, &all, &conflicts->line);
    if (status == 0)
        *ret = conflicts;
    else
        free(conflicts);
    return status;
}

void tp_view_conflicts_free(struct tp_view_conflicts *conflicts) {
    if (!conflicts)
        return;
    tp_union_free(conflicts->line);
    tp_buf_free(&conflicts->json);
    free(conflicts);
}

void tp_view_conflicts_read(struct tp_view_conflicts *conflicts, tp_view_conflicts_done *done, void *arg) {
    conflicts->done = done;
    conflicts->arg = arg;
    tp_buf_addc(&conflicts->json, '[');
    go_on(conflicts, 0);
}
