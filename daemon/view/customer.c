/* One customer. */
#include "daemon/view/internal.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"
#include "common/traits.h"
#include "daemon/context/context.h"
#include "daemon/identity/identity.h"
#include "daemon/view/conflicts.h"

struct asked {
    tp_view_done *done;
    void *arg;
    const struct tp_settings *settings;
    struct tp_redis *redis;
    bool identity_alone;
    char customer_id[TP_UUID_TEXT];
    struct tp_buf json; /* so far */
    struct tp_view_conflicts *conflicts;
};

static void answer(struct asked *asked, int status) {
    tp_buf_addc(&asked->json, '}');
    if (status == 0 && asked->json.failed)
        status = TP_ENOMEM;
    asked->done(asked->arg, status, status == 0 ? tp_buf_str(&asked->json) : (struct tp_str){0});
    tp_buf_free(&asked->json);
    tp_view_conflicts_free(asked->conflicts);
    free(asked);
}

static void write_time(const char *name, int64_t ms, struct tp_buf *out) {
    char time[TP_TIME_TEXT];
    tp_time_format(ms, time);
    tp_buf_addf(out, ",\"%s\":\"%s\"", name, time);
}

static void write_counts(struct tp_str state, struct tp_buf *out) {
    const struct tp_str count = TP_STR(TP_STATE_COUNT);
    struct tp_str name, value;
    tp_buf_adds(out, ",\"counts\":{");
    while (tp_context_state_next(&state, &name, &value)) {
        if (name.len <= count.len || !tp_str_begins(name, TP_STATE_COUNT))
            continue;
        if (out->at[out->len - 1] != '{')
            tp_buf_addc(out, ',');
        tp_json_write_string((struct tp_str){name.at + count.len, name.len - count.len}, out);
        tp_buf_addc(out, ':');
        tp_buf_addstr(out, value);
    }
    tp_buf_addc(out, '}');
}

static int64_t count_of(struct tp_str digits) {
    int64_t n = 0;
    for (size_t i = 0; i < digits.len && digits.at[i] >= '0' && digits.at[i] <= '9'; i++)
        n = n * 10 + (digits.at[i] - '0');
    return n;
}

/* Not the sequence, which does not go back when a member is given up. */
static int64_t write_total(struct tp_str state, struct tp_buf *out) {
    const struct tp_str count = TP_STR(TP_STATE_COUNT);
    struct tp_str name, value;
    int64_t total = 0;
    while (tp_context_state_next(&state, &name, &value))
        if (tp_str_begins(name, TP_STATE_COUNT) && name.len > count.len)
            total += count_of(value);
    tp_buf_adds(out, ",\"interactions\":");
    tp_buf_addi(out, total);
    return total;
}

/* Of all that they have, the root and its members. One without has 0 for both. */
static void write_span(const struct tp_customer *customer, struct tp_buf *out) {
    int64_t first_ms = customer->first_ms, last_ms = customer->last_ms;
    for (size_t i = 0; i < customer->n_members; i++) {
        const struct tp_customer_member *member = &customer->members[i];
        if (last_ms == 0 || (member->last_ms > 0 && member->first_ms < first_ms))
            first_ms = member->first_ms;
        if (member->last_ms > last_ms)
            last_ms = member->last_ms;
    }
    write_time("first_seen", first_ms, out);
    write_time("last_seen", last_ms, out);
}

static int write_last(const struct tp_customer *customer, struct tp_buf *out) {
    struct tp_str last = tp_context_state_get(customer->state, TP_STATE_LAST);
    tp_buf_adds(out, ",\"last\":");
    if (last.at || (customer->n_members == 0 && customer->sequence > 0))
        return tp_context_last_write(last, out);
    tp_buf_adds(out, "null"); /* all that it has came with its members, or only says who it is */
    return 0;
}

