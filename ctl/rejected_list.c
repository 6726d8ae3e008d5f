/* `rejected list`: what was refused, for people a table, for programs a line each. */
#include "ctl/rejected.h"

#include <inttypes.h>

#include "common/base64.h"
#include "common/error.h"
#include "common/utf8.h"

struct listing {
    const struct tp_ctl_rejected *asked;
    struct tp_ctl_table *table;
};

static void add_payload(const struct tp_ctl_rejection *rejection, struct tp_buf *out) {
    struct tp_str payload = tp_buf_str(&rejection->payload);
    if (tp_utf8_valid(payload)) {
        tp_buf_adds(out, ",\"payload\":");
        tp_json_write_string(payload, out);
        return;
    }
    tp_buf_adds(out, ",\"payload_base64\":\"");
    tp_base64_encode(payload, out);
    tp_buf_addc(out, '"');
}

static void print_json(const struct tp_ctl_rejection *rejection, bool payload) {
    struct tp_buf line = TP_BUF_INIT;
    tp_buf_addc(&line, '{');
    tp_ctl_rejection_write(rejection, &line);
    if (payload && rejection->has_payload)
        add_payload(rejection, &line);
    tp_buf_adds(&line, "}\n");
    tp_ctl_write(&line, stdout);
    tp_buf_free(&line);
}

static void add_row(struct tp_ctl_table *table, const struct tp_ctl_rejection *rejection, bool payload) {
    struct tp_str unreadable = tp_str(rejection->unreadable);
    tp_ctl_table_add(table, rejection->received_at);
    tp_ctl_table_addf(table, "%" PRId32 "/%" PRId64, rejection->partition, rejection->offset);
    tp_ctl_table_add(table, rejection->source);
    tp_ctl_table_add(table, rejection->id);
    tp_ctl_table_add(table, rejection->code);
    tp_ctl_table_add(table, rejection->path);
    tp_ctl_table_add(table, unreadable.len > 0 ? unreadable : rejection->message);
    if (payload)
        tp_ctl_table_add(table, tp_buf_str(&rejection->payload));
}

static bool on_rejection(void *arg, const struct tp_ctl_rejection *rejection) {
    struct listing *listing = arg;
    if (listing->asked->options->json)
        print_json(rejection, listing->asked->payload);
    else
        add_row(listing->table, rejection, listing->asked->payload);
    return true;
}

int tp_ctl_rejected_list(const struct tp_ctl_rejected *asked) {
    static const char *const titles[] = {"RECEIVED", "PARTITION/OFFSET", "SOURCE", "ID", "CODE",
                                         "PATH",     "MESSAGE",          "PAYLOAD"};
    struct listing listing = {asked, tp_ctl_table_new(titles, asked->payload ? 8 : 7)};
    if (!listing.table)
        return tp_ctl_say("%s", tp_error_text(TP_ENOMEM)), EXIT_FAULT;
    int status = tp_ctl_rejected_each(asked, on_rejection, &listing);
    if (!asked->options->json)
        tp_ctl_table_print(listing.table, asked->options, stdout);
    tp_ctl_table_free(listing.table);
    return status;
}
