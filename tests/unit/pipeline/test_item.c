/* An item: a record of the journal unpacked, whatever it holds, and what is made of it for the timeline and for Kafka.
 */
#include "daemon/pipeline/item.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/error.h"
#include "daemon/context/context.h"

static const struct tp_interaction sent = {
    .source = {"default", 7},
    .id = {"e1", 2},
    .channel = {"call_centre", 11},
    .type = {"call.ended", 10},
    .time_ms = 1767323045678,
    .received_ms = 1767323046000,
    .key = 1,
    .content = 2,
    .n_identifiers = 1,
    .identifiers = {{{"email", 5}, {"ann@example.com", 15}}},
    .json = {"{\"customer\":{\"identifiers\":[]}}", 31},
    .customer_at = 13,
};

static struct tp_item *item_of(enum tp_record_type type, struct tp_buf *packed) {
    const struct tp_journal_record record = {42, type, 1767323046000, tp_buf_str(packed)};
    struct tp_item *item = tp_item_new(&record);
    assert_non_null(item);
    tp_buf_free(packed); /* the item has a copy */
    return item;
}

static struct tp_item *interaction(void) {
    struct tp_buf packed = TP_BUF_INIT;
    tp_interaction_pack(&sent, &packed);
    return item_of(TP_RECORD_INTERACTION, &packed);
}

static void assert_out_has(struct tp_item *item, const char *text) {
    tp_buf_addc(&item->out, '\0');
    assert_false(item->out.failed);
    if (!strstr(item->out.at, text))
        fail_msg("%s is not in %s", text, item->out.at);
    item->out.len--;
}

static void assert_out_lacks(struct tp_item *item, const char *text) {
    tp_buf_addc(&item->out, '\0');
    assert_null(strstr(item->out.at, text));
    item->out.len--;
}

static void an_interaction_is_unpacked(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    assert_int_equal(item->record, 42);
    assert_int_equal(item->stage, TP_AT_START);
    assert_false(item->is_rejection);
    assert_true(tp_str_is(item->interaction.id, "e1"));
    tp_item_free(item);
}

static void a_rejection_is_ready_for_its_topic(void **state) {
    (void)state;
    struct tp_buf packed = TP_BUF_INIT;
    const struct tp_rejection refused = {
        TP_STR("shop"), TP_STR("e1"), TP_STR("required"), TP_STR("channel"), TP_STR("missing"), TP_STR("{}"), 1};
    tp_rejection_pack(&refused, &packed);
    struct tp_item *item = item_of(TP_RECORD_REJECTION, &packed);
    assert_true(item->is_rejection);
    tp_item_reject(item, 0, false);
    assert_out_has(item, "\"code\":\"required\"");
    assert_out_has(item, "\"payload\":\"{}\"");
    tp_item_free(item);
}

static unsigned types[] = {TP_RECORD_INTERACTION, TP_RECORD_REJECTION, TP_RECORD_SPLIT, 99};

/* Not lost: somebody can look at it. */
static void a_record_that_cannot_be_read_is_rejected_with_its_bytes(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct tp_buf packed = TP_BUF_INIT;
        tp_buf_adds(&packed, "from the future");
        struct tp_item *item = item_of(types[i], &packed);
        assert_true(item->is_rejection);
        tp_item_reject(item, 0, false);
        assert_out_has(item, "\"code\":\"corrupt\"");
        assert_out_has(item, "from the future");
        tp_item_free(item);
    }
}

static void it_brings_the_changes_that_context_reads(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    memcpy(item->customer_id, "0190a1b2-0000-7000-8000-000000000001", TP_UUID_TEXT);
    assert_int_equal(tp_item_prepare_append(item, TP_STR("")), 0);
    assert_true(tp_str_is(item->append.customer_id, item->customer_id));
    assert_int_equal(item->append.record, 42);
    assert_false(item->append.alone);
    assert_true(tp_str_is(item->append.last, "last\t1767323045678\tcall_centre\tcall.ended\t\"e1\""));
    assert_int_equal(item->append.n_changes, 1);
    assert_int_equal(item->append.changes[0].kind, TP_STATE_ADD);
    assert_true(tp_str_is(item->append.changes[0].name, "in.call_centre"));
    assert_true(tp_str_is(item->append.changes[0].value, "1"));
    tp_item_free(item);
}

/* The call that it was in may have failed because of another. */
static void one_that_failed_goes_alone_the_next_time(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    item->tries = 1;
    assert_int_equal(tp_item_prepare_append(item, TP_STR("")), 0);
    assert_true(item->append.alone);
    tp_item_free(item);
}

