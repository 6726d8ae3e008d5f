/* What is read back from the journal, from Redis, from Kafka and from texts that others write: the first byte says
 * which form the rest is read as.
 *
 * What has to hold: whatever the bytes are, nothing outside them is read; and what is taken, written again, is what was
 * read. */
#include "tests/fuzz/fuzz.h"

#include <jansson.h>

#include "common/base64.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/interaction.h"
#include "common/mapping.h"
#include "common/split.h"
#include "common/time.h"
#include "common/utf8.h"
#include "common/uuid.h"
#include "daemon/pipeline/position.h"
#include "daemon/timeline/layout.h"

static void touch(struct tp_str text) {
    struct tp_buf copy = TP_BUF_INIT;
    tp_buf_addstr(&copy, text);
    tp_buf_free(&copy);
}

static void try_interaction(struct tp_str bytes) {
    struct tp_interaction interaction;
    struct tp_buf out = TP_BUF_INIT;
    int error = tp_interaction_unpack(bytes, &interaction);
    must(error == 0 || error == TP_ECORRUPT);
    if (error)
        return;
    tp_interaction_pack(&interaction, &out);
    must(tp_str_equal(tp_buf_str(&out), bytes));
    tp_buf_clear(&out);
    const struct tp_resolved resolved = {.customer_id = TP_STR("id"), .attached = (uint32_t)interaction.content};
    tp_interaction_compose(interaction.json, interaction.customer_at, &resolved, TP_STR("{}"), &out);
    must(out.len > interaction.json.len);
    tp_buf_free(&out);
}

static void try_composed(struct tp_str text) {
    struct tp_decomposed parts;
    struct tp_buf out = TP_BUF_INIT;
    int error = tp_interaction_decompose(text, &parts);
    must(error == 0 || error == TP_ECORRUPT);
    if (error)
        return;
    const struct tp_interaction *interaction = &parts.interaction;
    must(parts.resolved.attached >> 1 >> (interaction->n_identifiers - 1) == 0);
    tp_interaction_compose(interaction->json, interaction->customer_at, &parts.resolved, parts.context, &out);
    must(tp_str_equal(tp_buf_str(&out), text));
    tp_buf_clear(&out);
    tp_interaction_pack(&parts.interaction, &out);
    must(tp_interaction_unpack(tp_buf_str(&out), &parts.interaction) == 0);
    tp_buf_free(&out);
    tp_decomposed_free(&parts);
}