static int write_history(const struct tp_customer *customer, struct tp_buf *out) {
    int64_t total = write_total(customer->state, out);
    write_counts(customer->state, out);
    if (total > 0)
        write_span(customer, out);
    return write_last(customer, out);
}

static int write_merges(const struct asked *asked, const struct tp_customer *customer, struct tp_buf *out) {
    if (!asked->identity_alone && customer->n_members == 0)
        return 0;
    tp_buf_adds(out, ",\"members\":");
    if (asked->identity_alone)
        return tp_view_write_members(customer, out);
    tp_view_write_member_ids(customer, out);
    return 0;
}

static int write_customer(const struct asked *asked, struct tp_str id, const struct tp_customer *customer,
                          struct tp_buf *out) {
    tp_buf_addf(out, "{\"id\":\"%.*s\"", TP_FMT(id));
    tp_view_write_requested(tp_str(asked->customer_id), id, out);
    tp_buf_adds(out, ",\"identifiers\":");
    int status = tp_mapping_write(customer->mapping, out);
    if (status == 0)
        status = write_merges(asked, customer, out);
    if (status == 0 && !asked->identity_alone)
        status = tp_traits_write(customer->traits, out);
    if (status == 0 && !asked->identity_alone)
        status = write_history(customer, out);
    return status;
}

/* ---- why it is who it is, and why not others ---- */

static void on_conflicts(void *arg, int status, struct tp_str conflicts) {
    struct asked *asked = arg;
    tp_buf_adds(&asked->json, ",\"conflicts\":");
    tp_buf_addstr(&asked->json, conflicts);
    answer(asked, status);
}

/* Those that turned out to be shared: nothing where there are none. */
static void on_demoted(void *arg, int status, struct tp_str lines) {
    struct asked *asked = arg;
    struct tp_buf *out = &asked->json;
    const char *separator = ",\"shared\":[";
    while (lines.len > 0) {
        struct tp_str line = tp_str_cut(&lines, '\n');
        tp_buf_adds(out, separator);
        struct tp_str type = tp_str_cut(&line, '\t');
        tp_interaction_write_identifier((struct tp_identifier){type, line}, out);
        tp_buf_adds(out, lines.len > 0 ? "}" : "}]");
        separator = ",";
    }
    if (status == 0)
        tp_view_conflicts_read(asked->conflicts, on_conflicts, asked);
    else
        answer(asked, status);
}

static void on_customer(void *arg, int status, struct tp_str id, const struct tp_customer *customer) {
    struct asked *asked = arg;
    if (status == 0)
        status = write_customer(asked, id, customer, &asked->json);
    bool asks = status == 0 && asked->identity_alone;
    if (asks)
        status = tp_view_conflicts_new(asked->settings, asked->redis, id, customer, &asked->conflicts);
    if (asks && status == 0)
        status =
            tp_identity_find_demoted(asked->settings, asked->redis, customer->mapping.identifiers, on_demoted, asked);
    if (!asks || status < 0)
        answer(asked, status);
}

static int view(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                bool identity_alone, tp_view_done *done, void *arg) {
    struct asked *asked = calloc(1, sizeof *asked);
    if (!asked)
        return TP_ENOMEM;
    *asked = (struct asked){.settings = settings,
                            .redis = redis,
                            .done = done,
                            .arg = arg,
                            .identity_alone = identity_alone,
                            .json = TP_BUF_INIT};
    if (customer_id.len < sizeof asked->customer_id)
        memcpy(asked->customer_id, customer_id.at, customer_id.len);
    int status = tp_view_root(settings, redis, customer_id, tp_customer_read, on_customer, asked);
    if (status < 0)
        free(asked);
    return status;
}

int tp_view_customer(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     tp_view_done *done, void *arg) {
    return view(settings, redis, customer_id, false, done, arg);
}

int tp_view_identity(const struct tp_settings *settings, struct tp_redis *redis, struct tp_str customer_id,
                     tp_view_done *done, void *arg) {
    return view(settings, redis, customer_id, true, done, arg);
}
