/* From a record of Kafka to what is put back: value and headers, and what is none of ours. */
#include "daemon/restore/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>

#include "common/error.h"
#include "daemon/context/context.h"

#define CUSTOMER "0190a000-0000-7000-8000-000000000001"
#define NODE     "0190a000-0000-4000-8000-0000000000aa"
#define FRONT                                                                                                          \
    "{\"schema\":1,\"id\":\"e-2\",\"source\":\"shop\",\"channel\":\"web\",\"type\":\"page.viewed\","                   \
    "\"time\":\"2026-01-02T03:04:05.678Z\",\"received_at\":\"2026-01-02T03:04:06.000Z\",\"customer\":{"
#define JSON                                                                                                           \
    FRONT "\"identifiers\":[{\"type\":\"email\",\"value\":\"ann@example.com\"},{\"type\":\"x\",\"value\":\"ann\"}]}}"
#define BEFORE "\nlast\t1767323000000\tsms\tt\t\"e-1\"\nin.sms\t6\nin.web\t3"

struct header {
    const char *name, *value;
};

static const struct header all[] = {
    {"ce_id", "e-2"}, {"tp_node", NODE}, {"tp_record", "4711"}, {"tp_content", "00fedcba98765432"}, {"tp_others", "2"}};

static uint32_t attached = 1;    /* by the interaction above */
static const char *version = ""; /* a member of it */
static const char *before = BEFORE;
static const char *merged = ""; /* ids, in front of it */

/* What Kafka has of the interaction above, the tenth of its customer. */
static int read(const struct header *headers, size_t n, struct tp_restore_record **ret) {
    const struct tp_context_event event = {TP_STR("e-2"), TP_STR("web"), TP_STR("page.viewed"), 1767323045678};
    struct tp_buf context = TP_BUF_INIT, value = TP_BUF_INIT, json = TP_BUF_INIT;
    rd_kafka_headers_t *list = rd_kafka_headers_new(n);
    for (size_t i = 0; i < n; i++)
        rd_kafka_header_add(list, headers[i].name, -1, headers[i].value, -1);
    assert_int_equal(tp_context_write(&event, 10, tp_str(before), &context), 0);
    const struct tp_resolved resolved = {
        .customer_id = TP_STR(CUSTOMER), .attached = attached, .merged = tp_str(merged)};
    tp_buf_addf(&json, "%.*s%s}", (int)sizeof JSON - 2, JSON, version);
    tp_interaction_compose(tp_buf_str(&json), sizeof FRONT - 1, &resolved, tp_buf_str(&context), &value);
    tp_buf_free(&json);
    const struct tp_kafka_message message = {
        .key = TP_STR(CUSTOMER), .value = tp_buf_str(&value), .headers = n > 0 ? list : NULL};
    int error = tp_restore_record_new(&message, ret);
    rd_kafka_headers_destroy(list);
    memset(value.at, 0, value.len); /* nothing may point there any more */
    tp_buf_free(&value);
    tp_buf_free(&context);
    return error;
}

static void assert_text(struct tp_str is, const char *expected) { assert_true(tp_str_is(is, expected)); }

static void all_is_read(void **state) {
    (void)state;
    struct tp_restore_record *record;
    assert_int_equal(read(all, 5, &record), 0);
    const struct tp_restored *entry = &record->entry;
    assert_text(entry->append.customer_id, CUSTOMER);
    assert_text(entry->append.interaction->json, JSON);
    assert_int_equal(entry->append.interaction->customer_at, sizeof FRONT - 1);
    assert_true(entry->append.interaction->key == tp_interaction_key(TP_STR("shop"), TP_STR("e-2")));
    assert_true(entry->append.interaction->content == UINT64_C(0xfedcba98765432));
    assert_int_equal(entry->append.record, 4711);
    assert_int_equal(entry->append.others, 2);
    assert_int_equal(entry->sequence, 10);
    assert_int_equal(entry->attached, 1);
    assert_text(entry->node, NODE);
    assert_text(entry->last, "\nlast\t1767323000000\tsms\tt\t\"e-1\"");
    assert_text(entry->counts, "\nin.sms\t6\nin.web\t3");
    assert_text(entry->append.last, "last\t1767323045678\tweb\tpage.viewed\t\"e-2\"");
    assert_int_equal(entry->append.n_changes, 1);
    assert_int_equal(entry->append.changes[0].kind, TP_STATE_ADD);
    assert_text(entry->append.changes[0].name, "in.web");
    assert_text(entry->append.changes[0].value, "1");
    tp_restore_record_free(record);
}

