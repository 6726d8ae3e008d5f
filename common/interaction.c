/* An interaction packed: a version byte, the four numbers, then each string behind its length, the json last. Lengths
 * are four bytes everywhere: what is packed lives in the journal for seconds, and one rule is worth the odd bytes.
 * One that identifies has another version, and its traits behind the json: a journal of before it may have interactions
 * of that type. So has one with a version, of which a journal may have such as were taken when that said nothing.
 * Unpacking trusts nothing, although the journal has checksums: what the splice relies on is checked here, once. */
#include "common/interaction.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <xxhash.h>

#include "common/error.h"
#include "common/time.h"
#include "common/uuid.h"

enum { PACKED_VERSION = 1, PACKED_IDENTIFIES = 2, PACKED_WITH_VERSION = 3 };
#define CUSTOMER TP_STR("\"customer\":{")

static void add_text(struct tp_buf *out, struct tp_str text) {
    assert(text.len <= UINT32_MAX);
    tp_buf_addu32(out, (uint32_t)text.len);
    tp_buf_addstr(out, text);
}

static struct tp_str read_text(struct tp_reader *reader) { return tp_read_bytes(reader, tp_read_u32(reader)); }

static int64_t read_time(struct tp_reader *reader) {
    uint64_t ms = tp_read_u64(reader);
    if (ms > TP_TIME_LAST_MS)
        reader->failed = true;
    return (int64_t)ms;
}

static void expect_version(struct tp_reader *reader) {
    if (tp_read_u8(reader) != PACKED_VERSION)
        reader->failed = true;
}

static bool read_whole(const struct tp_reader *reader) { return !reader->failed && reader->left.len == 0; }

/* What tp_interaction_compose relies on: an object, and in it a customer that is not empty. */
static bool can_be_spliced(struct tp_str json, size_t customer_at) {
    return customer_at > CUSTOMER.len && customer_at + 1 < json.len && json.at[0] == '{' &&
           json.at[json.len - 1] == '}' && json.at[customer_at] == '"' &&
           memcmp(json.at + customer_at - CUSTOMER.len, CUSTOMER.at, CUSTOMER.len) == 0;
}

uint64_t tp_interaction_key(struct tp_str source, struct tp_str id) {
    char both[TP_MAX_SOURCE_BYTES + 1 + TP_MAX_EVENT_ID_BYTES];
    assert(source.len <= TP_MAX_SOURCE_BYTES && id.len <= TP_MAX_EVENT_ID_BYTES);
    memcpy(both, source.at, source.len);
    both[source.len] = '\0';
    memcpy(both + source.len + 1, id.at, id.len);
    return XXH3_64bits(both, source.len + 1 + id.len);
}

struct tp_str tp_interaction_event_id(const struct tp_interaction *interaction, char room[TP_MAX_EVENT_ID_BYTES + 1]) {
    if (!interaction->has_version)
        return interaction->id;
    assert(interaction->id.len <= TP_MAX_ID_BYTES && interaction->version <= TP_MAX_VERSION);
    int len = snprintf(room, TP_MAX_EVENT_ID_BYTES + 1, "%.*s;version=%" PRIu64, TP_FMT(interaction->id),
                       interaction->version);
    return (struct tp_str){room, (size_t)len};
}

void tp_interaction_set_keys(struct tp_interaction *interaction) {
    char room[TP_MAX_EVENT_ID_BYTES + 1];
    interaction->key = tp_interaction_key(interaction->source, tp_interaction_event_id(interaction, room));
    interaction->bare_key = interaction->has_version ? tp_interaction_key(interaction->source, interaction->id) : 0;
}

static char kind_of(const struct tp_interaction *interaction) {
    return interaction->identifies    ? PACKED_IDENTIFIES
           : interaction->has_version ? PACKED_WITH_VERSION
                                      : PACKED_VERSION;
}