static void what_the_timeline_answers_becomes_the_enriched_interaction(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    const struct tp_entry entry = {.sequence = 3, .before = TP_STR(""), .json = sent.json, .customer_at = 13};
    memcpy(item->customer_id, "0190a1b2-0000-7000-8000-000000000001", TP_UUID_TEXT);
    assert_int_equal(tp_item_enrich(item, &entry), 0);
    assert_out_has(item, "{\"customer\":{\"id\":\"0190a1b2-0000-7000-8000-000000000001\",\"identifiers\":[]}");
    assert_out_has(item, "\"sequence\":3");
    tp_item_free(item);
}

#define CUSTOMER "0190a1b2-0000-7000-8000-000000000001"
#define EMAIL    "{\"type\":\"email\",\"value\":\"ann@example.com\"}"
#define LINE     "{\"type\":\"line\",\"value\":\"7\"}"
#define FRONT    "{\"customer\":{"
#define LIST     "\"identifiers\":[" EMAIL "," LINE "]"

/* An entry of the interaction, whose second identifier was new; the first came with another event. */
static struct tp_entry attaching(void) {
    return (struct tp_entry){
        .sequence = 3,
        .attached = 2,
        .mapping = {2, TP_STR("\0\0\0\0\3\xe8\0\0\0\0\7\xd0"), TP_STR("\nemail\tann@example.com\nline\t7\n"),
                    TP_STR("shop\t\"e\\\"0\"\ndefault\t\"e1\"\n")},
        .last_sequence = 7,
        .before = TP_STR(""),
        .json = TP_STR(FRONT LIST "}}"),
        .customer_at = sizeof FRONT - 1,
    };
}

static int enrich(struct tp_item *item, const struct tp_entry *entry) {
    memcpy(item->customer_id, CUSTOMER, TP_UUID_TEXT);
    return tp_item_enrich(item, entry);
}

static void assert_mapping(const struct tp_item *item, const char *expected) {
    assert_false(item->mapping.failed);
    if (!tp_str_is(tp_buf_str(&item->mapping), expected))
        fail_msg("%.*s is not %s", TP_FMT(tp_buf_str(&item->mapping)), expected);
}

#define MAPPED                                                                                                         \
    "{\"schema\":1,\"id\":\"" CUSTOMER "\",\"sequence\":7,\"identifiers\":["                                           \
    "{\"type\":\"email\",\"value\":\"ann@example.com\",\"first_seen\":\"1970-01-01T00:00:01.000Z\","                   \
    "\"source\":\"shop\",\"event\":\"e\\\"0\"},"                                                                       \
    "{\"type\":\"line\",\"value\":\"7\",\"first_seen\":\"1970-01-01T00:00:02.000Z\","                                  \
    "\"source\":\"default\",\"event\":\"e1\"}],"
#define CAUSE ",\"source\":\"default\",\"event\":\"e1\",\"time\":\"2026-01-02T03:04:05.678Z\"}}"

static void what_is_attached_becomes_the_customers_record(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    struct tp_entry entry = attaching();
    assert_int_equal(enrich(item, &entry), 0);
    assert_mapping(item, MAPPED "\"change\":{\"kind\":\"attached\",\"identifiers\":[" LINE "]" CAUSE);
    assert_out_has(item, "{\"customer\":{\"id\":\"" CUSTOMER "\","
                         "\"change\":{\"kind\":\"attached\",\"identifiers\":[" LINE "]}," LIST "}");
    assert_out_has(item, "\"sequence\":3");
    tp_item_free(item);
}

static void a_customers_first_interaction_creates_it(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    struct tp_entry entry = attaching();
    entry.sequence = 1;
    entry.attached = 3;
    assert_int_equal(enrich(item, &entry), 0);
    assert_mapping(item, MAPPED "\"change\":{\"kind\":\"created\",\"identifiers\":[" EMAIL "," LINE "]" CAUSE);
    assert_out_has(item, "\"change\":{\"kind\":\"created\",\"identifiers\":[" EMAIL "," LINE "]}," LIST "}");
    tp_item_free(item);
}

