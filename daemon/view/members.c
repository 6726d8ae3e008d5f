/* Who was merged with a customer, and why. */
#include "daemon/view/internal.h"

#include "common/error.h"
#include "common/json.h"
#include "common/json_scan.h"
#include "common/time.h"

void tp_view_write_member_ids(const struct tp_customer *customer, struct tp_buf *out) {
    for (size_t i = 0; i < customer->n_members; i++)
        tp_buf_addf(out, "%s\"%.*s\"", i == 0 ? "[" : ",", TP_FMT(customer->members[i].id));
    tp_buf_adds(out, customer->n_members == 0 ? "[]" : "]");
}

static int write_time(struct tp_str digits, struct tp_buf *out) {
    int64_t ms = 0;
    char time[TP_TIME_TEXT];
    for (size_t i = 0; i < digits.len && ms <= TP_TIME_LAST_MS; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return TP_ECORRUPT;
        ms = ms * 10 + (digits.at[i] - '0');
    }
    if (digits.len == 0 || ms > TP_TIME_LAST_MS)
        return TP_ECORRUPT;
    tp_time_format(ms, time);
    tp_buf_addf(out, ",\"time\":\"%s\"", time);
    return 0;
}

/* The next "TYPE TAB VALUE". */
static int write_identifier(struct tp_str *rest, struct tp_buf *out) {
    struct tp_identifier identifier = {.type = tp_str_cut(rest, '\t')};
    identifier.value = tp_str_cut(rest, '\t');
    if (identifier.type.len == 0 || identifier.value.len == 0)
        return TP_ECORRUPT;
    tp_interaction_write_identifier(identifier, out);
    tp_buf_addc(out, '}');
    return 0;
}

/* None where a repair has made the merge once more: an interaction does not tell which of its identifiers they were. */
static int write_both(struct tp_str *rest, struct tp_buf *out) {
    if (rest->len == 0)
        return 0;
    int status = write_identifier(rest, out);
    tp_buf_addc(out, ',');
    return status < 0 ? status : write_identifier(rest, out);
}

/* A repair does not know when and by what, where no interaction has told it. */
static int write_evidence(struct tp_str evidence, struct tp_buf *out) {
    if (evidence.len == 0) {
        tp_buf_adds(out, ",\"identifiers\":[]");
        return 0;
    }
    int status = write_time(tp_str_cut(&evidence, '\t'), out);
    struct tp_str source = tp_str_cut(&evidence, '\t'), event = tp_str_cut(&evidence, '\t');
    if (status < 0 || source.len == 0 || event.len == 0 || event.at[0] != '"' || tp_json_string_len(event) != event.len)
        return TP_ECORRUPT;
    tp_buf_adds(out, ",\"source\":");
    tp_json_write_string(source, out);
    tp_buf_adds(out, ",\"event\":");
    tp_buf_addstr(out, event);
    tp_buf_adds(out, ",\"identifiers\":[");
    status = write_both(&evidence, out);
    tp_buf_addc(out, ']');
    return status < 0 || evidence.len > 0 ? TP_ECORRUPT : 0;
}

int tp_view_write_members(const struct tp_customer *customer, struct tp_buf *out) {
    int status = 0;
    tp_buf_addc(out, '[');
    for (size_t i = 0; status == 0 && i < customer->n_members; i++) {
        const struct tp_customer_member *member = &customer->members[i];
        tp_buf_addf(out, "%s{\"id\":\"%.*s\",\"into\":\"%.*s\"", i == 0 ? "" : ",", TP_FMT(member->id),
                    TP_FMT(member->into));
        status = write_evidence(member->evidence, out);
        tp_buf_addc(out, '}');
    }
    tp_buf_addc(out, ']');
    return status;
}