void tp_interaction_pack(const struct tp_interaction *interaction, struct tp_buf *out) {
    assert(interaction->n_identifiers >= 1 && interaction->n_identifiers <= TP_MAX_IDENTIFIERS);
    assert(!interaction->identifies || !interaction->has_version);
    assert(can_be_spliced(interaction->json, interaction->customer_at));
    tp_buf_addc(out, kind_of(interaction));
    tp_buf_addu64(out, (uint64_t)interaction->time_ms);
    tp_buf_addu64(out, (uint64_t)interaction->received_ms);
    tp_buf_addu64(out, interaction->key);
    tp_buf_addu64(out, interaction->content);
    add_text(out, interaction->source);
    add_text(out, interaction->id);
    add_text(out, interaction->channel);
    add_text(out, interaction->type);
    tp_buf_addu16(out, (uint16_t)interaction->n_identifiers);
    for (size_t i = 0; i < interaction->n_identifiers; i++) {
        add_text(out, interaction->identifiers[i].type);
        add_text(out, interaction->identifiers[i].value);
    }
    tp_buf_addu32(out, (uint32_t)interaction->customer_at);
    add_text(out, interaction->json);
    if (interaction->identifies)
        add_text(out, interaction->traits);
    if (interaction->has_version) {
        tp_buf_addu64(out, interaction->version);
        tp_buf_addu64(out, interaction->bare_key);
    }
}

static void read_identifiers(struct tp_reader *reader, struct tp_interaction *ret) {
    ret->n_identifiers = tp_read_u16(reader);
    if (ret->n_identifiers < 1 || ret->n_identifiers > TP_MAX_IDENTIFIERS) {
        reader->failed = true;
        ret->n_identifiers = 0;
    }
    for (size_t i = 0; i < ret->n_identifiers; i++) {
        ret->identifiers[i].type = read_text(reader);
        ret->identifiers[i].value = read_text(reader);
    }
}

static void read_kind(struct tp_reader *reader, struct tp_interaction *ret) {
    uint8_t version = tp_read_u8(reader);
    ret->identifies = version == PACKED_IDENTIFIES;
    ret->has_version = version == PACKED_WITH_VERSION;
    if (!ret->identifies && !ret->has_version && version != PACKED_VERSION)
        reader->failed = true;
}

/* The id may be written with it. */
static void read_version(struct tp_reader *reader, struct tp_interaction *ret) {
    ret->version = ret->has_version ? tp_read_u64(reader) : 0;
    ret->bare_key = ret->has_version ? tp_read_u64(reader) : 0;
    if (ret->version > TP_MAX_VERSION || (ret->has_version && ret->id.len > TP_MAX_ID_BYTES))
        reader->failed = true;
}

int tp_interaction_unpack(struct tp_str packed, struct tp_interaction *ret) {
    struct tp_reader reader = {.left = packed};
    read_kind(&reader, ret);
    ret->time_ms = read_time(&reader);
    ret->received_ms = read_time(&reader);
    ret->key = tp_read_u64(&reader);
    ret->content = tp_read_u64(&reader);
    ret->source = read_text(&reader);
    ret->id = read_text(&reader);
    ret->channel = read_text(&reader);
    ret->type = read_text(&reader);
    read_identifiers(&reader, ret);
    ret->customer_at = tp_read_u32(&reader);
    ret->json = read_text(&reader);
    ret->traits = ret->identifies ? read_text(&reader) : (struct tp_str){0};
    read_version(&reader, ret);
    if (!read_whole(&reader) || !can_be_spliced(ret->json, ret->customer_at))
        return TP_ECORRUPT;
    return 0;
}

/* The list is what the customer begins with. */
void tp_interaction_write_attached(struct tp_str json, size_t customer_at, uint32_t attached, struct tp_buf *out) {
    struct tp_str element, rest = {json.at + customer_at, json.len - customer_at};
    tp_buf_addc(out, '[');
    size_t begin = out->len;
    tp_str_cut(&rest, ':');
    for (; attached != 0 && tp_json_split(&rest, &element) == 1; attached >>= 1) {
        if (!(attached & 1))
            continue;
        if (out->len > begin)
            tp_buf_addc(out, ',');
        tp_buf_addstr(out, element);
    }
    tp_buf_addc(out, ']');
}