/* Not even that of an earlier try. */
static void where_nothing_is_attached_there_is_no_record(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    struct tp_entry entry = attaching();
    assert_int_equal(enrich(item, &entry), 0);
    assert_true(item->mapping.len > 0);
    entry.attached = 0;
    entry.mapping = (struct tp_mapping){0};
    assert_int_equal(enrich(item, &entry), 0);
    assert_int_equal(item->mapping.len, 0);
    assert_out_has(item, "{\"customer\":{\"id\":\"" CUSTOMER "\"," LIST "}");
    assert_out_lacks(item, "\"change\"");
    tp_item_free(item);
}

#define ANN     "0190a1b2-0000-7000-8000-000000000002"
#define BOB     "0190a1b2-0000-7000-8000-000000000003"
#define CAROL   "0190a1b2-0000-7000-8000-000000000004"
#define MEMBERS "\"members\":[\"" ANN "\",\"" BOB "\",\"" CAROL "\"],"

static struct tp_entry merging(void) {
    struct tp_entry entry = attaching();
    entry.members = TP_STR(ANN BOB CAROL);
    entry.merged = TP_STR(BOB CAROL);
    return entry;
}

static void assert_redirect(const struct tp_item *item, size_t i, const char *id, const char *expected) {
    const struct tp_buf *mapping = &item->merged[i].mapping;
    assert_string_equal(item->merged[i].customer_id, id);
    assert_false(mapping->failed);
    if (!tp_str_is(tp_buf_str(mapping), expected))
        fail_msg("%.*s is not %s", TP_FMT(tp_buf_str(mapping)), expected);
}

#define REDIRECT(id)                                                                                                   \
    "{\"schema\":1,\"id\":\"" id "\",\"redirect\":\"" CUSTOMER "\",\"identifiers\":[],"                                \
    "\"change\":{\"kind\":\"merged\",\"into\":\"" CUSTOMER "\"" CAUSE

static void who_was_merged_leads_to_the_survivor(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    struct tp_entry entry = merging();
    assert_int_equal(enrich(item, &entry), 0);
    assert_int_equal(item->n_merged, 2);
    assert_redirect(item, 0, BOB, REDIRECT(BOB));
    assert_redirect(item, 1, CAROL, REDIRECT(CAROL));
    tp_item_free(item);
}

#define TOLD "\"change\":{\"kind\":\"merged\",\"identifiers\":["
#define BOTH "],\"customers\":[\"" BOB "\",\"" CAROL "\"]"

/* The survivor's own record is written also where nothing was attached. */
static void a_survivor_is_told_with_its_members(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    struct tp_entry entry = merging();
    assert_int_equal(enrich(item, &entry), 0);
    assert_mapping(item, MAPPED MEMBERS TOLD LINE BOTH CAUSE);
    assert_out_has(item, TOLD LINE BOTH "}," LIST "}");
    entry.attached = 0;
    assert_int_equal(enrich(item, &entry), 0);
    assert_mapping(item, MAPPED MEMBERS TOLD BOTH CAUSE);
    assert_out_has(item, TOLD BOTH "}," LIST "}");
    tp_item_free(item);
}

/* Later they are members, and nothing more is told of themselves. */
static void members_are_told_with_what_is_attached(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    struct tp_entry entry = merging();
    assert_int_equal(enrich(item, &entry), 0);
    entry.merged = TP_STR("");
    assert_int_equal(enrich(item, &entry), 0);
    assert_mapping(item, MAPPED MEMBERS "\"change\":{\"kind\":\"attached\",\"identifiers\":[" LINE "]" CAUSE);
    assert_int_equal(item->n_merged, 0);
    tp_item_free(item);
}

/* As many as the record has room for. */
static void more_than_can_be_told_is_no_answer(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    struct tp_entry entry = merging();
    entry.merged = TP_STR(ANN BOB CAROL ANN);
    assert_int_equal(enrich(item, &entry), 0);
    assert_int_equal(item->n_merged, TP_TIMELINE_MOST_TOLD);
    entry.merged = TP_STR(ANN BOB CAROL ANN BOB);
    assert_int_equal(enrich(item, &entry), TP_ECORRUPT);
    tp_item_free(item);
}

static void a_mapping_that_is_none_is_no_record(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    struct tp_entry entry = attaching();
    entry.mapping.n = 3;
    assert_int_equal(enrich(item, &entry), TP_ECORRUPT);
    entry = attaching();
    entry.mapping.origins = TP_STR("\n\n");
    assert_int_equal(enrich(item, &entry), TP_ECORRUPT);
    tp_item_free(item);
}

static void a_stored_state_that_is_none_is_no_context(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    const struct tp_entry entry = {.sequence = 3, .before = TP_STR("["), .json = sent.json, .customer_at = 13};
    assert_int_equal(tp_item_enrich(item, &entry), TP_ECORRUPT);
    tp_item_free(item);
}