static void what_was_attached_comes_back(void **state) {
    (void)state;
    for (attached = 0; attached < 4; attached++) {
        struct tp_restore_record *record;
        assert_int_equal(read(all, 5, &record), 0);
        assert_int_equal(record->entry.attached, attached);
        assert_text(record->entry.append.interaction->json, JSON);
        tp_restore_record_free(record);
    }
    attached = 1;
}

static void who_was_merged_comes_back(void **state) {
    (void)state;
    static const char *const some[] = {"", "0190a000-0000-7000-8000-000000000003",
                                       "0190a000-0000-7000-8000-0000000000020190a000-0000-7000-8000-000000000003"};
    for (size_t i = 0; i < 6; i++) {
        struct tp_restore_record *record;
        merged = some[i % 3];
        attached = i < 3;
        assert_int_equal(read(all, 5, &record), 0);
        assert_text(record->entry.merged, merged);
        assert_int_equal(record->entry.attached, attached);
        tp_restore_record_free(record);
    }
    merged = "";
    attached = 1;
}

/* As it was told by its event id; one that was told by its bare id was taken when versions said nothing. */
static void its_version_comes_back(void **state) {
    (void)state;
    struct tp_restore_record *record;
    struct header headers[5];
    memcpy(headers, all, sizeof all);
    headers[0].value = "e-2;version=7";
    version = ",\"version\":7";
    before = BEFORE "\nsupersedes\t3 9";
    assert_int_equal(read(headers, 5, &record), 0);
    const struct tp_interaction *interaction = record->entry.append.interaction;
    assert_true(interaction->has_version && interaction->version == 7);
    assert_true(interaction->key == tp_interaction_key(TP_STR("shop"), TP_STR("e-2;version=7")));
    assert_true(interaction->bare_key == tp_interaction_key(TP_STR("shop"), TP_STR("e-2")));
    assert_text(record->entry.versions, "\nsupersedes\t3 9");
    assert_text(record->entry.counts, "\nin.sms\t6\nin.web\t3");
    tp_restore_record_free(record);
    before = BEFORE;
    assert_int_equal(read(all, 5, &record), 0);
    interaction = record->entry.append.interaction;
    assert_false(interaction->has_version);
    assert_true(interaction->key == tp_interaction_key(TP_STR("shop"), TP_STR("e-2")));
    assert_text(record->entry.versions, "");
    tp_restore_record_free(record);
    version = "";
}

static void no_identifier_may_be_anothers(void **state) {
    (void)state;
    struct tp_restore_record *record;
    assert_int_equal(read(all, 4, &record), 0);
    assert_int_equal(record->entry.append.others, 0);
    tp_restore_record_free(record);
}

static void what_lacks_a_header_is_none_of_ours(void **state) {
    (void)state;
    struct tp_restore_record *record;
    assert_int_equal(read(NULL, 0, &record), TP_ECORRUPT);
    for (size_t left_out = 1; left_out < 4; left_out++) {
        struct header some[4];
        for (size_t i = 0, n = 0; i < 5; i++)
            if (i != left_out)
                some[n++] = all[i];
        assert_int_equal(read(some, 4, &record), TP_ECORRUPT);
    }
}

static void what_has_other_headers_is_none_of_ours(void **state) {
    (void)state;
    static const struct header wrong[] = {{"tp_node", "ann"},
                                          {"tp_record", ""},
                                          {"tp_record", "12x"},
                                          {"tp_record", "281474976710656"},
                                          {"tp_record", "111111111111111111111111111"},
                                          {"tp_content", "xyz"},
                                          {"tp_others", ""},
                                          {"tp_others", "4294967296"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct tp_restore_record *record;
        struct header headers[6];
        memcpy(headers, all, sizeof all);
        headers[5] = wrong[i]; /* the last of a name counts */
        assert_int_equal(read(headers, 6, &record), TP_ECORRUPT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_read),
        cmocka_unit_test(what_was_attached_comes_back),
        cmocka_unit_test(who_was_merged_comes_back),
        cmocka_unit_test(its_version_comes_back),
        cmocka_unit_test(no_identifier_may_be_anothers),
        cmocka_unit_test(what_lacks_a_header_is_none_of_ours),
        cmocka_unit_test(what_has_other_headers_is_none_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