void tp_interaction_put_conflict(struct tp_str json, size_t customer_at, struct tp_str conflict, struct tp_buf *out) {
    struct tp_str rest = {json.at + customer_at, json.len - customer_at}, element;
    tp_str_cut(&rest, ':');
    while (tp_json_split(&rest, &element) == 1 && rest.at[0] != ']')
        continue;
    if (rest.len == 0 || rest.at[0] != ']') { /* no list; unpacking does not look */
        tp_buf_addstr(out, json);
        return;
    }
    size_t at = (size_t)(rest.at - json.at) + 1;
    tp_buf_add(out, json.at, at);
    tp_buf_adds(out, ",\"conflict\":[");
    tp_buf_addstr(out, conflict);
    tp_buf_addc(out, ']');
    tp_buf_add(out, json.at + at, json.len - at);
}

void tp_interaction_write_identifier(struct tp_identifier identifier, struct tp_buf *out) {
    tp_buf_adds(out, "{\"type\":");
    tp_json_write_string(identifier.type, out);
    tp_buf_adds(out, ",\"value\":");
    tp_json_write_string(identifier.value, out);
}

void tp_interaction_write_ids(struct tp_str ids, struct tp_buf *out) {
    tp_buf_addc(out, '[');
    for (size_t at = 0; at + TP_UUID_TEXT - 1 <= ids.len; at += TP_UUID_TEXT - 1)
        tp_buf_addf(out, "%s\"%.*s\"", at > 0 ? "," : "", TP_UUID_TEXT - 1, ids.at + at);
    tp_buf_addc(out, ']');
}

void tp_interaction_write_change(struct tp_str json, size_t customer_at, const struct tp_resolved *resolved,
                                 struct tp_str more, struct tp_buf *out) {
    const char *kind = resolved->merged.len > 0 ? "merged" : resolved->created ? "created" : "attached";
    tp_buf_addf(out, "{\"kind\":\"%s\",\"identifiers\":", kind);
    tp_interaction_write_attached(json, customer_at, resolved->attached, out);
    if (resolved->merged.len > 0) {
        tp_buf_adds(out, ",\"customers\":");
        tp_interaction_write_ids(resolved->merged, out);
    }
    tp_buf_addstr(out, more);
    tp_buf_addc(out, '}');
}

void tp_interaction_compose(struct tp_str json, size_t customer_at, const struct tp_resolved *resolved,
                            struct tp_str context, struct tp_buf *out) {
    assert(can_be_spliced(json, customer_at));
    struct tp_str head = {json.at, customer_at};
    struct tp_str tail = {json.at + customer_at, json.len - customer_at - 1}; /* without the closing brace */
    tp_buf_addstr(out, head);
    tp_buf_adds(out, "\"id\":");
    tp_json_write_string(resolved->customer_id, out);
    tp_buf_addc(out, ',');
    if (tp_resolved_changed(resolved)) {
        tp_buf_adds(out, "\"change\":");
        tp_interaction_write_change(json, customer_at, resolved, (struct tp_str){0}, out);
        tp_buf_addc(out, ',');
    }
    tp_buf_addstr(out, tail);
    tp_buf_adds(out, ",\"context\":");
    tp_buf_addstr(out, context);
    tp_buf_addc(out, '}');
}

void tp_rejection_pack(const struct tp_rejection *rejection, struct tp_buf *out) {
    tp_buf_addc(out, PACKED_VERSION);
    tp_buf_addu64(out, (uint64_t)rejection->received_ms);
    add_text(out, rejection->source);
    add_text(out, rejection->id);
    add_text(out, rejection->code);
    add_text(out, rejection->path);
    add_text(out, rejection->message);
    add_text(out, rejection->payload);
}

int tp_rejection_unpack(struct tp_str packed, struct tp_rejection *ret) {
    struct tp_reader reader = {.left = packed};
    expect_version(&reader);
    ret->received_ms = read_time(&reader);
    ret->source = read_text(&reader);
    ret->id = read_text(&reader);
    ret->code = read_text(&reader);
    ret->path = read_text(&reader);
    ret->message = read_text(&reader);
    ret->payload = read_text(&reader);
    return read_whole(&reader) ? 0 : TP_ECORRUPT;
}