static void an_interaction_that_is_rejected_says_why(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    tp_item_reject(item, TP_EIDREUSED, false);
    assert_true(item->is_rejection);
    assert_int_equal(item->error, TP_EIDREUSED);
    assert_out_has(item, "\"id\":\"e1\"");
    assert_out_has(item, "\"code\":\"id_reused\"");
    assert_out_has(item, "\"payload\":\"{");
    tp_item_free(item);
}

/* The rejected topic did not take it either: the reason goes there alone, and it is the first one. */
static void rejected_again_it_is_bare(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    tp_item_reject(item, TP_ETOOLARGE, false);
    tp_item_reject(item, TP_EUNDELIVERABLE, true);
    assert_out_has(item, "\"code\":\"too_large\"");
    assert_out_lacks(item, "identifiers");
    assert_int_equal(item->rejection.payload.len, 0);
    tp_item_free(item);
}

static void a_retry_is_told_with_the_time_that_is_stored(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    struct tp_entry entry = attaching();
    entry.json = TP_STR("{\"time\":\"2020-01-01T00:00:00.000Z\",\"customer\":{" LIST "}}");
    entry.customer_at = sizeof "{\"time\":\"2020-01-01T00:00:00.000Z\",\"customer\":{" - 1;
    assert_int_equal(enrich(item, &entry), 0);
    assert_mapping(item, MAPPED "\"change\":{\"kind\":\"attached\",\"identifiers\":[" LINE "]"
                                ",\"source\":\"default\",\"event\":\"e1\",\"time\":\"2020-01-01T00:00:00.000Z\"}}");
    tp_item_free(item);
}

/* ---- one that identifies ---- */

static struct tp_item *identify(const char *traits) {
    struct tp_buf packed = TP_BUF_INIT;
    struct tp_interaction said = sent;
    said.type = TP_STR("identify");
    said.identifies = true;
    said.traits = tp_str(traits);
    tp_interaction_pack(&said, &packed);
    return item_of(TP_RECORD_INTERACTION, &packed);
}

static struct tp_entry identified(void) {
    struct tp_entry entry = attaching();
    entry.sequence = 0;
    entry.traits = TP_STR("name\t1000\t" CUSTOMER "\t\"Ann\"\n");
    return entry;
}

static void assert_identified(struct tp_item *item, const char *expected) {
    assert_false(item->out.failed);
    if (!tp_str_is(tp_buf_str(&item->out), expected))
        fail_msg("%.*s is not %s", TP_FMT(tp_buf_str(&item->out)), expected);
    assert_int_equal(item->mapping.len, 0);
    assert_int_equal(item->n_merged, 0);
}

static void one_that_identifies_brings_no_history(void **state) {
    (void)state;
    struct tp_item *item = identify("name\t\"Ann\"\n");
    assert_int_equal(tp_item_prepare_append(item, TP_STR("")), 0);
    assert_true(item->append.interaction->identifies);
    assert_int_equal(item->append.last.len, 0);
    assert_int_equal(item->append.n_changes, 0);
    tp_item_free(item);
}

#define SHOWN "\"traits\":{\"name\":{\"value\":\"Ann\",\"time\":\"1970-01-01T00:00:01.000Z\"}},"

static void it_becomes_the_customers_record_alone(void **state) {
    (void)state;
    struct tp_item *item = identify("name\t\"Ann\"\nvip\tnull\n");
    struct tp_entry entry = identified();
    assert_int_equal(enrich(item, &entry), 0);
    assert_identified(item, MAPPED SHOWN "\"change\":{\"kind\":\"identified\",\"identifiers\":[" LINE
                                         "],\"traits\":[\"name\",\"vip\"]" CAUSE);
    tp_item_free(item);
}

static void also_where_nothing_was_new(void **state) {
    (void)state;
    struct tp_item *item = identify("");
    struct tp_entry entry = identified();
    entry.attached = 0;
    entry.traits = TP_STR("");
    assert_int_equal(enrich(item, &entry), 0);
    assert_identified(item, MAPPED "\"change\":{\"kind\":\"identified\",\"identifiers\":[]" CAUSE);
    tp_item_free(item);
}

