#include "daemon/customer/stored.h"

#include <stdlib.h>

#include "common/error.h"

const char *const tp_stored_names[TP_STORED_N] = {"to", "phase", "merge", "evidence", "members", "spans"};

enum { VERSION = 4, ID = TP_UUID_TEXT - 1, SPAN = 12, MOST_DIGITS = 18 };
enum role { ALONE, ROOT, MEMBER };

struct fields {
    struct tp_str values[TP_STORED_N];
};

/* ---- c:ID ---- */

static int read_blob(const struct tp_stored *stored, struct tp_customer *customer, enum role *ret_role) {
    struct tp_reader reader = {.left = stored->blob};
    uint8_t version = tp_read_u8(&reader);
    customer->sequence = tp_read_big(&reader, 6);
    tp_read_bytes(&reader, 4 + 6); /* entries, and the time of the first: Redis is asked */
    size_t state_len = tp_read_big(&reader, 4);
    state_len += tp_read_big(&reader, 4);
    size_t n_identifiers = tp_read_big(&reader, 2);
    size_t identifiers_len = tp_read_big(&reader, 4), origins_len = tp_read_big(&reader, 4);
    uint8_t role = tp_read_u8(&reader);
    uint8_t n_untold = tp_read_u8(&reader);
    customer->is_known = customer->sequence > 0 || n_identifiers > n_untold || role == ROOT;
    if (!stored->bare) {
        customer->state = tp_read_bytes(&reader, state_len);
        customer->mapping = tp_mapping_read(&reader, n_identifiers, identifiers_len, origins_len);
    }
    *ret_role = role;
    return reader.failed || version != VERSION || role > MEMBER ? TP_ECORRUPT : 0;
}

/* ---- m:ID ---- */

static struct tp_str text_of(const redisReply *reply) {
    return reply->type == REDIS_REPLY_STRING ? (struct tp_str){reply->str, reply->len} : (struct tp_str){0};
}

static void find_fields(const struct tp_stored *stored, struct fields *ret) {
    const redisReply *graph = stored->graph;
    *ret = (struct fields){0};
    for (size_t i = 0; stored->bare && i < graph->elements && i < TP_STORED_N; i++)
        ret->values[i] = text_of(graph->element[i]);
    for (size_t i = 0; !stored->bare && i + 1 < graph->elements; i += 2)
        for (size_t field = 0; field < TP_STORED_N; field++)
            if (tp_str_is(text_of(graph->element[i]), tp_stored_names[field]))
                ret->values[field] = text_of(graph->element[i + 1]);
}

/* Also of one that was never merged. */
static struct tp_str find_traits(const redisReply *graph) {
    for (size_t i = 0; graph->type == REDIS_REPLY_ARRAY && i + 1 < graph->elements; i += 2)
        if (tp_str_is(text_of(graph->element[i]), "traits"))
            return text_of(graph->element[i + 1]);
    return (struct tp_str){0};
}

static bool read_number(struct tp_str digits, uint64_t *ret) {
    *ret = 0;
    for (size_t i = 0; i < digits.len && i < MOST_DIGITS; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return false;
        *ret = *ret * 10 + (uint64_t)(digits.at[i] - '0');
    }
    return digits.len > 0 && digits.len <= MOST_DIGITS;
}

static int by_id(const void *one, const void *other) {
    const struct tp_customer_member *a = one, *b = other;
    return memcmp(a->id.at, b->id.at, ID);
}

static int read_spans(const struct fields *fields, struct tp_customer *customer, struct tp_customer_member *members) {
    struct tp_str ids = fields->values[TP_STORED_MEMBERS];
    struct tp_reader spans = {.left = fields->values[TP_STORED_SPANS]};
    for (size_t i = 0; i < customer->n_members; i++) {
        members[i].id = (struct tp_str){ids.at + i * ID, ID};
        members[i].first_ms = (int64_t)tp_read_big(&spans, SPAN / 2);
        members[i].last_ms = (int64_t)tp_read_big(&spans, SPAN / 2);
        if (!tp_uuid_valid(members[i].id))
            return TP_ECORRUPT;
    }
    return spans.failed || spans.left.len > 0 || ids.len % ID != 0 ? TP_ECORRUPT : 0;
}

/* "INTO TAB MERGE TAB EVIDENCE", of one that is listed. */
static int read_row(struct tp_str id, struct tp_str row, const struct tp_customer *customer) {
    struct tp_customer_member wanted = {.id = id}, *member = NULL;
    if (id.len == ID)
        member = bsearch(&wanted, customer->members, customer->n_members, sizeof wanted, by_id);
    if (!member)
        return TP_ECORRUPT;
    member->into = tp_str_cut(&row, '\t');
    tp_str_cut(&row, '\t');
    member->evidence = row;
    return tp_uuid_valid(member->into) ? 0 : TP_ECORRUPT;
}

static int read_rows(const redisReply *graph, const struct tp_customer *customer) {
    const struct tp_str row = TP_STR("row ");
    size_t n = 0;
    int status = 0;
    for (size_t i = 0; status == 0 && i + 1 < graph->elements; i += 2) {
        struct tp_str name = text_of(graph->element[i]);
        if (!tp_str_begins(name, row.at))
            continue;
        status =
            read_row((struct tp_str){name.at + row.len, name.len - row.len}, text_of(graph->element[i + 1]), customer);
        n++;
    }
    return status < 0 || n != customer->n_members ? TP_ECORRUPT : 0;
}

static int read_members(const struct tp_stored *stored, const struct fields *fields, struct tp_customer *customer,
                        struct tp_customer_member **ret_members) {
    customer->n_members = fields->values[TP_STORED_MEMBERS].len / ID;
    struct tp_customer_member *members = *ret_members = calloc(customer->n_members + 1, sizeof *members);
    if (!members)
        return TP_ENOMEM;
    customer->members = members;
    int status = read_spans(fields, customer, members);
    if (status < 0)
        return status;
    qsort(members, customer->n_members, sizeof *members, by_id);
    return stored->bare ? 0 : read_rows(stored->graph, customer);
}

static int read_to(const struct fields *fields, struct tp_customer *customer) {
    customer->to = fields->values[TP_STORED_TO];
    struct tp_str evidence = fields->values[TP_STORED_EVIDENCE];
    uint64_t merged_ms = 0;
    bool known = read_number(fields->values[TP_STORED_MERGE], &customer->merge) &&
                 (evidence.len == 0 || read_number(tp_str_cut(&evidence, '\t'), &merged_ms));
    customer->merged_ms = (int64_t)merged_ms;
    return known && tp_uuid_valid(customer->to) ? 0 : TP_ECORRUPT;
}

/* c:ID says what it is; a merge may have come between the two answers. One that is half-way may not be listed by whom
 * it leads to: until that is known, it is read as it is. */
int tp_stored_read(const struct tp_stored *stored, struct tp_customer *ret, struct tp_customer_member **ret_members) {
    enum role role = ALONE;
    struct fields fields;
    int status = stored->blob.len == 0 ? TP_ENOTFOUND : read_blob(stored, ret, &role);
    if (status == 0 && !stored->bare)
        ret->traits = find_traits(stored->graph);
    if (status < 0 || role == ALONE)
        return status;
    if (stored->graph->type != REDIS_REPLY_ARRAY)
        return TP_ECORRUPT;
    find_fields(stored, &fields);
    if (role == MEMBER && fields.values[TP_STORED_PHASE].len == 0)
        return read_to(&fields, ret);
    return read_members(stored, &fields, ret, ret_members);
}