static void try_rejection(struct tp_str bytes) {
    struct tp_rejection rejection;
    struct tp_buf out = TP_BUF_INIT;
    int error = tp_rejection_unpack(bytes, &rejection);
    must(error == 0 || error == TP_ECORRUPT);
    if (error)
        return;
    tp_rejection_pack(&rejection, &out);
    must(tp_str_equal(tp_buf_str(&out), bytes));
    if (tp_utf8_valid(rejection.source) && tp_utf8_valid(rejection.code) && tp_utf8_valid(rejection.path) &&
        tp_utf8_valid(rejection.message)) {
        tp_buf_clear(&out);
        tp_rejection_json(&rejection, &out);
        json_t *root = json_loadb(out.at, out.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        must(root);
        json_decref(root);
    }
    tp_buf_free(&out);
}

static void must_be_json(struct tp_str text) {
    json_t *root = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
    must(root);
    json_decref(root);
}

/* Whether each part is what the daemon may have stored there: what is none is written as it is. */
static bool is_written_by_us(const struct tp_attachment *attachment) {
    json_t *event = json_loadb(attachment->event.at, attachment->event.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    bool is_string = json_is_string(event);
    json_decref(event);
    return is_string && tp_utf8_valid(attachment->identifier.type) && tp_utf8_valid(attachment->identifier.value) &&
           tp_utf8_valid(attachment->source);
}

static void try_split(struct tp_str bytes) {
    struct tp_split split;
    struct tp_buf out = TP_BUF_INIT;
    int error = tp_split_unpack(bytes, &split);
    must(error == 0 || error == TP_ECORRUPT);
    if (error)
        return;
    tp_split_pack(&split, &out);
    must(tp_str_equal(tp_buf_str(&out), bytes));
    tp_split_json(&split, &out);
    tp_buf_free(&out);
}

static void try_mapping_of(struct tp_mapping mapping) {
    struct tp_mapping rest = mapping;
    struct tp_attachment attachment = {0};
    struct tp_buf out = TP_BUF_INIT;
    bool ours = true;
    for (size_t n = rest.n; tp_mapping_next(&rest, &attachment); n--) {
        must(rest.n == n - 1);
        must(attachment.identifier.type.len > 0 && attachment.identifier.value.len > 0);
        must(attachment.source.len > 0 && attachment.event.len > 0);
        ours = ours && is_written_by_us(&attachment);
    }
    must(tp_mapping_write(mapping, &out) == (rest.n > 0 ? TP_ECORRUPT : 0));
    if (ours && rest.n == 0)
        must_be_json(tp_buf_str(&out));
    tp_buf_free(&out);
}

/* As it stands in an answer: >I2 how many, >I4 and >I4 the lengths of identifiers and origins, and these. */
static void try_mapping(struct tp_str bytes) {
    struct tp_reader reader = {.left = bytes};
    size_t n = tp_read_big(&reader, 2), identifiers_len = tp_read_big(&reader, 4),
           origins_len = tp_read_big(&reader, 4);
    struct tp_mapping mapping = tp_mapping_read(&reader, n, identifiers_len, origins_len);
    touch(mapping.first_seen);
    touch(mapping.identifiers);
    touch(mapping.origins);
    if (!reader.failed)
        try_mapping_of(mapping);
}

static void try_entry(struct tp_str bytes) {
    struct tp_entry entry;
    int error = tp_timeline_entry_read(bytes, &entry);
    must(error == 0 || error == TP_ECORRUPT);
    if (error)
        return;
    must(entry.customer_at <= entry.json.len);
    touch(entry.before);
    touch(entry.json);
}

static void try_stored(struct tp_str bytes) {
    try_entry(bytes);
    try_mapping(bytes);
}

static void try_position(struct tp_str text) {
    struct tp_position position, again;
    struct tp_buf out = TP_BUF_INIT, twice = TP_BUF_INIT;
    int error = tp_position_read(text, &position);
    must(error == 0 || error == TP_ECORRUPT);
    if (error)
        return;
    for (size_t i = 0; i < position.n_done; i++) {
        must(position.done[i].first > (i ? position.done[i - 1].last + 1 : position.frontier));
        must(tp_position_has(&position, position.done[i].first) && tp_position_has(&position, position.done[i].last));
    }
    must(!tp_position_has(&position, position.frontier));
    tp_position_write(&position, &out);
    must(tp_position_read(tp_buf_str(&out), &again) == 0);
    tp_position_write(&again, &twice);
    must(tp_str_equal(tp_buf_str(&out), tp_buf_str(&twice)));
    tp_position_free(&position);
    tp_position_free(&again);
    tp_buf_free(&out);
    tp_buf_free(&twice);
}

static void try_base64(struct tp_str text) {
    struct tp_buf bytes = TP_BUF_INIT, again = TP_BUF_INIT, twice = TP_BUF_INIT;
    if (tp_base64_decode(text, &bytes) == 0) {
        tp_base64_encode(tp_buf_str(&bytes), &again);
        must(again.len == text.len);
        must(tp_base64_decode(tp_buf_str(&again), &twice) == 0);
        must(tp_str_equal(tp_buf_str(&bytes), tp_buf_str(&twice)));
    }
    tp_buf_free(&bytes);
    tp_buf_free(&again);
    tp_buf_free(&twice);
}

static void try_time(struct tp_str text) {
    char canonical[TP_TIME_TEXT];
    int64_t ms, again;
    int error = tp_time_parse(text, &ms);
    must(error == 0 || error == TP_EFORM || error == TP_ERANGE);
    if (error)
        return;
    tp_time_format(ms, canonical);
    must(tp_time_parse(tp_str(canonical), &again) == 0 && again == ms);
}

static void try_utf8(struct tp_str text) {
    size_t prefix = tp_utf8_prefix(text);
    must(prefix <= text.len && tp_utf8_valid((struct tp_str){text.at, prefix}));
    must(tp_utf8_valid(text) == (prefix == text.len));
    touch(text);
    must(!tp_uuid_valid(text) || text.len == TP_UUID_TEXT - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const forms[])(struct tp_str bytes) = {try_interaction, try_rejection, try_stored,
                                                         try_base64,      try_time,      try_utf8,
                                                         try_composed,    try_position,  try_split};
    if (size > 0)
        forms[data[0] % (sizeof forms / sizeof *forms)](fuzz_text(data + 1, size - 1));
    return 0;
}