static void its_conflicts_stand_in_the_change(void **state) {
    (void)state;
    struct tp_item *item = identify("");
    struct tp_entry entry = identified();
    entry.traits = TP_STR("");
    assert_int_equal(tp_item_prepare_append(item, TP_STR("{\"type\":\"x\"}")), 0);
    assert_true(tp_str_equal(item->append.interaction->json, sent.json));
    assert_int_equal(enrich(item, &entry), 0);
    assert_out_has(item, "\"identifiers\":[" LINE "],\"conflict\":[{\"type\":\"x\"}]" CAUSE);
    tp_item_free(item);
}

static void traits_that_are_none_are_no_record(void **state) {
    (void)state;
    struct tp_item *item = identify("");
    struct tp_entry entry = identified();
    entry.traits = TP_STR("name");
    assert_int_equal(enrich(item, &entry), TP_ECORRUPT);
    tp_item_free(item);
}

static void an_interaction_is_told_with_the_traits(void **state) {
    (void)state;
    struct tp_item *item = interaction();
    struct tp_entry entry = identified();
    entry.sequence = 3;
    assert_int_equal(enrich(item, &entry), 0);
    assert_mapping(item, MAPPED SHOWN "\"change\":{\"kind\":\"attached\",\"identifiers\":[" LINE "]" CAUSE);
    tp_item_free(item);
}

#define COMMAND "0190a1b2-0000-4000-8000-000000000009"

static struct tp_item *split(void) {
    struct tp_buf packed = TP_BUF_INIT;
    const struct tp_split asked = {.id = TP_STR(COMMAND),
                                   .customer = TP_STR(ANN),
                                   .member = TP_STR(BOB),
                                   .merge = 3,
                                   .received_ms = 1767323046000,
                                   .reason = TP_STR("brothers")};
    tp_split_pack(&asked, &packed);
    return item_of(TP_RECORD_SPLIT, &packed);
}

static void a_split_is_unpacked(void **state) {
    (void)state;
    struct tp_item *item = split();
    assert_true(item->is_split && !item->is_rejection);
    assert_int_equal(item->stage, TP_AT_START);
    assert_true(tp_str_is(item->split.customer, ANN) && tp_str_is(item->split.member, BOB));
    tp_item_free(item);
}

static void a_split_that_is_rejected_says_what_was_asked(void **state) {
    (void)state;
    struct tp_item *item = split();
    tp_item_reject(item, TP_EUNDELIVERABLE, false);
    assert_true(item->is_rejection);
    assert_out_has(item,
                   "{\"source\":\"operator\",\"id\":\"" COMMAND "\",\"received_at\":\"2026-01-02T03:04:06.000Z\"");
    assert_out_has(item, "\"code\":\"undeliverable\"");
    assert_out_has(item, "\\\"member\\\":\\\"" BOB);
    tp_item_free(item);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interaction_is_unpacked),
        cmocka_unit_test(a_rejection_is_ready_for_its_topic),
        cmocka_unit_test(a_record_that_cannot_be_read_is_rejected_with_its_bytes),
        cmocka_unit_test(it_brings_the_changes_that_context_reads),
        cmocka_unit_test(one_that_failed_goes_alone_the_next_time),
        cmocka_unit_test(what_the_timeline_answers_becomes_the_enriched_interaction),
        cmocka_unit_test(what_is_attached_becomes_the_customers_record),
        cmocka_unit_test(a_customers_first_interaction_creates_it),
        cmocka_unit_test(where_nothing_is_attached_there_is_no_record),
        cmocka_unit_test(who_was_merged_leads_to_the_survivor),
        cmocka_unit_test(a_survivor_is_told_with_its_members),
        cmocka_unit_test(members_are_told_with_what_is_attached),
        cmocka_unit_test(more_than_can_be_told_is_no_answer),
        cmocka_unit_test(a_retry_is_told_with_the_time_that_is_stored),
        cmocka_unit_test(a_mapping_that_is_none_is_no_record),
        cmocka_unit_test(a_stored_state_that_is_none_is_no_context),
        cmocka_unit_test(an_interaction_that_is_rejected_says_why),
        cmocka_unit_test(rejected_again_it_is_bare),
        cmocka_unit_test(one_that_identifies_brings_no_history),
        cmocka_unit_test(it_becomes_the_customers_record_alone),
        cmocka_unit_test(also_where_nothing_was_new),
        cmocka_unit_test(its_conflicts_stand_in_the_change),
        cmocka_unit_test(traits_that_are_none_are_no_record),
        cmocka_unit_test(an_interaction_is_told_with_the_traits),
        cmocka_unit_test(a_split_is_unpacked),
        cmocka_unit_test(a_split_that_is_rejected_says_what_was_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
